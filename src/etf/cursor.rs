//! What comes next in the bytes of a checked term?
//!
//! Nothing here can fail: a [`super::Term`] exists only for bytes that `check` has passed.

use super::atom::Atom;
use super::tag;

/// A place in a checked term.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    pub(crate) rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    #[inline]
    pub(crate) fn u8(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    #[inline]
    pub(crate) fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.array())
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> u32 {
        u32::from_be_bytes(self.array())
    }

    #[inline]
    pub(crate) fn u64(&mut self) -> u64 {
        u64::from_be_bytes(self.array())
    }

    #[inline]
    pub(crate) fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        taken
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N));
        bytes
    }

    /// An atom at a place where only an atom stands.
    #[inline]
    pub(crate) fn atom(&mut self) -> Atom<'a> {
        let tag = self.u8();
        self.atom_tagged(tag)
    }

    #[inline]
    pub(crate) fn atom_tagged(&mut self, tag: u8) -> Atom<'a> {
        let wide = matches!(tag, tag::ATOM | tag::ATOM_UTF8);
        let len = if wide { usize::from(self.u16()) } else { usize::from(self.u8()) };
        Atom::new(self.take(len), matches!(tag, tag::ATOM | tag::SMALL_ATOM))
    }

    /// An integer at a place where only a small or a 32-bit one stands.
    #[inline]
    pub(crate) fn small(&mut self) -> i64 {
        match self.u8() {
            tag::SMALL_INTEGER => i64::from(self.u8()),
            _ => i64::from(self.u32() as i32),
        }
    }

    /// Passes over one term; cost: one step per term inside it, whatever the sizes of its binaries.
    pub(crate) fn skip(&mut self) {
        let mut left: usize = 1;
        while left > 0 {
            left -= 1;
            left += self.skip_head();
        }
    }

    /// Passes over the next tag and what belongs to it alone; how many terms follow inside it.
    #[inline]
    fn skip_head(&mut self) -> usize {
        let rest = self.rest;
        let two = |rest: &[u8]| usize::from(u16::from_be_bytes([rest[1], rest[2]]));
        let four = |rest: &[u8]| u32::from_be_bytes([rest[1], rest[2], rest[3], rest[4]]) as usize;
        let (len, inside) = match rest[0] {
            tag::SMALL_INTEGER => (2, 0),
            tag::INTEGER => (5, 0),
            tag::NIL => (1, 0),
            tag::ATOM | tag::ATOM_UTF8 | tag::STRING => (3 + two(rest), 0),
            tag::SMALL_ATOM | tag::SMALL_ATOM_UTF8 => (2 + usize::from(rest[1]), 0),
            tag::SMALL_TUPLE => (2, usize::from(rest[1])),
            tag::LARGE_TUPLE => (5, four(rest)),
            tag::LIST => (5, four(rest) + 1),
            tag::MAP => (5, 2 * four(rest)),
            tag::BINARY => (5 + four(rest), 0),
            tag::SMALL_BIG => (3 + usize::from(rest[1]), 0),
            tag::BIT_BINARY | tag::LARGE_BIG => (6 + four(rest), 0),
            tag::NEW_FLOAT => (9, 0),
            tag::FLOAT => (32, 0),
            tag::NEW_FUN => (1 + four(rest), 0),
            tag::EXPORT => (1, 3),
            _ => (self.skip_identity(), 0),
        };
        self.rest = &rest[len..];
        inside
    }

    /// Bytes of a pid, a port or a reference: tag, words, name of its node, fixed fields.
    fn skip_identity(self) -> usize {
        let mut after = self;
        let fields = match after.u8() {
            tag::PID => 9,
            tag::NEW_PID | tag::V4_PORT => 12,
            tag::NEW_PORT => 8,
            tag::NEW_REFERENCE => 1 + 4 * usize::from(after.u16()),
            tag::NEWER_REFERENCE => 4 + 4 * usize::from(after.u16()),
            _ => 5,
        };
        after.atom();
        self.rest.len() - after.rest.len() + fields
    }
}
