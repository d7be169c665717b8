//! Who waits for a process to be started? A behaviour's `start_link` returns when the `init/1` of the process it spawned
//! is done, and tells that by a message.

use std::collections::HashMap;

use super::Scene;
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
    let mut all: HashMap<ProcessId, Start> = HashMap::new();
    let mut by_starter: HashMap<ProcessId, Vec<ProcessId>> = HashMap::new();
    for (started, process) in (0..).zip(&ledger.processes) {
        let (Some(_), Some(starter), Some((since, _))) = (process.spawned, process.parent, process.spawn) else {
            continue;
        };
        let until = process.exit.as_ref().map(|exit| exit.moment);
        all.insert(started, Start { starter, started, since, until });
        by_starter.entry(starter).or_default().push(started);
    }
    for started in by_starter.values_mut() {
        started.sort_unstable_by_key(|started| all[started].since);
    }
    let mut ends = |started: ProcessId, at: Moment| {
        if let Some(start) = all.get_mut(&started).filter(|start| at > start.since) {
            start.until = Some(start.until.map_or(at, |until| until.min(at)));
        }
    };
    // Of those it had started before a moment a starter waits for the newest at most.
    let newest = |starter: ProcessId, at: Moment| {
        let of = by_starter.get(&starter)?;
        Some(
            of[..of.partition_point(|started| ledger.process(*started).spawn.is_some_and(|(since, _)| since < at))]
                .last()?,
        )
        .copied()
    };
    for message in &ledger.messages {
        let Some(sender) = message.sender else { continue };
        // It tells its starter that it is there, or that it failed.
        let is_to_starter = message.receiver.is_some() && message.receiver == ledger.process(sender).parent;
        if is_to_starter && message.kind == Kind::Info && is_there(&scene.traffic.whole(message)) {
            ends(sender, message.sent);
        }
        if let Some(started) = newest(sender, message.sent) {
            ends(started, message.sent);
        }
    }
    for call in &ledger.calls {
        for at in std::iter::once(call.start).chain(call.end) {
            if let Some(started) = newest(call.process, at) {
                ends(started, at);
            }
        }
    }
    let mut all: Vec<Start> = all.into_values().collect();
    all.sort_unstable_by_key(|start| start.since);
    all
}

/// The innermost call that was open in a process.
pub(super) fn open_call(scene: &Scene<'_>, process: ProcessId, at: Moment) -> Option<CallId> {
    let is_open = |end: Option<Moment>| end.is_none_or(|end| end > at);
    let calls = scene.calls_of(process).take_while(|(_, call)| call.start < at);
    calls.filter(|(_, call)| is_open(call.end)).last().map(|(id, _)| id)
}
