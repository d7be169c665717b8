//! Calls that were answered twice.

use serde_json::json;

use crate::analysis::found::{Given, SecondReply};
use crate::tell::finding::Told;
use crate::tell::words::span;

pub(in crate::tell) fn told(it: &SecondReply) -> Told {
    let SecondReply { asker, calls, asked, first, second, received, .. } = it;
    let handled = it.function.as_ref().map_or_else(String::new, |function| format!(", taken by {function}"));
    let calls_were = if *calls == 1 { "1 call was".to_owned() } else { format!("{calls} calls were") };
    let what = format!("{calls_were} answered twice: {asked} of {asker}{handled}");
    let function = it.function.as_deref().unwrap_or("the callback");
    let given = |reply: &Given| match &reply.sent {
        Some(place) => format!("{} by {}, sent at {place}", reply.content, reply.by),
        None => format!("{} by {}, returned by {function}", reply.content, reply.by),
    };
    let came = match (*received, *calls) {
        (_, _) if it.after_ns.is_none() => {
            "the one that came last is for nobody: the asker waits for none any more".to_owned()
        }
        (0, _) => "whether the second came to the asker is not recorded".to_owned(),
        (1, 1) => "the second came into the mailbox of the asker, who waits for none any more".to_owned(),
        (n, _) => {
            format!("{n} of the second replies came into the mailbox of their asker, who waits for none any more")
        }
    };
    let (one, other) = match it.after_ns {
        Some(ns) => (format!("first {}", given(first)), format!("again {}, {} later", given(second), span(ns))),
        None => (
            format!("by one node {}", given(first)),
            format!("by another {}; which was first is not known", given(second)),
        ),
    };
    Told::new(what, "a protocol of its own in which a question has two answers")
        .detail(one)
        .detail(other)
        .detail(came)
        .next("message_flow", json!({ "pid": asker.pid }), "what was asked and answered")
}
