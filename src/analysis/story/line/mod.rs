//! What does a story say? Values: one for a fact, by the file that finds it. `tell` puts them into words.

mod answer;
mod at;
mod callers;
mod came_back;
mod cause;
mod crash;
mod elsewhere;
mod ended_by;
mod event;
mod folded;
mod held;
mod left;
mod messages;
mod onward;
mod process;
mod sender;
mod sent;
mod state;
mod supervision;
mod timer;
mod trouble;
mod unseen;
mod waiting;
mod waits;

pub(crate) use answer::{AnswerLine, Late};
pub(crate) use at::At;
pub(crate) use callers::{Affected, Became, Caller};
pub(crate) use came_back::CameBack;
pub(crate) use cause::{BadValue, CauseLine, Made, TableEnd};
pub(crate) use crash::{Because, Called, CrashHead, CrashLine, FailedWith, Outcome};
pub(crate) use elsewhere::{ChangedIn, Elsewhere, Gave};
pub(crate) use ended_by::{EndedBy, SpentRestarts, Within};
pub(crate) use event::{Deed, Did, Event, Linked};
pub(crate) use folded::{Act, Change, Last, Like, Row, What};
pub(crate) use held::{Held, HeldBy, Until};
pub(crate) use left::Left;
pub(crate) use messages::{Bound, Messages};
pub(crate) use onward::{Caught, OnwardLine};
pub(crate) use process::{AskedBy, Handled, Kind, LifeEnd, Lives, ProcessHead, SentFrom};
pub(crate) use sender::{Answered, EndedFor, SenderLine, ToldBy};
pub(crate) use sent::SentWhere;
pub(crate) use state::{Set, State};
pub(crate) use supervision::{After, New, Next, Place, Supervision};
pub(crate) use timer::Timer;
pub(crate) use trouble::{Asked, BadEnd, Failed, Lost, LostFrom, Mailbox, Trouble, Unanswered};
pub(crate) use unseen::Unseen;
pub(crate) use waiting::{HandledThen, Lasts, WaitingLine};
pub(crate) use waits::{Waits, WaitsFor, Whom};

use serde::Serialize;

use crate::analysis::found::{Abandoned, Offered};

/// A fact of a story: what a line tells.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    Answer(AnswerLine),
    /// The process that was called worked for one that had ended.
    AtWorkFor(Box<Abandoned>),
    Cause(CauseLine),
    Crash(CrashLine),
    Elsewhere(Elsewhere),
    EndedBy(EndedBy),
    /// Who had given it to others all the same.
    Offered(Offered),
    Onward(OnwardLine),
    Sender(SenderLine),
    Supervision(Supervision),
    Waiting(WaitingLine),
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
    Crash(Box<CrashHead>),
    Process(Box<ProcessHead>),
    Event(Box<Deed>),
}

/// What a reader has to know beside the story.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Note {
    Unseen(Unseen),
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
}

/// What a suggested call would tell.
#[derive(Clone, Debug)]
pub(crate) enum Why {
    /// Every change of its state.
    StateChanges,
    /// Every change of a part of it.
    StateChangesOf(String),
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

impl From<EndedBy> for Line {
    fn from(by: EndedBy) -> Self {
        Self::EndedBy(by)
    }
}
