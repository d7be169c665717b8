//! What is told of a process that waits for another?

use serde::Serialize;

use super::at::At;
use crate::analysis::found::Process;

/// A process, as far as it is known.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Whom {
    Process(Process),
    /// Only the name it was called by.
    Named(String),
    Unknown,
}

/// What a process waits for.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WaitsFor {
    /// The answer to a call.
    Answer { of: Whom, asked: String },
    /// The end of one that it asked to stop.
    End { of: Whom },
    /// The `init/1` of a process it starts.
    Start { of: Process },
}

/// A process that was called and waited itself.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Waits {
    pub(crate) waits_for: WaitsFor,
    #[serde(flatten)]
    pub(crate) since: At,
}
