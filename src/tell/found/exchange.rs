//! Calls that got no answer, or too late.

use serde_json::json;

use super::{abandoned, busy};
use crate::analysis::found::{LateReplies, NeverAnswered, Process, Timeout, Why};
use crate::tell::finding::Told;
use crate::tell::words::{count, span};

/// `call`: the event of the first call.
pub(in crate::tell) fn timeout(timeout: &Timeout, call: &str) -> Told {
    let or =
        |process: &Option<Process>, other: &str| process.as_ref().map_or_else(|| other.to_owned(), ToString::to_string);
    let what = format!(
        "{} to {} timed out: {} gave up {} after {} at {}",
        count(timeout.calls, "call"),
        or(&timeout.callee, "an unknown process"),
        or(&timeout.caller, "the caller"),
        span(timeout.waited_ns),
        timeout.message,
        timeout.sent,
    );
    let mut told = Told::new(what, "a timeout the caller expects and handles, with a retry");
    told = why(&timeout.why, timeout.waited_ns).into_iter().fold(told, Told::detail);
    if let Some(work) = &timeout.abandoned {
        told = abandoned::told(work).into_iter().fold(told, Told::detail);
    }
    if let Some(ns) = timeout.late_ns {
        told = told.detail(format!("the reply was sent {} too late", span(ns)));
    }
    let callee = timeout.callee.as_ref().map_or("", |callee| &callee.pid);
    match timeout.why {
        Why::Queue { .. } => told.next("mailbox", json!({ "pid": callee }), "its mailbox over time"),
        _ => told.next("call_tree", json!({ "event_id": call }), "what the call did"),
    }
}

/// What kept the callee, a line each.
fn why(why: &Why, waited_ns: i64) -> Vec<String> {
    match why {
        Why::Queue { ahead, handled_after_ns, busy } => {
            let handled = match handled_after_ns {
                Some(ns) => format!("was handled {} after it was sent", span(*ns)),
                None => "was never handled".to_owned(),
            };
            let behind = match *ahead {
                0 => String::new(),
                ahead => format!("waited behind {} and ", count(ahead, "message")),
            };
            let mut lines = vec![format!("it {behind}{handled}")];
            lines.extend(busy.as_ref().map(|busy| format!("meanwhile the callee was busy: {}", busy::told(busy))));
            lines
        }
        Why::Slow { queued_ns, busy } => {
            // A tenth of the time is no wait worth a word.
            let (head, of) = if *queued_ns > waited_ns / 10 {
                (
                    format!("it was handled after {}, and not done when the caller gave up", span(*queued_ns)),
                    "; meanwhile",
                )
            } else {
                ("the callee was handling it all the time".to_owned(), ":")
            };
            let busy = busy.as_ref().map(|busy| format!("{of} {}", busy::told(busy))).unwrap_or_default();
            vec![format!("{head}{busy}")]
        }
        Why::NoReply => vec!["its callback had returned without a reply".to_owned()],
        Why::Replied => vec!["its callback had returned a reply; that it was sent is not recorded".to_owned()],
        Why::Elsewhere => {
            vec!["the clocks of the two nodes disagree: what the callee did meanwhile is not known".to_owned()]
        }
        Why::Unjoined => vec!["when the callee handled it, if it did, is not recorded".to_owned()],
        Why::Unknown => vec!["the callee's functions were not traced: what it did is unknown".to_owned()],
    }
}

pub(in crate::tell) fn never_answered(never: &NeverAnswered) -> Told {
    let what = format!(
        "{} never answered {}: {} handled {} and returned, and no reply was sent",
        never.callee.as_ref().map(ToString::to_string).unwrap_or_default(),
        count(never.calls, "call"),
        never.function.as_deref().unwrap_or_default(),
        never.message,
    );
    Told::new(what, "a process that is not traced replying in the callee's place")
        .detail(format!("called at {}", never.sent))
        .next("message_flow", json!({"only": "unanswered"}), "every call without an answer")
}

pub(in crate::tell) fn late_replies(late: &LateReplies) -> Told {
    let replies = if late.replies == 1 { "1 reply".to_owned() } else { format!("{} replies", late.replies) };
    let what = format!(
        "{replies} from {} {} sent after the caller had given up, up to {} late: work for nobody, and on OTP before 24 a \
         stray message",
        late.callee.as_ref().map(ToString::to_string).unwrap_or_default(),
        if late.replies == 1 { "was" } else { "were" },
        span(late.worst_ns),
    );
    Told::new(what, "the caller still taking the reply").next(
        "message_flow",
        json!({"only": "late"}),
        "every late reply",
    )
}
