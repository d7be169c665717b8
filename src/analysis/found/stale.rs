//! What was read before it was written, by whom and where, while another wrote it too.

use serde::Serialize;

use super::place::Place;
use super::process::Process;

/// Where a client reads a value and writes another.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ReadWrite {
    /// The function that does both.
    pub(crate) within: Option<String>,
    pub(crate) read_at: Place,
    pub(crate) written_at: Place,
}

/// A read or a write of one of two clients.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Turn {
    /// After the first read.
    pub(crate) after_ns: i64,
    /// Nobody's, where that is not recorded.
    pub(crate) client: Option<Process>,
    pub(crate) did: Did,
    /// The call, as the text names it.
    pub(crate) event: String,
}

/// What a client did.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Did {
    /// It sent a server this; what it was answered, if that changed nothing.
    Sent { message: String, answer: Option<String> },
    /// It had an agent call a function; what it was answered.
    Ran { function: String, answer: Option<String> },
    /// The same; what that made of the value. `None`: it is not there.
    Changed { function: String, from: Option<String>, to: Option<String> },
    /// It called a function; what that read.
    Called { function: String, given: String, read: Option<String> },
}

/// Why what was written is taken to be worked out from what was read.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WorkedOut {
    /// Each is so much more than what was read, whatever that was.
    Steps { by: f64 },
    /// The difference is what the call around was given.
    Given,
    /// A call between them made one of the other.
    Made,
    /// Each is so much more, and all had read this: it may be what was to be written whatever was read.
    Alone { by: f64, all_read: String },
    /// It was written back as it had been read: the rest around it may have been meant to be replaced.
    Reverted { read: String },
    /// It is what was read and more, without what the other had added.
    Added,
}

impl WorkedOut {
    /// Whether something may be so by which nothing was lost.
    pub(crate) const fn may_be_meant(&self) -> bool {
        matches!(self, Self::Alone { .. } | Self::Reverted { .. })
    }
}
