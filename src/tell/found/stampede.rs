//! Work that many did at once, though one could have done it for all.

use serde_json::json;

use crate::analysis::found::{Kept, Stampede};
use crate::tell::finding::Told;
use crate::tell::words::span;

/// `first`: the event of the first of these calls.
pub(in crate::tell) fn told(it: &Stampede, first: &str) -> Told {
    let name = it.function.rsplit_once('/').map_or(it.function.as_str(), |(name, _)| name);
    let again = match it.times {
        1 => String::new(),
        times => format!(", and so {times} times, {} calls in all", it.calls),
    };
    let what = format!(
        "{} processes did the same at once: {name}({}) was called by each of them, took up to {}, and gave all of them \
         {}{again}",
        it.processes,
        it.arguments,
        span(it.longest_ns),
        it.result,
    );
    let place = it.called_at.as_ref().map(|place| format!("called at {place}; ")).unwrap_or_default();
    let (why, event) = kept(&it.kept);
    Told::new(what, "work that has to be done once for each of them").detail(format!("{place}{why} ({event})")).next(
        "call_tree",
        json!({ "event_id": first }),
        "the work that is done so often",
    )
}

/// Why the result is known to be kept, and the event that shows it.
fn kept(kept: &Kept) -> (String, &str) {
    match kept {
        Kept::Missed { function, called_at, found, event_id } => {
            let place = called_at.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
            (format!("each had called {function}{place} before and got {found}"), event_id)
        }
        Kept::Hit { function, event_id } => {
            (format!("at another time {function} gave the same without it: the result is kept"), event_id)
        }
    }
}
