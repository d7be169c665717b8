//! In which of its spellings is a list or a map written?
//!
//! The answer needs its keys, so these functions look ahead. Terms in terms are then passed over once per level: an
//! allowance of bytes keeps that linear, and where it is used up the longer spelling is written, which says the same.

use super::out::Out;
use crate::etf::atom::Atom;
use crate::etf::cursor::Cursor;
use crate::etf::tag;
use crate::etf::view::View;

/// Bytes that may be looked at ahead, for a term of so many bytes.
pub(super) const fn allowance(term_bytes: usize) -> usize {
    term_bytes.saturating_mul(32).saturating_add(4096)
}

/// What the name of a module written in Elixir starts with.
const MODULE: &[u8] = b"Elixir.";

/// Spelling of a list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ListStyle {
    /// `[a: 1]`
    Keyword,
    /// `~c"abc"`
    Text,
    /// `[1, 2]`
    Plain,
}

/// Spelling of a map.
#[derive(Clone, Copy)]
pub(super) enum MapStyle<'a> {
    /// `%Cart{id: 1}`
    Struct(Atom<'a>),
    /// `%{id: 1}`
    Keyword,
    /// `%{"id" => 1}`
    Arrows,
}

impl<const JSON: bool> Out<'_, JSON> {
    /// Elements are looked at only as far as the text can reach: each takes two bytes at least.
    pub(super) fn list_style(&mut self, first: Cursor<'_>, len: usize) -> ListStyle {
        let mut at = first;
        let seen = len.min(self.room());
        match at.rest[0] {
            tag::SMALL_INTEGER => {
                let text = (0..seen).all(|_| at.u8() == tag::SMALL_INTEGER && is_printable(at.u8()));
                if text && (seen < len || at.rest[0] == tag::NIL) { ListStyle::Text } else { ListStyle::Plain }
            }
            tag::SMALL_TUPLE => {
                let keys = (0..seen).all(|_| {
                    at.u8() == tag::SMALL_TUPLE && at.u8() == 2 && key(&mut at).is_some() && self.pass(&mut at)
                });
                if keys && (seen < len || at.rest[0] == tag::NIL) { ListStyle::Keyword } else { ListStyle::Plain }
            }
            _ => ListStyle::Plain,
        }
    }

    pub(super) fn map_style<'a>(&mut self, first: Cursor<'a>, pairs: usize) -> MapStyle<'a> {
        let mut at = first;
        let mut name = None;
        let mut names = 0;
        // The one pair that a struct does not write among its fields comes on top.
        for _ in 0..pairs.min(self.room().saturating_add(1)) {
            let Some(key) = key(&mut at) else { return MapStyle::Arrows };
            if key.is("__struct__") {
                names += 1;
                name = match View::next(&mut { at }) {
                    View::Atom(atom) if atom.bytes().starts_with(MODULE) => Some(atom),
                    _ => None,
                };
            }
            if !self.pass(&mut at) {
                return MapStyle::Arrows;
            }
        }
        // Named twice, as no node sends it, nothing may be left out.
        name.filter(|_| names == 1).map_or(MapStyle::Keyword, MapStyle::Struct)
    }

    /// Passes over a term, if the allowance lasts.
    fn pass(&mut self, at: &mut Cursor<'_>) -> bool {
        let from = at.rest.len();
        at.skip();
        let passed = from - at.rest.len();
        let lasts = passed <= self.ahead;
        self.ahead = self.ahead.saturating_sub(passed);
        lasts
    }
}

/// Reads an atom that may stand as `key:`; modules are not written so.
fn key<'a>(at: &mut Cursor<'a>) -> Option<Atom<'a>> {
    let is_atom = matches!(at.rest[0], tag::ATOM | tag::ATOM_UTF8 | tag::SMALL_ATOM | tag::SMALL_ATOM_UTF8);
    let key = is_atom.then(|| at.atom())?;
    (!key.bytes().starts_with(MODULE)).then_some(key)
}

/// Whether a list of such bytes is written as text.
pub(super) const fn is_printable(byte: u8) -> bool {
    matches!(byte, 32..=126 | 7..=13 | 27)
}
