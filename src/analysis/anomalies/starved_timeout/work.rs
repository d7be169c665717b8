//! What is left undone while a timeout does not come?

use std::collections::BTreeMap;

use super::turn::Turn;
use crate::analysis::anomalies::scene::Scene;
use crate::analysis::anomalies::told::each_argument;
use crate::analysis::found::{Grew, Own};
use crate::analysis::ledger::payload::{Payload, text};
use crate::analysis::ledger::{Callback, Moment, ProcessId};
use crate::analysis::value::{Kind as Form, Value, is_cut};

/// States that are measured, evenly spread.
const MEASURED: usize = 6;

/// Timeouts that are read to see what they take away.
const MAX_TIMEOUTS: usize = 100;

/// Messages to itself in a row that are enough to see a rhythm.
const FEWEST_OWN: usize = 8;

/// What a state holds more and more of: elements of its largest list or map.
pub(super) fn grew(scene: &Scene<'_>, turns: &[Turn]) -> Option<Grew> {
    let changed: Vec<&Turn> = turns.iter().filter(|turn| scene.ledger.call(turn.call).change.is_some()).collect();
    if changed.len() < MEASURED {
        return None;
    }
    let at = |n: usize| changed[n * (changed.len() - 1) / (MEASURED - 1)];
    let sizes: Option<Vec<BTreeMap<String, usize>>> = (0..MEASURED).map(|n| elements(scene, at(n))).collect();
    let sizes = sizes?;
    let grows = |path: &&String| {
        let of: Vec<usize> = sizes.iter().map(|sizes| sizes.get(*path).copied().unwrap_or_default()).collect();
        of.windows(2).all(|pair| pair[0] < pair[1])
    };
    let last = sizes.last()?;
    let (path, elements) = last.iter().filter(|(path, _)| grows(path)).max_by_key(|(_, size)| **size)?;
    let before = sizes.first()?.get(path).copied().unwrap_or_default();
    Some(Grew { path: path.clone(), from: before, to: *elements })
}

/// How many elements the lists and maps of a state have, it and one level below; `None` where it was cut.
fn elements(scene: &Scene<'_>, turn: &Turn) -> Option<BTreeMap<String, usize>> {
    let event = scene.ledger.event(scene.ledger.call(turn.call).change?)?;
    sizes(&text(Payload::read(event.data()).new_state)?)
}

fn sizes(state: &str) -> Option<BTreeMap<String, usize>> {
    if is_cut(state) {
        return None;
    }
    let size = |value: &Value<'_>| match &value.kind {
        Form::List(items) => Some(items.len()),
        Form::Map(None, pairs) => Some(pairs.len()),
        _ => value.elements().map(|all| all.len()),
    };
    let value = Value::read(state);
    let mut sizes: BTreeMap<String, usize> = size(&value).map(|size| (String::new(), size)).into_iter().collect();
    if let Form::Map(_, pairs) = &value.kind {
        let inner =
            pairs.iter().filter_map(|(key, value)| Some((key.atom().unwrap_or(key.text).to_owned(), size(value)?)));
        sizes.extend(inner);
    }
    if let Form::Tuple(items) = &value.kind {
        let inner = (0_usize..).zip(items).filter_map(|(at, value)| Some((format!("[{at}]"), size(value)?)));
        sizes.extend(inner);
    }
    Some(sizes)
}

/// Whether the timeout of a process's module was seen to take away what is collected at a path.
pub(super) fn is_emptied(scene: &Scene<'_>, process: ProcessId, path: &str) -> bool {
    let ledger = scene.ledger;
    let Some(module) = ledger.process(process).module else { return false };
    let kin = (0..ledger.processes.len() as ProcessId).filter(|id| ledger.process(*id).module == Some(module));
    let untold = kin.flat_map(|id| scene.calls_of(id)).filter(|(_, call)| call.message.is_none());
    let mut changing = untold.filter(|(_, call)| call.callback == Some(Callback::Info) && call.change.is_some());
    changing.by_ref().take(MAX_TIMEOUTS).any(|(id, call)| {
        let args = each_argument(scene, id).unwrap_or_default();
        let [message, state] = args.as_slice() else { return false };
        let after = || sizes(&text(Payload::read(ledger.event(call.change?)?.data()).new_state)?);
        let of = |sizes: BTreeMap<String, usize>| sizes.get(path).copied().unwrap_or_default();
        message == ":timeout" && sizes(state).zip(after()).is_some_and(|(before, after)| of(after) < of(before))
    })
}

/// A message the process sends itself, or a timer sends it, faster than the timeout is long: it can never be over.
pub(super) fn own_messages(scene: &Scene<'_>, turns: &[Turn], longest: i64) -> Option<Own> {
    let ledger = scene.ledger;
    let mut kinds: BTreeMap<String, Vec<Moment>> = BTreeMap::new();
    for turn in turns {
        let call = ledger.call(turn.call);
        let Some(message) = call.message.map(|message| ledger.message(message)) else { continue };
        let is_own = !message.is_sent_traced || message.sender == message.receiver;
        let pattern = scene.traffic.pattern(message);
        // The timeout itself.
        if is_own && pattern != ":timeout" {
            kinds.entry(pattern).or_default().push(call.start);
        }
    }
    kinds.into_iter().find_map(|(pattern, came)| {
        let every = came.windows(2).map(|pair| pair[1].since(pair[0])).max()?;
        (came.len() >= FEWEST_OWN && every < longest).then_some(Own { pattern, times: came.len(), every_ns: every })
    })
}
