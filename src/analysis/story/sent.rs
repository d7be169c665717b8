//! Where was a message sent, and what does it ask for?

use super::calls::{call, enclosing};
use super::line::SentWhere;
use super::part::Cx;
use crate::analysis::fact::Fact;
use crate::analysis::place::is_library;
use crate::analysis::value::Value;
use crate::analysis::value::brief::brief;
use crate::analysis::value::envelope::request;

/// The call site of a send, else the calls it was made in.
pub(super) fn sent_where(cx: &Cx<'_>, send: &Fact) -> Option<SentWhere> {
    let around = enclosing(cx.ask, send, 3);
    // A call in tail position has no call site, or that of the runtime: the calls around tell more.
    let sent_in = send.text("sent_in").map(str::to_owned);
    match (send.text("sent_from").filter(|site| !is_library(site)), around.as_slice()) {
        (Some(site), _) => {
            let site = site.to_owned();
            Some(sent_in.map_or(SentWhere::At { site: site.clone() }, |function| SentWhere::Called { function, site }))
        }
        (None, []) => sent_in.map(|function| SentWhere::In { calls: vec![function] }),
        (None, around) => Some(SentWhere::In { calls: around.iter().map(|entry| call(entry, 40)).collect() }),
    }
}

/// Whether a send asks for that, or for the like.
pub(super) fn is_request(send: &Fact, wanted: &str) -> bool {
    let asked = request(send.text("message").unwrap_or_default());
    asked == wanted || Value::read(asked).pattern() == Value::read(wanted).pattern()
}

/// What stands for a message that was not recorded.
const UNKNOWN: &str = "?";

/// What is asked for in a send.
pub(super) fn asked(send: &Fact) -> String {
    send.text("message").map_or_else(|| UNKNOWN.to_owned(), |message| brief(request(message), 60))
}

/// What the like of it have in common.
pub(super) fn pattern(send: &Fact) -> String {
    send.text("message").map_or_else(|| UNKNOWN.to_owned(), |message| Value::read(request(message)).pattern())
}
