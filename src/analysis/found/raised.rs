//! An exception: what it was, where it was raised, who caught it.

use serde::Serialize;

/// An exception, and where it was raised.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Raised {
    pub(crate) how: RaisedHow,
    /// `ArithmeticError`, `:timeout`.
    pub(crate) name: String,
    pub(crate) reason: String,
    /// The function that raised it: by its stack, else the innermost that is recorded.
    pub(crate) function: String,
    pub(crate) at: RaisedAt,
}

/// What was done with the reason.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RaisedHow {
    Error,
    Exit,
    Throw,
}

/// The line of an exception.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RaisedAt {
    /// By its stack: `shop.ex:28`.
    Line(String),
    /// No stack tells it: where the function was called, if that is recorded.
    CalledAt(Option<String>),
}

/// What became of exceptions, and of how many.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Became {
    pub(crate) fate: RaisedFate,
    pub(crate) times: usize,
}

/// What became of an exception.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RaisedFate {
    CaughtIn {
        function: String,
    },
    /// Outside the recorded functions; the process went on.
    CaughtOutside,
    /// Its process ended of it.
    NotCaught,
    /// The recording does not show whether it was caught.
    Unknown,
}

impl Raised {
    /// The place in the source.
    pub(crate) fn site(&self) -> Option<&str> {
        match &self.at {
            RaisedAt::Line(line) => Some(line),
            RaisedAt::CalledAt(place) => place.as_deref(),
        }
    }
}
