//! How many nanoseconds are the microseconds of a Chrome trace?

/// A time in microseconds as it is written, in nanoseconds; and whether nothing of it was lost.
///
/// Read digit by digit: a double holds no nanoseconds beyond 104 days.
pub(in crate::ingest) fn nanoseconds(micros: &str) -> Option<(i64, bool)> {
    if micros.contains(['e', 'E']) {
        let ns = micros.parse::<f64>().ok()? * 1e3;
        return (ns.abs() < 9e18).then_some((ns.round() as i64, false));
    }
    let (whole, fraction) = micros.split_once('.').unwrap_or((micros, ""));
    let is_negative = whole.starts_with('-');
    let whole: i64 = whole.parse().ok()?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    let below = digits.fold(0, |ns, digit| ns * 10 + i64::from(digit - b'0'));
    let ns = whole.checked_mul(1000)?.checked_add(if is_negative { -below } else { below })?;
    Some((ns, fraction.bytes().skip(3).all(|digit| digit == b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microseconds_are_exact_to_the_nanosecond() {
        for (micros, expected) in [
            ("0", Some((0, true))),
            ("1678886400000000.123", Some((1_678_886_400_000_000_123, true))),
            ("-0.5", Some((-500, true))),
            ("-7.001", Some((-7001, true))),
            ("3.14159", Some((3141, false))),
            ("3.1410", Some((3141, true))),
            ("1.5e3", Some((1_500_000, false))),
            ("9223372036854775.807", Some((i64::MAX, true))),
            ("9223372036854775.808", None),
            ("1e300", None),
            ("soon", None),
            ("1.x", None),
            ("", None),
        ] {
            assert_eq!(nanoseconds(micros), expected, "{micros}");
        }
    }
}
