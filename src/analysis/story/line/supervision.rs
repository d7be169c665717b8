//! Who started a process, and was it started again?

use serde::Serialize;

use super::at::At;
use super::messages::Bound;
use super::sender::EndedFor;
use crate::analysis::found::Process;

/// Who started a process and what that did after its end.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Supervision {
    /// Its start was not recorded.
    Unrecorded,
    StartedBy {
        starter: Process,
        /// The event of the spawn.
        event: String,
        /// Of a process that has ended.
        after: Option<Box<After>>,
    },
}

/// What followed the end of a process.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct After {
    /// Which of several starts of the same it was, where all before it were looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<Place>,
    pub(crate) next: Next,
    /// The end of its supervisor, later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) starter_ended: Option<EndedFor>,
}

/// One of several starts of the same.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Place {
    pub(crate) nth: usize,
    pub(crate) of: usize,
    /// Whether there are no more.
    pub(crate) bound: Bound,
}

/// What took the place of a process, as far as is recorded.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Next {
    /// A start after the starter was told of the end, with the event that told.
    Started {
        new: New,
        told: String,
        /// Whether the starter is a supervisor: another may have had another reason.
        is_restart: bool,
    },
    /// A start somebody had asked for, with the event of the answer. `None`: who is not known.
    Asked {
        new: New,
        by: Option<Process>,
        reply: String,
    },
    /// A start of one that may be of its kind: whether in its place is not recorded.
    MayBe(New),
    /// Another was given its name.
    Renamed(New),
    Nothing,
    /// None of so many that the starter started next; it started more.
    NotAmong(usize),
}

/// A process that came later.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct New {
    pub(crate) pid: String,
    #[serde(flatten)]
    pub(crate) at: At,
}
