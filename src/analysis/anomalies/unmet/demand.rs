//! Which two processes speak of demand? One asks for so many, the other gives as many in time.
//!
//! Told by the shapes of their messages alone: all asks are of one shape with one number in it, all deliveries of one
//! shape with one list in it, or of one pattern without, which are one each; and never was more given than asked for.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

use super::said::{Said, said};
use crate::analysis::anomalies::scene::Scene;
use crate::analysis::ledger::{Clocks, Message, MessageId, Moment, ProcessId};
use crate::error::Result;

/// Shorter silence is a pause.
const SHORTEST_NS: i64 = 100_000_000;

/// Times the longest pause that silence is long.
const PAUSES: i64 = 5;

/// Of so many parts of the time before it silence is at least one.
const SHARE: i64 = 10;

/// Messages between two processes that are read, and of all.
const MAX_TALK: usize = 4_000;
const MAX_READ: usize = 20_000;

/// What was said so often before the last delivery belongs to the flow.
const USUAL: usize = 3;

/// An ask or a delivery, and of how many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) message: MessageId,
    pub(super) count: u64,
}

/// What one process asked another for, and was given.
#[derive(Debug)]
pub(super) struct Demand {
    pub(super) asker: ProcessId,
    pub(super) giver: ProcessId,
    pub(super) asks: Vec<Part>,
    pub(super) gifts: Vec<Part>,
    pub(super) asked: u64,
    pub(super) given: u64,
    /// Whether it was given one by one.
    pub(super) is_single: bool,
    pub(super) first: Moment,
    /// The longest time between two of its messages.
    pub(super) pause: i64,
}

impl Demand {
    /// Asked for and not given.
    pub(super) const fn open(&self) -> u64 {
        self.asked - self.given
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &Part> {
        self.asks.iter().chain(&self.gifts)
    }
}

/// Whether a time without a message is too long for a pause, of those who had paused so long at most and had talked for
/// so long.
pub(super) const fn is_silence(ns: i64, pause: i64, talked: i64) -> bool {
    ns >= SHORTEST_NS && ns >= pause.saturating_mul(PAUSES) && ns.saturating_mul(SHARE) >= talked
}

/// Two processes, the lower number first.
type Pair = (ProcessId, ProcessId);

/// When two processes talked.
struct Talk {
    /// Messages there and back.
    said: [usize; 2],
    first: i64,
    last: i64,
    pause: i64,
}

/// The pair a message belongs to, and whether it goes from the second to the first.
fn pair(message: &Message) -> Option<(Pair, bool)> {
    let (sender, receiver) = (message.sender?, message.receiver?);
    let is_between = message.kind.is_for_callback() && sender != receiver;
    is_between.then(|| ((sender.min(receiver), sender.max(receiver)), sender > receiver))
}

/// Every demand between two processes that have been silent for long, in the order of their numbers.
pub(super) fn all(scene: &Scene<'_>) -> Result<Vec<Demand>> {
    let ledger = scene.ledger;
    let Some((_, newest)) = ledger.span() else { return Ok(Vec::new()) };
    let mut talks: HashMap<Pair, Talk, FixedState> = HashMap::default();
    for message in &ledger.messages {
        let Some((pair, is_back)) = pair(message) else { continue };
        let at = message.sent.at;
        let talk = talks.entry(pair).or_insert(Talk { said: [0; 2], first: at, last: at, pause: 0 });
        talk.said[usize::from(is_back)] += 1;
        talk.pause = talk.pause.max(at.saturating_sub(talk.last));
        talk.last = at;
    }
    // Most pairs talk to the end, or one of them says nothing.
    talks.retain(|_, talk| {
        let silence = newest.saturating_sub(talk.last);
        talk.said.iter().all(|n| (1..=MAX_TALK).contains(n))
            && is_silence(silence, talk.pause, talk.last.saturating_sub(talk.first))
    });
    if talks.len() < 2 {
        return Ok(Vec::new());
    }
    scene.checked()?;
    let mut pairs: BTreeMap<Pair, Vec<(MessageId, bool)>> = BTreeMap::new();
    for (id, message) in (0..).zip(&ledger.messages) {
        if let Some((pair, is_back)) = pair(message).filter(|(pair, _)| talks.contains_key(pair)) {
            pairs.entry(pair).or_default().push((id, is_back));
        }
    }
    let (mut demands, mut read) = (Vec::new(), 0);
    for (pair, talk) in pairs {
        if read > MAX_READ {
            break;
        }
        scene.checked()?;
        demands.extend(demand(scene, pair, &talk, &mut read));
    }
    Ok(demands)
}

fn demand(scene: &Scene<'_>, pair: Pair, talk: &[(MessageId, bool)], read: &mut usize) -> Option<Demand> {
    let last = |back: bool| {
        let (id, _) = talk.iter().rev().find(|(_, is_back)| *is_back == back)?;
        said(scene, *id)
    };
    let (there, back) = (last(false)?, last(true)?);
    *read += 2;
    // The last words are of the flow, too: most pairs need no more reading.
    let may_ask = |ask: &Said, gift: &Said| ask.is_ask() && gift.may_be_gift();
    let (is_there, is_back) = (may_ask(&there, &back), may_ask(&back, &there));
    if !is_there && !is_back {
        return None;
    }
    *read += talk.len();
    let said: Vec<(MessageId, bool, Said)> =
        talk.iter().map(|(id, is_back)| Some((*id, *is_back, said(scene, *id)?))).collect::<Option<_>>()?;
    let forth = is_there.then(|| asked(scene, (pair.0, pair.1), false, (&there, &back), &said)).flatten();
    let other = is_back.then(|| asked(scene, (pair.1, pair.0), true, (&back, &there), &said)).flatten();
    match (forth, other) {
        (Some(_), Some(_)) => None,
        (forth, other) => forth.or(other),
    }
}

/// What two processes said, as demand of the first; `is_asked_back`: of the one with the higher number.
fn asked(
    scene: &Scene<'_>,
    (from, to): (ProcessId, ProcessId),
    is_asked_back: bool,
    (ask, gift): (&Said, &Said),
    said: &[(MessageId, bool, Said)],
) -> Option<Demand> {
    let ledger = scene.ledger;
    let is_single = gift.lists.is_empty();
    let (mut asks, mut gifts) = (Vec::new(), Vec::new());
    let (mut asked, mut given, mut pause) = (0_u64, 0_u64, 0);
    let (mut at, mut first): (Option<Moment>, Option<Moment>) = (None, None);
    let mut others: HashMap<(bool, &str), Vec<Moment>, FixedState> = HashMap::default();
    for (id, is_back, one) in said {
        let message = ledger.message(*id);
        let is_of_asker = *is_back == is_asked_back;
        let is_gift = if is_single { one.pattern == gift.pattern } else { one.shape == gift.shape };
        if message.clocks != Clocks::One {
            return None;
        } else if is_of_asker && one.shape == ask.shape {
            asked = asked.checked_add(one.numbers[0])?;
            asks.push(Part { message: *id, count: one.numbers[0] });
        } else if !is_of_asker && is_gift {
            let count = if is_single { 1 } else { one.lists[0] };
            given += count;
            gifts.push(Part { message: *id, count });
        } else {
            // Which of them counts is not known.
            let may_count = if is_of_asker { one.is_ask() } else { one.lists.len() == 1 };
            if may_count {
                return None;
            }
            // A process says so to the one that starts it.
            if first.is_some() && !scene.traffic.whole(message).starts_with("{:ack, ") {
                others.entry((*is_back, &one.shape)).or_default().push(message.sent);
            }
            continue;
        }
        if given > asked {
            return None;
        }
        pause = at.map_or(0, |at| message.sent.since(at)).max(pause);
        at = Some(message.sent);
        first = first.or(at);
    }
    // What is said once meanwhile may have ended it: that all is done, or that no more is wanted.
    let is_usual = |said: &Vec<Moment>| said.len() >= USUAL && said.last() < at.as_ref();
    let is_demand = given > 0 && others.values().all(is_usual);
    is_demand.then_some(Demand { asker: from, giver: to, asks, gifts, asked, given, is_single, first: first?, pause })
}
