//! News that was overtaken by later news.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::place::Place;
use super::process::Process;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Overtaken {
    pub(crate) receiver: Process,
    /// Who had those who told it started, one for each message.
    pub(crate) by: Process,
    /// What they tell: `{:price, _, _}`.
    pub(crate) pattern: String,
    /// How many such messages came that way and changed its state.
    pub(crate) handed: usize,
    /// Whether there are more that were not read.
    pub(crate) is_least: bool,
    /// How often an older one took the place of a newer.
    pub(crate) times: usize,
    /// Of those, how many stand at the end.
    pub(crate) stands: usize,
    /// The part of the state, at the first of them; empty: the whole state.
    pub(crate) path: String,
    /// What the newer said, and what stood there of it.
    pub(crate) newer: String,
    pub(crate) was: String,
    /// What the older said, and what stands there of it.
    pub(crate) older: String,
    pub(crate) is: String,
    /// Whether these were in what was passed on; else they were worked out on the way, and the older may be of later.
    pub(crate) is_passed_on: bool,
    /// Whether another started them for it, such as a supervisor: from when it asked for them.
    pub(crate) is_asked_for: bool,
    /// From the start of the older one's process to that of the newer one's.
    pub(crate) handed_apart_ns: i64,
    /// Where the older was sent.
    pub(crate) sent: Place,
}

impl Facts for Overtaken {
    fn subjects(&self) -> Vec<&Process> {
        vec![&self.receiver, &self.by]
    }

    fn site(&self) -> Option<&str> {
        self.sent.site()
    }

    fn key(&self) -> Key {
        let key = Key::default().with(self.receiver.family()).with(self.by.family());
        key.like(&self.pattern).with(self.sent.key())
    }
}
