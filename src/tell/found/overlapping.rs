//! A job that is started again while its last run is still at it.

use serde_json::json;

use crate::analysis::found::Overlapping;
use crate::tell::finding::Told;
use crate::tell::words::{count, span};

/// `again`: the event of the first start while another run was at it.
pub(in crate::tell) fn told(it: &Overlapping, again: &str) -> Told {
    let Overlapping { by, job, runs, overlapped, .. } = it;
    let least = if it.short > 0 { "at least " } else { "" };
    let first = if it.is_cut { "the first " } else { "" };
    let what = format!(
        "{by} starts {job} every {} though a run takes {}: {least}{overlapped} of {first}{runs} runs began while another was at it, \
         and up to {} were at once",
        span(it.period_ns),
        span(it.median_ns),
        it.most_at_once,
    );
    let given = match it.given.as_deref() {
        None => String::new(),
        Some("") => ", given nothing".to_owned(),
        Some(given) => format!(", given {given}"),
    };
    let grows = if it.grows { "; more and more of them, to the end" } else { "" };
    let unfinished = match it.unfinished {
        0 => String::new(),
        n => format!("; {} not over when the recording ends", count(n, "run")),
    };
    let timer = if it.is_timer { " of a timer" } else { ", which no process was seen to send" };
    let took = if it.open_ns == Some(it.longest_ns) { "took at least" } else { "took" };
    Told::new(what, "runs that may go on beside each other, such as each of work of its own")
        .detail(format!("each on {}{timer}{given}", it.tick))
        .detail(format!("the longest {took} {}{grows}{unfinished}", span(it.longest_ns)))
        .next("explain", json!({ "target": again }), "the first run that was started too early")
}
