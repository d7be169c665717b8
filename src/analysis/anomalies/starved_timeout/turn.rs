//! Which callback asked for a timeout, and how?

use crate::analysis::ledger::CallId;

/// A callback that asked for a timeout.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    pub(super) call: CallId,
    /// In milliseconds, where the callback says it.
    pub(super) after_ms: Option<i64>,
    /// Where in the state the timer is kept, and its reference.
    pub(super) kept: Option<(String, String)>,
}
