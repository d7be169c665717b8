//! How are the figures of groups of events told?

use crate::tell::words::count;

/// The group that is first by a metric.
pub(crate) struct First<'a> {
    pub(crate) metric: &'a str,
    pub(crate) group: String,
    pub(crate) figure: String,
}

/// The events that a rate is of.
pub(crate) fn events(all: u64) -> String {
    count(all, "event")
}

/// How many events are in how many groups, and which group is first.
pub(crate) fn head(events: u64, groups: usize, by: &[String], first: Option<&First<'_>>) -> String {
    let first = first.map(|first| format!("; first by {}: {} with {}", first.metric, first.group, first.figure));
    format!(
        "{} in {} by {}{}",
        count(events, "event"),
        count(groups, "group"),
        by.join(", "),
        first.unwrap_or_default()
    )
}

/// That some events took no time.
pub(crate) const SOME_UNTIMED: &str = "only events with duration_ns count in figures of time";
