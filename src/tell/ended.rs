//! How is the end of a process told?

use crate::analysis::found::Ended;

/// `crashed: :badarith`, `was killed`, `ended normally`.
pub(super) fn told(ended: &Ended) -> String {
    match ended {
        Ended::Unrecorded => "ended; its reason was not recorded".to_owned(),
        Ended::Normally => "ended normally".to_owned(),
        Ended::WithResult => "ended with what it made".to_owned(),
        Ended::Killed => "was killed".to_owned(),
        Ended::With { reason } => format!("ended with {reason}"),
        Ended::Crashed { reason } => format!("crashed: {reason}"),
    }
}
