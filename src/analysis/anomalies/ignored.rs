//! Which messages come and do nothing, though others of their kind do?
//!
//! Messages of one tag and one shape were handled, and every time the callback gave back the state as it was, called
//! nothing and sent nothing; messages of the same tag and another shape nearly always do something. They fall into a
//! clause for everything else.
//!
//! What it cannot see: a shape that is ignored only for some of its values; a tag that is never anything else, such as a
//! misspelled one; what an untraced function does for it, such as a write to ETS; a process whose state is not told.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use super::told::{arguments, result};
use crate::analysis::found::{Effective, Found, Ignored, Process};
use crate::analysis::ledger::{CallId, Callback, Kind as MessageKind, Outcome, ProcessId};
use crate::analysis::terms;
use crate::analysis::value::{Kind as Form, Value, is_cut};
use crate::error::Result;

/// Messages that did nothing: fewer may have had no reason to.
const FEWEST: usize = 3;

/// Messages of one process that are read.
const MAX_READ: usize = 4_000;

/// Of those that did nothing, as many are looked at closely.
const MAX_CHECKED: usize = 50;

/// Of ten others so many do something.
const USUAL: usize = 8;

/// What became of the messages of one shape.
#[derive(Default)]
struct Fates {
    idle: Vec<CallId>,
    effective: Vec<CallId>,
}

/// Callbacks that do something besides giving back a state.
type Busy = Vec<bool>;

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    let mut busy: Busy = vec![false; ledger.calls.len()];
    for call in ledger.calls.iter().filter(|call| !call.is_span) {
        if let Some(parent) = call.parent {
            busy[parent as usize] = true;
        }
    }
    for message in ledger.messages.iter().filter(|message| message.kind != MessageKind::Reply) {
        if let Some(call) = message.sent_in {
            busy[call as usize] = true;
        }
    }
    for process in 0..ledger.processes.len() as ProcessId {
        // Without one that does nothing, and one that changes the state, there is nothing to tell.
        let handled: Vec<CallId> =
            scene.calls_of(process).filter(|(_, call)| handles(call)).map(|(id, _)| id).collect();
        let idle = handled.iter().filter(|id| is_idle(scene, &busy, **id)).count();
        let changes = handled.iter().any(|id| ledger.call(*id).change.is_some());
        if idle >= FEWEST && changes {
            scene.checked()?;
            ignored(scene, process, &handled, &busy, found);
        }
    }
    Ok(())
}

/// Whether a call is a callback that takes a message of which nobody waits for an answer, or one that answers.
fn handles(call: &crate::analysis::ledger::Call) -> bool {
    matches!(call.callback, Some(Callback::Info | Callback::Cast | Callback::Call)) && call.message.is_some()
}

/// Whether a callback returned, and neither changed the state nor called nor sent anything. One that answers has done so.
fn is_idle(scene: &Scene<'_>, busy: &Busy, id: CallId) -> bool {
    let call = scene.ledger.call(id);
    let is_silent = matches!(call.callback, Some(Callback::Info | Callback::Cast)) && call.outcome == Outcome::Returned;
    is_silent && call.change.is_none() && !busy[id as usize]
}

fn ignored(scene: &Scene<'_>, process: ProcessId, handled: &[CallId], busy: &Busy, found: &mut Vec<Finding>) {
    let ledger = scene.ledger;
    let step = handled.len().div_ceil(MAX_READ).max(1);
    let mut tags: BTreeMap<String, BTreeMap<(Option<u8>, String), Fates>> = BTreeMap::new();
    let mut seen: HashMap<String, Option<(String, String)>, FixedState> = HashMap::default();
    for id in handled.iter().step_by(step) {
        let call = ledger.call(*id);
        let Some(message) = call.message else { continue };
        let content = scene.traffic.whole(ledger.message(message));
        let read = seen.entry(content).or_insert_with_key(|content| shape(content));
        let Some((tag, shape)) = read.clone() else { continue };
        // The shapes of one callback are told apart from those of another: a message may have come the wrong way.
        let by = call.callback.map(|callback| callback as u8);
        let fates = tags.entry(tag).or_default().entry((by, shape)).or_default();
        if is_idle(scene, busy, *id) { &mut fates.idle } else { &mut fates.effective }.push(*id);
    }
    for shapes in tags.into_values() {
        let usual = shapes.iter().filter(|(_, fates)| {
            let changed = fates.effective.iter().filter(|id| ledger.call(**id).change.is_some()).count();
            changed >= FEWEST && fates.effective.len() * 10 >= (fates.effective.len() + fates.idle.len()) * USUAL
        });
        let Some((_, usual)) = usual.max_by_key(|(_, fates)| fates.effective.len()) else { continue };
        for fates in shapes.values().filter(|fates| fates.idle.len() >= FEWEST && fates.effective.is_empty()) {
            if fates.idle.iter().take(MAX_CHECKED).all(|id| gives_back(scene, *id)) {
                found.extend(describe(scene, process, fates, usual, step > 1));
            }
        }
    }
}

/// The tag of a message, and its shape: how many values it has, which of them are tuples, texts and maps. What is empty
/// or nothing may well have no effect; it has no shape.
fn shape(content: &str) -> Option<(String, String)> {
    if is_cut(content) {
        return None;
    }
    let value = Value::read(content);
    let tag = match &value.kind {
        Form::Atom(name) => *name,
        Form::Tuple(items) => items.first()?.atom()?,
        _ => return None,
    };
    Some((tag.to_owned(), form(&value, 0)?))
}

fn form(value: &Value<'_>, depth: usize) -> Option<String> {
    Some(match &value.kind {
        Form::Tuple(items) if depth < 2 => {
            let items: Vec<String> = items.iter().map(|item| form(item, depth + 1)).collect::<Option<_>>()?;
            format!("{{{}}}", items.join(", "))
        }
        Form::Tuple(_) => "{}".to_owned(),
        // Keys that are texts in one and atoms in the other are two shapes; which there are is not.
        Form::Map(name, entries) => format!("%{}{{{}}}", name.unwrap_or_default(), entries.first()?.0.sort()),
        Form::Text => "text".to_owned(),
        Form::Atom("nil" | "true" | "false") => return None,
        Form::List(items) if items.is_empty() => return None,
        _ => "_".to_owned(),
    })
}

/// Whether a callback surely gave back the state it was given and asked for nothing else.
fn gives_back(scene: &Scene<'_>, id: CallId) -> bool {
    let (Some(args), Some(result)) = (arguments(scene, id), result(scene, id)) else { return false };
    let result = Value::read(&result);
    let Some([noreply, state]) = result.tuple() else { return false };
    // A state that was cut is not told to have changed.
    let was = serde_json::from_str::<Vec<String>>(&args).ok().and_then(|mut args| args.pop());
    noreply.atom() == Some("noreply") && was.is_some_and(|was| was == state.text || is_cut(&was))
}

fn describe(scene: &Scene<'_>, process: ProcessId, fates: &Fates, usual: &Fates, is_sample: bool) -> Option<Finding> {
    let ledger = scene.ledger;
    let (first, last) = (ledger.call(fates.idle[0]), ledger.call(fates.idle[fates.idle.len() - 1]));
    let other = ledger.call(usual.effective[0]);
    let (message, other_message) = (ledger.message(first.message?), ledger.message(other.message?));
    let ignored = Ignored {
        process: Process::of(ledger, process),
        pattern: scene.traffic.pattern(message),
        messages: fates.idle.len(),
        is_least: is_sample,
        function: ledger.text(first.function).to_owned(),
        first: scene.traffic.content(message, 60),
        sent: scene.traffic.place(message),
        sent_in: message.sent_in.map(|call| terms::home(ledger.text(ledger.call(ledger.named(call)).function))),
        effective: Effective {
            pattern: scene.traffic.pattern(other_message),
            function: ledger.text(other.function).to_owned(),
            effective: usual.effective.len(),
            all: usual.effective.len() + usual.idle.len(),
            first: scene.traffic.content(other_message, 60),
            event_id: ledger.text(other.event).to_owned(),
        },
    };
    // An effect in an untraced function is not seen.
    let finding = Finding::of(Kind::IgnoredMessage, Confidence::Low, first.start, Found::Ignored(ignored));
    Some(finding.shown_by("first", first.event).shown_by("returned", first.exit).shown_by("last", last.event))
}
