//! Runs of a function that took something from a server and did not give it back.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::place::Place;
use super::process::Process;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct NotGivenBack {
    pub(crate) server: Process,
    /// The function whose runs they are.
    pub(crate) function: String,
    /// What it tells first, and then: `{:checkout, _}`, `{:checkin, _}`.
    pub(crate) take: String,
    pub(crate) give: String,
    /// Runs that told both.
    pub(crate) good: usize,
    /// Runs that told the first alone, and how many of them an exception left.
    pub(crate) held: usize,
    pub(crate) failed: usize,
    /// With which the first of them was left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// The first four processes of them.
    pub(crate) holders: Vec<Holder>,
    /// What the first of them said.
    pub(crate) took: Told,
    /// What one that gave it back said.
    pub(crate) gave: Told,
}

/// A process that took something.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Holder {
    #[serde(flatten)]
    pub(crate) process: Process,
    /// Whether it called nothing more that was traced, and ended.
    pub(crate) ended_next: bool,
}

/// A message, and where it was sent.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Told {
    pub(crate) message: String,
    pub(crate) sent: Place,
}

impl Facts for NotGivenBack {
    fn subjects(&self) -> Vec<&Process> {
        std::iter::once(&self.server).chain(self.holders.iter().map(|holder| &holder.process)).collect()
    }

    fn site(&self) -> Option<&str> {
        self.took.sent.site()
    }

    fn key(&self) -> Key {
        Key::default().with(&self.function).with(self.server.family()).with(&self.take).with(&self.give)
    }
}
