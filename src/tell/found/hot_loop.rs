//! What fails and is asked again at once, for ever, with the same answer.

use serde_json::json;

use crate::analysis::found::{Again, Failed, HotLoop};
use crate::tell::finding::Told;
use crate::tell::words::span;

pub(in crate::tell) fn told(it: &HotLoop) -> Told {
    let failed = match &it.failed {
        Failed::Returned(error) => format!("each time it returned {error}"),
        Failed::Raised(reason) => format!("each time it raised {reason}"),
    };
    let how = match &it.again {
        Again::CallsItself { function } => format!("{function} calls itself"),
        Again::Message { message, sent } => format!("by a message to itself, {message}, sent at {sent}"),
        Again::Follows { function } => format!("{function} follows itself"),
    };
    let at_least = if it.is_least { "at least " } else { "" };
    let what = format!(
        "{} called {} {at_least}{} times within {}, and {failed}; it is asked again at once, {} after the error \
         (median): {how}",
        it.process,
        it.function,
        it.rounds,
        span(it.within_ns),
        span(it.pause_ns),
    );
    let place = it.called_at.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
    let with = it.arguments.as_ref().map(|arguments| format!(" with ({arguments})")).unwrap_or_default();
    Told::new(what, "a wait that is meant to be busy, for something that comes within microseconds")
        .detail(format!(
            "called{place}{with} every time; no round called or told anybody else anything new, as far as was traced"
        ))
        .next("explain", json!({"target": it.process.pid}), "the process that asks, and what it was doing before")
}
