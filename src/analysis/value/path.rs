//! Where in a value? `discount`, `cart.total`, `items[0]`, `by_id["a1"]`, `[1]`.

use super::node::{Kind, Value};
use crate::error::{Error, Result};

/// A place in a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    text: String,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// A key by its bare name.
    Name(String),
    /// What stood in brackets: a place or a key as it is written.
    Bracket(String),
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) when it is empty or a bracket is not closed.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let bad = |why: &str| {
            Error::invalid(format!(
                "path: got {text:?}: {why}; a path is keys and places, such as discount, cart.total, items[0], \
                 by_id[\"a1\"] or [1]"
            ))
        };
        let mut steps = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix(['[', '{']) {
                let close = if rest.starts_with('[') { ']' } else { '}' };
                let quote = inner.starts_with('"').then(|| inner[1..].find('"').map(|at| at + 2));
                let from = quote.flatten().unwrap_or(0);
                let end = inner[from..].find(close).ok_or_else(|| bad("a bracket is not closed"))? + from;
                steps.push(Step::Bracket(inner[..end].trim().to_owned()));
                rest = &inner[end + 1..];
            } else {
                rest = rest.strip_prefix('.').unwrap_or(rest);
                let end = rest.find(['.', '[', '{']).unwrap_or(rest.len());
                if end == 0 {
                    return Err(bad("a key is missing"));
                }
                steps.push(Step::Name(rest[..end].to_owned()));
                rest = &rest[end..];
            }
        }
        if steps.is_empty() {
            return Err(bad("it is empty"));
        }
        Ok(Self { text: text.trim().to_owned(), steps })
    }

    /// As it was given.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What stands there; `None` when nothing does.
    pub(crate) fn find<'v, 'a>(&self, value: &'v Value<'a>) -> Option<&'v Value<'a>> {
        self.steps.iter().try_fold(value, |value, step| step.find(value))
    }
}

impl Step {
    fn find<'v, 'a>(&self, value: &'v Value<'a>) -> Option<&'v Value<'a>> {
        let wanted = match self {
            Self::Name(name) => &**name,
            Self::Bracket(inner) => &**inner,
        };
        let place = || wanted.parse::<usize>().ok();
        match &value.kind {
            Kind::Map(_, entries) => entries.iter().find(|(key, _)| is_key(key, wanted)).map(|(_, value)| value),
            Kind::List(items) | Kind::Tuple(items) => {
                let pair = items.iter().find_map(|item| match &item.kind {
                    Kind::Pair(pair) if is_key(&pair.0, wanted) => Some(&pair.1),
                    _ => None,
                });
                pair.or_else(|| items.get(place()?))
            }
            _ => None,
        }
    }
}

/// Whether a key is meant by a bare name, an atom, a string in quotes or any other text.
fn is_key(key: &Value<'_>, wanted: &str) -> bool {
    let unquoted = |text: &str| text.trim_matches('"') == wanted.trim_start_matches(':').trim_matches('"');
    match &key.kind {
        Kind::Atom(name) => unquoted(name),
        Kind::Text => key.text == wanted || !wanted.starts_with(':') && unquoted(key.text),
        _ => key.text == wanted,
    }
}

/// Appends a key to a path as [`Path::read`] takes it.
pub(crate) fn push_key(path: &mut String, key: &Value<'_>) {
    let plain = |name: &str| name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '?' | '!' | '@'));
    match key.kind {
        Kind::Atom(name) if plain(name) => {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
        }
        _ => {
            path.push('[');
            path.push_str(key.text);
            path.push(']');
        }
    }
}

/// Appends a place in a list or tuple.
pub(crate) fn push_index(path: &mut String, at: usize) {
    path.push('[');
    path.push_str(&at.to_string());
    path.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_its_value() {
        let state =
            r#"%{discount: nil, cart: %Cart{total: 7}, items: [{"sku1", 10}], "by id" => %{"a.1" => :x, 5 => :y}}"#;
        let value = Value::read(state);
        let at = |path: &str| Path::read(path).unwrap().find(&value).map(|found| found.text);
        assert_eq!(at("discount"), Some("nil"));
        assert_eq!(at(":discount"), Some("nil"));
        assert_eq!(at("cart.total"), Some("7"));
        assert_eq!(at("items[0]"), Some(r#"{"sku1", 10}"#));
        assert_eq!(at("items[0]{1}"), Some("10"));
        assert_eq!(at(r#"["by id"]["a.1"]"#), Some(":x"));
        assert_eq!(at("by id[5]"), Some(":y"));
        assert_eq!(at("cart.none"), None);
        assert_eq!(at("items[9]"), None);
        assert_eq!(Path::read("[1]").unwrap().find(&Value::read("{:a, 2}")).map(|found| found.text), Some("2"));
        assert_eq!(Path::read("b").unwrap().find(&Value::read("[a: 1, b: 2]")).map(|found| found.text), Some("2"));
    }

    #[test]
    fn every_leaf_is_found_by_the_path_it_is_shown_with() {
        let value = Value::read(r#"%{a: %{"b c" => 1, :"d-e" => 2}, l: [x: {1, [2]}], {1, 2} => 3}"#);
        for (path, leaf) in value.leaves(50) {
            assert_eq!(Path::read(&path).unwrap().find(&value), Some(leaf), "{path}");
        }
    }

    #[test]
    fn a_path_that_cannot_be_one_is_refused_with_an_example() {
        for bad in ["", "  ", "a..b", "items[0", "a."] {
            let error = Path::read(bad).unwrap_err().to_string();
            assert!(error.contains("cart.total"), "{bad}: {error}");
        }
    }
}
