//! Which calls got no answer in time, and what was the callee doing?

use std::collections::BTreeMap;

use super::busy::busiest;
use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use super::told::{answer_in, result};
use crate::analysis::abandoned::abandoned;
use crate::analysis::ask::Ask;
use crate::analysis::found::{Abandoned, Found, LateReplies, NeverAnswered, Process, Timeout, Why};
use crate::analysis::ledger::{
    CallId, Kind as MessageKind, Ledger, Message, MessageId, Moment, ProcessId, Sym, Waited,
};
use crate::analysis::traffic::{Answer, Fate};
use crate::analysis::who::Names;
use crate::error::Result;

/// A caller that still waits when the recording ends is reported when it waited at least so long.
const LONG_WAIT_NS: i64 = 1_000_000_000;

/// So soon after it has given up a caller takes its question back.
const SOON_NS: i64 = 10_000_000;

/// What kept the callee from answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// The message waited behind others.
    Queue,
    /// Its callback took too long.
    Slow,
    /// Its callback returned and nobody replied.
    NoReply,
    /// Its callback returned a reply of which no send is recorded.
    Replied,
    /// The recording does not say.
    Unknown,
    /// Calls of the callee are recorded, and not which of them handled the message, if any.
    Unjoined,
    /// On a node whose clock disagrees with the caller's.
    Elsewhere,
}

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    let newest = ledger.span().map_or(0, |(_, newest)| newest);
    let mut timeouts: BTreeMap<(Option<ProcessId>, Cause), Vec<MessageId>> = BTreeMap::new();
    let mut unanswered: BTreeMap<(Option<ProcessId>, Option<Sym>), Vec<MessageId>> = BTreeMap::new();
    let mut late: BTreeMap<Option<ProcessId>, Vec<MessageId>> = BTreeMap::new();
    for (id, message) in (0..).zip(&ledger.messages) {
        if message.kind != MessageKind::Call {
            continue;
        }
        let answer = scene.traffic.answer(message);
        let cause = match cause(scene, message) {
            Cause::NoReply if !matches!(answer, Answer::Late(_)) && returned_reply(scene, message) => Cause::Replied,
            cause => cause,
        };
        match answer {
            // The reply may have come, and its record be missing, unless the caller says that none did.
            Answer::Never if cause == Cause::Replied && !is_given_up(scene, message) => {}
            Answer::Late(_) | Answer::Never => {
                timeouts.entry((message.receiver, cause)).or_default().push(id);
                if matches!(answer, Answer::Late(_)) {
                    late.entry(message.receiver).or_default().push(id);
                } else if cause == Cause::NoReply && !took_back(ledger, message) {
                    unanswered.entry((message.receiver, handler(ledger, message))).or_default().push(id);
                }
            }
            Answer::Waiting if cause == Cause::NoReply && newest.saturating_sub(message.sent.at) >= LONG_WAIT_NS => {
                unanswered.entry((message.receiver, handler(ledger, message))).or_default().push(id);
            }
            _ => {}
        }
    }
    let ask = Ask::new(ledger.store(), scene.watch);
    let names = Names::new(&ask);
    for ((_, cause), messages) in timeouts {
        scene.checked()?;
        let first = ledger.message(messages[0]);
        let callee = first.receiver.filter(|_| cause != Cause::Elsewhere);
        let callee = callee.map(|callee| ledger.text(ledger.process(callee).pid));
        let abandoned = match callee {
            Some(callee) => abandoned(&ask, &names, callee, first.sent.at)?,
            None => None,
        };
        found.push(timeout(scene, cause, &messages, abandoned));
    }
    for messages in unanswered.values() {
        found.push(never_answered(scene, messages));
    }
    for messages in late.values() {
        found.push(late_reply(scene, messages));
    }
    Ok(())
}

/// Whether the caller told the callee after it had given up: it does not wait for an answer, and says so.
fn took_back(ledger: &Ledger, message: &Message) -> bool {
    let Some((gave_up, _)) = message.waited else { return false };
    let later = ledger.messages.partition_point(|one| one.sent < gave_up);
    let soon = ledger.messages[later..].iter().take_while(|one| one.sent.since(gave_up) < SOON_NS);
    let is_word = |one: &Message| matches!(one.kind, MessageKind::Cast | MessageKind::Info);
    soon.filter(|one| is_word(one)).any(|one| one.sender == message.sender && one.receiver == message.receiver)
}

/// Whether the callback of a message returned what the callee's loop replies with.
fn returned_reply(scene: &Scene<'_>, message: &Message) -> bool {
    let result = message.handled.and_then(|call| result(scene, call));
    result.as_deref().and_then(answer_in).is_some()
}

fn handler(ledger: &Ledger, message: &Message) -> Option<Sym> {
    message.handled.map(|call| ledger.call(call).function)
}

fn cause(scene: &Scene<'_>, message: &Message) -> Cause {
    let ledger = scene.ledger;
    if message.is_skewed() {
        return Cause::Elsewhere;
    }
    let gave_up = message.waited.map_or(Moment { order: u32::MAX, at: i64::MAX }, |(moment, _)| moment);
    let Some(call) = message.handled.map(|call| ledger.call(call)) else {
        let Some(callee) = message.receiver.filter(|id| !scene.by_process[*id as usize].is_empty()) else {
            return Cause::Unknown;
        };
        // Without callbacks nothing tells a queue from a slow function.
        if !scene.traffic.is_server(callee) {
            return Cause::Unjoined;
        }
        // What was answered was handled: callbacks without their values are joined to no message.
        let may_be_handled = message.reply.is_some() || scene.traffic.fate(message) == Fate::Unknown;
        return if may_be_handled { Cause::Unjoined } else { Cause::Queue };
    };
    match call.end {
        _ if call.start > gave_up => Cause::Queue,
        Some(end) if end < gave_up => Cause::NoReply,
        _ => Cause::Slow,
    }
}

/// `abandoned`: the call of another, gone by then, that the callee worked on when it was asked.
fn timeout(scene: &Scene<'_>, cause: Cause, messages: &[MessageId], abandoned: Option<Abandoned>) -> Finding {
    let ledger = scene.ledger;
    let first = ledger.message(messages[0]);
    let gave_up = first.waited.map_or(first.sent, |(moment, _)| moment);
    let failing = failing_call(scene, first, gave_up);
    let confidence = if failing.is_some() { Confidence::High } else { Confidence::Medium };
    let is_comparable = cause != Cause::Elsewhere;
    let busy = first.receiver.filter(|_| is_comparable).and_then(|callee| busiest(scene, callee, first.sent, gave_up));
    let busy_event = busy.as_ref().filter(|_| !matches!(cause, Cause::NoReply | Cause::Replied)).map(|busy| busy.event);
    let busy = busy.map(|busy| busy.busy);
    let why = match cause {
        Cause::Queue => Why::Queue {
            ahead: first.receiver.map_or(0, |callee| ahead_of(scene, callee, first)),
            handled_after_ns: scene.traffic.queued(first),
            busy,
        },
        Cause::Slow => Why::Slow { queued_ns: scene.traffic.queued(first).unwrap_or_default().max(0), busy },
        Cause::NoReply => Why::NoReply,
        Cause::Replied => Why::Replied,
        Cause::Unknown => Why::Unknown,
        Cause::Unjoined => Why::Unjoined,
        Cause::Elsewhere => Why::Elsewhere,
    };
    let timeout = Timeout {
        calls: messages.len(),
        caller: first.sender.map(|id| Process::of(ledger, id)),
        callee: first.receiver.map(|id| Process::of(ledger, id)),
        waited_ns: gave_up.since(first.sent),
        message: scene.traffic.content(first, 60),
        sent: scene.traffic.place(first),
        why,
        abandoned,
        late_ns: match scene.traffic.answer(first) {
            Answer::Late(ns) => Some(ns),
            _ => None,
        },
    };
    Finding::of(Kind::CallTimeout, confidence, first.sent, Found::Timeout(Box::new(timeout)))
        .shown_by("call", first.event)
        .shown_by("gave_up", failing.and_then(|call| ledger.call(call).exit))
        .shown_by("busy_with", busy_event)
}

/// The caller's call that ended because nobody answered.
fn failing_call(scene: &Scene<'_>, message: &Message, gave_up: Moment) -> Option<CallId> {
    let ledger = scene.ledger;
    let inner = message.sent_in?;
    let is_timeout = |id: &CallId| {
        let call = ledger.call(*id);
        let reason = call.reason.map(|reason| ledger.text(reason));
        call.end.is_some_and(|end| end >= gave_up) && reason.is_some_and(|reason| reason.contains(":timeout"))
    };
    std::iter::once(inner).chain(ledger.around(inner)).find(is_timeout)
}

/// Whether a call of the caller's ended because of the timeout of this one.
fn is_given_up(scene: &Scene<'_>, message: &Message) -> bool {
    message.waited.is_some_and(|(gave_up, _)| failing_call(scene, message, gave_up).is_some())
}

/// Messages that stood before this one in the mailbox.
fn ahead_of(scene: &Scene<'_>, callee: ProcessId, message: &Message) -> usize {
    let is_ahead = |other: &Message| {
        other.sent < message.sent
            && match other.handled {
                Some(call) => scene.ledger.call(call).start > message.sent,
                None => matches!(scene.traffic.fate(other), Fate::Queued),
            }
    };
    scene.traffic.to(callee).filter(|(_, other)| is_ahead(other)).count()
}

fn never_answered(scene: &Scene<'_>, messages: &[MessageId]) -> Finding {
    let ledger = scene.ledger;
    let first = ledger.message(messages[0]);
    let call = first.handled.map(|call| ledger.call(call));
    let gave_up = matches!(first.waited, Some((_, Waited::GaveUp)));
    let confidence = if gave_up { Confidence::High } else { Confidence::Medium };
    let never = NeverAnswered {
        callee: first.receiver.map(|id| Process::of(ledger, id)),
        calls: messages.len(),
        function: call.map(|call| ledger.text(call.function).to_owned()),
        message: scene.traffic.content(first, 60),
        sent: scene.traffic.place(first),
    };
    Finding::of(Kind::NeverAnswered, confidence, first.sent, Found::NeverAnswered(never))
        .shown_by("call", first.event)
        .shown_by("callback", call.map(|call| call.event))
        .shown_by("returned", call.and_then(|call| call.exit))
}

fn late_reply(scene: &Scene<'_>, messages: &[MessageId]) -> Finding {
    let ledger = scene.ledger;
    let late = |id: &MessageId| match scene.traffic.answer(ledger.message(*id)) {
        Answer::Late(ns) => ns,
        _ => 0,
    };
    let first = ledger.message(messages[0]);
    let late = LateReplies {
        callee: first.receiver.map(|id| Process::of(ledger, id)),
        replies: messages.len(),
        worst_ns: messages.iter().map(late).max().unwrap_or_default(),
    };
    Finding::of(Kind::LateReply, Confidence::High, first.sent, Found::LateReplies(late))
        .shown_by("call", first.event)
        .shown_by("reply", first.reply.map(|reply| ledger.message(reply).event))
}
