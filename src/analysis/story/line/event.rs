//! What is told of an event: who did what?

use serde::Serialize;

use super::at::At;
use super::left::Left;
use super::sent::SentWhere;
use super::waits::Whom;
use crate::analysis::found::Process;

/// What a story of an event tells.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    /// What came before it, or after.
    Linked(Linked),
    /// There are more causes than are told.
    AndSoOn,
    /// Where a message was sent.
    Sent { place: SentWhere },
    /// How a call came back.
    Back { did: Did, event: String },
    /// That a call came back was not recorded.
    NotBack,
}

/// An event that led to another, or followed from it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Linked {
    #[serde(flatten)]
    pub(crate) at: At,
    pub(crate) deed: Deed,
}

/// Who did what.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Deed {
    /// `by` is none where the event names nobody.
    Did {
        by: Option<Process>,
        did: Did,
    },
    Spawned {
        by: Option<Process>,
        child: Option<Process>,
    },
}

/// What somebody did.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Did {
    /// A call with its arguments.
    Called {
        call: String,
    },
    Returned {
        result: String,
        function: String,
        after_ns: Option<i64>,
    },
    Failed {
        left: Left,
        reason: String,
        function: String,
        after_ns: Option<i64>,
    },
    /// It returned or failed: which was not traced.
    CameBack {
        function: String,
        after_ns: Option<i64>,
    },
    Sent {
        /// `call`, `cast`; none where that is not recorded.
        kind: Option<String>,
        message: String,
        to: Whom,
        /// Nobody was there.
        is_lost: bool,
    },
    Received {
        message: String,
    },
    LostHandler {
        handler: String,
    },
    /// `handler` is that of an event manager whose state it is.
    Changed {
        handler: Option<String>,
        change: String,
        trigger: String,
    },
    /// What changed is not recorded.
    ChangedUntold,
    Ended {
        /// `None`: it was not recorded.
        reason: Option<String>,
    },
    Registered {
        name: String,
    },
    /// An event of another type, with its data.
    Other {
        event_type: String,
        data: String,
    },
}
