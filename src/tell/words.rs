//! How are counts and lengths of time written?

use std::fmt::Display;

/// `1 message`, `3 messages`.
pub(super) fn count(n: impl Copy + Display + PartialEq + From<u8>, what: &str) -> String {
    if n == 1.into() { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// `1 process`, `3 processes`.
pub(super) fn count_of(n: impl Copy + Display + PartialEq + From<u8>, one: &str, many: &str) -> String {
    if n == 1.into() { format!("1 {one}") } else { format!("{n} {many}") }
}

/// `once`, `3 times`.
pub(super) fn often(n: usize) -> String {
    if n == 1 { "once".to_owned() } else { format!("{n} times") }
}

/// Nanoseconds for a reader.
pub(super) fn span(ns: i64) -> String {
    let ns = ns.max(0);
    match ns {
        0..1_000 => format!("{ns}ns"),
        1_000..1_000_000 => format!("{}us", ns / 1_000),
        1_000_000..10_000_000 => format!("{}.{}ms", ns / 1_000_000, ns / 100_000 % 10),
        10_000_000..10_000_000_000 => format!("{}ms", ns / 1_000_000),
        _ => format!("{}.{}s", ns / 1_000_000_000, ns / 100_000_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_told_in_the_singular() {
        assert_eq!(
            [count(0_u64, "call"), count(1_usize, "call"), count(2_i64, "call")],
            ["0 calls", "1 call", "2 calls"]
        );
        assert_eq!([1, 2].map(|n| count_of(n, "process", "processes")), ["1 process", "2 processes"]);
    }

    #[test]
    fn spans_are_in_the_unit_that_fits() {
        let shown = [999, 1_500, 1_234_567, 49_000_000, 12_300_000_000].map(span);
        assert_eq!(shown, ["999ns", "1us", "1.2ms", "49ms", "12.3s"]);
    }
}
