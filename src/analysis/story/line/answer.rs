//! Was a call handled and answered, and in time?

use serde::Serialize;

use super::at::At;
use super::came_back::CameBack;

/// Why an answer was too late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Late {
    AfterItGaveUp,
    AfterItsEnd,
}

/// A fact about what became of a call.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AnswerLine {
    /// That it was is not recorded.
    NotHandled,
    Handled {
        #[serde(flatten)]
        at: At,
        /// `None`: the clocks of the two nodes disagree.
        queued_ns: Option<i64>,
        late: Option<Late>,
        took_ns: Option<i64>,
    },
    /// How the callback ended that sent no reply, as far as is recorded.
    NoReply {
        came_back: CameBack,
        result: String,
        event: String,
        /// Whether one may have been sent that was not recorded.
        may_be_unseen: bool,
    },
    Replied {
        #[serde(flatten)]
        at: At,
        late: Option<Late>,
    },
}
