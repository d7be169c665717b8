//! A process that is started again and again, only to end again.

use serde_json::json;

use crate::analysis::found::{GaveUpAfter, Storm};
use crate::tell::finding::Told;
use crate::tell::words::span;

/// `first_exit`: the event of the first end.
pub(in crate::tell) fn told(storm: &Storm, first_exit: &str) -> Told {
    let Storm { child, parent, ends, within_ns, reason, .. } = storm;
    let site = storm.crash_site.as_ref().map(|site| format!(" at {site}")).unwrap_or_default();
    let alike = if storm.is_same { "each time of" } else { "the first time of" };
    let what = format!(
        "{child} was started and ended {ends} times within {}, {alike} {reason}{site}; its parent is {parent}",
        span(*within_ns),
    );
    let told = Told::new(what, "ends that are the way these processes work, such as one process per job").next(
        "explain",
        json!({ "target": first_exit }),
        "why it ended the first time",
    );
    match &storm.gave_up {
        Some(GaveUpAfter { after_ns, reason }) => told.detail(format!(
            "the parent gave up {} later and ended ({reason}), and with it all its other children",
            span(*after_ns),
        )),
        None => told,
    }
}
