//! What does a process still hold of what it gave away, and what may it have kept?

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use foldhash::fast::FixedState;

use super::demand::Part;
use super::said::list_in;
use crate::analysis::anomalies::scene::Scene;
use crate::analysis::anomalies::told::each_argument;
use crate::analysis::ledger::payload::{Payload, text};
use crate::analysis::ledger::{CallId, Callback, ProcessId, Sym};
use crate::analysis::value::path::{push_index, push_key};
use crate::analysis::value::{Kind as Form, Value, is_cut};

/// Deliveries that are looked at.
const CHECKED: usize = 3;

/// Longer states are not read.
const MAX_STATE: usize = 1 << 20;

/// Deeper in a state nobody looks for a store.
const DEEPEST: usize = 5;

/// What is longer and not understood may hold anything.
const MAX_OPAQUE: usize = 200;

/// A store in a state.
#[derive(Debug)]
pub(super) struct Stock {
    pub(super) count: usize,
    /// Where in the state; empty: it is all of it.
    pub(super) path: String,
    /// The last change of the state.
    pub(super) event: Sym,
}

/// The call in which a process handed something over; where that was sent by an untraced loop, the call before.
pub(super) fn handing(scene: &Scene<'_>, giver: ProcessId, gift: &Part) -> Option<CallId> {
    let ledger = scene.ledger;
    let message = ledger.message(gift.message);
    let calls = &scene.by_process[giver as usize];
    let call = message.sent_in.or_else(|| {
        let before = calls.partition_point(|id| ledger.call(*id).start < message.sent);
        calls[..before].last().copied()
    })?;
    Some(ledger.outermost(call))
}

/// What is left of the store that a process gave from: one that was shorter by as many after each delivery.
pub(super) fn held<'p>(scene: &Scene<'_>, giver: ProcessId, gifts: impl Iterator<Item = &'p Part>) -> Option<Stock> {
    let mut calls: BTreeMap<CallId, Vec<&Part>> = BTreeMap::new();
    for gift in gifts.filter(|gift| gift.count > 0) {
        calls.entry(handing(scene, giver, gift)?).or_default().push(gift);
    }
    let mut places: Option<Vec<(String, bool)>> = None;
    for (call, gifts) in calls.iter().rev().take(CHECKED) {
        let shrunk = shrunk(scene, *call, gifts)?;
        let is_also = |(place, holds): &(String, bool)| {
            let other = shrunk.iter().find(|(other, _)| other == place)?;
            Some((place.clone(), *holds && other.1))
        };
        places = Some(match &places {
            Some(places) => places.iter().filter_map(is_also).collect(),
            None => shrunk,
        });
    }
    // A number that fits once may do so by chance.
    let (path, _) = places?.into_iter().find(|(_, holds)| *holds || calls.len() > 1)?;
    let (event, state) = state(scene, giver)?;
    let value = Value::read(&state);
    let mut stores = Vec::new();
    stores_in(&value, &mut String::new(), 0, &mut stores);
    let count = stores.iter().find(|store| store.path == path)?.len;
    (count > 0).then_some(Stock { count, path, event })
}

/// The state after its last change, with the event of that.
fn state(scene: &Scene<'_>, process: ProcessId) -> Option<(Sym, String)> {
    let change = scene.calls_of(process).filter_map(|(_, call)| call.change).last()?;
    let state = new_state(scene, change)?;
    Some((change, state))
}

fn new_state(scene: &Scene<'_>, change: Sym) -> Option<String> {
    let event = scene.ledger.event(change)?;
    let state = text(Payload::read(event.data()).new_state)?;
    is_whole(&state).then(|| state.into_owned())
}

fn is_whole(state: &str) -> bool {
    state.len() <= MAX_STATE && !is_cut(state)
}

/// Places of stores that got shorter by what a call handed over, and whether they had held that.
fn shrunk(scene: &Scene<'_>, call: CallId, gifts: &[&Part]) -> Option<Vec<(String, bool)>> {
    let ledger = scene.ledger;
    let old = each_argument(scene, call)?.pop().filter(|old| is_whole(old))?;
    let new = new_state(scene, ledger.call(call).change?)?;
    let (old, new) = (Value::read(&old), Value::read(&new));
    let (mut before, mut after) = (Vec::new(), Vec::new());
    stores_in(&old, &mut String::new(), 0, &mut before);
    stores_in(&new, &mut String::new(), 0, &mut after);
    let total: u64 = gifts.iter().map(|gift| gift.count).sum();
    let contents: Vec<String> = gifts.iter().map(|gift| scene.traffic.whole(ledger.message(gift.message))).collect();
    let contents: Vec<Value<'_>> = contents.iter().map(|content| Value::read(content)).collect();
    let given: Vec<Cow<'_, str>> = contents.iter().filter_map(|content| list_in(content, 0)).flatten().collect();
    let fits = |store: &Store<'_>| {
        let left = after.iter().find(|other| other.path == store.path)?;
        (left.len as u64 + total == store.len as u64).then(|| (store.path.clone(), store.holds(&given)))
    };
    Some(before.iter().filter_map(fits).collect())
}

/// A list, a queue or a map in a state.
struct Store<'a> {
    path: String,
    len: usize,
    /// Of a map its keys, its values, and both.
    elements: Vec<Cow<'a, str>>,
}

impl Store<'_> {
    fn holds(&self, given: &[Cow<'_, str>]) -> bool {
        let all: HashSet<&str, FixedState> = self.elements.iter().map(AsRef::as_ref).collect();
        given.iter().all(|one| all.contains(one.as_ref()))
    }
}

fn stores_in<'a>(value: &Value<'a>, path: &mut String, depth: usize, found: &mut Vec<Store<'a>>) {
    if depth > DEEPEST {
        return;
    }
    if let Some(elements) = value.elements() {
        found.push(Store { path: path.clone(), len: elements.len(), elements });
        return;
    }
    let length = path.len();
    match &value.kind {
        Form::Map(name, entries) => {
            if name.is_none() {
                let both = |(key, value): &(Value<'a>, Value<'a>)| {
                    [key.text.into(), value.text.into(), format!("{{{}, {}}}", key.text, value.text).into()]
                };
                let elements = entries.iter().flat_map(both).collect();
                found.push(Store { path: path.clone(), len: entries.len(), elements });
            }
            for (key, value) in entries {
                push_key(path, key);
                stores_in(value, path, depth + 1, found);
                path.truncate(length);
            }
        }
        Form::Tuple(items) => {
            if let Some(elements) = queued(items) {
                found.push(Store { path: path.clone(), len: elements.len(), elements });
            }
            for (at, item) in items.iter().enumerate() {
                push_index(path, at);
                stores_in(item, path, depth + 1, found);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

/// What is in a `:queue`, which is a pair of lists with elements of one kind.
fn queued<'a>(items: &[Value<'a>]) -> Option<Vec<Cow<'a, str>>> {
    let [rear, front] = items else { return None };
    let (mut elements, more) = (rear.elements()?, front.elements()?);
    let kind = |elements: &[Cow<'_, str>]| elements.first().map(|one| Value::read(one).pattern());
    let is_one = kind(&elements).zip(kind(&more)).is_none_or(|(rear, front)| rear == front);
    elements.extend(more);
    is_one.then_some(elements)
}

/// How much a process may keep in its state at most of what it did not pass on, as elements of lists and maps; what it
/// did pass on and noted is none. `None`: not known.
pub(super) fn room<'p>(scene: &Scene<'_>, process: ProcessId, passed: impl Iterator<Item = &'p Part>) -> Option<u64> {
    let state = match state(scene, process) {
        Some((_, state)) => state,
        None => {
            // It never changed: it is what every callback was given.
            let calls = scene.calls_of(process).filter(|(_, call)| call.change.is_some() || call.callback.is_some());
            let (id, call) = calls.last()?;
            let is_given = !matches!(call.callback, None | Some(Callback::Init)) && call.change.is_none();
            each_argument(scene, id).filter(|_| is_given)?.pop().filter(|state| is_whole(state))?
        }
    };
    let mut kept: HashMap<Cow<'_, str>, u64, FixedState> = HashMap::default();
    elements_in(&Value::read(&state), &mut kept)?;
    for part in passed {
        if kept.is_empty() {
            break;
        }
        let content = scene.traffic.whole(scene.ledger.message(part.message));
        for one in list_in(&Value::read(&content), 0).unwrap_or_default() {
            if let Some(times) = kept.get_mut(one.as_ref()) {
                *times = times.saturating_sub(1);
            }
        }
    }
    Some(kept.values().sum())
}

/// Elements of all lists and maps, and how often each is there. `None`: some part may hold anything.
fn elements_in<'a>(value: &Value<'a>, found: &mut HashMap<Cow<'a, str>, u64, FixedState>) -> Option<()> {
    for one in value.elements().unwrap_or_default() {
        *found.entry(one).or_default() += 1;
    }
    match &value.kind {
        Form::List(items) | Form::Tuple(items) => items.iter().try_for_each(|item| elements_in(item, found)),
        Form::Map(_, entries) => entries.iter().try_for_each(|(key, value)| {
            // The fields of a record are no elements.
            if key.atom().is_none() {
                *found.entry(key.text.into()).or_default() += 1;
            }
            elements_in(value, found)
        }),
        Form::Pair(pair) => elements_in(&pair.1, found),
        Form::Opaque if value.text.len() > MAX_OPAQUE => None,
        _ => Some(()),
    }
}
