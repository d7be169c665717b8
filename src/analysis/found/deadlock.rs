//! Processes that wait for each other.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::place::Place;
use super::process::Process;

/// A circle of waiting, from the first who waited on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Circle {
    pub(crate) waits: Vec<Wait>,
    pub(crate) lasted: Lasted,
    /// How often these waited for each other so.
    pub(crate) times: usize,
}

/// How long a circle was seen to last, from when it closed.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Lasted {
    /// Until one gave up.
    For { ns: i64 },
    /// Something was not recorded then.
    AtLeast { ns: i64 },
    /// To the end of the recording.
    ToTheEnd,
}

/// One that waits.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Wait {
    /// Nobody's, where that is not recorded.
    pub(crate) waiter: Option<Process>,
    pub(crate) waits_for: Option<Process>,
    pub(crate) what: WaitFor,
}

/// What a process waits for.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WaitFor {
    /// The answer to a call.
    Answer { message: String, sent: Place },
    /// The `init/1` of a process it starts, in a call that is recorded.
    Start { within: Option<OpenCall> },
}

/// A call that has not come back, and where it was made.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OpenCall {
    pub(crate) function: String,
    pub(crate) called_at: Option<String>,
}

impl Facts for Circle {
    fn subjects(&self) -> Vec<&Process> {
        self.waits.iter().filter_map(|wait| wait.waiter.as_ref()).collect()
    }

    fn site(&self) -> Option<&str> {
        self.waits.iter().find_map(|wait| match &wait.what {
            WaitFor::Answer { sent, .. } => Some(sent.key()).filter(|site| !site.is_empty()),
            WaitFor::Start { within } => within.as_ref()?.called_at.as_deref(),
        })
    }

    fn key(&self) -> Key {
        self.waits.iter().fold(Key::default(), |key, wait| {
            let family = wait.waiter.as_ref().map_or("", Process::family);
            match &wait.what {
                WaitFor::Answer { message, sent } => key.with(family).with(sent.key()).like(message),
                WaitFor::Start { within } => key.with(family).with(within.as_ref().map_or("", |call| &call.function)),
            }
        })
    }
}
