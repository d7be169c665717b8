//! What clients had an `Agent` do, in the order it did it.

use std::collections::{BTreeMap, HashSet};

use super::exchanged::reply;
use crate::analysis::anomalies::scene::Scene;
use crate::analysis::anomalies::told::{each_argument, result};
use crate::analysis::ledger::{CallId, Kind as MessageKind, MessageId, Outcome, ProcessId};
use crate::analysis::value::{Value, is_cut};

/// Functions of one agent that are looked at.
const MAX_OPS: usize = 10_000;

/// A function an agent called for a client.
pub(super) struct Op {
    pub(super) call: CallId,
    pub(super) message: MessageId,
    pub(super) client: ProcessId,
    pub(super) does: Does,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    Reads,
    Updates,
    /// It gives an answer and a new state.
    Both,
}

impl Op {
    pub(super) fn writes(&self) -> bool {
        self.does != Does::Reads
    }

    /// What its client was answered.
    pub(super) fn answer(&self, scene: &Scene<'_>) -> Option<String> {
        reply(scene, scene.ledger.message(self.message))
    }

    /// `None`: not all of it was recorded.
    pub(super) fn change(&self, scene: &Scene<'_>) -> Option<Change> {
        let mut given = each_argument(scene, self.call)?;
        if given.is_empty() || scene.ledger.call(self.call).outcome != Outcome::Returned {
            return None;
        }
        let before = given.remove(0);
        let result = result(scene, self.call)?;
        let after = match self.does {
            Does::Reads => before.clone(),
            Does::Updates => result,
            Does::Both => match Value::read(&result).tuple()? {
                [_, state] => state.text.to_owned(),
                _ => return None,
            },
        };
        (!is_cut(&before) && !is_cut(&after)).then_some(Change { before, after, given })
    }
}

/// What a function made of the state.
pub(super) struct Change {
    pub(super) before: String,
    pub(super) after: String,
    /// What it was given beside the state: its arguments, or what it was made with.
    pub(super) given: Vec<String>,
}

/// Agents, with what each did. Of one that did something for an unknown client, nothing.
pub(super) fn agents(scene: &Scene<'_>) -> BTreeMap<ProcessId, Vec<Op>> {
    let ledger = scene.ledger;
    let mut calls: BTreeMap<ProcessId, Vec<CallId>> = BTreeMap::new();
    for (id, call) in (0..).zip(&ledger.calls).filter(|(_, call)| call.parent.is_none()) {
        if call.site.is_some_and(|site| ledger.text(site).starts_with("Agent.Server.handle_")) {
            calls.entry(call.process).or_default().push(id);
        }
    }
    if calls.is_empty() {
        return BTreeMap::new();
    }
    let mut messages: BTreeMap<ProcessId, Vec<MessageId>> = BTreeMap::new();
    for (id, message) in (0..).zip(&ledger.messages) {
        let asks = matches!(message.kind, MessageKind::Call | MessageKind::Cast);
        if let Some(agent) = message.receiver.filter(|receiver| asks && calls.contains_key(receiver)) {
            messages.entry(agent).or_default().push(id);
        }
    }
    let ops = |(agent, calls): (ProcessId, Vec<CallId>)| {
        let messages = messages.get(&agent)?;
        Some((agent, ops(scene, &calls[..calls.len().min(MAX_OPS)], messages)?))
    };
    calls.into_iter().filter_map(ops).collect()
}

fn ops(scene: &Scene<'_>, calls: &[CallId], messages: &[MessageId]) -> Option<Vec<Op>> {
    let ledger = scene.ledger;
    let is_cast = |call: &CallId| {
        ledger.call(*call).site.is_some_and(|site| ledger.text(site).starts_with("Agent.Server.handle_cast"))
    };
    let (casts, asked): (Vec<CallId>, Vec<CallId>) = calls.iter().partition(|call| is_cast(call));
    let (sent, mut told): (Vec<MessageId>, Vec<MessageId>) =
        messages.iter().partition(|id| ledger.message(**id).kind == MessageKind::Cast);
    let mut ops = casts_of(scene, &casts, sent)?;
    // An agent answers before it does anything else: its last function before an answer was called for that.
    let answered = |id: &MessageId| ledger.message(*id).reply.map(|reply| ledger.message(reply).sent);
    told.retain(|id| answered(id).is_some());
    told.sort_by_key(answered);
    let mut used: HashSet<CallId> = HashSet::new();
    for message in told {
        let Some(sent) = answered(&message) else { continue };
        let before = asked.partition_point(|call| ledger.call(*call).start < sent);
        let Some(call) = before.checked_sub(1).map(|at| asked[at]) else { continue };
        let is_over = ledger.call(call).end.is_some_and(|end| end < sent);
        let Some(does) = does(scene, message) else { continue };
        if is_over && used.insert(call) {
            let client = ledger.message(message).sender?;
            ops.push(Op { call, message, client, does });
        }
    }
    ops.sort_by_key(|op| ledger.call(op.call).start);
    Some(ops)
}

/// Casts, which it takes in the order they came; `None`: some of it was not recorded.
fn casts_of(scene: &Scene<'_>, calls: &[CallId], mut sent: Vec<MessageId>) -> Option<Vec<Op>> {
    let ledger = scene.ledger;
    if calls.is_empty() {
        return Some(Vec::new());
    }
    let came = |id: &MessageId| ledger.message(*id).received;
    if calls.len() != sent.len() || sent.iter().any(|id| came(id).is_none()) {
        return None;
    }
    sent.sort_by_key(came);
    let op = |(call, message): (&CallId, MessageId)| {
        let client = ledger.message(message).sender?;
        Some(Op { call: *call, message, client, does: Does::Updates })
    };
    calls.iter().zip(sent).map(op).collect()
}

fn does(scene: &Scene<'_>, message: MessageId) -> Option<Does> {
    let content = scene.traffic.whole(scene.ledger.message(message));
    match content.split_once(", ")?.0 {
        "{:get" => Some(Does::Reads),
        "{:update" => Some(Does::Updates),
        "{:get_and_update" => Some(Does::Both),
        _ => None,
    }
}
