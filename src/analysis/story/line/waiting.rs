//! Why did a call get no reply?

use serde::Serialize;

use super::at::At;
use super::messages::Messages;
use super::sent::SentWhere;
use crate::analysis::found::Process;

/// A fact about a call that got no reply, or about the process it was sent to.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WaitingLine {
    /// The call.
    Asked {
        request: String,
        /// A pid, a name, or `{name, node}`.
        target: String,
        #[serde(flatten)]
        at: At,
        place: Option<SentWhere>,
    },
    /// The process called had ended before.
    HadEnded {
        who: Process,
        #[serde(flatten)]
        at: At,
        /// `None`: it was not recorded.
        reason: Option<String>,
    },
    /// What it was in when the call gave up.
    Busy {
        who: Process,
        callback: String,
        /// `None`: it was not recorded.
        message: Option<String>,
        #[serde(flatten)]
        since: At,
        lasts: Lasts,
    },
    /// It was in no callback then.
    Idle { who: Process },
    /// Whether it was in one then is not recorded.
    Unseen { who: Process },
    /// What was in its mailbox before the call.
    Queued(Messages),
    /// The length of its mailbox, as it was sampled.
    Sampled {
        length: i64,
        #[serde(flatten)]
        at: At,
    },
    /// How many messages came to it, and how many it handled, from when to when.
    Rate { from: i64, to: i64, came: Messages, handled: HandledThen },
    /// How long a kind of message takes it.
    Takes {
        /// `None`: the messages were not recorded.
        pattern: Option<String>,
        /// Of those whose end was recorded; `None`: of none it was.
        mean_ns: Option<i64>,
        longest_ns: Option<i64>,
        /// The callback that took longest.
        longest: String,
        count: u64,
        /// Of these, such whose end was not recorded.
        endless: u64,
        /// Of so many newest calls of each callback, where not all were looked at.
        #[serde(skip_serializing_if = "Option::is_none")]
        of_newest: Option<usize>,
    },
}

/// How long a callback lasts that was running.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Lasts {
    Ns(i64),
    /// It was not back when the recording ended.
    ToTheEnd,
    /// Its end is not recorded, and may have been before the call gave up.
    Unrecorded,
}

/// What is known of how many messages were handled.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HandledThen {
    Count(Messages),
    /// Callbacks were recorded then, of which one message may call several, or none.
    Uncounted,
    /// No callback was recorded then.
    NoCallback,
    /// Its callbacks were not traced.
    Untraced,
}
