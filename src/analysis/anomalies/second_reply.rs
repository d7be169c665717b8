//! Which calls were answered twice?
//!
//! *Exactly once*: a call has one reply. A callback that answers with `GenServer.reply/2` and returns a reply as well sends
//! two; so do two processes that both think they are the one to answer.
//!
//! What it cannot see: replies of processes that are not traced; a second answer without the reference of its call.

use std::collections::BTreeMap;

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use super::told::{answer_in, result};
use crate::analysis::found::{Found, Given, Process, SecondReply};
use crate::analysis::ledger::payload::{Payload, text};
use crate::analysis::ledger::{Kind as MessageKind, Message, MessageId, ProcessId, Sym};
use crate::analysis::value::envelope;
use crate::error::Result;

/// By who answered first and again, and the callback that took the call: the calls, each with its second reply.
type Doubled = BTreeMap<(Option<ProcessId>, Option<ProcessId>, Option<Sym>), Vec<(MessageId, MessageId)>>;

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    let mut again: BTreeMap<MessageId, Vec<MessageId>> = BTreeMap::new();
    for (id, reply) in (0..).zip(&ledger.messages) {
        let call = reply.answers.filter(|_| reply.kind == MessageKind::Reply && reply.is_sent_traced);
        if let Some(call) = call.filter(|call| ledger.message(*call).reply != Some(id)) {
            again.entry(call).or_default().push(id);
        }
    }
    let mut doubled: Doubled = BTreeMap::new();
    for (call, replies) in again {
        // A question with many answers is a stream.
        let ([second], Some(first)) = (replies.as_slice(), ledger.message(call).reply) else { continue };
        let by = (ledger.message(first).sender, ledger.message(*second).sender);
        let handler = ledger.message(call).handled.map(|call| ledger.call(call).function);
        doubled.entry((by.0, by.1, handler)).or_default().push((call, *second));
    }
    for ((_, _, handler), calls) in doubled {
        scene.checked()?;
        found.extend(described(scene, handler, &calls));
    }
    Ok(())
}

fn described(scene: &Scene<'_>, handler: Option<Sym>, calls: &[(MessageId, MessageId)]) -> Option<Finding> {
    let ledger = scene.ledger;
    let (call, second) = *calls.first()?;
    let (call, second) = (ledger.message(call), ledger.message(second));
    let first = ledger.message(call.reply?);
    let handling = call.handled.map(|call| ledger.call(call));
    let returned = call.handled.and_then(|call| result(scene, call));
    let returned = returned.as_deref().and_then(answer_in);
    let is_returned = |reply: &Message| {
        let is_after = handling.is_some_and(|callback| {
            reply.sender == Some(callback.process)
                && callback.end.is_some_and(|end| end < reply.sent)
                && reply.sent_in.is_none_or(|within| Some(within) == callback.parent)
        });
        is_after && returned.is_some_and(|returned| envelope::content(&written(scene, reply)) == returned)
    };
    let given = |reply: MessageId| {
        let reply = ledger.message(reply);
        Some(Given {
            by: Process::of(ledger, reply.sender?),
            content: scene.traffic.content(reply, 60),
            sent: if is_returned(reply) { None } else { Some(scene.traffic.place(reply)) },
        })
    };
    // Which of two nodes' clocks is ahead is not known.
    let node = |reply: &Message| reply.sender.and_then(|sender| ledger.process(sender).node);
    let is_one_clock = node(first) == node(second);
    let it = SecondReply {
        asker: Process::of(ledger, call.sender?),
        calls: calls.len(),
        function: handler.map(|function| ledger.text(function).to_owned()),
        asked: scene.traffic.content(call, 60),
        first: given(call.reply?)?,
        second: given(calls.first()?.1)?,
        after_ns: is_one_clock.then(|| second.sent.since(first.sent)),
        received: calls.iter().filter(|(_, second)| ledger.message(*second).received.is_some()).count(),
    };
    // A protocol of its own may have two messages for a question.
    let is_gen = written(scene, call).starts_with("{:\"$gen_call\", ")
        && [first, second].iter().all(|reply| is_reply(&written(scene, reply)));
    let confidence = if is_gen { Confidence::High } else { Confidence::Medium };
    let finding = Finding::of(Kind::SecondReply, confidence, second.sent, Found::SecondReply(Box::new(it)))
        .shown_by("call", call.event)
        .shown_by("reply", first.event)
        .shown_by("second_reply", second.event)
        .shown_by("callback", call.handled.map(|call| ledger.call(call).event));
    Some(finding)
}

/// A message as it was sent.
fn written(scene: &Scene<'_>, message: &Message) -> String {
    let event = scene.ledger.event(message.event);
    event.and_then(|event| Some(text(Payload::read(event.data()).message)?.into_owned())).unwrap_or_default()
}

/// Whether a message is a reply as `GenServer` sends them: `{ref, answer}`.
fn is_reply(message: &str) -> bool {
    envelope::content(message).len() < message.len()
}
