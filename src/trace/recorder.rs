//! How do the terms of one source become events?

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::clock::SourceClock;
use super::draft::{Draft, Drafts, Span};
use super::flight::Flights;
use super::functions::{FunctionId, Functions};
use super::gap::Gap;
use super::message::{Message, Mfa, Parts, Told};
use super::object::{Context, Object, number, write_id};
use super::process::{Correlation, Frame, ProcessKey, Processes};
use super::stamp::Stamp;
use super::window::{Due, Leaving, Window};
use super::{Counters, Ending, Hello, Session};
use crate::etf::{Pid, Term};
use crate::event::Event;

/// Turns the trace messages of one source into events.
///
/// Memory is bounded whatever the source sends: old open calls, messages never received and processes long silent are
/// forgotten, which costs a duration or a sender, never an event.
#[derive(Debug, Default)]
pub struct Recorder {
    session: Session,
    /// Start of event ids.
    pub(super) prefix: Arc<str>,
    /// Messages taken in, those that wait among them.
    taken: u64,
    pub(super) counters: Counters,
    pub(super) hello: Option<Hello>,
    pub(super) ending: Option<Ending>,
    /// What the source said since it was last asked for.
    pub(super) notes: Vec<String>,
    /// Name of the recorded node, as sent and as shown.
    pub(super) home: Option<(Box<[u8]>, Box<str>)>,
    pub(super) out: Drafts,
    pub(super) functions: Functions,
    pub(super) processes: Processes,
    pub(super) flights: Flights,
    /// Who has a registered name; by the atom as sent.
    pub(super) names: HashMap<Box<[u8]>, ProcessKey>,
    /// Modules known to be state machines; as written.
    pub(super) statems: HashSet<Box<str>>,
    /// Whether the source traces what functions return.
    pub(super) tells_returns: bool,
    window: Window,
    due: Due,
    /// The times of messages, in the order of arrival.
    clock: SourceClock,
    /// The same in the order of events, on the events' clock.
    pub(super) latest: Option<i64>,
    pub(super) gap: Option<Gap>,
    /// Where the last gap began.
    pub(super) lost_since: Option<i64>,
}

/// The message being worked on.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    /// Its place in the source, from 1.
    pub(super) number: u64,
    /// When, on the events' clock.
    pub(super) ns: Option<i64>,
    stamp: Option<Stamp>,
}

impl Recorder {
    /// A recorder that has seen nothing.
    pub fn new(session: Session) -> Self {
        let functions = Functions::new(session.redact.clone());
        Self { prefix: session.prefix.as_str().into(), functions, session, ..Self::default() }
    }

    /// Takes one term in: a trace message, a list of them, or what `scope.exs` sends. Messages that arrive side by side
    /// are put in the order of their stamps: some wait for later ones until [`Self::settle`].
    ///
    /// A list of a few bytes a message may make events of thousands of times its size: who does not know the term takes
    /// [`messages`] of it one by one, and hands over whenever the recorder [is full](Self::is_full).
    pub fn take(&mut self, term: Term<'_>) {
        for message in messages(term) {
            self.take_one(message);
        }
    }

    /// Takes in one of the [`messages`] of a term.
    pub fn take_one(&mut self, term: Term<'_>) {
        self.taken += 1;
        let parts = Parts::of(term);
        if let Some(messages) = parts.dropped() {
            self.counters.records += 1;
            return self.dropped(messages);
        }
        let stamp = parts.stamp().map(|stamp| self.on_clock(stamp));
        if self.window.push(self.taken, stamp, term, &parts) {
            self.work(Leaving::Half);
        }
    }

    /// A message's time, on the source's one clock.
    fn on_clock(&mut self, stamp: Stamp) -> Stamp {
        if let Some(shift_ns) = self.clock.join(stamp) {
            self.settle();
            self.session.shift_ns = shift_ns;
        }
        let said = self.hello.as_ref().and_then(|hello| hello.time_offset_ns).or(self.session.wall_offset_ns);
        self.clock.read(stamp, said)
    }

    /// Says what time it is on the events' clock: the time of messages as long as none has carried one.
    pub fn run_clock(&mut self, now_ns: i64) {
        if self.clock.last().is_none() {
            self.settle();
            self.clock.run(now_ns);
        }
    }

    /// No more messages are there for now: those that wait become events.
    pub fn settle(&mut self) {
        self.work(Leaving::All);
    }

    /// Messages go on coming: those that none can come before any more become events. Whether some still wait.
    pub fn settle_old(&mut self) -> bool {
        self.work(Leaving::Old);
        !self.window.is_empty()
    }

    /// The source has ended: messages that wait become events, a gap still open is closed.
    pub fn finish(&mut self) {
        self.settle();
        let latest = self.now();
        self.close_gap(latest);
    }

    /// Events made and not handed over yet.
    pub fn pending(&self) -> usize {
        self.out.len()
    }

    /// Whether they are enough to be handed over.
    pub fn is_full(&self) -> bool {
        self.out.is_full()
    }

    /// Hands the pending events over, in order, and forgets them.
    pub fn hand_over<R>(&mut self, store: impl FnOnce(&[Event<'_>]) -> R) -> R {
        let node = self.home.as_ref().map(|(_, shown)| &**shown);
        self.out.hand_over(&self.session.id, node, &self.functions, store)
    }

    /// What was read and made so far.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Where it reads from.
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Puts later events on another clock.
    pub fn set_clock(&mut self, shift_ns: i64, wall_offset_ns: Option<i64>) {
        self.settle();
        self.session.shift_ns = shift_ns;
        self.session.wall_offset_ns = wall_offset_ns;
    }

    /// The time of the last message that carried one, as sent.
    pub const fn last_stamp(&self) -> Option<Stamp> {
        self.clock.last()
    }

    /// Name of the recorded node, once a message named it.
    pub fn node(&self) -> Option<&str> {
        self.home.as_ref().map(|(_, shown)| &**shown)
    }

    /// What the source said of itself; only `scope.exs` does.
    pub const fn hello(&self) -> Option<&Hello> {
        self.hello.as_ref()
    }

    /// Why the source ended its trace, once it said so.
    pub const fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// What the source said about the trace since this was last asked, such as what it left out at a limit.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    fn work(&mut self, leaving: Leaving) {
        let mut due = std::mem::take(&mut self.due);
        self.window.take(&mut due, leaving);
        for (number, stamp, term, parts) in due.iter() {
            self.counters.records += 1;
            self.tell(number, stamp, term, &parts);
        }
        self.due = due;
    }

    /// The time of a message that carries none.
    pub(super) fn now(&self) -> Option<i64> {
        self.latest.or(self.clock.running()).or(self.session.start_ns)
    }

    fn tell(&mut self, number: u64, stamp: Option<Stamp>, term: Term<'_>, parts: &Parts<'_>) {
        let ns = stamp.map_or_else(|| self.now(), |stamp| Some(stamp.ns.saturating_add(self.session.shift_ns)));
        if stamp.is_some() {
            self.close_gap(ns);
            self.latest = ns;
        }
        let at = At { number, ns, stamp };
        let Some(Message { pid, subject, told }) = Message::read(parts, stamp) else {
            return self.on_unknown(at, term);
        };
        if let Some(pid) = pid {
            self.meet(pid);
        }
        let done = match told {
            Told::Call { mfa, extra } => self.on_call(at, pid, mfa, extra),
            Told::ReturnFrom { mfa, value } => self.on_return(at, pid, mfa, value),
            Told::ExceptionFrom { mfa, class, reason } => self.on_exception(at, pid, mfa, class, reason),
            Told::ReturnTo { mfa } => self.on_return_to(at, pid, mfa),
            Told::Send { message, to, delivered } => self.on_send(at, pid, message, to, delivered),
            Told::Receive { message } => self.on_receive(at, pid, message),
            Told::Spawn { child, what } => self.on_spawn(at, pid, child, what, false),
            Told::Spawned { parent, what } => pid.and_then(|child| self.on_spawn(at, Some(parent), child, what, true)),
            Told::Exit { reason } => self.on_exit(at, pid, reason),
            Told::Link { kind, other } => self.on_link(at, pid, kind, other),
            Told::Register { name } => self.on_register(at, pid, name),
            Told::Unregister { name } => self.on_unregister(at, pid, name),
            Told::Gc { kind, phase, info } => self.on_gc(at, pid, kind, phase, info),
            Told::Schedule { kind, is_in, mfa } => self.on_schedule(at, pid, kind, is_in, mfa),
            Told::PortOpen { owner, driver } => {
                self.on_port(at, subject, "port_open", Some(owner), driver);
                Some(())
            }
            Told::PortClosed { reason } => {
                self.on_port(at, subject, "port_closed", None, reason);
                Some(())
            }
            Told::Sequence { label, kind, serial, from, to, message } => {
                self.on_sequence(at, label, kind, serial, (from, to), message);
                Some(())
            }
            Told::Scope { name, parts } => self.on_scope(at, name, parts),
        };
        if done.is_none() {
            self.on_unknown(at, term);
        }
    }

    /// The first traced process tells the node's name.
    pub(super) fn meet(&mut self, pid: Pid<'_>) {
        if self.home.is_none() {
            self.set_home(pid.node);
        }
    }

    pub(super) fn set_home(&mut self, node: crate::etf::Atom<'_>) {
        self.home = Some((node.bytes().into(), node.text().into()));
    }

    /// A message of no kind that is known: it is kept as it is.
    fn on_unknown(&mut self, at: At, term: Term<'_>) {
        self.counters.unknown += 1;
        let draft = self.draft(at, "unknown_trace", None);
        self.emit(draft, |object, _| object.term("term", term));
    }

    /// Begins an event about a process.
    pub(super) fn draft(&mut self, at: At, event_type: &'static str, pid: Option<ProcessKey>) -> Draft {
        self.draft_with(at, "", event_type, pid)
    }

    /// Begins one of several events a message makes.
    pub(super) fn draft_with(
        &mut self,
        at: At,
        suffix: &str,
        event_type: &'static str,
        pid: Option<ProcessKey>,
    ) -> Draft {
        let Self { out, session, prefix, .. } = self;
        let event_id = out.span(|text| {
            write_id(prefix, at.number, text);
            text.push_str(suffix);
        });
        let pid = pid.map_or(Span::default(), |pid| out.span(|text| pid.write(text)));
        let wall_time = at.stamp.and_then(|stamp| {
            if stamp.is_wall { Some(stamp.ns) } else { stamp.ns.checked_add(session.wall_offset_ns?) }
        });
        Draft { event_id, event_type, pid, timestamp: at.ns, wall_time, ..Draft::default() }
    }

    /// Writes the payload and finishes the event.
    pub(super) fn emit(&mut self, mut draft: Draft, write: impl FnOnce(&mut Object<'_>, &mut Draft)) {
        let context = Context {
            home: self.home.as_ref().map(|(home, _)| &**home),
            prefix: &self.prefix,
            functions: &self.functions,
            max_value: self.session.max_value_bytes,
            rules: &self.session.redact,
        };
        let mut object = Object::new(&mut self.out.text, context);
        write(&mut object, &mut draft);
        let (data, left_out) = object.end();
        draft.data = data;
        self.counters.cut += left_out.cut;
        self.counters.redacted += left_out.hidden;
        self.counters.events += 1;
        self.out.push(draft);
    }

    /// The id of the event a message made.
    pub(super) fn id_of(&mut self, number: u64) -> Span {
        let Self { out, prefix, .. } = self;
        out.span(|text| write_id(prefix, number, text))
    }

    pub(super) fn id_of_some(&mut self, number: Option<u64>) -> Span {
        number.map(|number| self.id_of(number)).unwrap_or_default()
    }

    pub(super) fn correlate(&mut self, correlation: Correlation) -> Span {
        let Self { out, prefix, .. } = self;
        match correlation {
            Correlation::None => Span::default(),
            Correlation::Message(number) => out.span(|text| write_id(prefix, number, text)),
            Correlation::Reference { words, n } => out.span(|text| write_reference(&words[..usize::from(n)], text)),
        }
    }

    /// The key of a pid of the recorded node.
    pub(super) fn key(&self, pid: Pid<'_>) -> Option<ProcessKey> {
        ProcessKey::of(pid, self.home.as_ref().map(|(home, _)| &**home))
    }

    pub(super) fn function_id(&mut self, mfa: &Mfa<'_>) -> FunctionId {
        self.functions.function_id(mfa)
    }

    /// What a process is doing, see [`Process::doing`](super::process::Process::doing).
    pub(super) fn doing(&mut self, process: Option<ProcessKey>) -> (Option<u64>, Correlation) {
        process.and_then(|process| self.processes.get(process)).map(|process| process.doing()).unwrap_or_default()
    }

    /// The innermost open call of a process.
    pub(super) fn innermost(&mut self, process: Option<ProcessKey>) -> Option<&Frame> {
        self.processes.get(process?)?.innermost()
    }
}

/// The messages of a term: those of a list, or the one that it is. Cost: nothing is copied.
pub fn messages(term: Term<'_>) -> impl Iterator<Item = Term<'_>> {
    let items = term.items();
    let one = items.is_none().then_some(term);
    items.into_iter().flatten().chain(one)
}

/// Appends a reference as Elixir shows it.
fn write_reference(words: &[u32], text: &mut String) {
    text.push_str("#Reference<0");
    for word in words.iter().rev() {
        text.push('.');
        number(i64::from(*word), text);
    }
    text.push('>');
}
