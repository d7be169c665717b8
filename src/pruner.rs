//! What must go now, and why? Settings, holdings and time in, decision out. Pure.

use std::fmt;
use std::time::Duration;

use crate::hot::remove::Removal;
use crate::settings::Settings;

/// What the pruner looks at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Holdings {
    pub(crate) events: u64,
    /// Bytes live events hold.
    pub(crate) bytes: u64,
    /// Timestamp of the oldest event.
    pub(crate) oldest: Option<i64>,
    /// What the events' own clock shows now.
    pub(crate) now: Option<i64>,
}

/// Which limit was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// More than `max_events`.
    MaxEvents,
    /// More than `max_bytes`.
    MaxBytes,
    /// Older than `max_age`.
    MaxAge,
    /// `cleanup_old_events` asked for it.
    Requested,
}

impl Reason {
    /// The name shown in statistics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MaxEvents => "max_events",
            Self::MaxBytes => "max_bytes",
            Self::MaxAge => "max_age",
            Self::Requested => "requested",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What to remove next so that the settings hold; `None` when they do. Applying a decision and asking again ends,
/// because each removes at least one event, unless another caller has meanwhile.
pub(crate) fn decide(settings: &Settings, holdings: Holdings) -> Option<(Removal, Reason)> {
    let Holdings { events, bytes, oldest, now } = holdings;
    if events == 0 {
        return None;
    }
    if let Some((max_age, now)) = settings.max_age.zip(now) {
        let cutoff = horizon(now, max_age);
        if oldest.is_some_and(|oldest| oldest < cutoff) {
            return Some((Removal::Before(cutoff), Reason::MaxAge));
        }
    }
    if let Some(max_events) = settings.max_events.filter(|max| events > *max) {
        return Some((Removal::AllBut(max_events), Reason::MaxEvents));
    }
    if let Some(max_bytes) = settings.max_bytes.filter(|max| bytes > *max) {
        let share = u128::from(bytes - max_bytes) * u128::from(events) / u128::from(bytes);
        let excess = u64::try_from(share).unwrap_or(events).clamp(1, events);
        return Some((Removal::AllBut(events - excess), Reason::MaxBytes));
    }
    None
}

/// The timestamp before which an event is older than `max_age` at `now` on its own clock.
pub(crate) fn horizon(now: i64, max_age: Duration) -> i64 {
    now.saturating_sub(i64::try_from(max_age.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLDINGS: Holdings = Holdings { events: 1000, bytes: 300_000, oldest: Some(-500), now: Some(-100) };

    #[test]
    fn nothing_goes_while_every_limit_holds() {
        let settings = Settings {
            max_events: Some(1000),
            max_bytes: Some(300_000),
            max_age: Some(Duration::from_nanos(400)),
            ..Settings::UNBOUNDED
        };
        assert_eq!(decide(&settings, HOLDINGS), None);
        assert_eq!(decide(&Settings::UNBOUNDED, HOLDINGS), None);
    }

    #[test]
    fn the_excess_goes_and_nothing_more() {
        let settings = Settings { max_events: Some(990), ..Settings::UNBOUNDED };
        assert_eq!(decide(&settings, HOLDINGS), Some((Removal::AllBut(990), Reason::MaxEvents)));
        let settings = Settings { max_bytes: Some(270_000), ..Settings::UNBOUNDED };
        assert_eq!(decide(&settings, HOLDINGS), Some((Removal::AllBut(900), Reason::MaxBytes)));
    }

    #[test]
    fn age_counts_back_from_now_on_the_events_own_clock() {
        let settings = Settings { max_age: Some(Duration::from_nanos(400)), ..Settings::UNBOUNDED };
        let later = Holdings { now: Some(-99), ..HOLDINGS };
        assert_eq!(decide(&settings, later), Some((Removal::Before(-499), Reason::MaxAge)));
        assert_eq!(decide(&settings, Holdings { now: None, ..HOLDINGS }), None);
    }

    #[test]
    fn one_byte_too_many_costs_one_event() {
        let settings = Settings { max_bytes: Some(299_999), ..Settings::UNBOUNDED };
        assert_eq!(decide(&settings, HOLDINGS), Some((Removal::AllBut(999), Reason::MaxBytes)));
    }
}
