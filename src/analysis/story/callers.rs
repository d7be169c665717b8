//! Whom did the end of a process hurt? Those that waited for its reply, and those linked to it.

use std::ops::ControlFlow;

use super::failure::Failure;
use super::part::{Cx, Part};
use super::sent::asked;
use super::tell::{call, enclosing};
use crate::analysis::ask::{inside, of};
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::ledger::payload::{Payload, text};
use crate::analysis::ledger::{Ledger, Message, gather};
use crate::analysis::mailbox::{Mailbox, Measure};
use crate::analysis::parts::Quiet;
use crate::analysis::replied::is_replied;
use crate::analysis::seam;
use crate::analysis::traffic::Traffic;
use crate::analysis::value::brief::brief;
use crate::analysis::who::exit_of;
use crate::error::Result;
use crate::event::Role;
use crate::event::behaviour::{By, takes_message};
use crate::event::exit_reason::ExitReason;
use crate::event::time::Time;
use crate::query::Filter;

/// Calls looked back over for those without a reply.
pub(super) const MAX_CALLS: usize = 100;

/// Callers that are told.
const SHOWN: usize = 4;

pub(super) fn part(cx: &Cx<'_>, failure: &Failure) -> Result<Part> {
    let Some(exit) = &failure.exit else { return Ok(Part::new("affected", Vec::new())) };
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

/// What waited in a mailbox at a time.
pub(super) struct Backlog {
    /// Messages of which it is known that they waited.
    pub(super) waiting: u64,
    /// Whether these are all.
    pub(super) is_whole: bool,
    /// Whether anything was recorded that tells when messages were taken.
    pub(super) is_known: bool,
}

impl Backlog {
    /// `at least 3 messages`.
    pub(super) fn text(&self) -> String {
        let bound = if self.is_whole { "" } else { "at least " };
        format!("{bound}{}", super::tell::counted(self.waiting, "message"))
    }
}

/// Messages in the mailbox of a process at a time, as far as the recording tells.
pub(super) fn backlog(cx: &Cx<'_>, pid: &str, at: i64) -> Result<Backlog> {
    with_mailbox(cx, pid, at, |_, mailbox| Backlog {
        waiting: mailbox.waiting_at(at) as u64,
        is_whole: mailbox.is_whole(),
        is_known: mailbox.measure == Measure::Handled,
    })
}

/// Looks at the mailbox of a process up to a time.
fn with_mailbox<T>(cx: &Cx<'_>, pid: &str, until: i64, look: impl FnOnce(&Ledger, &Mailbox<'_>) -> T) -> Result<T> {
    let filter = Filter { pid: Some(pid.to_owned()), until: Some(Time::At(until)), ..Filter::default() };
    let ledger = gather(cx.ask.store(), filter, cx.ask.watch())?;
    let traffic = Traffic::new(&ledger);
    // Invariant: a filter by pid lets no event pass that does not name it; of several lives the last is meant.
    let Some(process) = ledger.processes_called(pid).pop() else {
        return Ok(look(&ledger, &Mailbox { measure: Measure::Unknown, stays: Vec::new(), unknown: 0 }));
    };
    let messages: Vec<&Message> = traffic.to(process).map(|(_, message)| message).collect();
    Ok(look(&ledger, &Mailbox::new(&traffic, process, &messages)))
}

/// Messages a process began to handle by a time.
pub(super) fn handled(cx: &Cx<'_>, pid: &str, at: i64) -> Result<u64> {
    let mut handled = 0;
    for (function, arity) in [("handle_call", 3), ("handle_cast", 2), ("handle_info", 2)] {
        let filter =
            Filter { function: Some(function.to_owned()), arity: Some(arity), ..inside(pid, &["function_entry"]) };
        let filter = Filter { until: Some(Time::At(at)), ..filter };
        cx.ask.store().visit(&filter, &Quiet(cx.ask.watch()), |seen| {
            let payload = Payload::read(seen.data());
            let by = By::of_function(text(payload.caller).as_deref(), text(payload.extra).as_deref());
            handled += u64::from(takes_message(function, arity, by, payload.message_id.is_some()));
            ControlFlow::Continue(())
        })?;
    }
    Ok(handled)
}

/// The longest a mailbox was.
pub(super) struct Peak {
    /// Messages.
    pub(super) length: i64,
    /// Whether it is that, and not at least that.
    pub(super) is_whole: bool,
    /// The last of them.
    pub(super) event: Fact,
    /// Nanoseconds between two messages up to then, on average.
    pub(super) every: i64,
}

/// The longest a mailbox was; `None` where callbacks do not tell.
pub(super) fn peak(cx: &Cx<'_>, pid: &str, until: i64) -> Result<Option<Peak>> {
    with_mailbox(cx, pid, until, |ledger, mailbox| {
        let peak = mailbox.peak().filter(|_| mailbox.measure == Measure::Handled)?;
        let came: Vec<_> = mailbox.stays.iter().take_while(|stay| stay.from <= peak.moment).collect();
        let (first, last) = (came.first()?, came.last()?);
        Some(Peak {
            length: peak.length as i64,
            is_whole: mailbox.is_whole(),
            event: Fact::new(ledger.event(last.message.event)?),
            every: last.from.since(first.from) / (came.len() as i64 - 1).max(1),
        })
    })
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
