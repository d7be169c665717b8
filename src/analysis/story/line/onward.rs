//! Where did an exception go from the call it was raised in?

use serde::Serialize;

use super::at::At;

/// What became of an exception.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnwardLine {
    /// Where it was raised, by the stack that went with it.
    Origin { line: String, function: String },
    /// The call that caught it.
    Caught {
        function: String,
        #[serde(flatten)]
        at: At,
        and: Caught,
    },
}

/// What a call did with an exception it caught.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Caught {
    Returned { result: String },
    Failed { reason: String },
}
