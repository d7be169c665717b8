//! Who had a process started, when, and what did it do that for?
//!
//! Who asks a supervisor for a process had it started: the supervisor is only a hand.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::scene::Scene;
use super::told::each_argument;
use crate::analysis::ledger::{CallId, Callback, Kind as MessageKind, MessageId, Moment, ProcessId};
use crate::analysis::terms::has;

/// Messages looked through for the one that was passed on.
const MAX_LOOKED: usize = 32;

/// That a process was started for another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handed {
    pub(super) by: ProcessId,
    /// When it was spawned, or asked for.
    pub(super) at: Moment,
}

/// What a process was at when it had another started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// It handled a message.
    Message(MessageId),
    /// It was in a callback for a message of the runtime, or one that was not traced.
    Callback(CallId),
    /// It was in no callback; the innermost call with a name.
    Call(CallId),
}

/// What made a process have another started.
pub(super) struct Order {
    pub(super) cause: Cause,
    /// What it was told; of a call its arguments.
    pub(super) said: String,
    /// Who told it, if another did and was traced.
    pub(super) who: Option<ProcessId>,
}

/// Answers of each process, in the order they were sent, and what each took outside of callbacks, in the order it came.
pub(super) struct Starts {
    replies: HashMap<ProcessId, Vec<MessageId>, FixedState>,
    taken: HashMap<ProcessId, Vec<MessageId>, FixedState>,
}

impl Starts {
    pub(super) fn of(scene: &Scene<'_>) -> Self {
        let ledger = scene.ledger;
        let mut all = Self { replies: HashMap::default(), taken: HashMap::default() };
        for (id, message) in (0..).zip(&ledger.messages) {
            if let (MessageKind::Reply, Some(sender), Some(_)) = (message.kind, message.sender, message.answers) {
                all.replies.entry(sender).or_default().push(id);
            }
            if let (true, None, Some(receiver), Some(_)) =
                (message.kind.is_for_callback(), message.handled, message.receiver, message.received)
            {
                all.taken.entry(receiver).or_default().push(id);
            }
        }
        for taken in all.taken.values_mut() {
            taken.sort_by_key(|id| ledger.message(*id).received);
        }
        all
    }

    /// Messages a process took outside of callbacks before a moment, the newest first.
    pub(super) fn taken(
        &self,
        scene: &Scene<'_>,
        process: ProcessId,
        before: Moment,
    ) -> impl Iterator<Item = MessageId> {
        let taken = self.taken.get(&process).map(Vec::as_slice).unwrap_or_default();
        let came = taken.partition_point(|id| scene.ledger.message(*id).received < Some(before));
        taken[..came].iter().rev().copied()
    }

    /// What made a process have another started; outside of callbacks the newest message that says all of some texts, or
    /// the call it was in.
    pub(super) fn order(&self, scene: &Scene<'_>, handed: Handed, texts: &[&str]) -> Option<Order> {
        let says = |id: &MessageId| {
            let content = scene.traffic.whole(scene.ledger.message(*id));
            texts.iter().all(|text| text.is_empty() || has(&content, text))
        };
        let mut cause = cause(scene, handed)?;
        if let Cause::Call(_) = cause {
            let message = self.taken(scene, handed.by, handed.at).take(MAX_LOOKED).find(says);
            cause = message.map_or(cause, Cause::Message);
        }
        let who = match cause {
            Cause::Message(id) => scene.ledger.message(id).sender.filter(|sender| *sender != handed.by),
            Cause::Callback(_) | Cause::Call(_) => None,
        };
        Some(Order { cause, said: said(scene, cause)?, who })
    }

    /// Who had a process started. Cost: one event of a process that a server started.
    pub(super) fn handed(&self, scene: &Scene<'_>, process: ProcessId) -> Option<Handed> {
        let ledger = scene.ledger;
        let of = ledger.process(process);
        let (parent, (at, _)) = (of.parent?, of.spawn?);
        let direct = Handed { by: parent, at };
        let Some(replies) = self.replies.get(&parent) else { return Some(direct) };
        let next = replies.partition_point(|id| ledger.message(*id).sent < at);
        let Some(reply) = replies.get(next).map(|id| ledger.message(*id)) else { return Some(direct) };
        let pid = format!("#PID{}", ledger.text(of.pid));
        let asked = reply.answers.map(|id| ledger.message(id)).filter(|asked| asked.sent < at);
        match asked.and_then(|asked| Some((asked, asked.sender?))) {
            Some((asked, by)) if scene.traffic.whole(reply).contains(&pid) => Some(Handed { by, at: asked.sent }),
            _ => Some(direct),
        }
    }
}

/// What a process was at when it had another started.
pub(super) fn cause(scene: &Scene<'_>, handed: Handed) -> Option<Cause> {
    let ledger = scene.ledger;
    let open = innermost(scene, handed)?;
    let mut chain = std::iter::once(open).chain(ledger.around(open));
    let handles = chain.find_map(|id| {
        let call = ledger.call(id);
        let is_for_message = matches!(call.callback, Some(Callback::Call | Callback::Cast | Callback::Info));
        match call.message {
            Some(message) => Some(Cause::Message(message)),
            None => is_for_message.then_some(Cause::Callback(id)),
        }
    });
    Some(handles.unwrap_or_else(|| Cause::Call(ledger.named(open))))
}

/// The innermost call that was open then.
fn innermost(scene: &Scene<'_>, handed: Handed) -> Option<CallId> {
    let ledger = scene.ledger;
    let calls = &scene.by_process[handed.by as usize];
    let begun = calls.partition_point(|id| ledger.call(*id).start < handed.at);
    let last = *calls[..begun].last()?;
    let is_open = |id: &CallId| ledger.call(*id).end.is_none_or(|end| end > handed.at);
    std::iter::once(last).chain(ledger.around(last)).find(is_open)
}

/// What was said to a process by what it was at; of a call its arguments.
fn said(scene: &Scene<'_>, cause: Cause) -> Option<String> {
    match cause {
        Cause::Message(id) => Some(scene.traffic.whole(scene.ledger.message(id))),
        Cause::Callback(id) => each_argument(scene, id)?.into_iter().next(),
        Cause::Call(id) => Some(format!("[{}]", each_argument(scene, id)?.join(", "))),
    }
}
