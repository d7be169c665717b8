//! The ledger itself, and how it is read.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::{Call, CallId, Down, MaybeWaited, Message, MessageId, Moment, Process, ProcessId, Sample, Sign};
use super::lineage::Lineage;
use super::texts::{Sym, Texts};
use crate::analysis::left_out::LeftOut;
use crate::analysis::losses::Loss;
use crate::analysis::nodes::Nodes;
use crate::event::StoredEvent;
use crate::query::{Gap, Visit};
use crate::store::EventStore;

/// The facts of a visit.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(super) store: EventStore,
    pub(super) nodes: Nodes,
    pub(crate) texts: Texts,
    pub(crate) calls: Vec<Call>,
    pub(super) lineage: Lineage,
    pub(crate) messages: Vec<Message>,
    pub(crate) processes: Vec<Process>,
    pub(crate) samples: Vec<Sample>,
    /// Of monitors of processes that lived when they were set up, in the order of time.
    pub(crate) downs: Vec<Down>,
    /// In the order of their ends.
    pub(crate) maybe_waited: Vec<MaybeWaited>,
    /// In the order of time.
    pub(crate) signs: Vec<Sign>,
    /// What the source dropped in or into the span.
    pub(crate) losses: Vec<Loss>,
    /// What it left out on purpose, in the order of time.
    pub(crate) left_out: Vec<LeftOut>,
    /// Names that were registered: when, which, by whom, in the order of time.
    pub(crate) registrations: Vec<(Moment, Sym, ProcessId)>,
    /// Names that several processes had, by session: one after the other, or on several nodes.
    pub(crate) shared_names: BTreeSet<(Sym, Sym)>,
    /// When a capture began or ended or lost something, by session: what was traced before tells nothing of after.
    pub(crate) breaks: BTreeMap<Sym, Vec<i64>>,
    /// Whether the source said which names there were when it began.
    pub(crate) knows_names: bool,
    pub(crate) visit: Visit,
}

impl Ledger {
    /// The store it was read from, for the few facts that are not joined here.
    pub(crate) const fn store(&self) -> &EventStore {
        &self.store
    }

    pub(crate) fn text(&self, sym: Sym) -> &str {
        self.texts.get(sym)
    }

    pub(crate) fn call(&self, id: CallId) -> &Call {
        &self.calls[id as usize]
    }

    pub(crate) fn message(&self, id: MessageId) -> &Message {
        &self.messages[id as usize]
    }

    pub(crate) fn process(&self, id: ProcessId) -> &Process {
        &self.processes[id as usize]
    }

    /// The event, if the store still has it. Cost: one hash probe and a copy.
    pub(crate) fn event(&self, event: Sym) -> Option<StoredEvent> {
        self.store.get_event_by_id(self.text(event)).ok()
    }

    /// Spans that were pruned.
    pub(crate) fn gaps(&self) -> &[Gap] {
        &self.visit.gaps
    }

    /// Timestamps of the oldest and the newest event looked at, or of the store.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        let (oldest, newest) = self.visit.span?;
        let (since, until) = (self.visit.since.unwrap_or(i64::MIN), self.visit.until.unwrap_or(i64::MAX));
        let (since, until) = (oldest.max(since), newest.min(until));
        (since <= until).then_some((since, until))
    }

    /// How many breaks of the recording a process had behind it at a time.
    pub(crate) fn breaks_before(&self, process: ProcessId, at: i64) -> usize {
        let breaks = self.breaks.get(&self.process(process).session);
        breaks.map_or(0, |breaks| breaks.partition_point(|one| *one <= at))
    }

    /// The calls around a call, from the inside.
    pub(crate) fn around(&self, id: CallId) -> impl Iterator<Item = CallId> {
        std::iter::successors(self.call(id).parent, |id| self.call(*id).parent)
    }

    /// The innermost call with a name at or around a call; itself where none has one.
    pub(crate) fn named(&self, id: CallId) -> CallId {
        self.lineage.named(id)
    }

    /// The outermost call around a call, or itself.
    pub(crate) fn outermost(&self, id: CallId) -> CallId {
        self.lineage.outermost(id)
    }

    /// Whether a call is one of those around another.
    pub(crate) fn is_around(&self, outer: CallId, inner: CallId) -> bool {
        self.lineage.is_around(outer, inner)
    }
}
