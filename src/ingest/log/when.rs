//! When was an entry of a log written, and how much of that does it say?

use crate::event::time;

/// A time as a log tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Nanoseconds since 1970.
    Wall(i64),
    /// The same by a clock whose time zone is not told, as if it showed UTC.
    Local(i64),
    /// Nanoseconds since midnight of a day that is not told.
    OfDay(i64),
}

const SECOND: i64 = 1_000_000_000;

/// Reads a time at the start of a text, and what follows it: `2024-01-01T12:00:00.123+00:00`, `2024-01-01 12:00:00,123`,
/// `12:00:00.123`.
pub(super) fn leading(text: &str) -> Option<(When, &str)> {
    if let Some((of_day, rest)) = of_day(text) {
        return Some((When::OfDay(of_day), rest));
    }
    let (date, rest) = text.split_at_checked(10)?;
    let bytes = date.as_bytes();
    let is_digits =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|it| it.iter().all(u8::is_ascii_digit));
    if !(is_digits(0..4) && bytes[4] == b'-' && is_digits(5..7) && bytes[7] == b'-' && is_digits(8..10)) {
        return None;
    }
    let rest = rest.strip_prefix(['T', ' ', 't'])?;
    let (of_day, rest) = of_day(rest)?;
    let midnight = time::rfc3339(&format!("{date}T00:00:00Z"))?;
    let local = midnight.checked_add(of_day)?;
    match zone(rest) {
        Some((offset, rest)) => Some((When::Wall(local.checked_sub(offset)?), rest)),
        None => Some((When::Local(local), rest)),
    }
}

/// A whole text that is a time.
pub(super) fn text(text: &str) -> Option<When> {
    let (when, rest) = leading(text.trim())?;
    rest.trim().is_empty().then_some(when)
}

/// Nanoseconds since midnight, `12:34:56.789`, and what follows.
fn of_day(text: &str) -> Option<(i64, &str)> {
    let (clock, rest) = text.split_at_checked(8)?;
    let clock = clock.as_bytes();
    if clock[2] != b':' || clock[5] != b':' {
        return None;
    }
    let two = |at: usize| {
        let (tens, ones) = (clock[at], clock[at + 1]);
        (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
    };
    let (hour, minute, second) = (two(0)?, two(3)?, two(6)?);
    // 60: a leap second.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (fraction, rest) = match rest.strip_prefix(['.', ',']) {
        Some(rest) => {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (digits, rest) = rest.split_at_checked(digits)?;
            (fraction(digits), rest)
        }
        None => (0, rest),
    };
    Some((((hour * 60 + minute) * 60 + second) * SECOND + fraction, rest))
}

/// Digits behind the point as nanoseconds.
fn fraction(digits: &str) -> i64 {
    let digits = digits.get(..9).unwrap_or(digits);
    let missing = 9_u32.saturating_sub(digits.len() as u32);
    digits.parse::<i64>().unwrap_or(0) * 10_i64.pow(missing)
}

/// `Z`, `+02:00` or `+0200` as nanoseconds, and what follows.
fn zone(text: &str) -> Option<(i64, &str)> {
    if let Some(rest) = text.strip_prefix(['Z', 'z']) {
        return Some((0, rest));
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, rest) = text.get(1..)?.split_at_checked(2)?;
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let (minutes, rest) = rest.split_at_checked(2)?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    Some((sign * (hours * 60 + minutes) * 60 * SECOND, rest))
}

/// A number since 1970, its unit told by its size: seconds, perhaps with a fraction, milli-, micro- or nanoseconds.
pub(super) fn number(text: &str) -> Option<When> {
    let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
    let value: i64 = whole.parse().ok()?;
    if value < 0 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let unit = match value {
        ..100_000_000_000 => SECOND,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        _ => 1,
    };
    let part = fraction(digits) / (SECOND / unit);
    Some(When::Wall(value.checked_mul(unit)?.checked_add(part)?))
}

/// `29-Nov-2026::16:12:31.123456`, as Erlang's reports have it, and what follows.
pub(super) fn report(text: &str) -> Option<(When, &str)> {
    let (date, rest) = text.split_once("::")?;
    let mut parts = date.splitn(3, '-');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|name| *name == month)? + 1;
    let day: u8 = day.trim().parse().ok()?;
    let midnight = time::rfc3339(&format!("{year}-{month:02}-{day:02}T00:00:00Z"))?;
    let (of_day, rest) = of_day(rest)?;
    let local = midnight.checked_add(of_day)?;
    match rest.strip_prefix(" UTC") {
        Some(rest) => Some((When::Wall(local), rest)),
        None => Some((When::Local(local), rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_say_no_more_than_they_do() {
        let noon = 12 * 3600 * SECOND;
        assert_eq!(text("12:00:00.5"), Some(When::OfDay(noon + SECOND / 2)));
        assert_eq!(text("1970-01-01T12:00:00.000001Z"), Some(When::Wall(noon + 1000)));
        assert_eq!(text("1970-01-01T12:00:00+01:00"), Some(When::Wall(noon - 3600 * SECOND)));
        assert_eq!(text("1970-01-01 12:00:00,123"), Some(When::Local(noon + 123_000_000)));
        assert_eq!(report("1-Jan-1970::12:00:00.000123 ==="), Some((When::Local(noon + 123_000), " ===")));
        assert_eq!(report("1-Jan-1970::12:00:00 UTC ==="), Some((When::Wall(noon), " ===")));
        for none in ["25:00:00", "12:00", "1970-13-01 12:00:00", "", "yesterday", "ääääääää"] {
            assert_eq!(text(none), None, "{none}");
        }
    }

    #[test]
    fn a_number_tells_its_unit_by_its_size() {
        for (told, ns) in [
            ("1385053862.3072", 1_385_053_862_307_200_000),
            ("1531171074631", 1_531_171_074_631_000_000),
            ("1531171074631123", 1_531_171_074_631_123_000),
            ("1531171074631123456", 1_531_171_074_631_123_456),
            ("1531171074631.5", 1_531_171_074_631_500_000),
        ] {
            assert_eq!(number(told), Some(When::Wall(ns)), "{told}");
        }
        assert_eq!(number("-5"), None);
    }
}
