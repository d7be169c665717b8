//! How did a process come to fail?

use serde::Serialize;

use super::at::At;
use super::cause::BadValue;
use super::left::Left;
use crate::analysis::found::Process;

/// What the story of a failure comes to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CrashHead {
    pub(crate) who: Process,
    pub(crate) outcome: Outcome,
    pub(crate) failed_with: FailedWith,
    /// `s3_badstate.exs:16`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) site: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) because: Option<Because>,
}

/// What became of the process that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Crashed,
    /// So that it may have been the plan, or failed at nothing of its own.
    Ended,
    Killed,
    /// A call failed, and the process went on.
    WentOn,
    /// A call failed; of the process nothing is recorded after that.
    Unseen,
    /// One of the node's processes ended it: which, its dump does not say.
    NodeEnded,
}

/// What went wrong.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FailedWith {
    /// A call had no reply in time.
    CallTimeout,
    /// A call to a process that was not there.
    NoProcess,
    /// What Elixir calls it, with what it says; and the error that is so called, where it is not the same.
    Exception {
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    Error(String),
    /// No reason was recorded.
    Unrecorded,
}

/// Why it failed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Because {
    /// One it was linked to ended so: with the event of that end.
    TakenAlong {
        by: Process,
        event: String,
    },
    /// No recorded call of it raised the error: it seems to be another's.
    OfAnother,
    /// The process it called did not answer; and those that waited for each other then.
    NoAnswer {
        /// A pid, a name, or `{name, node}`.
        target: String,
        /// How long it waited at most, where the call tells.
        limit_ns: Option<i64>,
        circle: Vec<Process>,
    },
    /// The process it called was not there.
    NotThere {
        target: String,
    },
    /// The process it called ended so.
    CalleeFailed {
        target: String,
    },
    BadValue(BadValue),
}

/// A fact about a failure.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CrashLine {
    /// The call that failed first.
    Failed {
        call: String,
        left: Left,
        /// `None`: no reason was recorded.
        error: Option<String>,
        /// The frame of the library's function that failed, with what it was called with.
        #[serde(skip_serializing_if = "Option::is_none")]
        operation: Option<String>,
        event: String,
    },
    /// The program's own frames, innermost first.
    Stack { frames: Vec<String> },
    /// The end of the process.
    Ended {
        #[serde(flatten)]
        at: At,
        /// Whether the failure was before that.
        is_after: bool,
        /// From its start on.
        lifetime_ns: Option<i64>,
    },
    /// A later crash, which was asked about, came of this one.
    Consequence {
        who: Process,
        #[serde(flatten)]
        at: At,
    },
    /// The message that was handled.
    Handling {
        /// `None`: it was not recorded.
        message: Option<String>,
        callback: String,
        #[serde(flatten)]
        since: At,
    },
    /// The calls around the one that failed, innermost first.
    CalledIn { calls: Vec<Called> },
    /// The state it had, and the change that set it.
    Before { state: String, since: Option<At> },
}

/// A call with its arguments, and the event of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Called {
    pub(crate) call: String,
    pub(crate) event: String,
}
