//! A function that is slow from one place only, or with one kind of argument.

use serde_json::json;

use crate::analysis::found::{Outlier, SlowWhere};
use crate::tell::finding::Told;
use crate::tell::words::{count, span};

/// `slowest`: the event of the slowest of the slow calls.
pub(in crate::tell) fn told(it: &Outlier, slowest: &str) -> Told {
    let from = match &it.slow_where {
        SlowWhere::CalledAt { place } => format!("called at {place}"),
        SlowWhere::CalledBy { function } => format!("called by {}", function.as_deref().unwrap_or_default()),
        SlowWhere::ArgumentsLike { shapes } => format!("with arguments like ({shapes})"),
    };
    let what = format!(
        "{} {from} takes {} (median of {}), elsewhere {} (median of {}): {} times as long",
        it.function,
        span(it.slow.median_ns),
        count(it.slow.calls, "call"),
        span(it.others.median_ns),
        it.others.calls,
        it.factor(),
    );
    let told = Told::new(what, "arguments that make it more work there, and meant to be")
        .detail(format!("{} in all from there", span(it.slow_total_ns)))
        .next("call_tree", json!({ "event_id": slowest }), "where the slowest one spent its time");
    match &it.mostly_in {
        Some(function) => told.detail(format!("most of it in {function}")),
        None => told,
    }
}
