//! Messages that went to nobody.

use serde_json::json;

use crate::analysis::found::{LostToDead, LostToNobody};
use crate::tell::finding::Told;
use crate::tell::words::{count, count_of, span};

pub(in crate::tell) fn to_dead(lost: &LostToDead) -> Told {
    let LostToDead { to, sent, first, .. } = lost;
    let messages = count(lost.messages, "message");
    let ended = match &lost.ended {
        Some(ended) => format!("it had ended ({}) {} before the first", ended.reason, span(ended.before_ns)),
        None => "it was not alive".to_owned(),
    };
    let what = match &lost.successor {
        Some(heir) => format!(
            "{messages} to the stale pid of {to} went nowhere: {ended}; {heir} is in its place. Sent at {sent}, first \
             {first}"
        ),
        None => format!("{messages} to {to} went nowhere: {ended}. Sent at {sent}, first {first}"),
    };
    let told = next(Told::new(what, "a sender that does not care whether the message arrives"));
    if lost.in_mailbox == 0 {
        return told;
    }
    told.detail(format!(
        "{} in its mailbox when it ended",
        count_of(lost.in_mailbox, "more message was", "more messages were")
    ))
}

pub(in crate::tell) fn to_nobody(lost: &LostToNobody) -> Told {
    let LostToNobody { messages, name, sent, first } = lost;
    let what = format!(
        "{} to the name {name} went nowhere: no process is known to have had it then. Sent at {sent}, first {first}",
        count(*messages, "message")
    );
    next(Told::new(what, "a process that had the name before the recording began"))
}

fn next(told: Told) -> Told {
    told.next("message_flow", json!({"only": "lost"}), "every lost message")
}
