//! Which processes did the state of a process hold, and which does another one's hold?

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::anomalies::scene::Scene;
use crate::analysis::ledger::payload::{Payload, text, texts};
use crate::analysis::ledger::{CallId, Callback, ProcessId, Sym};
use crate::analysis::value::is_cut;

/// Changes of states that are read: in one of more any of them may be known.
const MAX_READ: usize = 1_000;

/// Which processes a pid was.
pub(super) struct Lives {
    by_pid: BTreeMap<(Sym, Sym), Vec<ProcessId>>,
}

/// What stood in the last state of a process.
pub(super) struct Held {
    /// The event that shows that state.
    pub(super) event: Sym,
    pub(super) by: ProcessId,
    /// Those that lived on until its successor was there.
    pub(super) living: BTreeSet<ProcessId>,
}

impl Lives {
    pub(super) fn new(scene: &Scene<'_>) -> Self {
        let mut by_pid: BTreeMap<(Sym, Sym), Vec<ProcessId>> = BTreeMap::new();
        for (id, process) in (0..).zip(&scene.ledger.processes) {
            by_pid.entry((process.session, process.pid)).or_default().push(id);
        }
        Self { by_pid }
    }

    /// The living processes of a process's last state, its own children, parent and callers aside.
    pub(super) fn held(&self, scene: &Scene<'_>, former: ProcessId, heir: ProcessId) -> Option<Held> {
        let ledger = scene.ledger;
        let was = ledger.process(former);
        let (ended, again) = (was.exit.as_ref()?.moment, ledger.process(heir).spawn?.0);
        let (event, state) = last_state(scene, former)?;
        let is_other = |id: &ProcessId| {
            let process = ledger.process(*id);
            let is_kin = process.parent == Some(former) || was.parent == Some(*id) || *id == former;
            let has_begun = process.spawn.is_none_or(|(begun, _)| begun < ended);
            !is_kin && !process.is_helper && has_begun && process.exit.as_ref().is_none_or(|exit| exit.moment > again)
        };
        let one_of = |pid: &str| {
            let pid = ledger.texts.find(pid)?;
            self.by_pid.get(&(was.session, pid))?.iter().copied().rfind(is_other)
        };
        let living: BTreeSet<ProcessId> = pids_in(&state).filter_map(one_of).collect();
        (!living.is_empty()).then_some(Held { event, by: former, living })
    }
}

/// The last state of a process that is known: what a callback made of it, or was given.
fn last_state(scene: &Scene<'_>, process: ProcessId) -> Option<(Sym, String)> {
    let has_state = |id: &&CallId| {
        let call = scene.ledger.call(**id);
        call.change.is_some() || matches!(call.callback, Some(Callback::Call | Callback::Cast | Callback::Info))
    };
    let id = *scene.by_process[process as usize].iter().rev().find(has_state)?;
    let call = scene.ledger.call(id);
    match call.change {
        Some(change) => Some((change, new_state(scene, change)?)),
        None => Some((call.event, state_given(scene, id)?)),
    }
}

fn new_state(scene: &Scene<'_>, change: Sym) -> Option<String> {
    let event = scene.ledger.event(change)?;
    let state = text(Payload::read(event.data()).new_state)?;
    Some(scene.ledger.told(&state, &event).into_owned())
}

/// The state a callback was called with.
pub(super) fn state_given(scene: &Scene<'_>, call: CallId) -> Option<String> {
    let event = scene.ledger.event(scene.ledger.call(call).event)?;
    let state = texts(Some(Payload::read(event.data()).args?)).pop()?;
    Some(scene.ledger.told(&state, &event).into_owned())
}

/// Of some processes those that no state of their former owner's successors holds. `None`: not all of one is known.
pub(super) fn not_held(
    scene: &Scene<'_>,
    by: &[ProcessId],
    mut lost: BTreeSet<ProcessId>,
) -> Option<BTreeSet<ProcessId>> {
    let pids: BTreeMap<String, ProcessId> =
        lost.iter().map(|id| (scene.ledger.text(scene.ledger.process(*id).pid).to_owned(), *id)).collect();
    let calls = by.iter().flat_map(|heir| scene.calls_of(*heir));
    let changes: Vec<Sym> = calls.filter_map(|(_, call)| call.change).collect();
    if changes.len() > MAX_READ {
        return None;
    }
    for change in &changes {
        let state = new_state(scene, *change).filter(|state| is_whole(state))?;
        for pid in pids_in(&state) {
            if let Some(id) = pids.get(pid) {
                lost.remove(id);
            }
        }
    }
    Some(lost)
}

/// Whether nothing of a state was cut or hidden.
pub(super) fn is_whole(state: &str) -> bool {
    !is_cut(state) && !state.contains("[REDACTED]")
}

/// Pids in a value's text, `<0.120.0>`; without those that wait for the answer to a call, which get an exit instead.
pub(super) fn pids_in(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("#PID<").filter_map(|(at, _)| {
        let pid = text.get(at + 4..=at + text[at..].find('>')?)?;
        let rest = &text[at + 4 + pid.len()..];
        (!rest.starts_with(", [:alias | ")).then_some(pid)
    })
}
