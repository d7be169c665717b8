//! Which process took the place of one that had ended: has its name, or was started as it was by the same supervisor?

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::scene::Scene;
use crate::analysis::ask::{Ask, inside};
use crate::analysis::gave_up::is_supervisor;
use crate::analysis::ledger::payload::{Payload, text};
use crate::analysis::ledger::{Moment, ProcessId, Sym};
use crate::error::Result;
use crate::event::exit_reason::ExitReason;
use crate::event::home;
use crate::query::Filter;

/// Messages that name a process, in which it is looked for what tells of its end.
const MAX_TOLD: usize = 20;

/// What only one process has at a time.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Name {
        session: Sym,
        node: Option<Sym>,
        name: Sym,
    },
    /// Of a child without a name: its supervisor and its callback module.
    Under(ProcessId, Sym),
}

/// Processes and the first that took the place of each, which began after its end.
pub(super) fn successions(scene: &Scene<'_>) -> Result<Vec<(ProcessId, ProcessId)>> {
    let ledger = scene.ledger;
    let mut places: BTreeMap<Place, Vec<(Moment, ProcessId)>> = BTreeMap::new();
    for (id, process) in (0..).zip(&ledger.processes) {
        let Some((begun, _)) = process.spawn.filter(|_| !process.is_helper) else { continue };
        let is_child = |parent: &ProcessId| {
            let spawned = ledger.process(*parent).spawned;
            spawned.is_some_and(|(_, module)| is_supervisor(ledger.text(module)))
        };
        let place = match (process.name, process.parent.filter(is_child), process.spawned) {
            (Some(name), ..) => Place::Name { session: process.session, node: process.node, name },
            (None, Some(parent), Some((_, module))) => Place::Under(parent, module),
            _ => continue,
        };
        places.entry(place).or_default().push((begun, id));
    }
    let mut found = Vec::new();
    for (place, mut processes) in places.into_iter().filter(|(_, processes)| processes.len() > 1) {
        scene.checked()?;
        processes.sort_unstable();
        let mut free_since: Option<Moment> = None;
        for pair in processes.windows(2) {
            let [(begun_before, former), (begun, next)] = [pair[0], pair[1]];
            // Of several at a time none is another's successor.
            let was_alone = free_since.is_none_or(|ended| ended < begun_before);
            let Some(exit) = &ledger.process(former).exit else { break };
            free_since = free_since.max(Some(exit.moment));
            let (was, is) = (ledger.process(former).module, ledger.process(next).module);
            let is_alike = was.zip(is).is_none_or(|(was, is)| was == is);
            let is_heir = was_alone && exit.moment < begun && is_alike;
            // Of those that had nothing more to do there may be many, and nothing was lost with them.
            let may_be = exit.end.is_abnormal() || exit.end == ExitReason::Shutdown;
            let is_named = matches!(place, Place::Name { .. });
            if is_heir && (is_named || may_be && is_started_alike(scene, former, next)) {
                found.push((former, next));
            }
        }
    }
    Ok(found)
}

/// Whether two children of one supervisor were started with the same arguments.
fn is_started_alike(scene: &Scene<'_>, one: ProcessId, other: ProcessId) -> bool {
    let args = |id: ProcessId| started_with(scene, id).map(|(_, _, args)| args);
    args(one).is_some_and(|one| args(other) == Some(one))
}

/// Module, function and arguments a process was started with.
pub(super) fn started_with(scene: &Scene<'_>, id: ProcessId) -> Option<(String, String, String)> {
    let event = scene.ledger.event(scene.ledger.process(id).spawn?.1)?;
    let payload = Payload::read(event.data());
    let [module, function, args] =
        [payload.spawn_module, payload.spawn_function, payload.spawn_args].map(|one| text(one).map(Cow::into_owned));
    Some((module?, function?, args?))
}

/// Whether a process was told of the end of another, as one that monitors it or is linked to it.
pub(super) fn is_told_of_end(scene: &Scene<'_>, ask: &Ask<'_>, of: ProcessId, process: ProcessId) -> Result<bool> {
    let ledger = scene.ledger;
    let Some(exit) = &ledger.process(of).exit else { return Ok(false) };
    let pid = home::numbers(ledger.text(ledger.process(of).pid)).to_owned();
    let filter = Filter { text: Some(pid), ..inside(ledger.text(ledger.process(process).pid), &["message_receive"]) };
    let told = ask.oldest(filter, (exit.moment.at, i64::MAX), MAX_TOLD)?;
    let is_end = |message: &str| message.starts_with("{:DOWN, ") || message.starts_with("{:EXIT, ");
    Ok(told.iter().any(|receive| receive.text("message").is_some_and(is_end)))
}
