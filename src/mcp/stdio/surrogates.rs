//! Does a JSON text hold half a character?
//!
//! `"\ud800"` fits JSON's grammar and is no text: half of a UTF-16 pair. A line with one is refused here, because
//! payloads are kept as they come and are not otherwise looked into.

use memchr::{memchr, memmem};

/// The column, from 1, of the first `\uXXXX` that is half a pair without its other half.
pub(crate) fn first_lone(json: &str) -> Option<usize> {
    let bytes = json.as_bytes();
    // Hardly any line has such an escape; finding that out is all most lines cost.
    memmem::find(bytes, b"\\ud").or_else(|| memmem::find(bytes, b"\\uD"))?;
    let mut at = 0;
    while let Some(next) = memchr(b'\\', &bytes[at..]) {
        at += next;
        match unit(bytes, at) {
            Some(0xd800..=0xdbff) => {
                if !matches!(unit(bytes, at + 6), Some(0xdc00..=0xdfff)) {
                    return Some(at + 1);
                }
                at += 12;
            }
            Some(0xdc00..=0xdfff) => return Some(at + 1),
            Some(_) => at += 6,
            // Another escape: two characters, so that the second of `\\` starts none.
            None => at += 2,
        }
        if at >= bytes.len() {
            break;
        }
    }
    None
}

/// The number of the escape `\uXXXX` at a place, if there is one.
fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::first_lone;

    #[test]
    fn halves_are_found_and_pairs_and_escaped_backslashes_are_not() {
        for (json, column) in [
            (r#""\ud83d\ude00""#, None),
            (r#""\uD83D\uDE00 \u00e4""#, None),
            (r#""\\ud800""#, None),
            (r#""\\\ud800""#, Some(4)),
            (r#""\ud800""#, Some(2)),
            (r#""\ud800\ud800""#, Some(2)),
            (r#""x\udc00""#, Some(3)),
            (r#""\ud83d\ude0"#, Some(2)),
            (r#""\ud8"#, None),
            (r#""\u00e4 \ud83d\ude00 \udead""#, Some(22)),
        ] {
            assert_eq!(first_lone(json), column, "{json}");
        }
    }
}
