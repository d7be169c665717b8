//! What is told of the state of a process at its end?

use serde::Serialize;

use super::at::At;
use crate::analysis::found::Process;
use crate::analysis::seam::Why;

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
        #[serde(flatten)]
        since: At,
        why: Why,
    },
    Is(String),
    Set(Set),
    /// It is what a callback was called with.
    CalledWith(At),
    Unknown {
        #[serde(flatten)]
        since: At,
        why: Why,
    },
    LastKnown {
        state: String,
        set: Set,
    },
}

/// What set it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Set {
    #[serde(flatten)]
    pub(crate) at: At,
    /// The message it was set by.
    pub(crate) trigger: String,
    pub(crate) sender: Option<Process>,
    pub(crate) sent_at: Option<String>,
}
