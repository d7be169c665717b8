//! Which supervisor started its children too often, ended, and took with it who had done nothing wrong?
//!
//! What it cannot see: a supervisor that was there before the recording began, or whose receives were not traced; one that is told to end while it gives up; one that may not restart at all, where that is not recorded.

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use crate::analysis::ask::Ask;
use crate::analysis::fact::Fact;
use crate::analysis::found::Found;
use crate::analysis::gave_up::{GaveUp, gave_up, is_supervisor};
use crate::analysis::ledger::{Moment, Process};
use crate::analysis::who::Names;
use crate::error::Result;
use crate::event::exit_reason::ExitReason;

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    let is_candidate = |process: &&Process| {
        let supervises = process.spawned.is_some_and(|(_, module)| is_supervisor(ledger.text(module)));
        supervises && process.exit.as_ref().is_some_and(|exit| exit.end == ExitReason::Shutdown)
    };
    let candidates: Vec<&Process> = ledger.processes.iter().filter(is_candidate).collect();
    if candidates.is_empty() {
        return Ok(());
    }
    let ask = Ask::new(ledger.store(), scene.watch);
    let names = Names::new(&ask);
    for process in candidates {
        scene.checked()?;
        let Some(of) = process.exit.as_ref() else { continue };
        // A restart storm tells it, where that is why.
        let is_told = found.iter().any(|one| {
            let Found::Storm(storm) = &one.found else { return false };
            let gave_up = storm.parent_ended.as_ref().is_some_and(|ended| ended.took.is_some());
            gave_up && one.evidence.iter().any(|evidence| evidence.event == of.event)
        });
        let Some(exit) = ask.event(Some(ledger.text(of.event))).filter(|_| !is_told) else { continue };
        if let Some(gave_up) = gave_up(&ask, ledger.text(process.pid), &exit)? {
            found.push(describe(scene, &names, of.moment, &gave_up)?);
        }
    }
    Ok(())
}

fn describe(scene: &Scene<'_>, names: &Names<'_>, moment: Moment, gave_up: &GaveUp) -> Result<Finding> {
    let event = |fact: &Fact| scene.ledger.texts.find(fact.id());
    let found = Found::GaveUp(gave_up.found(names)?);
    Ok(Finding::of(Kind::SupervisorGaveUp, Confidence::High, moment, found)
        .shown_by("first_end", gave_up.ends.first().and_then(|end| event(end.event())))
        .shown_by("last_end", gave_up.ends.last().and_then(|end| event(end.event())))
        .shown_by("supervisor_exit", event(&gave_up.exit))
        .shown_by("taken_along", gave_up.took.first().and_then(event)))
}
