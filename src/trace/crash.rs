//! What does an exit reason say about a crash?

use super::functions::{bytes_text, shown};
use super::object::{Object, escaped};
use crate::etf::show::Show;
use crate::etf::{Atom, Term, View};

/// Frames of a stack written out.
const MAX_FRAMES: usize = 32;

/// How deep a reason is looked into: a caller dies of `{Reason, {GenServer, call, ...}}`.
const MAX_DEPTH: usize = 4;

/// A reason with a stack.
pub(super) struct Crash<'a> {
    error: Term<'a>,
    stack: Term<'a>,
}

impl<'a> Crash<'a> {
    /// Finds `{Error, Stack}` in an exit reason.
    pub(super) fn read(reason: Term<'a>) -> Option<Self> {
        Self::below(reason, 0)
    }

    fn below(reason: Term<'a>, depth: usize) -> Option<Self> {
        let mut pair = reason.tuple().filter(|pair| pair.len() == 2 && depth < MAX_DEPTH)?;
        let (error, stack) = (pair.next()?, pair.next()?);
        let is_stack =
            stack.items().and_then(|mut frames| frames.next()).is_some_and(|frame| Frame::read(frame).is_some());
        if is_stack { Some(Self { error, stack }) } else { Self::below(error, depth + 1) }
    }

    pub(super) fn write(&self, object: &mut Object<'_>) {
        object.term("error", self.error);
        let frames = || self.stack.items().into_iter().flatten().filter_map(Frame::read);
        if let Some(place) = frames().find_map(|frame| frame.place) {
            object.str("crash_site", &place);
        }
        object.key("stacktrace");
        object.text.push('[');
        for (at, frame) in frames().take(MAX_FRAMES).enumerate() {
            object.text.push_str(if at > 0 { ",\"" } else { "\"" });
            let mut line = frame.function;
            if let Some(args) = frame.args {
                line.push(' ');
                let rules = object.context.rules;
                let hidden = if rules.is_silent(frame.module.bytes(), frame.name.bytes()) {
                    rules.whole(args)
                } else if rules.is_about_secrets(frame.name.bytes()) {
                    rules.texts(args)
                } else {
                    rules.term(args)
                };
                let home = object.context.home;
                Show { max_bytes: 1000, home }.elixir(Term::checked(&hidden.shown()), &mut line);
                object.hid(&hidden);
            }
            if let Some(place) = frame.place {
                line.push_str(" (");
                line.push_str(&place);
                line.push(')');
            }
            escaped(&line, object.text);
            object.text.push('"');
        }
        object.text.push(']');
    }
}

/// One frame of a stack.
struct Frame<'a> {
    function: String,
    module: Atom<'a>,
    name: Atom<'a>,
    args: Option<Term<'a>>,
    place: Option<String>,
}

impl<'a> Frame<'a> {
    /// `{Module, Function, ArityOrArguments, Location}`.
    fn read(term: Term<'a>) -> Option<Self> {
        let mut parts = term.tuple().filter(|parts| parts.len() == 4)?;
        let (module, function, last, location) =
            (parts.next()?.atom()?, parts.next()?.atom()?, parts.next()?, parts.next()?);
        let (arity, args) = match last.view() {
            View::Integer(arity) => (arity, None),
            View::Nil => (0, None),
            View::Bytes(bytes) => (bytes.len() as i64, Some(last)),
            View::List { items, .. } => (items.len() as i64, Some(last)),
            _ => return None,
        };
        let (mut file, mut line) = (None, None);
        for mut pair in location.items().into_iter().flatten().filter_map(Term::tuple) {
            let (Some(key), Some(value)) = (pair.next().and_then(Term::atom), pair.next()) else { continue };
            match key.bytes() {
                b"file" => file = bytes_text(value),
                b"line" => line = value.integer(),
                _ => {}
            }
        }
        let place = file.zip(line).map(|(file, line)| format!("{file}:{line}"));
        Some(Self { function: shown(module, function, arity), module, name: function, args, place })
    }
}
