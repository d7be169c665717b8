//! What kind of message is this? The text of a term in Elixir syntax, without its values.

/// `{:coupon, "SPRNG"}` is `{:coupon, _}`; atoms stand for themselves, other values for their type.
pub(super) fn shape(term: &str) -> String {
    let term = term.trim();
    let Some(first) = term.chars().next() else { return "_".to_owned() };
    match first {
        '{' => tuple(term),
        '"' => "\"...\"".to_owned(),
        '[' => if term == "[]" { "[]" } else { "[...]" }.to_owned(),
        '%' => {
            let name = term[1..].split('{').next().unwrap_or_default();
            format!("%{name}{{}}")
        }
        '#' => format!("#{}", term[1..].split('<').next().unwrap_or_default()),
        '-' | '0'..='9' if term.contains(['.', 'e']) => "float".to_owned(),
        '-' | '0'..='9' => "integer".to_owned(),
        '<' => "<<...>>".to_owned(),
        // An atom, `nil`, `true`, an alias.
        _ => term.chars().take_while(|c| !c.is_whitespace() && *c != ',').take(60).collect(),
    }
}

/// A tuple with its tag, if it has one, and a place for each other element.
fn tuple(term: &str) -> String {
    let elements = elements(&term[1..]);
    let tag = elements.first().copied().map(str::trim);
    let places = elements.len();
    match tag {
        None | Some("") => "{}".to_owned(),
        // What was cut by the recorder has lost its end.
        Some(tag) if tag.starts_with(':') && tag.len() <= 60 => {
            format!("{{{tag}{}}}", ", _".repeat(places - 1))
        }
        Some(_) => format!("{{{}}}", vec!["_"; places].join(", ")),
    }
}

/// The elements of what follows an opening bracket, up to its closing one.
fn elements(inside: &str) -> Vec<&str> {
    let (mut depth, mut start) = (0_usize, 0);
    let mut found = Vec::new();
    let mut quote: Option<u8> = None;
    let bytes = inside.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (quote, byte) {
            (Some(_), b'\\') => at += 1,
            (Some(open), byte) if open == *byte => quote = None,
            (None, b'"' | b'\'') => quote = Some(*byte),
            (None, b'{' | b'[' | b'(' | b'<') => depth += 1,
            (None, b'}' | b']' | b')' | b'>') if depth > 0 => depth -= 1,
            (None, b'}') => break,
            (None, b',') if depth == 0 => {
                found.push(&inside[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    let last = &inside[start..at.min(inside.len())];
    if !found.is_empty() || !last.trim().is_empty() {
        found.push(last);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_one_kind_have_one_shape() {
        let is = |term: &str, expected: &str| assert_eq!(shape(term), expected, "{term}");
        is(r#"{:coupon, "SPR,{NG"}"#, "{:coupon, _}");
        is("{:add, {:book, 12}, [1, 2]}", "{:add, _, _}");
        is("{#Reference<0.1.2.3>, :ok}", "{_, _}");
        is("{:DOWN, #Reference<0.1>, :process, #PID<0.1.0>, :normal}", "{:DOWN, _, _, _, _}");
        is(":total", ":total");
        is("nil", "nil");
        is("{}", "{}");
        is("12", "integer");
        is("-1.5", "float");
        is("%{a: 1}", "%{}");
        is("%Cart{a: 1}", "%Cart{}");
        is("[1]", "[...]");
        is("#PID<0.1.0>", "#PID");
        is("{:cut, \"never ends", "{:cut, _}");
        is("", "_");
        is(r#"{:"a b", 'it''s', 1}"#, r#"{:"a b", _, _}"#);
    }
}
