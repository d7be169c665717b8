//! What the recording lacks.

use serde_json::json;

use crate::analysis::found::{Dropped, Pruned};
use crate::tell::finding::Told;
use crate::tell::words::{count, count_of, span};

pub(in crate::tell) fn dropped(it: Dropped) -> Told {
    let lost = match (it.messages, it.uncounted) {
        (Some(messages), 0) => format!("dropped {}", count(messages, "trace message")),
        (Some(messages), _) => {
            format!("dropped {}, and was at times not connected,", count(messages, "trace message"))
        }
        (None, _) => "was not connected".to_owned(),
    };
    let what = format!(
        "the source {lost} in {}, {} long in all: what happened there is unknown, calls across it may have no end, \
         messages no receiver",
        count(it.gaps, "gap"),
        span(it.length_ns)
    );
    let refutation = match it.uncounted {
        0 => "nothing: the source counted what it dropped",
        _ => "nothing having happened while the source was not connected: nobody counted",
    };
    Told::new(what, refutation).next("query_events", json!({"event_type": "gap"}), "every gap with its length")
}

pub(in crate::tell) fn pruned(it: Pruned) -> Told {
    let what = format!(
        "{} pruned by the limits of the store: what led to later events may be among them",
        count_of(it.events, "event was", "events were")
    );
    Told::new(what, "nothing: the store counted them").next("get_stats", json!({}), "the limits, and what was pruned")
}
