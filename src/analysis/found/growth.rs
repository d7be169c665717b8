//! A state that only ever grows.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::place::Place;
use super::process::Process;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct StateGrowth {
    pub(crate) process: Process,
    /// Written out, after the first change.
    pub(crate) first_bytes: usize,
    /// After the last.
    pub(crate) last_bytes: usize,
    pub(crate) changes: usize,
    /// From the first change to the last.
    pub(crate) within_ns: i64,
    /// Changes after which it was shorter than before; none where there are too many to look at each.
    pub(crate) shrank: Option<usize>,
    /// The part of the state that the last change made longest.
    pub(crate) path: Option<String>,
    pub(crate) last_change: Option<Changed>,
}

/// A change of a state, and the message that made it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Changed {
    pub(crate) function: String,
    pub(crate) message: String,
    pub(crate) sent: Place,
}

impl Facts for StateGrowth {
    fn subjects(&self) -> Vec<&Process> {
        vec![&self.process]
    }

    fn site(&self) -> Option<&str> {
        self.last_change.as_ref().and_then(|change| change.sent.site())
    }

    fn key(&self) -> Key {
        let key = Key::default().with(self.process.family());
        match (&self.path, &self.last_change) {
            (Some(path), _) => key.like(path),
            (None, Some(change)) => key.with(&change.function).with(change.sent.key()).like(&change.message),
            (None, None) => key,
        }
    }
}
