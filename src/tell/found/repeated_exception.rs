//! An exception that is raised and caught again and again.

use serde_json::json;

use super::raised::{fates, raised};
use crate::analysis::found::RepeatedException;
use crate::tell::finding::Told;
use crate::tell::words::count;

/// `first`: the end of the call that raised it first, where that is recorded.
pub(in crate::tell) fn told(repeated: &RepeatedException, first: Option<&str>) -> Told {
    let times = count(repeated.times, "time");
    let what = format!("raised {times} and caught: {}", raised(&repeated.exception));
    let calls = count(repeated.calls, "recorded call");
    let told = Told::new(what, "a function that is meant to raise where others return an error")
        .detail(format!("{}; {calls} of the function", fates(&repeated.fates)));
    match first {
        Some(first) => {
            told.next("explain", json!({ "target": first }), "the first of them, with its arguments and callers")
        }
        None => told,
    }
}
