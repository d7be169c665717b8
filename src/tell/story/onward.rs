//! Where did an exception go from the call it was raised in?

use super::words::relative;
use crate::analysis::story::line::{Caught, OnwardLine};

pub(super) fn line(of: &OnwardLine, anchor: i64) -> String {
    match of {
        OnwardLine::Origin { line, function } => {
            format!("raised at {line} in {function}, by the stack that went with it")
        }
        OnwardLine::Caught { function, at, and } => {
            let how = match and {
                Caught::Returned { result } => format!("which returned {result}"),
                Caught::Failed { reason } => format!("which failed with {reason}"),
            };
            let (at, event) = (relative(at.at, anchor), &at.event);
            format!("caught in {function} at {at}, {how} ({event})")
        }
    }
}
