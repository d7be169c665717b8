//! Which function is slow from one place only, or with one kind of argument?

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use super::told::arguments;
use crate::analysis::found::{Durations, Found, Outlier, SlowWhere};
use crate::analysis::ledger::payload::{Payload, texts};
use crate::analysis::ledger::{CallId, Outcome, Sym};
use crate::analysis::place::is_library;
use crate::analysis::spread::{median, percentile};
use crate::analysis::terms;
use crate::error::Result;

/// Calls that stand against the slow ones.
const FEWEST_OTHERS: usize = 5;

/// Times the median of the others.
const FACTOR: i64 = 10;

/// Shorter medians are nobody's trouble.
const SHORTEST_NS: i64 = 1_000_000;

/// The same where only the arguments are others.
const SHORTEST_OF_ARGS_NS: i64 = 5_000_000;

/// A single slow call may be the machine's: it takes more to be told, of two a third of it.
const SINGLE_FACTOR: i64 = 20;
const SINGLE_NS: i64 = 10_000_000;

/// Arguments looked at for one function.
const MAX_ARGS: usize = 400;

/// A group of calls of one function, against the others.
struct Slowed {
    function: Sym,
    /// What the slow ones have in common.
    common: Common,
    slow: Vec<CallId>,
    slow_median: i64,
    others: usize,
    others_median: i64,
}

enum Common {
    Site,
    Args(String),
}

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    let mut functions: BTreeMap<Sym, Vec<CallId>> = BTreeMap::new();
    let mut recursive: BTreeSet<Sym> = BTreeSet::new();
    for (id, call) in (0..).zip(&ledger.calls) {
        if call.is_anonymous || !matches!(call.outcome, Outcome::Returned | Outcome::Ended) || call.duration.is_none() {
            continue;
        }
        // The outer calls of a recursion hold the inner ones: their durations are of two kinds.
        if !recursive.contains(&call.function)
            && ledger.around(id).take(8).any(|around| ledger.call(around).function == call.function)
        {
            recursive.insert(call.function);
        }
        functions.entry(call.function).or_default().push(id);
    }
    let mut all = Vec::new();
    for (function, calls) in functions.iter().filter(|(function, _)| !recursive.contains(function)) {
        if calls.len() <= FEWEST_OTHERS {
            continue;
        }
        scene.checked()?;
        let slowed = by_site(scene, *function, calls);
        all.extend(slowed.map_or_else(|| by_args(scene, *function, calls), Some));
    }
    // Who only waits for a slow callee is not told besides it.
    let slow_functions: BTreeSet<Sym> = all.iter().map(|slowed| slowed.function).collect();
    for slowed in &all {
        let inner = dominating(scene, slowed.slow[slowed.slow.len() / 2]);
        if !inner.iter().any(|call| slow_functions.contains(&ledger.call(*call).function)) {
            found.push(describe(scene, slowed, inner.last().copied()));
        }
    }
    Ok(())
}

fn by_site(scene: &Scene<'_>, function: Sym, calls: &[CallId]) -> Option<Slowed> {
    let ledger = scene.ledger;
    let mut sites: BTreeMap<Sym, Vec<CallId>> = BTreeMap::new();
    for id in calls {
        let call = ledger.call(*id);
        // Without a line of the program's own, the function around it is the place.
        let around = call.parent.map(|parent| ledger.call(ledger.named(parent)).function);
        let own = call.site.filter(|site| !is_library(ledger.text(*site)));
        if let Some(site) = own.or(around).or(call.site) {
            sites.entry(site).or_default().push(*id);
        }
    }
    if sites.len() < 2 {
        return None;
    }
    worst(scene, function, calls, sites.into_values().map(|slow| (Common::Site, slow)))
        .filter(|slowed| !is_quick_elsewhere(scene, slowed, calls))
}

/// Whether the same arguments are quick from another place: then it is not the place, but what was there already, such
/// as in a cache.
fn is_quick_elsewhere(scene: &Scene<'_>, slowed: &Slowed, calls: &[CallId]) -> bool {
    let read = |ids: &mut dyn Iterator<Item = CallId>| -> BTreeSet<String> {
        // Without arguments nothing says that the work is the same.
        let is_told = |args: &String| args != "[]";
        ids.take(MAX_ARGS / 4).filter_map(|id| arguments(scene, id)).filter(is_told).collect()
    };
    let slow: BTreeSet<CallId> = slowed.slow.iter().copied().collect();
    let is_quick = |id: &CallId| {
        let ns = scene.ledger.call(*id).duration.unwrap_or(i64::MAX);
        !slow.contains(id) && ns.saturating_mul(FACTOR) <= slowed.slow_median
    };
    let of_slow = read(&mut slowed.slow.iter().copied());
    let of_quick = read(&mut calls.iter().copied().filter(is_quick));
    !of_slow.is_disjoint(&of_quick)
}

fn by_args(scene: &Scene<'_>, function: Sym, calls: &[CallId]) -> Option<Slowed> {
    let ledger = scene.ledger;
    let mut durations: Vec<i64> = calls.iter().filter_map(|id| ledger.call(*id).duration).collect();
    durations.sort_unstable();
    let longest = durations.last().copied()?;
    // Cheap to say no: nothing is far from the median.
    if longest < 2 * SHORTEST_NS || longest < SINGLE_FACTOR * median(&durations) {
        return None;
    }
    let step = calls.len().div_ceil(MAX_ARGS);
    let mut picked: Vec<CallId> = Vec::new();
    let mut shapes: BTreeMap<String, Vec<CallId>> = BTreeMap::new();
    for id in calls.iter().step_by(step) {
        let event = ledger.event(ledger.call(*id).event)?;
        let payload = Payload::read(event.data());
        // A call without its arguments has no shape, and what it was called with is not known to be another.
        if payload.args.is_none() {
            continue;
        }
        picked.push(*id);
        let mut args = texts(payload.args);
        // Whom a callback answers and its state are no choice of the caller.
        if ledger.call(*id).callback.is_some() {
            args.truncate(1);
        }
        shapes.entry(terms::shapes(&args)).or_default().push(*id);
    }
    if shapes.len() < 2 {
        return None;
    }
    let groups = shapes.into_iter().map(|(shape, slow)| (Common::Args(shape), slow));
    worst(scene, function, &picked, groups.filter(|(_, slow)| slow.len() > 1))
}

/// The group that is slowest against all other calls, if it stands out.
fn worst(
    scene: &Scene<'_>,
    function: Sym,
    calls: &[CallId],
    groups: impl Iterator<Item = (Common, Vec<CallId>)>,
) -> Option<Slowed> {
    let ledger = scene.ledger;
    let sorted = |ids: &mut dyn Iterator<Item = CallId>| {
        let mut durations: Vec<i64> = ids.filter_map(|id| ledger.call(id).duration).collect();
        durations.sort_unstable();
        durations
    };
    let mut worst: Option<Slowed> = None;
    for (common, slow) in groups {
        let of_slow = sorted(&mut slow.iter().copied());
        let (factor, shortest) = match slow.len() {
            // Different arguments may well be different work: only what a user waits for is told.
            3.. if matches!(common, Common::Args(_)) => (FACTOR, SHORTEST_OF_ARGS_NS),
            0 | 1 => (SINGLE_FACTOR, SINGLE_NS),
            2 => (SINGLE_FACTOR, SINGLE_NS / 3),
            _ => (FACTOR, SHORTEST_NS),
        };
        let slow_median = median(&of_slow);
        // Most are quick, and are not held against all others.
        if slow_median < shortest || worst.as_ref().is_some_and(|known| slow_median <= known.slow_median) {
            continue;
        }
        let members: BTreeSet<CallId> = slow.iter().copied().collect();
        let of_others = sorted(&mut calls.iter().copied().filter(|id| !members.contains(id)));
        if of_others.len() < FEWEST_OTHERS {
            continue;
        }
        let others_median = median(&of_others);
        let most_others = percentile(&of_others, 90).unwrap_or_default();
        if slow_median >= factor.saturating_mul(others_median.max(1)) && slow_median > most_others {
            worst = Some(Slowed { function, common, slow, slow_median, others: of_others.len(), others_median });
        }
    }
    worst
}

/// Calls within a call that take most of its time, from the outside in.
fn dominating(scene: &Scene<'_>, id: CallId) -> Vec<CallId> {
    let ledger = scene.ledger;
    let mut inner = Vec::new();
    let mut at = id;
    while let Some(total) = ledger.call(at).duration {
        let from = ledger.call(at);
        let children = scene.calls_of(from.process).skip_while(|(id, _)| *id <= at);
        let children = children.take_while(|(_, call)| from.end.is_none_or(|end| call.start < end));
        let longest =
            children.filter(|(_, call)| call.parent == Some(at)).max_by_key(|(id, call)| (call.duration, *id));
        match longest {
            Some((child, call)) if call.duration.is_some_and(|ns| ns >= total / 5 * 4) => {
                inner.push(child);
                at = child;
            }
            _ => break,
        }
    }
    inner
}

fn describe(scene: &Scene<'_>, slowed: &Slowed, inner: Option<CallId>) -> Finding {
    let ledger = scene.ledger;
    let first = ledger.call(slowed.slow[0]);
    let text = |function: Sym| ledger.text(function).to_owned();
    let around = || first.parent.map(|parent| text(ledger.call(ledger.named(parent)).function));
    let slow_where = match &slowed.common {
        Common::Args(shapes) => SlowWhere::ArgumentsLike { shapes: shapes.clone() },
        Common::Site => match scene.traffic.call_place(first).filter(|place| !is_library(place)) {
            Some(place) => SlowWhere::CalledAt { place },
            None => SlowWhere::CalledBy { function: around() },
        },
    };
    // Different arguments may well be different work.
    let confidence = match &slowed.common {
        Common::Site if slowed.slow.len() >= 3 => Confidence::High,
        Common::Site => Confidence::Medium,
        Common::Args(_) => Confidence::Low,
    };
    let durations = slowed.slow.iter().filter_map(|id| ledger.call(*id).duration);
    let outlier = Outlier {
        function: text(slowed.function),
        slow_where,
        slow: Durations { calls: slowed.slow.len(), median_ns: slowed.slow_median },
        others: Durations { calls: slowed.others, median_ns: slowed.others_median },
        slow_total_ns: durations.fold(0, i64::saturating_add),
        mostly_in: inner.map(|inner| text(ledger.call(inner).function)),
    };
    // One that is as slow as they are told to be.
    let is_slow = |id: &&CallId| ledger.call(**id).duration.is_some_and(|ns| ns >= slowed.slow_median);
    let slow = slowed.slow.iter().find(is_slow).copied().unwrap_or(slowed.slow[0]);
    let slowest = slowed.slow.iter().max_by_key(|id| (ledger.call(**id).duration, std::cmp::Reverse(**id)));
    let slowest = slowest.filter(|id| **id != slow);
    Finding::of(Kind::DurationOutlier, confidence, first.start, Found::Outlier(outlier))
        .shown_by("slow", ledger.call(slow).event)
        .shown_by("slowest", slowest.map(|id| ledger.call(*id).event))
}
