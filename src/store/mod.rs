//! The one API: open, store, query, prune, stats.
//!
//! The only module that sees the hot tier, the planner and the pruner together.

mod around;
mod keys;
mod lost;
mod maintenance;
mod plans;
mod processes;
mod reading;
mod retention;
mod stats;
mod visiting;
mod writing;

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Result};
use crate::hot::HotTier;
use crate::segment::active::Capacity;
use crate::settings::{SEGMENT_ROWS, Settings};
pub use around::{Neighbourhood, Place};
pub use keys::TopKeys;
pub use lost::{Loss, Losses, LostStats};
use maintenance::Ticker;
pub use plans::InstrumentationPlan;
use plans::Plans;
pub use retention::{Cleanup, Removal};
use stats::Counters;
pub use stats::{CounterStats, IndexStats, LastCleanup, MemoryStats, PrunedStats, Stats};
pub use writing::{Outcome, Rejected, StoreReport, Stored};

/// Smallest `max_bytes`: below, the store's own structures leave no room for events.
const MIN_MAX_BYTES: u64 = 1 << 20;

/// A multi-index store of events, in memory.
///
/// A handle: clones share one store, from any thread. The store lives until the last handle is dropped.
#[derive(Clone)]
pub struct EventStore {
    shared: Arc<Shared>,
}

struct Shared {
    hot: HotTier,
    settings: Settings,
    clock: Arc<dyn Clock>,
    counters: Counters,
    plans: Mutex<Plans>,
    last_cleanup: Mutex<Option<LastCleanup>>,
    /// Tells this run's cursors from another's.
    run: u32,
    ticker: Mutex<Option<Ticker>>,
}

impl fmt::Debug for EventStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStore").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}

impl EventStore {
    /// An empty store on the machine's clock. With a `cleanup_interval`, a thread enforces the limits until the last
    /// handle is dropped.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) when a setting is out of its range.
    pub fn open(settings: Settings) -> Result<Self> {
        Self::open_with(settings, Arc::new(SystemClock))
    }

    /// An empty store on another clock.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) when a setting is out of its range.
    pub fn open_with(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self> {
        if settings.max_events == Some(0) {
            return Err(Error::invalid("max_events: got 0; keep at least 1, or leave it out for no limit"));
        }
        if settings.max_bytes.is_some_and(|max| max < MIN_MAX_BYTES) {
            return Err(Error::invalid(format!(
                "max_bytes: at least {MIN_MAX_BYTES} (1 MiB), or leave it out for no limit"
            )));
        }
        if settings.cleanup_interval.is_some_and(|interval| interval.is_zero()) {
            return Err(Error::invalid("cleanup_interval: got 0; give a time, or leave it out for no background tick"));
        }
        if !(1..=SEGMENT_ROWS).contains(&settings.segment_rows) {
            return Err(Error::invalid(format!("segment_rows: from 1 to {SEGMENT_ROWS}")));
        }
        let opened = clock.now_ns();
        let capacity = Capacity { rows: settings.segment_rows, bytes: settings.segment_bytes() };
        let run = ((opened >> 10) as u32) ^ std::process::id().rotate_left(16);
        let cleanup_interval = settings.cleanup_interval;
        let shared = Arc::new(Shared {
            hot: HotTier::new(capacity, format!("es-{run:08x}-")),
            settings,
            clock,
            counters: Counters::default(),
            plans: Mutex::default(),
            last_cleanup: Mutex::default(),
            run,
            ticker: Mutex::default(),
        });
        let store = Self { shared };
        if let Some(interval) = cleanup_interval {
            *store.shared.ticker.lock() = Ticker::start(interval, &store.shared);
        }
        Ok(store)
    }

    /// The settings it was opened with.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Checks every index against the events themselves and names the first invariant that does not hold. For tests and
    /// for support: it reads everything and stores wait meanwhile.
    ///
    /// # Errors
    /// What is broken.
    pub fn verify(&self) -> std::result::Result<(), String> {
        self.shared.hot.verify()
    }
}
