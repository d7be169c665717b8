//! Calls that were answered twice.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::place::Place;
use super::process::Process;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct SecondReply {
    /// Who asked, the first time.
    pub(crate) asker: Process,
    /// Calls that were answered twice.
    pub(crate) calls: usize,
    /// The callback that took them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) function: Option<String>,
    /// What the first of them asked for.
    pub(crate) asked: String,
    pub(crate) first: Given,
    pub(crate) second: Given,
    /// From the first reply to the second. `None`: the clocks of two nodes tell them, and which came first is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after_ns: Option<i64>,
    /// Second replies that came into the mailbox of their asker, as far as is recorded.
    pub(crate) received: usize,
}

/// An answer.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Given {
    pub(crate) by: Process,
    pub(crate) content: String,
    /// `None`: the callback that took the call was seen to return it.
    pub(crate) sent: Option<Place>,
}

impl Facts for SecondReply {
    fn subjects(&self) -> Vec<&Process> {
        let mut subjects = vec![&self.second.by, &self.asker];
        if self.first.by.pid != self.second.by.pid {
            subjects.insert(1, &self.first.by);
        }
        subjects
    }

    fn site(&self) -> Option<&str> {
        self.second.sent.as_ref().and_then(Place::site)
    }

    fn key(&self) -> Key {
        let key = Key::default().with(self.second.by.family()).with(self.function.as_deref().unwrap_or_default());
        let place = |given: &Given| given.sent.as_ref().map_or_else(String::new, |place| place.key().to_owned());
        key.with(&place(&self.first)).with(&place(&self.second))
    }
}
