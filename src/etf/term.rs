//! One checked term.

use super::Error;
use super::atom::Atom;
use super::check::check;
use super::cursor::Cursor;
use super::tag;
use super::view::View;

/// The terms that the bytes of a string stand for.
static SMALL_INTEGERS: [[u8; 2]; 256] = {
    let mut all = [[tag::SMALL_INTEGER, 0]; 256];
    let mut value = 0;
    while value < 256 {
        all[value][1] = value as u8;
        value += 1;
    }
    all
};

/// One whole term, checked: every length holds, every atom is text, nothing nests too deep.
/// Equal (`==`) terms have equal bytes; terms that one node sent are equal where Erlang says they are,
/// the order of a map's keys aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Term<'a> {
    /// From its tag to its last byte, without the version byte.
    bytes: &'a [u8],
}

impl<'a> Term<'a> {
    /// Reads exactly one term with its version byte (131); checks all of it in one pass, allocates nothing.
    ///
    /// # Errors
    /// Where and why the bytes are no term. Compressed terms are refused: see [`super::Inflated`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        check(bytes).map_err(|error| *error)?;
        Ok(Self { bytes: &bytes[1..] })
    }

    /// The term of bytes that were checked before, without their version byte.
    pub(crate) const fn checked(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Its bytes, from the tag on.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Bytes it takes, without the version byte; a term takes one at least.
    #[expect(clippy::len_without_is_empty, reason = "no term is empty")]
    pub const fn len(self) -> usize {
        self.bytes.len()
    }

    /// What it is, one level deep. Cost: constant, but a list is passed over to find its tail.
    pub fn view(self) -> View<'a> {
        let mut cursor = Cursor { rest: self.bytes };
        match View::next(&mut cursor) {
            View::List { items, .. } => {
                let mut end = items.cursor;
                (0..items.left).for_each(|_| end.skip());
                let tail = (end.rest != [tag::NIL]).then_some(Term { bytes: end.rest });
                View::List { items, tail }
            }
            view => view,
        }
    }

    /// The elements, if it is a tuple.
    #[inline]
    pub fn tuple(self) -> Option<Terms<'a>> {
        let mut cursor = Cursor { rest: self.bytes };
        let arity = match cursor.u8() {
            tag::SMALL_TUPLE => usize::from(cursor.u8()),
            tag::LARGE_TUPLE => cursor.u32() as usize,
            _ => return None,
        };
        Some(Terms { cursor, left: arity, end_with_rest: true })
    }

    /// The elements, if it is a list other than of bytes (which Erlang sends as a string). The tail is not looked at: a
    /// list that is not proper has elements too. Cost: constant.
    #[inline]
    pub fn elements(self) -> Option<Terms<'a>> {
        let mut cursor = Cursor { rest: self.bytes };
        match cursor.u8() {
            tag::NIL => Some(Terms::new(cursor, 0)),
            tag::LIST => {
                let n = cursor.u32() as usize;
                Some(Terms::new(cursor, n))
            }
            _ => None,
        }
    }

    /// The element at a place of a list of any kind, counted from 0. Cost: one step per term before it.
    pub fn element(self, place: usize) -> Option<Self> {
        match self.elements() {
            Some(mut elements) => elements.nth(place),
            None => match self.view() {
                View::Bytes(bytes) => bytes.get(place).map(|byte| Self { bytes: &SMALL_INTEGERS[usize::from(*byte)] }),
                _ => None,
            },
        }
    }

    /// The elements, if it is a proper list; a list of bytes (which Erlang sends as a string) is none.
    pub fn items(self) -> Option<Terms<'a>> {
        match self.view() {
            View::Nil => Some(Terms::new(Cursor { rest: &[] }, 0)),
            View::List { items, tail: None } => Some(items),
            _ => None,
        }
    }

    /// The atom, if it is one.
    #[inline]
    pub fn atom(self) -> Option<Atom<'a>> {
        let mut cursor = Cursor { rest: self.bytes };
        match cursor.u8() {
            tag @ (tag::ATOM | tag::ATOM_UTF8 | tag::SMALL_ATOM | tag::SMALL_ATOM_UTF8) => {
                Some(cursor.atom_tagged(tag))
            }
            _ => None,
        }
    }

    /// The integer, if it is one of 64 bits.
    #[inline]
    pub fn integer(self) -> Option<i64> {
        if !matches!(self.bytes[0], tag::SMALL_INTEGER | tag::INTEGER | tag::SMALL_BIG | tag::LARGE_BIG) {
            return None;
        }
        match self.view() {
            View::Integer(integer) => Some(integer),
            _ => None,
        }
    }

    /// Whether it is a process.
    pub const fn is_pid(self) -> bool {
        matches!(self.bytes[0], tag::PID | tag::NEW_PID)
    }

    /// Whether it is a reference.
    pub const fn is_reference(self) -> bool {
        matches!(self.bytes[0], tag::REFERENCE | tag::NEW_REFERENCE | tag::NEWER_REFERENCE)
    }

    /// Whether it is a list: empty, of bytes, proper or improper.
    pub const fn is_list(self) -> bool {
        matches!(self.bytes[0], tag::NIL | tag::STRING | tag::LIST)
    }
}

/// Terms inside another one, in the order sent. Cost of a step: one per term inside the one passed.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    pub(super) cursor: Cursor<'a>,
    pub(super) left: usize,
    /// Nothing follows the last of them: it need not be passed over to find its end.
    end_with_rest: bool,
}

impl<'a> Terms<'a> {
    pub(super) const fn new(cursor: Cursor<'a>, left: usize) -> Self {
        Self { cursor, left, end_with_rest: false }
    }
}

#[expect(clippy::copy_iterator, reason = "a copy looks ahead, which is what it is copied for")]
impl<'a> Iterator for Terms<'a> {
    type Item = Term<'a>;

    #[inline]
    fn next(&mut self) -> Option<Term<'a>> {
        self.left = self.left.checked_sub(1)?;
        let from = self.cursor.rest;
        if self.left == 0 && self.end_with_rest {
            self.cursor.rest = &[];
            return Some(Term { bytes: from });
        }
        self.cursor.skip();
        Some(Term { bytes: &from[..from.len() - self.cursor.rest.len()] })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Terms<'_> {}
