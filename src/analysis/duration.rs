//! How is a length of time written?

/// Nanoseconds in the unit that fits, three digits: `12ns`, `1.23us`, `49.1ms`, `3.5s`.
pub(crate) fn duration(ns: i64) -> String {
    let size = ns.unsigned_abs();
    let sign = if ns < 0 { "-" } else { "" };
    let (unit, name) = match size {
        0..1_000 => return format!("{sign}{size}ns"),
        1_000..1_000_000 => (1e3, "us"),
        1_000_000..1_000_000_000 => (1e6, "ms"),
        _ => (1e9, "s"),
    };
    let value = size as f64 / unit;
    let decimals = match value {
        value if value < 10.0 => 2,
        value if value < 100.0 => 1,
        _ => 0,
    };
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{sign}{text}{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits_in_the_unit_that_fits() {
        let all = [(0, "0ns"), (999, "999ns"), (1_234, "1.23us"), (-50_321_000, "-50.3ms"), (3_500_000_000, "3.5s")];
        for (ns, shown) in all {
            assert_eq!(duration(ns), shown);
        }
    }
}
