//! A state that only ever grows.

use serde_json::json;

use crate::analysis::found::{Changed, StateGrowth};
use crate::tell::finding::Told;
use crate::tell::words::{count, span};

pub(in crate::tell) fn told(growth: &StateGrowth) -> Told {
    let StateGrowth { process, first_bytes, last_bytes, .. } = growth;
    let what = format!(
        "the state of {process} only grows: {first_bytes} to {last_bytes} bytes written out in {} over {}, and it never \
         shrank",
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
