//! Who made a process end?

use serde::Serialize;

use super::at::At;
use super::waits::WaitsFor;
use crate::analysis::found::{GaveUp, Process};

/// Who or what made a process end, or that it is not recorded.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EndedBy {
    /// It is a supervisor that gave up.
    GaveUp(Box<SpentRestarts>),
    /// Its supervisor gave up.
    SupervisorGaveUp(Box<SpentRestarts>),
    /// What a callback of it returned.
    Itself { function: String, result: String, event: String },
    /// Another sent it an exit signal.
    Signal {
        sender: Process,
        signal: String,
        #[serde(flatten)]
        at: At,
    },
    /// It took the exit of one it was linked to, with the same reason.
    GotExit { from: Process, event: String },
    /// It was asked to stop. `None`: by whom is not known.
    AskedToStop { by: Option<Process>, event: String },
    /// Most likely the one that started it, which had taken its link away.
    Unlinked { starter: Process, before_ns: i64, event: String },
    /// One it was linked to had ended for the same reason.
    Linked { other: Process, before_ns: i64, event: String },
    /// Nothing tells; it waited then.
    Waiting { waited_for: WaitsFor },
    /// Nothing tells; the call it was in then may have called `exit/1`.
    Unrecorded { within: Option<Within> },
}

/// A supervisor that gave up, with the events that show it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SpentRestarts {
    pub(crate) gave_up: GaveUp,
    /// The last of the ends that used up its restarts, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_end: Option<String>,
    /// Its own end.
    pub(crate) exit: String,
}

/// A call a process was in.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Within {
    pub(crate) function: String,
    pub(crate) event: String,
}
