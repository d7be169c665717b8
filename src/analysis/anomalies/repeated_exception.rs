//! Which exceptions are raised and caught again and again, though no process ends of them?

use serde_json::json;

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use super::swallowed;
use super::words::count;
use crate::analysis::exceptions::{Class, Fate};
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
        let what =
            format!("raised {} and caught: {}", count(told.len(), "time"), web.exceptions.describe(scene, group));
        // A result that tells of the error may be how the program is meant to work.
        let confidence = if told.iter().all(|at| is_told(scene, *at)) { Confidence::Low } else { Confidence::Medium };
        let last = told[told.len() - 1];
        let exit = raised(told[0]).exit;
        let mut finding = Finding::new(Kind::RepeatedException, confidence, raised(told[0]).start, what)
            .detail(format!(
                "{}; {} of the function",
                web.exceptions.fates(scene, group),
                count(calls, "recorded call")
            ))
            .shown_by("first", exit)
            .shown_by("last", raised(last).exit);
        if let Fate::Caught(call) = first.fate {
            finding = finding.shown_by("caught", scene.ledger.call(call).exit);
        }
        finding = finding.refuted_by("a function that is meant to raise where others return an error");
        if let Some(exit) = exit {
            let target = json!({"target": scene.ledger.text(exit)});
            finding = finding.next("explain", target, "the first of them, with its arguments and callers");
        }
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
