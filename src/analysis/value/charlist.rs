//! `~c"#()"` may be a text and may be `[35, 40, 41]`: nothing in a trace tells. Both are shown.

use std::borrow::Cow;
use std::fmt::Write;

/// Characters of a list that may be numbers by chance.
const SHORT: usize = 12;

/// Characters of a word or a path: what is made of these alone is no accident.
const WORD: usize = 4;

/// A value with short lists of printable numbers in both readings: `~c"#()"=[35, 40, 41]`.
pub(super) fn both_readings(text: &str) -> Cow<'_, str> {
    const SIGIL: &str = "~c\"";
    let mut shown = String::new();
    let mut rest = text;
    let mut is_changed = false;
    while let Some(at) = rest.find('"') {
        // A text of its own ends where its quote does.
        let is_list = rest[..at].ends_with("~c");
        let start = if is_list { at + 1 - SIGIL.len() } else { at };
        let (before, from) = rest.split_at(start);
        let opening = if is_list { SIGIL.len() } else { 1 };
        let Some(length) = closing(&from[opening..]) else { break };
        if !is_list {
            shown.push_str(&rest[..start + length + 2]);
            rest = &from[length + 2..];
            continue;
        }
        let content = &from[SIGIL.len()..SIGIL.len() + length];
        let end = SIGIL.len() + length + 1;
        shown.push_str(before);
        shown.push_str(&from[..end]);
        // A stack's file is one.
        if let Some(bytes) = numbers(content).filter(|_| !before.ends_with("file: ")) {
            is_changed = true;
            let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
            _ = write!(shown, "=[{}]", numbers.join(", "));
        }
        rest = &from[end..];
    }
    if !is_changed {
        return Cow::Borrowed(text);
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// Where the quote is that ends a text.
fn closing(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })
}

/// The bytes of a text, if it may be a list of numbers by chance.
fn numbers(content: &str) -> Option<Vec<u8>> {
    let numbers = characters(content)?;
    let bytes: Vec<u8> =
        numbers.into_iter().map(|number| u8::try_from(number).ok().filter(u8::is_ascii)).collect::<Option<_>>()?;
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-/@: ".contains(byte);
    let is_by_chance = bytes.len() <= SHORT && !(bytes.len() >= WORD && bytes.iter().all(is_word));
    (is_by_chance && !bytes.is_empty()).then_some(bytes)
}

/// The numbers of a list that is written as a text, as it may well be one: `~c"#()"`.
pub(super) fn numbers_of(text: &str) -> Option<Vec<u32>> {
    characters(text.strip_prefix("~c\"")?.strip_suffix('"')?)
}

fn characters(content: &str) -> Option<Vec<u32>> {
    let mut numbers = Vec::new();
    let mut given = content.chars();
    while let Some(one) = given.next() {
        numbers.push(match one {
            '\\' => match given.next()? {
                'a' => 7,
                'b' => 8,
                't' => 9,
                'n' => 10,
                'v' => 11,
                'f' => 12,
                'r' => 13,
                'e' => 27,
                other @ ('"' | '\\' | '#') => other.into(),
                _ => return None,
            },
            one => one.into(),
        });
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_numbers_is_shown_in_both_readings() {
        for (text, shown) in [
            ("~c\"#()\"", "~c\"#()\"=[35, 40, 41]"),
            (r#"%{ids: ~c"\t\n\"", n: 1}"#, r#"%{ids: ~c"\t\n\""=[9, 10, 34], n: 1}"#),
            (r#"{~c"AB", ~c"a"}"#, r#"{~c"AB"=[65, 66], ~c"a"=[97]}"#),
        ] {
            assert_eq!(both_readings(text), shown);
        }
    }

    #[test]
    fn what_is_a_text_stays() {
        for text in [
            r#"[file: ~c"a.x", line: 1]"#,
            r#"~c"lib/cart.ex""#,
            r#"~c"hello""#,
            r#"~c"a longer text, that is no accident""#,
            r#""~c" is a sigil"#,
            r#"{"foo~c", "bar", "z"}"#,
            r#""a \"~c" and "b""#,
            r#"~c"cut"#,
            r#"~c"""#,
            r#"~c"é""#,
            "",
        ] {
            assert_eq!(both_readings(text), text);
        }
    }
}
