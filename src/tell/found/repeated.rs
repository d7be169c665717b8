//! What one call asks again and again, though it could be asked once.

use serde_json::json;

use crate::analysis::found::{Questions, SameCalls};
use crate::tell::finding::Told;
use crate::tell::words::{count, span};

/// `caller`: the event of the call that asks.
pub(in crate::tell) fn questions(it: &Questions, caller: &str) -> Told {
    let part = it.percent.map(|percent| format!(" ({percent}% of its time)")).unwrap_or_default();
    let times =
        if it.more_times > 0 { format!(", and so {}", count(it.more_times, "more time")) } else { String::new() };
    let what = format!(
        "{} asked {} {} one after the other through {} ({}), {}{part}{times}: one question could ask for all",
        it.caller,
        it.server.as_ref().map(ToString::to_string).unwrap_or_default(),
        count(it.questions, "question"),
        it.through,
        it.pattern,
        span(it.spent_ns),
    );
    Told::new(what, "questions that depend on the answers before them")
        .detail(format!("asked at {}", it.asked_at))
        .next("call_tree", json!({ "event_id": caller }), "the calls, folded")
}

pub(in crate::tell) fn same_calls(it: &SameCalls) -> Told {
    let place = it.called_at.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
    let what = format!(
        "{} called {}{place} {} times with the same arguments, {} in all: one answer would do",
        it.caller,
        it.function,
        it.calls,
        span(it.spent_ns)
    );
    Told::new(what, "a function that answers differently each time, or is called for what it does").next(
        "call_tree",
        json!({"event_id": it.caller_event_id}),
        "the calls, folded",
    )
}
