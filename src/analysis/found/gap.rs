//! What the recording lacks.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;

/// What the source dropped, or sent while nobody listened.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Dropped {
    /// By the source's own count; `None`: nobody counted any.
    pub(crate) messages: Option<u64>,
    pub(crate) gaps: usize,
    /// Of these, such as nobody counted: the source was not connected.
    pub(crate) uncounted: usize,
    /// All of them together.
    pub(crate) length_ns: i64,
}

/// What the store pruned.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Pruned {
    pub(crate) events: u64,
}

impl Facts for Dropped {
    fn key(&self) -> Key {
        Key::default().with("dropped")
    }
}

impl Facts for Pruned {
    fn key(&self) -> Key {
        Key::default().with("pruned")
    }
}
