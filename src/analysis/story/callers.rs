//! Whom did the end of a process hurt? Those that waited for its reply, and those linked to it.

use super::backlog::backlog;
use super::failure::Failure;
use super::line::Line;
use super::part::{Cx, Part};
use super::sent::asked;
use super::tell::{call, enclosing};
use crate::analysis::ask::{inside, of};
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::replied::is_replied;
use crate::analysis::seam;
use crate::analysis::value::brief::brief;
use crate::analysis::who::exit_of;
use crate::error::Result;
use crate::event::Role;
use crate::event::exit_reason::ExitReason;

/// Calls looked back over for those without a reply.
pub(super) const MAX_CALLS: usize = 100;

/// Callers that are told.
const SHOWN: usize = 4;

pub(super) fn part(cx: &Cx<'_>, failure: &Failure) -> Result<Part> {
    let Some(exit) = &failure.exit else { return Ok(Part::new("affected", Vec::<Line>::new())) };
    let mut lines = Vec::new();
    let mut waiting = unanswered(cx, &failure.who.pid, exit.at(), exit.at())?;
    waiting.reverse();
    let beyond = waiting.len().saturating_sub(SHOWN);
    for send in waiting.iter().take(SHOWN) {
        lines.push(line(cx, send, exit)?);
    }
    if beyond > 0 {
        lines.push(format!("{beyond} more callers waited"));
    }
    let queued = backlog(cx, &failure.who.pid, exit.at().saturating_sub(1))?;
    if queued.waiting > 1 {
        lines.push(format!("{} to it had not been handled and are lost", queued.text()));
    }
    Ok(Part::keeping("affected", 2, lines))
}

/// Calls to a process that had no reply by a time, newest first; not those a reply to which may not have been recorded.
/// One that came until `seen` is not looked for, but a seam is.
pub(super) fn unanswered(cx: &Cx<'_>, pid: &str, at: i64, seen: i64) -> Result<Vec<Fact>> {
    let sends = cx.ask.newest(of(pid, Role::Receiver, &["message_send"]), (i64::MIN, at), MAX_CALLS)?;
    let mut found = Vec::new();
    for send in sends {
        if send.text("send_type") != Some("call") || send.event.correlation_id().is_none() {
            continue;
        }
        if !is_replied(cx.ask, &send, at)? && !seam::is_between(cx.ask, send.event.session_id(), (send.at(), seen))? {
            found.push(send);
        }
    }
    Ok(found)
}

/// Whether a process did anything after a time.
fn is_seen_after(cx: &Cx<'_>, pid: &str, at: i64) -> Result<bool> {
    let acts = inside(pid, &["function_entry", "function_exit", "message_send", "message_receive"]);
    Ok(!cx.ask.newest(acts, (at.saturating_add(1), i64::MAX), 1)?.is_empty())
}

/// A caller, and what became of it.
fn line(cx: &Cx<'_>, send: &Fact, exit: &Fact) -> Result<String> {
    let who = cx.names.who(send.pid())?;
    let around = enclosing(cx.ask, send, 3);
    let place = match around.as_slice() {
        [] => String::new(),
        around => format!(" in {}", around.iter().map(|entry| call(entry, 40)).collect::<Vec<_>>().join(" < ")),
    };
    let became = match exit_of(cx.ask, send.pid())? {
        Some(end) if end.key() < exit.key() => {
            format!("it had ended before, at {} ({}): {}", cx.at(end.at()), end.id(), brief(ends::reason(&end), 80))
        }
        Some(end) => {
            let place = format!("at {} ({})", cx.at(end.at()), end.id());
            match ends::of_exit(cx.ask, &end)? {
                ExitReason::Callee(..) | ExitReason::NoProcess(_) => format!("it crashed of that {place}"),
                end if end.is_failure() => format!("it crashed {place}"),
                reason => format!("it {} {place}", ends::how(&reason, &end)),
            }
        }
        None if is_seen_after(cx, send.pid(), exit.at())? => "it went on".to_owned(),
        None => "nothing of it is recorded after that".to_owned(),
    };
    Ok(format!("{who} waited for {} ({}){place}; {became}", asked(send), send.id()))
}
