//! Whose result is a secret? A call that is given the name of one (`config(:secret_key_base)`, `get(opts, "api_key")`)
//! returns it with no name beside it.

use super::walk::{Walk, is_atom, is_charlist, text_of};
use crate::etf::cursor::Cursor;
use crate::etf::{Term, tag};
use crate::redact::Secrets;
use crate::redact::words::Secrecy;

/// Longest name that is asked by, in bytes.
const MAX_NAME: usize = 64;

/// What was asked for by a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A secret; a map or list that is returned is another one, whose own names say what is in it.
    Parts,
    /// A secret, maps and lists too.
    Whole,
}

/// What a call with these arguments asks for.
pub(in crate::redact) fn asked<'t>(
    secrets: &Secrets,
    args: &(impl Iterator<Item = Term<'t>> + Clone),
) -> Option<Asked> {
    let is_asked = |arg: &Term<'t>| asks(secrets, *arg);
    args.clone().find(is_asked)?;
    let mut given = args.clone().filter(|arg| is_container(*arg)).peekable();
    // `put(map, :password, "x")` returns a map that was given, and `get(map, :credentials)` one that was in it.
    let holds = |container: Term<'t>| args.clone().filter(is_asked).any(|key| holds_container(container, key));
    let is_whole = given.peek().is_none() || given.any(holds);
    Some(if is_whole { Asked::Whole } else { Asked::Parts })
}

/// Whether an argument is the name of a secret. A module is none, nor a sentence.
fn asks(secrets: &Secrets, arg: Term<'_>) -> bool {
    let Some(name) = super::walk::name(Cursor { rest: arg.as_bytes() }) else { return false };
    let is_name = name.len() <= MAX_NAME && !name.contains(&b' ');
    is_name && secrets.secrecy(name).is_some()
}

/// A map, or a list of pairs.
fn is_container(term: Term<'_>) -> bool {
    term.as_bytes()[0] == tag::MAP || is_keywords(Cursor { rest: term.as_bytes() })
}

/// Whether a list begins with a pair.
fn is_keywords(cursor: Cursor<'_>) -> bool {
    matches!(cursor.rest, [tag::LIST, _, _, _, _, tag::SMALL_TUPLE, 2, ..])
}

/// Whether a map or list of pairs has a map or list under a key.
fn holds_container(container: Term<'_>, key: Term<'_>) -> bool {
    let mut cursor = Cursor { rest: container.as_bytes() };
    let is_map = cursor.u8() == tag::MAP;
    let pairs = cursor.u32();
    for _ in 0..pairs {
        if !is_map {
            let [tag::SMALL_TUPLE, 2, ..] = cursor.rest else { return false };
            cursor.take(2);
        }
        let is_key = cursor.rest.starts_with(key.as_bytes());
        cursor.skip();
        if is_key {
            return matches!(cursor.rest[0], tag::MAP | tag::LIST);
        }
        cursor.skip();
    }
    false
}

impl<'t> Walk<'_, 't> {
    /// Hides the term at the cursor, which was asked for: its texts, and what they stand in.
    pub(super) fn answer(&mut self, cursor: &mut Cursor<'t>, asked: Asked) {
        match cursor.rest[0] {
            tag::SMALL_TUPLE => self.answered_tuple(cursor, asked),
            tag::MAP if asked == Asked::Whole => self.hide(cursor, Secrecy::Any),
            tag::LIST if is_charlist(*cursor) => self.hide(cursor, Secrecy::Any),
            tag::LIST if asked == Asked::Parts && is_keywords(*cursor) => self.visit(cursor),
            tag::LIST => {
                cursor.u8();
                // The tail, too.
                (0..=cursor.u32()).for_each(|_| self.answer(cursor, asked));
            }
            tag::BINARY | tag::STRING | tag::BIT_BINARY | tag::NEW_FUN => self.hide(cursor, Secrecy::Any),
            _ => self.visit(cursor),
        }
    }

    /// Of what a callback returns the answer is hidden; its state is looked at as ever.
    fn answered_tuple(&mut self, cursor: &mut Cursor<'t>, asked: Asked) {
        let mut at = *cursor;
        at.u8();
        let arity = usize::from(at.u8());
        let tag = if arity > 0 && is_atom(&at) { at.atom().bytes() } else { b"" };
        let place = match (tag, arity) {
            (b"reply", 3 | 4) => Some(1),
            (b"stop", 4) => Some(2),
            (b"noreply" | b"stop" | b"next_state" | b"keep_state" | b"keep_state_and_data" | b"truncated", _) => None,
            _ => {
                cursor.take(2);
                return (0..arity).for_each(|_| self.answer(cursor, asked));
            }
        };
        let Some(place) = place else { return self.visit(cursor) };
        cursor.take(2);
        for at in 0..arity {
            if at == place { self.answer(cursor, asked) } else { self.visit(cursor) }
        }
    }

    /// Hides all texts in the term at the cursor, those in maps too: they may be on their way to a call that asked.
    pub(super) fn within(&mut self, cursor: &mut Cursor<'t>) {
        match cursor.rest[0] {
            tag::SMALL_TUPLE => {
                let arity = cursor.take(2)[1];
                (0..arity).for_each(|_| self.within(cursor));
            }
            tag::LIST if !is_charlist(*cursor) => {
                cursor.u8();
                (0..=cursor.u32()).for_each(|_| self.within(cursor));
            }
            tag::MAP => {
                if self.short(cursor) {
                    return;
                }
                cursor.u8();
                for _ in 0..cursor.u32() {
                    let secrecy = super::walk::name(*cursor).and_then(|name| self.secrets.secrecy(name));
                    match secrecy {
                        Some(secrecy) => {
                            cursor.skip();
                            self.hide(cursor, secrecy);
                        }
                        None => {
                            self.visit(cursor);
                            self.within(cursor);
                        }
                    }
                }
            }
            _ => self.texts(cursor),
        }
    }
}

/// Whether a text says nothing but that something is hidden.
pub(super) fn is_marked(mut cursor: Cursor<'_>) -> bool {
    matches!(cursor.rest[0], tag::BINARY | tag::STRING) && text_of(&mut cursor) == crate::redact::MARK.as_bytes()
}
