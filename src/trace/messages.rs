//! Messages: who sent each, to whom, and which receive is which send's?

use super::MAX_VALUE_BYTES;
use super::calls::describe_sent;
use super::draft::Span;
use super::flight::{Flight, Kind, Receiver, Shape};
use super::message::{Sequence, pid as pid_of};
use super::object::{Home, Object, number};
use super::process::{Correlation, ProcessKey, Received};
use super::recorder::{At, Recorder};
use crate::etf::show::Show;
use crate::etf::{Pid, Term, View};
use crate::event::Role;

/// Where a message goes, as far as it is known.
struct Destination {
    receiver: Receiver,
    process: Option<ProcessKey>,
}

impl Recorder {
    pub(super) fn on_send(
        &mut self,
        at: At,
        pid: Option<Pid<'_>>,
        message: Term<'_>,
        to: Term<'_>,
        delivered: bool,
    ) -> Option<()> {
        let sender = self.key(pid?)?;
        let shape = Shape::of(message);
        let reference = shape.reference.map(Correlation::of);
        let Destination { receiver, process } = self.destination(to, reference);
        let (cause, _) = self.processes.at(sender, at.number).doing();
        let innermost = self.innermost(Some(sender)).map(|frame| (frame.site, frame.function));
        let site = innermost.and_then(|(site, _)| site);
        let correlation = reference.unwrap_or(Correlation::Message(at.number));
        let gaps = self.gaps();
        let flight = Flight { number: at.number, at: at.ns, sender: Some(sender), site, correlation, gaps };
        if let Some(content) = self.flights.key(&shape).filter(|_| delivered) {
            self.flights.sent(receiver, content, flight);
        }
        if shape.kind == Kind::Call {
            self.flights.called(correlation, flight);
        }

        let mut draft = self.draft(at, "message_send", Some(sender));
        draft.correlation = self.correlate(correlation);
        draft.parent = self.id_of_some(cause);
        draft.site = site;
        self.emit(draft, |object, draft| {
            object.term("message", message);
            object.str("send_type", shape.kind.name());
            if let Some(process) = process {
                let pid = object.pid("receiver_pid", process);
                draft.role(Role::Receiver, pid);
            }
            match to.view() {
                View::Pid(pid) if process.is_none() => {
                    let home = object.context.home;
                    let pid = object.plain("receiver_pid", |text| write_pid(pid, home, text));
                    draft.role(Role::Receiver, pid);
                }
                View::Pid(_) => {}
                View::Reference(_) => object.term("receiver_alias", to),
                _ => object.term("receiver_name", to),
            }
            if let Some((_, function)) = innermost {
                object.str("sent_in", &object.context.functions.function(function).shown);
            }
            if let Some(site) = site {
                object.sent_from(site);
            }
            if !delivered {
                object.bool("undeliverable", true);
            }
        });
        Some(())
    }

    fn destination(&self, to: Term<'_>, reference: Option<Correlation>) -> Destination {
        let known = match to.view() {
            View::Pid(pid) => self.key(pid),
            View::Atom(name) => self.names.get(name.bytes()).copied(),
            // The alias of a caller: the call's own reference says who that is.
            View::Reference(alias) => self
                .flights
                .call(Correlation::of(alias))
                .or_else(|| self.flights.call(reference?))
                .and_then(|call| call.sender),
            // `{Name, Node}`, of the recorded node.
            View::Tuple(mut pair) if pair.len() == 2 => pair.next().zip(pair.next()).and_then(|(name, node)| {
                let is_home = Some(node.atom()?.bytes()) == self.home();
                is_home.then(|| self.names.get(name.atom()?.bytes()).copied())?
            }),
            _ => None,
        };
        match known {
            Some(process) => Destination { receiver: Receiver::Process(process), process: known },
            None => Destination { receiver: Receiver::Other(self.flights.hash(to.as_bytes())), process: None },
        }
    }

    /// The send of a message that is received now. One before a gap may be another's: equal messages may have been sent
    /// and received in it.
    pub(super) fn sent_to(&mut self, receiver: ProcessKey, content: u64) -> Option<Flight> {
        let gaps = self.gaps();
        loop {
            let sent = self.flights.received(Receiver::Process(receiver), content)?;
            if sent.gaps == gaps {
                return Some(sent);
            }
        }
    }

    pub(super) fn on_receive(&mut self, at: At, pid: Option<Pid<'_>>, message: Term<'_>) -> Option<()> {
        let receiver = self.key(pid?)?;
        let shape = Shape::of(message);
        let content = self.flights.content(shape.kind, shape.inner);
        let reference = shape.reference.map(Correlation::of);
        let gaps = self.gaps();
        let sent = match self.flights.key(&shape) {
            Some(key) => self.sent_to(receiver, key),
            None => self.flights.call(reference.unwrap_or_default()).filter(|sent| sent.gaps == gaps),
        };
        let process = self.processes.at(receiver, at.number);
        // Replies and system messages reach no callback.
        if !matches!(shape.kind, Kind::Reply | Kind::System) {
            process.received(Received { content, sent });
        }
        let correlation = sent.map(|sent| sent.correlation).or(reference).unwrap_or_default();
        let mut draft = self.draft(at, "message_receive", Some(receiver));
        draft.correlation = self.correlate(correlation);
        draft.parent = sent.map(|sent| self.id_of(sent.number)).unwrap_or_default();
        self.emit(draft, |object, draft| {
            object.term("message", message);
            object.str("receive_type", shape.kind.name());
            let pid = object.pid("receiver_pid", receiver);
            draft.role(Role::Receiver, pid);
            if let Some(sent) = sent {
                describe_sent(object, draft, sent, ("sender_pid", Role::Sender));
            }
        });
        Some(())
    }

    /// A message seen by sequential tracing: its label joins what it led to.
    pub(super) fn on_sequence(
        &mut self,
        at: At,
        label: Term<'_>,
        kind: Sequence,
        serial: Term<'_>,
        (from, to): (Term<'_>, Term<'_>),
        message: Term<'_>,
    ) {
        let (event_type, subject) = match kind {
            Sequence::Send => ("message_send", from),
            Sequence::Receive => ("message_receive", to),
            Sequence::Print => ("seq_print", from),
        };
        if let Some(pid) = pid_of(subject) {
            self.meet(pid);
        }
        let key = pid_of(subject).and_then(|pid| self.key(pid));
        let mut draft = self.draft(at, event_type, key);
        let home = self.home.as_ref().map(|(home, _)| &**home);
        let label = self.session().redact.term(label).shown().into_owned();
        draft.correlation = self.out.span(|text| write_party(Term::checked(&label), home, text));
        self.emit(draft, |object, draft| {
            object.term("message", message);
            for (key, party, role) in [("sender_pid", from, Role::Sender), ("receiver_pid", to, Role::Receiver)] {
                if let Some(pid) = party_of(object, key, party) {
                    draft.role(role, pid);
                }
            }
            object.term("serial", serial);
            object.bool("seq_trace", true);
        });
    }

    pub(super) fn home(&self) -> Option<&[u8]> {
        self.home.as_ref().map(|(home, _)| &**home)
    }
}

/// Names the other side of something: a pid with its place, a name or a port as a value.
pub(super) fn party_of(object: &mut Object<'_>, key: &str, party: Term<'_>) -> Option<Span> {
    match party.view() {
        View::Pid(pid) => {
            let home = object.context.home;
            Some(object.plain(key, |text| write_pid(pid, home, text)))
        }
        _ => {
            object.term(key, party);
            None
        }
    }
}

/// A pid as events name it: `<0.1.0>`, or with the name of a node that is not the recorded one.
pub(super) fn write_pid(pid: Pid<'_>, home: Home<'_>, text: &mut String) {
    match ProcessKey::of(pid, home) {
        Some(key) => key.write(text),
        None => {
            text.push('<');
            // A payload takes it as it is: what JSON would escape is in no real node's name.
            text.push_str(&pid.node.text().replace(|c: char| c.is_control() || matches!(c, '"' | '\\'), "?"));
            for part in [pid.id, pid.serial] {
                text.push('.');
                number(i64::from(part), text);
            }
            text.push('>');
        }
    }
}

/// A pid as events name it, or another value that stands for a process: a port, a name, a label.
pub(super) fn write_party(party: Term<'_>, home: Home<'_>, text: &mut String) {
    match party.view() {
        View::Pid(pid) => write_pid(pid, home, text),
        _ => {
            Show { max_bytes: MAX_VALUE_BYTES, home }.elixir(party, text);
        }
    }
}
