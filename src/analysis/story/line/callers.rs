//! What is told of those that the end of a process hurt?

use serde::Serialize;

use super::at::At;
use super::messages::Messages;
use crate::analysis::found::{Ended, Process};

/// Whom and what it hurt.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Affected {
    Caller(Caller),
    /// Callers that are not told.
    More(usize),
    /// Callers were looked for among so many newest messages only.
    OfNewest(usize),
    /// Messages that had not been handled.
    Lost(Messages),
}

/// A caller that waited, and what became of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Caller {
    pub(crate) caller: Process,
    pub(crate) asked: String,
    /// The send of its call.
    pub(crate) event: String,
    /// The calls it was made in, innermost first.
    pub(crate) within: Vec<String>,
    pub(crate) became: Became,
}

/// What became of a caller.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Became {
    EndedBefore {
        #[serde(flatten)]
        at: At,
        /// `None`: it was not recorded.
        reason: Option<String>,
    },
    CrashedOfThat(At),
    Crashed(At),
    Ended {
        ended: Ended,
        #[serde(flatten)]
        at: At,
    },
    WentOn,
    /// Nothing of it is recorded after that.
    Unseen,
}
