//! What is held and what has happened, counted.

use std::sync::atomic::{AtomicU64, Ordering};

use super::EventStore;
use crate::error::Result;
use crate::hot::BatchReport;
use crate::hot::census::{Census, TOP};
use crate::hot::remove::Span;
use crate::index::Index;
use crate::pruner::Reason;
use crate::settings::Settings;
use crate::watch::{Unwatched, Watch};

/// Measured state of a store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// Events stored now.
    pub total_events: u64,
    /// Timestamp of the oldest, those counted in [`Self::far_times`] aside.
    pub oldest_timestamp: Option<i64>,
    /// Timestamp of the newest, those counted in [`Self::far_times`] aside: relative times are measured from it.
    pub newest_timestamp: Option<i64>,
    /// Events whose time lies more than an hour from the other times of their source: kept, but nothing is reckoned from
    /// them.
    pub far_times: u64,
    /// Segments, the active one included.
    pub segments: u64,
    /// Memory.
    pub memory: MemoryStats,
    /// Every secondary index.
    pub indexes: Vec<IndexStats>,
    /// Counted since the store was opened.
    pub counters: CounterStats,
    /// Retention in force.
    pub limits: Settings,
    /// What retention last took.
    pub last_cleanup: Option<LastCleanup>,
    /// What retention has taken and answers tell as a gap.
    pub pruned: PrunedStats,
    /// Most frequent event types.
    pub top_event_types: Vec<(String, u64)>,
    /// Pids that most events name, in any role; with their node where events of several are stored.
    pub top_pids: Vec<(String, u64)>,
    /// Most frequent functions, `Module.function/arity`.
    pub top_functions: Vec<(String, u64)>,
}

/// Memory in bytes, by the capacity of every structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryStats {
    /// All of the store.
    pub total_bytes: u64,
    /// Columns and payload.
    pub events_bytes: u64,
    /// Index of event ids.
    pub event_id_index_bytes: u64,
    /// The part live events account for: what `max_bytes` limits.
    pub live_bytes: u64,
}

/// One secondary index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexStats {
    /// Which.
    pub index: Index,
    /// Distinct keys of stored events.
    pub keys: u64,
    /// Postings of stored events.
    pub entries: u64,
    /// Symbols and posting lists.
    pub bytes: u64,
}

/// Events and calls since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CounterStats {
    /// New events.
    pub stored: u64,
    /// Events that replaced one of the same id.
    pub replaced: u64,
    /// Events that were stored already.
    pub duplicates: u64,
    /// Events refused.
    pub rejected: u64,
    /// Events stamped on arrival.
    pub timestamps_assigned: u64,
    /// Events whose time was far from the other times of their source when they came.
    pub far_times: u64,
    /// Events taken by retention and by `cleanup_old_events`.
    pub pruned: u64,
    /// Events taken by `clear`.
    pub cleared: u64,
    /// Queries answered.
    pub queries: u64,
    /// Secrets hidden in events before they were stored.
    pub redacted: u64,
}

/// What retention last took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastCleanup {
    /// Nanoseconds since the Unix epoch.
    pub at: i64,
    /// Events taken.
    pub removed: u64,
    /// Which limit.
    pub reason: Reason,
}

/// What retention has taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PrunedStats {
    /// Events taken.
    pub events: u64,
    /// Timestamps of the first and the last of them, on whatever clock.
    pub span: Option<(i64, i64)>,
}

impl PrunedStats {
    fn of(spans: &[Span]) -> Self {
        let ends = spans.iter().map(|span| span.since).min().zip(spans.iter().map(|span| span.until).max());
        Self { events: spans.iter().map(|span| span.events).sum(), span: ends }
    }
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    stored: AtomicU64,
    replaced: AtomicU64,
    duplicates: AtomicU64,
    rejected: AtomicU64,
    timestamps_assigned: AtomicU64,
    far_times: AtomicU64,
    pruned: AtomicU64,
    cleared: AtomicU64,
    queries: AtomicU64,
    redacted: AtomicU64,
}

impl Counters {
    pub(super) fn stored(&self, report: &BatchReport) {
        self.stored.fetch_add(report.stored, Ordering::Relaxed);
        self.replaced.fetch_add(report.replaced, Ordering::Relaxed);
        self.duplicates.fetch_add(report.duplicates, Ordering::Relaxed);
        self.timestamps_assigned.fetch_add(report.timestamps_assigned, Ordering::Relaxed);
        self.far_times.fetch_add(report.far, Ordering::Relaxed);
    }

    pub(super) fn rejected(&self, events: u64) {
        self.rejected.fetch_add(events, Ordering::Relaxed);
    }

    pub(super) fn pruned(&self, events: u64) {
        self.pruned.fetch_add(events, Ordering::Relaxed);
    }

    pub(super) fn cleared(&self, events: u64) {
        self.cleared.fetch_add(events, Ordering::Relaxed);
    }

    pub(super) fn queried(&self) {
        self.queries.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn redacted(&self, secrets: u64) {
        self.redacted.fetch_add(secrets, Ordering::Relaxed);
    }

    fn read(&self) -> CounterStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CounterStats {
            stored: read(&self.stored),
            replaced: read(&self.replaced),
            duplicates: read(&self.duplicates),
            rejected: read(&self.rejected),
            timestamps_assigned: read(&self.timestamps_assigned),
            far_times: read(&self.far_times),
            pruned: read(&self.pruned),
            cleared: read(&self.cleared),
            queries: read(&self.queries),
            redacted: read(&self.redacted),
        }
    }
}

impl EventStore {
    /// Counts everything. Cost: O(distinct keys per segment), about 0.2 s for a million events of many unique ids;
    /// stores wait only while the active segment is counted.
    pub fn get_stats(&self) -> Stats {
        // Nobody gives it up.
        self.stats_of(self.shared.hot.census(&Unwatched).unwrap_or_default())
    }

    /// [`Self::get_stats`] for a caller that may give it up.
    ///
    /// # Errors
    /// [`Cancelled`](crate::ErrorKind::Cancelled) when the watch ended it.
    pub fn get_stats_watched(&self, watch: &dyn Watch) -> Result<Stats> {
        self.shared.hot.census(watch).map(|census| self.stats_of(census))
    }

    fn stats_of(&self, census: Census) -> Stats {
        let Census { events, oldest, newest, far, segments, memory, indexes, top_event_types, top_pids, top_functions } =
            census;
        let has_several_nodes = indexes.iter().any(|(index, size)| *index == Index::Node && size.keys > 1);
        let top_pids = if has_several_nodes { self.top_processes(TOP) } else { top_pids };
        let pruned = PrunedStats::of(self.shared.hot.read().pruned.spans());
        Stats {
            total_events: events,
            oldest_timestamp: oldest,
            newest_timestamp: newest,
            far_times: far,
            segments,
            memory: MemoryStats {
                total_bytes: memory.total,
                events_bytes: memory.events,
                event_id_index_bytes: memory.primary,
                live_bytes: memory.live,
            },
            indexes: indexes
                .into_iter()
                .map(|(index, size)| IndexStats { index, keys: size.keys, entries: size.entries, bytes: size.bytes })
                .collect(),
            counters: self.shared.counters.read(),
            limits: self.shared.settings.clone(),
            last_cleanup: *self.shared.last_cleanup.lock(),
            pruned,
            top_event_types,
            top_pids,
            top_functions,
        }
    }

    /// What was counted since the store was opened. Cost: constant.
    pub fn counters(&self) -> CounterStats {
        self.shared.counters.read()
    }

    /// Events stored now. Cost: O(segments).
    pub fn len(&self) -> u64 {
        self.shared.hot.read().events()
    }

    /// Events stored now and the bytes they take, indexes not counted; `None` where somebody would have to be waited for.
    /// Cost: O(segments).
    pub(crate) fn size_at_once(&self) -> Option<(u64, u64)> {
        self.shared.hot.size_at_once()
    }

    /// Whether so many more events are stored without waiting for others and without sealing a segment.
    pub(crate) fn stores_at_once(&self, events: usize, bytes: usize) -> bool {
        self.shared.hot.stores_at_once(events, bytes)
    }

    /// Timestamps of the oldest and the newest event, those far from the other times of their source aside; `None` when
    /// none is stored. Cost: O(segments).
    pub fn span(&self) -> Option<(i64, i64)> {
        self.shared.hot.read().span()
    }

    /// Whether no event is stored.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
