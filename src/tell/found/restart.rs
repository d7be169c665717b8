//! A process that is started again and again, only to end again.

use serde_json::json;

use crate::analysis::found::{ParentEnded, Storm};
use crate::tell::finding::Told;
use crate::tell::words::{count_of, span};

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
    match &storm.parent_ended {
        Some(ParentEnded { after_ns, reason, took: Some(took) }) => {
            let others = count_of(*took, "other child", "other children");
            let others = if *took > 0 { format!(", and with it {others}") } else { String::new() };
            told.detail(format!("the parent gave up {} later and ended ({reason}){others}", span(*after_ns)))
        }
        Some(ParentEnded { after_ns, reason, took: None }) => {
            told.detail(format!("the parent ended {} later ({reason})", span(*after_ns)))
        }
        None => told,
    }
}
