//! What are the parts of a value that is written in Elixir syntax?
//!
//! Lenient: what is cut or not Elixir is one part. Nothing is copied.

/// The text up to the end of the first value that starts here, which a comma or a closing bracket ends.
fn value_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' | b',' if depth == 0 => return at,
            b'}' | b']' | b')' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// The elements of a tuple or a list; a value that is neither is its own one element.
pub(crate) fn elements(value: &str) -> Vec<&str> {
    let value = value.trim();
    let inner = value
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .or_else(|| value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')));
    let Some(mut rest) = inner else { return vec![value] };
    let mut found = Vec::new();
    while !rest.trim().is_empty() {
        let end = value_end(rest);
        found.push(rest[..end].trim());
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    found
}

/// What a callback is given of a message: without the wrapping of a call, a cast or a reply.
pub(crate) fn content(message: &str) -> &str {
    if message.starts_with("{:\"$gen_call\"") {
        return elements(message).get(2).copied().unwrap_or(message);
    }
    if message.starts_with("{:\"$gen_cast\"")
        || message.starts_with("{[:alias |")
        || message.starts_with("{#Reference<")
    {
        return elements(message).get(1).copied().unwrap_or(message);
    }
    message
}

/// What kind of message it is, whatever it carries: `:total`, `{:coupon, _}`.
pub(crate) fn shape(content: &str) -> String {
    let content = content.trim();
    if content.starts_with('{') {
        let parts = elements(content);
        let mut shape = String::from("{");
        for (at, part) in parts.iter().enumerate() {
            shape.push_str(if at > 0 { ", " } else { "" });
            shape.push_str(if at == 0 && part.starts_with(':') { part } else { "_" });
        }
        shape.push('}');
        return shape;
    }
    class(content).to_owned()
}

/// Atoms stand for themselves, other values for their kind and rough size.
fn class(value: &str) -> &str {
    match value.as_bytes().first() {
        Some(b'0'..=b'9' | b'-') => match value.split('.').next().unwrap_or_default().trim_start_matches('-').len() {
            0..=3 => "number",
            4..=6 => "number of thousands",
            _ => "number of millions",
        },
        Some(b'"' | b'<') => "binary",
        Some(b'[' | b'~') => match value.len() {
            0..64 => "short list",
            64..1_024 => "list",
            _ => "long list",
        },
        Some(b'%') => "map",
        Some(b'{') => "tuple",
        Some(b'#') => "opaque",
        _ => value,
    }
}

/// The kinds of some arguments: `:pdf, number`.
pub(crate) fn shapes(args: &[String]) -> String {
    let shapes: Vec<String> = args.iter().map(|arg| shape(arg)).collect();
    shapes.join(", ")
}

/// Whether a value stands in another as a whole: `10` in `{:set, 10}`, not in `{:set, 100}`.
pub(crate) fn has(whole: &str, value: &str) -> bool {
    if value.is_empty() {
        return false;
    }
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | '.' | '-' | '?' | '!' | '@');
    whole.match_indices(value).any(|(at, _)| {
        let before = whole[..at].chars().next_back();
        let after = whole[at + value.len()..].chars().next();
        // An atom's colon belongs to it; a keyword's stands behind it.
        !before.is_some_and(|c| is_part(c) || c == ':' || c == '#') && !after.is_some_and(|c| is_part(c) || c == ':')
    })
}

/// One line of a state's difference: where, before, after.
pub(crate) fn difference(line: &str) -> Option<(&str, &str, &str)> {
    let (left, new) = line.split_once(" -> ")?;
    let is_balanced = |text: &str| {
        let count = |open, close| text.matches(open).count() == text.matches(close).count();
        count('{', '}') && count('[', ']') && text.matches('"').count().is_multiple_of(2)
    };
    let split = left.match_indices(": ").map(|(at, _)| at).find(|at| is_balanced(&left[..*at]) && *at > 0);
    match split {
        Some(at) => Some((&left[..at], &left[at + 2..], new)),
        None => Some(("", left, new)),
    }
}

/// `Office.-pages/1-fun-0-/2` is code of `Office.pages/1`.
pub(crate) fn home(function: &str) -> String {
    let Some((module, rest)) = function.split_once(".-") else { return function.to_owned() };
    let end = ["-fun-", "-lc$", "-lbc$", "-inlined-", "-after$"].iter().filter_map(|mark| rest.find(mark)).min();
    match end {
        Some(end) => format!("{module}.{}", &rest[..end]),
        None => function.to_owned(),
    }
}

/// The first characters of a text, with a mark where it was cut.
pub(crate) fn brief(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((cut, _)) => format!("{}...", &text[..cut]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_apart_at_their_own_commas() {
        assert_eq!(
            elements("{:a, [1, {2}], \"x, }\", %{k: 1, l: 2}}"),
            [":a", "[1, {2}]", "\"x, }\"", "%{k: 1, l: 2}"]
        );
        assert_eq!(elements("{}"), Vec::<&str>::new());
        assert_eq!(elements(":ok"), [":ok"]);
        let call = "{:\"$gen_call\", {#PID<0.1.0>, [:alias | #Reference<0.1.2.3>]}, {:add, \"a, b\"}}";
        assert_eq!(content(call), "{:add, \"a, b\"}");
        assert_eq!(content("{[:alias | #Reference<0.1.2.3>], {:ok, 5}}"), "{:ok, 5}");
        assert_eq!(content("{:\"$gen_cast\", :tick}"), ":tick");
        assert_eq!(content("{:hello, 1}"), "{:hello, 1}");
    }

    #[test]
    fn a_message_is_known_by_its_tag() {
        assert_eq!(shape("{:add, \"sku\", 5}"), "{:add, _, _}");
        assert_eq!(shape(":total"), ":total");
        assert_eq!(shape("-5"), "number");
        assert_eq!(shapes(&[":pdf".to_owned(), "[1]".to_owned()]), ":pdf, short list");
    }

    #[test]
    fn a_value_is_found_only_as_a_whole() {
        for (whole, value, is_there) in [
            ("{:set, 10}", "10", true),
            ("{:set, 100}", "10", false),
            ("{:set, -10}", "10", false),
            ("%{balance: 10}", "10", true),
            ("{:ok, :ok}", ":ok", true),
            ("{:okay, 1}", ":ok", false),
            ("10", "10", true),
            ("{:put, [1, 2]}", "[1, 2]", true),
            ("[nil: 1]", "nil", false),
        ] {
            assert_eq!(has(whole, value), is_there, "{value} in {whole}");
        }
    }

    #[test]
    fn a_difference_has_a_path_and_two_sides() {
        assert_eq!(difference("discount: 0 -> nil"), Some(("discount", "0", "nil")));
        assert_eq!(difference("0 -> 1"), Some(("", "0", "1")));
        assert_eq!(difference("items[\"a: b\"]: 1 -> %{x: 2}"), Some(("items[\"a: b\"]", "1", "%{x: 2}")));
        assert_eq!(difference("%{a: 1} -> %{a: 2}"), Some(("", "%{a: 1}", "%{a: 2}")));
        assert_eq!(difference("initial"), None);
    }

    #[test]
    fn code_of_an_anonymous_function_is_its_functions() {
        assert_eq!(home("Office.-pages/1-fun-0-/2"), "Office.pages/1");
        assert_eq!(home("M.-f/1-lc$^0/1-0-/1"), "M.f/1");
        assert_eq!(home("Cart.total/1"), "Cart.total/1");
    }
}
