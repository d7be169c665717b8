//! A value, and what it is made of.

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
