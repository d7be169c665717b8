//! What must go now, and why? Settings, holdings and time in, decision out. Pure.

use std::fmt;
use std::time::Duration;

use crate::hot::remove::Old;
use crate::settings::Settings;

/// What the pruner looks at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Holdings {
    pub(crate) events: u64,
    /// Bytes live events hold.
    pub(crate) bytes: u64,
    /// Nanoseconds that the event which is oldest on its own clock lies behind that clock.
    pub(crate) greatest_age: Option<u64>,
    /// What the store's clock shows.
    pub(crate) now_ns: i64,
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
pub(crate) fn decide(settings: &Settings, holdings: Holdings) -> Option<(Old, Reason)> {
    let Holdings { events, bytes, greatest_age, now_ns } = holdings;
    if events == 0 {
        return None;
    }
    if let Some((max_age, age)) = settings.max_age.zip(greatest_age) {
        let max_age = nanoseconds(max_age);
        if age > max_age.unsigned_abs() {
            return Some((Old::Aged { max_age, now_ns }, Reason::MaxAge));
        }
    }
    if let Some(max_events) = settings.max_events.filter(|max| events > *max) {
        return Some((Old::AllBut(max_events), Reason::MaxEvents));
    }
    if let Some(max_bytes) = settings.max_bytes.filter(|max| bytes > *max) {
        let share = u128::from(bytes - max_bytes) * u128::from(events) / u128::from(bytes);
        let excess = u64::try_from(share).unwrap_or(events).clamp(1, events);
        return Some((Old::AllBut(events - excess), Reason::MaxBytes));
    }
    None
}

/// An age in nanoseconds; the longest there is, if it is longer.
pub(crate) fn nanoseconds(age: Duration) -> i64 {
    i64::try_from(age.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLDINGS: Holdings = Holdings { events: 1000, bytes: 300_000, greatest_age: Some(400), now_ns: 7 };

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
        assert_eq!(decide(&settings, HOLDINGS), Some((Old::AllBut(990), Reason::MaxEvents)));
        let settings = Settings { max_bytes: Some(270_000), ..Settings::UNBOUNDED };
        assert_eq!(decide(&settings, HOLDINGS), Some((Old::AllBut(900), Reason::MaxBytes)));
    }

    #[test]
    fn what_is_older_than_allowed_on_its_own_clock_goes() {
        let settings = Settings { max_age: Some(Duration::from_nanos(400)), ..Settings::UNBOUNDED };
        let later = Holdings { greatest_age: Some(401), ..HOLDINGS };
        assert_eq!(decide(&settings, later), Some((Old::Aged { max_age: 400, now_ns: 7 }, Reason::MaxAge)));
        assert_eq!(decide(&settings, Holdings { greatest_age: None, ..HOLDINGS }), None);
    }

    #[test]
    fn one_byte_too_many_costs_one_event() {
        let settings = Settings { max_bytes: Some(299_999), ..Settings::UNBOUNDED };
        assert_eq!(decide(&settings, HOLDINGS), Some((Old::AllBut(999), Reason::MaxBytes)));
    }
}
