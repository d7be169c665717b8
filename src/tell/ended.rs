//! How is the end of a process told?

use crate::analysis::found::Ended;

/// What stands for a reason that was not recorded.
const NO_REASON: &str = "(no reason recorded)";

/// A reason, if it was recorded.
pub(super) fn reason(of: Option<&str>) -> &str {
    of.unwrap_or(NO_REASON)
}

/// `crashed: :badarith`, `was killed`, `ended normally`.
pub(super) fn told(ended: &Ended) -> String {
    match ended {
        Ended::Unrecorded => format!("ended {NO_REASON}"),
        Ended::Normally => "ended normally".to_owned(),
        Ended::WithResult => "ended with what it made".to_owned(),
        Ended::Killed => "was killed".to_owned(),
        Ended::With { reason } => format!("ended with {reason}"),
        Ended::Crashed { reason } => format!("crashed: {reason}"),
    }
}
