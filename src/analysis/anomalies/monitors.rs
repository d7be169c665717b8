//! Who monitors another again and again, and never gives a monitor back?
//!
//! A process that is monitored n times tells its end n times. Where the receiver had put the references of those monitors
//! into its state and taken them out again before, the entries went and the monitors stayed.
//!
//! What it cannot see: monitors of processes that do not end in the recording (the end tells of them; `erlang:monitor/2`
//! may be traced); references that were never in a traced state, such as those kept in ETS; a state that was cut.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use super::told::each_argument;
use crate::analysis::found::{ChangedBy, Found, MonitorLeak, Process};
use crate::analysis::ledger::payload::{Payload, differences};
use crate::analysis::ledger::{CallId, Callback, Down, Moment, ProcessId, Sym};
use crate::analysis::value::{Value, is_cut};
use crate::error::Result;

/// Monitors that outlived their entries: fewer may be meant.
const FEWEST: usize = 3;

/// Changes of a state that are read, the newest before the end.
const MAX_READ: usize = 4_000;

/// Callbacks looked through for the one that took the first message.
const MAX_LOOKED: usize = 200;

/// What a state did with the reference of a monitor.
#[derive(Clone, Copy, Default)]
struct Kept {
    put_in: Option<CallId>,
    taken_out: Option<CallId>,
}

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let mut told: BTreeMap<(ProcessId, ProcessId), Vec<&Down>> = BTreeMap::new();
    for down in &scene.ledger.downs {
        told.entry((down.receiver, down.of)).or_default().push(down);
    }
    for downs in told.values().filter(|downs| downs.len() >= FEWEST) {
        scene.checked()?;
        found.extend(outlived(scene, downs));
    }
    Ok(())
}

fn outlived(scene: &Scene<'_>, downs: &[&Down]) -> Option<Finding> {
    let first = downs[0];
    let state = state_at_first(scene, first)?;
    let held: BTreeSet<&str> = references(&state).collect();
    let gone = |down: &&&Down| !held.contains(scene.ledger.text(down.reference));
    let gone: BTreeSet<&str> = downs.iter().filter(gone).map(|down| scene.ledger.text(down.reference)).collect();
    if gone.len() < FEWEST {
        return None;
    }
    // What it did because of the end is no matter.
    let exit = scene.ledger.process(first.of).exit.as_ref().map(|exit| exit.moment);
    let kept = kept(scene, first.receiver, exit.map_or(first.moment, |exit| exit.min(first.moment)), &gone);
    let taken_out: Vec<Kept> = kept.into_values().filter(|kept| kept.taken_out.is_some()).collect();
    (taken_out.len() >= FEWEST).then(|| describe(scene, downs, &taken_out))
}

/// The state in which the first of them was handled, if it is known whole.
fn state_at_first(scene: &Scene<'_>, first: &Down) -> Option<String> {
    let reference = scene.ledger.text(first.reference);
    let later = scene.calls_of(first.receiver).filter(|(_, call)| call.start > first.moment);
    let infos = later.filter(|(_, call)| call.callback == Some(Callback::Info)).take(MAX_LOOKED);
    let mut given = infos.filter_map(|(id, _)| each_argument(scene, id));
    let mut args = given.find(|args| args.first().is_some_and(|message| message.contains(reference)))?;
    args.pop().filter(|state| !is_cut(state))
}

fn references(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("#Reference<").filter_map(|(at, _)| {
        let end = text[at..].find('>')?;
        text.get(at..=at + end)
    })
}

/// Which changes put these references into the state, and took them out last.
fn kept<'g>(
    scene: &Scene<'_>,
    process: ProcessId,
    before: Moment,
    gone: &BTreeSet<&'g str>,
) -> BTreeMap<&'g str, Kept> {
    let ledger = scene.ledger;
    let changes: Vec<(CallId, Sym)> = scene
        .calls_of(process)
        .take_while(|(_, call)| call.start < before)
        // A callback in which the end falls may end the monitors, too late.
        .filter(|(_, call)| call.end.is_some_and(|end| end < before))
        .filter_map(|(id, call)| Some((id, call.change?)))
        .collect();
    let mut kept: BTreeMap<&str, Kept> = BTreeMap::new();
    for (id, change) in &changes[changes.len().saturating_sub(MAX_READ)..] {
        let Some(event) = ledger.event(*change) else { continue };
        for one in differences(Payload::read(event.data()).state_diff) {
            let known = |text| references(text).filter_map(|reference| gone.get(reference).copied());
            let (old, new) = (one.old.as_deref(), one.new.as_deref());
            // An entry goes or comes whole, with its key; below that, the key stays.
            let key = known(&one.path).find(|key| one.path.ends_with(&format!("{key}]")));
            let was: BTreeSet<&str> = known(old.unwrap_or_default()).chain(key.filter(|_| old.is_some())).collect();
            let is: BTreeSet<&str> = known(new.unwrap_or_default()).chain(key.filter(|_| new.is_some())).collect();
            for reference in was.difference(&is) {
                kept.entry(reference).or_default().taken_out = Some(*id);
            }
            for reference in is.difference(&was) {
                let of = kept.entry(reference).or_default();
                (of.put_in, of.taken_out) = (of.put_in.or(Some(*id)), None);
            }
        }
    }
    kept
}

fn describe(scene: &Scene<'_>, downs: &[&Down], taken_out: &[Kept]) -> Finding {
    let ledger = scene.ledger;
    let (first, n) = (downs[0], downs.len());
    let by = |calls: Vec<CallId>| usual(scene, &calls);
    let (put_in_by, put_in) = by(taken_out.iter().filter_map(|kept| kept.put_in).collect()).unzip();
    let (taken_out_by, out) = by(taken_out.iter().filter_map(|kept| kept.taken_out).collect()).unzip();
    let leak = MonitorLeak {
        watcher: Process::of(ledger, first.receiver),
        watched: Process::of(ledger, first.of),
        monitors: n,
        taken_out: taken_out.len(),
        put_in_by,
        taken_out_by,
    };
    let event = |call: Option<CallId>| call.map(|call| ledger.call(call).event);
    Finding::of(Kind::MonitorLeak, Confidence::High, first.moment, Found::MonitorLeak(leak))
        .shown_by("first_down", first.event)
        .shown_by("last_down", downs[n - 1].event)
        .shown_by("put_in", event(put_in))
        .shown_by("taken_out", event(out))
}

/// What most of some callbacks handled and in which function, and the first of those.
fn usual(scene: &Scene<'_>, calls: &[CallId]) -> Option<(ChangedBy, CallId)> {
    let ledger = scene.ledger;
    let mut by: BTreeMap<(Sym, Option<String>), Vec<CallId>> = BTreeMap::new();
    for id in calls {
        let call = ledger.call(*id);
        let pattern = match call.message {
            Some(message) => Some(scene.traffic.pattern(ledger.message(message))),
            // A message of the runtime is only an argument.
            None => each_argument(scene, *id).and_then(|args| Some(Value::read(args.first()?).pattern())),
        };
        by.entry((call.function, pattern)).or_default().push(*id);
    }
    let ((function, pattern), calls) = by.into_iter().max_by_key(|(_, calls)| calls.len())?;
    let message = ledger.call(calls[0]).message;
    let by = ChangedBy {
        function: ledger.text(function).to_owned(),
        pattern,
        sent: message.map(|message| scene.traffic.place(ledger.message(message))),
        times: calls.len(),
    };
    Some((by, calls[0]))
}
