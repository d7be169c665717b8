//! A process that ended other than it should.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::place::Place;
use super::process::Process;

/// Ends of one error at one place.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Crash {
    /// The first that ended of it.
    pub(crate) process: Process,
    /// How many ended of it, each by itself.
    pub(crate) processes: usize,
    /// The error, else the reason.
    pub(crate) reason: String,
    pub(crate) crash_site: Option<String>,
    /// The function that failed.
    pub(crate) failed_in: Option<String>,
    /// Whether the node tells of the end, and not of whose it was.
    pub(crate) is_of_unknown: bool,
    /// What the first was at when it failed.
    pub(crate) handling: Option<Handling>,
    /// Those that ended only because one of these did.
    pub(crate) ended_with_it: Option<EndedWith>,
}

/// A message that was being handled.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Handling {
    /// `call`, `cast`, `info`.
    pub(crate) kind: &'static str,
    pub(crate) message: String,
    /// Not a timer's, an untraced process's, or one whose send was not joined to it.
    pub(crate) sent: Option<SentBy>,
}

/// Who sent a message, and where that was.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SentBy {
    pub(crate) sender: Process,
    pub(crate) place: Place,
}

/// Processes that another took with it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct EndedWith {
    pub(crate) first: Process,
    /// All of them, the first among them.
    pub(crate) processes: usize,
}

impl Facts for Crash {
    fn subjects(&self) -> Vec<&Process> {
        // Of an end of nobody known it is not.
        let own = Some(&self.process).filter(|_| !self.is_of_unknown);
        let sender = self.handling.as_ref().and_then(|handling| handling.sent.as_ref()).map(|sent| &sent.sender);
        own.into_iter().chain(sender).chain(self.ended_with_it.as_ref().map(|with| &with.first)).collect()
    }

    fn site(&self) -> Option<&str> {
        self.crash_site.as_deref()
    }

    fn key(&self) -> Key {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let family = if self.is_of_unknown { "" } else { self.process.family() };
        let key = Key::default().with(family).with(&text(&self.crash_site)).with(&text(&self.failed_in));
        let key = key.like(&self.reason);
        match (&self.handling, &self.ended_with_it) {
            (Some(Handling { kind, message, sent }), _) => {
                let (sender, place) = sent.as_ref().map_or(("", ""), |sent| (sent.sender.family(), sent.place.key()));
                key.with(kind).with(sender).with(place).like(message)
            }
            (None, Some(with)) => key.with(with.first.family()),
            (None, None) => key,
        }
    }
}
