//! One checked term, and those inside it.

use super::atom::Atom;
use super::check::term_len;
use super::error::Error;
use super::tag;
use super::view::{View, decode};

/// One whole term, checked: every length holds, every atom is text, nothing nests too deep.
///
/// Terms that one node sends are equal exactly if their bytes are, but for maps and floats written two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term<'a> {
    /// From its tag to its last byte.
    bytes: &'a [u8],
}

impl<'a> Term<'a> {
    /// Reads exactly one term with its version byte (131).
    ///
    /// # Errors
    /// Where and why the bytes are no term; a compressed one is none here, see [`Inflated`](super::Inflated).
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let wrong = |offset, message: String| Err(Error { offset, message });
        match bytes {
            [tag::VERSION, rest @ ..] => {
                if rest.first() == Some(&tag::COMPRESSED) {
                    return wrong(1, "a compressed term".to_owned());
                }
                let len = term_len(rest, 1)?;
                if len < rest.len() {
                    return wrong(1 + len, format!("{} bytes follow the term", rest.len() - len));
                }
                Ok(Self { bytes: rest })
            }
            [] => wrong(0, "no bytes where a term is expected".to_owned()),
            [first, ..] => wrong(0, format!("a term begins with byte 131, this with {first}")),
        }
    }

    /// A term that was checked before and copied.
    pub(crate) const fn of_checked(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// From its tag to its last byte.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// What it is, one level deep.
    pub fn view(self) -> View<'a> {
        decode(self.bytes)
    }

    /// The elements, if it is a tuple.
    pub fn tuple(self) -> Option<Terms<'a>> {
        match *self.bytes {
            [tag::SMALL_TUPLE, n, ref rest @ ..] => Some(Terms { rest, left: n.into() }),
            [tag::LARGE_TUPLE, a, b, c, d, ref rest @ ..] => {
                Some(Terms { rest, left: u32::from_be_bytes([a, b, c, d]) as usize })
            }
            _ => None,
        }
    }

    /// The elements, if it is a proper list; a list of bytes (which Erlang writes as a string) is none.
    pub fn items(self) -> Option<Terms<'a>> {
        match self.view() {
            View::Nil => Some(Terms { rest: &[], left: 0 }),
            View::List { items, tail: None } => Some(items),
            _ => None,
        }
    }

    /// The atom, if it is one.
    pub fn atom(self) -> Option<Atom<'a>> {
        match *self.bytes {
            [tag::SMALL_ATOM_UTF8, _, ref name @ ..] | [tag::ATOM_UTF8, _, _, ref name @ ..] => {
                Some(Atom::new(name, false))
            }
            [tag::SMALL_ATOM, _, ref name @ ..] | [tag::ATOM, _, _, ref name @ ..] => Some(Atom::new(name, true)),
            _ => None,
        }
    }

    /// The integer, if it is one of 64 bits.
    pub fn integer(self) -> Option<i64> {
        match *self.bytes {
            [tag::SMALL_INTEGER, value] => Some(value.into()),
            [tag::INTEGER, a, b, c, d] => Some(i32::from_be_bytes([a, b, c, d]).into()),
            [tag::SMALL_BIG, n @ ..=8, sign, ref digits @ ..] => {
                let mut bytes = [0; 8];
                bytes.get_mut(..n.into())?.copy_from_slice(digits);
                let magnitude = u64::from_le_bytes(bytes);
                match sign {
                    0 => i64::try_from(magnitude).ok(),
                    _ => 0_i64.checked_sub_unsigned(magnitude),
                }
            }
            _ => None,
        }
    }
}

/// Terms that stand one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    rest: &'a [u8],
    left: usize,
}

impl<'a> Terms<'a> {
    /// So many terms at the start of checked bytes.
    pub(super) const fn new(rest: &'a [u8], left: usize) -> Self {
        Self { rest, left }
    }

    /// Bytes of what they stand in, from the first of them on.
    pub(super) const fn byte_len(self) -> usize {
        self.rest.len()
    }

    /// What stands behind them.
    pub(super) fn behind(mut self) -> &'a [u8] {
        while self.next().is_some() {}
        self.rest
    }
}

#[expect(clippy::copy_iterator, reason = "a place in checked bytes: looking ahead is reading a copy")]
impl<'a> Iterator for Terms<'a> {
    type Item = Term<'a>;

    fn next(&mut self) -> Option<Term<'a>> {
        self.left = self.left.checked_sub(1)?;
        // The bytes were checked: there is a term.
        let len = leaf_len(self.rest).or_else(|| term_len(self.rest, 0).ok())?;
        let (bytes, rest) = self.rest.split_at(len);
        self.rest = rest;
        Some(Term { bytes })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Terms<'_> {}

/// Bytes of the commonest leaves: their lengths need no check.
fn leaf_len(bytes: &[u8]) -> Option<usize> {
    let len = match *bytes {
        [tag::SMALL_INTEGER, ..] => 2,
        [tag::INTEGER, ..] => 5,
        [tag::NIL, ..] => 1,
        [tag::SMALL_ATOM_UTF8 | tag::SMALL_ATOM, n, ..] => 2 + usize::from(n),
        [tag::ATOM | tag::ATOM_UTF8 | tag::STRING, a, b, ..] => 3 + usize::from(u16::from_be_bytes([a, b])),
        [tag::BINARY, a, b, c, d, ..] => 5 + u32::from_be_bytes([a, b, c, d]) as usize,
        [tag::SMALL_BIG, n, ..] => 3 + usize::from(n),
        [tag::NEW_FLOAT, ..] => 9,
        [tag::NEW_PID, tag::ATOM, a, b, ..] => 16 + usize::from(u16::from_be_bytes([a, b])),
        [tag::NEW_PID, tag::SMALL_ATOM_UTF8, n, ..] => 15 + usize::from(n),
        _ => return None,
    };
    (len <= bytes.len()).then_some(len)
}
