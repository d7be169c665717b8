//! Which timer sent a message: set where, by whom, for when?
//!
//! A timer's message has no send. It is known by the call that set it, where those are traced, with the same message for
//! the same process; the message of `start_timer` also by the reference that call returned.

use super::Cx;
use super::sender::sent_where;
use super::tell::duration;
use crate::analysis::ask::types;
use crate::analysis::change::exit_of_call;
use crate::analysis::fact::Fact;
use crate::analysis::place::is_library;
use crate::analysis::value::Value;
use crate::error::Result;
use crate::query::Filter;

/// What sets a timer, by module and function.
const SETTERS: [(&str, &str); 5] = [
    (":erlang", "send_after"),
    (":erlang", "start_timer"),
    ("Process", "send_after"),
    (":timer", "send_after"),
    (":timer", "send_interval"),
];

/// Calls of one setter that are looked through, newest first.
const MAX_SET: usize = 200;

/// The timer that sent what a callback handles.
pub(super) fn set(cx: &Cx<'_>, callback: &Fact) -> Result<Option<String>> {
    let Some(message) = callback.handled() else { return Ok(None) };
    let value = Value::read(message);
    // `{:timeout, reference, what was asked for}` of start_timer.
    let started = match value.tuple() {
        Some([tag, reference, content])
            if tag.atom() == Some("timeout") && reference.text.starts_with("#Reference<") =>
        {
            Some((reference.text, content.text))
        }
        _ => None,
    };
    let mut found: Vec<(i64, Fact)> = Vec::new();
    for (module, function) in SETTERS {
        let filter = Filter {
            module: Some(module.to_owned()),
            function: Some(function.to_owned()),
            ..types(&["function_entry"])
        };
        for entry in cx.ask.newest(filter, (i64::MIN, callback.at()), MAX_SET)? {
            let due = entry.at().saturating_add(after(&entry).unwrap_or_default());
            if due <= callback.at() && sets(cx, &entry, message, started, callback)? {
                found.push((due, entry));
            }
        }
    }
    // Those that were due before were most likely handled before.
    found.sort_by_key(|(due, entry)| (*due, entry.key()));
    // `Process.send_after` calls `:erlang.send_after`: one timer.
    let is_other =
        |(_, entry): &&(i64, Fact)| found.last().is_some_and(|(_, last)| last.event.module() == entry.event.module());
    let likely = if found.iter().filter(is_other).count() > 1 { ", most likely this one" } else { "" };
    let Some((_, entry)) = found.last() else { return Ok(None) };
    let lasts = after(entry).map(|ns| format!(" for {}", duration(ns))).unwrap_or_default();
    let by = if entry.pid() == callback.pid() { "itself".to_owned() } else { cx.names.who(entry.pid())?.to_string() };
    let site = entry.text("caller").zip(entry.text("call_site")).filter(|(caller, _)| !is_library(caller));
    let site = match site {
        Some((caller, line)) => format!(", at {caller} ({line})"),
        None => sent_where(cx, entry).map(|place| format!(", {place}")).unwrap_or_default(),
    };
    let set = cx.at(entry.at());
    Ok(Some(format!("a timer sent it{likely}, set by {by}{lasts} at {set} ({}){site}", entry.id())))
}

/// Nanoseconds until a timer is due; `None`: not told, or at a time of its own.
fn after(entry: &Fact) -> Option<i64> {
    let args = entry.list("args");
    if args.iter().any(|arg| arg.contains("abs: true")) {
        return None;
    }
    args.iter().find_map(|arg| arg.parse::<i64>().ok())?.checked_mul(1_000_000)
}

/// Whether a call set the timer of this message.
fn sets(cx: &Cx<'_>, entry: &Fact, message: &str, started: Option<(&str, &str)>, callback: &Fact) -> Result<bool> {
    let args = entry.list("args");
    let is_started = entry.event.function() == Some("start_timer");
    let content = match (is_started, started) {
        (false, _) => message,
        (true, Some((reference, content))) => {
            let exit = exit_of_call(cx.ask, entry)?;
            if exit.and_then(|exit| exit.text("result").map(|result| result != reference)) == Some(true) {
                return Ok(false);
            }
            content
        }
        (true, None) => return Ok(false),
    };
    // The receiver is a pid or a name; of `:timer.send_after/2` the caller.
    let is_to = |arg: &str| {
        let name = cx.names.who(callback.pid()).ok().and_then(|who| who.name);
        entry.pid_in(arg) == callback.pid() || name.is_some_and(|name| name == arg)
    };
    let is_its = args.iter().any(|arg| is_to(arg)) || args.len() == 2 && entry.pid() == callback.pid();
    Ok(args.contains(&content) && is_its)
}
