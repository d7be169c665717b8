//! Which receive of one node is which send of another? Each node tells its own end; the two are one message.
//!
//! A call and its reply have the caller's reference. Other messages are found by what they say: between two processes
//! they arrive in the order they were sent. Clocks of two nodes say nothing of that order, so that ends are joined once
//! all of them are known, and where one could be another's they are not.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;

use super::book::{Arrival, Book, Key};
use crate::analysis::ledger::entry::{Clocks, Message, MessageId, Moment, Process, ProcessId};
use crate::analysis::ledger::kind::{Kind, reference_in};
use crate::analysis::ledger::texts::Sym;
use crate::analysis::losses::Loss;
use crate::analysis::value::Value;
use crate::event::home;

impl Book {
    /// The session of a node's processes that an event of a session names.
    pub(super) fn home(&mut self, session: Sym, node: &str) -> Sym {
        if self.here.as_deref() == Some(node) {
            return session;
        }
        let here = self.texts.get(session);
        let recorded = self.recorded.get(node).map(Vec::as_slice).unwrap_or_default();
        let now = self.now;
        let mut then = recorded.iter().filter(|one| one.since <= now && now <= one.until);
        let found = match (recorded, then.next(), then.next()) {
            _ if recorded.iter().any(|one| one.session == here) => None,
            ([only], ..) | (_, Some(only), None) => Some(only.session.clone()),
            _ => None,
        };
        found.map_or(session, |found| self.texts.intern(&found))
    }

    /// A name as it is registered on the event's node.
    pub(super) fn name_here(&mut self, name: &str) -> Sym {
        match self.here.clone() {
            Some(node) => self.name_on(name, &node),
            None => self.texts.intern(name),
        }
    }

    fn name_on(&mut self, name: &str, node: &str) -> Sym {
        self.texts.intern(&format!("{name}\n{node}"))
    }

    /// The process that has the name a message is sent to: one of the event's node, or `{name, node}`.
    pub(super) fn named(&mut self, session: Sym, name: Sym) -> Option<ProcessId> {
        if !self.nodes.are_several() {
            return self.by_name.get(&(session, name)).copied();
        }
        let text = self.texts.get(name).to_owned();
        let value = Value::read(&text);
        let place = match value.tuple().unwrap_or_default() {
            [name, node] => {
                let node = node.atom()?.trim_matches('"');
                (self.home(session, node), self.name_on(name.text, node))
            }
            _ => (session, self.name_here(&text)),
        };
        self.by_name.get(&place).copied()
    }

    /// Whether two processes are known to be of two nodes.
    pub(super) fn are_apart(&self, a: Option<ProcessId>, b: Option<ProcessId>) -> bool {
        let node = |process: Option<ProcessId>| self.processes[process? as usize].node;
        matches!((node(a), node(b)), (Some(a), Some(b)) if a != b)
    }

    fn key(&self, kind: Kind, content: &str) -> Key {
        let content = home::text_at_node(content, self.here.as_deref());
        let reference = reference_in(&content).filter(|_| matches!(kind, Kind::Call | Kind::Reply));
        let is_one = reference.is_some();
        Key { hash: self.hasher.hash_one((kind as u8, reference.unwrap_or(&content))), is_one }
    }

    /// Notes a send whose receive another node may tell.
    pub(super) fn leaves<'c>(&mut self, id: MessageId, content: impl FnOnce() -> Cow<'c, str>) {
        let message = &self.messages[id as usize];
        // A reply goes to an alias, which does not say whose it is.
        let may_be_across = message.is_across() || message.receiver.is_none() && message.kind == Kind::Reply;
        if self.nodes.are_several() && may_be_across {
            self.departures.push((id, self.key(message.kind, &content())));
        }
    }

    /// Notes a receive whose send another node may tell; its place among the arrivals.
    pub(super) fn arrives(
        &mut self,
        process: ProcessId,
        kind: Kind,
        (moment, received_in): (Moment, Option<u32>),
        content: &str,
    ) -> Option<usize> {
        if !self.nodes.are_several() {
            return None;
        }
        let key = self.key(kind, content);
        self.arrivals.push(Arrival { process, moment, received_in, key, message: None });
        Some(self.arrivals.len() - 1)
    }

    /// Makes one message of the two ends of each that went from node to node.
    pub(super) fn join_across(&mut self, losses: &[Loss]) {
        let mut sent: BTreeMap<(ProcessId, Key), Vec<MessageId>> = BTreeMap::new();
        for (id, key) in std::mem::take(&mut self.departures) {
            let message = &self.messages[id as usize];
            let caller = message.answers.and_then(|request| self.messages[request as usize].sender);
            let receiver = message.receiver.or(caller);
            if message.received.is_none() && self.are_apart(message.sender, receiver) {
                sent.entry((receiver.unwrap_or_default(), key)).or_default().push(id);
            }
        }
        let arrivals = std::mem::take(&mut self.arrivals);
        let mut came: BTreeMap<(ProcessId, Key), Vec<&Arrival>> = BTreeMap::new();
        for arrival in &arrivals {
            came.entry((arrival.process, arrival.key)).or_default().push(arrival);
        }
        let mut one_of: Vec<Option<MessageId>> = vec![None; self.messages.len()];
        for ((receiver, key), sent) in sent {
            for id in &sent {
                let message = &mut self.messages[*id as usize];
                (message.receiver, message.clocks) = (Some(receiver), Clocks::Two);
            }
            let Some(came) = came.get(&(receiver, key)) else { continue };
            for (id, arrival) in self.pairs(receiver, key, &sent, came, losses) {
                self.join(id, arrival);
                if let Some(other) = arrival.message {
                    one_of[other as usize] = Some(id);
                }
            }
        }
        self.mark_skewed();
        self.renumber(&one_of);
    }

    /// Marks the messages between nodes whose clocks disagree: one was received or handled before it was sent.
    fn mark_skewed(&mut self) {
        let pair = |processes: &[Process], message: &Message| {
            let node = |process: Option<ProcessId>| processes[process? as usize].node;
            let (a, b) = (node(message.sender)?, node(message.receiver)?);
            message.is_across().then(|| [a.min(b), a.max(b)])
        };
        let is_early = |message: &Message| {
            let handled = message.handled.map(|call| self.calls[call as usize].start);
            message.received.into_iter().chain(handled).any(|moment| moment.at < message.sent.at)
        };
        let early = self.messages.iter().filter(|message| message.is_across() && is_early(message));
        let skewed: BTreeSet<_> = early.filter_map(|message| pair(&self.processes, message)).collect();
        for message in &mut self.messages {
            if pair(&self.processes, message).is_some_and(|pair| skewed.contains(&pair)) {
                message.clocks = Clocks::Disagreeing;
            }
        }
    }

    /// Which of equal messages to one process is which receive.
    fn pairs<'a>(
        &self,
        receiver: ProcessId,
        key: Key,
        sent: &[MessageId],
        came: &[&'a Arrival],
        losses: &[Loss],
    ) -> Vec<(MessageId, &'a Arrival)> {
        let paired = |sent: &[MessageId]| sent.iter().copied().zip(came.iter().copied()).collect();
        if sent.len() == came.len() && (key.is_one || !self.is_broken(sent, came, losses)) {
            return paired(sent);
        }
        // More came than were sent as far as is known: from whom is not; or some of either were lost.
        if sent.len() <= came.len() || key.is_one || self.is_broken(sent, came, losses) {
            return Vec::new();
        }
        // What was sent before its receiver was recorded came before that, too; the last may still be on their way.
        let since = self.recorded_since(receiver);
        let first = sent.partition_point(|id| self.messages[*id as usize].sent.at < since);
        if sent.len() - first < came.len() { Vec::new() } else { paired(&sent[first..]) }
    }

    /// Whether ends of messages like these may have been dropped among them.
    fn is_broken(&self, sent: &[MessageId], came: &[&Arrival], losses: &[Loss]) -> bool {
        let sent = sent.iter().map(|id| self.messages[*id as usize].sent.at);
        let times: Vec<i64> = sent.chain(came.iter().map(|arrival| arrival.moment.at)).collect();
        let (first, last) = (times.iter().min(), times.iter().max());
        losses.iter().any(|loss| Some(&loss.until) >= first && Some(&loss.since) <= last)
    }

    fn recorded_since(&self, process: ProcessId) -> i64 {
        let process = &self.processes[process as usize];
        let recorded = process.node.and_then(|node| self.recorded.get(self.texts.get(node)));
        let session = self.texts.get(process.session);
        let recorded = recorded.and_then(|all| all.iter().find(|one| one.session == session));
        recorded.map_or(i64::MIN, |recorded| recorded.since)
    }

    /// Adds to a send what is known of its receive.
    fn join(&mut self, id: MessageId, arrival: &Arrival) {
        let other = arrival.message.map(|other| self.messages[other as usize].clone());
        let message = &mut self.messages[id as usize];
        message.received = Some(arrival.moment);
        message.received_in = arrival.received_in;
        if let Some(other) = other {
            message.handled = message.handled.or(other.handled);
            message.reply = message.reply.or(other.reply);
            message.waited = message.waited.or(other.waited);
        }
    }

    /// Drops the messages that are one with another.
    fn renumber(&mut self, one_of: &[Option<MessageId>]) {
        if one_of.iter().all(Option::is_none) {
            return;
        }
        let mut places: Vec<MessageId> = Vec::with_capacity(one_of.len());
        let mut kept = 0;
        for one in one_of {
            places.push(kept);
            kept += MessageId::from(one.is_none());
        }
        let place = |id: MessageId| places[one_of[id as usize].unwrap_or(id) as usize];
        for call in &mut self.calls {
            call.message = call.message.map(place);
        }
        for wait in &mut self.maybe_waited {
            wait.message = wait.message.map(place);
        }
        for message in &mut self.messages {
            message.reply = message.reply.map(place);
            message.answers = message.answers.map(place);
        }
        let mut gone = one_of.iter().map(Option::is_some);
        self.messages.retain(|_| !gone.next().unwrap_or_default());
    }
}
