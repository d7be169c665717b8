//! Which runs of a function took something from a server and left without giving it back, as other runs do?
//!
//! *Balance*: a function tells a server one thing and then another, and both change the server's state (`checkout` and
//! `checkin`, `lock` and `unlock`). In some of its runs an exception comes between, or it returns early: what was taken
//! stays taken, also after the process that took it has ended.
//!
//! What it cannot see: runs that take and give by messages of one pattern; a server whose state is not told, or that
//! finds out by itself otherwise than by a monitor; what is given back after the recording ends.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use super::unfinished::monitored;
use crate::analysis::found::{Found, Holder, NotGivenBack, Process, Told};
use crate::analysis::ledger::{CallId, Kind as MessageKind, Message, MessageId, Outcome, ProcessId, Sym};
use crate::error::Result;

/// Runs that give back: fewer are no rule.
const FEWEST: usize = 3;

/// Calls around a message that may be the run it belongs to.
const LEVELS: usize = 4;

/// Runs of one function with one server that are read.
const MAX_RUNS: usize = 2_000;

/// Holders that are named.
const NAMED: usize = 4;

/// Runs of a function: what each told a server that changed its state, in order.
type Runs = BTreeMap<CallId, Vec<MessageId>>;

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    let mut functions: BTreeMap<(ProcessId, Sym), Runs> = BTreeMap::new();
    // What each process told a server, in order: what is given back later, elsewhere.
    let mut told: BTreeMap<(ProcessId, ProcessId), Vec<MessageId>> = BTreeMap::new();
    for (id, message) in (0..).zip(&ledger.messages) {
        let (Some(server), Some(sender), true) = (message.receiver, message.sender, changes(scene, message)) else {
            continue;
        };
        if sender == server {
            continue;
        }
        told.entry((sender, server)).or_default().push(id);
        let around = message.sent_in.into_iter().flat_map(|call| std::iter::once(call).chain(ledger.around(call)));
        for run in around.take(LEVELS) {
            let call = ledger.call(run);
            if !call.is_anonymous && call.callback.is_none() {
                functions.entry((server, call.function)).or_default().entry(run).or_default().push(id);
            }
        }
    }
    let mut known: BTreeSet<MessageId> = BTreeSet::new();
    let mut all: Vec<((ProcessId, Sym), Runs)> = functions.into_iter().collect();
    // The innermost function that does both is the one to blame: its runs are the shortest.
    all.sort_by_key(|((server, function), runs)| (length(scene, runs), *server, *function));
    for ((server, function), runs) in all {
        if runs.len() > FEWEST && runs.len() <= MAX_RUNS {
            scene.checked()?;
            let Some(of) = unbalanced(scene, server, &runs, &told) else { continue };
            if of.held.iter().all(|(_, took)| known.insert(*took)) {
                found.extend(described(scene, server, function, &of));
            }
        }
    }
    Ok(())
}

/// Whether a message was handled and changed the state.
fn changes(scene: &Scene<'_>, message: &Message) -> bool {
    let is_told = matches!(message.kind, MessageKind::Call | MessageKind::Cast | MessageKind::Info);
    is_told && message.handled.is_some_and(|call| scene.ledger.call(call).change.is_some())
}

/// How long all runs took, as far as is known.
fn length(scene: &Scene<'_>, runs: &Runs) -> i64 {
    runs.keys().filter_map(|run| scene.ledger.call(*run).duration).fold(0, i64::saturating_add)
}

/// A function whose runs take and give back, and those that did not.
struct Unbalanced {
    /// What is told first, and then.
    take: String,
    give: String,
    good: Vec<(MessageId, MessageId)>,
    held: Vec<(CallId, MessageId)>,
}

fn unbalanced(
    scene: &Scene<'_>,
    server: ProcessId,
    runs: &Runs,
    told: &BTreeMap<(ProcessId, ProcessId), Vec<MessageId>>,
) -> Option<Unbalanced> {
    let ledger = scene.ledger;
    let pattern = |id: MessageId| scene.traffic.pattern(ledger.message(id));
    // What usually is said, in what order.
    let (mut good, mut alone) = (Vec::new(), Vec::new());
    for (run, messages) in runs {
        match messages.as_slice() {
            [take, give] => good.push((*take, *give)),
            [take] => alone.push((*run, *take)),
            _ => return None,
        }
    }
    let (take, give) = good.first().map(|(take, give)| (pattern(*take), pattern(*give)))?;
    let is_rule = take != give && good.iter().all(|(a, b)| pattern(*a) == take && pattern(*b) == give);
    if !is_rule || good.len() < FEWEST || alone.is_empty() || alone.len() > good.len() {
        return None;
    }
    let monitored = monitored(scene, server);
    let mut held = Vec::new();
    for (run, took) in alone {
        let call = ledger.call(run);
        let process = ledger.process(call.process);
        let has_ended = process.exit.is_some();
        // It may give it back yet.
        if pattern(took) != take || call.end.is_none() && !has_ended {
            return None;
        }
        let sent = ledger.message(took).sent;
        let later = told.get(&(call.process, server)).into_iter().flatten();
        let next = later.map(|id| (*id, ledger.message(*id).sent)).find(|(_, at)| *at > sent);
        let is_back = next.is_some_and(|(id, _)| pattern(id) == give);
        // Of one that goes on nobody knows what it means to do.
        let is_left = has_ended || next.is_some() || call.outcome != Outcome::Returned;
        let is_told = has_ended && monitored.contains(ledger.text(process.pid));
        if !is_back && is_left && !is_told {
            held.push((run, took));
        }
    }
    (!held.is_empty()).then_some(Unbalanced { take, give, good, held })
}

fn described(scene: &Scene<'_>, server: ProcessId, function: Sym, of: &Unbalanced) -> Option<Finding> {
    let ledger = scene.ledger;
    let (run, took) = *of.held.first()?;
    let (call, took) = (ledger.call(run), ledger.message(took));
    // After the last of them somebody else has to have needed the server: a system that stops leaves nothing behind.
    let last = of.held.iter().map(|(_, took)| ledger.message(*took).sent).max()?;
    let newest =
        scene.calls_of(server).filter(|(_, call)| call.message.is_some()).last().map(|(_, call)| call.start)?;
    if newest <= last {
        return None;
    }
    let (_, gave) = *of.good.first()?;
    let gave = ledger.message(gave);
    let told =
        |message: &Message| Told { message: scene.traffic.content(message, 60), sent: scene.traffic.place(message) };
    let failed = of.held.iter().filter(|(run, _)| fails(ledger.call(*run).outcome)).count();
    let it = NotGivenBack {
        server: Process::of(ledger, server),
        function: ledger.text(function).to_owned(),
        take: of.take.clone(),
        give: of.give.clone(),
        good: of.good.len(),
        held: of.held.len(),
        failed,
        reason: call.reason.filter(|_| fails(call.outcome)).map(|reason| ledger.text(reason).to_owned()),
        holders: holders(scene, of),
        took: told(took),
        gave: told(gave),
    };
    let confidence = match (failed, of.held.len()) {
        (0, _) => Confidence::Low,
        (1, _) => Confidence::Medium,
        _ => Confidence::High,
    };
    let finding = Finding::of(Kind::NotGivenBack, confidence, took.sent, Found::NotGivenBack(Box::new(it)))
        .shown_by("took", took.event)
        .shown_by("left", call.exit)
        .shown_by("gave_back", gave.event);
    Some(finding)
}

const fn fails(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Error | Outcome::Exit | Outcome::Throw)
}

/// The first of those that took something.
fn holders(scene: &Scene<'_>, of: &Unbalanced) -> Vec<Holder> {
    let ledger = scene.ledger;
    let mut holders: Vec<Holder> = Vec::new();
    for (run, _) in &of.held {
        let call = ledger.call(*run);
        let process = Process::of(ledger, call.process);
        if holders.len() < NAMED && holders.iter().all(|holder| holder.process != process) {
            let newest = scene.calls_of(call.process).last().map(|(_, newest)| newest.start);
            let is_last = newest.is_some_and(|newest| call.end.is_none_or(|end| newest < end));
            holders.push(Holder { process, ended_of_it: is_last && ledger.process(call.process).exit.is_some() });
        }
    }
    holders
}
