//! Which states only ever grow?

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use crate::analysis::found::{Changed, Found, Process, StateGrowth};
use crate::analysis::ledger::payload::{Payload, differences, text};
use crate::analysis::ledger::{CallId, ProcessId};
use crate::error::Result;

/// Changes below which growth may be a beginning.
const FEWEST: usize = 20;

/// Changes looked at for one that made it shorter.
const MAX_CHANGES: usize = 5_000;

/// States measured, evenly spread over the changes.
const MEASURED: usize = 24;

/// A state that is shorter written out is no burden.
const SMALLEST_BYTES: usize = 1_000;

/// Times the size of the first quarter that the last has.
const FACTOR: usize = 3;

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    for process in 0..scene.ledger.processes.len() as ProcessId {
        let changes: Vec<CallId> =
            scene.calls_of(process).filter(|(_, call)| call.change.is_some()).map(|(id, _)| id).collect();
        if changes.len() >= FEWEST {
            scene.checked()?;
            found.extend(growth(scene, process, &changes));
        }
    }
    Ok(())
}

fn growth(scene: &Scene<'_>, process: ProcessId, changes: &[CallId]) -> Option<Finding> {
    let ledger = scene.ledger;
    let picked: Vec<CallId> = (0..MEASURED).map(|at| changes[at * (changes.len() - 1) / (MEASURED - 1)]).collect();
    let sizes: Vec<usize> = picked.iter().filter_map(|call| size(scene, *call)).collect();
    if sizes.len() < MEASURED {
        return None;
    }
    let grows = sizes.windows(2).filter(|pair| pair[1] > pair[0]).count();
    let shrinks = sizes.windows(2).filter(|pair| pair[1] < pair[0]).count();
    let (early, last) = (sizes[MEASURED / 4], sizes[MEASURED - 1]);
    let is_growth = shrinks <= 1 && grows * 10 >= (MEASURED - 1) * 9;
    if !is_growth || last < SMALLEST_BYTES || last < FACTOR * early {
        return None;
    }
    let (first_call, last_call) = (ledger.call(picked[0]), ledger.call(picked[MEASURED - 1]));
    // What is filled once and then read has stopped growing.
    let (begun, stopped) = (first_call.start, last_call.start);
    let newest = ledger.span().map_or(stopped.at, |(_, newest)| newest);
    let ended = ledger.process(process).exit.as_ref().map_or(newest, |exit| exit.moment.at);
    if ended.saturating_sub(stopped.at) > stopped.since(begun) {
        return None;
    }
    let all: Vec<usize> = changes.iter().take(MAX_CHANGES).filter_map(|call| size(scene, *call)).collect();
    let shrank = all.windows(2).filter(|pair| pair[1] < pair[0]).count();
    let confidence = if changes.len() >= 3 * FEWEST { Confidence::Medium } else { Confidence::Low };
    let event = ledger.event(last_call.change?)?;
    let payload = Payload::read(event.data());
    let differences = differences(payload.state_diff);
    let longest = differences.into_iter().max_by_key(|one| one.new.as_ref().map_or(0, String::len));
    let growth = StateGrowth {
        process: Process::of(ledger, process),
        first_bytes: sizes[0],
        last_bytes: last,
        changes: changes.len(),
        within_ns: last_call.start.since(first_call.start),
        shrank: (changes.len() <= MAX_CHANGES).then_some(shrank),
        path: longest.map(|one| container(&one.path, one.old.is_none())).filter(|path| !path.is_empty()),
        last_change: last_call.message.map(|message| ledger.message(message)).map(|message| Changed {
            function: ledger.text(last_call.function).to_owned(),
            message: scene.traffic.content(message, 60),
            sent: scene.traffic.place(message),
        }),
    };
    let finding = Finding::of(Kind::StateGrowth, confidence, first_call.start, Found::StateGrowth(growth))
        .shown_by("first_change", first_call.change)
        .shown_by("last_change", last_call.change);
    Some(finding)
}

/// What grows: of an entry that was added the container.
fn container(path: &str, is_added: bool) -> String {
    let of_entry = path.rfind('[').filter(|_| is_added && path.ends_with(']'));
    of_entry.map_or(path, |at| &path[..at]).to_owned()
}

/// Bytes of the state after a change, written out; of a cut one as many as it had.
fn size(scene: &Scene<'_>, call: CallId) -> Option<usize> {
    let event = scene.ledger.event(scene.ledger.call(call).change?)?;
    let payload = Payload::read(event.data());
    let state = text(payload.new_state)?;
    let cut = state.rsplit_once("cut: ").and_then(|(_, rest)| rest.split_once(" bytes")?.0.parse().ok());
    Some(cut.unwrap_or(0).max(state.len()))
}
