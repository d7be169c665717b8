//! Which processes ended without `terminate/2`, which in their siblings gives back what they hold?
//!
//! Processes of one module take something from a server, by a message that changes its state. In some of them
//! `terminate/2` gives it back, by another; others were ended by their supervisor and it did not run, as it does not where
//! exits are not trapped. The server goes on, with what it believes to be in use.
//!
//! What it cannot see: a module in which it never ran; what is held in a table, a port or a file; a server whose state is
//! not told; whether what was taken was given back by something else than a monitor of the server.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::FixedState;

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use super::watched::Watched;
use crate::analysis::found::{Back, Found, Process, Took, Unfinished};
use crate::analysis::ledger::{Call, CallId, Callback, Kind as MessageKind, MessageId, ProcessId, Sym};
use crate::analysis::terms;
use crate::analysis::value::brief;
use crate::error::Result;
use crate::event::exit_reason::ExitReason;

/// Processes that were ended so: one may have been in a hurry.
const FEWEST: usize = 2;

/// Callbacks of a server that are read for what monitors told it.
const MAX_READ: usize = 2_000;

/// Processes that are named of those that ended so.
const NAMED: usize = 4;

/// What the processes of a module did with a server.
#[derive(Default)]
struct Kin {
    /// Gave something back in `terminate/2`: the call, and the message.
    gave_back: Vec<(ProcessId, CallId, MessageId)>,
    /// Took something and ended without it.
    held: Vec<(ProcessId, MessageId)>,
}

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    let last = terminates(scene);
    if last.is_empty() {
        return Ok(());
    }
    let modules: BTreeSet<Sym> = last.keys().filter_map(|process| ledger.process(*process).module).collect();
    let mut kin: BTreeMap<(Sym, ProcessId), Kin> = BTreeMap::new();
    for (id, message) in (0..).zip(&ledger.messages) {
        let is_for_server = matches!(message.kind, MessageKind::Call | MessageKind::Cast | MessageKind::Info);
        let (true, Some(sender), Some(server)) = (is_for_server, message.sender, message.receiver) else { continue };
        let Some(module) = ledger.process(sender).module.filter(|module| modules.contains(module)) else { continue };
        let changes = message.handled.is_some_and(|call| ledger.call(call).change.is_some());
        if !changes || sender == server {
            continue;
        }
        let of = kin.entry((module, server)).or_default();
        let within = |outer: CallId| message.sent_in.is_some_and(|call| call == outer || ledger.is_around(outer, call));
        match last.get(&sender) {
            Some(call) if within(*call) => of.gave_back.push((sender, *call, id)),
            None if is_ended(scene, sender) => of.held.push((sender, id)),
            _ => {}
        }
    }
    for ((module, server), mut of) in kin {
        // Of more than are read nobody knows what was given back.
        let is_read = of.held.len() <= MAX_READ && of.gave_back.len() <= MAX_READ;
        if of.gave_back.is_empty() || of.held.len() < FEWEST || !is_read {
            continue;
        }
        scene.checked()?;
        // Who gave it back before it ended does not hold it.
        let back: BTreeSet<String> =
            of.gave_back.iter().map(|(.., id)| scene.traffic.pattern(ledger.message(*id))).collect();
        let is_back = |id: MessageId| back.contains(&scene.traffic.pattern(ledger.message(id)));
        let mut known: BTreeSet<ProcessId> =
            of.held.iter().filter(|(_, id)| is_back(*id)).map(|(process, _)| *process).collect();
        // The first thing a process took stands for all.
        of.held.retain(|(process, _)| known.insert(*process));
        of.gave_back.retain(|(process, ..)| known.insert(*process));
        let serves = |call: &Call| matches!(call.callback, Some(Callback::Call | Callback::Cast | Callback::Info));
        let newest = scene.calls_of(server).filter(|(_, call)| serves(call)).last().map(|(_, call)| call.start);
        of.held.retain(|(process, _)| {
            // A system that stops as a whole leaves nothing behind.
            let exit = ledger.process(*process).exit.as_ref();
            exit.is_some_and(|exit| newest.is_some_and(|newest| newest > exit.moment))
        });
        let watched = Watched::by(scene, server);
        let mut held = Vec::new();
        for (process, took) in of.held {
            if !watched.has(process)? {
                held.push((process, took));
            }
        }
        of.held = held;
        if of.held.len() >= FEWEST {
            found.extend(describe(scene, module, server, &of));
        }
    }
    Ok(())
}

/// The `terminate/2` of each process that ran it.
fn terminates(scene: &Scene<'_>) -> HashMap<ProcessId, CallId, FixedState> {
    let ledger = scene.ledger;
    let mut is_it: HashMap<Sym, bool, FixedState> = HashMap::default();
    let mut last = HashMap::default();
    for (id, call) in (0..).zip(&ledger.calls) {
        let is_it = *is_it.entry(call.function).or_insert_with(|| ledger.text(call.function).ends_with(".terminate/2"));
        if is_it && call.parent.is_none() {
            last.insert(call.process, id);
        }
    }
    last
}

/// Whether a process was ended by another, all its life having been recorded.
fn is_ended(scene: &Scene<'_>, process: ProcessId) -> bool {
    let process = scene.ledger.process(process);
    let exit = process.exit.as_ref().filter(|_| process.spawn.is_some() && process.runs_traced_code);
    exit.is_some_and(|exit| {
        matches!(exit.end, ExitReason::Shutdown | ExitReason::Killed)
            && !scene.ledger.text(exit.reason).starts_with('{')
    })
}

fn describe(scene: &Scene<'_>, module: Sym, server: ProcessId, of: &Kin) -> Option<Finding> {
    let ledger = scene.ledger;
    let ((first, took), (last, _)) = (of.held[0], of.held[of.held.len() - 1]);
    let (_, terminate, back) = of.gave_back[0];
    let (took, back) = (ledger.message(took), ledger.message(back));
    let exit = |process: ProcessId| ledger.process(process).exit.as_ref();
    let ended = exit(first)?;
    let ends = || of.held.iter().filter_map(|(process, _)| exit(*process));
    let reasons: BTreeSet<&str> = ends().map(|exit| ledger.text(exit.reason)).collect();
    let unfinished = Unfinished {
        module: ledger.text(module).to_owned(),
        server: Process::of(ledger, server),
        held: of.held.len(),
        gave_back: of.gave_back.len(),
        reasons: reasons.iter().map(|reason| brief::cut(reason, 40)).collect(),
        killed: ends().filter(|exit| exit.end == ExitReason::Killed).count(),
        holders: of.held.iter().take(NAMED).map(|(process, _)| Process::of(ledger, *process)).collect(),
        took: Took {
            pattern: scene.traffic.pattern(took),
            message: scene.traffic.content(took, 60),
            sent: scene.traffic.place(took),
        },
        back: Back {
            pattern: scene.traffic.pattern(back),
            message: scene.traffic.content(back, 60),
            function: terms::home(ledger.text(ledger.call(terminate).function)),
        },
    };
    let confidence = if of.gave_back.len() >= FEWEST { Confidence::Medium } else { Confidence::Low };
    let finding = Finding::of(Kind::TerminateSkipped, confidence, ended.moment, Found::Unfinished(unfinished))
        .shown_by("took", took.event)
        .shown_by("ended", ended.event)
        .shown_by("last_ended", exit(last).map(|exit| exit.event))
        .shown_by("gave_back", ledger.call(terminate).event);
    Some(finding)
}
