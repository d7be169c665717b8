//! Which runs of a function took something from a server and left without giving it back, as other runs do?
//!
//! *Balance*: a function tells a server one thing and then another, and both change the same part of the server's state
//! (`checkout` and `checkin`, `lock` and `unlock`). In some of its runs an exception comes between, or it returns early,
//! and its process takes again, or ends: nothing is told that gives it back.
//!
//! What it cannot see: runs that take and give by messages of one pattern; a server whose state is not told, or that
//! finds out by itself otherwise than by a monitor; what is given back after the recording ends, or by a message that no
//! other run tells; functions of more than 2,000 runs.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use super::watched::Watched;
use crate::analysis::found::{Found, Holder, NotGivenBack, Process, Told};
use crate::analysis::ledger::payload::{Difference, Payload, differences};
use crate::analysis::ledger::{Call, CallId, Kind as MessageKind, Message, MessageId, Outcome, ProcessId, Sym};
use crate::error::Result;
use crate::event::exit_reason::ExitReason;

/// Runs that give back: fewer are no rule.
const FEWEST: usize = 3;

/// Calls around a message that may be the run it belongs to.
const LEVELS: usize = 4;

/// Runs of one function with one server: a function that ran more often is not looked at.
const MAX_RUNS: usize = 2_000;

/// Runs whose changes are read.
const READ: usize = 20;

/// Messages between two looks at whether anybody waits.
const CHECKED: MessageId = 65_536;

/// Holders that are named.
const NAMED: usize = 4;

/// Runs of a function with a server: what each told it that changed its state, in order.
type Runs = BTreeMap<CallId, Vec<MessageId>>;

/// What each process told each server, in order, whatever became of it.
type Sent = BTreeMap<(ProcessId, ProcessId), Vec<MessageId>>;

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    let mut sent = Sent::new();
    let mut told: Vec<(ProcessId, Sym, CallId, MessageId)> = Vec::new();
    for (id, message) in (0..).zip(&ledger.messages) {
        if id % CHECKED == 0 {
            scene.checked()?;
        }
        let is_told = matches!(message.kind, MessageKind::Call | MessageKind::Cast | MessageKind::Info);
        let (Some(server), Some(sender), true) = (message.receiver, message.sender, is_told) else { continue };
        if sender == server {
            continue;
        }
        sent.entry((sender, server)).or_default().push(id);
        if !changes(scene, message) {
            continue;
        }
        let around = message.sent_in.into_iter().flat_map(|call| std::iter::once(call).chain(ledger.around(call)));
        for run in around.take(LEVELS) {
            let call = ledger.call(run);
            if !call.is_anonymous && call.callback.is_none() {
                told.push((server, call.function, run, id));
            }
        }
    }
    told.sort_unstable();
    let mut all: Vec<(ProcessId, Sym, Runs)> = Vec::new();
    for of in told.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        scene.checked()?;
        let mut runs = Runs::new();
        for (.., run, message) in of {
            // Of a function that ran more often nothing is read.
            if runs.len() > MAX_RUNS {
                break;
            }
            runs.entry(*run).or_default().push(*message);
        }
        if (FEWEST + 1..=MAX_RUNS).contains(&runs.len()) {
            all.push((of[0].0, of[0].1, runs));
        }
    }
    // The innermost function that does both is the one to blame: its runs are the shortest.
    all.sort_by_cached_key(|(server, function, runs)| (length(scene, runs), *server, *function));
    let mut known: BTreeSet<MessageId> = BTreeSet::new();
    for (server, function, runs) in &all {
        scene.checked()?;
        let Some(of) = unbalanced(scene, *server, runs, &sent)? else { continue };
        if of.held.iter().any(|kept| known.contains(&kept.took)) {
            continue;
        }
        if let Some(finding) = described(scene, *server, *function, &of) {
            known.extend(of.held.iter().map(|kept| kept.took));
            found.push(finding);
        }
    }
    Ok(())
}

/// Whether a message was handled and changed the state.
fn changes(scene: &Scene<'_>, message: &Message) -> bool {
    message.handled.is_some_and(|call| scene.ledger.call(call).change.is_some())
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
    held: Vec<Kept>,
}

/// A run that did not give back.
struct Kept {
    run: CallId,
    took: MessageId,
    /// Whether its process took again before it told the server anything else.
    took_again: bool,
}

fn unbalanced(scene: &Scene<'_>, server: ProcessId, runs: &Runs, sent: &Sent) -> Result<Option<Unbalanced>> {
    let ledger = scene.ledger;
    let pattern = |id: MessageId| scene.traffic.pattern(ledger.message(id));
    // What usually is said, in what order.
    let (mut good, mut alone) = (Vec::new(), Vec::new());
    for (run, messages) in runs {
        match messages.as_slice() {
            [take, give] => good.push((*take, *give)),
            [take] => alone.push((*run, *take)),
            _ => return Ok(None),
        }
    }
    let Some((take, give)) = good.first().map(|(take, give)| (pattern(*take), pattern(*give))) else {
        return Ok(None);
    };
    let is_rule = take != give && good.iter().all(|(a, b)| pattern(*a) == take && pattern(*b) == give);
    if !is_rule || good.len() < FEWEST || alone.is_empty() || alone.len() > good.len() {
        return Ok(None);
    }
    if !good.iter().take(READ).all(|(take, give)| undoes(scene, *take, *give)) {
        return Ok(None);
    }
    let watched = Watched::by(scene, server);
    let mut held = Vec::new();
    for (run, took) in alone {
        scene.checked()?;
        let call = ledger.call(run);
        let exit = ledger.process(call.process).exit.as_ref().map(|exit| exit.moment);
        let has_ended = exit.is_some();
        // It may give it back yet.
        if pattern(took) != take || call.end.is_none() && !has_ended {
            return Ok(None);
        }
        let at = ledger.message(took).sent;
        let later = sent.get(&(call.process, server)).into_iter().flatten();
        let next = later.copied().find(|id| ledger.message(*id).sent > at);
        let until = next.map(|id| ledger.message(id).sent).or(exit).map_or(i64::MAX, |moment| moment.at);
        // What gives it back may not have been recorded.
        if scene.has_seam(call.process, at.at, until) {
            continue;
        }
        let is_left = match next {
            // What else it told the server may give it back as well.
            Some(next) => pattern(next) == take,
            // Of one that goes on nobody knows what it means to do.
            None => has_ended || fails(scene, call),
        };
        if is_left && !(has_ended && watched.has(call.process)?) {
            held.push(Kept { run, took, took_again: next.is_some() });
        }
    }
    Ok(Some(Unbalanced { take, give, good, held }).filter(|of| !of.held.is_empty()))
}

/// Whether the second message changed a part of the server's state that the first had changed.
fn undoes(scene: &Scene<'_>, take: MessageId, give: MessageId) -> bool {
    let parts = |id: MessageId| -> BTreeSet<String> {
        let ledger = scene.ledger;
        let change = ledger.message(id).handled.and_then(|call| ledger.call(call).change);
        let Some(event) = change.and_then(|change| ledger.event(change)) else { return BTreeSet::new() };
        let changed = differences(Payload::read(event.data()).state_diff);
        let part = |one: Difference| one.path.split(['.', '[']).next().unwrap_or_default().to_owned();
        changed.into_iter().map(part).collect()
    };
    !parts(take).is_disjoint(&parts(give))
}

fn described(scene: &Scene<'_>, server: ProcessId, function: Sym, of: &Unbalanced) -> Option<Finding> {
    let ledger = scene.ledger;
    let Kept { run, took, .. } = *of.held.first()?;
    let (call, took) = (ledger.call(run), ledger.message(took));
    // After the last of them somebody else has to have needed the server: a system that stops leaves nothing behind.
    let takers: BTreeSet<ProcessId> = of.held.iter().map(|kept| ledger.call(kept.run).process).collect();
    let over = |kept: &Kept| {
        let call = ledger.call(kept.run);
        call.end.max(ledger.process(call.process).exit.as_ref().map(|exit| exit.moment))
    };
    let last = of.held.iter().filter(|kept| !kept.took_again).filter_map(over).max();
    let is_others = |call: &Call| {
        let sender = call.message.and_then(|message| ledger.message(message).sender);
        sender.is_some_and(|sender| !takers.contains(&sender))
    };
    let goes_on = |last| scene.calls_of(server).any(|(_, call)| call.start > last && is_others(call));
    if last.is_some_and(|last| !goes_on(last)) {
        return None;
    }
    let (_, gave) = *of.good.first()?;
    let gave = ledger.message(gave);
    let told =
        |message: &Message| Told { message: scene.traffic.content(message, 60), sent: scene.traffic.place(message) };
    let failed = of.held.iter().filter(|kept| fails(scene, ledger.call(kept.run))).count();
    let it = NotGivenBack {
        server: Process::of(ledger, server),
        function: ledger.text(function).to_owned(),
        take: of.take.clone(),
        give: of.give.clone(),
        good: of.good.len(),
        held: of.held.len(),
        failed,
        reason: call.reason.filter(|_| fails(scene, call)).map(|reason| ledger.text(reason).to_owned()),
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

/// Whether an exception went through a call: to be told to end is none.
fn fails(scene: &Scene<'_>, call: &Call) -> bool {
    let reason = call.reason.map_or(ExitReason::Unknown, |reason| ExitReason::read(scene.ledger.text(reason)));
    match call.outcome {
        Outcome::Error | Outcome::Throw => true,
        Outcome::Exit => !matches!(reason, ExitReason::Normal | ExitReason::Shutdown | ExitReason::Killed),
        Outcome::Open | Outcome::Returned | Outcome::Ended => false,
    }
}

/// The first of those that took something.
fn holders(scene: &Scene<'_>, of: &Unbalanced) -> Vec<Holder> {
    let ledger = scene.ledger;
    let mut holders: Vec<Holder> = Vec::new();
    for Kept { run, .. } in &of.held {
        let call = ledger.call(*run);
        let process = Process::of(ledger, call.process);
        if holders.len() < NAMED && holders.iter().all(|holder| holder.process != process) {
            let newest = scene.by_process[call.process as usize].last().map(|id| ledger.call(*id).start);
            let is_last = newest.is_some_and(|newest| call.end.is_none_or(|end| newest < end));
            holders.push(Holder { process, ended_next: is_last && ledger.process(call.process).exit.is_some() });
        }
    }
    holders
}
