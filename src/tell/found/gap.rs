//! What the recording lacks.

use serde_json::json;

use crate::analysis::found::{Dropped, Pruned};
use crate::tell::finding::Told;
use crate::tell::words::{count, span};

pub(in crate::tell) fn dropped(it: Dropped) -> Told {
    let what = format!(
        "the source dropped {} in {}, {} long in all: what happened there is unknown, calls across it may have no end, \
         messages no receiver",
        count(it.messages as usize, "trace message"),
        count(it.gaps, "gap"),
        span(it.length_ns)
    );
    Told::new(what, "nothing: the source counted what it dropped").next(
        "query_events",
        json!({"event_type": "gap"}),
        "every gap with its length",
    )
}

pub(in crate::tell) fn pruned(it: Pruned) -> Told {
    let what = format!(
        "{} were pruned by the limits of the store: what led to later events may be among them",
        count(it.events as usize, "event")
    );
    Told::new(what, "nothing: the store counted them").next("get_stats", json!({}), "the limits, and what was pruned")
}
