//! What is different between two sets of events? Appeared, vanished, slower, failing more, more often: largest first.

use std::collections::BTreeMap;

use super::aggregate::{Group, Groups, Question, aggregate};
use super::grouping::{Dimension, Label};
use super::parts::Part;
use super::spread::{percentile, rank_score};
use crate::error::Result;
use crate::query::{Filter, Visit};
use crate::store::EventStore;
use crate::watch::Watch;

/// Fewer values than this on a side prove nothing.
const FEW: u64 = 5;

/// Normal score from which a difference is not taken for chance: one in a thousand.
const SURE: f64 = 3.0;

/// A median that moved by less is not told.
const LEAST_RATIO: f64 = 1.2;

/// The same where there are too few values to tell a small move from chance.
const LEAST_RATIO_OF_FEW: f64 = 2.0;

/// How something changed from the first set to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Appeared,
    Vanished,
    FailsMore,
    FailsLess,
    Slower,
    Faster,
    MoreOften,
    LessOften,
}

/// How sure a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Surety {
    /// Chance gives such a difference less than once in a thousand times.
    Clear,
    /// Too few events to tell it from chance.
    Few,
}

/// One side of a change.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Side {
    pub(crate) count: u64,
    pub(crate) failed: u64,
    pub(crate) p50: Option<i64>,
    pub(crate) p95: Option<i64>,
    /// Timestamp and seq of an event that shows it: the first failure, the slowest call, or the first event.
    pub(crate) example: Option<(i64, u64)>,
}

/// One difference.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) kind: Kind,
    pub(crate) surety: Surety,
    pub(crate) labels: Vec<Label>,
    pub(crate) before: Side,
    pub(crate) after: Side,
    /// What it is ranked by within its kind: nanoseconds for durations, events for the rest.
    pub(crate) effect: f64,
}

/// The differences of two sets, by kind, clear ones first, then the largest effect.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) changes: Vec<Change>,
    /// Groups on either side.
    pub(crate) compared: usize,
    /// Groups whose durations or counts differ no more than chance would make them.
    pub(crate) within_noise: usize,
    pub(crate) before: Summary,
    pub(crate) after: Summary,
}

/// One set as a whole.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) visit: Visit,
    pub(crate) events: u64,
    /// Nanoseconds it spans: the filter's bounds where both are given, else from its first event to its last.
    pub(crate) length: i64,
    pub(crate) first: Option<i64>,
}

impl Summary {
    fn of(groups: Groups) -> (Vec<Group>, Self) {
        let events = groups.events();
        let bounds = groups.visit.since.zip(groups.visit.until).or(groups.span);
        let length = bounds.map_or(0, |(first, last)| last.saturating_sub(first));
        let first = groups.span.map(|(first, _)| first);
        (groups.groups, Self { visit: groups.visit, events, length, first })
    }
}

/// Compares two sets, group by group.
pub(crate) fn difference(
    store: &EventStore,
    before: Filter,
    after: Filter,
    by: &[Dimension],
    watch: &dyn Watch,
) -> Result<Difference> {
    let question = |filter| Question {
        filter,
        group_by: by.to_vec(),
        keep_durations: true,
        count_failures: true,
        ..Question::default()
    };
    let (groups_before, before) = Summary::of(aggregate(store, &question(before), &Part { watch, at: 0, of: 2 })?);
    let (groups_after, after) = Summary::of(aggregate(store, &question(after), &Part { watch, at: 1, of: 2 })?);
    // Counts of sets of different lengths are compared as rates.
    let scale = match (before.length, after.length) {
        (1.., 1..) => after.length as f64 / before.length as f64,
        _ => 1.0,
    };
    let mut pairs: BTreeMap<Vec<Label>, [Group; 2]> = BTreeMap::new();
    for (at, groups) in [groups_before, groups_after].into_iter().enumerate() {
        for group in groups {
            let labels = group.labels.clone();
            pairs.entry(labels).or_default()[at] = group;
        }
    }
    let compared = pairs.len();
    let mut changes = Vec::new();
    let mut within_noise = 0;
    for (labels, pair) in pairs {
        let found = compare(&labels, &pair, scale);
        within_noise += usize::from(found.is_empty());
        changes.extend(found);
    }
    changes.sort_by(|a, b| {
        let rank = |change: &Change| (change.kind, change.surety);
        rank(a).cmp(&rank(b)).then(b.effect.total_cmp(&a.effect)).then_with(|| a.labels.cmp(&b.labels))
    });
    Ok(Difference { changes, compared, within_noise, before, after })
}

fn compare(labels: &[Label], [before, after]: &[Group; 2], scale: f64) -> Vec<Change> {
    let mut found = Vec::new();
    let mut tell = |kind, is_clear, effect, example: fn(&Group) -> Option<(i64, u64)>| {
        let side = |group: &Group| Side {
            count: group.count,
            failed: group.failed,
            p50: percentile(&group.durations, 50),
            p95: percentile(&group.durations, 95),
            example: example(group).or(group.first),
        };
        let surety = if is_clear { Surety::Clear } else { Surety::Few };
        found.push(Change { kind, surety, labels: labels.to_vec(), before: side(before), after: side(after), effect });
    };
    let (n, m) = (before.count as f64, after.count as f64);
    // What would have been seen of it by now, had nothing changed.
    let expected = n * scale;
    let count_score = (m - expected) / expected.max(m).max(1.0).sqrt();
    if before.count == 0 || after.count == 0 {
        let (kind, other) = if before.count == 0 { (Kind::Appeared, m) } else { (Kind::Vanished, expected) };
        tell(kind, other >= FEW as f64, other, |group| group.first);
        return found;
    }
    let is_much = before.count >= FEW && after.count >= FEW;
    let (failing, was_failing) = (after.failed as f64 / m, before.failed as f64 / n);
    if after.failed + before.failed > 0 {
        let pooled = (after.failed + before.failed) as f64 / (n + m);
        let spread = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
        let score = if spread > 0.0 { (failing - was_failing) / spread } else { 0.0 };
        let effect = (failing - was_failing).abs() * m;
        if failing > was_failing && (score >= SURE || !is_much) {
            tell(Kind::FailsMore, is_much, effect, |group| group.first_failed);
        } else if failing < was_failing && (score <= -SURE || !is_much) {
            tell(Kind::FailsLess, is_much, effect, |group| group.first_failed);
        }
    }
    if let (Some(was), Some(is)) = (percentile(&before.durations, 50), percentile(&after.durations, 50)) {
        let ratio = is.max(1) as f64 / was.max(1) as f64;
        let score = rank_score(&before.durations, &after.durations);
        let effect = (is - was).abs() as f64 * m;
        let is_timed_much = before.timed >= FEW && after.timed >= FEW;
        let least = if is_timed_much { LEAST_RATIO } else { LEAST_RATIO_OF_FEW };
        if ratio >= least && (score >= SURE || !is_timed_much) {
            tell(Kind::Slower, is_timed_much, effect, |group| group.slowest);
        } else if ratio <= 1.0 / least && (score <= -SURE || !is_timed_much) {
            tell(Kind::Faster, is_timed_much, effect, |group| group.slowest);
        }
    }
    if count_score >= SURE && m >= expected * 1.5 {
        tell(Kind::MoreOften, true, m - expected, |group| group.first);
    } else if count_score <= -SURE && m * 1.5 <= expected {
        tell(Kind::LessOften, true, expected - m, |group| group.first);
    }
    found
}
