//! What does an atom say?

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

/// An atom's text; latin-1 (OTP 25 and older) or UTF-8, as it was sent. Equal by text.
#[derive(Clone, Copy)]
pub struct Atom<'a> {
    bytes: &'a [u8],
    latin1: bool,
}

impl<'a> Atom<'a> {
    pub(super) const fn new(bytes: &'a [u8], latin1: bool) -> Self {
        Self { bytes, latin1 }
    }

    /// Its text as it was sent.
    pub const fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Whether this is its text.
    #[inline]
    pub fn is(self, text: &str) -> bool {
        if self.bytes == text.as_bytes() {
            return !self.latin1 || text.is_ascii();
        }
        self.latin1 && !self.bytes.is_ascii() && self.text() == text
    }

    /// Its text; borrowed unless it is latin-1 beyond ASCII.
    pub fn text(self) -> Cow<'a, str> {
        if self.latin1 && !self.bytes.is_ascii() {
            return Cow::Owned(self.bytes.iter().copied().map(char::from).collect());
        }
        String::from_utf8_lossy(self.bytes)
    }
}

impl PartialEq for Atom<'_> {
    fn eq(&self, other: &Self) -> bool {
        if self.latin1 == other.latin1 { self.bytes == other.bytes } else { self.text() == other.text() }
    }
}

impl Eq for Atom<'_> {}

impl Hash for Atom<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text().hash(state);
    }
}

impl fmt::Debug for Atom<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text(), f)
    }
}
