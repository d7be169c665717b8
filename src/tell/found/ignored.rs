//! Messages that come and do nothing, though others of their kind do.

use serde_json::json;

use crate::analysis::found::Ignored;
use crate::tell::finding::Told;
use crate::tell::words::count;

/// `first`: the event of the callback that took the first of them.
pub(in crate::tell) fn told(it: &Ignored, first: &str) -> Told {
    let at_least = if it.is_least { "at least " } else { "" };
    let other = &it.effective;
    let what = format!(
        "{at_least}{} to {} had no effect that was seen: {} returned the state as it was, and called and sent nothing \
         that was traced; {} did something {} of {} times ({})",
        count(it.messages, &format!("{} message", it.pattern)),
        it.process,
        it.function,
        other.pattern,
        other.effective,
        other.all,
        other.function,
    );
    let refuted_by =
        "messages that are meant to be dropped, or work in functions that are not traced, such as a write to ETS";
    Told::new(what, refuted_by)
        .detail(format!("the first was {}, sent {}", it.first, sent(it)))
        .detail(format!("one that did something: {} ({})", other.first, other.event_id))
        .next("query_events", json!({ "call_id": first }), "what the callback was given and what it returned")
}

fn sent(it: &Ignored) -> String {
    let place = it.sent.to_string();
    // A send in the last position has the line of the call around.
    match it.sent_in.as_ref().filter(|function| !place.contains(function.as_str())) {
        Some(function) => format!("in {function}, at {place}"),
        None => format!("at {place}"),
    }
}
