//! Messages that come and do nothing, though others of their kind do.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::place::Place;
use super::process::Process;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ignored {
    /// Who got them.
    pub(crate) process: Process,
    /// `{:add, _, _}`.
    pub(crate) pattern: String,
    pub(crate) messages: usize,
    /// Whether only some of the messages were looked at: there may be more.
    pub(crate) is_least: bool,
    /// The callback that took them and gave back the state as it was.
    pub(crate) function: String,
    /// What the first said.
    pub(crate) first: String,
    pub(crate) sent: Place,
    /// The recorded function it was sent in.
    pub(crate) sent_in: Option<String>,
    pub(crate) effective: Effective,
}

/// Messages of the same tag that do something.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Effective {
    pub(crate) pattern: String,
    /// The callback that took them.
    pub(crate) function: String,
    /// Of all of their shape, so many did something.
    pub(crate) effective: usize,
    pub(crate) all: usize,
    /// What the first said.
    pub(crate) first: String,
    /// Its callback.
    pub(crate) event_id: String,
}

impl Facts for Ignored {
    fn subjects(&self) -> Vec<&Process> {
        vec![&self.process]
    }

    fn site(&self) -> Option<&str> {
        self.sent.site()
    }

    fn key(&self) -> Key {
        let key = Key::default().with(self.process.family()).like(&self.pattern).with(&self.function);
        let key = key.like(&self.effective.pattern).with(&self.effective.function);
        key.like(&self.first).with(self.sent_in.as_deref().unwrap_or_default()).with(self.sent.key())
    }
}
