//! Which value was bad, and who set it?

use serde::Serialize;

use super::at::At;
use super::came_back::CameBack;
use super::messages::Bound;
use super::sent::SentWhere;
use crate::analysis::found::Process;

/// The value something failed on.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BadValue {
    /// The failed operation worked on this part of the state.
    Operand {
        /// Empty: the whole state.
        path: String,
        value: String,
        /// Parts that held the same: which of them it worked on is not recorded.
        others: usize,
    },
    /// The sort of this part's value had changed before.
    Changed { path: String, value: String },
    /// The callback has no clause for the message.
    NoClause {
        callback: String,
        message: String,
        /// How often it had taken one like it.
        taken: usize,
        /// Whether that is of its newest calls only.
        is_of_newest: bool,
    },
    /// A table was not there.
    NoTable { table: String },
    /// It came with the message.
    Message {
        /// Empty: the message itself.
        path: String,
        value: String,
        /// So many parts of the state held the same.
        in_state: usize,
    },
}

/// A fact about the bad part of the state.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CauseLine {
    /// No change that set it was recorded.
    Never {
        /// Empty: the whole state.
        path: String,
        value: String,
    },
    /// The change that set it.
    Set {
        /// `discount: 0 -> nil`.
        difference: String,
        #[serde(flatten)]
        at: At,
        trigger: String,
        callback: String,
        /// Whether it is thought to be bad for nothing but that its sort of value changed.
        is_guess: bool,
    },
    /// Who sent the message that made the change.
    SentBy {
        sender: Process,
        place: Option<SentWhere>,
        /// The event of the send.
        event: Option<String>,
    },
    /// The call whose result it is.
    ResultOf(Made),
    /// The function that missed a table never went well before, as far as is recorded.
    NeverWell {
        function: String,
        /// Of so many newest calls, where not all were looked at.
        #[serde(skip_serializing_if = "Option::is_none")]
        of_newest: Option<usize>,
    },
    /// When it last went well, and whether the process it did so in ended since.
    WentWell {
        function: String,
        #[serde(flatten)]
        at: At,
        by: Process,
        #[serde(skip_serializing_if = "Option::is_none")]
        ended: Option<Box<TableEnd>>,
    },
    /// Others that ended since, the newest first.
    EndedSince {
        ends: Vec<TableEnd>,
        /// How many more, and whether that is all.
        beyond: usize,
        bound: Bound,
    },
}

/// The end of a process that may have owned a table.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TableEnd {
    pub(crate) process: Process,
    #[serde(flatten)]
    pub(crate) at: At,
    /// `None`: it was not recorded.
    pub(crate) reason: Option<String>,
}

/// A call and what it made.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Made {
    pub(crate) call: String,
    pub(crate) came_back: CameBack,
    pub(crate) result: String,
    /// Where it was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) site: Option<String>,
    /// The events of its entry and its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) entry: Option<String>,
    pub(crate) exit: String,
}
