//! What did a process handle, and whom did it tell what for it?

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::anomalies::scene::Scene;
use crate::analysis::anomalies::told::each_argument;
use crate::analysis::ledger::{Call, CallId, Callback, MessageId, ProcessId, Sym};
use crate::analysis::value::{Kind as Form, Value};

/// Callbacks that are read: the newest of one that has ended, the oldest of its successors.
const MAX_READ: usize = 500;

/// Messages to or from some processes, in the order they were sent.
#[derive(Default)]
pub(super) struct Mail {
    pub(super) sent: BTreeMap<ProcessId, Vec<MessageId>>,
    pub(super) got: BTreeMap<ProcessId, Vec<MessageId>>,
}

/// A message that was handled by a callback.
pub(super) struct Handled {
    pub(super) call: CallId,
    pub(super) function: Sym,
    pub(super) content: String,
    /// With its subject, such as a topic: `{:publish, :orders, ..}`.
    pub(super) about: String,
    pub(super) pattern: String,
    pub(super) sender: Option<ProcessId>,
    /// The first message to each that was told something meanwhile.
    pub(super) told: BTreeMap<ProcessId, MessageId>,
}

impl Mail {
    pub(super) fn new(scene: &Scene<'_>, senders: &BTreeSet<ProcessId>, receivers: &BTreeSet<ProcessId>) -> Self {
        let mut all = Self::default();
        for (id, message) in (0..).zip(&scene.ledger.messages).filter(|(_, message)| message.kind.is_for_callback()) {
            if let Some(sender) = message.sender.filter(|sender| senders.contains(sender)) {
                all.sent.entry(sender).or_default().push(id);
            }
            if let Some(receiver) = message.receiver.filter(|receiver| receivers.contains(receiver)) {
                all.got.entry(receiver).or_default().push(id);
            }
        }
        all
    }

    /// Messages of a process to some others.
    pub(super) fn sent_to(&self, scene: &Scene<'_>, from: ProcessId, to: &[ProcessId]) -> Vec<MessageId> {
        let is_to = |id: &&MessageId| scene.ledger.message(**id).receiver.is_some_and(|by| to.contains(&by));
        self.sent.get(&from).into_iter().flatten().filter(is_to).copied().collect()
    }

    /// What callbacks of some processes handled, of which one came after the other.
    pub(super) fn handled(&self, scene: &Scene<'_>, processes: &[ProcessId], is_newest: bool) -> Vec<Handled> {
        let ledger = scene.ledger;
        let calls = callbacks(scene, processes);
        let from = if is_newest { calls.len().saturating_sub(MAX_READ) } else { 0 };
        let calls = &calls[from..(from + MAX_READ).min(calls.len())];
        let mut told: BTreeMap<CallId, BTreeMap<ProcessId, MessageId>> = BTreeMap::new();
        for id in processes.iter().filter_map(|process| self.sent.get(process)).flatten() {
            let message = ledger.message(*id);
            if let (Some(to), Some(call)) = (message.receiver, message.sent_in) {
                told.entry(ledger.outermost(call)).or_default().entry(to).or_insert(*id);
            }
        }
        let read = |id: &CallId| {
            let call = ledger.call(*id);
            let content = match call.message {
                Some(message) => scene.traffic.whole(ledger.message(message)),
                None => each_argument(scene, *id)?.into_iter().next()?,
            };
            let value = Value::read(&content);
            let (about, pattern) = (about(&value), value.pattern());
            let sender = call.message.and_then(|message| ledger.message(message).sender);
            let told = told.remove(id).unwrap_or_default();
            Some(Handled { call: *id, function: call.function, about, pattern, content, sender, told })
        };
        calls.iter().filter_map(read).collect()
    }
}

/// Callbacks of some processes for messages, of which one came after the other.
fn callbacks(scene: &Scene<'_>, processes: &[ProcessId]) -> Vec<CallId> {
    let takes = |call: &Call| matches!(call.callback, Some(Callback::Call | Callback::Cast | Callback::Info));
    let all = processes.iter().flat_map(|process| scene.calls_of(*process));
    all.filter(|(_, call)| takes(call) && call.parent.is_none()).map(|(id, _)| id).collect()
}

/// How many callbacks of successors are read, where there are more.
pub(super) fn read_of(scene: &Scene<'_>, heirs: &[ProcessId]) -> Option<usize> {
    (callbacks(scene, heirs).len() > MAX_READ).then_some(MAX_READ)
}

/// Tag and subject of a message; the pattern where it has none.
fn about(value: &Value<'_>) -> String {
    match value.tuple() {
        Some([tag, subject, ..]) if matches!(subject.kind, Form::Atom(_) | Form::Text) => {
            format!("{{{}, {}, ..}}", tag.text, subject.text)
        }
        _ => value.pattern(),
    }
}
