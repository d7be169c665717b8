//! Where did the same go well?

use serde::Serialize;

/// How the same went in other places.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Elsewhere {
    /// What the same kind of message did to the same part of other states.
    Change {
        pattern: String,
        path: String,
        results: Vec<ChangedIn>,
        /// Results that are only counted.
        beyond: usize,
        /// Of so many newest changes, where not all were looked at.
        #[serde(skip_serializing_if = "Option::is_none")]
        of_newest: Option<usize>,
    },
    /// What the function gave for other arguments.
    Function {
        function: String,
        results: Vec<Gave>,
        /// Results that are only counted.
        beyond: usize,
        /// Of so many newest calls, where not all were looked at.
        #[serde(skip_serializing_if = "Option::is_none")]
        of_newest: Option<usize>,
    },
    /// How the kind of message that failed went otherwise.
    Message {
        pattern: String,
        /// How often it went well in this process.
        here: usize,
        /// How often in all.
        well: usize,
        /// In so many other processes.
        others: usize,
        failed: usize,
        /// Of the newest messages, where not all were looked at: so many.
        #[serde(skip_serializing_if = "Option::is_none")]
        of_newest: Option<usize>,
    },
}

/// A change of a part, and whose.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ChangedIn {
    /// `0 -> 20`.
    pub(crate) difference: String,
    /// The first of the processes.
    pub(crate) processes: Vec<String>,
    /// How many these are.
    pub(crate) in_all: usize,
    /// How often it was changed so.
    pub(crate) count: usize,
}

/// A call and its result, and how often.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Gave {
    /// `"TEN"`; `None`: they were not recorded.
    pub(crate) args: Option<String>,
    /// `10`, or why it failed; `None`: it was not recorded.
    pub(crate) result: Option<String>,
    pub(crate) count: usize,
}
