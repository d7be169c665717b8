//! Calls and their ends, and which message each handles.

use std::hash::BuildHasher;

use super::book::{Book, Item, cut};
use crate::analysis::ledger::entry::{Call, CallId, Callback, MessageId, Moment, Outcome, ProcessId};
use crate::analysis::ledger::kind::{Kind, reference_in};
use crate::analysis::ledger::payload::{Payload, text, texts};
use crate::analysis::value::is_cut;
use crate::event::behaviour::{By, Loop};
use crate::event::exit_reason::{CallEnd, ExitReason};
use crate::query::Seen;

impl Book {
    pub(super) fn on_entry(&mut self, seen: &Seen<'_>, process: ProcessId, moment: Moment) {
        self.acted(process, moment);
        let function = self.function(seen);
        let callback = match (seen.function(), seen.arity()) {
            (Some("handle_call"), Some(3)) => Some(Callback::Call),
            (Some("handle_cast"), Some(2)) => Some(Callback::Cast),
            (Some("handle_info"), Some(2)) => Some(Callback::Info),
            (Some("handle_continue"), Some(2)) => Some(Callback::Continue),
            (Some("init"), Some(1)) => Some(Callback::Init),
            _ => None,
        };
        let stack = self.stacks.get(&process).and_then(|stack| stack.last()).copied();
        let told = self.item(seen.parent_id());
        let (parent, mut message) = match told {
            Some(Item::Call(call)) if self.calls[call as usize].process == process => (Some(call), None),
            Some(Item::Message(message)) => (stack, Some(message)),
            // The source knows that it does not know.
            None if stack.is_some() && is_of_unknown_parent(seen.data()) => (None, None),
            _ => (stack, None),
        };
        let takes = matches!(callback, Some(Callback::Call | Callback::Cast | Callback::Info));
        let data = seen.data();
        let payload = if takes { Payload::read(data) } else { Payload::default() };
        let by = By::of_function(text(payload.caller).as_deref(), text(payload.extra).as_deref());
        // It only has the name of a callback.
        let callback = callback.filter(|_| by != By::Other || message.is_some());
        let takes = takes && callback.is_some();
        if message.is_none() && told.is_none() {
            message = self.unsent_for(process, callback, seen, &payload);
        }
        let id = self.calls.len() as CallId;
        if let Some(message) = message {
            let message = &mut self.messages[message as usize];
            message.handled = message.handled.or(Some(id));
            message.receiver = message.receiver.or(Some(process));
        }
        let event = self.texts.intern(seen.event_id());
        self.items.insert(event, Item::Call(id));
        if let Some(call) = seen.call_id().filter(|call| *call != seen.event_id()) {
            let call = self.texts.intern(call);
            self.items.insert(call, Item::Call(id));
        }
        let site = self.site(seen);
        self.calls.push(Call {
            event,
            exit: None,
            process,
            function,
            is_span: false,
            is_anonymous: seen.function().is_some_and(|function| function.starts_with('-')),
            callback,
            site,
            start: moment,
            end: None,
            duration: None,
            outcome: Outcome::Open,
            reason: None,
            parent,
            message,
            change: None,
        });
        self.sign((seen, data), id, moment, false);
        self.stacks.entry(process).or_default().push(id);
        let of = &mut self.processes[process as usize];
        // Which message it took is not known; of a text that is cut neither.
        let is_bare = || texts(payload.args).first().is_none_or(|message| is_cut(message));
        if takes && message.is_none() && is_bare() {
            of.newest_bare = moment.order;
        }
        of.is_relayed |= takes && matches!(by, By::Loop(of) if of != Loop::Server);
        of.runs_traced_code = true;
        if let Some((behaviour, module)) = of.spawned.filter(|_| takes) {
            let is_own = seen.module() == Some(self.texts.get(module));
            of.is_relayed |= !is_own || !matches!(self.texts.get(behaviour), ":gen_server" | "gen_server");
        }
        if of.module.is_none() && callback.is_some() {
            of.module = seen.module().map(|module| self.texts.intern(module));
        }
    }

    /// The message a callback takes, where its event does not name it: its send was not traced, or the source joins
    /// nothing.
    fn unsent_for(
        &mut self,
        process: ProcessId,
        callback: Option<Callback>,
        seen: &Seen<'_>,
        payload: &Payload<'_>,
    ) -> Option<MessageId> {
        let kind = match callback? {
            Callback::Call => {
                let session = self.processes[process as usize].session;
                let reference = match self.correlation(seen) {
                    Some(reference) => reference,
                    None => self.texts.find(reference_in(texts(payload.args).get(1)?)?)?,
                };
                return self.requests.get(&(session, reference)).copied();
            }
            Callback::Cast => Kind::Cast,
            Callback::Info => Kind::Info,
            Callback::Continue | Callback::Init => return None,
        };
        let said = self.hasher.hash_one(texts(payload.args).first()?.as_str());
        self.unsent.pop(&(process, kind as u8, said))
    }

    pub(super) fn on_exit_of_call(&mut self, seen: &Seen<'_>, process: ProcessId, moment: Moment) {
        let data = seen.data();
        let payload = Payload::read(data);
        let end = text(payload.exit_reason);
        let read = CallEnd::read(end.as_deref());
        let reason = text(payload.reason).unwrap_or_default();
        if read == CallEnd::Exit && is_signal(&reason) {
            // Its process was told to end, or ended by another: nobody gave up.
            self.died(process, moment);
        } else {
            self.acted(process, moment);
        }
        let Some(call) = seen.call_id().and_then(|call| self.find_call(call)) else { return };
        let spans_gap = payload.spans_gap.is_some();
        let outcome = match read {
            _ if spans_gap => Outcome::Ended,
            CallEnd::Returned if end.is_none() && payload.closed_by.is_some() => Outcome::Ended,
            CallEnd::Returned => Outcome::Returned,
            CallEnd::Exit => Outcome::Exit,
            CallEnd::Throw => Outcome::Throw,
            CallEnd::Error => Outcome::Error,
        };
        let reason = match outcome {
            Outcome::Returned | Outcome::Ended => None,
            _ => text(payload.reason).map(|reason| self.texts.intern(cut(&reason))),
        };
        if let Some(stack) = self.stacks.get_mut(&process)
            && let Some(at) = stack.iter().rposition(|open| *open == call)
        {
            stack.truncate(at);
        }
        self.sign((seen, data), call, moment, true);
        let exit = self.texts.intern(seen.event_id());
        let of = &mut self.calls[call as usize];
        of.exit = Some(exit);
        of.end = Some(moment);
        let is_timed = !spans_gap && payload.end_unknown.is_none();
        // Across a gap the end may be another call's.
        of.duration = seen.duration_ns().or_else(|| is_timed.then(|| moment.since(of.start)));
        of.outcome = outcome;
        of.reason = reason;
    }
}

/// Whether the source says that it does not know who made the call.
fn is_of_unknown_parent(data: &str) -> bool {
    data.contains("parent_unknown") && Payload::read(data).parent_unknown.is_some()
}

/// Whether the exit that a call was left by is not the call's own: one that gives up tells of a timeout, or of the process
/// it called.
fn is_signal(reason: &str) -> bool {
    match ExitReason::read(reason) {
        ExitReason::Timeout(_) | ExitReason::NoProcess(_) | ExitReason::Callee(..) | ExitReason::Unknown => false,
        ExitReason::Other => !reason.contains("timeout"),
        _ => true,
    }
}
