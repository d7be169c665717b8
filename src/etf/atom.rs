//! What is an atom called?

use std::borrow::Cow;

/// An atom's name, as sent: Latin-1 by old nodes, UTF-8 by new ones.
#[derive(Clone, Copy, Debug)]
pub struct Atom<'a> {
    bytes: &'a [u8],
    is_latin1: bool,
}

impl<'a> Atom<'a> {
    pub(super) const fn new(bytes: &'a [u8], is_latin1: bool) -> Self {
        Self { bytes, is_latin1 }
    }

    /// The name's bytes; of names in ASCII, the same in both encodings.
    pub const fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Whether it is called so.
    pub fn is(self, name: &str) -> bool {
        self.bytes == name.as_bytes() && (!self.is_latin1 || name.is_ascii())
    }

    /// The name.
    pub fn text(self) -> Cow<'a, str> {
        match std::str::from_utf8(self.bytes) {
            Ok(text) if !self.is_latin1 || text.is_ascii() => Cow::Borrowed(text),
            // Latin-1 is the first 256 code points.
            _ => Cow::Owned(self.bytes.iter().map(|byte| char::from(*byte)).collect()),
        }
    }
}

impl PartialEq for Atom<'_> {
    fn eq(&self, other: &Self) -> bool {
        if self.is_latin1 == other.is_latin1 { self.bytes == other.bytes } else { self.text() == other.text() }
    }
}

impl Eq for Atom<'_> {}
