//! The answer to an earlier question that was taken for the answer to another.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::place::Place;
use super::process::Process;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct MistakenReply {
    pub(crate) asker: Process,
    pub(crate) server: Process,
    /// Answers that were taken for another's.
    pub(crate) times: usize,
    /// The function that asks.
    pub(crate) function: String,
    /// The question that was answered, which nobody waited for any more.
    pub(crate) earlier: String,
    /// The question it was taken for.
    pub(crate) question: String,
    pub(crate) answer: String,
    /// What the function made of it.
    pub(crate) returned: String,
    /// From the earlier question to its answer.
    pub(crate) after_ns: i64,
    /// Where the question was sent.
    pub(crate) sent: Place,
}

impl Facts for MistakenReply {
    fn subjects(&self) -> Vec<&Process> {
        vec![&self.asker, &self.server]
    }

    fn site(&self) -> Option<&str> {
        self.sent.site()
    }

    fn key(&self) -> Key {
        Key::default().with(&self.function).with(self.asker.family()).with(self.server.family())
    }
}
