//! How long was the mailbox of a process, and how many messages did it handle? Of one that names more events than are
//! looked through for a story it is not said.

use std::ops::ControlFlow;

use super::line::{Bound, HandledThen, Messages};
use super::part::Cx;
use crate::analysis::ask::{EVER, inside, of};
use crate::analysis::fact::Fact;
use crate::analysis::ledger::payload::{Payload, text};
use crate::analysis::ledger::{Ledger, Message};
use crate::analysis::mailbox::{Mailbox, Measure};
use crate::analysis::parts::Quiet;
use crate::analysis::traffic::Traffic;
use crate::error::Result;
use crate::event::Role;
use crate::event::behaviour::{By, takes_message};
use crate::event::time::Time;
use crate::query::Filter;

/// Callbacks that are looked into, one by one.
const MAX_CALLBACKS: u64 = 10_000;

/// Calls looked through for a callback.
const MAX_ENTRIES: usize = 200;

/// What waited in a mailbox at a time.
pub(super) struct Backlog {
    /// Messages of which it is known that they waited.
    pub(super) waiting: u64,
    /// Whether these are all.
    pub(super) is_whole: bool,
    /// Whether anything was looked at that tells when messages were taken.
    pub(super) is_known: bool,
}

impl Backlog {
    pub(super) const fn messages(&self) -> Messages {
        Messages { count: self.waiting, bound: if self.is_whole { Bound::Exact } else { Bound::AtLeast } }
    }
}

/// Messages in the mailbox of a process at a time, as far as the recording tells.
pub(super) fn backlog(cx: &Cx<'_>, pid: &str, at: i64) -> Result<Backlog> {
    let looked = with_mailbox(cx, pid, |_, mailbox| Backlog {
        waiting: mailbox.waiting_at(at) as u64,
        is_whole: mailbox.is_whole(),
        is_known: mailbox.measure == Measure::Handled,
    })?;
    Ok(looked.unwrap_or(Backlog { waiting: 0, is_whole: false, is_known: false }))
}

/// Looks at the mailbox of a process; `None` where that has too many events.
fn with_mailbox<T>(cx: &Cx<'_>, pid: &str, look: impl FnOnce(&Ledger, &Mailbox<'_>) -> T) -> Result<Option<T>> {
    let Some(ledger) = cx.ledger(pid)? else { return Ok(None) };
    let traffic = Traffic::new(&ledger);
    // Invariant: a filter by pid lets no event pass that does not name it; of several lives the last is meant.
    let Some(process) = ledger.processes_called(pid).pop() else {
        return Ok(Some(look(&ledger, &Mailbox { measure: Measure::Unknown, stays: Vec::new(), unknown: 0 })));
    };
    let messages: Vec<&Message> = traffic.to(process).map(|(_, message)| message).collect();
    Ok(Some(look(&ledger, &Mailbox::new(&traffic, process, &messages))))
}

/// Messages a process began to handle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handled {
    pub(super) count: u64,
    /// Whether some of these may be calls by the program: there are too many to look at each.
    pub(super) is_bound: bool,
}

impl Handled {
    pub(super) const fn messages(self) -> Messages {
        Messages { count: self.count, bound: if self.is_bound { Bound::AtMost } else { Bound::Exact } }
    }
}

/// Messages a process began to handle in a span of time.
pub(super) fn handled(cx: &Cx<'_>, pid: &str, (since, until): (i64, i64)) -> Result<Handled> {
    let mut all = Handled { count: 0, is_bound: false };
    for (function, arity) in [("handle_call", 3), ("handle_cast", 2), ("handle_info", 2)] {
        let filter =
            Filter { function: Some(function.to_owned()), arity: Some(arity), ..inside(pid, &["function_entry"]) };
        let count = cx.ask.count(filter.clone(), (since, until))?;
        if count > MAX_CALLBACKS {
            all.count += count;
            all.is_bound = true;
            continue;
        }
        let filter = Filter { since: Some(Time::At(since)), until: Some(Time::At(until)), ..filter };
        cx.ask.store().visit(&filter, &Quiet(cx.ask.watch()), |seen| {
            let payload = Payload::read(seen.data());
            let by = By::of_function(text(payload.caller).as_deref(), text(payload.extra).as_deref());
            all.count += u64::from(takes_message(function, arity, by, payload.message_id.is_some()));
            ControlFlow::Continue(())
        })?;
    }
    Ok(all)
}

/// Messages that came to a process in a span of time, but for the answers to its own calls and what its loop takes itself.
pub(super) fn came(cx: &Cx<'_>, pid: &str, (since, until): (i64, i64)) -> Result<Messages> {
    let Some(ledger) = cx.ledger(pid)? else {
        let count = cx.ask.count(of(pid, Role::Receiver, &["message_send"]), (since, until))?;
        return Ok(Messages { count, bound: Bound::AtMost });
    };
    let traffic = Traffic::new(&ledger);
    let messages = ledger.processes_called(pid).into_iter().flat_map(|process| traffic.to(process));
    let is_then = |at: i64| (since..=until).contains(&at);
    Ok(Messages { count: messages.filter(|(_, message)| is_then(message.sent.at)).count() as u64, bound: Bound::Exact })
}

/// What is known of the messages a process handled in a span of time, of which no count is.
pub(super) fn uncounted(cx: &Cx<'_>, pid: &str, span: (i64, i64)) -> Result<HandledThen> {
    let is_called = |span| -> Result<Option<bool>> {
        let entries = cx.ask.newest(inside(pid, &["function_entry"]), span, MAX_ENTRIES)?;
        Ok(if entries.iter().any(Fact::is_callback) {
            Some(true)
        } else {
            (entries.len() < MAX_ENTRIES).then_some(false)
        })
    };
    Ok(match is_called(span)? {
        // A state machine's, of which one message may call several or none.
        Some(true) | None => HandledThen::Uncounted,
        Some(false) if is_called(EVER)? == Some(false) => HandledThen::Untraced,
        Some(false) => HandledThen::NoCallback,
    })
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
pub(super) fn peak(cx: &Cx<'_>, pid: &str) -> Result<Option<Peak>> {
    let looked = with_mailbox(cx, pid, |ledger, mailbox| {
        let peak = mailbox.peak().filter(|_| mailbox.measure == Measure::Handled)?;
        let came: Vec<_> = mailbox.stays.iter().take_while(|stay| stay.from <= peak.moment).collect();
        let (first, last) = (came.first()?, came.last()?);
        Some(Peak {
            length: peak.length as i64,
            is_whole: mailbox.is_whole(),
            event: Fact::new(ledger.event(last.message.event)?),
            every: last.from.since(first.from) / (came.len() as i64 - 1).max(1),
        })
    })?;
    Ok(looked.flatten())
}
