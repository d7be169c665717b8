//! Which callback asked for a timeout, and how?

use crate::analysis::ledger::CallId;

/// A callback that asked for a timeout.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    pub(super) call: CallId,
    /// In milliseconds, where the callback says it.
    pub(super) after_ms: Option<i64>,
    /// The path in the state where the timer is kept.
    pub(super) path: Option<String>,
}
