//! How is a profile told?

use std::cmp::Reverse;

use super::figure::{duration, share};
use crate::analysis::Label;
use crate::analysis::aggregate::{Group, Groups, OUTLIER};
use crate::tell::words::{count, count_of};

/// The time of the calls of all groups, and which group has most of it. `one` and `many` say what groups are
/// (`function`, `functions`), `named` how one is called.
pub(crate) fn head(found: &Groups, [one, many]: [&str; 2], named: impl Fn(&[Label]) -> String) -> String {
    let groups = &found.groups;
    let calls = found.events();
    if calls == 0 {
        return "no call matches".to_owned();
    }
    let own = own(groups);
    let waited = groups.iter().fold(0, |sum: i64, group| sum.saturating_add(group.waited));
    let waited = if waited > 0 { format!(" and waited {} for replies", duration(waited)) } else { String::new() };
    let top = groups.iter().max_by_key(|group| (group.own, Reverse(&group.labels)));
    let top = top.map(|top| format!("; most of their own {}, {}", named(&top.labels), share(part(top, own))));
    format!(
        "{} of {} took {} of their own time{waited}{}",
        count(calls, "call"),
        count_of(groups.len(), one, many),
        duration(own),
        top.unwrap_or_default()
    )
}

/// The own time of all groups.
pub(crate) fn own(groups: &[Group]) -> i64 {
    groups.iter().fold(0, |sum, group| sum.saturating_add(group.own))
}

/// The part of it that one group has.
pub(crate) fn part(group: &Group, all: i64) -> f64 {
    if all > 0 { group.own as f64 / all as f64 } else { 0.0 }
}

/// Why none of the events that match is a call.
pub(crate) fn no_calls(events: u64, asks_for_messages: bool) -> String {
    let why = if asks_for_messages {
        "no entry of handle_call, handle_cast or handle_info with its arguments was recorded"
    } else {
        "none of them is the end of a call: an event with duration_ns and a function"
    };
    format!("{}, but {why}", count_of(events, "event matches", "events match"))
}

/// Above what a call is an outlier.
pub(crate) fn outliers() -> String {
    format!("{OUTLIER} times the median self time of their own group")
}

/// What a profile of the time of one call would tell.
pub(crate) fn meanwhile(event_id: &str) -> String {
    format!("what {event_id} did meanwhile")
}
