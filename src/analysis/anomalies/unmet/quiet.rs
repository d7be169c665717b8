//! Has a flow come to rest, so that nothing in it will start it again?
//!
//! It has when each ask and delivery came of another, all were handled, and no stage is at work, waits for somebody else
//! or was told something meanwhile that may have stopped it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use foldhash::fast::FixedState;

use super::demand::Demand;
use super::said::may_hold_list;
use crate::analysis::anomalies::scene::Scene;
use crate::analysis::ledger::{Call, CallId, Callback, Kind, Message, MessageId, Moment, Outcome, ProcessId, bare};
use crate::analysis::traffic::is_of_system;

/// What came so often before, and all went on, does not stop it.
const HARMLESS: usize = 3;

/// Messages of a process to itself between an ask and what it came of.
const STEPS: usize = 8;

/// Messages to others that are read.
const MAX_READ: usize = 200;

/// Callbacks of `GenStage` that are of the flow.
const OF_FLOW: [&str; 3] = [".handle_demand/2", ".handle_events/3", ".handle_subscribe/4"];

/// The stages of a flow and all their messages.
pub(super) struct Flow<'s, 'l> {
    scene: &'s Scene<'l>,
    demands: Vec<&'s Demand>,
    stages: BTreeSet<ProcessId>,
    exchanged: HashSet<MessageId, FixedState>,
    first: Moment,
    sent: BTreeMap<ProcessId, Vec<MessageId>>,
    /// In the order they were sent.
    told: BTreeMap<ProcessId, Vec<MessageId>>,
}

impl<'s, 'l> Flow<'s, 'l> {
    pub(super) fn new(scene: &'s Scene<'l>, demands: Vec<&'s Demand>) -> Option<Self> {
        let stages: BTreeSet<ProcessId> = demands.iter().flat_map(|one| [one.asker, one.giver]).collect();
        let exchanged = demands.iter().flat_map(|one| one.parts()).map(|part| part.message).collect();
        let first = demands.iter().map(|one| one.first).min()?;
        let (mut sent, mut told) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
        for (id, message) in (0..).zip(&scene.ledger.messages).filter(|(_, message)| message.kind.is_for_callback()) {
            if let Some(sender) = message.sender.filter(|sender| stages.contains(sender)) {
                sent.entry(sender).or_default().push(id);
            }
            if let Some(receiver) = message.receiver.filter(|receiver| stages.contains(receiver)) {
                told.entry(receiver).or_default().push(id);
            }
        }
        Some(Self { scene, demands, stages, exchanged, first, sent, told })
    }

    pub(super) const fn first(&self) -> Moment {
        self.first
    }

    /// The longest pause of any two stages.
    pub(super) fn pause(&self) -> i64 {
        self.demands.iter().map(|one| one.pause).max().unwrap_or_default()
    }

    /// When the last ask or delivery was handled. `None`: the flow may go on.
    pub(super) fn at_rest_since(&self) -> Option<Moment> {
        if !self.stages.iter().all(|stage| self.is_idle(*stage)) {
            return None;
        }
        let handled: Vec<Moment> = self.exchanged.iter().map(|id| self.over(*id)).collect::<Option<_>>()?;
        let of_flow = self.stages.iter().flat_map(|stage| self.scene.calls_of(*stage)).map(|(_, call)| call);
        let since = of_flow.filter(|call| self.is_of_flow(call)).filter_map(|call| call.end).chain(handled).max()?;
        let stays = |stage: &ProcessId| {
            self.stays_so(*stage, since) && !self.may_be_stopped(*stage, since) && !self.waits_for_another(*stage)
        };
        (self.stages.iter().all(stays) && self.is_closed()).then_some(since)
    }

    /// Whether a process lives, was traced all the time, and is in no call.
    fn is_idle(&self, stage: ProcessId) -> bool {
        let ledger = self.scene.ledger;
        let process = ledger.process(stage);
        let is_known = process.runs_traced_code && (process.is_relayed || self.scene.traffic.is_server(stage));
        is_known
            && process.exit.is_none()
            && ledger.breaks_before(stage, self.first.at) == ledger.breaks_before(stage, i64::MAX)
            && self.scene.calls_of(stage).all(|(_, call)| call.is_span || call.end.is_some())
    }

    /// When a message had been handled, and its callback had returned.
    fn over(&self, id: MessageId) -> Option<Moment> {
        let message = self.scene.ledger.message(id);
        match message.handled {
            Some(call) => {
                let call = self.scene.ledger.call(call);
                call.end.filter(|_| call.outcome == Outcome::Returned)
            }
            // No callback is given it: its loop took it.
            None => {
                message.received.filter(|_| message.receiver.is_some_and(|by| self.scene.ledger.process(by).is_relayed))
            }
        }
    }

    /// Whether a call handles an ask or a delivery.
    fn is_of_flow(&self, call: &Call) -> bool {
        match call.message {
            Some(message) => self.exchanged.contains(&message),
            None => OF_FLOW.iter().any(|name| self.scene.ledger.text(call.function).ends_with(name)),
        }
    }

    /// Whether a process did nothing any more but answer questions.
    fn stays_so(&self, stage: ProcessId, since: Moment) -> bool {
        let mut sent = self.sent.get(&stage).into_iter().flatten();
        sent.all(|id| self.scene.ledger.message(*id).sent <= since)
            && self.scene.calls_of(stage).all(|(_, call)| call.start <= since || call.change.is_none())
    }

    /// Whether something else changed the state of a process while the flow went on, such as an order to stop.
    fn may_be_stopped(&self, stage: ProcessId, since: Moment) -> bool {
        let ledger = self.scene.ledger;
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        let calls = self.scene.calls_of(stage).map(|(_, call)| call);
        let gifts = self.demands.iter().flat_map(|one| &one.gifts).map(|part| ledger.message(part.message).sent);
        let Some(begun) = gifts.min() else { return true };
        for call in calls.filter(|call| call.change.is_some() && call.start > begun && call.start <= since) {
            if call.callback != Some(Callback::Init) && !self.is_of_flow(call) {
                let what = call.message.map_or_else(String::new, |id| self.scene.traffic.pattern(ledger.message(id)));
                *kinds.entry(format!("{} {what}", ledger.text(call.function))).or_default() += 1;
            }
        }
        kinds.values().any(|n| *n < HARMLESS)
    }

    /// Whether all asks but the first, and all deliveries, came of others: no timer and nobody else starts them.
    fn is_closed(&self) -> bool {
        let driven = |id: MessageId| self.is_driven(id, STEPS);
        let mut later = self.demands.iter().flat_map(|one| one.asks.iter().skip(1).chain(&one.gifts));
        later.all(|part| driven(part.message))
    }

    fn is_driven(&self, id: MessageId, steps: usize) -> bool {
        let ledger = self.scene.ledger;
        let message = ledger.message(id);
        let Some(sender) = message.sender else { return false };
        match message.sent_in {
            Some(call) => self.comes_of_flow(ledger.outermost(call), steps),
            // Sent by an untraced loop, which took something before.
            None => {
                let is_before = |id: &&MessageId| ledger.message(**id).received.is_some_and(|at| at < message.sent);
                let before = self.told.get(&sender).and_then(|told| told.iter().rev().find(is_before));
                before.is_some_and(|by| self.exchanged.contains(by))
            }
        }
    }

    /// Whether a callback takes an ask or a delivery, or what its process sent itself in one that does.
    fn comes_of_flow(&self, id: CallId, steps: usize) -> bool {
        let ledger = self.scene.ledger;
        let call = ledger.call(id);
        let Some(steps) = steps.checked_sub(1) else { return false };
        match (call.callback, call.message) {
            (Some(Callback::Init), _) => true,
            (Some(Callback::Continue), _) => {
                let calls = &self.scene.by_process[call.process as usize];
                let before = calls[..calls.partition_point(|one| *one < id)].last();
                before.is_some_and(|before| self.comes_of_flow(ledger.outermost(*before), steps))
            }
            (_, Some(by)) => {
                let is_own = ledger.message(by).sender == Some(call.process);
                self.exchanged.contains(&by) || is_own && self.is_driven(by, steps)
            }
            _ => false,
        }
    }

    /// Whether a process may wait for one that is no stage: one it started, or told something.
    fn waits_for_another(&self, stage: ProcessId) -> bool {
        let ledger = self.scene.ledger;
        let is_child = |id: ProcessId| {
            let process = ledger.process(id);
            let is_new = process.spawn.is_some_and(|(moment, _)| moment > self.first);
            process.parent == Some(stage) && is_new && process.exit.is_none() && !self.stages.contains(&id)
        };
        if (0..ledger.processes.len() as ProcessId).any(is_child) {
            return true;
        }
        let others = self.told_by(stage);
        let mut told: BTreeMap<ProcessId, (usize, Moment)> = BTreeMap::new();
        for id in &others {
            let message = ledger.message(*id);
            // A list may be what it was given.
            let Some(receiver) = message.receiver.filter(|_| !may_hold_list(self.scene, *id)) else { return true };
            let (times, last) = told.entry(receiver).or_insert((0, message.sent));
            (*times, *last) = (*times + 1, message.sent);
        }
        let is_awaited = |(receiver, (times, last)): (&ProcessId, &(usize, Moment))| {
            let from = |id: &&MessageId| ledger.message(**id).sender == Some(*receiver);
            match self.told.get(&stage).and_then(|told| told.iter().rev().find(from)) {
                Some(answer) => ledger.message(*answer).sent < *last,
                // It has never said anything; it may be about to.
                None => *times < HARMLESS || !self.is_idle(*receiver),
            }
        };
        others.len() > MAX_READ || told.iter().any(is_awaited)
    }

    /// What a process told others meanwhile that are no stages; calls that were answered aside.
    fn told_by(&self, stage: ProcessId) -> Vec<MessageId> {
        let ledger = self.scene.ledger;
        let is_answered = |message: &Message| message.kind == Kind::Call && message.reply.is_some();
        let others = self.sent.get(&stage).into_iter().flatten().copied().filter(|id| {
            let message = ledger.message(*id);
            let is_of_program = message.sent_in.is_some() || ledger.process(stage).is_relayed;
            let is_stage = message.receiver.is_some_and(|receiver| self.stages.contains(&receiver));
            is_of_program && message.sent > self.first && !is_stage && !is_answered(message)
        });
        others.filter(|id| !self.is_for_runtime(*id)).take(MAX_READ + 1).collect()
    }

    /// How many messages a process sent elsewhere, any of which may hold one of what it was given.
    pub(super) fn told_elsewhere(&self, stage: ProcessId) -> u64 {
        self.told_by(stage).len() as u64
    }

    /// Whether a message asks the runtime to print, to log or to load something.
    fn is_for_runtime(&self, id: MessageId) -> bool {
        let ledger = self.scene.ledger;
        let message = ledger.message(id);
        let name = message.name.or_else(|| ledger.process(message.receiver?).name);
        name.is_some_and(|name| is_of_system(bare(ledger.text(name))))
            || self.scene.traffic.whole(message).starts_with("{:io_request, ")
    }
}
