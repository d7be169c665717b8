//! What is in a term, in the order of its bytes?

use std::ops::Range;

use super::edits::{Edit, mark, marked};
use crate::etf::cursor::Cursor;
use crate::etf::{Atom, tag};
use crate::redact::words::Secrecy;
use crate::redact::{MARK, Secrets, card, known, quick, silent, text};

/// The mark, as a text has it.
const MARK_BYTES: &[u8] = MARK.as_bytes();

/// Most elements of a tuple whose first names what the others are.
const MAX_NAMED: usize = 4;

/// Passes over a term once, its edits put down as they are found.
pub(super) struct Walk<'s, 't> {
    pub(super) secrets: &'s Secrets,
    root: &'t [u8],
    pub(super) edits: Vec<Edit>,
    /// Bytes that may be looked at ahead; see `short`.
    pub(super) ahead: usize,
    /// Whether the list being passed over is part of another one that was read as one text.
    pub(super) is_in_pieces: bool,
}

impl<'s, 't> Walk<'s, 't> {
    pub(super) fn new(secrets: &'s Secrets, root: &'t [u8]) -> Self {
        let ahead = root.len().saturating_mul(32).saturating_add(4096);
        Self { secrets, root, edits: Vec::new(), ahead, is_in_pieces: false }
    }

    pub(super) fn place(&self, cursor: &Cursor<'t>) -> usize {
        self.root.len() - cursor.rest.len()
    }

    pub(super) fn bytes(&self, range: Range<usize>) -> &'t [u8] {
        &self.root[range]
    }

    pub(super) fn replace(&mut self, range: Range<usize>, with: Vec<u8>, secrets: u64) {
        self.edits.push(Edit { range, with, secrets });
    }

    /// Looks at the term at the cursor and leaves the cursor behind it.
    pub(super) fn visit(&mut self, cursor: &mut Cursor<'t>) {
        match cursor.rest[0] {
            tag::SMALL_TUPLE => {
                let arity = usize::from(cursor.take(2)[1]);
                self.tuple(cursor, arity);
            }
            tag::LARGE_TUPLE => {
                cursor.u8();
                let arity = cursor.u32() as usize;
                self.tuple(cursor, arity);
            }
            tag::LIST => self.list(cursor),
            tag::MAP => self.map(cursor),
            tag::BINARY | tag::STRING | tag::BIT_BINARY => self.text(cursor),
            tag::SMALL_BIG => {
                let start = self.place(cursor);
                cursor.u8();
                let len = usize::from(cursor.u8());
                let is_negative = cursor.u8() != 0;
                let digits = cursor.take(len);
                if !is_negative && quick::integer(digits).is_some_and(card::is_card_integer) {
                    let end = self.place(cursor);
                    self.replace(start..end, mark(), 1);
                }
            }
            tag::NEW_FUN => self.fun(cursor),
            _ => cursor.skip(),
        }
    }

    fn elements(&mut self, cursor: &mut Cursor<'t>, n: usize) {
        (0..n).for_each(|_| self.visit(cursor));
    }

    fn tuple(&mut self, cursor: &mut Cursor<'t>, arity: usize) {
        if arity < 2 {
            return self.elements(cursor, arity);
        }
        let name = name(*cursor);
        if let Some(places) = name.and_then(known::record) {
            for place in 0..arity {
                if places.contains(&place) { self.hide(cursor, Secrecy::Texts) } else { self.visit(cursor) }
            }
            return;
        }
        if let Some(secrecy) = name.filter(|_| arity <= MAX_NAMED).and_then(|name| self.secrets.secrecy(name)) {
            cursor.skip();
            for _ in 1..arity {
                // `{<<"PASSWORD">>, longstr, Value}`: the kind of a value is an atom.
                if arity > 2 && is_atom(cursor) { cursor.skip() } else { self.hide(cursor, secrecy) }
            }
            return;
        }
        match (name, arity) {
            (Some(b"xmlel"), 4) => self.element(cursor),
            // As `erlang:decode_packet/3` reads a header.
            (Some(b"http_header"), 5) => {
                let mut at = *cursor;
                at.skip();
                at.skip();
                let secrecy = self::name(at).and_then(|name| self.secrets.secrecy(name));
                self.elements(cursor, 4);
                match secrecy {
                    Some(secrecy) => self.hide(cursor, secrecy),
                    None => self.visit(cursor),
                }
            }
            // `{Module, Function, Arguments}`, also in a stack.
            (_, 3 | 4) if is_atom(cursor) && self.calls_secret(*cursor) => {
                self.elements(cursor, 2);
                self.texts(cursor);
                self.elements(cursor, arity - 3);
            }
            (_, 3 | 4) if is_atom(cursor) && calls_silent(*cursor) => {
                self.elements(cursor, 2);
                self.hide(cursor, Secrecy::Any);
                self.elements(cursor, arity - 3);
            }
            _ => self.elements(cursor, arity),
        }
    }

    /// Whether the second element is the name of a function that works on secrets, and the third a list.
    fn calls_secret(&self, mut at: Cursor<'t>) -> bool {
        at.skip();
        if !is_atom(&at) {
            return false;
        }
        let function = at.atom();
        matches!(at.rest.first(), Some(&(tag::LIST | tag::STRING)))
            && self.secrets.words.is_about_secrets(function.bytes())
    }

    /// `{xmlel, Name, Attributes, Children}`.
    fn element(&mut self, cursor: &mut Cursor<'t>) {
        cursor.skip();
        let name = name(*cursor).unwrap_or_default();
        let is_secret =
            self.secrets.secrecy(name).is_some() || matches!(name, b"auth" | b"response" | b"initial-response");
        self.elements(cursor, 2);
        if is_secret { self.hide(cursor, Secrecy::Any) } else { self.visit(cursor) }
    }

    fn map(&mut self, cursor: &mut Cursor<'t>) {
        if self.short(cursor) {
            return;
        }
        cursor.u8();
        for _ in 0..cursor.u32() {
            let secrecy = name(*cursor).and_then(|name| self.secrets.secrecy(name));
            match secrecy {
                Some(secrecy) => {
                    cursor.skip();
                    self.hide(cursor, secrecy);
                }
                None => {
                    self.visit(cursor);
                    self.visit(cursor);
                }
            }
        }
    }

    fn text(&mut self, cursor: &mut Cursor<'t>) {
        let start = self.place(cursor);
        let bytes = text_of(cursor);
        let end = self.place(cursor);
        let parts = text::find(self.secrets, bytes);
        if !parts.is_empty() {
            let with = marked(&text::marked(bytes, &parts));
            self.replace(start..end, with, parts.len() as u64);
        }
    }

    /// What a function closes over; it says itself how long it is.
    fn fun(&mut self, cursor: &mut Cursor<'t>) {
        let start = self.place(cursor);
        cursor.u8();
        let size = cursor.u32();
        cursor.take(1 + 16 + 4);
        let free = cursor.u32() as usize;
        (0..4).for_each(|_| cursor.skip());
        let before = self.edits.len();
        self.elements(cursor, free);
        let grown: i64 = self.edits[before..].iter().map(|edit| edit.with.len() as i64 - edit.range.len() as i64).sum();
        if self.edits.len() > before {
            let size = (i64::from(size) + grown) as u32;
            self.replace(start + 1..start + 5, size.to_be_bytes().to_vec(), 0);
        }
    }

    /// Hides the term at the cursor, unless it tells nothing.
    pub(super) fn hide(&mut self, cursor: &mut Cursor<'t>, secrecy: Secrecy) {
        if is_harmless(*cursor, secrecy) {
            return self.visit(cursor);
        }
        let start = self.place(cursor);
        cursor.skip();
        let end = self.place(cursor);
        self.replace(start..end, mark(), 1);
    }

    /// Hides the texts in the term at the cursor, those in tuples and lists too.
    pub(super) fn texts(&mut self, cursor: &mut Cursor<'t>) {
        match cursor.rest[0] {
            tag::SMALL_TUPLE => {
                let arity = cursor.take(2)[1];
                (0..arity).for_each(|_| self.texts(cursor));
            }
            tag::LIST if !is_charlist(*cursor) => {
                cursor.u8();
                // The tail, too.
                (0..=cursor.u32()).for_each(|_| self.texts(cursor));
            }
            tag::BINARY | tag::STRING | tag::LIST | tag::BIT_BINARY => self.hide(cursor, Secrecy::Any),
            _ => self.visit(cursor),
        }
    }
}

/// Whether the first two elements are a function of whose arguments nothing is shown, and the third is a list of some.
fn calls_silent(mut at: Cursor<'_>) -> bool {
    let module = at.atom();
    is_atom(&at)
        && silent::is_silent(module.bytes(), at.atom().bytes())
        && matches!(at.rest.first(), Some(&(tag::LIST | tag::STRING)))
}

/// The text of an atom, a binary or a list of bytes.
pub(super) fn name(mut cursor: Cursor<'_>) -> Option<&[u8]> {
    if is_atom(&cursor) {
        let atom: Atom<'_> = cursor.atom();
        // A module is none.
        return (!atom.bytes().starts_with(b"Elixir.")).then(|| atom.bytes());
    }
    match cursor.rest[0] {
        tag::BINARY | tag::STRING => Some(text_of(&mut cursor)),
        _ => None,
    }
}

/// The bytes of a text, passed over.
pub(super) fn text_of<'t>(cursor: &mut Cursor<'t>) -> &'t [u8] {
    let len = match cursor.u8() {
        tag::STRING => usize::from(cursor.u16()),
        tag::BIT_BINARY => {
            let len = cursor.u32() as usize;
            cursor.u8();
            len
        }
        _ => cursor.u32() as usize,
    };
    cursor.take(len)
}

pub(super) fn is_atom(cursor: &Cursor<'_>) -> bool {
    matches!(cursor.rest[0], tag::ATOM | tag::ATOM_UTF8 | tag::SMALL_ATOM | tag::SMALL_ATOM_UTF8)
}

pub(super) fn is_charlist(mut cursor: Cursor<'_>) -> bool {
    cursor.u8();
    let n = cursor.u32();
    let is_integer = |cursor: &Cursor<'_>| matches!(cursor.rest[0], tag::SMALL_INTEGER | tag::INTEGER);
    (0..n).all(|_| {
        let is = is_integer(&cursor);
        if is {
            cursor.skip();
        }
        is
    })
}

/// Whether a value tells nothing: none at all, a number where numbers count something, a process.
fn is_harmless(mut cursor: Cursor<'_>, secrecy: Secrecy) -> bool {
    match cursor.rest[0] {
        tag::ATOM | tag::ATOM_UTF8 | tag::SMALL_ATOM | tag::SMALL_ATOM_UTF8 => {
            matches!(cursor.atom().bytes(), b"" | b"nil" | b"null" | b"true" | b"false" | b"undefined" | b"none")
        }
        tag::SMALL_INTEGER | tag::INTEGER | tag::SMALL_BIG | tag::LARGE_BIG | tag::NEW_FLOAT | tag::FLOAT => {
            secrecy == Secrecy::Texts
        }
        tag::BINARY | tag::STRING | tag::BIT_BINARY => {
            matches!(text_of(&mut cursor), b"" | MARK_BYTES)
        }
        tag::SMALL_TUPLE => cursor.rest[1] == 0,
        tag::MAP => cursor.rest[1..5] == [0; 4],
        tag::LIST | tag::LARGE_TUPLE | tag::NEW_FUN => false,
        _ => true,
    }
}
