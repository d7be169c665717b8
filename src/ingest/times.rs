//! In what are the times of a file's events written, where not as the event format says? By name and by size.
//!
//! The first event that has a time decides whether the file's times are looked at at all: a file that writes them as the
//! format says costs nothing more.

use std::borrow::Cow;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::value::RawValue;

use super::object::{Members, Object, scalar};
use crate::event::time::rfc3339;

/// What one tick of a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl Unit {
    const fn ns(self) -> i64 {
        match self {
            Self::Seconds => 1_000_000_000,
            Self::Millis => 1_000_000,
            Self::Micros => 1_000,
            Self::Nanos => 1,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Millis => "milliseconds",
            Self::Micros => "microseconds",
            Self::Nanos => "nanoseconds",
        }
    }

    /// By the size of a number that counts from 1970: from 2010 to 2038. `None`: it does not.
    fn of_size(whole: i128) -> Option<Self> {
        [Self::Seconds, Self::Millis, Self::Micros, Self::Nanos].into_iter().find(|unit| {
            let ticks = i128::from(1_000_000_000 / unit.ns());
            (1_262_304_000 * ticks..2_150_000_000 * ticks).contains(&whole)
        })
    }
}

/// Members with a time, the event format's own first; what their ticks are, where the name says it.
const NAMES: [(&str, Option<Unit>); 16] = [
    ("timestamp_ns", Some(Unit::Nanos)),
    ("timestamp", None),
    ("ts", None),
    ("@timestamp", None),
    ("time", None),
    ("timestamp_us", Some(Unit::Micros)),
    ("ts_us", Some(Unit::Micros)),
    ("time_us", Some(Unit::Micros)),
    ("timestamp_ms", Some(Unit::Millis)),
    ("ts_ms", Some(Unit::Millis)),
    ("time_ms", Some(Unit::Millis)),
    ("timestamp_s", Some(Unit::Seconds)),
    ("ts_ns", Some(Unit::Nanos)),
    ("time_ns", Some(Unit::Nanos)),
    ("timeUnixNano", Some(Unit::Nanos)),
    ("time_unix_nano", Some(Unit::Nanos)),
];

/// How many of [`NAMES`] the event format reads itself.
const OWN_NAMES: usize = 3;

/// What is done with the times of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Times {
    /// No event had one yet.
    #[default]
    Unknown,
    /// They are as the event format has them.
    Plain,
    /// And their name says so.
    Sure,
    /// They are read here.
    Read,
}

/// A time as it was found.
struct Found<'a> {
    name: &'a str,
    ns: i64,
    how: How,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// As the event format has it.
    Plain,
    Number(Unit),
    Text,
    /// A date and a time without a zone.
    NoZone,
}

impl Times {
    /// The text of an event with its time as the event format has it; `told` says once what was done.
    pub(super) fn settle<'t>(&mut self, text: &'t str, told: &mut Option<String>) -> Cow<'t, str> {
        if matches!(self, Self::Plain | Self::Sure) {
            return Cow::Borrowed(text);
        }
        let Ok(members) = serde_json::from_str::<Members<'_>>(text) else { return Cow::Borrowed(text) };
        let Some(found) = find(&members) else { return Cow::Borrowed(text) };
        if *self == Self::Unknown {
            *self = match found.how {
                How::Plain if found.name == NAMES[0].0 => Self::Sure,
                How::Plain => Self::Plain,
                _ => Self::Read,
            };
            *told = tell(&found);
        }
        if found.how == How::Plain {
            return Cow::Borrowed(text);
        }
        let mut event = Object::new();
        event.number("timestamp", found.ns);
        if members.get("wall_time").is_none() && Unit::of_size(found.ns.into()) == Some(Unit::Nanos) {
            event.number("wall_time", found.ns);
        }
        for (name, raw) in &members.0 {
            // A number that was read is told exactly by the time it is.
            if !(name == found.name && matches!(found.how, How::Number(_))
                || name == "timestamp"
                || name == "wall_time" && raw.get() == "null")
            {
                event.raw(name, raw.get());
            }
        }
        Cow::Owned(event.close())
    }
}

/// Whether a member of this name is a time.
pub(super) fn is_time(name: &str) -> bool {
    NAMES.iter().any(|(known, _)| *known == name)
}

/// What is said of a file's times. `None`: they are as the event format has them.
fn tell(found: &Found<'_>) -> Option<String> {
    let name = found.name;
    Some(match found.how {
        How::Number(Unit::Nanos) => format!("the times under {name:?} are read as nanoseconds"),
        How::Number(unit) => format!(
            "the times under {name:?} are read as {} since 1970; name them \"timestamp_ns\" if they are nanoseconds",
            unit.name()
        ),
        How::NoZone => format!("the times under {name:?} name no zone; they are read as UTC"),
        How::Text => format!("the times of the events are those under {name:?}"),
        How::Plain if name != "timestamp_ns" && Unit::of_size(found.ns.into()) == Some(Unit::Seconds) => format!(
            "the times under {name:?} are read as nanoseconds; name them \"timestamp_s\" if they are seconds since 1970"
        ),
        How::Plain => return None,
    })
}

/// Whether a time that was read as nanoseconds looks like milliseconds or microseconds since 1970, beside one before that
/// does not: what the first of a file is does not say what the others are.
pub(super) fn is_doubtful(ns: i64, before: i64) -> bool {
    let looks = |ns: i64| matches!(Unit::of_size(ns.into()), Some(Unit::Millis | Unit::Micros));
    // A clock that counts from the start of its system comes there, too, but does not jump there.
    looks(ns) && !looks(before) && ns.abs_diff(before) > JUMP_NS
}

/// What is said of such a time.
pub(super) const DOUBTFUL: &str = "some times are read as nanoseconds, as the first of the file, and look like milliseconds \
                                   or microseconds since 1970: give them a name that says so, such as \"timestamp_ms\"";

/// More than lies between two events that follow each other, as a rule.
const JUMP_NS: u64 = 600_000_000_000;

/// The time of an event.
fn find<'m>(members: &'m Members<'_>) -> Option<Found<'m>> {
    NAMES.iter().enumerate().find_map(|(at, (name, unit))| {
        let raw = members.get(name)?;
        let (ns, how) = read(raw, *unit, at < OWN_NAMES)?;
        Some(Found { name, ns, how })
    })
}

fn read(raw: &RawValue, unit: Option<Unit>, is_own: bool) -> Option<(i64, How)> {
    let text = scalar(raw)?;
    if let Some(ns) = rfc3339(&text) {
        return Some((ns, if is_own { How::Plain } else { How::Text }));
    }
    if let Ok(civil) = text.trim_end_matches("UTC").trim().parse::<DateTime>() {
        let at = TimeZone::UTC.to_timestamp(civil).ok()?;
        return Some((i64::try_from(at.as_nanosecond()).ok()?, How::NoZone));
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let number: i128 = match whole.parse() {
        Ok(number) => number,
        Err(_) if text.contains(['e', 'E']) => text.parse::<f64>().ok().filter(|it| it.is_finite())? as i128,
        Err(_) => return None,
    };
    let is_whole = fraction.is_empty() && !text.contains(['e', 'E']);
    let by_size = unit.or_else(|| Unit::of_size(number.abs()));
    let unit = match by_size {
        // Whole seconds are as likely to be nanoseconds of a clock that began at the start of the system.
        Some(Unit::Nanos | Unit::Seconds) | None if is_own && is_whole => {
            return Some((i64::try_from(number).ok()?, How::Plain));
        }
        Some(unit) => unit,
        // Of no date that is likely: a fraction can only be one of seconds, and a whole number counts from somewhere else.
        None if !is_whole => Unit::Seconds,
        None => Unit::Nanos,
    };
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        let ns = text.parse::<f64>().ok()? * unit.ns() as f64;
        return (ns.abs() < 9e18).then_some((ns.round() as i64, How::Number(unit)));
    }
    let mut scale = i128::from(unit.ns());
    let mut ns = number.checked_mul(scale)?;
    for digit in fraction.bytes() {
        scale /= 10;
        let below = i128::from(digit - b'0') * scale;
        ns += if text.starts_with('-') { -below } else { below };
    }
    Some((i64::try_from(ns).ok()?, How::Number(unit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(text: &str) -> (Option<i64>, Option<String>) {
        let (mut times, mut told) = (Times::default(), None);
        let text = times.settle(text, &mut told).into_owned();
        (crate::event::Event::parse(&text).ok().and_then(|event| event.timestamp), told)
    }

    #[test]
    fn times_are_read_by_name_and_size() {
        let ns = 1_700_000_000_123_000_000;
        for (text, expected) in [
            (r#"{"ts": 1700000000123, "type": "a"}"#, ns),
            (r#"{"timestamp": 1700000000123000}"#, ns),
            (r#"{"timestamp": 1700000000.123}"#, ns),
            (r#"{"ts": "1700000000.123"}"#, ns),
            (r#"{"time": 1700000000123}"#, ns),
            (r#"{"time": "2023-11-14T22:13:20.123Z"}"#, ns),
            (r#"{"@timestamp": "2023-11-14T22:13:20.123Z"}"#, ns),
            (r#"{"time": "2023-11-14 22:13:20.123"}"#, ns),
            (r#"{"timestamp_ms": 5}"#, 5_000_000),
            (r#"{"ts": 0.5}"#, 500_000_000),
            (r#"{"time": 5}"#, 5),
            (r#"{"time_unix_nano": "1700000000123000000"}"#, ns),
        ] {
            let (at, told) = settled(text);
            assert_eq!(at, Some(expected), "{text}");
            assert!(told.is_some(), "{text}");
        }
        for (text, expected) in [
            (r#"{"ts": 5}"#, Some(5)),
            (r#"{"ts": -576460751564576952}"#, Some(-576_460_751_564_576_952)),
            (r#"{"timestamp_ns": 1700000000123}"#, Some(1_700_000_000_123)),
            (r#"{"ts": 1700000000123000000}"#, Some(ns)),
            (r#"{"timestamp": "2023-11-14T22:13:20.123Z"}"#, Some(ns)),
            (r#"{"type": "a"}"#, None),
        ] {
            assert_eq!(settled(text), (expected, None), "{text}");
        }
    }

    #[test]
    fn what_may_be_meant_otherwise_is_told() {
        let (at, told) = settled(r#"{"ts": 1700000000}"#);
        assert_eq!(at, Some(1_700_000_000));
        assert!(told.unwrap().contains("timestamp_s"));
        assert_eq!(settled(r#"{"timestamp_ns": 1700000000}"#).1, None);
        assert_eq!(settled(r#"{"timestamp_s": 1700000000}"#).0, Some(1_700_000_000_000_000_000));
        assert!(is_doubtful(1_700_000_000_123, 0));
        for (ns, before) in [(1_700_000_000_123, 1_699_999_999_000), (1_262_304_000_001, 1_262_303_999_999), (5, 0)] {
            assert!(!is_doubtful(ns, before), "{ns} after {before}");
        }
    }

    #[test]
    fn the_first_time_decides_for_the_file_and_is_told_once() {
        let (mut times, mut told) = (Times::default(), None);
        assert_eq!(times.settle(r#"{"ts": 5}"#, &mut told), r#"{"ts": 5}"#);
        assert_eq!(times.settle(r#"{"ts": 1700000000123}"#, &mut told), r#"{"ts": 1700000000123}"#);
        assert_eq!((times, told), (Times::Plain, None));
    }
}
