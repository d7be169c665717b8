//! What can go wrong, by what the caller should do about it.

use std::fmt;

/// What the caller should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Change the named argument; the message says to what.
    Invalid,
    /// Ask for something else: nothing is stored under that name.
    NotFound,
    /// Send less at once.
    LimitExceeded,
    /// Nothing: the caller gave the work up, and nothing was changed.
    Cancelled,
    /// Ask again: others hold the memory it takes now. Nothing was changed.
    Busy,
}

/// Why a call was refused. The text is a sentence for the caller: the path of what was wrong, what was
/// got, what is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// Result of a store call.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An argument the caller can correct.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Invalid, message: message.into() }
    }

    /// Nothing is stored under the name asked for.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::NotFound, message: message.into() }
    }

    /// The call asks for more than is served at once.
    pub fn limit_exceeded(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::LimitExceeded, message: message.into() }
    }

    /// The caller gave the work up.
    pub fn cancelled() -> Self {
        Self { kind: ErrorKind::Cancelled, message: "cancelled; nothing was changed".into() }
    }

    /// Others hold what the call takes.
    pub fn busy(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Busy, message: message.into() }
    }

    /// What the caller should do.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The same error, its message led by where it was found: `events[17].timestamp: ...`.
    #[must_use]
    pub fn at(mut self, path: &str) -> Self {
        // Most messages start with the member at fault; the others speak of the value as a whole.
        let start = self.message.split(": ").next().unwrap_or_default();
        let joint = match start.chars().next() {
            Some('[') => "",
            Some(_) if start.len() < self.message.len() && !start.contains(' ') => ".",
            _ => ": ",
        };
        self.message = format!("{path}{joint}{}", self.message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
