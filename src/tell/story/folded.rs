//! How is told what a process did last?

use super::words::{left, relative, times};
use crate::analysis::story::line::{Act, Change, Last, Like, Row, What};
use crate::tell::ended;
use crate::tell::words::count;

/// A line of what it did last.
pub(super) fn told(last: &Last, anchor: i64) -> String {
    match last {
        Last::Row(Row { at, what }) => {
            let what = match what {
                What::One(act) => one(act),
                What::Several { like, count } => format!("{}{}", several(like), times(*count)),
            };
            format!("{} {what} ({})", relative(at.at, anchor), at.event)
        }
        Last::Noise(events) => {
            format!("{} of the runtime (code loading, logging, io) left out", count(*events, "event"))
        }
    }
}

fn one(act: &Act) -> String {
    match act {
        Act::Handled { message, change } => {
            let change = match change {
                None => String::new(),
                Some(Change::From(change)) => format!(": {change}"),
                Some(Change::To(state)) => {
                    format!("; the state was {state} then, and what had changed it is not known")
                }
            };
            format!("handled {message}{change}")
        }
        Act::Called { call } => call.clone(),
        Act::Failed { call, left: how, reason } => {
            format!("{call} {} {}", left(*how), ended::reason(reason.as_deref()))
        }
        Act::Sent { kind, message, to, is_lost } => sent(kind.as_deref(), message, to, *is_lost),
        Act::Spawned { child } => format!("spawned {child}"),
        Act::Ended { reason } => format!("ended: {}", ended::reason(reason.as_deref())),
        Act::Dropped => "events were lost here".to_owned(),
    }
}

fn several(like: &Like) -> String {
    match like {
        Like::Handled { pattern } => format!("handled {pattern}"),
        Like::Called { function } => format!("called {function}"),
        Like::Failed { event } => format!("failed {event}"),
        Like::Sent { kind, pattern, to, is_lost } => sent(kind.as_deref(), pattern, to, *is_lost),
        Like::Spawned => "spawned".to_owned(),
        Like::Ended => "ended".to_owned(),
        Like::Dropped => "gap".to_owned(),
    }
}

fn sent(kind: Option<&str>, what: &str, to: &str, is_lost: bool) -> String {
    let lost = if is_lost { ", which is not there" } else { "" };
    format!("sent {} {what} to {to}{lost}", kind.unwrap_or("message"))
}
