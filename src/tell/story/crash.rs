//! How did a process come to fail?

use super::words::{self, duration, relative};
use super::{cause, times};
use crate::analysis::story::line::{Because, Called, CrashHead, CrashLine, FailedWith, Outcome};
use crate::tell::ended;

pub(super) fn head(CrashHead { who, outcome, failed_with, site, because: why }: &CrashHead) -> String {
    let name = name(failed_with);
    let place = site.as_ref().map(|site| format!(" at {site}")).unwrap_or_default();
    let because = why.as_ref().map(because).unwrap_or_default();
    let role = who.module.as_ref().filter(|_| who.name.is_some());
    let role = role.map(|role| format!(" ({role})")).unwrap_or_default();
    match outcome {
        Outcome::Crashed => format!("{who}{role} crashed with {name}{place}{because}."),
        Outcome::Ended => format!("{who}{role} ended with {name}{place}{because}."),
        Outcome::Killed => format!("{who}{role} was killed{place}{because}."),
        Outcome::WentOn => format!("a call in {who}{role} failed with {name}{place}{because}; the process went on."),
        Outcome::Unseen => {
            format!(
                "a call in {who}{role} failed with {name}{place}{because}; nothing of the process is recorded after that."
            )
        }
        Outcome::NodeEnded => {
            format!("the node ended with {name}{place}; which of its processes ended it, the dump does not say.")
        }
    }
}

/// `ArithmeticError (:badarith)`.
fn name(failed_with: &FailedWith) -> String {
    match failed_with {
        FailedWith::CallTimeout => "a call timeout".to_owned(),
        FailedWith::NoProcess => "a call to no process (:noproc)".to_owned(),
        FailedWith::Exception { name, error: Some(error) } => format!("{name} ({error})"),
        FailedWith::Exception { name: error, error: None } | FailedWith::Error(error) => error.clone(),
        FailedWith::Unrecorded => ended::reason(None).to_owned(),
    }
}

/// Joined to what failed, with the comma before it.
fn because(of: &Because) -> String {
    match of {
        Because::TakenAlong { by, event } => format!(", taken along by {by}, which it was linked to ({event})"),
        Because::OfAnother => {
            ", which no recorded call of it raised: the error of another process, it seems".to_owned()
        }
        Because::NoAnswer { target, limit_ns, circle } => {
            let limit = limit_ns.map_or_else(|| "its time".to_owned(), duration);
            let names: Vec<String> = circle.iter().map(ToString::to_string).collect();
            let deadlock = match names.as_slice() {
                [] => String::new(),
                [_] => ": it waits for itself, a deadlock".to_owned(),
                _ => format!(": {} wait for each other, a deadlock", names.join(" and ")),
            };
            format!(": {target} had not answered within {limit}{deadlock}")
        }
        Because::NotThere { target } => format!(": {target} was not there"),
        Because::CalleeFailed { target } => format!(", because it waited for {target}, which failed so"),
        Because::BadValue(bad) => cause::because(bad),
    }
}

pub(super) fn line(of: &CrashLine, anchor: i64) -> String {
    match of {
        CrashLine::Failed { call, left, error, operation, event } => {
            let operands = operation.as_ref().map(|frame| format!(" by {frame}")).unwrap_or_default();
            let (left, error) = (words::left(*left), ended::reason(error.as_deref()));
            format!("{call} {left} {error}{operands} ({event})")
        }
        CrashLine::Stack { frames } => format!("stack: {}", frames.join(" < ")),
        CrashLine::Ended { at, is_after, lifetime_ns } => {
            let after = if *is_after { format!(" at {}", relative(at.at, anchor)) } else { String::new() };
            let lifetime = lifetime_ns.map(|ns| format!(", {} after its start", duration(ns))).unwrap_or_default();
            format!("the process ended{after} ({}){lifetime}", at.event)
        }
        CrashLine::Consequence { who, at } => {
            format!("the later crash of {who} at {} is a consequence", times::at(at, anchor))
        }
        CrashLine::Handling { message, callback, since } => {
            let message = words::message(message.as_deref());
            format!("{message} in {callback} since {}", times::at(since, anchor))
        }
        CrashLine::CalledIn { calls } => {
            let calls: Vec<String> = calls.iter().map(|Called { call, event }| format!("{call} ({event})")).collect();
            calls.join(" < ")
        }
        CrashLine::Before { state, since } => {
            let since = since.as_ref();
            let since = since.map(|since| format!(" (since {}, {})", relative(since.at, anchor), since.event));
            format!("before: {state}{}", since.unwrap_or_default())
        }
    }
}
