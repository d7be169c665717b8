//! What of a text would act on a reader's screen in place of being seen on it?
//!
//! Control characters move a terminal's cursor and send it commands; bidirectional ones show a text in another order
//! than it has; others are not shown at all. Payloads keep them; where people or assistants read, they are written out.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a character is not shown, or changes how others are.
pub const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Whether any character of a text is hidden. Cost: one pass, quick over ASCII.
pub fn has_hidden(text: &str) -> bool {
    // Every hidden character is a byte below a space, a delete, or begins with one of these bytes.
    let may_be = |byte: u8| matches!(byte, 0..=0x1f | 0x7f | 0xc2 | 0xd8 | 0xe1 | 0xe2 | 0xef | 0xf3);
    text.bytes().any(may_be) && text.chars().any(is_hidden)
}

/// The text on one line, hidden characters written out: a tab as `\t`, others as `\u{202e}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !has_hidden(text) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\t' => shown.push_str("\\t"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            c if is_hidden(c) => _ = write!(shown, "\\u{{{:x}}}", u32::from(c)),
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// A JSON text that says the same, hidden characters in its strings written as JSON escapes.
pub fn visible_json(json: String) -> String {
    if !has_hidden(&json) {
        return json;
    }
    let mut shown = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        // White space between tokens is no part of what is said; there is none of it in strings.
        if is_hidden(c) && !matches!(c, '\t' | '\n' | '\r') {
            for unit in c.encode_utf16(&mut [0; 2]) {
                _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A message about an input without the values it quotes: whoever reads it may know where the fault is, but not what
/// was recorded. What stands in quotes, and what was `got`, is left out.
pub fn without_values(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = rest.find(['"', '`']) {
        out.push_str(&rest[..at]);
        let quote = rest[at..].chars().next().unwrap_or('"');
        let inside = &rest[at + 1..];
        let mut is_escaped = false;
        let end = inside.find(|c: char| {
            let ends = c == quote && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            ends
        });
        out.push('\u{2026}');
        rest = end.map_or("", |end| &inside[end + 1..]);
    }
    out.push_str(rest);
    if let Some(at) = out.find("got ") {
        let value = at + "got ".len();
        let end = out[value..].find(';').map_or(out.len(), |end| value + end);
        out.replace_range(value..end, "\u{2026}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_screen_is_written_out_and_the_rest_stays() {
        for plain in ["", "abc", "größe", "日本語", "🦀 👩\u{200d}💻", "\u{6cc}\u{200c}"] {
            assert!(matches!(visible(plain), Cow::Borrowed(same) if same == plain), "{plain}");
            assert_eq!(visible_json(plain.to_owned()), plain);
        }
        assert_eq!(visible("a\u{1b}[31m\tb\n\u{202e}c\u{9b}"), "a\\u{1b}[31m\\tb\\n\\u{202e}c\\u{9b}");
        for c in ('\0'..=char::MAX).filter(|c| is_hidden(*c)) {
            assert!(has_hidden(&format!("x{c}y")), "{:x}", u32::from(c));
            assert!(!visible(&c.to_string()).chars().any(is_hidden));
            let json = serde_json::Value::from(format!("x{c}y")).to_string();
            let shown = visible_json(json);
            assert!(!has_hidden(&shown));
            assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), format!("x{c}y"));
        }
    }

    #[test]
    fn values_are_left_out_of_messages() {
        for (message, told) in [
            ("timestamp: got \"s3cr\\\"et\"; expected nanoseconds", "timestamp: got \u{2026}; expected nanoseconds"),
            ("invalid type: string \"s3cret\", expected u8", "invalid type: string \u{2026}, expected u8"),
            ("unknown variant `s3cret`, expected one", "unknown variant \u{2026}, expected one"),
            ("arity: got 4711; expected an integer", "arity: got \u{2026}; expected an integer"),
            ("unfinished \"s3cret", "unfinished \u{2026}"),
            ("expected value at column 5", "expected value at column 5"),
        ] {
            assert_eq!(without_values(message), told);
        }
    }
}
