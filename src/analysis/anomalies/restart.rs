//! Is a process started again and again, only to end again?

use std::collections::BTreeMap;

use super::finding::{Confidence, Finding};
use super::heirs::is_told_of_end;
use super::kind::Kind;
use super::scene::Scene;
use crate::analysis::ask::Ask;
use crate::analysis::found::{Found, ParentEnded, Process, Storm};
use crate::analysis::gave_up::{gave_up, is_supervisor};
use crate::analysis::ledger::{Down, Exit, ProcessId, Sym};
use crate::analysis::value::brief;
use crate::error::Result;
use crate::event::exit_reason::ExitReason;

/// Ends that make a storm: the third restart is what a supervisor's usual intensity allows within five seconds.
const FEWEST: usize = 3;

/// Within so long.
const WITHIN_NS: i64 = 5_000_000_000;

/// A process that lived longer was not what its supervisor just restarted.
const LIFETIME_NS: i64 = 5_000_000_000;

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    // Children of one parent that are of one kind.
    let mut kin: BTreeMap<(ProcessId, Sym), Vec<ProcessId>> = BTreeMap::new();
    for (id, process) in (0..).zip(&ledger.processes) {
        let what = process.name.or(process.module);
        if let (Some(parent), Some(what), Some(_)) = (process.parent, what, process.spawn) {
            kin.entry((parent, what)).or_default().push(id);
        }
    }
    let ask = Ask::new(ledger.store(), scene.watch);
    for ((parent, _), mut children) in kin {
        scene.checked()?;
        children.sort_by_key(|id| ledger.process(*id).spawn);
        // A run of children, each begun after the one before had ended badly and while no other lived.
        let mut run: Vec<(ProcessId, &Exit)> = Vec::new();
        let mut best: Vec<(ProcessId, &Exit)> = Vec::new();
        for id in children {
            let process = ledger.process(id);
            let Some((begun, _)) = process.spawn else { continue };
            let follows = run.last().is_none_or(|(_, exit)| exit.moment < begun);
            if !follows {
                run.clear();
            }
            match process.exit.as_ref() {
                Some(exit) if exit.end.is_abnormal() && exit.moment.since(begun) < LIFETIME_NS => {
                    run.push((id, exit));
                    while run.last().is_some_and(|(_, last)| last.moment.since(run[0].1.moment) > WITHIN_NS) {
                        run.remove(0);
                    }
                    if run.len() > best.len() {
                        best.clone_from(&run);
                    }
                }
                _ => run.clear(),
            }
        }
        if best.len() >= FEWEST && starts_again(scene, &ask, parent, &best)? {
            found.push(describe(scene, parent, &best)?);
        }
    }
    Ok(())
}

/// Whether a parent starts a child because the one before has ended: as a supervisor does, or as it was told of an end.
fn starts_again(scene: &Scene<'_>, ask: &Ask<'_>, parent: ProcessId, run: &[(ProcessId, &Exit)]) -> Result<bool> {
    let ledger = scene.ledger;
    if ledger.process(parent).spawned.is_some_and(|(_, module)| is_supervisor(ledger.text(module))) {
        return Ok(true);
    }
    if !scene.traffic.receives(parent) {
        // What it took is not known.
        return Ok(true);
    }
    let is_monitored = |down: &Down| down.receiver == parent && run.iter().any(|(child, _)| *child == down.of);
    Ok(ledger.downs.iter().any(is_monitored) || is_told_of_end(scene, ask, run[0].0, parent)?)
}

/// How many other children the parent took with it, where it gave up because of ends of this run; `None` where that is
/// not known.
fn taken(scene: &Scene<'_>, parent: ProcessId, end: &Exit, run: &[(ProcessId, &Exit)]) -> Result<Option<usize>> {
    let ledger = scene.ledger;
    let ask = Ask::new(ledger.store(), scene.watch);
    let Some(end) = ask.event(Some(ledger.text(end.event))) else { return Ok(None) };
    let gave_up = gave_up(&ask, ledger.text(ledger.process(parent).pid), &end)?;
    let is_of_run = |event: &str| run.iter().any(|(_, exit)| ledger.text(exit.event) == event);
    let gave_up = gave_up.filter(|it| it.ends.iter().any(|end| is_of_run(end.event().id())));
    Ok(gave_up.map(|it| it.took.len()))
}

fn describe(scene: &Scene<'_>, parent: ProcessId, run: &[(ProcessId, &Exit)]) -> Result<Finding> {
    let ledger = scene.ledger;
    let ((first, first_exit), (_, last_exit)) = (run[0], run[run.len() - 1]);
    // A supervisor that gives up ends with `:shutdown`, as one does that is told to end.
    let parent_exit = ledger.process(parent).exit.as_ref();
    let parent_exit = parent_exit.filter(|exit| exit.moment > last_exit.moment && exit.end == ExitReason::Shutdown);
    let took = parent_exit.map(|exit| taken(scene, parent, exit, run)).transpose()?.flatten();
    let storm = Storm {
        child: Process::of(ledger, first),
        parent: Process::of(ledger, parent),
        ends: run.len(),
        within_ns: last_exit.moment.since(first_exit.moment),
        reason: brief::cut(ledger.text(first_exit.error.unwrap_or(first_exit.reason)), 120),
        crash_site: first_exit.crash_site.map(|site| ledger.text(site).to_owned()),
        is_same: run.iter().all(|(_, exit)| exit.error == first_exit.error && exit.crash_site == first_exit.crash_site),
        parent_ended: parent_exit.map(|exit| ParentEnded {
            after_ns: exit.moment.since(last_exit.moment),
            reason: brief::cut(ledger.text(exit.reason), 60),
            took,
        }),
    };
    Ok(Finding::of(Kind::RestartStorm, Confidence::High, first_exit.moment, Found::Storm(storm))
        .shown_by("first_exit", first_exit.event)
        .shown_by("last_exit", last_exit.event)
        .shown_by("parent_exit", parent_exit.map(|exit| exit.event)))
}
