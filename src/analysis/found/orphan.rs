//! One that goes on working, though the process that had started it has ended and its successor started another.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::process::Process;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Orphan {
    pub(crate) process: Process,
    pub(crate) starter: Process,
    /// Why that ended.
    pub(crate) reason: String,
    /// Whether the two were linked, where links were recorded.
    pub(crate) was_linked: Option<bool>,
    /// Whether it was told of that end.
    pub(crate) knows_of_end: bool,
    /// The successor of the starter, and what it started with the same function and arguments.
    pub(crate) successor: Process,
    pub(crate) twin: Process,
    pub(crate) work: Work,
    /// How often each of the two did so while both lived.
    pub(crate) times: usize,
    pub(crate) twin_times: usize,
    /// Whether more was sent than was read.
    pub(crate) is_least: bool,
    pub(crate) within_ns: i64,
}

/// What both do again and again.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Work {
    /// Messages of one pattern to one process.
    Tells {
        pattern: String,
        to: Process,
    },
    /// Each to the process that had started it.
    TellsStarter {
        pattern: String,
    },
    Calls {
        function: String,
    },
}

impl Facts for Orphan {
    fn subjects(&self) -> Vec<&Process> {
        vec![&self.process, &self.twin, &self.starter, &self.successor]
    }

    fn key(&self) -> Key {
        let key = Key::default().with(self.starter.family()).with(self.process.family()).like(&self.reason);
        match &self.work {
            Work::Tells { pattern, to } => key.like(pattern).with(to.family()),
            Work::TellsStarter { pattern } => key.like(pattern),
            Work::Calls { function } => key.with(function),
        }
    }
}
