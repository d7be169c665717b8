//! Who waits for a process to be started? A behaviour's `start_link` returns when the `init/1` of the process it spawned
//! is done, and tells that by a message.

use std::collections::HashMap;

use super::scene::Scene;
use crate::analysis::ledger::{CallId, Kind, Moment, ProcessId};
use crate::analysis::spawn::is_there;

/// One that waits for the start of another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) starter: ProcessId,
    pub(super) started: ProcessId,
    pub(super) since: Moment,
    /// When it was done, or the starter did something else; `None`: never, as far as is recorded.
    pub(super) until: Option<Moment>,
}

/// All of them.
pub(super) fn starts(scene: &Scene<'_>) -> Vec<Start> {
    let ledger = scene.ledger;
    let mut all = Starts::default();
    for (started, process) in (0..).zip(&ledger.processes) {
        if let (Some(_), Some(starter), Some((since, _))) = (process.spawned, process.parent, process.spawn) {
            let until = process.exit.as_ref().map(|exit| exit.moment);
            all.by_started.insert(started, Start { starter, started, since, until });
            all.by_starter.entry(starter).or_default().push((since, started));
        }
    }
    all.by_starter.values_mut().for_each(|started| started.sort_unstable());
    for message in &ledger.messages {
        let Some(sender) = message.sender else { continue };
        // It tells its starter that it is there, or that it failed; only the first messages are read for that.
        let is_to_starter = message.receiver.is_some() && message.receiver == ledger.process(sender).parent;
        if is_to_starter
            && message.kind == Kind::Info
            && all.is_open(sender, message.sent)
            && is_there(&scene.traffic.whole(message))
        {
            all.end(sender, message.sent);
        }
        all.starter_acts(sender, message.sent);
    }
    for call in &ledger.calls {
        for at in std::iter::once(call.start).chain(call.end) {
            all.starter_acts(call.process, at);
        }
    }
    let mut all: Vec<Start> = all.by_started.into_values().collect();
    all.sort_unstable_by_key(|start| start.since);
    all
}

#[derive(Default)]
struct Starts {
    by_started: HashMap<ProcessId, Start>,
    /// In the order of their starts.
    by_starter: HashMap<ProcessId, Vec<(Moment, ProcessId)>>,
}

impl Starts {
    /// Whether it is not known yet that a process is there by a moment.
    fn is_open(&self, started: ProcessId, at: Moment) -> bool {
        self.by_started.get(&started).is_some_and(|start| start.until.is_none_or(|until| at < until))
    }

    fn end(&mut self, started: ProcessId, at: Moment) {
        if let Some(start) = self.by_started.get_mut(&started).filter(|start| at > start.since) {
            start.until = Some(start.until.map_or(at, |until| until.min(at)));
        }
    }

    /// A starter waits for the newest that it has started, at most, and does nothing meanwhile.
    fn starter_acts(&mut self, starter: ProcessId, at: Moment) {
        let Some(all) = self.by_starter.get(&starter) else { return };
        let before = all.partition_point(|(since, _)| *since < at);
        if let Some((_, newest)) = before.checked_sub(1).map(|newest| all[newest]) {
            self.end(newest, at);
        }
    }
}

/// The innermost call that was open in a process.
pub(super) fn open_call(scene: &Scene<'_>, process: ProcessId, at: Moment) -> Option<CallId> {
    let is_open = |end: Option<Moment>| end.is_none_or(|end| end > at);
    let calls = scene.calls_of(process).take_while(|(_, call)| call.start < at);
    calls.filter(|(_, call)| is_open(call.end)).last().map(|(id, _)| id)
}
