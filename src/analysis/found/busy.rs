//! What a process spent most of a span on.

use serde::Serialize;

/// The function a process was in longest, itself and not in calls it made.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Busy {
    pub(crate) function: String,
    pub(crate) called_at: Option<String>,
    /// In the function itself.
    pub(crate) own_ns: i64,
    /// In all its functions.
    pub(crate) of_ns: i64,
    /// Of the function.
    pub(crate) calls: usize,
}
