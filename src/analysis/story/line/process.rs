//! What is told of a process: what it came to, its lives, and who asks it for what?

use std::cmp::Ordering;

use serde::Serialize;

use super::at::At;
use super::held::Held;
use super::messages::Messages;
use crate::analysis::found::{Ended, Process};

/// What it came to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ProcessHead {
    pub(crate) process: Process,
    /// Processes of its name, of which it is the last.
    pub(crate) lives: usize,
    /// `None`: no end of it was recorded.
    pub(crate) ended: Option<Ended>,
    /// From its start, if that was recorded, to its end or its last event.
    pub(crate) lasted_ns: Option<i64>,
    pub(crate) handled: Messages,
    pub(crate) held: Option<Held>,
}

/// The lives of a name.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Lives {
    /// Older ones that are not told.
    More(usize),
    /// `since` is none where it was before the recording.
    Life { pid: String, since: Option<i64>, exit: Option<LifeEnd> },
}

/// The end of a life.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LifeEnd {
    #[serde(flatten)]
    pub(crate) at: At,
    /// `None`: it was not recorded.
    pub(crate) reason: Option<String>,
}

/// Kinds of messages it handled.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Handled {
    Kind(Kind),
    /// Kinds that are not told.
    More(usize),
    /// Only the newest calls of each callback were looked at.
    Newest {
        looked_at: u64,
        of: Messages,
    },
}

/// One kind of message.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Kind {
    /// `None`: the messages were not recorded.
    pub(crate) pattern: Option<String>,
    pub(crate) count: u64,
    /// Of those whose end was recorded; `None`: of none it was.
    pub(crate) total_ns: Option<i64>,
    pub(crate) longest_ns: Option<i64>,
    /// The one that took longest.
    pub(crate) event: String,
    /// Of these, such whose end was not recorded.
    pub(crate) endless: u64,
}

/// Who asks it for what.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AskedBy {
    Place {
        pattern: String,
        place: SentFrom,
        count: usize,
    },
    /// Places that are not told.
    More(usize),
    /// Only the newest messages to it were looked at.
    Newest {
        looked_at: usize,
        of: u64,
    },
}

/// Where messages come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SentFrom {
    Site(String),
    /// The innermost functions around the send, two at most.
    Within(Vec<String>),
    Untraced,
}

impl SentFrom {
    /// What places are sorted by; one that is not known goes last.
    fn order(&self) -> (bool, String) {
        match self {
            Self::Site(site) => (false, site.clone()),
            Self::Within(functions) => (false, functions.join(" ")),
            Self::Untraced => (true, String::new()),
        }
    }
}

impl Ord for SentFrom {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }
}

impl PartialOrd for SentFrom {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
