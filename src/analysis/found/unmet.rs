//! A flow that stopped because a stage used up demand.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::place::Place;
use super::process::Process;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Stopped {
    /// What the one that waits asked the stage for.
    pub(crate) waits: Asked,
    /// The stage that owes it and asks for no more.
    pub(crate) stage: Stage,
    /// What it was given, which is all it had asked for.
    pub(crate) taken: u64,
    /// What it passed on of that.
    pub(crate) passed: u64,
    /// Those that gave it.
    pub(crate) givers: Vec<Stage>,
    pub(crate) holder: Stage,
    /// What the holder still has to give.
    pub(crate) held: u64,
    /// Where in its state that is; empty: it is all of it.
    pub(crate) held_at: String,
    /// From when all was handled to the end of the recording.
    pub(crate) silence_ns: i64,
    /// The longest pause between two asks or deliveries before.
    pub(crate) pause_ns: i64,
    /// Whether all began in the recording; else more may have been asked for before it.
    pub(crate) is_whole: bool,
    pub(crate) dropped: Option<Dropping>,
    /// Other demands that are not met, and those of the stage, which are; some of them.
    pub(crate) unmet: Vec<Asked>,
    pub(crate) met: Vec<Asked>,
}

/// A process of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Stage {
    #[serde(flatten)]
    pub(crate) process: Process,
    /// Whether no other process had its name, so that it says which it is.
    pub(crate) has_own_name: bool,
}

/// What one stage asked another for, and was given.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Asked {
    pub(crate) asker: Stage,
    pub(crate) giver: Stage,
    pub(crate) asked: u64,
    pub(crate) given: u64,
    /// Messages that ask, their pattern, and where the last was sent.
    pub(crate) asks: usize,
    pub(crate) ask: String,
    pub(crate) asked_at: Place,
    /// Messages that deliver, and the pattern of the last.
    pub(crate) gifts: usize,
    pub(crate) gift: String,
}

/// The callback in which the stage passed on the least of what it had taken.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Dropping {
    pub(crate) function: String,
    pub(crate) taken: u64,
    pub(crate) passed: u64,
    /// Where the last of what it passed on was sent.
    pub(crate) sent_at: Option<Place>,
}

impl Stopped {
    /// Asked for and not given.
    pub(crate) const fn open(&self) -> u64 {
        self.waits.asked - self.waits.given
    }

    /// Taken and not passed on.
    pub(crate) const fn missing(&self) -> u64 {
        self.taken - self.passed
    }
}

impl Facts for Stopped {
    fn subjects(&self) -> Vec<&Process> {
        let stages = [&self.waits.asker, &self.stage].into_iter().chain(&self.givers).chain([&self.holder]);
        let mut subjects: Vec<&Process> = Vec::new();
        for stage in stages {
            if !subjects.contains(&&stage.process) {
                subjects.push(&stage.process);
            }
        }
        subjects
    }

    fn site(&self) -> Option<&str> {
        let dropped = self.dropped.as_ref()?;
        let sent_at = dropped.sent_at.as_ref().map(Place::key).filter(|site| !site.is_empty());
        sent_at.or(Some(&dropped.function))
    }

    fn key(&self) -> Key {
        let families = self.subjects().into_iter().fold(Key::default(), |key, process| key.with(process.family()));
        let function = self.dropped.as_ref().map_or("", |dropped| &dropped.function);
        let key = families.with(function).with(self.site().unwrap_or_default());
        key.with(self.waits.asked_at.key()).like(&self.waits.ask).like(&self.waits.gift)
    }
}
