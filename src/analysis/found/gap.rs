//! What the recording lacks.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;

/// What the source dropped.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Dropped {
    pub(crate) messages: u64,
    pub(crate) gaps: usize,
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
