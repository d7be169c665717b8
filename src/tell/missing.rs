//! How is it told that events are missing?

use crate::tell::words::count;
use serde::Serialize;

/// Why events are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Lost {
    /// Retention took them.
    Pruned,
    /// The source could not keep up.
    Dropped,
    /// Nobody listened to the source, so nobody counted.
    Disconnected,
}

impl Lost {
    pub(crate) const ALL: [Self; 3] = [Self::Pruned, Self::Dropped, Self::Disconnected];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pruned => "pruned",
            Self::Dropped => "dropped",
            Self::Disconnected => "disconnected",
        }
    }
}

/// One span or several in which events are missing.
pub(crate) struct Missing<'a> {
    pub(crate) lost: Lost,
    /// `None`: nobody counted.
    pub(crate) events: Option<u64>,
    /// The start of the first span and the end of the last, as they are shown.
    pub(crate) between: [String; 2],
    /// How many spans, where there are several.
    pub(crate) spans: Option<u64>,
    /// The event that tells of it.
    pub(crate) event_id: Option<&'a str>,
}

/// Longest id that is told: a longer one takes more room than it is worth.
const LONGEST_ID: usize = 20;

/// In a line: `12 events from +1ms to +3ms were dropped (e7)`.
pub(crate) fn missing(it: &Missing<'_>) -> String {
    let [from, to] = &it.between;
    let within = format!("from {from} to {to}");
    let lost = it.lost.name();
    let what = match it.events {
        Some(events) => {
            let were = if events == 1 { "was" } else { "were" };
            format!("{} {within} {were} {lost}", count(events, "event"))
        }
        None if it.lost == Lost::Disconnected => format!("{within} the source was not connected"),
        None => format!("{within} events were {lost}"),
    };
    match (it.spans, it.event_id) {
        (Some(spans), _) => format!("{what} ({})", count(spans, "span")),
        (None, Some(id)) if id.len() <= LONGEST_ID => format!("{what} ({id})"),
        (None, _) => what,
    }
}
