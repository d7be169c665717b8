//! Which work is done by many at once, though one could have done it for all?
//!
//! Calls of one function with equal arguments and equal results in several processes, all of them open at one moment,
//! and a sign that the result is kept somewhere: each had looked before and found nothing, or the call around does
//! without it at other times. All who miss at the same time do the same.
//!
//! What it cannot see: arguments or results that differ, such as by a connection or a time, or were left out; work shorter
//! than a millisecond; work done in a process started for it; a store nobody looks into before and that is hit never.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use foldhash::fast::FixedState;

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use super::told::{arguments, each_argument, result};
use crate::analysis::found::{Found, Kept, Stampede};
use crate::analysis::ledger::{CallId, Kind as MessageKind, Message, MessageId, Moment, Outcome, ProcessId, Sym};
use crate::analysis::terms;
use crate::analysis::value::{Kind as Form, Value, brief, is_cut};
use crate::error::Result;

/// Processes at once: fewer do so by chance.
const FEWEST: usize = 4;

/// As many are sure to.
const MANY: usize = 6;

/// Shorter work may be done twice.
const SHORTEST_NS: i64 = 1_000_000;

/// Messages looked through for the answer to a question.
const MAX_WORDS: usize = 64;

/// Calls of one function that are read.
const MAX_READ: usize = 1_000;

/// Calls around one that may keep its result.
const LEVELS: usize = 4;

/// Calls of one function that are looked at without reading them.
const MAX_CALLS: usize = 20_000;

/// All calls, by their function.
type Functions = HashMap<Sym, Vec<CallId>, FixedState>;

/// Equal work that was open at one moment.
type Crowd = Vec<CallId>;

/// Why the result is known to be kept.
enum Sign {
    /// Each looked and found nothing: one of these calls.
    Missed(CallId),
    /// A call around, at another time, that did without.
    Hit(CallId),
}

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    let mut functions: BTreeMap<Sym, Vec<CallId>> = BTreeMap::new();
    for (id, call) in (0..).zip(&ledger.calls) {
        let is_work = call.outcome == Outcome::Returned && call.duration.is_some_and(|ns| ns >= SHORTEST_NS);
        if is_work && !call.is_anonymous && !call.is_span && call.callback.is_none() && call.parent.is_some() {
            functions.entry(call.function).or_default().push(id);
        }
    }
    let every: OnceCell<Functions> = OnceCell::new();
    let asked: OnceCell<Asked> = OnceCell::new();
    let mut told: Vec<CallId> = Vec::new();
    for (function, calls) in functions {
        if calls.len() < FEWEST {
            continue;
        }
        scene.checked()?;
        let mut alike: BTreeMap<(String, String), Vec<Crowd>> = BTreeMap::new();
        let mut read = 0;
        for crowd in crowds(scene, &calls) {
            read += crowd.len();
            if read > MAX_READ {
                break;
            }
            for (said, crowd) in equal(scene, &crowd) {
                if is_done_once(scene, asked.get_or_init(|| messages_asked(scene)), &crowd) {
                    continue;
                }
                alike.entry(said).or_default().push(crowd);
            }
        }
        for ((_, result), crowds) in alike {
            let functions = every.get_or_init(|| by_function(scene));
            let sign = crowds.iter().take(LEVELS).find_map(|crowd| sign(scene, functions, function, crowd));
            let Some(sign) = sign else { continue };
            // Of work within work the outer one is told.
            let first = crowds[0][0];
            if told.iter().any(|outer| ledger.is_around(*outer, first) || ledger.is_around(first, *outer)) {
                continue;
            }
            told.push(first);
            found.push(describe(scene, function, &result, &crowds, &sign));
        }
    }
    Ok(())
}

/// Messages by who sent and by who got them, in the order they were sent.
#[derive(Default)]
struct Asked {
    sent: HashMap<ProcessId, Vec<MessageId>, FixedState>,
    got: HashMap<ProcessId, Vec<MessageId>, FixedState>,
}

fn messages_asked(scene: &Scene<'_>) -> Asked {
    let mut asked = Asked::default();
    for (id, message) in (0..).zip(&scene.ledger.messages) {
        if let (Some(sender), false) = (message.sender, message.kind == MessageKind::Reply) {
            asked.sent.entry(sender).or_default().push(id);
        }
        if let (Some(receiver), Some(_)) = (message.receiver, message.received) {
            asked.got.entry(receiver).or_default().push(id);
        }
    }
    asked
}

/// When a question was answered: by its reply, else by the first word of the one that was asked.
fn answered(scene: &Scene<'_>, asked: &Asked, question: &Message) -> Option<Moment> {
    let ledger = scene.ledger;
    if question.kind == MessageKind::Call {
        return question.reply.and_then(|reply| ledger.message(reply).received);
    }
    let got = asked.got.get(&question.sender?)?;
    let from = got.partition_point(|one| ledger.message(*one).sent < question.sent);
    let mut words = got[from..].iter().map(|one| ledger.message(*one)).take(MAX_WORDS);
    words.find(|one| one.sender.is_some() && one.sender == question.receiver)?.received
}

/// Whether all of a crowd asked one process and did nothing but wait for it: that does the work, and may do it once for
/// all.
fn is_done_once(scene: &Scene<'_>, asked: &Asked, crowd: &[CallId]) -> bool {
    let ledger = scene.ledger;
    let mut by: BTreeSet<Option<ProcessId>> = BTreeSet::new();
    for id in crowd {
        let call = ledger.call(*id);
        let all = asked.sent.get(&call.process).map(Vec::as_slice).unwrap_or_default();
        let from = all.partition_point(|one| ledger.message(*one).sent < call.start);
        let within = all[from..].iter().map(|one| ledger.message(*one));
        let mut waited = 0_i64;
        for one in within.take_while(|one| call.end.is_none_or(|end| one.sent < end)) {
            // A call that gets no reply waits to its end.
            let by_then = call.end.filter(|_| one.kind == MessageKind::Call);
            let answered = answered(scene, asked, one).or(by_then);
            waited = waited.saturating_add(answered.map_or(0, |answered| answered.since(one.sent)));
            by.insert(one.receiver);
        }
        // Four fifths of its time.
        if waited.saturating_mul(5) < call.duration.unwrap_or_default().saturating_mul(4) {
            return false;
        }
    }
    by.len() == 1
}

fn by_function(scene: &Scene<'_>) -> Functions {
    let mut functions = Functions::default();
    for (id, call) in (0..).zip(&scene.ledger.calls) {
        functions.entry(call.function).or_default().push(id);
    }
    functions
}

/// Calls of several processes that were all open at one moment, as many as there are.
fn crowds(scene: &Scene<'_>, calls: &[CallId]) -> Vec<Crowd> {
    let ledger = scene.ledger;
    let (mut crowds, mut crowd, mut until) = (Vec::new(), Crowd::new(), i64::MAX);
    for id in calls {
        let call = ledger.call(*id);
        if call.start.at >= until {
            crowds.push(std::mem::take(&mut crowd));
            until = i64::MAX;
        }
        crowd.push(*id);
        until = until.min(call.end.map_or(call.start.at, |end| end.at));
    }
    crowds.push(crowd);
    crowds.retain(|crowd| processes(scene, crowd) >= FEWEST);
    crowds
}

fn processes(scene: &Scene<'_>, crowd: &[CallId]) -> usize {
    let all: BTreeSet<ProcessId> = crowd.iter().map(|id| scene.ledger.call(*id).process).collect();
    all.len()
}

/// Those of a crowd that were given and made the same; of a result that says something.
fn equal(scene: &Scene<'_>, crowd: &[CallId]) -> Vec<((String, String), Crowd)> {
    let mut groups: BTreeMap<(String, String), Crowd> = BTreeMap::new();
    for id in crowd {
        let (Some(args), Some(result)) = (arguments(scene, *id), result(scene, *id)) else { continue };
        let says = !matches!(Value::read(&result).kind, Form::Atom(_)) && !is_cut(&result) && !is_cut(&args);
        if says {
            groups.entry((args, result)).or_default().push(*id);
        }
    }
    groups.into_iter().filter(|(_, crowd)| processes(scene, crowd) >= FEWEST).collect()
}

fn sign(scene: &Scene<'_>, functions: &Functions, function: Sym, crowd: &[CallId]) -> Option<Sign> {
    let missed: Vec<CallId> = crowd.iter().filter_map(|id| missed(scene, *id)).collect();
    if missed.len() == crowd.len() {
        return missed.first().map(|id| Sign::Missed(*id));
    }
    hit(scene, functions, function, crowd).map(Sign::Hit)
}

/// A call before this one in the same call around, for the same, that found nothing; what this one made is kept.
fn missed(scene: &Scene<'_>, id: CallId) -> Option<CallId> {
    let ledger = scene.ledger;
    let call = ledger.call(id);
    let around = call.parent?;
    let of = &scene.by_process[call.process as usize];
    let begun = of.partition_point(|one| *one <= around);
    // What was made is put where the look-up had found nothing: a call after it is given it.
    let made = result(scene, id)?;
    let after = of[of.partition_point(|one| *one <= id)..].iter().filter(|one| !ledger.is_around(id, **one)).take(16);
    let is_kept = |one: &CallId| {
        ledger.call(*one).parent == Some(around)
            && each_argument(scene, *one).is_some_and(|args| args.iter().any(|arg| arg.contains(&made)))
    };
    if !after.into_iter().any(is_kept) {
        return None;
    }
    let before = of[begun..].iter().take_while(|one| **one < id).take(16);
    // What is done for nothing in particular is not what was looked for.
    let keys = each_argument(scene, id).filter(|keys| !keys.is_empty())?;
    before.copied().find(|one| {
        let is_before = ledger.call(*one).parent == Some(around);
        let looks_for = |args: Vec<String>| keys.iter().all(|key| args.contains(key));
        is_before
            && result(scene, *one).is_some_and(|found| is_nothing(&found))
            && each_argument(scene, *one).is_some_and(looks_for)
    })
}

/// What a look-up gives that finds nothing.
fn is_nothing(found: &str) -> bool {
    const NOTHING: [&str; 10] =
        ["nil", ":error", "[]", ":miss", ":not_found", ":undefined", ":none", "{:ok, nil}", "{:miss, nil}", "%{}"];
    NOTHING.contains(&found) || found.starts_with("{:error, ")
}

/// A call around that gave the same at another time, and called nothing of this.
fn hit(scene: &Scene<'_>, functions: &Functions, function: Sym, crowd: &[CallId]) -> Option<CallId> {
    let ledger = scene.ledger;
    let all = functions.get(&function).map(Vec::as_slice).unwrap_or_default();
    if all.len() > MAX_CALLS {
        return None;
    }
    let around: Vec<CallId> =
        ledger.around(crowd[0]).take(LEVELS).filter(|id| !ledger.call(*id).is_anonymous).collect();
    for outer in around {
        let call = ledger.call(outer);
        if call.callback.is_some() {
            break;
        }
        let (Some(args), Some(made)) = (arguments(scene, outer), result(scene, outer)) else { continue };
        if matches!(Value::read(&made).kind, Form::Atom(_)) {
            continue;
        }
        let of = |function: Sym| functions.get(&function).map(Vec::as_slice).unwrap_or_default().iter().copied();
        let working: HashSet<CallId, FixedState> =
            all.iter().copied().flat_map(|id| ledger.around(id).take(LEVELS)).collect();
        let without = of(call.function).take(MAX_CALLS).filter(|id| !working.contains(id));
        let mut without = without.filter(|id| ledger.call(*id).outcome == Outcome::Returned).take(MAX_READ / 4);
        let is_same = |id: &CallId| {
            result(scene, *id).as_deref() == Some(&*made) && arguments(scene, *id).as_deref() == Some(&*args)
        };
        let is_without = |hit: &CallId| !all.iter().any(|work| ledger.is_around(*hit, *work));
        if let Some(hit) = without.find(is_same).filter(is_without) {
            return Some(hit);
        }
    }
    None
}

fn describe(scene: &Scene<'_>, function: Sym, result: &str, crowds: &[Crowd], sign: &Sign) -> Finding {
    let ledger = scene.ledger;
    let largest = crowds.iter().max_by_key(|crowd| crowd.len()).unwrap_or(&crowds[0]);
    let (first, last) = (ledger.call(crowds[0][0]), ledger.call(largest[largest.len() - 1]));
    let processes = processes(scene, largest);
    let (kept, role, event) = match sign {
        Sign::Missed(id) => {
            let call = ledger.call(*id);
            let kept = Kept::Missed {
                function: terms::home(ledger.text(call.function)),
                called_at: scene.traffic.call_place(call),
                found: brief::cut(&super::told::result(scene, *id).unwrap_or_default(), 40),
                event_id: ledger.text(call.event).to_owned(),
            };
            (kept, "missed", call.event)
        }
        Sign::Hit(id) => {
            let call = ledger.call(*id);
            let function = terms::home(ledger.text(call.function));
            (Kept::Hit { function, event_id: ledger.text(call.event).to_owned() }, "hit", call.event)
        }
    };
    let stampede = Stampede {
        function: ledger.text(function).to_owned(),
        arguments: brief::cut(&each_argument(scene, crowds[0][0]).unwrap_or_default().join(", "), 80),
        result: brief::cut(result, 80),
        processes,
        longest_ns: largest.iter().filter_map(|id| ledger.call(*id).duration).max().unwrap_or_default(),
        times: crowds.len(),
        calls: crowds.iter().map(Vec::len).sum(),
        called_at: scene.traffic.call_place(first),
        kept,
    };
    let confidence = if processes >= MANY { Confidence::High } else { Confidence::Medium };
    Finding::of(Kind::Stampede, confidence, first.start, Found::Stampede(stampede))
        .shown_by("first", first.event)
        .shown_by("last", last.event)
        .shown_by(role, event)
}
