//! What would a removal take? Works it out and changes nothing.
//!
//! Old is what is far behind its own clock. Every source (a view, the active segment) is divided at the borders of the
//! clocks into *runs*, each in the order of time; what is old is the first part of each run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::remove::{Old, Removal, Removed, Span};
use super::{Place, State, place_of};
use crate::index::bitmap::Bitmap;
use crate::segment::{Rows, Sealed, View};

/// The state after a removal, not yet published.
pub(super) struct Cut {
    pub(super) views: Vec<View>,
    pub(super) gone: Vec<(Arc<Sealed>, Vec<u16>)>,
    pub(super) active_rows: Vec<u16>,
    pub(super) report: Removed,
}

type Gone = (Vec<(Arc<Sealed>, Vec<u16>)>, Vec<u16>);

pub(super) fn cut(state: &State, what: &Removal) -> Cut {
    let mut views = state.sealed.views.clone();
    let (gone, active_rows) = match what {
        Removal::All => {
            let everything = |view: &mut View| (Arc::clone(&view.segment), view.raise_floor(view.segment.len()));
            let gone = views.iter_mut().map(everything).collect();
            let rows = state.active.order().iter().copied();
            (gone, rows.filter(|row| !state.active.is_dead(usize::from(*row))).collect())
        }
        Removal::Old(olds) => {
            let mut runs = Runs::of(state);
            for old in olds {
                runs.mark(*old);
            }
            runs.take(&mut views)
        }
        Removal::Seqs(seqs) => cut_seqs(state, &mut views, seqs),
    };
    let report = report(state, &views, &gone, &active_rows);
    Cut { views, gone, active_rows, report }
}

/// The rows of one source on one clock: places in its order of time.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// Place of the view; `None`: the active segment.
    view: Option<usize>,
    /// Place of the clock; 0 where none is known.
    clock: usize,
    start: usize,
    end: usize,
    /// End of what goes.
    taken: usize,
}

struct Runs<'s> {
    state: &'s State,
    all: Vec<Run>,
}

impl<'s> Runs<'s> {
    fn of(state: &'s State) -> Self {
        let borders: Vec<i64> = state.clocks.borders().collect();
        let mut runs = Self { state, all: Vec::new() };
        for view in (0..state.sealed.views.len()).map(Some).chain([None]) {
            let (mut start, end) = runs.extent(view);
            for (clock, border) in borders.iter().map(Some).chain([None]).enumerate() {
                let to = border.map_or(end, |border| runs.from(view, *border).clamp(start, end));
                if start < to {
                    runs.all.push(Run { view, clock, start, end: to, taken: start });
                }
                start = to;
            }
        }
        runs
    }

    fn extent(&self, view: Option<usize>) -> (usize, usize) {
        match view {
            Some(at) => (self.state.sealed.views[at].floor(), self.state.sealed.views[at].segment.len()),
            None => (0, self.state.active.order().len()),
        }
    }

    /// First place of a source whose timestamp is not below `timestamp`.
    fn from(&self, view: Option<usize>, timestamp: i64) -> usize {
        let active = &self.state.active;
        match view {
            Some(at) => self.state.sealed.views[at].segment.rank_from(timestamp),
            None => active.order().partition_point(|row| active.timestamp(usize::from(*row)) < timestamp),
        }
    }

    fn key(&self, view: Option<usize>, place: usize) -> (i64, u64) {
        match view {
            Some(at) => self.state.sealed.views[at].segment.key(place),
            None => self.state.active.key(usize::from(self.state.active.order()[place])),
        }
    }

    fn is_live(&self, view: Option<usize>, place: usize) -> bool {
        match view {
            Some(at) => self.state.sealed.views[at].is_live(place),
            None => !self.state.active.is_dead(usize::from(self.state.active.order()[place])),
        }
    }

    /// Marks what is old in one sense; what was marked before stays so.
    fn mark(&mut self, old: Old) {
        match old {
            Old::Before(timestamp) => self.mark_before(|_| Some(timestamp)),
            Old::Behind(age) => {
                let newest = newest_of_clocks(self.state);
                self.mark_before(|clock| Some(newest.get(clock).copied().flatten()?.saturating_sub(age)));
            }
            Old::Aged { max_age, now_ns } => {
                let clocks = self.state.clocks.all().to_vec();
                self.mark_before(|clock| Some(clocks.get(clock)?.now(now_ns).saturating_sub(max_age)));
            }
            Old::AllBut(kept) => self.mark_oldest(self.state.events().saturating_sub(kept)),
        }
    }

    fn mark_before(&mut self, cutoff: impl Fn(usize) -> Option<i64>) {
        for at in 0..self.all.len() {
            let run = self.all[at];
            if let Some(cutoff) = cutoff(run.clock) {
                self.all[at].taken = run.taken.max(self.from(run.view, cutoff).clamp(run.start, run.end));
            }
        }
    }

    /// An event's place in the order in which events grow old.
    fn age_key(&self, run: &Run, place: usize) -> (i128, u64) {
        let (timestamp, seq) = self.key(run.view, place);
        let clock = self.state.clocks.all().get(run.clock);
        (clock.map_or(i128::from(timestamp), |clock| clock.as_arrived(timestamp)), seq)
    }

    /// First place of a run, from `start` on, that is not older than the key.
    fn place_of(&self, run: &Run, start: usize, key: (i128, u64)) -> usize {
        let (mut low, mut high) = (start, run.end);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.age_key(run, middle) < key { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// Walks the runs in the order of their next keys; each gives all it has below the next run's key.
    fn mark_oldest(&mut self, events: u64) {
        let mut left = events;
        let mut ends: Vec<usize> = self.all.iter().map(|run| run.start).collect();
        let mut heads = BinaryHeap::new();
        let next_live = |runs: &Self, at: usize, from: usize| {
            let run = &runs.all[at];
            let place = (from..run.end).find(|place| runs.is_live(run.view, *place))?;
            Some((Reverse((runs.age_key(run, place), at)), place))
        };
        for (at, end) in ends.iter_mut().enumerate() {
            if let Some((head, place)) = next_live(self, at, *end) {
                *end = place;
                heads.push(head);
            }
        }
        while left > 0 {
            let Some(Reverse((_, at))) = heads.pop() else { break };
            let run = self.all[at];
            let bound = heads.peek().map(|Reverse((key, _))| *key);
            let end = bound.map_or(run.end, |bound| self.place_of(&run, ends[at], bound));
            left -= self.advance(&run, &mut ends[at], end, left);
            if let Some((head, place)) = next_live(self, at, ends[at]) {
                ends[at] = place;
                heads.push(head);
            }
        }
        for (run, end) in self.all.iter_mut().zip(ends) {
            run.taken = run.taken.max(end);
        }
    }

    /// Moves an end of what goes on to `to`, or over `most` live rows; returns how many were passed.
    fn advance(&self, run: &Run, end: &mut usize, to: usize, most: u64) -> u64 {
        if let Some(view) = run.view.map(|at| &self.state.sealed.views[at]) {
            let live = view.live_in(*end, to) as u64;
            if live <= most {
                *end = to;
                return live;
            }
            if view.is_whole() {
                *end += most as usize;
                return most;
            }
        }
        let mut passed = 0;
        while passed < most && *end < to {
            passed += u64::from(self.is_live(run.view, *end));
            *end += 1;
        }
        passed
    }

    /// Takes what is marked out of the views; what is taken, the rows of the active segment among it.
    fn take(&self, views: &mut [View]) -> Gone {
        let mut gone: Vec<(Arc<Sealed>, Vec<u16>)> =
            views.iter().map(|view| (Arc::clone(&view.segment), Vec::new())).collect();
        let mut rows = Vec::new();
        for run in self.all.iter().filter(|run| run.taken > run.start) {
            let Some(at) = run.view else {
                let order = &self.state.active.order()[run.start..run.taken];
                rows.extend(order.iter().filter(|row| !self.state.active.is_dead(usize::from(**row))));
                continue;
            };
            let view = &mut views[at];
            if run.start <= view.floor() {
                gone[at].1.extend(view.raise_floor(run.taken));
            } else {
                let killed = (run.start..run.taken).filter(|rank| view.kill(*rank));
                gone[at].1.extend(killed.map(|rank| rank as u16));
            }
        }
        (gone, rows)
    }
}

/// The newest live timestamp of each clock.
pub(super) fn newest_of_clocks(state: &State) -> Vec<Option<i64>> {
    let runs = Runs::of(state);
    let mut newest = vec![None; state.clocks.all().len().max(1)];
    for run in &runs.all {
        let last = (run.start..run.end).rev().find(|place| runs.is_live(run.view, *place));
        newest[run.clock] = newest[run.clock].max(last.map(|place| runs.key(run.view, place).0));
    }
    newest
}

/// The oldest live timestamp of each clock.
pub(super) fn oldest_of_clocks(state: &State) -> Vec<Option<i64>> {
    let runs = Runs::of(state);
    let mut oldest: Vec<Option<i64>> = vec![None; state.clocks.all().len().max(1)];
    for run in &runs.all {
        let first = (run.start..run.end).find(|place| runs.is_live(run.view, *place));
        let first = first.map(|place| runs.key(run.view, place).0);
        oldest[run.clock] = oldest[run.clock].into_iter().chain(first).min();
    }
    oldest
}

/// Live events of each clock. Cost: O(rows of the active segment).
pub(super) fn live_of_clocks(state: &State) -> Vec<u64> {
    let runs = Runs::of(state);
    let mut live = vec![0; state.clocks.all().len().max(1)];
    for run in &runs.all {
        live[run.clock] += runs.advance(run, &mut { run.start }, run.end, u64::MAX);
    }
    live
}

fn cut_seqs(state: &State, views: &mut [View], seqs: &[u64]) -> Gone {
    let mut gone: Vec<(Arc<Sealed>, Vec<u16>)> =
        views.iter().map(|view| (Arc::clone(&view.segment), Vec::new())).collect();
    let mut rows = Vec::new();
    for seq in seqs {
        match place_of(&state.active, views, *seq) {
            Some(Place::Active(row)) => rows.push(row as u16),
            Some(Place::Sealed(at, rank)) if views[at].kill(rank) => gone[at].1.push(rank as u16),
            _ => {}
        }
    }
    rows.sort_unstable();
    rows.dedup();
    (gone, rows)
}

fn report(state: &State, views: &[View], gone: &[(Arc<Sealed>, Vec<u16>)], active_rows: &[u16]) -> Removed {
    let active = &state.active;
    let borders: Vec<i64> = state.clocks.borders().collect();
    let mut spans: Vec<Option<Span>> = vec![None; borders.len() + 1];
    let mut add = |timestamp: i64| {
        let span = &mut spans[borders.partition_point(|border| *border <= timestamp)];
        let known = span.unwrap_or(Span { since: timestamp, until: timestamp, events: 0 });
        *span = Some(Span {
            since: known.since.min(timestamp),
            until: known.until.max(timestamp),
            events: known.events + 1,
        });
    };
    let mut events = active_rows.len();
    for (segment, ranks) in gone {
        events += ranks.len();
        for rank in ranks {
            add(segment.timestamp(usize::from(*rank)));
        }
    }
    for row in active_rows {
        add(active.timestamp(usize::from(*row)));
    }

    let mut taken = Bitmap::new(active.len());
    for row in active_rows {
        taken.insert(usize::from(*row));
    }
    let left = |row: &&u16| !active.is_dead(usize::from(**row)) && !taken.contains(usize::from(**row));
    let oldest_active = active.order().iter().find(left).map(|row| active.timestamp(usize::from(*row)));
    let oldest =
        views.iter().filter_map(|view| view.bounds().map(|((timestamp, _), _)| timestamp)).chain(oldest_active).min();
    let spans = spans.into_iter().flatten().collect();
    Removed { events: events as u64, spans, remaining: state.events() - events as u64, oldest }
}
