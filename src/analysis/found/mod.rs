//! What was found, as values: whom it is about, where, and the figures that make it one.
//!
//! One file a law. Nothing here is a sentence; `tell` makes those. Texts of the program are cut where they are taken, to
//! what a reader is shown of them.

mod abandoned;
mod busy;
mod crash;
mod dead_letter;
mod deadlock;
mod ended;
mod exchange;
mod facts;
mod gap;
mod gave_up;
mod growth;
mod hot_loop;
mod http_error;
mod http_rate;
mod ignored;
mod key;
mod lost_at_restart;
mod lost_update;
mod mailbox;
mod mistaken_reply;
mod monitors;
mod not_given_back;
mod orphan;
mod outlier;
mod overlapping;
mod overtaken;
mod place;
mod process;
mod raised;
mod repeated;
mod repeated_exception;
mod restart;
mod second_reply;
mod stale;
mod stampede;
mod starved_timeout;
mod swallowed;
mod twice;
mod unfinished;
mod unmet;

pub(crate) use abandoned::{Abandoned, Offered};
pub(crate) use busy::Busy;
pub(crate) use crash::{Crash, EndedWith, Handling, SentBy};
pub(crate) use dead_letter::{EndedBefore, LostToDead, LostToNobody};
pub(crate) use deadlock::{Circle, Lasted, OpenCall, Wait, WaitFor};
pub(crate) use ended::Ended;
pub(crate) use exchange::{LateReplies, NeverAnswered, Timeout, Why};
pub(crate) use facts::Facts;
pub(crate) use gap::{Dropped, Pruned};
pub(crate) use gave_up::{Child, ChildEnd, GaveUp, Limit, Restarted};
pub(crate) use growth::{Changed, StateGrowth};
pub(crate) use hot_loop::{Again, Failed, HotLoop};
pub(crate) use http_error::{Cause, HttpErrors};
pub(crate) use http_rate::{Called, Rate, Route, Seen, Unrecorded, Values};
pub(crate) use ignored::{Effective, Ignored};
pub(crate) use key::Key;
pub(crate) use lost_at_restart::{LostAtRestart, Was};
pub(crate) use lost_update::{Amount, Later, LostInAgent, LostInServer, LostInTable};
pub(crate) use mailbox::{FirstSent, MailboxGrowth, MailboxSamples, Taken};
pub(crate) use mistaken_reply::MistakenReply;
pub(crate) use monitors::{ChangedBy, MonitorLeak};
pub(crate) use not_given_back::{Holder, NotGivenBack, Told};
pub(crate) use orphan::{Orphan, Work};
pub(crate) use outlier::{Durations, Outlier, SlowWhere};
pub(crate) use overlapping::Overlapping;
pub(crate) use overtaken::Overtaken;
pub(crate) use place::Place;
pub(crate) use process::Process;
pub(crate) use raised::{Became, Raised, RaisedAt, RaisedFate, RaisedHow};
pub(crate) use repeated::{Questions, SameCalls};
pub(crate) use repeated_exception::RepeatedException;
pub(crate) use restart::{ParentEnded, Storm};
pub(crate) use second_reply::{Given, SecondReply};
pub(crate) use stale::{Did, ReadWrite, Turn, WorkedOut};
pub(crate) use stampede::{Kept, Stampede};
pub(crate) use starved_timeout::{Asking, Grew, Own, Restarts, StarvedTimeout};
pub(crate) use swallowed::Swallowed;
pub(crate) use twice::{Subscribed, Twice};
pub(crate) use unfinished::{Back, Took, Unfinished};
pub(crate) use unmet::{Asked, Dropping, Stage, Stopped};

use serde::Serialize;

/// What was found, by law.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Found {
    Deadlock(Circle),
    Dropped(Dropped),
    Pruned(Pruned),
    Storm(Storm),
    Crash(Crash),
    LostToDead(LostToDead),
    LostToNobody(LostToNobody),
    Timeout(Box<Timeout>),
    NeverAnswered(NeverAnswered),
    LateReplies(LateReplies),
    GaveUp(GaveUp),
    MailboxGrowth(MailboxGrowth),
    MailboxSamples(MailboxSamples),
    StateGrowth(StateGrowth),
    Swallowed(Swallowed),
    RepeatedException(RepeatedException),
    LostInServer(LostInServer),
    LostInAgent(LostInAgent),
    LostInTable(LostInTable),
    Stopped(Box<Stopped>),
    HotLoop(HotLoop),
    HttpErrors(HttpErrors),
    Ignored(Ignored),
    MonitorLeak(MonitorLeak),
    LostAtRestart(Box<LostAtRestart>),
    Orphan(Box<Orphan>),
    Outlier(Outlier),
    Overlapping(Overlapping),
    Overtaken(Box<Overtaken>),
    Questions(Questions),
    SameCalls(SameCalls),
    Stampede(Stampede),
    Twice(Twice),
    Unfinished(Unfinished),
    SecondReply(Box<SecondReply>),
    MistakenReply(MistakenReply),
    StarvedTimeout(Box<StarvedTimeout>),
    NotGivenBack(Box<NotGivenBack>),
}

impl Found {
    /// Whether a process is one it is told of.
    pub(crate) fn is_about(&self, pid: &str) -> bool {
        self.facts().subjects().iter().any(|process| process.pid == pid)
    }

    pub(crate) fn facts(&self) -> &dyn Facts {
        match self {
            Self::Deadlock(it) => it,
            Self::Dropped(it) => it,
            Self::Pruned(it) => it,
            Self::Storm(it) => it,
            Self::Crash(it) => it,
            Self::LostToDead(it) => it,
            Self::LostToNobody(it) => it,
            Self::Timeout(it) => &**it,
            Self::NeverAnswered(it) => it,
            Self::LateReplies(it) => it,
            Self::GaveUp(it) => it,
            Self::MailboxGrowth(it) => it,
            Self::MailboxSamples(it) => it,
            Self::StateGrowth(it) => it,
            Self::Swallowed(it) => it,
            Self::RepeatedException(it) => it,
            Self::LostInServer(it) => it,
            Self::LostInAgent(it) => it,
            Self::LostInTable(it) => it,
            Self::Stopped(it) => &**it,
            Self::HotLoop(it) => it,
            Self::HttpErrors(it) => it,
            Self::Ignored(it) => it,
            Self::MonitorLeak(it) => it,
            Self::LostAtRestart(it) => &**it,
            Self::Orphan(it) => &**it,
            Self::Outlier(it) => it,
            Self::Overlapping(it) => it,
            Self::Overtaken(it) => &**it,
            Self::Questions(it) => it,
            Self::SameCalls(it) => it,
            Self::Stampede(it) => it,
            Self::Twice(it) => it,
            Self::Unfinished(it) => it,
            Self::SecondReply(it) => &**it,
            Self::MistakenReply(it) => it,
            Self::StarvedTimeout(it) => &**it,
            Self::NotGivenBack(it) => &**it,
        }
    }
}
