//! Which supervisor started its children too often, ended, and took with it who had done nothing wrong?
//!
//! What it cannot see: a supervisor that was there before the recording began, or whose receives were not traced; one that is told to end while it gives up; one that may not restart at all, where that is not recorded.

use serde_json::json;

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use crate::analysis::ask::Ask;
use crate::analysis::gave_up::{GaveUp, gave_up, is_supervisor};
use crate::analysis::ledger::{Moment, Process};
use crate::analysis::value::brief::brief;
use crate::analysis::who::Names;
use crate::error::Result;
use crate::event::exit_reason::ExitReason;

/// Ends that are told one by one.
const SHOWN: usize = 4;

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
        let is_told = found.iter().any(|one| {
            one.kind == Kind::RestartStorm && one.evidence.iter().any(|evidence| evidence.event == of.event)
        });
        let Some(exit) = ask.event(Some(ledger.text(of.event))).filter(|_| !is_told) else { continue };
        if let Some(gave_up) = gave_up(&ask, ledger.text(process.pid), &exit)? {
            found.push(describe(scene, &names, of.moment, &gave_up)?);
        }
    }
    Ok(())
}

fn describe(scene: &Scene<'_>, names: &Names<'_>, moment: Moment, gave_up: &GaveUp) -> Result<Finding> {
    let ledger = scene.ledger;
    let mut finding = Finding::new(Kind::SupervisorGaveUp, Confidence::High, moment, gave_up.told(names)?);
    if gave_up.is_of_ends_on_purpose() {
        finding = finding.detail(
            "no child failed: permanent children are started again however they end, and that uses up the restarts; \
             transient and temporary ones are not when they end so",
        );
    }
    for end in gave_up.ends.iter().rev().take(SHOWN).rev() {
        let again = match end.again.as_ref().and_then(|again| Some((again.text("spawned_pid")?, again.id()))) {
            Some((pid, id)) => format!("started again as {pid} ({id})"),
            None => "not started again".to_owned(),
        };
        finding = finding.detail(format!(
            "{} ended with {} ({}), {again}",
            names.who(&end.child)?,
            brief(&end.reason, 60),
            end.event().id()
        ));
    }
    let event = |id: &str| ledger.texts.find(id);
    let (first, last) = (gave_up.ends.first(), gave_up.ends.last());
    let first = first.map(|end| end.event().id()).unwrap_or_default();
    Ok(finding
        .shown_by("first_end", event(first))
        .shown_by("last_end", last.and_then(|end| event(end.event().id())))
        .shown_by("supervisor_exit", event(gave_up.exit.id()))
        .shown_by("taken_along", gave_up.took.first().and_then(|exit| event(exit.id())))
        .refuted_by("a supervisor that is meant to end when its children do")
        .next("explain", json!({ "target": first }), "why the first of them ended"))
}
