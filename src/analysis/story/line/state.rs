//! What is told of the state of a process at its end?

use serde::Serialize;

use crate::analysis::found::Process;
use crate::analysis::known::Why;

/// A fact on its state.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// The state of one handler of an event manager.
    Handler {
        handler: String,
        state: String,
    },
    HandlerUnknown {
        handler: String,
        since: i64,
        why: Why,
        event: String,
    },
    Is(String),
    Set(Set),
    /// It is what a callback was called with.
    CalledWith {
        at: i64,
        event: String,
    },
    Unknown {
        since: i64,
        why: Why,
        event: String,
    },
    LastKnown {
        state: String,
        set: Set,
    },
}

/// What set it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Set {
    pub(crate) at: i64,
    pub(crate) event: String,
    /// The message it was set by.
    pub(crate) trigger: String,
    pub(crate) sender: Option<Process>,
    pub(crate) sent_at: Option<String>,
}
