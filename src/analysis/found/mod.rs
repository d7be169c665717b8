//! What was found, as values: whom it is about, where, and the figures that make it one.
//!
//! One file a law. Nothing here is a sentence; `tell` makes those. Texts of the program are cut where they are taken, to
//! what a reader is shown of them.

mod deadlock;
mod gap;
mod key;
mod place;
mod process;
mod restart;
mod text;

pub(crate) use deadlock::{Circle, Lasted, OpenCall, Wait, WaitFor};
pub(crate) use gap::{Dropped, Pruned};
pub(crate) use key::Key;
pub(crate) use place::Place;
pub(crate) use process::Process;
pub(crate) use restart::{GaveUpAfter, Storm};
pub(crate) use text::Text;

use serde::Serialize;

/// What every finding says of itself, whatever it is.
pub(crate) trait Facts {
    /// The processes it is about, the one it is told of first.
    fn subjects(&self) -> Vec<&Process> {
        Vec::new()
    }

    /// The place in the source that is to blame or where it shows.
    fn site(&self) -> Option<&str> {
        None
    }

    /// What it has in common with findings that are the same trouble in other processes and at other times.
    fn key(&self) -> Key;
}

/// What was found, by law.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Found {
    Text(Text),
    Deadlock(Circle),
    Dropped(Dropped),
    Pruned(Pruned),
    Storm(Storm),
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
        }
    }
}
