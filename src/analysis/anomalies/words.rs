//! How are counts and lengths of time written in a finding?

pub(super) use crate::analysis::spread::median;

/// `1 message`, `3 messages`.
pub(super) fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
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
    fn spans_are_in_the_unit_that_fits() {
        let shown = [999, 1_500, 1_234_567, 49_000_000, 12_300_000_000].map(span);
        assert_eq!(shown, ["999ns", "1us", "1.2ms", "49ms", "12.3s"]);
    }
}
