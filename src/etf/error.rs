//! What is wrong with bytes that are no term?

use std::fmt;

/// Why bytes are not a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Byte, from the first of the term (its version byte, where it has one), at which reading failed.
    pub offset: usize,
    /// What is wrong there, and what is expected.
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: {}", self.offset, self.message)
    }
}

impl std::error::Error for Error {}
