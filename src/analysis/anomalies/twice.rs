//! Who is sent everything twice, where others get it once?
//!
//! A sender tells several processes the same, one after the other; one of them is told twice, again and again. It stands
//! twice in some list: it subscribed twice, and the list does not mind.
//!
//! What it cannot see: a sender with one subscriber, or whose subscribers are all told twice; copies that differ, such as
//! by a number or a reference; messages told to fewer than three rounds; a sender that was not traced.

use std::collections::BTreeMap;

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use crate::analysis::found::{Found, Process, Subscribed, Twice};
use crate::analysis::ledger::{Callback, Kind as MessageKind, MessageId, Moment, ProcessId, Sym};
use crate::analysis::value::{Kind as Form, Value, is_cut};
use crate::error::Result;

/// Rounds in which one was told twice: fewer may be chance.
const FEWEST: usize = 3;

/// Messages of a round follow each other within so long.
const GAP_NS: i64 = 2_000_000;

/// Messages that are read to be compared, of one sender.
const MAX_READ: usize = 5_000;

/// Messages with the same content from one place, one right after the other.
struct Round {
    /// How often each was told, in the order they were first told.
    told: BTreeMap<ProcessId, Vec<MessageId>>,
}

/// Rounds in which a receiver was told twice, and in how many once.
#[derive(Default)]
struct Doubled {
    twice: Vec<(MessageId, MessageId)>,
    /// Most that it was told the same.
    most: usize,
    /// Rounds between them in which it was told once, and those since the last of them.
    once: usize,
    since: usize,
    /// Others of those rounds that were told once.
    others: BTreeMap<ProcessId, usize>,
}

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    let mut by_sender: BTreeMap<(ProcessId, Option<Sym>), Vec<MessageId>> = BTreeMap::new();
    for (id, message) in (0..).zip(&ledger.messages) {
        let is_told = matches!(message.kind, MessageKind::Info | MessageKind::Cast) && message.is_sent_traced;
        if let (true, Some(sender), Some(receiver)) = (is_told, message.sender, message.receiver)
            && sender != receiver
        {
            by_sender.entry((sender, message.site)).or_default().push(id);
        }
    }
    for ((sender, _), messages) in by_sender {
        if messages.len() >= 3 * FEWEST {
            scene.checked()?;
            let rounds = rounds(scene, &messages);
            for (receiver, doubled) in doubled(&rounds) {
                found.extend(describe(scene, sender, receiver, &doubled));
            }
        }
    }
    Ok(())
}

fn rounds(scene: &Scene<'_>, messages: &[MessageId]) -> Vec<Round> {
    let ledger = scene.ledger;
    let sent = |id: &MessageId| ledger.message(*id).sent;
    let bursts = messages.chunk_by(|a, b| sent(b).since(sent(a)) <= GAP_NS);
    let (mut rounds, mut read) = (Vec::new(), 0);
    for burst in bursts {
        let mut receivers: Vec<ProcessId> = burst.iter().filter_map(|id| ledger.message(*id).receiver).collect();
        receivers.sort_unstable();
        receivers.dedup();
        // Nobody can have been told twice, or nobody else was told anything.
        if receivers.len() == burst.len() && rounds.is_empty() || receivers.len() < 2 || read > MAX_READ {
            continue;
        }
        read += burst.len();
        let mut contents: BTreeMap<String, Round> = BTreeMap::new();
        for id in burst {
            let message = ledger.message(*id);
            let content = scene.traffic.whole(message);
            // What is not whole may differ where it is not seen.
            if content.is_empty() || is_cut(&content) || content.contains("[REDACTED]") {
                continue;
            }
            let round = contents.entry(content).or_insert_with(|| Round { told: BTreeMap::new() });
            if let Some(receiver) = message.receiver {
                round.told.entry(receiver).or_default().push(*id);
            }
        }
        rounds.extend(contents.into_values().filter(|round| round.told.len() > 1));
    }
    rounds
}

/// Those that are told twice as a rule, while others are told once.
fn doubled(rounds: &[Round]) -> BTreeMap<ProcessId, Doubled> {
    let mut all: BTreeMap<ProcessId, Doubled> = BTreeMap::new();
    for round in rounds {
        for (receiver, told) in &round.told {
            match (told.as_slice(), all.get_mut(receiver)) {
                ([_], Some(known)) => known.since += 1,
                ([first, second, ..], _) => {
                    let of = all.entry(*receiver).or_default();
                    of.most = of.most.max(told.len());
                    // It may not be told twice any more.
                    of.once += std::mem::take(&mut of.since);
                    of.twice.push((*first, *second));
                    for (other, told) in &round.told {
                        if told.len() == 1 {
                            *of.others.entry(*other).or_default() += 1;
                        }
                    }
                }
                _ => {}
            }
        }
    }
    // Others have to have been there, and been told once, nearly every time.
    all.retain(|_, of| {
        let n = of.twice.len();
        n >= FEWEST && of.once * 5 <= n && of.others.values().any(|times| times * 5 >= n * 4)
    });
    all
}

fn describe(scene: &Scene<'_>, sender: ProcessId, receiver: ProcessId, doubled: &Doubled) -> Option<Finding> {
    let ledger = scene.ledger;
    let (first, second) = *doubled.twice.first()?;
    let (first, second) = (ledger.message(first), ledger.message(second));
    let n = doubled.twice.len();
    let always = doubled.others.values().filter(|times| *times * 5 >= n * 4).count();
    let is_word = matches!(Value::read(&scene.traffic.whole(first)).kind, Form::Atom(_));
    let asked_for = asked_for(scene, sender, receiver, first.sent);
    // Who has asked for different things is told once for each.
    let mut wishes: Vec<String> = asked_for.iter().map(|id| scene.traffic.whole(ledger.message(*id))).collect();
    wishes.sort_unstable();
    let asked_times = wishes.len();
    wishes.dedup();
    if asked_times >= doubled.most && wishes.len() == asked_times && asked_times > 1 {
        return None;
    }
    let last_asked = asked_for.last().map(|id| ledger.message(*id));
    let asked = last_asked.map(|message| {
        let pattern = scene.traffic.pattern(message);
        let times = asked_for.iter().filter(|id| scene.traffic.pattern(ledger.message(**id)) == pattern).count();
        Subscribed { pattern, times, last: scene.traffic.content(message, 60), sent: scene.traffic.place(message) }
    });
    let twice = Twice {
        sender: Process::of(ledger, sender),
        receiver: Process::of(ledger, receiver),
        pattern: scene.traffic.pattern(first),
        most: doubled.most,
        times: n,
        others: always,
        first: scene.traffic.content(first, 80),
        sent: scene.traffic.place(first),
        asked,
    };
    // The same word may be said to each in turn.
    let confidence = if n >= 2 * FEWEST && !is_word { Confidence::High } else { Confidence::Medium };
    let finding = Finding::of(Kind::DeliveredTwice, confidence, first.sent, Found::Twice(twice))
        .shown_by("asked_again", last_asked.map(|message| message.event))
        .shown_by("first", first.event)
        .shown_by("again", second.event)
        .shown_by("last_again", ledger.message(doubled.twice.last()?.1).event);
    Some(finding)
}

/// Messages of a receiver that changed the sender's state before a moment, in that order.
fn asked_for(scene: &Scene<'_>, sender: ProcessId, receiver: ProcessId, before: Moment) -> Vec<MessageId> {
    let ledger = scene.ledger;
    let calls = scene.calls_of(sender).map(|(_, call)| call).take_while(|call| call.start < before);
    calls
        .filter(|call| matches!(call.callback, Some(Callback::Call | Callback::Cast | Callback::Info)))
        .filter(|call| call.change.is_some())
        .filter_map(|call| call.message)
        .filter(|id| ledger.message(*id).sender == Some(receiver))
        .collect()
}
