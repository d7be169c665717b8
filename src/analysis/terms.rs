//! What do short texts of events say: kinds of arguments, lines of differences, names of functions?

use super::value::Value;

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
    let shape = |arg: &String| {
        let value = Value::read(arg);
        if value.tuple().is_some() { value.pattern() } else { class(value.text).to_owned() }
    };
    args.iter().map(shape).collect::<Vec<_>>().join(", ")
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

/// `Office.-pages/1-fun-0-/2` is code of `Office.pages/1`.
pub(crate) fn home(function: &str) -> String {
    let Some((module, rest)) = function.split_once(".-") else { return function.to_owned() };
    let end = ["-fun-", "-lc$", "-lbc$", "-inlined-", "-after$"].iter().filter_map(|mark| rest.find(mark)).min();
    match end {
        Some(end) => format!("{module}.{}", &rest[..end]),
        None => function.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_alike_by_their_kind_and_size() {
        assert_eq!(shapes(&[":pdf".to_owned(), "[1]".to_owned(), "-5".to_owned()]), ":pdf, short list, number");
        assert_eq!(shapes(&["{:add, 1}".to_owned(), "{1, 2}".to_owned()]), "{:add, _}, {_, _}");
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
    fn code_of_an_anonymous_function_is_its_functions() {
        assert_eq!(home("Office.-pages/1-fun-0-/2"), "Office.pages/1");
        assert_eq!(home("M.-f/1-lc$^0/1-0-/1"), "M.f/1");
        assert_eq!(home("Cart.total/1"), "Cart.total/1");
    }
}
