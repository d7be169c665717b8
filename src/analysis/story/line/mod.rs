//! What does a story say? Values: one for a fact, by the file that finds it. `tell` puts them into words.

mod at;
mod callers;
mod event;
mod folded;
mod held;
mod left;
mod messages;
mod process;
mod state;
mod trouble;
mod waits;

pub(crate) use at::At;
pub(crate) use callers::{Affected, Became, Caller};
pub(crate) use event::{Deed, Did, Event, Linked};
pub(crate) use folded::{Act, Last, Like, Row, What};
pub(crate) use held::{Held, HeldBy, Until};
pub(crate) use left::Left;
pub(crate) use messages::{Bound, Messages};
pub(crate) use process::{AskedBy, Handled, Kind, LifeEnd, Lives, ProcessHead, SentFrom};
pub(crate) use state::{Set, State};
pub(crate) use trouble::{Asked, BadEnd, Failed, Lost, LostFrom, Mailbox, Trouble, Unanswered};
pub(crate) use waits::{Waits, WaitsFor, Whom};

use serde::Serialize;

/// A fact of a story: what a line tells.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    Text(String),
    Trouble(Trouble),
    Lives(Lives),
    Handled(Handled),
    State(State),
    AskedBy(AskedBy),
    Held(HeldBy),
    Waits(Waits),
    Affected(Affected),
    Event(Event),
    Last(Last),
}

/// What a story comes to.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Head {
    Text(String),
    Process(Box<ProcessHead>),
    Event(Deed),
}

/// What a reader has to know beside the story.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Note {
    Text(String),
    /// Lost updates were not looked for among so many events of the process.
    RacesUnlooked {
        events: u64,
    },
    /// What waited in a mailbox was not looked for among so many events of its process.
    MailboxUnlooked {
        pid: String,
        events: u64,
    },
    /// What led to an event was not recorded: it names no parent event.
    NoParent,
    Gap(Gap),
}

/// Trace messages that were dropped.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Gap {
    pub(crate) dropped: i64,
    /// How many times.
    pub(crate) times: usize,
    pub(crate) first: At,
    pub(crate) last: At,
}

/// What a suggested call would tell.
#[derive(Clone, Debug)]
pub(crate) enum Why {
    Text(String),
    /// Every change of its state.
    StateChanges,
    WholeEvent,
    StateThen,
}

/// Which moment the times of a story count from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Moment {
    Exception,
    Exit,
    End,
    LastEvent,
    Event,
}

/// What the times of a story count from.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Anchor {
    /// In nanoseconds, as events have it.
    pub(crate) at: i64,
    pub(crate) moment: Moment,
    /// The event; empty where there is none.
    pub(crate) event: String,
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
