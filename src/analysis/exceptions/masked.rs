//! What stays of a reason when the values of one occurrence are left out?

use crate::analysis::value::{Kind, Value};

/// Deeper than this a part is only its sort.
const DEPTH: usize = 3;

/// The shape of a reason: atoms and names stay, numbers, texts and contents do not.
pub(super) fn shape(reason: &Value<'_>) -> String {
    at(reason, 0)
}

fn at(value: &Value<'_>, depth: usize) -> String {
    match &value.kind {
        Kind::Atom(_) => value.text.to_owned(),
        // What an error says of itself, at its top or with its tag; a text further inside is a value.
        Kind::Text if depth <= 1 => message(value.text),
        Kind::Tuple(items) if depth < DEPTH => {
            let items: Vec<String> = items.iter().map(|item| at(item, depth + 1)).collect();
            format!("{{{}}}", items.join(", "))
        }
        Kind::Map(Some(name), entries) if depth < DEPTH => {
            let entries: Vec<String> = entries.iter().filter_map(|(key, value)| entry(key, value, depth)).collect();
            format!("%{name}{{{}}}", entries.join(", "))
        }
        Kind::Map(Some(name), _) => format!("%{name}{{}}"),
        Kind::Map(None, _) => "%{}".to_owned(),
        Kind::List(_) => "[_]".to_owned(),
        _ => "_".to_owned(),
    }
}

fn entry(key: &Value<'_>, value: &Value<'_>, depth: usize) -> Option<String> {
    if key.text == "__exception__" {
        return None;
    }
    Some(format!("{}: {}", key.text, at(value, depth + 1)))
}

/// A message without numbers and without what stands in quotes or brackets.
fn message(text: &str) -> String {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let mut masked = String::with_capacity(inner.len());
    let mut chars = inner.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        // The text of a string has its quotes escaped.
        let c = if c == '\\' { chars.next().unwrap_or(c) } else { c };
        let close = match c {
            '"' => Some('"'),
            '`' => Some('`'),
            // An apostrophe within a word quotes nothing.
            '\'' if !before.is_alphanumeric() => Some('\''),
            '[' => Some(']'),
            '{' => Some('}'),
            '<' => Some('>'),
            _ => None,
        };
        let is_value = close.is_some() || c.is_numeric();
        if let Some(close) = close {
            skip(&mut chars, c, close);
        } else if c.is_numeric() {
            // `1_000`, `12.5`, `0x1f`: one number.
            while let Some(next) = chars.next_if(|next| next.is_alphanumeric() || matches!(next, '.' | '_')) {
                if next == '.' && !chars.peek().is_some_and(char::is_ascii_digit) {
                    masked.push_str("_.");
                    break;
                }
            }
        }
        match is_value {
            true if !masked.ends_with('_') && !masked.ends_with("_.") => masked.push('_'),
            true => {}
            false => masked.push(c),
        }
        before = c;
    }
    format!("\"{masked}\"")
}

/// To the end of what a quote or bracket opened.
fn skip(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, open: char, close: char) {
    let mut depth = 1;
    while let Some(c) = chars.next() {
        let c = if c == '\\' { chars.next().unwrap_or(c) } else { c };
        if c == close {
            depth -= 1;
            if depth == 0 {
                return;
            }
        } else if c == open {
            depth += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape_of(text: &str) -> String {
        shape(&Value::read(text))
    }

    #[test]
    fn occurrences_that_differ_in_values_have_one_shape() {
        let same = |a: &str, b: &str| assert_eq!(shape_of(a), shape_of(b));
        same(
            r#"%RuntimeError{message: "item 4 has no price"}"#,
            r#"%RuntimeError{message: "item 1_207 has no price"}"#,
        );
        same(r#"%RuntimeError{message: "no \"a\" here"}"#, r#"%RuntimeError{message: "no \"bc d\" here"}"#);
        same("{:badmatch, {:error, 17}}", "{:badmatch, {:error, 4}}");
        same("{:case_clause, \"x 1\"}", "{:case_clause, \"x 22\"}");
        same("%KeyError{key: :a, term: %{b: 1}, message: nil}", "%KeyError{key: :a, term: %{c: 2}, message: nil}");
        same(r#"%E{message: "took 12.5 ms."}"#, r#"%E{message: "took 7 ms."}"#);
        same(r#"%E{message: "got: [1, {2}]"}"#, r#"%E{message: "got: []"}"#);
        same("{:badkey, 1, #PID<0.1.2>}", "{:badkey, 2, #PID<0.3.2>}");
    }

    #[test]
    fn what_differs_in_kind_has_another_shape() {
        let other = |a: &str, b: &str| assert_ne!(shape_of(a), shape_of(b));
        other(r#"%RuntimeError{message: "no price"}"#, r#"%RuntimeError{message: "no stock"}"#);
        other(r#"%RuntimeError{message: "x"}"#, r#"%ArgumentError{message: "x"}"#);
        other("{:badmatch, {:error, :a}}", "{:badmatch, {:error, :b}}");
        other("%KeyError{key: :a, term: %{}}", "%KeyError{key: :b, term: %{}}");
        other(":badarith", ":badarg");
        other(r#"%E{message: "it doesn't fit"}"#, r#"%E{message: "it doesn't fly"}"#);
    }
}
