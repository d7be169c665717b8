//! An exception that is raised and caught again and again.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::process::Process;
use super::raised::{Became, Raised, RaisedFate};

#[derive(Clone, Debug, Serialize)]
pub(crate) struct RepeatedException {
    /// In which it was raised first.
    pub(crate) process: Process,
    pub(crate) exception: Raised,
    /// How often it was raised, caught, and told by nothing else.
    pub(crate) times: usize,
    /// What became of each, the most first.
    pub(crate) fates: Vec<Became>,
    /// Recorded calls of the function.
    pub(crate) calls: usize,
}

impl Facts for RepeatedException {
    fn subjects(&self) -> Vec<&Process> {
        vec![&self.process]
    }

    fn site(&self) -> Option<&str> {
        self.exception.site()
    }

    fn key(&self) -> Key {
        let Raised { name, reason, function, .. } = &self.exception;
        let site = self.exception.site().unwrap_or_default();
        let key = Key::default().with(function).with(site).like(name).like(reason);
        self.fates.iter().fold(key, |key, became| match &became.fate {
            RaisedFate::CaughtIn { function } => key.with(function),
            RaisedFate::CaughtOutside => key.with("caught outside"),
            RaisedFate::NotCaught => key.with("not caught"),
            RaisedFate::Unknown => key.with("unknown"),
        })
    }
}
