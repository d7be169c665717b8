//! What is inside a value written in Elixir syntax?
//!
//! Events carry values as text. This reader is lenient: what it does not understand, or what was cut, is an opaque
//! piece of text, never an error. Everything borrows from the text.

pub(crate) mod brief;
mod charlist;
pub(crate) mod diff;
pub(crate) mod envelope;
pub(crate) mod fields;
pub(crate) mod path;
mod read;
mod shape;

use std::borrow::Cow;

/// Deeper than this a value is opaque: it bounds the stack against hostile input.
const MAX_DEPTH: usize = 48;

/// A value and the text it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    pub(crate) text: &'a str,
    pub(crate) kind: Kind<'a>,
}

/// What a value is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    /// A map or, with its name, a struct.
    Map(Option<&'a str>, Vec<(Value<'a>, Value<'a>)>),
    List(Vec<Value<'a>>),
    Tuple(Vec<Value<'a>>),
    /// `a: 1` in a list.
    Pair(Box<(Value<'a>, Value<'a>)>),
    /// An atom without its colon and quotes, or an alias such as `Bank.Account`.
    Atom(&'a str),
    Number,
    Text,
    /// A pid, reference, function, binary, or something not understood.
    Opaque,
}

/// Whether some part of a value was cut, by its source or here: such values are never compared.
pub(crate) fn is_cut(text: &str) -> bool {
    // A struct told in a short form: by the tracer, without what a program keeps in a socket, or here.
    let is_short =
        text.contains("%Phoenix.Socket{") && !text.contains("assigns: ") || text.contains("redacted: \"[REDACTED]\"");
    is_short || text.contains("{:truncated, ") || text.contains("\u{2039}cut: ")
}

impl<'a> Value<'a> {
    /// Reads a text; never fails. Cost: one pass.
    pub(crate) fn read(text: &'a str) -> Self {
        read::whole(text)
    }

    /// The elements of a tuple.
    pub(crate) fn tuple(&self) -> Option<&[Self]> {
        match &self.kind {
            Kind::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// The elements of a list.
    pub(crate) fn list(&self) -> Option<&[Self]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The elements of a list, written alike whatever else is in it; also of one that is written as a text.
    pub(crate) fn elements(&self) -> Option<Vec<Cow<'a, str>>> {
        match &self.kind {
            Kind::List(items) => Some(items.iter().map(Self::element).collect()),
            Kind::Text => {
                let numbers = charlist::numbers_of(self.text)?;
                Some(numbers.iter().map(|number| number.to_string().into()).collect())
            }
            _ => None,
        }
    }

    fn element(&self) -> Cow<'a, str> {
        match &self.kind {
            Kind::Pair(pair) => format!("{{:{}, {}}}", pair.0.text, pair.1.text).into(),
            _ => self.text.into(),
        }
    }

    /// The name of an atom.
    pub(crate) const fn atom(&self) -> Option<&'a str> {
        match self.kind {
            Kind::Atom(name) => Some(name),
            _ => None,
        }
    }

    /// What sort of value it is, in a word: two values of different sorts in one place are suspicious.
    pub(crate) fn sort(&self) -> &'static str {
        match &self.kind {
            Kind::Map(..) => "map",
            Kind::List(_) => "list",
            Kind::Tuple(_) => "tuple",
            Kind::Pair(_) => "pair",
            Kind::Atom("nil") => "nil",
            Kind::Atom("true" | "false") => "boolean",
            Kind::Atom(_) => "atom",
            Kind::Number => "number",
            Kind::Text => "text",
            Kind::Opaque if self.text.starts_with("#PID") => "pid",
            Kind::Opaque if self.text.starts_with("<<") => "text",
            Kind::Opaque => "other",
        }
    }

    /// Every part that is no container, with its path, at most `max`; empty containers count as such parts.
    pub(crate) fn leaves(&self, max: usize) -> Vec<(String, &Self)> {
        let mut found = Vec::new();
        self.collect_leaves(&mut String::new(), max, &mut found);
        found
    }

    fn collect_leaves<'v>(&'v self, path: &mut String, max: usize, found: &mut Vec<(String, &'v Self)>) {
        if found.len() >= max {
            return;
        }
        let length = path.len();
        match &self.kind {
            Kind::Map(_, entries) if !entries.is_empty() => {
                for (key, value) in entries {
                    path::push_key(path, key);
                    value.collect_leaves(path, max, found);
                    path.truncate(length);
                }
            }
            Kind::Tuple(items) | Kind::List(items) if !items.is_empty() => {
                for (at, item) in items.iter().enumerate() {
                    match &item.kind {
                        Kind::Pair(pair) => {
                            path::push_key(path, &pair.0);
                            pair.1.collect_leaves(path, max, found);
                        }
                        _ => {
                            path::push_index(path, at);
                            item.collect_leaves(path, max, found);
                        }
                    }
                    path.truncate(length);
                }
            }
            _ => found.push((path.clone(), self)),
        }
    }

    /// The kind of message a value is: `{:coupon, _}` for `{:coupon, "SPRING"}`, `:total` for `:total`.
    pub(crate) fn pattern(&self) -> String {
        match &self.kind {
            Kind::Atom(_) => self.text.to_owned(),
            Kind::Tuple(items) if items.first().is_some_and(|first| first.atom().is_some()) => {
                let rest = ", _".repeat(items.len() - 1);
                format!("{{{}{rest}}}", items[0].text)
            }
            Kind::Tuple(items) => format!("{{{}}}", vec!["_"; items.len()].join(", ")),
            Kind::Map(Some(name), _) => format!("%{name}{{}}"),
            Kind::Map(None, _) => "%{}".to_owned(),
            Kind::List(_) => "[..]".to_owned(),
            _ => format!("({})", self.sort()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_message_is_its_tag_and_size() {
        let pattern = |text| Value::read(text).pattern();
        assert_eq!(pattern(r#"{:coupon, "SPRING"}"#), "{:coupon, _}");
        assert_eq!(pattern(":total"), ":total");
        assert_eq!(pattern(r#"{:add, "sku", 10}"#), "{:add, _, _}");
        assert_eq!(pattern("{1, 2}"), "{_, _}");
        assert_eq!(pattern("%Job{id: 1}"), "%Job{}");
        assert_eq!(pattern("17"), "(number)");
        assert_eq!(pattern("{:put, <<1, 2>>, #Function<1.2/0 in M, env: [1, 2]>}"), "{:put, _, _}");
        assert_eq!(pattern("{#Reference<0.1.2.3>, :ok}"), "{_, _}");
        assert_eq!(pattern("{:note, \"abc\"‹cut: 900 bytes›}"), "{:note, _}", "what the recorder cut");
        assert_eq!(pattern("{:note, [1, 2, ‹cut: 900 bytes›]}"), "{:note, _}");
    }

    #[test]
    fn elements_are_written_alike_in_any_list() {
        let elements = |text| Value::read(text).elements();
        assert_eq!(elements("[a: 1, b: {2}]").unwrap(), ["{:a, 1}", "{:b, {2}}"]);
        assert_eq!(elements("[{:a, 1}, 7]").unwrap(), ["{:a, 1}", "7"]);
        assert_eq!(elements(r#"~c"A\n\"é""#).unwrap(), ["65", "10", "34", "233"]);
        assert_eq!((elements("[]").unwrap().len(), elements("\"abc\""), elements("{1}")), (0, None, None));
    }

    #[test]
    fn leaves_are_found_with_their_paths() {
        let value = Value::read(r#"%{a: %{"b" => 1}, items: [{:x, nil}], opts: [retry: 3], empty: []}"#);
        let leaves: Vec<(String, &str)> = value.leaves(100).into_iter().map(|(path, leaf)| (path, leaf.text)).collect();
        let expected =
            [("a[\"b\"]", "1"), ("items[0]{0}", ":x"), ("items[0]{1}", "nil"), ("opts.retry", "3"), ("empty", "[]")];
        // Elements of tuples and lists are both asked for by their place.
        let expected: Vec<(String, &str)> =
            expected.iter().map(|(path, leaf)| (path.replace(['{'], "[").replace('}', "]"), *leaf)).collect();
        assert_eq!(leaves, expected);
        assert_eq!(value.leaves(2).len(), 2);
    }
}
