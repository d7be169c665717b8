//! A timeout that never comes, because it is asked for anew each time before it is over.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::place::Place;
use super::process::Process;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct StarvedTimeout {
    pub(crate) process: Process,
    /// Callbacks that asked for it.
    pub(crate) turns: usize,
    pub(crate) within_ns: i64,
    pub(crate) asking: Asking,
    /// The callback that asked last, what it handled, and where that was sent.
    pub(crate) function: String,
    pub(crate) message: String,
    pub(crate) sent: Place,
    pub(crate) why: Restarts,
}

/// How it is asked for.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Asking {
    /// By what callbacks return; the longest.
    After { longest_ns: i64 },
    /// By a timer that is kept in the state.
    Kept { path: String },
}

/// What shows that it would be needed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Restarts {
    Grew(Grew),
    Own(Own),
}

/// What is collected and not taken away.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Grew {
    /// Where in the state; empty: the whole.
    pub(crate) path: String,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// A message of its own that comes more often than the timeout lasts.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Own {
    pub(crate) pattern: String,
    pub(crate) times: usize,
    /// The longest between two of them.
    pub(crate) every_ns: i64,
}

impl Facts for StarvedTimeout {
    fn subjects(&self) -> Vec<&Process> {
        vec![&self.process]
    }

    fn site(&self) -> Option<&str> {
        self.sent.site()
    }

    fn key(&self) -> Key {
        Key::default().with(self.process.family()).with(&self.function).like(&self.message)
    }
}
