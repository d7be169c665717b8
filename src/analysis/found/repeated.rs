//! What one call asks again and again, though it could be asked once.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::place::Place;
use super::process::Process;

/// Calls to a server, one after the other, that change nothing there.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Questions {
    /// The function around them.
    pub(crate) caller: String,
    /// Who is asked.
    pub(crate) server: Option<Process>,
    /// The function that asks.
    pub(crate) through: String,
    /// What all of them are like: `{:price, _}`.
    pub(crate) pattern: String,
    /// In one call of the caller, at most.
    pub(crate) questions: usize,
    /// What they took together.
    pub(crate) spent_ns: i64,
    /// Share of the caller's time; none: it did not end.
    pub(crate) percent: Option<i64>,
    /// Other calls of the caller that ask so.
    pub(crate) more_times: usize,
    pub(crate) asked_at: Place,
}

/// Calls of a function with the same arguments, from one place in one call.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SameCalls {
    /// The function around them.
    pub(crate) caller: String,
    /// The call of it.
    pub(crate) caller_event_id: String,
    pub(crate) function: String,
    pub(crate) called_at: Option<String>,
    pub(crate) calls: usize,
    /// What they took together.
    pub(crate) spent_ns: i64,
}

impl Facts for Questions {
    fn subjects(&self) -> Vec<&Process> {
        self.server.iter().collect()
    }

    fn site(&self) -> Option<&str> {
        self.asked_at.site()
    }

    fn key(&self) -> Key {
        let server = self.server.as_ref().map_or("", Process::family);
        let key = Key::default().with(&self.caller).with(server).with(&self.through).like(&self.pattern);
        key.with(self.asked_at.key())
    }
}

impl Facts for SameCalls {
    fn site(&self) -> Option<&str> {
        self.called_at.as_deref()
    }

    fn key(&self) -> Key {
        let site = self.called_at.as_deref().unwrap_or_default();
        Key::default().with(&self.caller).with(&self.function).with(site)
    }
}
