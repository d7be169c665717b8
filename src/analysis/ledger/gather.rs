//! How do events become a ledger?

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::BuildHasher;
use std::ops::ControlFlow;

use foldhash::fast::FixedState;

use super::payload::{Payload, int, text};
use super::{
    Call, CallId, Callback, Dropped, Exit, Kind, Ledger, Message, MessageId, Moment, Outcome, Process, ProcessId, Sample,
    Sym, Texts, Waited,
};
use crate::event::Role;
use crate::query::{Filter, Seen};
use crate::watch::Watch;
use crate::{EventStore, Result};

/// Event types a ledger is made of.
const TYPES: [&str; 12] = [
    "function_entry",
    "function_exit",
    "message_send",
    "message_receive",
    "process_spawn",
    "process_exit",
    "process_register",
    "process_unregister",
    "process_sample",
    "state_change",
    "capture_start",
    "gap",
];

/// Bytes of a reason that are kept for reading; the event has all of it.
const REASON_BYTES: usize = 400;

type Map<K, V> = HashMap<K, V, FixedState>;

/// What an id stands for.
#[derive(Clone, Copy)]
enum Item {
    Call(CallId),
    Message(MessageId),
}

struct Book {
    texts: Texts,
    calls: Vec<Call>,
    messages: Vec<Message>,
    processes: Vec<Process>,
    samples: Vec<Sample>,
    dropped: Vec<Dropped>,
    registrations: Vec<(Moment, Sym, ProcessId)>,
    knows_names: bool,
    order: u32,
    /// Function names being written.
    buffer: String,
    none: Sym,
    items: Map<Sym, Item>,
    by_pid: Map<(Sym, Sym), ProcessId>,
    by_name: Map<(Sym, Sym), ProcessId>,
    stacks: Map<ProcessId, Vec<CallId>>,
    /// Calls by their reference.
    requests: Map<(Sym, Sym), MessageId>,
    waiting: Map<ProcessId, MessageId>,
    /// Messages whose sends were not traced, by who received them.
    unsent: Map<(ProcessId, u8), VecDeque<MessageId>>,
    /// Messages of a source that does not join receives to sends, by receiver and content.
    flying: Map<(ProcessId, u64), VecDeque<MessageId>>,
    hasher: FixedState,
}

/// Reads the events of a filter into a ledger; the filter's types are [`TYPES`]. Cost: about 0.5 us an event.
///
/// # Errors
/// Those of [`EventStore::visit`].
pub(crate) fn gather(store: &EventStore, mut filter: Filter, watch: &dyn Watch) -> Result<Ledger> {
    filter.event_types = TYPES.iter().map(|name| (*name).to_owned()).collect();
    let mut texts = Texts::default();
    let none = texts.intern("");
    let mut book = Book {
        texts,
        calls: Vec::new(),
        messages: Vec::new(),
        processes: Vec::new(),
        samples: Vec::new(),
        dropped: Vec::new(),
        registrations: Vec::new(),
        knows_names: false,
        order: 0,
        buffer: String::new(),
        none,
        items: Map::default(),
        by_pid: Map::default(),
        by_name: Map::default(),
        stacks: Map::default(),
        requests: Map::default(),
        waiting: Map::default(),
        unsent: Map::default(),
        flying: Map::default(),
        hasher: FixedState::default(),
    };
    let visit = store.visit(&filter, watch, |seen| {
        book.take(&seen);
        ControlFlow::Continue(())
    })?;
    let Book { texts, calls, messages, processes, samples, dropped, registrations, knows_names, .. } = book;
    let (mut names, mut shared_names) = (BTreeSet::new(), BTreeSet::new());
    for process in &processes {
        if let Some(name) = process.name
            && !names.insert((process.session, name))
        {
            shared_names.insert((process.session, name));
        }
    }
    Ok(Ledger {
        store: store.clone(),
        texts,
        calls,
        messages,
        processes,
        samples,
        dropped,
        registrations,
        shared_names,
        knows_names,
        visit,
    })
}

impl Book {
    fn take(&mut self, seen: &Seen<'_>) {
        let moment = Moment { order: self.order, at: seen.timestamp() };
        self.order += 1;
        let session = seen.session_id().map_or(self.none, |session| self.texts.intern(session));
        let event_type = seen.event_type().unwrap_or_default();
        if event_type == "gap" {
            let payload = Payload::read(seen.data());
            let event = self.texts.intern(seen.event_id());
            let messages = int(payload.dropped).unwrap_or_default().unsigned_abs();
            self.dropped.push(Dropped { event, moment, until: int(payload.until).unwrap_or(moment.at), messages });
            return;
        }
        if event_type == "capture_start" {
            self.knows_names = true;
            return;
        }
        let Some(pid) = seen.pid() else { return };
        if event_type == "process_spawn" {
            return self.on_spawn(seen, session, moment);
        }
        let process = self.process(session, pid, moment);
        self.processes[process as usize].last = moment;
        match event_type {
            "function_entry" => self.on_entry(seen, process, moment),
            "function_exit" => self.on_exit_of_call(seen, process, moment),
            "message_send" => self.on_send(seen, session, process, moment),
            "message_receive" => self.on_receive(seen, session, process, moment),
            "process_exit" => self.on_exit(seen, session, process, moment),
            "process_register" | "process_unregister" => {
                let payload = Payload::read(seen.data());
                let Some(name) = text(payload.registered_name) else { return };
                let name = self.texts.intern(&name);
                if event_type == "process_register" {
                    self.processes[process as usize].name = Some(name);
                    self.by_name.insert((session, name), process);
                    self.registrations.push((moment, name, process));
                } else {
                    self.by_name.remove(&(session, name));
                }
            }
            "process_sample" => {
                if let Some(length) = int(Payload::read(seen.data()).message_queue_len) {
                    self.samples.push(Sample { process, moment, length: length.unsigned_abs() });
                }
            }
            "state_change" => {
                let call = seen.call_id().and_then(|call| self.find_call(call));
                if let Some(call) = call {
                    self.calls[call as usize].change = Some(self.texts.intern(seen.event_id()));
                }
            }
            _ => {}
        }
    }

    fn process(&mut self, session: Sym, pid: &str, moment: Moment) -> ProcessId {
        let pid = self.texts.intern(pid);
        if let Some(process) = self.by_pid.get(&(session, pid)) {
            return *process;
        }
        self.new_process(session, pid, moment)
    }

    fn new_process(&mut self, session: Sym, pid: Sym, moment: Moment) -> ProcessId {
        let id = self.processes.len() as ProcessId;
        self.processes.push(Process {
            pid,
            session,
            name: None,
            module: None,
            parent: None,
            spawn: None,
            exit: None,
            runs_traced_code: false,
            is_traced: false,
            last: moment,
        });
        self.by_pid.insert((session, pid), id);
        id
    }

    fn find_call(&self, id: &str) -> Option<CallId> {
        match self.items.get(&self.texts.find(id)?)? {
            Item::Call(call) => Some(*call),
            _ => None,
        }
    }

    fn item(&self, id: Option<&str>) -> Option<Item> {
        self.items.get(&self.texts.find(id?)?).copied()
    }

    /// A process did something: it does not wait any more.
    fn acted(&mut self, process: ProcessId, moment: Moment) {
        if let Some(request) = self.waiting.remove(&process) {
            let waited = &mut self.messages[request as usize].waited;
            *waited = waited.or(Some((moment, Waited::GaveUp)));
        }
    }

    fn on_spawn(&mut self, seen: &Seen<'_>, session: Sym, moment: Moment) {
        let (mut parent, mut child) = (None, None);
        for (role, pid) in seen.roles() {
            match role {
                Role::Parent => parent = Some(pid),
                Role::Child => child = Some(pid),
                _ => {}
            }
        }
        let Some(child) = child.or(seen.pid()) else { return };
        let is_told_by_parent = parent.is_some() && parent == seen.pid();
        let parent = parent.map(|parent| self.process(session, parent, moment));
        if let Some(parent) = parent.filter(|_| is_told_by_parent) {
            self.acted(parent, moment);
        }
        let pid = self.texts.intern(child);
        let known = self.by_pid.get(&(session, pid)).copied();
        // The pid of one that has ended stands for another process now.
        let process = match known {
            Some(id) if self.processes[id as usize].exit.is_none() => id,
            _ => self.new_process(session, pid, moment),
        };
        let payload = Payload::read(seen.data());
        let module = match text(payload.callback_module) {
            Some(module) => Some(self.texts.intern(&module)),
            None => None,
        };
        let name = text(payload.registered_name).map(|name| self.texts.intern(&name));
        let event = self.texts.intern(seen.event_id());
        let of = &mut self.processes[process as usize];
        of.parent = of.parent.or(parent);
        of.spawn = of.spawn.or(Some((moment, event)));
        of.module = of.module.or(module);
        of.name = of.name.or(name);
        of.last = of.last.max(moment);
    }

    fn function(&mut self, seen: &Seen<'_>) -> Sym {
        let (module, function) = (seen.module().unwrap_or("?"), seen.function().unwrap_or("?"));
        self.buffer.clear();
        self.buffer.push_str(module);
        self.buffer.push('.');
        self.buffer.push_str(function);
        if let Some(arity) = seen.arity() {
            use std::fmt::Write;
            _ = write!(self.buffer, "/{arity}");
        }
        self.texts.intern(&self.buffer)
    }

    fn on_entry(&mut self, seen: &Seen<'_>, process: ProcessId, moment: Moment) {
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
            _ => (stack, None),
        };
        if message.is_none() && parent.is_none() {
            message = self.unsent_for(process, callback, seen);
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
        let site = seen.ast_node_id().map(|site| self.texts.intern(site));
        self.calls.push(Call {
            event,
            exit: None,
            process,
            function,
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
        self.stacks.entry(process).or_default().push(id);
        let of = &mut self.processes[process as usize];
        of.runs_traced_code = true;
        of.is_traced = true;
        if of.module.is_none() && callback.is_some() {
            of.module = seen.module().map(|module| self.texts.intern(module));
        }
    }

    /// A message whose send was not traced and which this callback takes.
    fn unsent_for(&mut self, process: ProcessId, callback: Option<Callback>, seen: &Seen<'_>) -> Option<MessageId> {
        let kind = match callback? {
            Callback::Call => {
                let session = self.processes[process as usize].session;
                let reference = self.texts.find(seen.correlation_id()?)?;
                return self.requests.get(&(session, reference)).copied();
            }
            Callback::Cast => Kind::Cast,
            Callback::Info => Kind::Info,
            Callback::Continue | Callback::Init => return None,
        };
        self.unsent.get_mut(&(process, kind as u8))?.pop_front()
    }

    fn on_exit_of_call(&mut self, seen: &Seen<'_>, process: ProcessId, moment: Moment) {
        self.acted(process, moment);
        let Some(call) = seen.call_id().and_then(|call| self.find_call(call)) else { return };
        let payload = Payload::read(seen.data());
        let outcome = match text(payload.exit_reason).as_deref() {
            None | Some("normal") => Outcome::Returned,
            Some("exit") => Outcome::Exit,
            Some("throw") => Outcome::Throw,
            Some(_) => Outcome::Error,
        };
        let reason = match outcome {
            Outcome::Returned => None,
            _ => text(payload.reason).map(|reason| self.texts.intern(cut(&reason))),
        };
        if let Some(stack) = self.stacks.get_mut(&process)
            && let Some(at) = stack.iter().rposition(|open| *open == call)
        {
            stack.truncate(at);
        }
        let exit = self.texts.intern(seen.event_id());
        let of = &mut self.calls[call as usize];
        of.exit = Some(exit);
        of.end = Some(moment);
        of.duration = seen.duration_ns().or_else(|| Some(moment.since(of.start)));
        of.outcome = outcome;
        of.reason = reason;
    }

    fn on_send(&mut self, seen: &Seen<'_>, session: Sym, process: ProcessId, moment: Moment) {
        self.acted(process, moment);
        self.processes[process as usize].is_traced = true;
        let payload = Payload::read(seen.data());
        let kind = kind_of(text(payload.send_type).as_deref(), || text(payload.message).unwrap_or_default());
        let receiver = seen.roles().find(|(role, _)| *role == Role::Receiver).map(|(_, pid)| pid);
        let told_pid = receiver.filter(|receiver| receiver.starts_with('<'));
        let name = text(payload.receiver_name).or_else(|| receiver.filter(|pid| !pid.starts_with('<')).map(Into::into));
        let name = name.map(|name| self.texts.intern(&name));
        let receiver = match (told_pid, name) {
            (Some(pid), _) => Some(self.process(session, pid, moment)),
            (None, Some(name)) => self.by_name.get(&(session, name)).copied(),
            (None, None) => None,
        };
        let sent_in = match self.item(seen.parent_id()) {
            Some(Item::Call(call)) => Some(call),
            _ => self.stacks.get(&process).and_then(|stack| stack.last()).copied(),
        };
        let id = self.messages.len() as MessageId;
        let event = self.texts.intern(seen.event_id());
        self.items.insert(event, Item::Message(id));
        let site = seen.ast_node_id().map(|site| self.texts.intern(site));
        let reference = seen.correlation_id().map(|reference| self.texts.intern(reference));
        let answers = match (kind, reference) {
            (Kind::Reply, Some(reference)) => self.requests.get(&(session, reference)).copied(),
            _ => None,
        };
        if let Some(request) = answers {
            let request = &mut self.messages[request as usize];
            request.reply = request.reply.or(Some(id));
        }
        if let (None, Some(receiver), Some(message)) = (reference, receiver, text(payload.message)) {
            let content = self.hasher.hash_one(&*message);
            self.flying.entry((receiver, content)).or_default().push_back(id);
        }
        if kind == Kind::Call {
            if let Some(reference) = reference {
                self.requests.insert((session, reference), id);
                self.waiting.insert(process, id);
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
            handled: None,
            reply: None,
            answers,
            waited: None,
        });
    }

    fn on_receive(&mut self, seen: &Seen<'_>, session: Sym, process: ProcessId, moment: Moment) {
        let reference = seen.correlation_id().map(|reference| self.texts.intern(reference));
        let mut message = match self.item(seen.parent_id()) {
            Some(Item::Message(message)) => Some(message),
            _ => None,
        };
        let payload = Payload::read(seen.data());
        let content = || text(payload.message).unwrap_or_default();
        let kind = kind_of(text(payload.receive_type).as_deref(), content);
        if message.is_none() && reference.is_none() {
            let key = (process, self.hasher.hash_one(&*content()));
            message = self.flying.get_mut(&key).and_then(VecDeque::pop_front);
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
        if let Some(message) = message {
            let message = &mut self.messages[message as usize];
            message.received = message.received.or(Some(moment));
            message.receiver = message.receiver.or(Some(process));
            return;
        }
        // The end of a timer is traced as a receive of this atom.
        if !matches!(kind, Kind::Call | Kind::Cast | Kind::Info) || content() == ":timeout" {
            return;
        }
        let id = self.messages.len() as MessageId;
        let sender = (kind == Kind::Call).then(|| caller_in(&content()).map(|pid| self.process(session, &pid, moment)));
        let event = self.texts.intern(seen.event_id());
        self.items.insert(event, Item::Message(id));
        match (kind, reference) {
            (Kind::Call, Some(reference)) => _ = self.requests.insert((session, reference), id),
            _ => self.unsent.entry((process, kind as u8)).or_default().push_back(id),
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
            handled: None,
            reply: None,
            answers: None,
            waited: None,
        });
    }

    fn on_exit(&mut self, seen: &Seen<'_>, session: Sym, process: ProcessId, moment: Moment) {
        let payload = Payload::read(seen.data());
        let reason = text(payload.exit_reason).or_else(|| text(payload.reason)).unwrap_or_default();
        let is_abnormal = !matches!(&*reason, ":normal" | ":shutdown" | "normal" | "shutdown" | "")
            && !reason.starts_with("{:shutdown,")
            && !reason.starts_with("{:ok,");
        let is_timeout = reason.contains("{:timeout, {");
        if let Some(request) = self.waiting.remove(&process) {
            let how = if is_timeout { Waited::GaveUp } else { Waited::Died };
            let waited = &mut self.messages[request as usize].waited;
            *waited = waited.or(Some((moment, how)));
        }
        let reason = self.texts.intern(cut(&reason));
        let event = self.texts.intern(seen.event_id());
        let error = text(payload.error).map(|error| self.texts.intern(cut(&error)));
        let crash_site = text(payload.crash_site).map(|site| self.texts.intern(&site));
        let name = text(payload.registered_name).map(|name| self.texts.intern(&name));
        self.stacks.remove(&process);
        if let Some(name) = name {
            self.by_name.remove(&(session, name));
        }
        let of = &mut self.processes[process as usize];
        of.name = of.name.or(name);
        of.exit = Some(Exit { event, moment, reason, error, crash_site, is_abnormal });
    }
}

/// The kind a source told, or what the message's shape says.
fn kind_of<'a>(told: Option<&str>, content: impl FnOnce() -> std::borrow::Cow<'a, str>) -> Kind {
    match told {
        Some("call") => Kind::Call,
        Some("cast") => Kind::Cast,
        Some("reply") => Kind::Reply,
        Some("system") => Kind::System,
        Some("down" | "exit") => Kind::Signal,
        Some(_) => Kind::Info,
        None => {
            let content = content();
            if content.starts_with("{:\"$gen_call\"") {
                Kind::Call
            } else if content.starts_with("{:\"$gen_cast\"") {
                Kind::Cast
            } else if content.starts_with("{[:alias | #Ref") || content.starts_with("{#Reference<") {
                Kind::Reply
            } else if content.starts_with("{:DOWN,") || content.starts_with("{:EXIT,") {
                Kind::Signal
            } else {
                Kind::Info
            }
        }
    }
}

/// The caller in `{:"$gen_call", {#PID<0.1.0>, ...`.
fn caller_in(message: &str) -> Option<String> {
    let rest = message.split_once("{#PID")?.1;
    Some(rest[..=rest.find('>')?].to_owned())
}

fn cut(reason: &str) -> &str {
    let mut end = reason.len().min(REASON_BYTES);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    &reason[..end]
}
