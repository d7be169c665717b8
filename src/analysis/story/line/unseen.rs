//! Why is not known what a process did when it failed?

use serde::Serialize;

/// What of a process was recorded before a failure that none of it shows.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unseen {
    /// No call of it.
    NoCall,
    Calls {
        count: usize,
        /// Whether there may be older ones.
        are_newest: bool,
        /// Of these without the arguments they had.
        without_arguments: usize,
        /// Of these without how they ended.
        without_end: usize,
        /// The last of them.
        last: String,
        event: String,
    },
}
