//! What does the reason of a failed call say: which error, whose wrapping, which line?

use super::masked;
use super::stack::{Origin, is_stack, origin};
use crate::analysis::story::reason::elixir_name;
use crate::analysis::value::fields::{Fields, named as fields_of};
use crate::analysis::value::{Kind, Value};

/// How deep reasons wrap each other.
const MAX_WRAPS: usize = 6;

/// How a call was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Class {
    Error,
    Exit,
    Throw,
}

impl Class {
    /// The class an `exit_reason` names; `None` for a call that returned.
    pub(crate) fn named(exit_reason: &str) -> Option<Self> {
        match exit_reason {
            "normal" | ":normal" => None,
            "exit" | ":exit" => Some(Self::Exit),
            "throw" | ":throw" => Some(Self::Throw),
            _ => Some(Self::Error),
        }
    }
}

/// A reason, read.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(super) class: Class,
    /// `ArithmeticError`, `Shop.Missing`, `:timeout`.
    pub(super) name: String,
    /// The reason inside of every wrapping; `None` where the text was cut before it.
    pub(super) core: Option<String>,
    pub(super) shape: String,
    /// By the stack that was wrapped with it.
    pub(crate) origin: Option<Origin>,
    /// Whether an exception struct carried it, as `Plug.Conn.WrapperError` does.
    pub(crate) is_wrapped: bool,
}

impl Reading {
    pub(crate) fn of(class: Class, reason: &str) -> Self {
        let (mut text, mut class) = (reason.trim(), class);
        let (mut stack, mut is_wrapped) = (None, false);
        for _ in 0..MAX_WRAPS {
            if let Some((name, wrapper)) = wrapper(text) {
                is_wrapped = true;
                stack = wrapper.get("stack").and_then(|stack| origin(&Value::read(stack))).or(stack);
                class =
                    wrapper.get("kind").and_then(|kind| Class::named(kind.trim_start_matches(':'))).unwrap_or(class);
                let Some(inner) = wrapper.get("reason") else {
                    let name = name.to_owned();
                    let shape = format!("%{name}{{}}");
                    return Self { class, name, core: None, shape, origin: stack, is_wrapped };
                };
                text = inner;
            } else if let Some((inner, found)) = with_stack(text) {
                stack = found.or(stack);
                text = inner;
            } else {
                break;
            }
        }
        let value = Value::read(text);
        Self {
            class,
            name: name(class, &value),
            shape: masked::shape(&value),
            core: Some(text.to_owned()),
            origin: stack,
            is_wrapped,
        }
    }

    /// Whether this, of a call around, is the same exception as `inner` of a call within: the same reason, wrapped
    /// perhaps, or made an Elixir exception of an Erlang error by a `rescue`.
    pub(crate) fn continues(&self, inner: &Self) -> bool {
        match (&self.core, &inner.core) {
            (Some(own), Some(other)) if own == other => self.class == inner.class,
            (Some(own), Some(other)) => {
                self.class == Class::Error
                    && inner.class == Class::Error
                    && own.starts_with('%')
                    && !other.starts_with('%')
                    && self.name == inner.name
            }
            // Cut before what it wraps: whatever was on its way is what it wraps.
            (None, _) => self.is_wrapped,
            (Some(_), None) => false,
        }
    }
}

/// An exception struct that carries another: its name and fields.
fn wrapper(text: &str) -> Option<(&str, Fields<'_>)> {
    let (name, fields) = fields_of(text)?;
    let is_carrying = fields.get("reason").is_some() && fields.get("kind").is_some() && fields.get("stack").is_some();
    (is_carrying || name.ends_with("WrapperError")).then_some((name, fields))
}

/// `{reason, stack}`.
fn with_stack(text: &str) -> Option<(&str, Option<Origin>)> {
    if !text.starts_with('{') {
        return None;
    }
    let value = Value::read(text);
    let [inner, stack] = value.tuple()? else { return None };
    is_stack(stack).then(|| (inner.text, origin(stack)))
}

fn name(class: Class, value: &Value<'_>) -> String {
    match &value.kind {
        Kind::Map(Some(name), _) => (*name).to_owned(),
        Kind::Atom(name) => elixir(class, name).unwrap_or_else(|| value.text.to_owned()),
        Kind::Tuple(items) => {
            let tag = items.first().and_then(Value::atom);
            tag.and_then(|tag| elixir(class, tag)).unwrap_or_else(|| value.pattern())
        }
        // A struct that was cut still begins with its name.
        _ => fields_of(value.text).map_or_else(|| value.pattern(), |(name, _)| name.to_owned()),
    }
}

fn elixir(class: Class, tag: &str) -> Option<String> {
    if class == Class::Error { elixir_name(tag).map(str::to_owned) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reason: &str) -> Reading {
        Reading::of(Class::Error, reason)
    }

    #[test]
    fn the_error_inside_of_every_wrapping_is_named() {
        let wrapped = "%Plug.Conn.WrapperError{conn: %Plug.Conn{status: nil}, kind: :error, reason: :badarith, \
            stack: [{Shop, :gross, 1, [file: ~c\"shop.ex\", line: 12]}]}";
        let found = read(wrapped);
        assert_eq!(
            (&*found.name, found.core.as_deref(), found.is_wrapped),
            ("ArithmeticError", Some(":badarith"), true)
        );
        assert_eq!(found.origin.unwrap().line, "shop.ex:12");
        let twice = format!("%Other.WrapperError{{reason: {wrapped}, kind: :error, stack: []}}");
        assert_eq!(read(&twice).core.as_deref(), Some(":badarith"));
        let pair = read("{{:badmatch, 1}, [{A, :b, 1, [file: ~c\"a.ex\", line: 3]}]}");
        assert_eq!((&*pair.name, pair.core.as_deref()), ("MatchError", Some("{:badmatch, 1}")));
        assert_eq!(pair.origin.unwrap().function, "A.b/1");
        let thrown = read("%Plug.Conn.WrapperError{kind: :throw, reason: {:halt, 1}, stack: []}");
        assert_eq!((thrown.class, &*thrown.name), (Class::Throw, "{:halt, _}"));
    }

    #[test]
    fn a_wrapping_that_was_cut_tells_its_name_alone() {
        let cut = read("%Plug.Conn.WrapperError{conn: %Plug.Conn{adapter: {A, [1, \u{2039}cut: 9000 bytes\u{203a}]}}}");
        assert_eq!((&*cut.name, cut.core.as_deref(), cut.is_wrapped), ("Plug.Conn.WrapperError", None, true));
        assert!(cut.continues(&read(":badarith")));
        assert!(!read(":badarith").continues(&cut));
    }

    #[test]
    fn an_exception_goes_on_as_itself_wrapped_or_made_elixirs_own() {
        let goes_on = |inner: &str, outer: &str| read(outer).continues(&read(inner));
        assert!(goes_on(":badarith", ":badarith"));
        assert!(goes_on(":badarith", "%ArithmeticError{message: \"bad argument\"}"));
        assert!(goes_on("{:badmatch, 1}", "%MatchError{term: 1}"));
        assert!(!goes_on("%ArithmeticError{message: \"bad argument\"}", ":badarith"));
        assert!(!goes_on(":badarith", "%RuntimeError{message: \"bad argument\"}"));
        assert!(!goes_on("{:badmatch, 1}", "{:badmatch, 2}"));
        let thrown = Reading::of(Class::Throw, ":stop");
        assert!(!Reading::of(Class::Exit, ":stop").continues(&thrown));
    }
}
