//! How are the events around a moment told?

use crate::event::StoredEvent;
use crate::tell::words::count;

/// The moment asked about.
pub(crate) fn moment(event: Option<&StoredEvent>) -> String {
    event.map_or_else(|| "the time asked for".to_owned(), |event| format!("event {}", event.event_id()))
}

/// How many events are shown on each side of it.
pub(crate) fn head(before: usize, after: usize, moment: &str) -> String {
    format!("{} before and {after} after {moment}", count(before, "event"))
}

/// On which sides more events lie than are shown.
pub(crate) fn more(is_more_before: bool, is_more_after: bool) -> Option<&'static str> {
    match (is_more_before, is_more_after) {
        (true, true) => Some("more events lie before and after these"),
        (true, false) => Some("more events lie before these"),
        (false, true) => Some("more events lie after these"),
        (false, false) => None,
    }
}

/// That some of them gave way to the budget.
pub(crate) const CUT: &str = "the farthest events were left out to fit max_tokens";

/// That there are none.
pub(crate) const NONE: &str =
    "no event matches on either side; drop pid or event_type, or look at get_stats for what is stored";
