//! Messages: their sends, what receives tell of them, and which reply answers which call.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::hash::BuildHasher;

use super::book::{Book, Item};
use crate::analysis::ledger::entry::{Clocks, Down, MaybeWaited, Message, MessageId, Moment, ProcessId, Waited};
use crate::analysis::ledger::kind::{Kind, reference_in};
use crate::analysis::ledger::payload::{Payload, text};
use crate::analysis::ledger::texts::Sym;
use crate::analysis::value::envelope::request;
use crate::event::Role;
use crate::query::Seen;

impl Book {
    /// The reference of the call a message makes or answers: as the source told it, or as the message has it.
    fn reference(&mut self, seen: &Seen<'_>, kind: Kind, payload: &Payload<'_>) -> Option<Sym> {
        if let Some(reference) = self.correlation(seen) {
            return Some(reference);
        }
        if !matches!(kind, Kind::Call | Kind::Reply | Kind::Signal) {
            return None;
        }
        let message = text(payload.message)?;
        Some(self.texts.intern(reference_in(&message)?))
    }

    pub(super) fn on_send(&mut self, seen: &Seen<'_>, session: Sym, process: ProcessId, moment: Moment) {
        self.acted(process, moment);
        let payload = Payload::read(seen.data());
        let kind = Kind::read(text(payload.send_type).as_deref(), || text(payload.message).unwrap_or_default());
        let receiver = self.in_role(session, seen, Role::Receiver);
        let told_name = receiver.and_then(Result::err);
        let name = text(payload.receiver_name).or(told_name.map(Into::into));
        let name = name.map(|name| self.texts.intern(&name));
        let receiver = match (receiver.and_then(Result::ok), name) {
            (Some(process), _) => Some(process),
            (None, Some(name)) => self.named(session, name),
            (None, None) => None,
        };
        let sent_in = match self.item(seen.parent_id()) {
            Some(Item::Call(call)) => Some(call),
            _ => self.stacks.get(&process).and_then(|stack| stack.last()).copied(),
        };
        let id = self.messages.len() as MessageId;
        let event = self.texts.intern(seen.event_id());
        self.items.insert(event, Item::Message(id));
        let site = self.site(seen);
        let is_joined = payload.send_type.is_some();
        let reference = self.reference(seen, kind, &payload);
        let answers = match (kind, reference) {
            (Kind::Reply, Some(reference)) => self.requests.get(&(session, reference)).copied(),
            _ => None,
        };
        if let Some(request) = answers {
            let request = &mut self.messages[request as usize];
            request.reply = request.reply.or(Some(id));
        }
        let is_across = self.are_apart(Some(process), receiver);
        if let (false, false, Some(receiver), Some(message)) = (is_joined, is_across, receiver, text(payload.message)) {
            let content = self.hasher.hash_one(&*message);
            self.flying.push((receiver, content), id);
        }
        if kind == Kind::Call {
            if let Some(reference) = reference {
                self.requests.insert((session, reference), id);
                self.waiting.insert(process, id);
                self.idle.entry(process).or_default().asked(reference, moment.at);
            }
        }
        self.messages.push(Message {
            event,
            kind,
            sender: Some(process),
            receiver,
            name,
            sent: moment,
            is_sent_traced: true,
            sent_in,
            site,
            undeliverable: text(payload.undeliverable).as_deref() == Some("true"),
            received: None,
            received_in: None,
            handled: None,
            reply: None,
            answers,
            waited: None,
            clocks: if is_across { Clocks::Two } else { Clocks::One },
        });
        if self.nodes.are_several() {
            self.leaves(id, || text(payload.message).unwrap_or_default());
        }
    }

    pub(super) fn on_receive(&mut self, seen: &Seen<'_>, session: Sym, process: ProcessId, moment: Moment) {
        let mut message = match self.item(seen.parent_id()) {
            Some(Item::Message(message)) => Some(message),
            _ => None,
        };
        let payload = Payload::read(seen.data());
        let content = LazyCell::new(|| text(payload.message).unwrap_or_default());
        let kind = Kind::read(text(payload.receive_type).as_deref(), || Cow::Borrowed(&**content));
        let reference = self.reference(seen, kind, &payload);
        if kind == Kind::Signal {
            self.note_down(seen, session, process, moment, &content);
        }
        let received_in = self.stacks.get(&process).and_then(|stack| stack.last()).copied();
        // The end of a timer is traced as a receive of this atom.
        let is_timeout = payload.message.is_some_and(|message| message.get() == "\":timeout\"");
        let idle = self.idle.entry(process).or_default();
        // What a call was waited for stands with the call.
        let is_asking = idle.is_asking();
        let wait = idle.arrived(kind, reference, is_timeout, moment.at).filter(|_| !is_asking).zip(received_in);
        if message.is_none() && payload.receive_type.is_none() {
            let key = (process, self.hasher.hash_one(&*content));
            message = self.flying.pop(&key);
        }
        // A send that arrived after its receive is not the receive's parent; a call's reference says which it is.
        if message.is_none() && kind == Kind::Call {
            let request = reference.and_then(|reference| self.requests.get(&(session, reference)).copied());
            message = request.filter(|request| self.messages[*request as usize].received.is_none());
        }
        if kind == Kind::Reply {
            let request = message.and_then(|reply| self.messages[reply as usize].answers);
            let request = request.or_else(|| self.requests.get(&(session, reference?)).copied());
            if let Some(request) = request {
                let waited = &mut self.messages[request as usize].waited;
                *waited = waited.or(Some((moment, Waited::Answered)));
                if self.waiting.get(&process) == Some(&request) {
                    self.waiting.remove(&process);
                }
            }
        }
        let is_kept = matches!(kind, Kind::Call | Kind::Cast | Kind::Info) && !is_timeout;
        if let Some((wait, call)) = wait {
            let message = message.or_else(|| is_kept.then_some(self.messages.len() as MessageId));
            self.maybe_waited.push(MaybeWaited { call, since: wait.start, until: wait.end, message });
        }
        if let Some(message) = message {
            // Its callback will not name it either.
            if payload.receive_type.is_none() && kind == Kind::Cast {
                self.keep_unsent(process, kind, &content, message);
            }
            let message = &mut self.messages[message as usize];
            if message.received.is_none() {
                message.received_in = received_in;
            }
            message.received = message.received.or(Some(moment));
            message.receiver = message.receiver.or(Some(process));
            return;
        }
        let arrival = self.arrives(process, kind, (moment, received_in), &content);
        if !is_kept {
            return;
        }
        let id = self.messages.len() as MessageId;
        if let Some(arrival) = arrival {
            self.arrivals[arrival].message = Some(id);
        }
        let sender = (kind == Kind::Call).then(|| caller_in(&content).map(|pid| self.process(session, &pid)));
        let event = self.texts.intern(seen.event_id());
        self.items.insert(event, Item::Message(id));
        match (kind, reference) {
            (Kind::Call, Some(reference)) => _ = self.requests.insert((session, reference), id),
            _ => self.keep_unsent(process, kind, &content, id),
        }
        self.messages.push(Message {
            event,
            kind,
            sender: sender.flatten(),
            receiver: Some(process),
            name: None,
            sent: moment,
            is_sent_traced: false,
            sent_in: None,
            site: None,
            undeliverable: false,
            received: Some(moment),
            received_in,
            handled: None,
            reply: None,
            answers: None,
            waited: None,
            clocks: Clocks::One,
        });
    }

    fn note_down(&mut self, seen: &Seen<'_>, session: Sym, receiver: ProcessId, moment: Moment, content: &str) {
        let Some((reference, pid)) = down_in(content) else { return };
        let of = self.process(session, pid);
        let (reference, event) = (self.texts.intern(reference), self.texts.intern(seen.event_id()));
        self.downs.push(Down { event, receiver, of, reference, moment });
    }

    /// Keeps a message that its callback will not name.
    fn keep_unsent(&mut self, process: ProcessId, kind: Kind, message: &str, id: MessageId) {
        let said = self.hasher.hash_one(request(message));
        self.unsent.push((process, kind as u8, said), id);
    }
}

/// Reference and pid in `{:DOWN, #Reference<0.1.2.3>, :process, #PID<0.1.0>, :normal}`. One that was gone when it was
/// monitored tells so at once, and each time that a node is not reached is another.
fn down_in(content: &str) -> Option<(&str, &str)> {
    let (reference, rest) = content.strip_prefix("{:DOWN, ")?.split_once(", :process, #PID")?;
    let (pid, reason) = rest.split_at(rest.find('>')? + 1);
    let is_end = reference.starts_with("#Reference<") && !matches!(reason, ", :noproc}" | ", :noconnection}");
    is_end.then_some((reference, pid))
}

/// The caller in `{:"$gen_call", {#PID<0.1.0>, ...`.
fn caller_in(message: &str) -> Option<String> {
    let rest = message.split_once("{#PID")?.1;
    Some(rest[..=rest.find('>')?].to_owned())
}
