//! Which timer sent a message: set where, by whom, for when?
//!
//! A timer's message has no send. It is known by the call that set it, where those are traced, with the same message for
//! the same process; the message of `start_timer` also by the reference that call returned.

use super::line::{At, SentWhere, Timer};
use super::part::Cx;
use super::sent::sent_where;
use crate::analysis::ask::{inside, types};
use crate::analysis::change::exit_of_call;
use crate::analysis::fact::Fact;
use crate::analysis::place::is_library;
use crate::analysis::setter::SETTERS;
use crate::analysis::value::Value;
use crate::error::Result;
use crate::query::Filter;

/// Calls of one setter that are looked through, newest first.
const MAX_SET: usize = 200;

/// The timer that sent what a callback handles.
pub(super) fn set(cx: &Cx<'_>, callback: &Fact) -> Result<Option<Timer>> {
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
            let is_its = due <= callback.at() && sets(cx, &entry, message, started, callback)?;
            if is_its && !is_cancelled(cx, &entry, callback)? {
                found.push((due, entry));
            }
        }
    }
    found.sort_by_key(|(due, entry)| (*due, entry.key()));
    // `Process.send_after` calls `:erlang.send_after`: one timer.
    let Some(module) = found.last().and_then(|(_, last)| last.event.module().map(str::to_owned)) else {
        return Ok(None);
    };
    found.retain(|(_, entry)| entry.event.module() == Some(&module));
    if started.is_none() {
        let Some(gone) = gone(cx, callback, message)? else { return Ok(None) };
        let is_repeated = |entry: &Fact| entry.event.function() == Some("send_interval");
        // Those that were due first were handled first.
        let once = found.iter().filter(|(_, entry)| !is_repeated(entry)).count();
        let mut over = gone.min(once);
        found.retain(|(_, entry)| {
            let is_over = over > 0 && !is_repeated(entry);
            over -= usize::from(is_over);
            !is_over
        });
    }
    let Some((_, entry)) = found.last() else { return Ok(None) };
    let site = entry.text("caller").zip(entry.text("call_site")).filter(|(caller, _)| !is_library(caller));
    let setter = cx.names.maybe(Some(entry.pid()).filter(|pid| *pid != callback.pid()))?;
    Ok(Some(Timer {
        // A reference is of one timer; else a process that is not traced may have said the same, or another timer.
        is_exact: is_exact(cx, entry)?,
        candidates: found.len(),
        set_by: setter.map(|setter| setter.process()),
        lasts_ns: after(entry),
        at: At::of(entry),
        place: match site {
            Some((caller, line)) => Some(SentWhere::At { site: format!("{caller} ({line})") }),
            None => sent_where(cx, entry),
        },
    }))
}

/// Whether the call returned the reference that the message carries.
fn is_exact(cx: &Cx<'_>, entry: &Fact) -> Result<bool> {
    let is_started = entry.event.function() == Some("start_timer");
    Ok(is_started && exit_of_call(cx.ask, entry)?.is_some_and(|exit| exit.text("result").is_some()))
}

/// How often the process had handled this message before: as many timers are over. `None`: too often to tell.
fn gone(cx: &Cx<'_>, callback: &Fact, message: &str) -> Result<Option<usize>> {
    let function = callback.event.function().map(str::to_owned);
    let before = Filter { function, ..inside(callback.pid(), &["function_entry"]) };
    let before = cx.ask.newest(before, (i64::MIN, callback.at()), MAX_SET)?;
    if before.len() == MAX_SET {
        return Ok(None);
    }
    let is_same = |one: &&Fact| one.key() < callback.key() && one.handled() == Some(message);
    Ok(Some(before.iter().filter(is_same).count()))
}

/// Nanoseconds until a timer is due; `None`: not told, or at a time of its own.
fn after(entry: &Fact) -> Option<i64> {
    let args = entry.list("args");
    if args.iter().any(|arg| arg.contains("abs: true")) {
        return None;
    }
    let place = if entry.event.module() == Some("Process") { 2 } else { 0 };
    args.get(place)?.parse::<i64>().ok()?.checked_mul(1_000_000)
}

/// Whether a timer was cancelled, as far as that was traced.
fn is_cancelled(cx: &Cx<'_>, set: &Fact, callback: &Fact) -> Result<bool> {
    let Some(exit) = exit_of_call(cx.ask, set)? else { return Ok(false) };
    let Some(reference) = exit.text("result") else { return Ok(false) };
    let filter = Filter { function: Some("cancel_timer".to_owned()), ..types(&["function_entry"]) };
    let all = cx.ask.newest(filter, (set.at(), callback.at()), MAX_SET)?;
    Ok(all.iter().any(|cancel| cancel.list("args").first() == Some(&reference)))
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
