//! Whom did the end of a process hurt? Those that waited for its reply, and those linked to it.

use super::crash::{Failure, asked};
use super::tell::{call, enclosing};
use super::{Cx, Part};
use crate::analysis::ask::{inside, of, types};
use crate::analysis::fact::Fact;
use crate::analysis::who::exit_of;
use crate::error::Result;
use crate::event::Role;
use crate::query::Filter;

/// Calls looked back over for those without a reply.
pub(super) const MAX_CALLS: usize = 100;

/// Messages and calls of a process its mailbox is followed over.
const MAX_PEAK: usize = 1_500;

/// Callers that are told.
const SHOWN: usize = 4;

pub(super) fn part(cx: &Cx<'_>, failure: &Failure) -> Result<Part> {
    let Some(exit) = &failure.exit else { return Ok(Part::new("affected", Vec::new())) };
    let mut lines = Vec::new();
    let mut waiting = unanswered(cx, &failure.who.pid, exit.at())?;
    waiting.reverse();
    let beyond = waiting.len().saturating_sub(SHOWN);
    for send in waiting.iter().take(SHOWN) {
        lines.push(line(cx, send, exit)?);
    }
    if beyond > 0 {
        lines.push(format!("{beyond} more callers waited"));
    }
    let queued = backlog(cx, &failure.who.pid, exit.at())?;
    if queued > 1 {
        lines.push(format!("{queued} messages to it had not been handled and are lost"));
    }
    Ok(Part { name: "affected", keep: 2, lines })
}

/// Calls to a process that had no reply by a time, newest first.
pub(super) fn unanswered(cx: &Cx<'_>, pid: &str, at: i64) -> Result<Vec<Fact>> {
    let sends = cx.ask.newest(of(pid, Role::Receiver, &["message_send"]), (i64::MIN, at), MAX_CALLS)?;
    let mut found = Vec::new();
    for send in sends {
        let Some(exchange) = send.event.correlation_id() else { continue };
        if send.text("send_type") != Some("call") {
            continue;
        }
        let filter = Filter { correlation_id: Some(exchange.to_owned()), ..types(&["message_send"]) };
        let replies = cx.ask.oldest(filter, (send.at(), at), 8)?;
        if !replies.iter().any(|reply| reply.text("send_type") == Some("reply")) {
            found.push(send);
        }
    }
    Ok(found)
}

/// Messages sent to a process and not handled by a time, as far as both are recorded.
pub(super) fn backlog(cx: &Cx<'_>, pid: &str, at: i64) -> Result<u64> {
    let sent = cx.ask.count(of(pid, Role::Receiver, &["message_send"]), (i64::MIN, at))?;
    Ok(match handled(cx, pid, at)? {
        // Without its callbacks nothing is known of what it handled.
        0 => 0,
        handled => sent.saturating_sub(handled),
    })
}

/// Messages a process began to handle by a time.
pub(super) fn handled(cx: &Cx<'_>, pid: &str, at: i64) -> Result<u64> {
    let mut handled = 0;
    for (function, arity) in [("handle_call", 3), ("handle_cast", 2), ("handle_info", 2)] {
        let function = Some(function.to_owned());
        let filter = Filter { function, arity: Some(arity), ..inside(pid, &["function_entry"]) };
        handled += cx.ask.count(filter, (i64::MIN, at))?;
    }
    Ok(handled)
}

/// The longest a mailbox was.
pub(super) struct Peak {
    /// Messages.
    pub(super) length: i64,
    /// The last of them.
    pub(super) event: Fact,
    /// Nanoseconds between two messages up to then, on average.
    pub(super) every: i64,
}

/// The longest a mailbox was, as far as sends and callbacks are recorded.
pub(super) fn peak(cx: &Cx<'_>, pid: &str, until: i64) -> Result<Option<Peak>> {
    let span = (i64::MIN, until);
    let sends = cx.ask.oldest(of(pid, Role::Receiver, &["message_send"]), span, MAX_PEAK)?;
    let entries = cx.ask.oldest(inside(pid, &["function_entry"]), span, MAX_PEAK)?;
    let mut events: Vec<(&Fact, i64)> = sends.iter().map(|send| (send, 1)).collect();
    events.extend(entries.iter().filter(|entry| entry.is_callback()).map(|entry| (entry, -1)));
    if events.len() == sends.len() {
        return Ok(None);
    }
    events.sort_by_key(|(fact, _)| fact.key());
    let (mut now, mut came, mut peak) = (0, 0, None::<(i64, i64, &Fact)>);
    for (fact, step) in events {
        now = (now + step).max(0);
        came += step.max(0);
        if peak.is_none_or(|(longest, ..)| now > longest) {
            peak = Some((now, came, fact));
        }
    }
    let first = sends.first().map_or(0, Fact::at);
    Ok(peak.map(|(length, came, fact)| Peak {
        length,
        event: fact.clone(),
        every: fact.at().saturating_sub(first) / (came - 1).max(1),
    }))
}

/// A caller, and what became of it.
fn line(cx: &Cx<'_>, send: &Fact, exit: &Fact) -> Result<String> {
    let who = cx.names.who(send.pid())?;
    let around = enclosing(cx.ask, send, 3);
    let place = match around.as_slice() {
        [] => String::new(),
        around => format!(" in {}", around.iter().map(|entry| call(entry, 40)).collect::<Vec<_>>().join(" < ")),
    };
    let end = exit_of(cx.ask, send.pid())?.filter(|end| end.key() > exit.key());
    let became = match end {
        Some(end) if !super::crash::is_normal(&end) => {
            format!("it crashed of that at {} ({})", cx.at(end.at()), end.id())
        }
        Some(end) => format!("it ended normally at {} ({})", cx.at(end.at()), end.id()),
        None => "it went on".to_owned(),
    };
    Ok(format!("{who} waited for {} ({}){place}; {became}", asked(send), send.id()))
}
