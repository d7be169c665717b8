//! Who waits for what was asked for and never comes, though somebody before still holds it?
//!
//! In a flow that is driven by demand each stage asks the one before it for so many and is given as many in time. A stage
//! that drops some of what it is given and asks for no others uses up the demand of all behind it: every message is
//! answered, nobody fails, and nothing moves.
//!
//! The law: a stage owes what it was asked for and was given all it had asked for; it took more than it passed on and has
//! no room for the rest; the flow has come to rest (`quiet.rs`); a stage before it holds more of what it gave (`stock.rs`).
//!
//! What it cannot see: states or contents that were cut or are not told; demand that is no number; a stage that asks for
//! too little, or forgets an ask; asks by a timer; a stage with a loop that is not OTP's.

mod demand;
mod quiet;
mod said;
mod stock;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use super::words::{count, span};
use crate::analysis::ledger::{CallId, Ledger, Moment, ProcessId, Sym};
use crate::analysis::terms;
use crate::error::Result;

use demand::{Demand, is_silence};
use quiet::Flow;
use stock::{Stock, handing, held, room};

/// Stages from the one that owes to the one that holds.
const MAX_UP: usize = 8;

/// Demands that are told of those that are not met, and of those that are.
const MAX_TOLD: usize = 2;

/// Demands by a process, by their place.
type By = BTreeMap<ProcessId, Vec<usize>>;

/// A flow that stopped.
struct Stall<'d> {
    /// The stage that owes.
    stage: ProcessId,
    /// What it owes to whom.
    downs: Vec<&'d Demand>,
    /// What it was given.
    ups: Vec<&'d Demand>,
    /// All demands of the flow: what it owes, what those behind it owe, what is met.
    all: Vec<&'d Demand>,
    holder: ProcessId,
    stock: Stock,
    since: Moment,
    silence: i64,
    pause: i64,
}

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let demands = demand::all(scene)?;
    let (mut by_giver, mut by_asker) = (By::new(), By::new());
    for (at, demand) in demands.iter().enumerate() {
        by_giver.entry(demand.giver).or_default().push(at);
        by_asker.entry(demand.asker).or_default().push(at);
    }
    for (stage, ups) in &by_asker {
        let Some(downs) = by_giver.get(stage) else { continue };
        let of = |places: &[usize]| places.iter().map(|at| &demands[*at]).collect::<Vec<_>>();
        let (downs, ups) = (of(downs), of(ups));
        let is_owing = downs.iter().all(|one| one.open() > 0) && ups.iter().all(|one| one.open() == 0);
        // An answer for a number may be no delivery, unless the number is passed on.
        let is_single = downs.iter().chain(&ups).any(|one| one.is_single);
        let asked = |side: &[&Demand]| side.iter().fold(0, |all: u64, one| all.saturating_add(one.asked));
        if !is_owing || sum(&ups) <= sum(&downs) || is_single && asked(&ups) != asked(&downs) {
            continue;
        }
        scene.checked()?;
        let stall = stall(scene, &demands, (&by_giver, &by_asker), (*stage, downs, ups));
        found.extend(stall.map(|stall| describe(scene, &stall)));
    }
    Ok(())
}

fn sum(demands: &[&Demand]) -> u64 {
    demands.iter().map(|one| one.given).sum()
}

fn stall<'d>(
    scene: &Scene<'_>,
    demands: &'d [Demand],
    (by_giver, by_asker): (&By, &By),
    (stage, downs, ups): (ProcessId, Vec<&'d Demand>, Vec<&'d Demand>),
) -> Option<Stall<'d>> {
    let of = |by: &By, process: ProcessId| by.get(&process).cloned().unwrap_or_default();
    let mut all: Vec<usize> = of(by_giver, stage);
    let mut known: BTreeSet<usize> = all.iter().copied().collect();
    // Those behind wait with it.
    let mut at = 0;
    while at < all.len() {
        let behind = of(by_giver, demands[all[at]].asker);
        all.extend(behind.into_iter().filter(|one| known.insert(*one)));
        at += 1;
    }
    let (mut level, mut holder) = (vec![stage], None);
    for _ in 0..MAX_UP {
        let before: Vec<usize> = level.iter().flat_map(|one| of(by_asker, *one)).collect();
        // Who waits for others itself is told of there.
        if before.is_empty() || before.iter().any(|at| demands[*at].open() > 0 || !known.insert(*at)) {
            return None;
        }
        level = before.iter().map(|at| demands[*at].giver).collect();
        level.dedup();
        all.extend(before);
        holder = level.iter().find_map(|giver| {
            let gifts = of(by_giver, *giver).into_iter().flat_map(|at| &demands[at].gifts);
            Some((*giver, held(scene, *giver, gifts)?))
        });
        if holder.is_some() {
            break;
        }
    }
    let (holder, stock) = holder?;
    let lost = sum(&ups) - sum(&downs);
    let passed = downs.iter().flat_map(|one| &one.gifts);
    if room(scene, stage, passed)? >= lost {
        return None;
    }
    let all: Vec<&Demand> = all.into_iter().map(|at| &demands[at]).collect();
    let flow = Flow::new(scene, all.clone())?;
    let since = flow.at_rest_since().filter(|_| flow.told_elsewhere(stage) < lost)?;
    let (silence, pause) = (newest(scene.ledger, stage).saturating_sub(since.at), flow.pause());
    let is_long = is_silence(silence, pause, since.since(flow.first()));
    is_long.then_some(Stall { stage, downs, ups, all, holder, stock, since, silence, pause })
}

/// When anything was last recorded in the session of a process.
fn newest(ledger: &Ledger, of: ProcessId) -> i64 {
    let session = ledger.process(of).session;
    let is_of = |process: ProcessId| ledger.process(process).session == session;
    let calls = ledger.calls.iter().filter(|call| is_of(call.process));
    let calls = calls.map(|call| call.end.map_or(call.start.at, |end| end.at));
    let messages = ledger.messages.iter().filter(|message| message.sender.is_some_and(is_of));
    calls.chain(messages.map(|message| message.sent.at)).max().unwrap_or(i64::MIN)
}

/// The call in which the stage passed on the least of what it had taken: its event, what it took and passed on.
fn dropping(scene: &Scene<'_>, stall: &Stall<'_>) -> Option<(CallId, u64, u64)> {
    let mut calls: BTreeMap<CallId, (u64, u64)> = BTreeMap::new();
    for gift in stall.ups.iter().flat_map(|one| &one.gifts) {
        if let Some(call) = scene.ledger.message(gift.message).handled {
            calls.entry(call).or_default().0 += gift.count;
        }
    }
    for gift in stall.downs.iter().flat_map(|one| &one.gifts) {
        if let Some(of) = handing(scene, stall.stage, gift).and_then(|call| calls.get_mut(&call)) {
            of.1 += gift.count;
        }
    }
    let dropped = |(_, (taken, passed)): &(CallId, (u64, u64))| taken.saturating_sub(*passed);
    let first = calls.into_iter().rev().max_by_key(dropped)?;
    (dropped(&first) > 0).then_some((first.0, first.1.0, first.1.1))
}

/// `Sink asked Sieve for 15 in 2 messages, {:ask, _}, the last at Sink.more/1 (sink.ex:5), and was given 7 in 2, {:items, _}`.
fn told(scene: &Scene<'_>, demand: &Demand) -> String {
    let ledger = scene.ledger;
    let (ask, gift) = (demand.asks[demand.asks.len() - 1], demand.gifts[demand.gifts.len() - 1]);
    let (ask, gift) = (ledger.message(ask.message), ledger.message(gift.message));
    let last = if demand.asks.len() > 1 { "the last " } else { "" };
    format!(
        "{} asked {} for {} in {}, {}, {last}at {}; it was given {} in {}, {}",
        ledger.label(demand.asker),
        ledger.label(demand.giver),
        demand.asked,
        count(demand.asks.len(), "message"),
        scene.traffic.pattern(ask),
        scene.traffic.place(ask),
        demand.given,
        demand.gifts.len(),
        scene.traffic.pattern(gift),
    )
}

fn describe(scene: &Scene<'_>, stall: &Stall<'_>) -> Finding {
    let ledger = scene.ledger;
    let down = stall.downs[0];
    let stage = ledger.label(stall.stage);
    let is_begun = |process: &ProcessId| ledger.process(*process).spawn.is_some();
    let is_whole = stall.all.iter().flat_map(|one| [one.asker, one.giver]).all(|process| is_begun(&process));
    // Before the recording more may have been asked for.
    let at_least = if is_whole { "" } else { "at least " };
    let (taken, passed) = (sum(&stall.ups), sum(&stall.downs));
    let givers: Vec<String> = stall.ups.iter().map(|one| ledger.full_label(one.giver)).collect();
    let is_near = stall.ups.iter().any(|one| one.giver == stall.holder);
    let holder = if is_near { ledger.label(stall.holder) } else { ledger.full_label(stall.holder) };
    let what = format!(
        "{} waits for {at_least}{} more: it asked {} for {} and was given {}; {stage} was given all {taken} that it had \
         asked {} for, passed on {passed} and asks for no more, while {holder} still holds {}; nothing was asked or given \
         in the last {} of the recording",
        ledger.full_label(down.asker),
        down.open(),
        ledger.full_label(stall.stage),
        down.asked,
        down.given,
        givers.join(" and "),
        stall.stock.count,
        span(stall.silence),
    );
    let is_repeated = [&stall.downs, &stall.ups].iter().all(|side| side.iter().any(|one| one.gifts.len() > 1));
    let confidence = if is_whole && is_repeated { Confidence::Medium } else { Confidence::Low };
    let mut finding = Finding::new(Kind::UnmetDemand, confidence, stall.since, what);
    let drops = dropping(scene, stall);
    let lost = taken - passed;
    if let Some((call, taken, passed)) = drops {
        let function = terms::home(ledger.text(ledger.call(call).function));
        let gifts = stall.downs.iter().flat_map(|one| &one.gifts);
        let sent = gifts.filter(|gift| handing(scene, stall.stage, gift) == Some(call)).last();
        let at = sent.map_or_else(String::new, |gift| {
            format!(", sent at {}", scene.traffic.place(ledger.message(gift.message)))
        });
        finding = finding.detail(format!(
            "{function} of {stage} took {taken} and passed on {passed}{at}; no list or map in its state is long enough for \
             the {lost} that are missing"
        ));
    }
    let unmet = stall.all.iter().filter(|one| one.open() > 0).take(MAX_TOLD);
    for demand in unmet.chain(stall.ups.iter().take(MAX_TOLD)) {
        finding = finding.detail(told(scene, demand));
    }
    let place = if stall.stock.path.is_empty() { "its state".to_owned() } else { format!("`{}`", stall.stock.path) };
    let event = |call: CallId| -> Sym { ledger.call(call).event };
    finding
        .detail(format!(
            "{} holds the {} in {place}; all asks and deliveries were handled, each came of another, and the longest pause \
             between two of them was {}",
            ledger.label(stall.holder),
            stall.stock.count,
            span(stall.pause),
        ))
        .shown_by("last_ask", down.asks.last().map(|part| ledger.message(part.message).event))
        .shown_by("last_given", down.gifts.last().map(|part| ledger.message(part.message).event))
        .shown_by("dropped_in", drops.map(|(call, ..)| event(call)))
        .shown_by("holds", stall.stock.event)
        .refuted_by("a stage that stopped on purpose, or asks again by a timer after the end of the recording")
        .next("explain", json!({"target": ledger.text(ledger.process(stall.stage).pid)}), "the stage that asks for no more")
}
