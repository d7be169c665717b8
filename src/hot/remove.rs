//! Taking events out: everywhere or nowhere, in one step for every reader.
//!
//! [`cut`](HotTier::cut) works out what would go and changes nothing; [`remove`](HotTier::remove) publishes
//! it. Entries of the primary index that point to removed rows go afterwards, a few at a time: they find
//! nothing meanwhile, and nobody waits for them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::{HotTier, State};
use crate::segment::rows::EventKey;
use crate::segment::{Active, Rows, Sealed, View};

/// Which events go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    /// All but the newest so many, by `(timestamp, seq)`: counted when it is carried out, so that two at once do not
    /// take twice what is too much.
    AllBut(u64),
    /// Every event with a smaller timestamp.
    Before(i64),
    /// The events with these seqs.
    Seqs(Vec<u64>),
    /// Everything.
    All,
}

/// What a removal takes, and what it leaves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Removed {
    pub(crate) events: u64,
    /// Timestamps of the oldest and the newest event taken.
    pub(crate) span: Option<(i64, i64)>,
    pub(crate) remaining: u64,
    /// Timestamp of the oldest event left.
    pub(crate) oldest: Option<i64>,
}

/// Most rows of the active segment removed under the lock; for more it is sealed first.
const ACTIVE_ROWS: usize = 4096;

/// The state after a removal, not yet published.
struct Cut {
    views: Vec<View>,
    gone: Vec<(Arc<Sealed>, Vec<u16>)>,
    active_rows: Vec<u16>,
    report: Removed,
}

impl HotTier {
    /// What [`Self::remove`] would report.
    pub(crate) fn would_remove(&self, what: &Removal) -> Removed {
        cut(&self.state.read(), what).report
    }

    /// Removes events. `pruned` says that retention takes them, so that answers over their span tell.
    pub(crate) fn remove(&self, what: &Removal, pruned: bool) -> Removed {
        let mut writer = self.writer.lock();
        let mut cut_now = cut(&self.state.read(), what);
        if cut_now.active_rows.len() > ACTIVE_ROWS {
            self.seal_active(&mut writer);
            cut_now = cut(&self.state.read(), what);
        }
        let Cut { views, gone, active_rows, report } = cut_now;
        if report.events == 0 && *what != Removal::All {
            return report;
        }
        let mut purge = Vec::with_capacity(active_rows.len());
        {
            let mut state = self.state.write();
            state.sealed = self.sealed_set(&state.sealed, views);
            for row in active_rows {
                let row = usize::from(row);
                purge.push((self.hash_id(state.active.event_id(row)), state.active.seq(row)));
                state.active.kill(row);
            }
            if *what == Removal::All {
                state.pruned = super::Pruned::default();
                state.anchor = None;
            } else if pruned {
                let known = &mut state.pruned;
                known.events += report.events;
                known.span = match (known.span, report.span) {
                    (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
                    (known, taken) => known.or(taken),
                };
            }
        }
        if report.remaining == 0 {
            // Nothing is live: under the writer's lock no entry can be wanted.
            self.primary.clear();
            self.state.write().active = Active::new(self.hasher.clone(), writer.next_seq);
            return report;
        }
        drop(writer);
        for (hash, seq) in purge {
            self.primary.remove(hash, seq);
        }
        for (segment, ranks) in gone {
            for rank in ranks {
                let rank = usize::from(rank);
                self.primary.remove(self.hash_id(segment.event_id(rank)), segment.seq(rank));
            }
        }
        self.primary.shrink();
        report
    }
}

fn cut(state: &State, what: &Removal) -> Cut {
    let mut views = state.sealed.views.clone();
    let (gone, active_rows) = match what {
        Removal::All => cut_below(state, &mut views, |view| view.segment.len(), usize::MAX),
        Removal::Before(timestamp) => {
            let active = state.active.span(i64::MIN, timestamp.saturating_sub(1));
            let rows = if *timestamp == i64::MIN { 0 } else { active.len() };
            cut_below(state, &mut views, |view| view.segment.rank_from(*timestamp), rows)
        }
        Removal::AllBut(kept) => cut_oldest(state, &mut views, state.events().saturating_sub(*kept)),
        Removal::Seqs(seqs) => cut_seqs(state, &mut views, seqs),
    };
    let report = report(state, &views, &gone, &active_rows);
    Cut { views, gone, active_rows, report }
}

type Gone = (Vec<(Arc<Sealed>, Vec<u16>)>, Vec<u16>);

/// Every rank below a view's floor, and the first rows of the active segment's order.
fn cut_below(state: &State, views: &mut [View], floor: impl Fn(&View) -> usize, active: usize) -> Gone {
    let gone = views.iter_mut().map(|view| (Arc::clone(&view.segment), view.raise_floor(floor(view)))).collect();
    let rows = state.active.order().iter().take(active).copied();
    (gone, rows.filter(|row| !state.active.is_dead(usize::from(*row))).collect())
}

/// Walks the sources in the order of their next keys; each gives all it has below the next source's key.
fn cut_oldest(state: &State, views: &mut [View], events: u64) -> Gone {
    let active = &state.active;
    let order = active.order();
    let source = views.len();
    let mut floors: Vec<usize> = views.iter().map(View::floor).collect();
    let mut taken = Vec::new();
    let mut left = events;

    // The next live row of the active segment, from a place in its order on.
    let active_next = |from: usize| {
        let at = (from..order.len()).find(|at| !active.is_dead(usize::from(order[*at])))?;
        Some((active.key(usize::from(order[at])), at))
    };
    let mut next_active = active_next(0);
    let view_key = |view: &View, floor: usize| -> Option<(EventKey, usize)> {
        let rank = (floor..view.segment.len()).find(|rank| view.is_live(*rank))?;
        Some((view.segment.key(rank), rank))
    };
    let mut heads = BinaryHeap::new();
    for (at, view) in views.iter().enumerate() {
        if let Some((key, rank)) = view_key(view, floors[at]) {
            floors[at] = rank;
            heads.push(Reverse((key, at)));
        }
    }
    heads.extend(next_active.map(|(key, _)| Reverse((key, source))));

    while left > 0 {
        let Some(Reverse((_, at))) = heads.pop() else { break };
        let bound = heads.peek().map(|Reverse((key, _))| *key);
        if at == source {
            while let Some((_, place)) =
                next_active.filter(|(key, _)| left > 0 && bound.is_none_or(|bound| *key < bound))
            {
                taken.push(order[place]);
                left -= 1;
                next_active = active_next(place + 1);
            }
            heads.extend(next_active.map(|(key, _)| Reverse((key, source))));
            continue;
        }
        let view = &views[at];
        let end = bound.map_or(view.segment.len(), |bound| view.segment.rank_of_key(bound));
        let live = view.live_in(floors[at], end) as u64;
        if live <= left {
            left -= live;
            floors[at] = end;
        } else if view.is_whole() {
            floors[at] += left as usize;
            left = 0;
        } else {
            while left > 0 {
                left -= u64::from(view.is_live(floors[at]));
                floors[at] += 1;
            }
        }
        if let Some((key, rank)) = view_key(view, floors[at]) {
            floors[at] = rank;
            heads.push(Reverse((key, at)));
        }
    }

    let gone = views
        .iter_mut()
        .zip(floors)
        .map(|(view, floor)| (Arc::clone(&view.segment), view.raise_floor(floor)))
        .collect();
    (gone, taken)
}

fn cut_seqs(state: &State, views: &mut [View], seqs: &[u64]) -> Gone {
    let mut gone: Vec<(Arc<Sealed>, Vec<u16>)> =
        views.iter().map(|view| (Arc::clone(&view.segment), Vec::new())).collect();
    let mut rows = Vec::new();
    for seq in seqs {
        match super::place_of(&state.active, views, *seq) {
            Some(super::Place::Active(row)) => rows.push(row as u16),
            Some(super::Place::Sealed(at, rank)) if views[at].kill(rank) => gone[at].1.push(rank as u16),
            _ => {}
        }
    }
    rows.sort_unstable();
    rows.dedup();
    (gone, rows)
}

fn report(state: &State, views: &[View], gone: &[(Arc<Sealed>, Vec<u16>)], active_rows: &[u16]) -> Removed {
    let active = &state.active;
    let mut times = Vec::new();
    let mut events = active_rows.len();
    for (segment, ranks) in gone {
        events += ranks.len();
        let ends = ranks.iter().min().into_iter().chain(ranks.iter().max());
        times.extend(ends.map(|rank| segment.timestamp(usize::from(*rank))));
    }
    times.extend(active_rows.iter().map(|row| active.timestamp(usize::from(*row))));
    let span = times.iter().min().copied().zip(times.iter().max().copied());

    let mut taken = crate::index::bitmap::Bitmap::new(active.len());
    for row in active_rows {
        taken.insert(usize::from(*row));
    }
    let left = |row: &&u16| !active.is_dead(usize::from(**row)) && !taken.contains(usize::from(**row));
    let oldest_active = active.order().iter().find(left).map(|row| active.timestamp(usize::from(*row)));
    let oldest =
        views.iter().filter_map(|view| view.bounds().map(|((timestamp, _), _)| timestamp)).chain(oldest_active).min();
    Removed { events: events as u64, span, remaining: state.events() - events as u64, oldest }
}
