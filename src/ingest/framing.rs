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
        Some(_) => return lines(head),
    }
    match first_document(head) {
        First::Whole(bytes) => {
            let spans_lines = head.get(..bytes).is_some_and(|text| text.contains(&b'\n'));
            if head.starts_with(b"{") && !spans_lines { Framing::Lines } else { Framing::Documents }
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
            ("{\n\"ts\": 1}", Framing::Documents),
            ("[1]", Framing::Documents),
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
