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

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use crate::analysis::found::{Asked, Dropping, Found, Process, Stage, Stopped};
use crate::analysis::ledger::{CallId, Ledger, Moment, ProcessId};
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

fn stage(ledger: &Ledger, id: ProcessId) -> Stage {
    let process = ledger.process(id);
    let is_shared = process.name.is_some_and(|name| ledger.shared_names.contains(&(process.session, name)));
    Stage { process: Process::of(ledger, id), has_own_name: !is_shared }
}

fn asked(scene: &Scene<'_>, demand: &Demand) -> Asked {
    let ledger = scene.ledger;
    let (ask, gift) = (demand.asks[demand.asks.len() - 1], demand.gifts[demand.gifts.len() - 1]);
    let (ask, gift) = (ledger.message(ask.message), ledger.message(gift.message));
    Asked {
        asker: stage(ledger, demand.asker),
        giver: stage(ledger, demand.giver),
        asked: demand.asked,
        given: demand.given,
        asks: demand.asks.len(),
        ask: scene.traffic.pattern(ask),
        asked_at: scene.traffic.place(ask),
        gifts: demand.gifts.len(),
        gift: scene.traffic.pattern(gift),
    }
}

fn describe(scene: &Scene<'_>, stall: &Stall<'_>) -> Finding {
    let ledger = scene.ledger;
    let down = stall.downs[0];
    let is_begun = |process: &ProcessId| ledger.process(*process).spawn.is_some();
    // Before the recording more may have been asked for.
    let is_whole = stall.all.iter().flat_map(|one| [one.asker, one.giver]).all(|process| is_begun(&process));
    let is_repeated = [&stall.downs, &stall.ups].iter().all(|side| side.iter().any(|one| one.gifts.len() > 1));
    let confidence = if is_whole && is_repeated { Confidence::Medium } else { Confidence::Low };
    let drops = dropping(scene, stall);
    let dropped = drops.map(|(call, taken, passed)| {
        let gifts = stall.downs.iter().flat_map(|one| &one.gifts);
        let sent = gifts.filter(|gift| handing(scene, stall.stage, gift) == Some(call)).last();
        Dropping {
            function: terms::home(ledger.text(ledger.call(call).function)),
            taken,
            passed,
            sent_at: sent.map(|gift| scene.traffic.place(ledger.message(gift.message))),
        }
    });
    // The first of all is what is owed to the one that waits.
    let unmet = stall.all.iter().filter(|one| one.open() > 0).take(MAX_TOLD).skip(1);
    let found = Stopped {
        waits: asked(scene, down),
        stage: stage(ledger, stall.stage),
        taken: sum(&stall.ups),
        passed: sum(&stall.downs),
        givers: stall.ups.iter().map(|one| stage(ledger, one.giver)).collect(),
        holder: stage(ledger, stall.holder),
        held: stall.stock.count as u64,
        held_at: stall.stock.path.clone(),
        silence_ns: stall.silence,
        pause_ns: stall.pause,
        is_whole,
        dropped,
        unmet: unmet.map(|demand| asked(scene, demand)).collect(),
        met: stall.ups.iter().take(MAX_TOLD).map(|demand| asked(scene, demand)).collect(),
    };
    Finding::of(Kind::UnmetDemand, confidence, stall.since, Found::Stopped(Box::new(found)))
        .shown_by("last_ask", down.asks.last().map(|part| ledger.message(part.message).event))
        .shown_by("last_given", down.gifts.last().map(|part| ledger.message(part.message).event))
        .shown_by("dropped_in", drops.map(|(call, ..)| ledger.call(call).event))
        .shown_by("holds", stall.stock.event)
}
