//! How are figures written in a report and in its sentences?

/// Nanoseconds in the unit that fits, with at most three decimals: `12ns`, `1.234us`, `49.1ms`, `3.5s`.
pub(crate) fn duration(ns: i64) -> String {
    long(i128::from(ns))
}

fn long(ns: i128) -> String {
    let sign = if ns < 0 { "-" } else { "" };
    let ns = ns.unsigned_abs();
    let (unit, name) = match ns {
        0..1_000 => return format!("{sign}{ns}ns"),
        1_000..1_000_000 => (1_000, "us"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    // Rounded down: a figure never says that more time passed than did.
    let thousandths = ns % unit * 1_000 / unit;
    format!("{sign}{}{name}", trimmed(format!("{}.{thousandths:03}", ns / unit)))
}

/// A time as its distance from the anchor, if there is one: `+1.5ms`, `-20us`, `0`.
pub(crate) fn at(timestamp: i64, t0: Option<i64>) -> String {
    let Some(t0) = t0 else { return timestamp.to_string() };
    let ns = i128::from(timestamp) - i128::from(t0);
    match ns {
        0 => "0".to_owned(),
        1.. => format!("+{}", long(ns)),
        _ => long(ns),
    }
}

/// A part of a whole, 0 to 1, in percent.
pub(crate) fn share(share: f64) -> String {
    format!("{}%", trimmed(format!("{:.1}", share * 100.0)))
}

/// Without zeros that say nothing: `1.50` is `1.5`, `2.00` is `2`.
pub(crate) fn trimmed(decimal: String) -> String {
    if decimal.contains('.') { decimal.trim_end_matches('0').trim_end_matches('.').to_owned() } else { decimal }
}
