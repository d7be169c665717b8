//! A state that grows.

use serde_json::json;

use crate::analysis::found::{Changed, StateGrowth};
use crate::tell::finding::Told;
use crate::tell::words::{count, span};

pub(in crate::tell) fn told(growth: &StateGrowth) -> Told {
    let StateGrowth { process, first_bytes, last_bytes, .. } = growth;
    let (how, shrank) = match growth.shrank {
        Some(0) => ("only grows", ", and it never shrank".to_owned()),
        Some(times) => ("grows", format!(", though it shrank {}", count(times, "time"))),
        None => ("grows", String::new()),
    };
    let what = format!(
        "the state of {process} {how}: {first_bytes} to {last_bytes} bytes written out in {} over {}{shrank}",
        count(growth.changes, "change"),
        span(growth.within_ns),
    );
    let mut told = Told::new(what, "something that empties it later than the recording ends").next(
        "state_history",
        json!({ "pid": process.pid }),
        "each change",
    );
    if let Some(path) = &growth.path {
        told = told.detail(format!("what grows is `{path}`"));
    }
    if let Some(Changed { function, message, sent }) = &growth.last_change {
        told = told.detail(format!("the last change: {function} on {message} sent at {sent}"));
    }
    told
}
