//! What was found, as values: whom it is about, where, and the figures that make it one.
//!
//! One file a law. Nothing here is a sentence; `tell` makes those. Texts of the program are cut where they are taken, to
//! what a reader is shown of them.

mod deadlock;
mod facts;
mod gap;
mod hot_loop;
mod http_error;
mod http_rate;
mod ignored;
mod key;
mod monitors;
mod outlier;
mod place;
mod process;
mod repeated;
mod restart;
mod stampede;
mod text;
mod twice;
mod unfinished;

pub(crate) use deadlock::{Circle, Lasted, OpenCall, Wait, WaitFor};
pub(crate) use facts::Facts;
pub(crate) use gap::{Dropped, Pruned};
pub(crate) use hot_loop::{Again, Failed, HotLoop};
pub(crate) use http_error::{Cause, HttpErrors};
pub(crate) use http_rate::{Called, Rate, Route, Seen, Unrecorded, Values};
pub(crate) use ignored::{Effective, Ignored};
pub(crate) use key::Key;
pub(crate) use monitors::{ChangedBy, MonitorLeak};
pub(crate) use outlier::{Durations, Outlier, SlowWhere};
pub(crate) use place::Place;
pub(crate) use process::Process;
pub(crate) use repeated::{Questions, SameCalls};
pub(crate) use restart::{GaveUpAfter, Storm};
pub(crate) use stampede::{Kept, Stampede};
pub(crate) use text::Text;
pub(crate) use twice::{Asked, Twice};
pub(crate) use unfinished::{Back, Took, Unfinished};

use serde::Serialize;

/// What was found, by law.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Found {
    Text(Text),
    Deadlock(Circle),
    Dropped(Dropped),
    Pruned(Pruned),
    Storm(Storm),
    HotLoop(HotLoop),
    HttpErrors(HttpErrors),
    Ignored(Ignored),
    MonitorLeak(MonitorLeak),
    Outlier(Outlier),
    Questions(Questions),
    SameCalls(SameCalls),
    Stampede(Stampede),
    Twice(Twice),
    Unfinished(Unfinished),
}

impl Found {
    /// Whether a process is one it is told of.
    pub(crate) fn is_about(&self, pid: &str) -> bool {
        match self {
            Self::Text(text) => text.what.contains(pid),
            found => found.facts().subjects().iter().any(|process| process.pid == pid),
        }
    }

    pub(crate) fn facts(&self) -> &dyn Facts {
        match self {
            Self::Text(it) => it,
            Self::Deadlock(it) => it,
            Self::Dropped(it) => it,
            Self::Pruned(it) => it,
            Self::Storm(it) => it,
            Self::HotLoop(it) => it,
            Self::HttpErrors(it) => it,
            Self::Ignored(it) => it,
            Self::MonitorLeak(it) => it,
            Self::Outlier(it) => it,
            Self::Questions(it) => it,
            Self::SameCalls(it) => it,
            Self::Stampede(it) => it,
            Self::Twice(it) => it,
            Self::Unfinished(it) => it,
        }
    }
}
