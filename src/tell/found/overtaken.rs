//! News that was overtaken by later news.

use serde_json::json;

use crate::analysis::found::Overtaken;
use crate::tell::finding::Told;
use crate::tell::words::{count, span};

pub(in crate::tell) fn told(it: &Overtaken) -> Told {
    let Overtaken { receiver, by, pattern, path, older, .. } = it;
    let place = if path.is_empty() { "its state".to_owned() } else { format!("`{path}`") };
    // What was worked out on the way was never with who had it started.
    let came = if it.is_passed_on {
        format!("that {by} passed on to {receiver}, each by a process started for it")
    } else if it.is_asked_for {
        format!("that processes {by} had asked for sent to {receiver}")
    } else {
        format!("that processes started by {by} sent to {receiver}")
    };
    let later = match (it.is_passed_on, it.is_asked_for) {
        (true, _) => "passed on later",
        (false, true) => "of one asked for later",
        (false, false) => "of one started later",
    };
    let least = if it.is_least { "at least " } else { "" };
    let what = format!(
        "of {least}{} {pattern} {came}, and that changed its state, {least}{} came after one that was {later}, and took \
         its place",
        count(it.handed, "message"),
        it.times,
    );
    let begun = if it.is_asked_for { "asked for" } else { "started" };
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
            "first {}, then {older}: {place} went from {} to {}, though the process that sent {older} was {begun} {} \
             earlier{stands}",
            it.newer,
            it.was,
            it.is,
            span(it.handed_apart_ns),
        ))
        .detail(format!("the one that was late was sent at {}", it.sent))
        .next("state_history", json!({ "pid": receiver.pid }), "what stood there when")
}
