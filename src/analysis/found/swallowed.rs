//! An exception that the code around it turned into a good answer.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::process::Process;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Swallowed {
    /// In which it was first.
    pub(crate) process: Process,
    /// The function that failed.
    pub(crate) failed: String,
    pub(crate) reason: String,
    pub(crate) called_at: Option<String>,
    /// The function around it, and what that returned all the same.
    pub(crate) around: String,
    /// The event of that one's call.
    pub(crate) around_call: String,
    pub(crate) result: String,
    pub(crate) times: usize,
}

impl Facts for Swallowed {
    fn subjects(&self) -> Vec<&Process> {
        vec![&self.process]
    }

    fn site(&self) -> Option<&str> {
        self.called_at.as_deref()
    }

    fn key(&self) -> Key {
        let site = self.called_at.as_deref().unwrap_or_default();
        Key::default().with(&self.failed).with(&self.around).with(site).like(&self.reason).like(&self.result)
    }
}
