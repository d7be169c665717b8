//! How did a process end?

use serde::Serialize;

/// An end, as it is told.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ended {
    /// Its reason was not recorded.
    Unrecorded,
    Normally,
    /// A helper, with what it made.
    WithResult,
    Killed,
    /// As planned, or as another wished.
    With {
        reason: String,
    },
    Crashed {
        reason: String,
    },
}
