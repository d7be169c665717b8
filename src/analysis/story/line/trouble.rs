//! What is told of what went wrong around a process?

use serde::Serialize;

use super::at::At;
use super::left::Left;
use super::messages::Messages;
use super::process::SentFrom;
use crate::analysis::found::{Ended, Process};

/// Something that went wrong.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trouble {
    Ended(BadEnd),
    Lost(Lost),
    LostFrom(LostFrom),
    Failed(Failed),
    Mailbox(Mailbox),
    Unhandled { messages: Messages, pid: String, at: i64 },
    Unanswered(Unanswered),
}

/// It ended as it should not.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct BadEnd {
    pub(crate) pid: String,
    #[serde(flatten)]
    pub(crate) at: At,
    pub(crate) ended: Ended,
    pub(crate) site: Option<String>,
}

/// Messages sent to it after its end.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Lost {
    pub(crate) pid: String,
    pub(crate) messages: Messages,
    /// Its end.
    #[serde(flatten)]
    pub(crate) at: At,
}

/// Lost messages of one kind, from one place.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LostFrom {
    pub(crate) pattern: String,
    pub(crate) place: SentFrom,
    pub(crate) count: usize,
    /// Who sent the first.
    pub(crate) sender: Process,
    #[serde(flatten)]
    pub(crate) at: At,
}

/// Calls that failed in it, and no end of it is recorded.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Failed {
    #[serde(flatten)]
    pub(crate) calls: Messages,
    /// Whether it was seen to go on.
    pub(crate) went_on: bool,
    /// The function of the last.
    pub(crate) function: String,
    pub(crate) left: Left,
    pub(crate) reason: String,
    #[serde(flatten)]
    pub(crate) at: At,
}

/// A mailbox that grew long.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Mailbox {
    pub(crate) pid: String,
    pub(crate) length: i64,
    /// Whether that is all, and not at least that.
    pub(crate) is_whole: bool,
    /// The last message of them.
    #[serde(flatten)]
    pub(crate) at: At,
    /// Between two messages, on average.
    pub(crate) every_ns: i64,
    /// What one took, on average, of those whose end was recorded; `None`: of none it was.
    pub(crate) took_ns: Option<i64>,
    /// Of so many newest calls of each callback, where not all were looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) of_newest: Option<usize>,
}

/// Calls to it without a reply.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Unanswered {
    pub(crate) pid: String,
    pub(crate) count: u64,
    /// Whether only the newest messages were looked at.
    pub(crate) is_of_newest: bool,
    pub(crate) first: Asked,
    /// The last of several.
    pub(crate) last: Option<Asked>,
}

/// A call.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Asked {
    pub(crate) asked: String,
    #[serde(flatten)]
    pub(crate) at: At,
}
