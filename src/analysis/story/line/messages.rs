//! How many messages are told of?

use serde::Serialize;

/// A number of messages.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Messages {
    pub(crate) count: u64,
    pub(crate) bound: Bound,
}

/// What is known of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    Exact,
    AtLeast,
    AtMost,
}
