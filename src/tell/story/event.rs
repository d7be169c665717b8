//! How is an event told?

use super::held::whom;
use super::words::{duration, left, relative};
use crate::analysis::story::line::{Deed, Did, Event, Left, Linked};
use crate::tell::ended;

/// What a story of an event tells.
pub(super) fn told(event: &Event, anchor: i64) -> String {
    match event {
        Event::Linked(Linked { at, deed }) => {
            format!("{} {} ({})", relative(at.at, anchor), describe(deed), at.event)
        }
        Event::AndSoOn => "... and so on".to_owned(),
        Event::Sent { place } => format!("sent {place}"),
        Event::Back { did, event } => format!("it {} ({event})", done(did)),
        Event::NotBack => {
            "its return was not recorded: it did not come back, was a tail call, or its end was left out".to_owned()
        }
    }
}

/// An event in a clause, with who did it.
pub(super) fn describe(deed: &Deed) -> String {
    let (by, did) = match deed {
        Deed::Did { by, did } => (by, done(did)),
        Deed::Spawned { by, child } => {
            let unknown = || "a process whose pid was not recorded".to_owned();
            (by, format!("spawned {}", child.as_ref().map_or_else(unknown, ToString::to_string)))
        }
    };
    format!("{} {did}", by.as_ref().map_or_else(|| "somebody".to_owned(), ToString::to_string))
}

/// What somebody did, without who.
fn done(did: &Did) -> String {
    let after = |ns: &Option<i64>| ns.map(|ns| format!(" after {}", duration(ns))).unwrap_or_default();
    match did {
        Did::Called { call } => format!("called {call}"),
        Did::Returned { result, function, after_ns } => format!("returned {result} from {function}{}", after(after_ns)),
        Did::Failed { left: Left::Exit, reason, function, after_ns } => {
            format!("left {function} by the exit {reason}{}", after(after_ns))
        }
        Did::Failed { left: how, reason, function, after_ns } => {
            format!("{} {reason} from {function}{}", left(*how), after(after_ns))
        }
        Did::CameBack { function, after_ns } => {
            format!("came back (returned or raised: not traced) from {function}{}", after(after_ns))
        }
        Did::Sent { kind, message, to, is_lost } => {
            let lost = if *is_lost { ", which is not there: the message is lost" } else { "" };
            format!("sent {} {message} to {}{lost}", kind.as_deref().unwrap_or("message"), whom(to, "?"))
        }
        Did::Received { message } => format!("received {message}"),
        Did::LostHandler { handler } => format!("no longer has the handler {handler}"),
        Did::Changed { handler: None, change, trigger } => format!("changed its state: {change}, by {trigger}"),
        Did::Changed { handler: Some(handler), change, trigger } => {
            format!("changed the state of its handler {handler}: {change}, by {trigger}")
        }
        Did::ChangedUntold => "changed its state".to_owned(),
        Did::Ended { reason } => format!("ended: {}", ended::reason(reason.as_deref())),
        Did::Registered { name } => format!("was registered as {name}"),
        Did::Other { event_type, data } => format!("{event_type} {data}"),
    }
}
