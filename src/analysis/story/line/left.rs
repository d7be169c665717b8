//! How was a call that failed left?

use serde::Serialize;

/// What went on through its callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Left {
    /// Its own `exit/1`, or a signal that ended its process.
    Exit,
    Throw,
    Error,
}
