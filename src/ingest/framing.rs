//! Is a text one JSON document after the other, or one on each line, or none?

use serde::de::IgnoredAny;
use serde_json::Deserializer;

/// How a text is taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// JSON documents, wherever they end. What is wrong with one of them costs the rest.
    Documents,
    /// An object on each line. What is wrong with one of them costs that line.
    Lines,
    /// Not JSON.
    Text,
}

/// Judges a text by its start, which may be cut anywhere.
pub(super) fn framing(head: &[u8]) -> Framing {
    match head.first() {
        None => return Framing::Lines,
        Some(b'{' | b'[') => {}
        // Records of a JSON text sequence (RFC 7464) begin so.
        Some(0x1e) => return Framing::Documents,
        Some(_) => return lines(head),
    }
    match first_document(head) {
        First::Whole(bytes) => {
            let (first, rest) = head.split_at(bytes);
            let next = rest.iter().find(|byte| !matches!(byte, b' ' | b'\t'));
            let is_line = first.starts_with(b"{") && !first.contains(&b'\n') && next != Some(&b'{');
            if is_line { Framing::Lines } else { Framing::Documents }
        }
        First::Cut => Framing::Documents,
        First::Broken if starts_array(head) => Framing::Documents,
        First::Broken => lines(head),
    }
}

/// The first value of a text.
enum First {
    /// It has so many bytes.
    Whole(usize),
    /// It is not over.
    Cut,
    Broken,
}

fn first_document(text: &[u8]) -> First {
    // A number or a name that is cut looks broken.
    let is_last = |byte: u8| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'+' | b'.');
    match first_value(text) {
        First::Broken => {
            let whole = text.iter().rposition(|byte| is_last(*byte)).map_or(0, |last| last + 1);
            if matches!(first_value(text.get(..whole).unwrap_or_default()), First::Cut) {
                First::Cut
            } else {
                First::Broken
            }
        }
        first => first,
    }
}

fn first_value(text: &[u8]) -> First {
    let mut values = Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => First::Whole(values.byte_offset()),
        Some(Err(error)) if error.is_eof() => First::Cut,
        _ => First::Broken,
    }
}

/// Whether an array begins with an object or an array, whatever is wrong after that: a comma between the items is missing.
fn starts_array(text: &[u8]) -> bool {
    let Some(item) = text.strip_prefix(b"[").map(<[u8]>::trim_ascii_start) else { return false };
    matches!(item.first(), Some(b'{')) && !matches!(first_document(item), First::Broken)
}

/// Whether some line is an object, of those that are there whole or begin to be one.
fn lines(text: &[u8]) -> Framing {
    let is_object = |line: &[u8]| line.starts_with(b"{") && matches!(first_document(line), First::Whole(_));
    let mut found = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    if found.any(is_object) { Framing::Lines } else { Framing::Text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_tells_how_a_text_is_taken_apart() {
        for (text, expected) in [
            ("", Framing::Lines),
            ("{\"ts\": 1}\n{\"ts\": 2}", Framing::Lines),
            ("{\"ts\": 1", Framing::Documents),
            ("{\"ts\": -", Framing::Documents),
            ("{\n\"ts\": 1}", Framing::Documents),
            ("[1]", Framing::Documents),
            ("{\"ts\": 1} {\"ts\": 2}", Framing::Documents),
            ("\u{1e}{\"ts\": 1}\n", Framing::Documents),
            ("[\n{\"ph\": 1}\n{\"ph\": 2}", Framing::Documents),
            ("{\"id\": \"d\"\n{\"id\": 2}\n", Framing::Lines),
            ("c\": 1}\n{\"id\": 2}\n", Framing::Lines),
            ("[info] up\n[info] down\n", Framing::Text),
            ("hello", Framing::Text),
        ] {
            assert_eq!(framing(text.as_bytes()), expected, "{text}");
        }
    }
}
