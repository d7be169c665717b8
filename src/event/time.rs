//! How times are written: nanoseconds, decimal text, RFC 3339, or relative to the newest event.

use std::str::FromStr;

use jiff::Timestamp;

/// A point on the events' own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// Nanoseconds.
    At(i64),
    /// Nanoseconds before the newest stored event.
    BeforeNewest(i64),
}

impl Time {
    /// Nanoseconds on the events' clock, given the newest event's timestamp. `None`: relative, and nothing
    /// is stored.
    pub fn resolve(self, newest: Option<i64>) -> Option<i64> {
        match self {
            Self::At(ns) => Some(ns),
            Self::BeforeNewest(ns) => newest.map(|newest| newest.saturating_sub(ns)),
        }
    }
}

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(ns) = nanoseconds(text) {
            return Ok(Self::At(ns));
        }
        if let Some(duration) = text.strip_prefix('-') {
            if let Ok(before) = humantime::parse_duration(duration) {
                return i64::try_from(before.as_nanos())
                    .map(Self::BeforeNewest)
                    .map_err(|_| format!("{text:?} is further back than 292 years"));
            }
        }
        if let Some(ns) = rfc3339(text) {
            return Ok(Self::At(ns));
        }
        Err(format!(
            "got {text:?}; expected integer nanoseconds, RFC 3339 (\"2026-01-31T12:00:00Z\"), \
             or a time before the newest event (\"-5s\", \"-250ms\")"
        ))
    }
}

/// Decimal nanoseconds.
pub(crate) fn nanoseconds(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// RFC 3339 as nanoseconds since the Unix epoch.
pub(crate) fn rfc3339(text: &str) -> Option<i64> {
    let at: Timestamp = text.parse().ok()?;
    i64::try_from(at.as_nanosecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_documented_form() {
        let check = |text: &str, time: Time| assert_eq!(text.parse(), Ok(time), "{text}");
        check("-576460751564576952", Time::At(-576_460_751_564_576_952));
        check("17", Time::At(17));
        check("-5s", Time::BeforeNewest(5_000_000_000));
        check("-250ms", Time::BeforeNewest(250_000_000));
        check("-1m 30s", Time::BeforeNewest(90_000_000_000));
        check("1970-01-01T00:00:01Z", Time::At(1_000_000_000));
        check("1970-01-01T02:00:00.5+02:00", Time::At(500_000_000));
        for bad in ["", "yesterday", "5s", "1.5", "99999999999999999999", "2026-13-01T00:00:00Z"] {
            assert!(bad.parse::<Time>().is_err(), "{bad}");
        }
    }
}
