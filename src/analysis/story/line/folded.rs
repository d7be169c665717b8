//! What is told of the last things a process did?

use serde::Serialize;

use super::at::At;
use super::left::Left;

/// A line of what it did last.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Last {
    Row(Row),
    /// Events of the runtime that are left out.
    Noise(usize),
}

/// Something it did, or the like several times in a row.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    #[serde(flatten)]
    pub(crate) at: At,
    pub(crate) what: What,
}

/// Once or several times.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    One(Act),
    /// What they have in common, no more.
    Several {
        like: Like,
        count: usize,
    },
}

/// What it did.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Act {
    /// A message, and what that changed.
    Handled {
        message: String,
        change: Option<Change>,
    },
    /// A call with its arguments.
    Called {
        call: String,
    },
    Failed {
        call: String,
        left: Left,
        /// `None`: it was not recorded.
        reason: Option<String>,
    },
    Sent {
        /// `call`, `cast`; none where that is not recorded.
        kind: Option<String>,
        message: String,
        to: String,
        /// Nobody was there.
        is_lost: bool,
    },
    Spawned {
        child: String,
    },
    Ended {
        /// `None`: it was not recorded.
        reason: Option<String>,
    },
    /// Trace messages were dropped, or the source was not connected.
    Dropped,
}

/// What became of a state.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    /// `discount: 0 -> nil`.
    From(String),
    /// The state after it: what it was before, and so what changed it, is not known.
    To(String),
}

/// What things have in common that are one in a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Like {
    Handled {
        pattern: String,
    },
    Called {
        function: String,
    },
    /// Each failure is told.
    Failed {
        event: String,
    },
    Sent {
        kind: Option<String>,
        pattern: String,
        to: String,
        is_lost: bool,
    },
    Spawned,
    Ended,
    Dropped,
}
