//! The answer to an earlier question that was taken for the answer to another.

use serde_json::json;

use crate::analysis::found::MistakenReply;
use crate::tell::finding::Told;
use crate::tell::words::{count, span};

pub(in crate::tell) fn told(it: &MistakenReply) -> Told {
    let MistakenReply { asker, server, function, earlier, question, answer, returned, .. } = it;
    let times = if it.times == 1 { String::new() } else { format!(", {} in all", count(it.times, "time")) };
    let what = format!(
        "{asker} took the answer of {server} to its earlier {earlier} for the answer to {question}: {function} returned \
         {returned}{times}"
    );
    Told::new(what, "answers that are the same for both questions, or that the caller tells apart by what is in them")
        .detail(format!(
            "{answer} was sent {} after that question, when the call that had asked it was over; {question} was sent at {}",
            span(it.after_ns),
            it.sent
        ))
        .next("message_flow", json!({ "between": [asker.pid, server.pid] }), "the questions and the answers in order")
}
