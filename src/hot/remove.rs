//! Taking events out: everywhere or nowhere, in one step for every reader.
//!
//! [`cut`](HotTier::cut) works out what would go and changes nothing; [`remove`](HotTier::remove) publishes
//! it. Entries of the primary index that point to removed rows go afterwards, a few at a time: they find
//! nothing meanwhile, and nobody waits for them.

use super::HotTier;
use super::cut::{Cut, cut};
use crate::segment::{Active, Rows};

/// What is old, in one sense. Each takes the first part of every clock's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Old {
    /// All but the newest so many, by what each has aged on its own clock, then by seq: counted when it is carried out,
    /// so that two at once do not take twice what is too much.
    AllBut(u64),
    /// Every event with a smaller timestamp.
    Before(i64),
    /// Every event further than this behind the newest of its own clock.
    Behind(i64),
    /// Every event further than `max_age` behind what its own clock shows when the store's shows `now_ns`.
    Aged { max_age: i64, now_ns: i64 },
}

/// Which events go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    /// What is old in any of these senses.
    Old(Vec<Old>),
    /// The events with these seqs.
    Seqs(Vec<u64>),
    /// Everything.
    All,
}

/// Events of one clock that were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) since: i64,
    pub(crate) until: i64,
    pub(crate) events: u64,
}

/// What a removal takes, and what it leaves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Removed {
    pub(crate) events: u64,
    /// What was taken of each clock.
    pub(crate) spans: Vec<Span>,
    pub(crate) remaining: u64,
    /// Timestamp of the oldest event left.
    pub(crate) oldest: Option<i64>,
}

/// Most rows of the active segment removed under the lock; for more it is sealed first.
const ACTIVE_ROWS: usize = 4096;

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
                state.clocks = super::clocks::Clocks::default();
            } else if pruned {
                report.spans.iter().for_each(|span| state.pruned.add(*span));
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
