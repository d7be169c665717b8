//! One that is sent everything twice, where others get it once.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::place::Place;
use super::process::Process;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Twice {
    pub(crate) sender: Process,
    pub(crate) receiver: Process,
    /// What is told: `{:price, _}`.
    pub(crate) pattern: String,
    /// Most that it was told the same at a time.
    pub(crate) most: usize,
    /// Rounds in which it was told twice.
    pub(crate) times: usize,
    /// Others that were told once in nearly all of those rounds.
    pub(crate) others: usize,
    /// What was said in the first of them.
    pub(crate) first: String,
    pub(crate) sent: Place,
    pub(crate) asked: Option<Subscribed>,
}

/// What the receiver had told the sender before, that changed its state.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Subscribed {
    pub(crate) pattern: String,
    /// How often it was told a message of this pattern.
    pub(crate) times: usize,
    /// What the last one said.
    pub(crate) last: String,
    pub(crate) sent: Place,
}

impl Facts for Twice {
    fn subjects(&self) -> Vec<&Process> {
        vec![&self.receiver, &self.sender]
    }

    fn site(&self) -> Option<&str> {
        self.sent.site()
    }

    fn key(&self) -> Key {
        let key = Key::default().with(self.sender.family()).with(self.receiver.family());
        key.like(&self.pattern).like(&self.first).with(self.sent.key())
    }
}
