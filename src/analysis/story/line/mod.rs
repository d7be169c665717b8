//! What does a story say? Values: one for a fact, by the file that finds it. `tell` puts them into words.

mod answer;
mod at;
mod came_back;
mod cause;
mod crash;
mod elsewhere;
mod ended_by;
mod left;
mod messages;
mod onward;
mod sender;
mod sent;
mod supervision;
mod timer;
mod unseen;
mod waiting;

pub(crate) use answer::{AnswerLine, Late};
pub(crate) use at::At;
pub(crate) use came_back::CameBack;
pub(crate) use cause::{BadValue, CauseLine, Made};
pub(crate) use crash::{Because, Called, CrashHead, CrashLine, FailedWith, Outcome};
pub(crate) use elsewhere::{ChangedIn, Elsewhere, Gave};
pub(crate) use ended_by::{EndedBy, SpentRestarts, Within};
pub(crate) use left::Left;
pub(crate) use messages::{Bound, Messages};
pub(crate) use onward::{Caught, OnwardLine};
pub(crate) use sender::{Answered, EndedFor, SenderLine, ToldBy};
pub(crate) use sent::SentWhere;
pub(crate) use supervision::{After, New, Next, Place, Supervision};
pub(crate) use timer::Timer;
pub(crate) use unseen::Unseen;
pub(crate) use waiting::{HandledThen, Lasts, WaitingLine};

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
    Text(String),
}

/// What a story comes to.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Head {
    Crash(Box<CrashHead>),
    Text(String),
}

/// What a reader has to know beside the story.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Note {
    Unseen(Unseen),
    Text(String),
}

/// What a suggested call would tell.
#[derive(Clone, Debug)]
pub(crate) enum Why {
    /// Every change of its state.
    StateChanges,
    /// Every change of a part of it.
    StateChangesOf(String),
    Text(String),
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

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
