//! What was found, as values: whom it is about, where, and the figures that make it one.
//!
//! One file a law. Nothing here is a sentence; `tell` makes those. Texts of the program are cut where they are taken, to
//! what a reader is shown of them.

mod deadlock;
mod facts;
mod gap;
mod key;
mod lost_update;
mod place;
mod process;
mod restart;
mod stale;
mod text;
mod unmet;

pub(crate) use deadlock::{Circle, Lasted, OpenCall, Wait, WaitFor};
pub(crate) use facts::Facts;
pub(crate) use gap::{Dropped, Pruned};
pub(crate) use key::Key;
pub(crate) use lost_update::{Amount, Later, LostInAgent, LostInServer, LostInTable};
pub(crate) use place::Place;
pub(crate) use process::Process;
pub(crate) use restart::{GaveUpAfter, Storm};
pub(crate) use stale::{Did, ReadWrite, Turn, WorkedOut};
pub(crate) use text::Text;
pub(crate) use unmet::{Asked, Dropping, Stage, Stopped};

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
    LostInServer(LostInServer),
    LostInAgent(LostInAgent),
    LostInTable(LostInTable),
    Stopped(Box<Stopped>),
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
            Self::LostInServer(it) => it,
            Self::LostInAgent(it) => it,
            Self::LostInTable(it) => it,
            Self::Stopped(it) => &**it,
        }
    }
}
