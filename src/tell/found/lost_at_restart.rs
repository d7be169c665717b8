//! Processes that one knew when it ended, and that its successor never got to know.

use serde_json::json;

use crate::analysis::found::{LostAtRestart, Process, Was};
use crate::tell::finding::Told;
use crate::tell::words::count;

pub(in crate::tell) fn told(it: &LostAtRestart) -> Told {
    let LostAtRestart { process, successor, .. } = it;
    let known = format!("{process} knew {} when it ended with {}", those(it), it.reason);
    let least = if it.are_more { "at least " } else { "" };
    let later = if it.successors > 1 { format!(" and {least}{} after it", it.successors - 1) } else { String::new() };
    let what = format!("{known}; its successor {successor}{later} does not, though they live");
    let within = it.first_read.map_or_else(String::new, |n| format!(" in the first {n} callbacks"));
    let was = match &it.was {
        Was::Told { function, handled, pattern, before, since } => format!(
            "each was sent {pattern} when {function} handled {handled}, {} at least; the successor handled as many \
             as {}{within} and sent them nothing",
            times(*before),
            times(*since)
        ),
        Was::Given { function, request, answer, now, since } => format!(
            "{function} answered {request} with {answer}; the successor answered {now}, {} in all{within}",
            times(*since)
        ),
    };
    let asked = if it.have_not_asked { "they did not ask it to, " } else { "" };
    let told = Told::new(
        what,
        "some that do not want to be known any more, that wait before they ask again, or that another serves instead",
    )
    .detail(was)
    .detail(format!("no state of the successor holds them, {asked}and the end was not told to them"));
    let told = match it.known_again {
        0 => told,
        n => told.detail(format!("it knows {} again", count(n, "other"))),
    };
    let told = match it.not_looked_at {
        0 => told,
        n => told.detail(format!("{n} more that it had known were not looked at")),
    };
    told.next("state_history", json!({"pid": successor.pid}), "what the successor knows instead")
}

fn those(it: &LostAtRestart) -> String {
    let shown: Vec<String> = it.first_lost.iter().map(Process::to_string).collect();
    match it.lost - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn times(n: usize) -> String {
    if n == 1 { "once".to_owned() } else { format!("{n} times") }
}
