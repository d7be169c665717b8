//! What is joined while events are taken in, in the order they come.

use std::collections::BTreeMap;

use foldhash::fast::FixedState;

use super::columns::Columns;
use super::queues::Queues;
use crate::analysis::ledger::entry::{
    Call, CallId, Down, MaybeWaited, Message, MessageId, Moment, Process, ProcessId, Sample, Sign, Waited,
};
use crate::analysis::ledger::texts::{Map, Sym, Texts};
use crate::analysis::nodes::{Nodes, Recorded};
use crate::analysis::spans::Traced;
use crate::analysis::waits::Idle;
use crate::event::home;

/// Bytes of a reason that are kept for reading; the event has all of it.
const REASON_BYTES: usize = 400;

/// What an id stands for.
#[derive(Clone, Copy)]
pub(super) enum Item {
    Call(CallId),
    Message(MessageId),
}

/// A receive of which no send is known on its node.
pub(super) struct Arrival {
    pub(super) process: ProcessId,
    pub(super) moment: Moment,
    pub(super) received_in: Option<u32>,
    pub(super) key: Key,
    /// The message made of it, if it is of a kind that is told without its send.
    pub(super) message: Option<MessageId>,
}

/// What a message says, the same on both nodes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) hash: u64,
    /// Whether no other message has it: a call, or its reply.
    pub(super) is_one: bool,
}

/// What ids stand for, by the number of their text.
#[derive(Default)]
pub(super) struct Items(Vec<Option<Item>>);

impl Items {
    pub(super) fn insert(&mut self, id: Sym, item: Item) {
        let place = id.number();
        if self.0.len() <= place {
            self.0.resize(place + 1, None);
        }
        self.0[place] = Some(item);
    }

    pub(super) fn get(&self, id: Sym) -> Option<Item> {
        self.0.get(id.number()).copied().flatten()
    }
}

/// What was told of spans so far.
#[derive(Default)]
pub(super) struct Spans {
    pub(super) traced: Traced,
    /// The calls of the spans taken in, by their numbers.
    pub(super) calls: Vec<CallId>,
    /// Those that have begun and not ended, by their id.
    pub(super) begun: Map<Sym, CallId>,
    /// What was raised in spans, by trace and id.
    pub(super) raised: Map<(Sym, Sym), Sym>,
    /// Trace and id of each call.
    pub(super) ids: Vec<(CallId, Sym, Sym)>,
}

/// All of it.
pub(super) struct Book {
    pub(super) nodes: Nodes,
    /// Where each node was recorded, where several were.
    pub(super) recorded: BTreeMap<String, Vec<Recorded>>,
    /// Node of the event that is taken in, where several were recorded.
    pub(super) node: Option<Sym>,
    pub(super) here: Option<String>,
    pub(super) columns: Columns,
    /// Receives of which no send is known, where several nodes were recorded.
    pub(super) arrivals: Vec<Arrival>,
    /// Sends whose receive another node may tell.
    pub(super) departures: Vec<(MessageId, Key)>,
    /// Timestamp of the event that is taken in.
    pub(super) now: i64,
    pub(super) texts: Texts,
    pub(super) calls: Vec<Call>,
    pub(super) messages: Vec<Message>,
    pub(super) processes: Vec<Process>,
    pub(super) samples: Vec<Sample>,
    pub(super) downs: Vec<Down>,
    pub(super) maybe_waited: Vec<MaybeWaited>,
    pub(super) signs: Vec<Sign>,
    pub(super) registrations: Vec<(Moment, Sym, ProcessId)>,
    pub(super) knows_names: bool,
    /// When anything but a capture's own words was last recorded.
    pub(super) newest: i64,
    pub(super) order: u32,
    pub(super) none: Sym,
    pub(super) items: Items,
    pub(super) by_pid: Map<(Sym, Sym), ProcessId>,
    pub(super) by_name: Map<(Sym, Sym), ProcessId>,
    pub(super) stacks: Map<ProcessId, Vec<CallId>>,
    /// Calls by their reference.
    pub(super) requests: Map<(Sym, Sym), MessageId>,
    pub(super) waiting: Map<ProcessId, MessageId>,
    pub(super) idle: Map<ProcessId, Idle>,
    /// Messages whose sends were not traced, by who received them and what they say.
    pub(super) unsent: Queues<(ProcessId, u8, u64)>,
    /// Messages of a source that does not join receives to sends, by receiver and content.
    pub(super) flying: Queues<(ProcessId, u64)>,
    pub(super) hasher: FixedState,
    pub(super) spans: Spans,
}

impl Book {
    pub(super) fn new(nodes: Nodes, recorded: BTreeMap<String, Vec<Recorded>>) -> Self {
        let mut texts = Texts::default();
        let none = texts.intern("");
        Self {
            nodes,
            recorded,
            node: None,
            here: None,
            columns: Columns::default(),
            arrivals: Vec::new(),
            departures: Vec::new(),
            now: i64::MIN,
            texts,
            calls: Vec::new(),
            messages: Vec::new(),
            processes: Vec::new(),
            samples: Vec::new(),
            downs: Vec::new(),
            maybe_waited: Vec::new(),
            signs: Vec::new(),
            registrations: Vec::new(),
            knows_names: false,
            newest: i64::MIN,
            order: 0,
            none,
            items: Items::default(),
            by_pid: Map::default(),
            by_name: Map::default(),
            stacks: Map::default(),
            requests: Map::default(),
            waiting: Map::default(),
            idle: Map::default(),
            unsent: Queues::default(),
            flying: Queues::default(),
            hasher: FixedState::default(),
            spans: Spans::default(),
        }
    }

    /// The process of a pid that the event names.
    pub(super) fn process(&mut self, session: Sym, pid: &str) -> ProcessId {
        let pid = self.texts.intern(pid);
        self.process_of(session, pid)
    }

    /// The process of a pid, as the event has it.
    pub(super) fn process_of(&mut self, session: Sym, pid: Sym) -> ProcessId {
        let (session, pid) = self.told(session, pid);
        if let Some(process) = self.by_pid.get(&(session, pid)) {
            return *process;
        }
        self.new_process(session, pid)
    }

    pub(super) fn new_process(&mut self, session: Sym, pid: Sym) -> ProcessId {
        let id = self.processes.len() as ProcessId;
        let node = home::node_of(self.texts.get(pid)).filter(|_| self.nodes.are_several()).map(str::to_owned);
        let node = node.map(|node| self.texts.intern(&node));
        self.processes.push(Process {
            pid,
            node,
            session,
            name: None,
            module: None,
            is_relayed: false,
            spawned: None,
            parent: None,
            spawn: None,
            exit: None,
            runs_traced_code: false,
            newest_bare: 0,
            is_helper: false,
        });
        self.by_pid.insert((session, pid), id);
        id
    }

    pub(super) fn find_call(&self, id: &str) -> Option<CallId> {
        match self.items.get(self.texts.find(id)?)? {
            Item::Call(call) => Some(call),
            Item::Message(_) => None,
        }
    }

    pub(super) fn item(&self, id: Option<&str>) -> Option<Item> {
        self.items.get(self.texts.find(id?)?)
    }

    /// A process was ended while it waited.
    pub(super) fn died(&mut self, process: ProcessId, moment: Moment) {
        if let Some(request) = self.waiting.remove(&process) {
            let waited = &mut self.messages[request as usize].waited;
            *waited = waited.or(Some((moment, Waited::Died)));
        }
    }

    /// A process did something: it does not wait any more.
    pub(super) fn acted(&mut self, process: ProcessId, moment: Moment) {
        self.idle.entry(process).or_default().acted(moment.at);
        if let Some(request) = self.waiting.remove(&process) {
            let waited = &mut self.messages[request as usize].waited;
            *waited = waited.or(Some((moment, Waited::GaveUp)));
        }
    }
}

pub(super) fn cut(reason: &str) -> &str {
    let mut end = reason.len().min(REASON_BYTES);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    &reason[..end]
}
