//! An exception that the code around it turned into a good answer.

use serde_json::json;

use crate::analysis::found::Swallowed;
use crate::tell::finding::Told;
use crate::tell::words::count;

pub(in crate::tell) fn told(swallowed: &Swallowed) -> Told {
    let Swallowed { failed, reason, around: function, result, times, .. } = swallowed;
    let again = if *times > 1 { format!(", {}", count(*times, "time")) } else { String::new() };
    let what = format!(
        "{failed} failed with {reason} and {function} returned {result} all the same{again}: the result does not tell of the error"
    );
    let told = Told::new(what, "a result that stands for the error, or a log entry that tells it").next(
        "call_tree",
        json!({ "event_id": swallowed.around_call }),
        "the calls around it",
    );
    match &swallowed.called_at {
        Some(place) => told.detail(format!("called at {place}")),
        None => told,
    }
}
