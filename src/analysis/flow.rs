//! Which messages does a question about them mean?

use std::collections::{BTreeMap, BTreeSet};

use super::ledger::{Kind, Ledger, Message, MessageId, ProcessId};
use super::spread::median;
use super::traffic::{Answer, Fate, Traffic};

/// Times the usual time of its callback that a slow message takes, and at least so long.
const SLOW_FACTOR: i64 = 10;
const SLOW_NS: i64 = 1_000_000;

/// Messages of one sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Only {
    /// Sent to nobody, or in a mailbox whose process ended.
    Lost,
    /// Calls without a reply.
    Unanswered,
    /// Far above the usual for their callback.
    Slow,
    /// Calls answered after the caller had given up.
    Late,
}

/// Whose messages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parties {
    /// From or to one of these; empty: of anybody.
    pub(crate) any: BTreeSet<ProcessId>,
    /// Between one of the first and one of the second, either way.
    pub(crate) between: Option<(BTreeSet<ProcessId>, BTreeSet<ProcessId>)>,
}

impl Parties {
    fn has(&self, message: &Message) -> bool {
        let has = |set: &BTreeSet<ProcessId>, party: Option<ProcessId>| party.is_some_and(|party| set.contains(&party));
        let is_any = self.any.is_empty() || has(&self.any, message.sender) || has(&self.any, message.receiver);
        let is_between = self.between.as_ref().is_none_or(|(a, b)| {
            has(a, message.sender) && has(b, message.receiver) || has(b, message.sender) && has(a, message.receiver)
        });
        is_any && is_between
    }
}

/// The call and its first reply, if a message is another reply to it.
pub(crate) fn repeats(ledger: &Ledger, id: MessageId) -> Option<(MessageId, MessageId)> {
    let call = ledger.message(id).answers?;
    let first = ledger.message(call).reply.filter(|first| *first != id)?;
    Some((call, first))
}

/// The messages asked for, in the order they were sent. A reply is told with its call, another one by itself.
pub(crate) fn select(traffic: &Traffic<'_>, parties: &Parties, only: Option<Only>) -> Vec<MessageId> {
    let ledger = traffic.ledger;
    let usual = if only == Some(Only::Slow) { usual(traffic) } else { BTreeMap::new() };
    let is_asked = |(id, message): &(MessageId, &Message)| {
        let is_told = message.answers.is_some() && repeats(ledger, *id).is_none();
        if is_told || !parties.has(message) {
            return false;
        }
        match only {
            None => true,
            Some(Only::Lost) => matches!(traffic.fate(message), Fate::NoProcess | Fate::NoName | Fate::DiedWith),
            Some(Only::Unanswered) => {
                matches!(traffic.answer(message), Answer::Never | Answer::CalleeGone | Answer::Waiting)
            }
            Some(Only::Late) => matches!(traffic.answer(message), Answer::Late(_)),
            Some(Only::Slow) => {
                let usual = message.handled.and_then(|call| usual.get(&ledger.call(call).function));
                let took = took(traffic, message).filter(|took| *took >= SLOW_NS);
                took.zip(usual).is_some_and(|(took, usual)| took >= usual.saturating_mul(SLOW_FACTOR))
            }
        }
    };
    (0..).zip(&ledger.messages).filter(is_asked).map(|(id, _)| id).collect()
}

/// From its send until its callback returned, or its caller had the answer.
pub(crate) fn took(traffic: &Traffic<'_>, message: &Message) -> Option<i64> {
    if let (Kind::Call, Answer::After(ns)) = (message.kind, traffic.answer(message)) {
        return Some(ns);
    }
    let call = traffic.ledger.call(message.handled?);
    message.until(call.end?)
}

/// Median time of the messages of each callback.
fn usual(traffic: &Traffic<'_>) -> BTreeMap<super::ledger::Sym, i64> {
    let mut all: BTreeMap<super::ledger::Sym, Vec<i64>> = BTreeMap::new();
    for message in &traffic.ledger.messages {
        if let (Some(call), Some(took)) = (message.handled, took(traffic, message)) {
            all.entry(traffic.ledger.call(call).function).or_default().push(took);
        }
    }
    let usual = |mut times: Vec<i64>| {
        times.sort_unstable();
        median(&times).max(1)
    };
    all.into_iter().map(|(function, times)| (function, usual(times))).collect()
}
