//! Was a call handled and answered, and in time?

use super::times;
use super::words::{self, duration};
use crate::analysis::story::line::{AnswerLine, CameBack, Late};

pub(super) fn line(of: &AnswerLine, anchor: i64) -> String {
    match of {
        AnswerLine::NotHandled => "it was not handled as far as is recorded".to_owned(),
        AnswerLine::Handled { at, queued_ns, late, took_ns } => {
            let queued =
                queued_ns.map_or_else(|| "an unknown time (the clocks of the two nodes disagree)".to_owned(), duration);
            let after = match late {
                Some(Late::AfterItGaveUp) => ", after the caller had given up",
                Some(Late::AfterItsEnd) => ", after the caller had ended",
                None => "",
            };
            let took = took_ns.map(|ns| format!(", and took {}", duration(ns))).unwrap_or_default();
            format!("it was handled at {} after {queued} in the mailbox{after}{took}", times::at(at, anchor))
        }
        AnswerLine::NoReply { came_back, result, event, may_be_unseen } => {
            let how = match came_back {
                CameBack::Untold => "ended, and whether it returned is not recorded".to_owned(),
                CameBack::Failed(left) => format!("{} {result}", words::left(*left)),
                CameBack::Returned => format!("returned {result}"),
            };
            let none = if *may_be_unseen { "no reply is recorded" } else { "no reply was sent" };
            format!("{none}: the callback {how} ({event})")
        }
        AnswerLine::Replied { at, late } => {
            let after = match late {
                Some(Late::AfterItGaveUp) => ": too late, nobody waits for it",
                Some(Late::AfterItsEnd) => ", when the caller had ended",
                None => "",
            };
            format!("the reply was sent at {}{after}", times::at(at, anchor))
        }
    }
}
