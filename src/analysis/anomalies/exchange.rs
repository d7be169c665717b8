//! Which calls got no answer in time, and what was the callee doing?

use std::collections::BTreeMap;

use serde_json::json;

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use super::words::{count, span};
use crate::analysis::abandoned::{Abandoned, abandoned};
use crate::analysis::ask::Ask;
use crate::analysis::ledger::{
    CallId, Kind as MessageKind, Ledger, Message, MessageId, Moment, ProcessId, Sym, Waited,
};
use crate::analysis::terms;
use crate::analysis::traffic::Answer;
use crate::analysis::who::Names;
use crate::error::Result;

/// A caller that still waits when the recording ends is reported when it waited at least so long.
const LONG_WAIT_NS: i64 = 1_000_000_000;

/// What kept the callee from answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// The message waited behind others.
    Queue,
    /// Its callback took too long.
    Slow,
    /// Its callback returned and nobody replied.
    NoReply,
    /// The recording does not say.
    Unknown,
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
        let cause = cause(scene, message);
        match answer {
            Answer::Late(_) | Answer::Never => {
                timeouts.entry((message.receiver, cause)).or_default().push(id);
                if matches!(answer, Answer::Late(_)) {
                    late.entry(message.receiver).or_default().push(id);
                } else if cause == Cause::NoReply {
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
        found.push(timeout(scene, cause, &messages, abandoned.as_ref()));
    }
    for messages in unanswered.values() {
        found.push(never_answered(scene, messages));
    }
    for messages in late.values() {
        found.push(late_reply(scene, messages));
    }
    Ok(())
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
        // Without callbacks nothing tells a queue from a slow function.
        let has_callbacks = message.receiver.is_some_and(|id| scene.traffic.is_server(id));
        return if has_callbacks { Cause::Queue } else { Cause::Unknown };
    };
    match call.end {
        _ if call.start > gave_up => Cause::Queue,
        Some(end) if end < gave_up => Cause::NoReply,
        _ => Cause::Slow,
    }
}

/// `abandoned`: the call of another, gone by then, that the callee worked on when it was asked.
fn timeout(scene: &Scene<'_>, cause: Cause, messages: &[MessageId], abandoned: Option<&Abandoned>) -> Finding {
    let ledger = scene.ledger;
    let first = ledger.message(messages[0]);
    let gave_up = first.waited.map_or(first.sent, |(moment, _)| moment);
    let callee = first.receiver.map_or_else(|| "an unknown process".to_owned(), |id| ledger.full_label(id));
    let what = format!(
        "{} to {callee} timed out: {} gave up {} after {} at {}",
        count(messages.len(), "call"),
        first.sender.map_or_else(|| "the caller".to_owned(), |id| ledger.full_label(id)),
        span(gave_up.since(first.sent)),
        scene.traffic.content(first, 60),
        scene.traffic.place(first),
    );
    let failing = failing_call(scene, first, gave_up);
    let confidence = if failing.is_some() { Confidence::High } else { Confidence::Medium };
    let mut finding = Finding::new(Kind::CallTimeout, confidence, first.sent, what)
        .shown_by("call", first.event)
        .shown_by("gave_up", failing.and_then(|call| ledger.call(call).exit));
    let is_comparable = cause != Cause::Elsewhere;
    let busy = first.receiver.filter(|_| is_comparable).and_then(|callee| busiest(scene, callee, first.sent, gave_up));
    let busy_text = busy.as_ref().map_or_else(String::new, |busy| busy.text.clone());
    match cause {
        Cause::Queue => {
            let ahead = first.receiver.map_or(0, |callee| ahead_of(scene, callee, first));
            let queued = scene.traffic.queued(first);
            let handled = queued.map_or_else(
                || "was never handled".to_owned(),
                |queued| format!("was handled {} after it was sent", span(queued)),
            );
            let behind =
                if ahead > 0 { format!("waited behind {} and ", count(ahead, "message")) } else { String::new() };
            finding = finding.detail(format!("it {behind}{handled}"));
            if !busy_text.is_empty() {
                finding = finding.detail(format!("meanwhile the callee was busy: {busy_text}"));
            }
        }
        Cause::Slow if !busy_text.is_empty() => {
            finding = finding.detail(format!("the callee was handling it all the time: {busy_text}"));
        }
        Cause::Slow => finding = finding.detail("the callee was handling it all the time"),
        Cause::NoReply => finding = finding.detail("its callback had returned without a reply"),
        Cause::Elsewhere => {
            finding =
                finding.detail("the clocks of the two nodes disagree: what the callee did meanwhile is not known");
        }
        Cause::Unknown => finding = finding.detail("the callee's functions were not traced: what it did is unknown"),
    }
    if let Some(abandoned) = abandoned {
        finding = abandoned.told(first.sent.at).into_iter().fold(finding, Finding::detail);
    }
    if cause != Cause::NoReply {
        finding = finding.shown_by("busy_with", busy.map(|busy| busy.event));
    }
    if let Answer::Late(late) = scene.traffic.answer(first) {
        finding = finding.detail(format!("the reply was sent {} too late", span(late)));
    }
    let pid = first.receiver.map(|id| ledger.text(ledger.process(id).pid).to_owned()).unwrap_or_default();
    let finding = finding.refuted_by("a timeout the caller expects and handles, with a retry");
    match cause {
        Cause::Queue => finding.next("mailbox", json!({"pid": pid}), "its mailbox over time"),
        _ => finding.next("call_tree", json!({"event_id": ledger.text(first.event)}), "what the call did"),
    }
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

/// Messages that stood before this one in the mailbox.
fn ahead_of(scene: &Scene<'_>, callee: ProcessId, message: &Message) -> usize {
    let is_ahead = |other: &Message| {
        other.sent < message.sent
            && match other.handled {
                Some(call) => scene.ledger.call(call).start > message.sent,
                None => matches!(scene.traffic.fate(other), crate::analysis::traffic::Fate::Queued),
            }
    };
    scene.traffic.to(callee).filter(|(_, other)| is_ahead(other)).count()
}

/// What a process spent most of a span on.
pub(super) struct Busy {
    pub(super) text: String,
    pub(super) event: Sym,
    /// Calls of the function.
    pub(super) times: usize,
}

/// When a process was last called back. Callbacks are called one after the other: what began before has ended, recorded
/// or not.
pub(super) fn newest_callback(scene: &Scene<'_>, process: ProcessId) -> Option<Moment> {
    scene.calls_of(process).filter(|(_, call)| call.callback.is_some()).map(|(_, call)| call.start).last()
}

/// The function a process spent most of a span in, itself and not in calls it made.
pub(super) fn busiest(scene: &Scene<'_>, process: ProcessId, since: Moment, until: Moment) -> Option<Busy> {
    let ledger = scene.ledger;
    let mut own: BTreeMap<Sym, (i64, usize, CallId)> = BTreeMap::new();
    let mut total = 0;
    let newest = newest_callback(scene, process);
    for (id, call) in scene.calls_of(process) {
        if call.start >= until {
            break;
        }
        if call.end.is_none() && newest.is_some_and(|newest| call.start < newest) {
            continue;
        }
        let end = call.end.map_or(until.at, |end| end.at.min(until.at));
        let overlap = end.saturating_sub(call.start.at.max(since.at));
        if overlap <= 0 {
            continue;
        }
        if call.parent.is_none() {
            total = overlap.saturating_add(total);
        }
        let entry = own.entry(call.function).or_insert((0, 0, id));
        entry.0 = entry.0.saturating_add(overlap);
        entry.1 += 1;
        if let Some(parent) = call.parent.map(|parent| ledger.call(parent))
            && let Some(entry) = own.get_mut(&parent.function)
        {
            entry.0 = entry.0.saturating_sub(overlap);
        }
    }
    let (function, (ns, times, call)) = own.into_iter().max_by_key(|(function, (ns, ..))| (*ns, *function))?;
    if ns <= 0 {
        return None;
    }
    let call = ledger.call(call);
    let place = scene.traffic.call_place(call).filter(|place| !place.starts_with(':'));
    let place = place.map_or_else(String::new, |place| format!(" called at {place}"));
    let text = format!(
        "{} of {} in {}{place}, {}",
        span(ns),
        span(total.max(ns)),
        terms::home(ledger.text(function)),
        count(times, "call")
    );
    Some(Busy { text, event: call.event, times })
}

fn never_answered(scene: &Scene<'_>, messages: &[MessageId]) -> Finding {
    let ledger = scene.ledger;
    let first = ledger.message(messages[0]);
    let call = first.handled.map(|call| ledger.call(call));
    let callee = first.receiver.map_or_else(String::new, |id| ledger.full_label(id));
    let function = call.map_or_else(String::new, |call| ledger.text(call.function).to_owned());
    let what = format!(
        "{callee} never answered {}: {function} handled {} and returned, and no reply was sent",
        count(messages.len(), "call"),
        scene.traffic.content(first, 60),
    );
    let gave_up = matches!(first.waited, Some((_, Waited::GaveUp)));
    let confidence = if gave_up { Confidence::High } else { Confidence::Medium };
    Finding::new(Kind::NeverAnswered, confidence, first.sent, what)
        .detail(format!("called at {}", scene.traffic.place(first)))
        .shown_by("call", first.event)
        .shown_by("callback", call.map(|call| call.event))
        .shown_by("returned", call.and_then(|call| call.exit))
        .refuted_by("a process that is not traced replying in the callee's place")
        .next("message_flow", json!({"only": "unanswered"}), "every call without an answer")
}

fn late_reply(scene: &Scene<'_>, messages: &[MessageId]) -> Finding {
    let ledger = scene.ledger;
    let late = |id: &MessageId| match scene.traffic.answer(ledger.message(*id)) {
        Answer::Late(ns) => ns,
        _ => 0,
    };
    let first = ledger.message(messages[0]);
    let worst = messages.iter().map(late).max().unwrap_or_default();
    let callee = first.receiver.map_or_else(String::new, |id| ledger.full_label(id));
    let what = format!(
        "{} from {callee} came after the caller had given up, up to {} late: work for nobody, and on OTP before 24 a \
         stray message",
        count(messages.len(), "reply").replace("replys", "replies"),
        span(worst),
    );
    Finding::new(Kind::LateReply, Confidence::High, first.sent, what)
        .shown_by("call", first.event)
        .shown_by("reply", first.reply.map(|reply| ledger.message(reply).event))
        .refuted_by("the caller still taking the reply")
        .next("message_flow", json!({"only": "late"}), "every late reply")
}
