//! What is told of a process that waits to its end, or that of the recording?

use serde::Serialize;

use super::at::At;
use super::sent::SentWhere;
use super::waits::{WaitsFor, Whom};
use crate::analysis::found::Process;

/// That it waits, for the sentence on its process.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Held {
    pub(crate) waits_for: WaitsFor,
    pub(crate) waited_ns: i64,
    pub(crate) until: Until,
}

/// To when it waited.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Until {
    ItsEnd,
    /// That of the recording, with those that wait for each other then.
    End {
        circle: Vec<Process>,
    },
}

/// What it waits for.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HeldBy {
    /// A call without an answer.
    Call {
        asked: String,
        of: Whom,
        #[serde(flatten)]
        at: At,
        place: Option<SentWhere>,
    },
    /// One that it asked to stop.
    Stop {
        of: Whom,
        #[serde(flatten)]
        at: At,
        place: Option<SentWhere>,
    },
    /// A process it starts.
    Start {
        started: Process,
        #[serde(flatten)]
        at: At,
        place: Option<SentWhere>,
    },
}
