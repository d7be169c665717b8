//! Messages that went to nobody.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::place::Place;
use super::process::Process;

/// Messages to a process that had ended.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LostToDead {
    pub(crate) messages: usize,
    pub(crate) to: Process,
    /// Its end, where that was recorded.
    pub(crate) ended: Option<EndedBefore>,
    /// The process in its place.
    pub(crate) successor: Option<Process>,
    /// Where the first was sent.
    pub(crate) sent: Place,
    /// What the first says.
    pub(crate) first: String,
    /// Messages that were in its mailbox when it ended.
    pub(crate) in_mailbox: usize,
}

/// An end before something.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct EndedBefore {
    pub(crate) reason: String,
    /// Before the first message was sent.
    pub(crate) before_ns: i64,
}

/// Messages to a name nobody had.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LostToNobody {
    pub(crate) messages: usize,
    pub(crate) name: String,
    /// Where the first was sent.
    pub(crate) sent: Place,
    /// What the first says.
    pub(crate) first: String,
}

impl Facts for LostToDead {
    fn subjects(&self) -> Vec<&Process> {
        std::iter::once(&self.to).chain(&self.successor).collect()
    }

    fn site(&self) -> Option<&str> {
        self.sent.site()
    }

    fn key(&self) -> Key {
        let heir = self.successor.as_ref().map_or("", Process::family);
        let reason = self.ended.as_ref().map_or("", |ended| &ended.reason);
        let is_left = if self.in_mailbox > 0 { "in mailbox" } else { "" };
        let key = Key::default().with(self.to.family()).with(heir).with(self.sent.key()).with(is_left);
        key.like(reason).like(&self.first)
    }
}

impl Facts for LostToNobody {
    fn site(&self) -> Option<&str> {
        self.sent.site()
    }

    fn key(&self) -> Key {
        Key::default().with(self.sent.key()).like(&self.name).like(&self.first)
    }
}
