//! How is one value written where space is short?

use std::borrow::Cow;
use std::fmt::Write;

use memchr::memchr3;

/// Characters of a cell that are shown; the rest is counted.
const SHOWN: usize = 160;

/// The text on one line: tabs and line ends are written as `\t`, `\n`, `\r`.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if memchr3(b'\t', b'\n', b'\r', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r"))
}

/// [`escaped`], appended.
pub(super) fn push_escaped(out: &mut String, text: &str) {
    if has(text, |eight| below(eight, b' ')) { out.push_str(&escaped(text)) } else { out.push_str(text) }
}

/// Whether a JSON string of this text is the text between quotes.
pub(super) fn is_plain(text: &str) -> bool {
    !has(text, |eight| below(eight, b' ') | equal(eight, b'"') | equal(eight, b'\\'))
}

/// Whether a text has a byte that is marked. Most cells are short: to look at all of their bytes, eight at once and the
/// last eight maybe twice, is quicker than to search for the first.
fn has(text: &str, marked: impl Fn(u64) -> u64) -> bool {
    let bytes = text.as_bytes();
    let Some(last) = bytes.last_chunk() else {
        return bytes.iter().any(|byte| marked(ONES * u64::from(*byte)) != 0);
    };
    let all = |marks, eight: &[u8; 8]| marks | marked(u64::from_ne_bytes(*eight));
    bytes.as_chunks().0.iter().fold(all(0, last), all) != 0
}

/// One in each of eight bytes.
const ONES: u64 = u64::MAX / 255;

/// Eight bytes of which one is marked at least if one is below this one, which is 128 at most; none if none is.
const fn below(eight: u64, byte: u8) -> u64 {
    // A byte borrows from the next one only where it is below itself.
    eight.wrapping_sub(ONES * byte as u64) & !eight & (ONES << 7)
}

/// The same for bytes equal to this one.
const fn equal(eight: u64, byte: u8) -> u64 {
    below(eight ^ (ONES * byte as u64), 1)
}

/// Appends a number in decimal.
pub(super) fn push_number(out: &mut String, number: impl itoa::Integer) {
    out.push_str(itoa::Buffer::new().format(number));
}

/// Cuts the text that begins at `start`: its end becomes how many bytes are missing, `…+123B`.
pub(crate) fn cut(out: &mut String, start: usize) {
    let text = &out[start..];
    if text.len() <= SHOWN {
        return;
    }
    let is_ascii = text.as_bytes()[..SHOWN].is_ascii();
    let end = if is_ascii { Some(SHOWN) } else { text.char_indices().nth(SHOWN).map(|(end, _)| end) };
    if let Some(end) = end {
        let missing = text.len() - end;
        out.truncate(start + end);
        // Writing to a String cannot fail.
        _ = write!(out, "\u{2026}+{missing}B");
    }
}

/// The text, in quotes where a reader of `name=value` pairs could not tell where it ends.
pub(crate) fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '"' || c == ',');
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// Appends the microseconds from `t0` to `timestamp` with three decimals: no nanosecond is lost.
pub(crate) fn micros(out: &mut String, timestamp: i64, t0: i64) {
    let ns = timestamp.abs_diff(t0);
    if timestamp < t0 {
        out.push('-');
    }
    push_number(out, ns / 1000);
    let decimals = ns % 1000;
    out.push_str(if decimals < 10 {
        ".00"
    } else if decimals < 100 {
        ".0"
    } else {
        "."
    });
    push_number(out, decimals);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn appended(append: impl FnOnce(&mut String)) -> String {
        let mut out = "before".to_owned();
        append(&mut out);
        out.split_off("before".len())
    }

    #[test]
    fn relative_times_keep_every_nanosecond() {
        let micros = |timestamp, t0| appended(|out| micros(out, timestamp, t0));
        assert_eq!(micros(-576_460_751_564_576_952, -576_460_751_564_577_953), "1.001");
        assert_eq!(micros(5, 1006), "-1.001");
        assert_eq!(micros(5, 5), "0.000");
        assert_eq!(micros(i64::MIN, i64::MAX), "-18446744073709551.615");
    }

    #[test]
    fn what_is_cut_is_counted() {
        let cut = |text: &str| {
            appended(|out| {
                let start = out.len();
                out.push_str(text);
                cut(out, start);
            })
        };
        assert_eq!(cut("short"), "short");
        let long = "é".repeat(SHOWN + 3);
        assert_eq!(cut(&long), format!("{}\u{2026}+6B", "é".repeat(SHOWN)));
    }

    #[test]
    fn a_plain_text_is_what_json_writes_between_quotes() {
        for character in ('\0'..='\u{ff}').chain(['\u{2028}', '\u{1f600}']) {
            for (before, after) in [("", ""), ("a", "longer than one look"), ("longer than one look", "a")] {
                let text = format!("{before}{character}{after}");
                let as_json = serde_json::to_string(&text).unwrap();
                assert_eq!(is_plain(&text), as_json == format!("\"{text}\""), "{as_json}");
                assert_eq!(appended(|out| push_escaped(out, &text)), escaped(&text));
            }
        }
    }

    #[test]
    fn a_cell_stays_on_its_line() {
        assert_eq!(escaped("a\tb\nc\r"), "a\\tb\\nc\\r");
        assert_eq!(quoted("<0.1.0>"), "<0.1.0>");
        assert_eq!(quoted("a b"), "\"a b\"");
    }
}
