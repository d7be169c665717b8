//! Which exceptions did the code around them turn into a good answer?

use std::collections::BTreeMap;

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use crate::analysis::found::{Found, Process, Swallowed};
use crate::analysis::ledger::payload::{Payload, text};
use crate::analysis::ledger::{CallId, Outcome, Sym};
use crate::analysis::terms;
use crate::analysis::value::brief;
use crate::error::Result;

/// The function that failed, the one around it, and the reason.
type Case = (Sym, Sym, Option<Sym>);

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    // Failed calls whose caller returned, by what failed where and what it failed of.
    let mut groups: BTreeMap<Case, Vec<(CallId, CallId)>> = BTreeMap::new();
    for (id, call) in (0..).zip(&ledger.calls) {
        if call.outcome != Outcome::Error {
            continue;
        }
        let Some(around) = call.parent else { continue };
        let parent = ledger.named(around);
        if ledger.call(parent).is_anonymous {
            continue;
        }
        let is_first_to_survive = ledger.call(around).outcome == Outcome::Returned || ledger.call(around).is_anonymous;
        if ledger.call(parent).outcome == Outcome::Returned && is_first_to_survive {
            groups.entry((call.function, ledger.call(parent).function, call.reason)).or_default().push((id, parent));
        }
    }
    for pairs in groups.values() {
        scene.checked()?;
        let silent: Vec<(CallId, CallId, String)> = pairs
            .iter()
            .filter_map(|(failed, parent)| {
                let result = result(scene, *parent)?;
                // An answer such as 500 tells of it.
                (is_silent(&result) && !scene.web().is_answered(*failed)).then_some((*failed, *parent, result))
            })
            .collect();
        if let Some((failed, parent, result)) = silent.first() {
            found.push(describe(scene, *failed, *parent, result, silent.len()));
        }
    }
    Ok(())
}

pub(super) fn result(scene: &Scene<'_>, call: CallId) -> Option<String> {
    let event = scene.ledger.event(scene.ledger.call(call).exit?)?;
    let payload = Payload::read(event.data());
    Some(text(payload.result)?.into_owned())
}

/// Whether a result says nothing of an error.
pub(super) fn is_silent(result: &str) -> bool {
    let lower = result.to_lowercase();
    !["error", "invalid", "fail", "exception", "exit", "noproc", "timeout"].iter().any(|word| lower.contains(word))
}

fn describe(scene: &Scene<'_>, failed: CallId, parent: CallId, result: &str, times: usize) -> Finding {
    let ledger = scene.ledger;
    let (failed, parent) = (ledger.call(failed), ledger.call(parent));
    let swallowed = Swallowed {
        process: Process::of(ledger, failed.process),
        failed: terms::home(ledger.text(failed.function)),
        reason: brief::cut(failed.reason.map_or("", |reason| ledger.text(reason)), 120),
        called_at: scene.traffic.call_place(failed),
        around: terms::home(ledger.text(parent.function)),
        around_call: ledger.text(parent.event).to_owned(),
        result: brief::cut(result, 60),
        times,
    };
    // A claim of success is worse than a value that may stand for nothing.
    let claims = result.starts_with(":ok") || result.starts_with("{:ok") || result == "true";
    let confidence = if claims { Confidence::High } else { Confidence::Medium };
    Finding::of(Kind::SwallowedException, confidence, failed.start, Found::Swallowed(swallowed))
        .shown_by("failed", failed.exit)
        .shown_by("returned", parent.exit)
}
