//! What a process spent most of a span on.

use crate::analysis::found::Busy;
use crate::tell::words::{count, span};

/// `990ms of 1.0s in Db.query/1 called at Shop.total/1 (shop.ex:12), 3 calls`.
pub(super) fn told(busy: &Busy) -> String {
    let place = busy.called_at.as_ref().map_or_else(String::new, |place| format!(" called at {place}"));
    let (own, of, calls) = (span(busy.own_ns), span(busy.of_ns), count(busy.calls, "call"));
    format!("{own} of {of} in {}{place}, {calls}", busy.function)
}
