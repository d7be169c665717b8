//! Which structs are shown short, and how?

use super::edits::{binary, mark};
use super::walk::Walk;
use crate::etf::cursor::Cursor;
use crate::etf::{Term, tag};
use crate::redact::known;

/// The field that says that others are hidden.
const REST: &str = "redacted";

impl<'t> Walk<'_, 't> {
    /// Passes over the map at the cursor if it is a struct that is shown short; whether it is one.
    pub(super) fn short(&mut self, cursor: &mut Cursor<'t>) -> bool {
        let Some((name, fields)) = self.short_form(*cursor) else { return false };
        let start = self.place(cursor);
        let before = *cursor;
        cursor.u8();
        let pairs = cursor.u32();
        let mut kept = Vec::new();
        let mut count: u32 = 2;
        let mut hides_some = false;
        for _ in 0..pairs {
            let from = self.place(cursor);
            let key = super::walk::name(*cursor);
            cursor.skip();
            let value = self.place(cursor);
            let is_scalar = !matches!(
                cursor.rest[0],
                tag::SMALL_TUPLE | tag::LARGE_TUPLE | tag::MAP | tag::NEW_FUN | tag::BIT_BINARY
            );
            cursor.skip();
            let is_shown = key.is_some_and(|key| fields.iter().any(|field| field.as_bytes() == key));
            let is_own = key.is_some_and(|key| key == b"__struct__" || key == REST.as_bytes());
            hides_some |= !(is_own || is_scalar && is_shown);
            if is_scalar && is_shown {
                kept.extend_from_slice(self.bytes(from..value));
                // What a path or a name says is looked at as any other text.
                let value = Term::checked(self.bytes(value..self.place(cursor)));
                kept.extend_from_slice(&super::find(self.secrets, value).shown());
                count += 1;
            }
        }
        if !hides_some {
            // It is short already.
            *cursor = before;
            return false;
        }
        let mut short = vec![tag::MAP];
        short.extend_from_slice(&count.to_be_bytes());
        short.extend_from_slice(&atom(b"__struct__"));
        short.extend_from_slice(&atom(name));
        short.extend_from_slice(&kept);
        short.extend_from_slice(&atom(REST.as_bytes()));
        short.extend_from_slice(&mark());
        let end = self.place(cursor);
        self.replace(start..end, short, 1);
        true
    }

    /// The name of the struct at the cursor and the fields shown of it. Without the allowance to look ahead none is
    /// known; its names still tell what is hidden in it.
    fn short_form(&mut self, mut at: Cursor<'t>) -> Option<(&'t [u8], &'static [&'static str])> {
        at.u8();
        let pairs = at.u32();
        for _ in 0..pairs {
            let from = at.rest.len();
            let is_name = super::walk::is_atom(&at) && { at }.atom().is("__struct__");
            at.skip();
            if is_name {
                let name = super::walk::is_atom(&at).then(|| { at }.atom().bytes())?;
                return known::short_form(name).map(|fields| (name, fields));
            }
            at.skip();
            self.ahead = self.ahead.checked_sub(from - at.rest.len())?;
        }
        None
    }
}

/// The term of an atom; all here are short.
fn atom(text: &[u8]) -> Vec<u8> {
    let Ok(len) = u8::try_from(text.len()) else { return binary(text) };
    let mut bytes = vec![tag::SMALL_ATOM_UTF8, len];
    bytes.extend_from_slice(text);
    bytes
}
