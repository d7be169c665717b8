//! Who sent a message, and from where?

use serde::Serialize;

use super::at::At;
use super::sent::SentWhere;
use super::timer::Timer;
use crate::analysis::found::Process;

/// A fact about how a message that is handled came.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SenderLine {
    Sent {
        /// `call`, `cast`, `info`, where it is told.
        how: Option<String>,
        /// The event of the send.
        event: String,
        sender: Process,
        place: Option<SentWhere>,
        queued_ns: Option<i64>,
    },
    /// What it answers, which had been asked for at a time.
    Answers {
        what: Answered,
        #[serde(flatten)]
        at: At,
        place: Option<SentWhere>,
        before_ns: i64,
    },
    /// The callback of the same process before.
    Continued,
    /// Of the send nothing is recorded but whose it is.
    SentBy {
        sender: Process,
    },
    Timer(Timer),
    /// `start_timer` had set it.
    StartTimer,
    /// The runtime told of the end of a process.
    EndOf {
        told_by: ToldBy,
        who: Process,
        ended: Option<EndedFor>,
    },
    /// Sends were recorded, and none of this message.
    NoSend,
    Unrecorded,
}

/// What a reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answered {
    Call,
    /// A task that had been started: it is its result.
    Task,
}

/// By what the runtime tells the end of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ToldBy {
    Monitor,
    Link,
}

/// An end, and for what reason.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct EndedFor {
    #[serde(flatten)]
    pub(crate) at: At,
    /// `None`: it was not recorded.
    pub(crate) reason: Option<String>,
}
