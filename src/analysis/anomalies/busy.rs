//! What did a process spend most of a span on?

use std::collections::BTreeMap;

use super::scene::Scene;
use crate::analysis::found::Busy;
use crate::analysis::ledger::{CallId, Moment, ProcessId, Sym};
use crate::analysis::terms;

/// The function, and the event of its first call.
pub(super) struct BusyWith {
    pub(super) busy: Busy,
    pub(super) event: Sym,
}

/// When a process was last called back. Callbacks are called one after the other: what began before has ended, recorded
/// or not.
pub(super) fn newest_callback(scene: &Scene<'_>, process: ProcessId) -> Option<Moment> {
    scene.calls_of(process).filter(|(_, call)| call.callback.is_some()).map(|(_, call)| call.start).last()
}

/// The function a process spent most of a span in, itself and not in calls it made.
pub(super) fn busiest(scene: &Scene<'_>, process: ProcessId, since: Moment, until: Moment) -> Option<BusyWith> {
    let ledger = scene.ledger;
    let mut own: BTreeMap<Sym, (i64, usize, CallId)> = BTreeMap::new();
    let mut total = 0;
    let newest = newest_callback(scene, process);
    for (id, call) in scene.calls_of(process) {
        if call.start >= until {
            break;
        }
        if call.end.is_none() && newest.is_some_and(|newest| call.start < newest) {
            continue;
        }
        let end = call.end.map_or(until.at, |end| end.at.min(until.at));
        let overlap = end.saturating_sub(call.start.at.max(since.at));
        if overlap <= 0 {
            continue;
        }
        if call.parent.is_none() {
            total = overlap.saturating_add(total);
        }
        let entry = own.entry(call.function).or_insert((0, 0, id));
        entry.0 = entry.0.saturating_add(overlap);
        entry.1 += 1;
        if let Some(parent) = call.parent.map(|parent| ledger.call(parent))
            && let Some(entry) = own.get_mut(&parent.function)
        {
            entry.0 = entry.0.saturating_sub(overlap);
        }
    }
    let (function, (ns, times, call)) = own.into_iter().max_by_key(|(function, (ns, ..))| (*ns, *function))?;
    if ns <= 0 {
        return None;
    }
    let call = ledger.call(call);
    let busy = Busy {
        function: terms::home(ledger.text(function)),
        // Where an anonymous function was called is not where the one it is part of was.
        called_at: scene.traffic.call_place(call).filter(|place| !place.starts_with(':') && !call.is_anonymous),
        own_ns: ns,
        of_ns: total.max(ns),
        calls: times,
    };
    Some(BusyWith { busy, event: call.event })
}
