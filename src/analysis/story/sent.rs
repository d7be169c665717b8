//! Where was a message sent, and what does it ask for?

use super::part::Cx;
use super::tell::{call, enclosing};
use crate::analysis::fact::Fact;
use crate::analysis::place::is_library;
use crate::analysis::value::brief::brief;
use crate::analysis::value::envelope::request;

/// The call site of a send, else the calls it was made in.
pub(super) fn sent_where(cx: &Cx<'_>, send: &Fact) -> Option<String> {
    let around = enclosing(cx.ask, send, 3);
    // A call in tail position has no call site, or that of the runtime: the calls around tell more.
    match (send.text("sent_from").filter(|site| !is_library(site)), around.as_slice()) {
        (Some(site), _) => Some(match send.text("sent_in") {
            Some(function) => format!("{function} called at {site}"),
            None => format!("at {site}"),
        }),
        (None, []) => send.text("sent_in").map(|function| format!("in {function}")),
        (None, around) => {
            let calls: Vec<String> = around.iter().map(|entry| call(entry, 40)).collect();
            Some(format!("in {}", calls.join(" < ")))
        }
    }
}

/// What is asked for in a send.
pub(super) fn asked(send: &Fact) -> String {
    brief(request(send.text("message").unwrap_or_default()), 60)
}
