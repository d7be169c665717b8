//! Taking events out: by the limits, by request, by filter.

use std::sync::Arc;
use std::time::Duration;

use super::{EventStore, LastCleanup};
use crate::error::{Error, Result};
use crate::event::time::Time;
use crate::hot::remove::{self, Old, Removed};
use crate::pruner::{Holdings, Reason, decide, nanoseconds};
use crate::query::Filter;
use crate::query::condition::Conditions;
use crate::query::run::{Demand, Run};
use crate::watch::{Unwatched, Watch};

/// What [`EventStore::cleanup_old_events`] removes: whatever any given part names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleanup {
    /// Events with a smaller timestamp.
    pub before: Option<Time>,
    /// Events further than this behind the newest stored event of their own clock.
    pub max_age: Option<Duration>,
    /// All but the newest so many.
    pub max_events: Option<u64>,
}

/// What a removal did, or would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removal {
    /// Events removed.
    pub removed: u64,
    /// Events left.
    pub remaining: u64,
    /// Timestamp of the oldest event left.
    pub oldest_timestamp: Option<i64>,
}

impl From<Removed> for Removal {
    fn from(removed: Removed) -> Self {
        Self { removed: removed.events, remaining: removed.remaining, oldest_timestamp: removed.oldest }
    }
}

impl EventStore {
    /// Removes old events. With `dry_run`, only says what would go. An answer over a span whose events were removed
    /// says so.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) when nothing says what is old.
    pub fn cleanup_old_events(&self, cleanup: Cleanup, dry_run: bool) -> Result<Removal> {
        if cleanup == Cleanup::default() {
            return Err(Error::invalid("say what is old: before_timestamp, max_age or max_events"));
        }
        let hot = &self.shared.hot;
        let newest = hot.read().newest();
        let before = cleanup.before.and_then(|time| time.resolve(newest)).map(Old::Before);
        let behind = cleanup.max_age.map(|max_age| Old::Behind(nanoseconds(max_age)));
        let all_but = cleanup.max_events.map(Old::AllBut);
        let what = remove::Removal::Old([before, behind, all_but].into_iter().flatten().collect());
        if dry_run {
            return Ok(hot.would_remove(&what).into());
        }
        let removed = self.prune(&what, Reason::Requested);
        Ok(removed.into())
    }

    /// Removes every event that matches; `None` removes everything. With `dry_run`, only says what would go.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) when the filter contradicts itself.
    pub fn clear(&self, filter: Option<Filter>, dry_run: bool) -> Result<Removal> {
        self.clear_watched(filter, dry_run, &Unwatched)
    }

    /// [`Self::clear`] for a caller that may give it up while the matches are looked for; nothing is removed then.
    ///
    /// # Errors
    /// Those of [`Self::clear`], and [`Cancelled`](crate::ErrorKind::Cancelled).
    pub fn clear_watched(&self, filter: Option<Filter>, dry_run: bool, watch: &dyn Watch) -> Result<Removal> {
        let hot = &self.shared.hot;
        let what = match filter {
            None => remove::Removal::All,
            Some(filter) => remove::Removal::Seqs(self.matching_seqs(filter, watch)?),
        };
        if dry_run {
            return Ok(hot.would_remove(&what).into());
        }
        let removed = hot.remove(&what, false);
        self.shared.counters.cleared(removed.events);
        hot.compact(true);
        Ok(removed.into())
    }

    /// The seqs of every event that matches now. A seq is never given twice: an event that is replaced before the
    /// removal is not removed, like one that is stored after.
    fn matching_seqs(&self, filter: Filter, watch: &dyn Watch) -> Result<Vec<u64>> {
        let hot = &self.shared.hot;
        let filter = filter.canonical()?;
        let state = hot.read();
        let newest = state.newest();
        let Some(range) = filter.range(newest)? else { return Ok(Vec::new()) };
        let conditions = Conditions::new(&filter, range, hot.hasher());
        let mut run = Run::plan(&conditions, Demand::ALL, &state.active, &state.sealed.views, watch);
        run.collect_seqs();
        run.search_active(&state.active);
        let sealed = Arc::clone(&state.sealed);
        drop(state);
        run.search_views(&sealed.views, &sealed.by_time);
        run.into_seqs()
    }

    /// Removes what the settings no longer allow; returns how many events went. Every call that stores does this; the
    /// background tick does it as time passes.
    pub fn enforce_limits(&self) -> u64 {
        let mut pruned = 0;
        let mut fruitless = None;
        while let Some((old, reason)) = decide(&self.shared.settings, self.holdings()) {
            let what = remove::Removal::Old(vec![old]);
            let removed = self.prune(&what, reason).events;
            // Nothing left to take: another caller has taken it meanwhile, so look again, but not for the same.
            if removed == 0 && fruitless.replace(what.clone()) == Some(what) {
                break;
            }
            pruned += removed;
        }
        self.shared.hot.compact(false);
        pruned
    }

    fn prune(&self, what: &remove::Removal, reason: Reason) -> Removed {
        let removed = self.shared.hot.remove(what, true);
        self.shared.counters.pruned(removed.events);
        if removed.events > 0 || reason == Reason::Requested {
            let at = self.shared.clock.now_ns();
            *self.shared.last_cleanup.lock() = Some(LastCleanup { at, removed: removed.events, reason });
        }
        if reason == Reason::Requested {
            self.shared.hot.compact(true);
        }
        removed
    }

    fn holdings(&self) -> Holdings {
        let hot = &self.shared.hot;
        let settings = &self.shared.settings;
        let bytes = settings.max_bytes.map_or(0, |_| hot.memory().live);
        let state = hot.read();
        let now_ns = self.shared.clock.now_ns();
        let greatest_age = settings.max_age.and_then(|_| state.greatest_age(now_ns));
        Holdings { events: state.events(), bytes, greatest_age, now_ns }
    }
}
