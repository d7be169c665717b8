//! A process that gets messages faster than it handles them.

use serde::Serialize;

use super::busy::Busy;
use super::facts::Facts;
use super::key::Key;
use super::place::Place;
use super::process::Process;

/// Growth by the messages that came and went.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MailboxGrowth {
    pub(crate) process: Process,
    /// Messages in it when it was longest; where they were only received, at least so many.
    pub(crate) longest: usize,
    pub(crate) taken: Taken,
    /// From when it began to grow to when it was longest.
    pub(crate) within_ns: i64,
    /// Messages that came meanwhile.
    pub(crate) came: usize,
    /// Messages that were taken meanwhile.
    pub(crate) went: usize,
    pub(crate) longest_wait_ns: i64,
    /// What the process did meanwhile.
    pub(crate) busy: Option<Busy>,
    /// The message it began with.
    pub(crate) first: Option<FirstSent>,
    /// Messages that were never taken.
    pub(crate) left: usize,
}

/// What is known of when a message was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Taken {
    /// When a callback handled it.
    Handled,
    /// When the process received it; not when it handled it.
    Received,
}

/// A message, and where it was sent.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FirstSent {
    pub(crate) message: String,
    pub(crate) place: Place,
}

/// Growth that only measured lengths tell, sample after sample.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MailboxSamples {
    pub(crate) process: Process,
    /// Messages at the first sample of the growth.
    pub(crate) first: u64,
    /// At the last.
    pub(crate) last: u64,
    pub(crate) within_ns: i64,
}

impl Facts for MailboxGrowth {
    fn subjects(&self) -> Vec<&Process> {
        vec![&self.process]
    }

    fn site(&self) -> Option<&str> {
        self.first.as_ref().and_then(|first| first.place.site())
    }

    fn key(&self) -> Key {
        let key = Key::default().with(self.process.family());
        match (&self.busy, &self.first) {
            (Some(busy), _) => key.with(&busy.function).with(busy.called_at.as_deref().unwrap_or_default()),
            (None, Some(first)) => key.with(first.place.key()).like(&first.message),
            (None, None) => key,
        }
    }
}

impl Facts for MailboxSamples {
    fn subjects(&self) -> Vec<&Process> {
        vec![&self.process]
    }

    fn key(&self) -> Key {
        Key::default().with(self.process.family()).with("samples")
    }
}
