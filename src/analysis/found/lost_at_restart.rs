//! Processes that one knew when it ended, and that its successor never got to know.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::process::Process;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct LostAtRestart {
    pub(crate) process: Process,
    /// Why it ended.
    pub(crate) reason: String,
    pub(crate) successor: Process,
    /// Those that took its place one after the other.
    pub(crate) successors: usize,
    /// Whether there may be more of them.
    pub(crate) are_more: bool,
    /// How many of their callbacks were read, the first, where there are more.
    pub(crate) first_read: Option<usize>,
    /// Whether the lost ones did not ask for it again, as they once had; else it was not seen how they came to be known.
    pub(crate) have_not_asked: bool,
    /// How many were lost, and the first of them.
    pub(crate) lost: usize,
    pub(crate) first_lost: Vec<Process>,
    /// Others of its last state that lived on and are known again.
    pub(crate) known_again: usize,
    /// Of its last state, others that were not looked at, being so many.
    pub(crate) not_looked_at: usize,
    pub(crate) was: Was,
}

/// What a process that was known got of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Was {
    /// A message for each of some kind that was handled: how often before, each, and how often that was handled since.
    Told { function: String, handled: String, pattern: String, before: usize, since: usize },
    /// It was in the answer to a request, and is in none any more.
    Given { function: String, request: String, answer: String, now: String, since: usize },
}

impl Facts for LostAtRestart {
    fn subjects(&self) -> Vec<&Process> {
        [&self.process, &self.successor].into_iter().chain(&self.first_lost).collect()
    }

    fn key(&self) -> Key {
        let key = Key::default().with(self.process.family()).like(&self.reason);
        match &self.was {
            Was::Told { function, handled, pattern, .. } => key.with(function).like(handled).like(pattern),
            Was::Given { function, request, .. } => key.with(function).like(request),
        }
    }
}
