//! How is one value written where space is short?

use memchr::memchr3;

/// Characters of a cell that are shown; the rest is counted.
const SHOWN: usize = 160;

/// The text on one line: tabs and line ends are written as `\t`, `\n`, `\r`.
pub(crate) fn escaped(text: &str) -> String {
    if memchr3(b'\t', b'\n', b'\r', text.as_bytes()).is_none() {
        return text.to_owned();
    }
    text.replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

/// The text, or its start and how many bytes are missing: `…+123B`.
pub(crate) fn cut(text: &str) -> String {
    if text.len() <= SHOWN {
        return text.to_owned();
    }
    match text.char_indices().nth(SHOWN) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}\u{2026}+{}B", &text[..end], text.len() - end),
    }
}

/// The text, in quotes where a reader of `name=value` pairs could not tell where it ends.
pub(crate) fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '"' || c == ',');
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// Microseconds from `t0` to `timestamp` with three decimals: no nanosecond is lost.
pub(crate) fn micros(timestamp: i64, t0: i64) -> String {
    let ns = i128::from(timestamp) - i128::from(t0);
    let sign = if ns < 0 { "-" } else { "" };
    let ns = ns.unsigned_abs();
    format!("{sign}{}.{:03}", ns / 1000, ns % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_times_keep_every_nanosecond() {
        assert_eq!(micros(-576_460_751_564_576_952, -576_460_751_564_577_953), "1.001");
        assert_eq!(micros(5, 1006), "-1.001");
        assert_eq!(micros(5, 5), "0.000");
        assert_eq!(micros(i64::MIN, i64::MAX), "-18446744073709551.615");
    }

    #[test]
    fn what_is_cut_is_counted() {
        assert_eq!(cut("short"), "short");
        let long = "é".repeat(SHOWN + 3);
        assert_eq!(cut(&long), format!("{}\u{2026}+6B", "é".repeat(SHOWN)));
    }

    #[test]
    fn a_cell_stays_on_its_line() {
        assert_eq!(escaped("a\tb\nc\r"), "a\\tb\\nc\\r");
        assert_eq!(quoted("<0.1.0>"), "<0.1.0>");
        assert_eq!(quoted("a b"), "\"a b\"");
    }
}
