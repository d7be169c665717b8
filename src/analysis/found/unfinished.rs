//! Processes that ended without `terminate/2`, which in their siblings gives back what they hold.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::place::Place;
use super::process::Process;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Unfinished {
    /// Whose processes.
    pub(crate) module: String,
    /// What they took something from, and gave back to.
    pub(crate) server: Process,
    /// Those that took something and ended without giving it back.
    pub(crate) held: usize,
    /// Those whose `terminate/2` gave it back.
    pub(crate) gave_back: usize,
    /// With which those that hold something ended.
    pub(crate) reasons: Vec<String>,
    /// How many of them were killed; the others were told to shut down.
    pub(crate) killed: usize,
    /// The first of those that hold something, four at most.
    pub(crate) holders: Vec<Process>,
    /// What the first of them told the server.
    pub(crate) took: Took,
    /// What one that gave it back told the server.
    pub(crate) back: Back,
}

/// A message that takes something.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Took {
    pub(crate) pattern: String,
    pub(crate) message: String,
    pub(crate) sent: Place,
}

/// A message that gives it back.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Back {
    pub(crate) pattern: String,
    pub(crate) message: String,
    /// The `terminate/2` that sends it.
    pub(crate) function: String,
}

impl Facts for Unfinished {
    fn subjects(&self) -> Vec<&Process> {
        vec![&self.server]
    }

    fn site(&self) -> Option<&str> {
        self.took.sent.site()
    }

    fn key(&self) -> Key {
        let key = Key::default().with(&self.module).with(self.server.family()).like(&self.reasons.join(" "));
        let key = key.like(&self.took.pattern).like(&self.took.message).with(self.took.sent.key());
        key.like(&self.back.pattern).like(&self.back.message).with(&self.back.function)
    }
}
