//! What does a JSON value hold, at which bytes of its text? Read once, whatever it is nested in.
//!
//! The nodes of the value lie in one list, each before what it holds, so that neither reading nor dropping a value needs a
//! stack as deep as the value is nested, and every part is still there as it was written.

use std::borrow::Cow;
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Leaf,
    List,
    Object,
}

#[derive(Debug)]
struct Node {
    kind: Kind,
    text: Range<usize>,
    /// The node after this one and all it holds.
    after: usize,
}

/// A value, taken apart.
#[derive(Debug)]
pub(super) struct Tape<'a> {
    text: &'a str,
    nodes: Vec<Node>,
}

impl<'a> Tape<'a> {
    /// Takes apart a text that is valid JSON; of any other the result means nothing. Cost: one pass.
    pub(super) fn read(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let (mut nodes, mut open): (Vec<Node>, Vec<usize>) = (Vec::new(), Vec::new());
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let start = at;
            at += 1;
            let kind = match byte {
                b'{' => Kind::Object,
                b'[' => Kind::List,
                b'}' | b']' => {
                    if let Some(closed) = open.pop() {
                        let after = nodes.len();
                        if let Some(node) = nodes.get_mut(closed) {
                            node.text.end = at;
                            node.after = after;
                        }
                    }
                    continue;
                }
                b'"' => {
                    at += super::json::string_length(bytes.get(at..).unwrap_or_default()) + 1;
                    Kind::Leaf
                }
                b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' => continue,
                _ => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let is_end = |byte: &u8| matches!(byte, b',' | b':' | b']' | b'}') || byte.is_ascii_whitespace();
                    at += rest.iter().position(is_end).unwrap_or(rest.len());
                    Kind::Leaf
                }
            };
            if kind != Kind::Leaf {
                open.push(nodes.len());
            }
            nodes.push(Node { kind, text: start..at.min(text.len()), after: nodes.len() + 1 });
        }
        Self { text, nodes }
    }

    /// The whole value.
    pub(super) const fn root(&self) -> Value<'_, 'a> {
        Value { tape: self, at: 0 }
    }
}

/// One value of a tape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'t, 'a> {
    tape: &'t Tape<'a>,
    at: usize,
}

impl<'t, 'a> Value<'t, 'a> {
    fn node(self) -> Option<&'t Node> {
        self.tape.nodes.get(self.at)
    }

    /// The value as it was written.
    pub(super) fn raw(self) -> &'a str {
        self.node().and_then(|node| self.tape.text.get(node.text.clone())).unwrap_or("null")
    }

    fn children(self) -> impl Iterator<Item = Self> {
        let end = self.node().map_or(0, |node| node.after);
        std::iter::successors(Some(self.at + 1), |at| self.tape.nodes.get(*at).map(|node| node.after))
            .take_while(move |at| *at < end)
            .map(move |at| Self { tape: self.tape, at })
    }

    /// The items of a list; of anything else `None`.
    pub(super) fn list(self) -> Option<impl Iterator<Item = Self>> {
        (self.node()?.kind == Kind::List).then(|| self.children())
    }

    /// The members of an object; of anything else `None`.
    pub(super) fn members(self) -> Option<impl Iterator<Item = (Cow<'a, str>, Self)>> {
        if self.node()?.kind != Kind::Object {
            return None;
        }
        let mut children = self.children();
        Some(std::iter::from_fn(move || {
            let (name, value) = (children.next()?, children.next()?);
            Some((unquoted(name.raw()), value))
        }))
    }

    /// A member of an object, where it has a value.
    pub(super) fn get(self, name: &str) -> Option<Self> {
        let (_, value) = self.members()?.find(|(member, _)| member == name)?;
        (value.raw() != "null").then_some(value)
    }

    /// The text of a string, or of a number or boolean as it is written; of anything else `None`.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        let raw = self.raw();
        match raw.as_bytes().first()? {
            b'"' => Some(unquoted(raw)),
            b'{' | b'[' | b'n' => None,
            _ => Some(Cow::Borrowed(raw)),
        }
    }
}

fn unquoted(raw: &str) -> Cow<'_, str> {
    let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or(raw);
    if inner.contains('\\') {
        serde_json::from_str(raw).map_or(Cow::Borrowed(inner), Cow::Owned)
    } else {
        Cow::Borrowed(inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::*;

    fn rebuilt(value: Value<'_, '_>) -> Json {
        if let Some(items) = value.list() {
            return items.map(rebuilt).collect();
        }
        match value.members() {
            Some(members) => Json::Object(members.map(|(name, value)| (name.into_owned(), rebuilt(value))).collect()),
            None => serde_json::from_str(value.raw()).unwrap(),
        }
    }

    #[test]
    fn deep_values_are_read_once() {
        let deep = format!("{}1{}", "[{\"a\": ".repeat(100_000), "}]".repeat(100_000));
        let tape = Tape::read(&deep);
        assert_eq!(tape.nodes.len(), 300_001);
        assert_eq!(tape.root().raw().len(), deep.len());
    }

    fn json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            ".{0,6}".prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
                prop::collection::vec((".{0,4}", inner), 0..5).prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_tape_holds_what_the_text_does(value in json(), pretty: bool) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            let tape = Tape::read(&text);
            prop_assert_eq!(rebuilt(tape.root()), value);
            prop_assert_eq!(tape.root().raw(), text.as_str());
        }
    }
}
