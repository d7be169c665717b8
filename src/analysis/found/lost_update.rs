//! Updates that clients lost to each other: they were worked out from what another had changed since it was read.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::process::Process;
use super::stale::{ReadWrite, Turn, WorkedOut};

/// Of the state of a server, which takes what it is sent as it is.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LostInServer {
    pub(crate) server: Process,
    /// Where in the state; empty: it is all of it.
    pub(crate) path: String,
    /// Writes that were worked out from a stale read.
    pub(crate) lost: usize,
    /// The pattern of the messages that write, and how many of these there are.
    pub(crate) write: String,
    pub(crate) writes: usize,
    pub(crate) client: ReadWrite,
    /// Of the first that was lost, and of the other client.
    pub(crate) turns: Vec<Turn>,
    /// Where they are numbers.
    pub(crate) amount: Option<Amount>,
}

/// What lost updates would have amounted to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Amount {
    pub(crate) by: i64,
    /// What the value is in the end.
    pub(crate) last: String,
}

/// Of the state of an `Agent`, which calls what it is sent.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LostInAgent {
    pub(crate) agent: Process,
    /// Where in the state; empty: it is all of it.
    pub(crate) path: String,
    /// At least so many.
    pub(crate) lost: usize,
    /// Of so many functions that changed the state.
    pub(crate) writes: usize,
    pub(crate) client: ReadWrite,
    /// Of the first that was lost, and of the other client.
    pub(crate) turns: Vec<Turn>,
    pub(crate) worked_out: WorkedOut,
    /// What the lost ones were to change it by, all together, where they are numbers.
    pub(crate) by: Option<f64>,
}

/// Of what two functions read and write, such as a value in a table.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LostInTable {
    pub(crate) reader: String,
    pub(crate) writer: String,
    /// What both are given; empty: nothing.
    pub(crate) key: String,
    /// Where in the value; empty: it is all of it.
    pub(crate) path: String,
    /// At least so many.
    pub(crate) lost: usize,
    /// Of so many writes for this key.
    pub(crate) writes: usize,
    pub(crate) client: ReadWrite,
    /// Of the first that was lost, and of the other process.
    pub(crate) turns: Vec<Turn>,
    pub(crate) worked_out: WorkedOut,
    /// What the lost ones were to change it by, all together, where they are numbers.
    pub(crate) by: Option<f64>,
    pub(crate) later: Later,
    /// Other keys of which the like is known, at least.
    pub(crate) other_keys: usize,
}

/// A read of what another process had written, which shows that the value is shared.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Later {
    pub(crate) reader: Process,
    pub(crate) value: String,
    /// The call, as the text names it.
    pub(crate) event: String,
}

impl ReadWrite {
    fn site(&self) -> Option<&str> {
        Some(self.written_at.key()).filter(|site| !site.is_empty()).or(self.within.as_deref())
    }

    fn of(&self, key: Key) -> Key {
        let within = self.within.as_deref().unwrap_or_default();
        key.with(within).with(self.read_at.key()).with(self.written_at.key())
    }
}

impl Facts for LostInServer {
    fn subjects(&self) -> Vec<&Process> {
        vec![&self.server]
    }

    fn site(&self) -> Option<&str> {
        self.client.site()
    }

    fn key(&self) -> Key {
        self.client.of(Key::default().with(self.server.family()).like(&self.path).like(&self.write))
    }
}

impl Facts for LostInAgent {
    fn subjects(&self) -> Vec<&Process> {
        vec![&self.agent]
    }

    fn site(&self) -> Option<&str> {
        self.client.site()
    }

    fn key(&self) -> Key {
        self.client.of(Key::default().with(self.agent.family()).like(&self.path))
    }
}

impl Facts for LostInTable {
    // No process: it is about what the functions keep.

    fn site(&self) -> Option<&str> {
        self.client.site()
    }

    fn key(&self) -> Key {
        self.client.of(Key::default().with(&self.reader).with(&self.writer).like(&self.key).like(&self.path))
    }
}
