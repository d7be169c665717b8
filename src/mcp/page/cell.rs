//! How is one value written where space is short?

use std::borrow::Cow;

use crate::visible::{has_hidden, visible, visible_json};

/// Characters of a cell that are shown; the rest is counted.
pub(super) const SHOWN: usize = 160;

/// The text on one line: tabs and line ends are written as `\t`, `\n`, `\r`, what a screen would not show as `\u{202e}`.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    visible(text)
}

/// Appends a cell's text, on one line and cut, as what a JSON string has between its quotes; how many bytes more that
/// is than the text.
pub(super) fn push_text(out: &mut Vec<u8>, text: &str) -> usize {
    if text.len() <= SHOWN && !has(text, needs_escape) {
        out.extend_from_slice(text.as_bytes());
        return 0;
    }
    let line = escaped(text);
    push_json(out, &cut(&line))
}

/// The same of a text that is not cut.
pub(super) fn push_whole(out: &mut Vec<u8>, text: &str) -> usize {
    if has(text, needs_escape) {
        return push_json(out, &escaped(text));
    }
    out.extend_from_slice(text.as_bytes());
    0
}

/// Marks bytes that a JSON string does not have as they are, and such as a character may begin with that is not shown.
const fn needs_escape(eight: u64) -> u64 {
    below(eight, b' ') | equal(eight, b'"') | equal(eight, b'\\') | equal(eight, 0x7f) | eight & (ONES << 7)
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

/// Appends what a JSON string of the text has between its quotes; how many bytes more that is.
fn push_json(out: &mut Vec<u8>, text: &str) -> usize {
    let start = out.len();
    // Writing to a vector cannot fail.
    _ = serde_json::to_writer(&mut *out, text);
    out.pop();
    out.remove(start);
    out.len() - start - text.len()
}

/// The text of what was written here as JSON.
pub(super) fn text(json: &[u8]) -> Cow<'_, str> {
    if json.contains(&b'\\') {
        return serde_json::from_slice(&[b"\"", json, b"\""].concat()).unwrap_or_default();
    }
    String::from_utf8_lossy(json)
}

/// Appends a number in decimal.
pub(super) fn push_number(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// A text as it is shown: the end of a long one becomes how many bytes are missing, `…+123B`.
pub(crate) fn cut(text: &str) -> Cow<'_, str> {
    if text.len() <= SHOWN {
        return Cow::Borrowed(text);
    }
    let is_ascii = text.as_bytes()[..SHOWN].is_ascii();
    let end = if is_ascii { Some(SHOWN) } else { text.char_indices().nth(SHOWN).map(|(end, _)| end) };
    end.map_or(Cow::Borrowed(text), |end| format!("{}\u{2026}+{}B", &text[..end], text.len() - end).into())
}

/// The text, in quotes where a reader of `name=value` pairs could not tell where it ends.
pub(crate) fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '"' || c == ',');
    if plain && !has_hidden(text) { text.to_owned() } else { visible_json(serde_json::Value::from(text).to_string()) }
}

/// Appends the microseconds from `t0` to `timestamp` with three decimals: no nanosecond is lost.
pub(super) fn push_micros(out: &mut Vec<u8>, timestamp: i64, t0: i64) {
    let ns = timestamp.abs_diff(t0);
    if timestamp < t0 {
        out.push(b'-');
    }
    push_number(out, ns / 1000);
    let decimals = ns % 1000;
    let zeros = if decimals < 10 {
        ".00"
    } else if decimals < 100 {
        ".0"
    } else {
        "."
    };
    out.extend_from_slice(zeros.as_bytes());
    push_number(out, decimals);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn appended<R>(append: impl FnOnce(&mut Vec<u8>) -> R) -> (String, R) {
        let mut out = b"before".to_vec();
        let result = append(&mut out);
        (String::from_utf8(out.split_off("before".len())).unwrap(), result)
    }

    #[test]
    fn relative_times_keep_every_nanosecond() {
        let micros = |timestamp, t0| appended(|out| push_micros(out, timestamp, t0)).0;
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
        assert_eq!(appended(|out| push_text(out, &long)), (cut(&long).into_owned(), 0));
        assert_eq!(appended(|out| push_whole(out, &long)), (long, 0));
    }

    #[test]
    fn texts_are_written_as_serde_writes_them() {
        for character in ('\0'..='\u{ff}').chain(['\u{2028}', '\u{1f600}']) {
            for (before, after) in [("", ""), ("a", "longer than one look"), ("longer than one look", "\"a\\")] {
                let text = format!("{before}{character}{after}");
                let line = escaped(&text);
                let as_json = |text: &str| {
                    let json = serde_json::to_string(text).unwrap();
                    (json[1..json.len() - 1].to_owned(), json.len() - 2 - text.len())
                };
                assert_eq!(appended(|out| push_json(out, &text)), as_json(&text));
                assert_eq!(super::text(as_json(&text).0.as_bytes()), text);
                assert_eq!(appended(|out| push_text(out, &text)), as_json(&line));
                assert_eq!(appended(|out| push_whole(out, &text)), as_json(&line));
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
