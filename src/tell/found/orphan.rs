//! One that goes on working, though the process that had started it has ended and its successor started another.

use serde_json::json;

use crate::analysis::duration::duration;
use crate::analysis::found::{Orphan, Work};
use crate::tell::finding::Told;

pub(in crate::tell) fn told(it: &Orphan) -> Told {
    let Orphan { process, starter, successor, twin, .. } = it;
    let work = match &it.work {
        Work::Tells { pattern, to } => format!("both send {pattern} to {to}"),
        Work::TellsStarter { pattern } => format!("each sends {pattern} to its starter, of which one is gone"),
        Work::Calls { function } => format!("both call {function}"),
    };
    let what = format!(
        "{process} goes on after the end of {starter}, which had started it: {successor} took its place and started \
         {twin} with the same function and arguments, so that two do the work of one"
    );
    let least = if it.is_least { "at least " } else { "" };
    let link = match it.was_linked {
        _ if it.knows_of_end => "; it was told of that end and went on",
        Some(true) => "; the two were linked, which did not end it",
        Some(false) => "; no link between the two was recorded",
        None => "; whether the two were linked is not recorded",
    };
    Told::new(what, "two that are meant to work at a time, or work that comes to its end by itself after the recording")
        .detail(format!(
            "{work}: {} {least}{} times and {} {least}{} times within the {} in which both lived",
            process.short(),
            it.times,
            twin.short(),
            it.twin_times,
            duration(it.within_ns)
        ))
        .detail(format!("{} had ended with {}{link}", starter.short(), it.reason))
        .next("explain", json!({"target": starter.pid}), "why its starter ended")
}
