//! News that was overtaken by later news.

use serde_json::json;

use crate::analysis::found::Overtaken;
use crate::tell::finding::Told;
use crate::tell::words::{count, span};

pub(in crate::tell) fn told(it: &Overtaken) -> Told {
    let Overtaken { receiver, by, pattern, path, older, .. } = it;
    let place = if path.is_empty() { "its state".to_owned() } else { format!("`{path}`") };
    let what = format!(
        "of {} {pattern} that {by} passed on to {receiver}, each by a process started for it, and that changed its \
         state, {} came after one that was passed on later, and took its place",
        count(it.handed, "message"),
        it.times,
    );
    let stands = match it.stands {
        0 => "",
        _ if it.times == 1 => "; it stands to the end",
        1 => "; one of such values stands to the end",
        _ => "; such values stand to the end",
    };
    let refuted_by = if it.is_passed_on {
        "messages whose order does not matter: what came last is meant to stand, whichever it is"
    } else {
        "a value that was worked out later in the process that was started first: then what stands is the newest"
    };
    Told::new(what, refuted_by)
        .detail(format!(
            "first {}, then {older}: {place} went from {} to {}, though the process that sent {older} was started {} \
             earlier{stands}",
            it.newer,
            it.was,
            it.is,
            span(it.handed_apart_ns),
        ))
        .detail(format!("the one that was late was sent at {}", it.sent))
        .next("state_history", json!({ "pid": receiver.pid }), "what stood there when")
}
