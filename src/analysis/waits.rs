//! When did a process wait for a message, and when may it have?
//!
//! A process that has sent a `GenServer` call does nothing until the reply, the callee's end or the timeout is there: that
//! is known. Any other message that comes between two things a process was seen doing may have been waited for ever since
//! the first of them, or have found it at work: that is a bound. Time asleep in a function that is not traced is neither.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::ledger::kind::{Kind, reference_in};
use super::ledger::payload::{Payload, text};
use super::ledger::texts::{Sym, Texts};
use crate::query::Seen;

/// A span in which a process waited for a message that came at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// Else it may have computed meanwhile.
    pub(crate) is_sure: bool,
}

/// What a process is known to do between two things it was seen doing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Idle {
    /// When it was last seen doing something.
    since: Option<i64>,
    /// The reference of the call it made last.
    asked: Option<Sym>,
}

impl Idle {
    /// It did something.
    pub(crate) const fn acted(&mut self, at: i64) {
        self.since = Some(at);
        self.asked = None;
    }

    /// It sent a call.
    pub(crate) const fn asked(&mut self, reference: Sym, at: i64) {
        self.since = Some(at);
        self.asked = Some(reference);
    }

    /// Whether it waits for the answer to a call, as far as is known.
    pub(crate) const fn is_asking(&self) -> bool {
        self.asked.is_some()
    }

    /// Since when it waits for the answer to a call.
    pub(crate) fn asks_since(&self) -> Option<i64> {
        self.since.filter(|_| self.is_asking())
    }

    /// A message came; how long it was waited for. `None` if only the loop of a behaviour takes such a message, or if
    /// nothing is known of the time before.
    pub(crate) fn arrived(&mut self, kind: Kind, reference: Option<Sym>, is_timeout: bool, at: i64) -> Option<Wait> {
        let start = self.since?;
        let is_sure = self.asked.is_some() && (self.asked == reference || is_timeout);
        if is_sure {
            self.acted(at);
        } else if matches!(kind, Kind::Call | Kind::Cast | Kind::System) {
            return None;
        }
        Some(Wait { start, end: at, is_sure })
    }
}

/// The waits of all processes of a visit.
#[derive(Debug, Default)]
pub(super) struct Waits {
    idle: Vec<Idle>,
    references: Texts,
}

impl Waits {
    /// Since when a process waits for the answer to a call, by what was read so far.
    pub(super) fn asks_since(&self, process: u32) -> Option<i64> {
        self.idle.get(process as usize)?.asks_since()
    }

    /// Reads the next event of a process: how long it waited for it. Cost: the payloads of messages are read.
    pub(super) fn take(&mut self, process: u32, event: &Seen<'_>, is_call: bool) -> Option<Wait> {
        if self.idle.len() <= process as usize {
            self.idle.resize(process as usize + 1, Idle::default());
        }
        let idle = &mut self.idle[process as usize];
        let at = event.timestamp();
        match event.event_type() {
            Some("message_send") => {
                let payload = Payload::read(event.data());
                let content = || text(payload.message).unwrap_or_default();
                let reference = match Kind::read(text(payload.send_type).as_deref(), content) {
                    Kind::Call => reference(event, &payload, &mut self.references),
                    _ => None,
                };
                match reference {
                    Some(reference) => idle.asked(reference, at),
                    None => idle.acted(at),
                }
            }
            Some("message_receive") => {
                let payload = Payload::read(event.data());
                let kind =
                    Kind::read(text(payload.receive_type).as_deref(), || text(payload.message).unwrap_or_default());
                let is_timeout = text(payload.message).as_deref() == Some(":timeout");
                let reference = match kind {
                    Kind::Reply | Kind::Signal => reference(event, &payload, &mut self.references),
                    _ => None,
                };
                return idle.arrived(kind, reference, is_timeout, at);
            }
            Some("function_entry" | "function_exit" | "function_return_to") => idle.acted(at),
            _ if is_call => idle.acted(at),
            _ => {}
        }
        None
    }
}

/// Messages that may have been waited for and may have waited for a callback, by the event its entry would name as its
/// parent.
#[derive(Debug, Default)]
pub(super) struct Loose(HashMap<Box<str>, usize, RandomState>);

impl Loose {
    /// A message came; what is kept of it is kept under `number`.
    pub(super) fn came(&mut self, event: &Seen<'_>, number: usize) {
        self.0.insert(event.parent_id().unwrap_or_else(|| event.event_id()).into(), number);
    }

    /// What is kept of the message a call was made for.
    pub(super) fn taken(&mut self, event: &Seen<'_>) -> Option<usize> {
        let parent = event.parent_id().filter(|_| event.event_type() == Some("function_entry"))?;
        self.0.remove(parent)
    }
}

/// The reference of the call a message makes or answers: as the source told it, or as the message has it.
fn reference(event: &Seen<'_>, payload: &Payload<'_>, texts: &mut Texts) -> Option<Sym> {
    if let Some(reference) = event.correlation_id() {
        return Some(texts.intern(reference));
    }
    let message = text(payload.message)?;
    Some(texts.intern(reference_in(&message)?))
}
