//! A timeout that never comes, because it is asked for anew each time before it is over.

use serde_json::json;

use crate::analysis::found::{Asking, Restarts, StarvedTimeout};
use crate::tell::finding::Told;
use crate::tell::words::span;

pub(in crate::tell) fn told(it: &StarvedTimeout) -> Told {
    let StarvedTimeout { process, turns, function, message, .. } = it;
    let within = span(it.within_ns);
    let what = match &it.asking {
        Asking::After { longest_ns } => format!(
            "{process} asked {turns} times within {within} for a timeout of {} and never got it: each time another \
             message came before",
            span(*longest_ns)
        ),
        Asking::Kept { path } => format!(
            "{process} replaced the reference in `{path}` of its state {turns} times within {within}, and handled no \
             message of a timer: each time another message came before"
        ),
    };
    let undone = match &it.why {
        Restarts::Grew(grew) => {
            let path = if grew.path.is_empty() { "its state".to_owned() } else { format!("`{}`", grew.path) };
            format!("meanwhile {path} grew from {} to {} elements", grew.from, grew.to)
        }
        Restarts::Own(own) => format!(
            "{}, which no other process was seen to send, came {} times, at most {} apart: it alone keeps the timeout \
             from coming",
            own.pattern,
            own.times,
            span(own.every_ns)
        ),
    };
    let refuted_by = match &it.asking {
        Asking::After { .. } => "a timeout that is only for idle times, with nothing left undone until then",
        Asking::Kept { .. } => "a reference that is of no timer, or nothing left undone until the timer's message",
    };
    Told::new(what, refuted_by)
        .detail(undone)
        .detail(format!("the last was asked for by {function} of {message}, sent at {}", it.sent))
        .next("state_history", json!({ "pid": process.pid }), "what it collects, and whether it was ever taken away")
}
