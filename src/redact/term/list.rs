//! What do the pieces of a list say together?
//!
//! A name may be in one piece of an iolist and its value in another: `["password=", Password]`. The pieces are put
//! together, and what is hidden of the whole is hidden of each.

use std::ops::Range;

use super::edits::marked;
use super::walk::{Walk, is_atom, name, text_of};
use crate::etf::cursor::Cursor;
use crate::etf::tag;
use crate::redact::text;
use crate::redact::words::Secrecy;

/// The pieces of a list, one after the other.
#[derive(Default)]
struct Pieces {
    text: Vec<u8>,
    /// Of each: where it is in the text, and in the term; whether it is a number.
    places: Vec<(Range<usize>, Range<usize>, bool)>,
}

impl<'t> Walk<'_, 't> {
    pub(super) fn list(&mut self, cursor: &mut Cursor<'t>) {
        let start = self.place(cursor);
        if !self.is_in_pieces && self.ahead > 0 && !self.is_named_pair(*cursor) {
            let mut pieces = Pieces::default();
            let mut end = *cursor;
            let is_all = self.gather(&mut end, &mut pieces);
            self.ahead = self.ahead.saturating_sub(self.place(&end) - start);
            if is_all && pieces.places.len() > 1 {
                if self.hide_in_pieces(start..self.place(&end), &pieces) {
                    *cursor = end;
                    return;
                }
                // Each piece for itself has nothing that the whole has not, but at its edges.
                self.is_in_pieces = true;
                self.plain(cursor);
                self.is_in_pieces = false;
                return;
            }
        }
        self.plain(cursor);
    }

    /// Whether a list is a name and its value: `["password", "x"]`. A piece with more in it than a name is none.
    fn is_named_pair(&self, mut cursor: Cursor<'t>) -> bool {
        cursor.u8();
        cursor.u32() == 2 && pair_name(cursor).is_some_and(|name| self.secrets.secrecy(name).is_some())
    }

    /// Each element for itself.
    fn plain(&mut self, cursor: &mut Cursor<'t>) {
        cursor.u8();
        let len = cursor.u32();
        let first = name(*cursor).filter(|_| len >= 2 && !is_atom(cursor));
        let secrecy = match first {
            // `["password", "x"]`.
            Some(_) if len == 2 => pair_name(*cursor).and_then(|name| self.secrets.secrecy(name)),
            // As a client of Redis sends it.
            Some(b"AUTH" | b"auth") => Some(Secrecy::Any),
            _ => None,
        };
        if let Some(secrecy) = secrecy {
            cursor.skip();
            (1..len).for_each(|_| self.hide(cursor, secrecy));
            return self.visit(cursor);
        }
        // The tail, too.
        (0..=len).for_each(|_| self.visit(cursor));
    }

    /// Puts the pieces of a list together; whether they are all texts, bytes, or lists of such.
    fn gather(&self, cursor: &mut Cursor<'t>, pieces: &mut Pieces) -> bool {
        cursor.u8();
        let len = cursor.u32() as usize;
        for place in 0..=len {
            let start = self.place(cursor);
            let from = pieces.text.len();
            let is_number = match cursor.rest[0] {
                tag::NIL => {
                    cursor.u8();
                    continue;
                }
                tag::LIST => {
                    if !self.gather(cursor, pieces) {
                        return false;
                    }
                    continue;
                }
                tag::BINARY | tag::STRING => {
                    pieces.text.extend_from_slice(text_of(cursor));
                    false
                }
                tag::SMALL_INTEGER | tag::INTEGER if place < len => {
                    let Some(character) = u32::try_from(cursor.small()).ok().and_then(char::from_u32) else {
                        return false;
                    };
                    match u8::try_from(u32::from(character)) {
                        Ok(byte) => pieces.text.push(byte),
                        Err(_) => pieces.text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
                    }
                    true
                }
                _ => return false,
            };
            pieces.places.push((from..pieces.text.len(), start..self.place(cursor), is_number));
        }
        true
    }

    /// Hides in each piece what is hidden of the whole; whether that was anything.
    fn hide_in_pieces(&mut self, list: Range<usize>, pieces: &Pieces) -> bool {
        let parts = text::find(self.secrets, &pieces.text);
        if parts.is_empty() {
            return false;
        }
        let touched = |piece: &Range<usize>| parts.iter().any(|part| part.start < piece.end && piece.start < part.end);
        if pieces.places.iter().any(|(piece, _, is_number)| *is_number && touched(piece)) {
            // Numbers one by one would tell how many there are.
            self.replace(list, marked(&text::marked(&pieces.text, &parts)), parts.len() as u64);
            return true;
        }
        let mut secrets = parts.len() as u64;
        for (piece, place, _) in &pieces.places {
            let text = &pieces.text[piece.clone()];
            let within = |part: &Range<usize>| {
                let (start, end) = (part.start.max(piece.start), part.end.min(piece.end));
                (start < end).then(|| start - piece.start..end - piece.start)
            };
            // What a piece hides for itself is hidden, too: its neighbours may have changed what it seems to say.
            let alone = text::find(self.secrets, text);
            let mut hidden: Vec<Range<usize>> = parts.iter().filter_map(within).chain(alone).collect();
            hidden.sort_by_key(|part| (part.start, part.end));
            let mut merged: Vec<Range<usize>> = Vec::new();
            for part in hidden {
                match merged.last_mut() {
                    Some(before) if part.start <= before.end => before.end = before.end.max(part.end),
                    _ => merged.push(part),
                }
            }
            if !merged.is_empty() {
                self.replace(place.clone(), marked(&text::marked(text, &merged)), std::mem::take(&mut secrets));
            }
        }
        true
    }
}

/// The name that a list of two begins with.
fn pair_name(cursor: Cursor<'_>) -> Option<&[u8]> {
    let is_name =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b' ') || !byte.is_ascii();
    name(cursor).filter(|name| !is_atom(&cursor) && name.iter().all(is_name))
}
