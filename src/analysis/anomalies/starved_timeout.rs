//! Which timeouts never come, because something more frequent starts them anew each time?
//!
//! *Liveness*: a callback asks for a timeout (`{:noreply, state, 100}`, or a timer it sets anew and keeps in its state),
//! and before it is over the next message comes and the next callback asks again. What the timeout was to do, such as to
//! write out what was collected, is never done: meanwhile the state only grows, or messages the process sends itself come
//! faster than it is long.
//!
//! What it cannot see: a timer that is not kept in the state, or of which neither a call that set it was recorded nor its
//! name tells what it is; a process whose callbacks' results are not recorded. A
//! timeout for idle times, where nothing is left undone, is none of it.

mod asked;
mod run;
mod timer;
mod turn;
mod work;

use self::asked::{Sort, sorts};
use self::run::{callbacks, longest_run};
use self::timer::is_timer;
use self::work::{grew, is_emptied, own_messages};
use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use crate::analysis::found::{Asking, Found, Process, Restarts, StarvedTimeout};
use crate::analysis::ledger::{CallId, ProcessId};
use crate::error::Result;

/// Callbacks in a row that ask anew: fewer may be a burst.
const FEWEST: usize = 12;

/// Callbacks of one process that are read.
const MAX_READ: usize = 3_000;

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    for process in 0..scene.ledger.processes.len() as ProcessId {
        // Its loop takes messages, those of timers among them, which no callback sees.
        if scene.ledger.process(process).is_relayed {
            continue;
        }
        let calls = callbacks(scene, process);
        let is_read = |id: &CallId| {
            let call = scene.ledger.call(*id);
            call.message.is_some() && call.end.is_some()
        };
        let read: Vec<CallId> = calls.iter().copied().filter(is_read).collect();
        if read.len() >= FEWEST {
            scene.checked()?;
            if let Some(sort) = sorts(scene, &read) {
                found.extend(starved(scene, process, &calls, sort));
            }
        }
    }
    Ok(())
}

fn starved(scene: &Scene<'_>, process: ProcessId, calls: &[CallId], sort: Sort) -> Option<Finding> {
    let ledger = scene.ledger;
    let turns = longest_run(scene, process, &calls[..calls.len().min(MAX_READ)], sort)?;
    let (first, last) = (turns.first()?, turns.last()?);
    let (begun, over) = (ledger.call(first.call).end?, ledger.call(last.call).end?);
    // It would have come: the whole lasts longer than any timeout, and no pause in it does.
    let longest = turns.iter().filter_map(|turn| turn.after_ms).max().map(|ms| ms.saturating_mul(1_000_000));
    let is_long = longest.is_none_or(|longest| over.since(begun) >= longest.saturating_mul(2));
    if turns.len() < FEWEST || !is_long || sort == Sort::Kept && !is_timer(scene, &turns) {
        return None;
    }
    let growth = grew(scene, &turns);
    let own = longest.and_then(|longest| own_messages(scene, &turns, longest));
    let why = match (growth, own) {
        (Some(growth), _) => Restarts::Grew(growth),
        (None, Some(own)) => Restarts::Own(own),
        (None, None) => return None,
    };
    let latest = turns.iter().rev().find_map(|turn| ledger.call(turn.call).message)?;
    let message = ledger.message(latest);
    let it = StarvedTimeout {
        process: Process::of(ledger, process),
        turns: turns.len(),
        within_ns: over.since(begun),
        asking: match (longest, last.kept.clone()) {
            (Some(longest), _) => Asking::After { longest_ns: longest },
            (None, Some((path, _))) => Asking::Kept { path },
            (None, None) => return None,
        },
        function: ledger.text(ledger.call(last.call).function).to_owned(),
        message: scene.traffic.content(message, 60),
        sent: scene.traffic.place(message),
        why,
    };
    // A timeout for idle times does not come while a process is used, and what grows may be no work of it.
    let confidence = match (&it.asking, &it.why) {
        (Asking::After { .. }, Restarts::Grew(grew)) if !is_emptied(scene, process, &grew.path) => Confidence::Low,
        _ => Confidence::Medium,
    };
    let finding = Finding::of(Kind::StarvedTimeout, confidence, begun, Found::StarvedTimeout(Box::new(it)))
        .shown_by("first_asked", ledger.call(first.call).event)
        .shown_by("last_asked", ledger.call(last.call).event)
        .shown_by("last_change", turns.iter().rev().find_map(|turn| ledger.call(turn.call).change));
    Some(finding)
}
