//! What fails and is asked again at once, for ever, with the same answer.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::place::Place;
use super::process::Process;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct HotLoop {
    pub(crate) process: Process,
    /// The call that fails in every round.
    pub(crate) function: String,
    pub(crate) called_at: Option<String>,
    /// One text; none: it takes none, or they are not recorded.
    pub(crate) arguments: Option<String>,
    pub(crate) failed: Failed,
    pub(crate) rounds: usize,
    /// Whether only some of the rounds were looked at: there may be more.
    pub(crate) is_least: bool,
    /// From the first of these calls to the end of the last.
    pub(crate) within_ns: i64,
    /// From an error to the next round, median.
    pub(crate) pause_ns: i64,
    pub(crate) again: Again,
}

/// How a call failed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Failed {
    /// An error that is told by value.
    Returned(String),
    /// An exception, by its reason.
    Raised(String),
}

/// What leads from a round to the next.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Again {
    CallsItself {
        function: String,
    },
    /// The process sends itself the next.
    Message {
        message: String,
        sent: Place,
    },
    /// A callback that comes without a message, such as by a timeout of zero.
    Follows {
        function: String,
    },
}

impl Facts for HotLoop {
    fn subjects(&self) -> Vec<&Process> {
        vec![&self.process]
    }

    fn site(&self) -> Option<&str> {
        self.called_at.as_deref()
    }

    fn key(&self) -> Key {
        let key = Key::default().with(self.process.family()).with(&self.function);
        let key = key.with(self.called_at.as_deref().unwrap_or_default());
        let key = match &self.failed {
            Failed::Returned(error) => key.with("returned").like(error),
            Failed::Raised(reason) => key.with("raised").like(reason),
        };
        let key = key.like(self.arguments.as_deref().unwrap_or_default());
        match &self.again {
            Again::CallsItself { function } => key.with("itself").with(function),
            Again::Message { message, sent } => key.like(message).with(sent.key()),
            Again::Follows { function } => key.with("follows").with(function),
        }
    }
}
