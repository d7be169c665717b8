//! Work for a caller that has ended, and who gave the one that works to others all the same.

use serde::Serialize;

use super::ended::Ended;
use super::process::Process;

/// A call that is worked on when its caller has ended.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Abandoned {
    /// What it was called with.
    pub(crate) message: String,
    pub(crate) caller: Process,
    /// How that ended.
    pub(crate) ended: Ended,
    /// From that end to when the process was asked for something else.
    pub(crate) before_ns: i64,
    /// The event of that end.
    pub(crate) exit: String,
    /// What put the process back among others after that.
    pub(crate) offered: Option<Offered>,
}

/// A change that brought a process into a part of another's state.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Offered {
    pub(crate) by: Process,
    /// Empty: the whole state.
    pub(crate) path: String,
    pub(crate) callback: String,
    /// The kind of message that made it: `{:checkin, _}`.
    pub(crate) message: Option<String>,
    /// The event of the change.
    pub(crate) change: String,
}
