//! Which exceptions are raised and caught again and again, though no process ends of them?

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use super::swallowed;
use crate::analysis::exceptions::{Class, Fate};
use crate::analysis::found::{Found, Process, RepeatedException};
use crate::analysis::ledger::CallId;
use crate::error::Result;

/// Fewer are a mishap.
const FEWEST: usize = 3;

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let web = scene.web();
    for group in &web.exceptions.groups {
        scene.checked()?;
        let first = &web.exceptions.all[group.members[0]];
        // A throw is a way to return; an exit that is caught is mostly another's end, and told with it.
        if first.class != Class::Error {
            continue;
        }
        let told: Vec<usize> = group.members.iter().copied().filter(|at| is_alone(scene, *at)).collect();
        if told.len() < FEWEST {
            continue;
        }
        let raised = |at: usize| scene.ledger.call(web.exceptions.all[at].call);
        let calls = scene.ledger.calls.iter().filter(|call| call.function == raised(told[0]).function).count();
        // A result that tells of the error may be how the program is meant to work.
        let confidence = if told.iter().all(|at| is_told(scene, *at)) { Confidence::Low } else { Confidence::Medium };
        let last = told[told.len() - 1];
        let repeated = RepeatedException {
            process: Process::of(scene.ledger, raised(told[0]).process),
            exception: web.exceptions.raised(scene, group),
            times: told.len(),
            fates: web.exceptions.became(scene, group),
            calls,
        };
        let caught = match first.fate {
            Fate::Caught(call) => scene.ledger.call(call).exit,
            _ => None,
        };
        let repeated = Found::RepeatedException(repeated);
        let finding = Finding::of(Kind::RepeatedException, confidence, raised(told[0]).start, repeated)
            .shown_by("first", raised(told[0]).exit)
            .shown_by("last", raised(last).exit)
            .shown_by("caught", caught);
        found.push(finding);
    }
    Ok(())
}

/// Whether an exception was caught, and nothing else tells of it: no answer of a server, no finding of its own.
fn is_alone(scene: &Scene<'_>, at: usize) -> bool {
    let web = scene.web();
    let raised = &web.exceptions.all[at];
    match raised.fate {
        Fate::Caught(call) => !web.is_answered(raised.outermost) && !is_swallowed(scene, call),
        Fate::CaughtOutside => !web.is_answered(raised.outermost),
        Fate::Ended(_) | Fate::Unknown => false,
    }
}

fn is_swallowed(scene: &Scene<'_>, call: CallId) -> bool {
    swallowed::result(scene, call).is_some_and(|result| swallowed::is_silent(&result))
}

fn is_told(scene: &Scene<'_>, at: usize) -> bool {
    match scene.web().exceptions.all[at].fate {
        Fate::Caught(call) => swallowed::result(scene, call).is_some_and(|result| !swallowed::is_silent(&result)),
        _ => false,
    }
}
