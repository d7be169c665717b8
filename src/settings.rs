//! How much history is kept, and how often the pruner looks.
//!
//! Plain data: read once by `main` (or set by an embedding program), never from the environment below it.

use std::time::Duration;

use crate::redact::Rules;

/// Rows of a full segment: the largest count a 16-bit row offset can address.
pub const SEGMENT_ROWS: usize = 65_536;

/// Arena bytes at which a segment is sealed before its rows are full, so that large payloads prune in small steps.
pub const SEGMENT_BYTES: usize = 48 << 20;

/// Default of [`Settings::max_events`]: the original's hot tier kept a million events.
pub const DEFAULT_MAX_EVENTS: u64 = 1_000_000;

/// Default of [`Settings::max_bytes`]: a million events of 1.5 kB with their indexes stay well below it.
pub const DEFAULT_MAX_BYTES: u64 = 2 << 30;

/// Default of [`Settings::cleanup_interval`]: the original's `prune_interval`.
pub const DEFAULT_CLEANUP_INTERVAL: Duration = Duration::from_mins(1);

/// Retention of an event store, and what it hides of events that are sent to it as JSON.
///
/// Every limit holds when a call that stores events returns; the background tick only matters for
/// [`Settings::max_age`], which passes without a store call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Most events kept; the oldest by `(timestamp, seq)` go first. `None`: no limit.
    pub max_events: Option<u64>,
    /// Most bytes of memory that live events may hold, indexes included. `None`: no limit.
    /// Tolerance: memory of one segment, which is given back once its events are gone.
    pub max_bytes: Option<u64>,
    /// Longest an event is kept, on the events' own clock: the newest event's timestamp plus the time
    /// passed since it arrived is "now". `None`: no limit.
    pub max_age: Option<Duration>,
    /// How often the background tick enforces the limits. `None`: only calls that store events do.
    pub cleanup_interval: Option<Duration>,
    /// Rows per segment, 1 to [`SEGMENT_ROWS`]; smaller segments prune in smaller steps and search slower.
    /// Tests set it low to cross segment borders often.
    pub segment_rows: usize,
    /// What is hidden of events that calls store (`store_event`, `store_events`). Captures and recordings have rules of
    /// their own.
    pub redact: Rules,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_events: Some(DEFAULT_MAX_EVENTS),
            max_bytes: Some(DEFAULT_MAX_BYTES),
            max_age: None,
            cleanup_interval: Some(DEFAULT_CLEANUP_INTERVAL),
            segment_rows: SEGMENT_ROWS,
            redact: Rules::NONE,
        }
    }
}

impl Settings {
    /// No limit and no background tick: every event stays until it is removed by a call.
    pub const UNBOUNDED: Self = Self {
        max_events: None,
        max_bytes: None,
        max_age: None,
        cleanup_interval: None,
        segment_rows: SEGMENT_ROWS,
        redact: Rules::NONE,
    };

    /// Arena bytes at which a segment is sealed, so that `max_bytes` is kept in steps of about a sixteenth.
    pub(crate) fn segment_bytes(&self) -> usize {
        let share = self.max_bytes.map_or(usize::MAX, |max| (max / 16) as usize);
        share.clamp(64 << 10, SEGMENT_BYTES)
    }
}
