//! Which news was overtaken by later news, so that the older one stands?
//!
//! A process hands each message it gets to a process it starts for it, and these tell a third: the order in which they
//! were handed on is lost. It shows where the older of two changes a part of the third one's state that the newer had
//! set: what stands there is what one of them said, and then what the other did.
//!
//! What it cannot see: a third process whose state is not told, such as one without callbacks, or a table; values that
//! do not stand in the message as they do in the state; order that matters elsewhere, such as in a log; messages that
//! go two ways through processes that live on; processes started in one go, which have no order; two that were asked
//! for by two others.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

use super::finding::{Confidence, Finding};
use super::handed::{Cause, Handed, Starts};
use super::kind::Kind;
use super::scene::Scene;
use crate::analysis::found::{Found, Overtaken, Process};
use crate::analysis::ledger::payload::{Difference, Payload, differences};
use crate::analysis::ledger::{Call, CallId, MessageId, Moment, ProcessId, Sym};
use crate::analysis::terms::has;
use crate::analysis::value::{Kind as Form, Value, brief, is_cut};
use crate::error::Result;

/// Messages of one origin to one receiver that are read.
const MAX_READ: usize = 2_000;

/// Messages that are read in all.
const MAX_IN_ALL: usize = 20_000;

/// Parts of a message that are compared.
const MAX_LEAVES: usize = 64;

/// Changes looked through for one of what stands there, and the calls among which they are.
const MAX_LATER: usize = 64;
const MAX_CALLS: usize = 10_000;

/// What is too long to be a value that is set.
const MAX_VALUE: usize = 2_000;

/// A message of a process that was started for it.
#[derive(Clone, Copy)]
struct Passed {
    message: MessageId,
    handed: Handed,
    /// Who told its sender something before.
    told_by: Option<ProcessId>,
    /// When its receiver handled it.
    taken: Moment,
    change: Sym,
}

/// What came by way of one process, and whether there is more that was not read.
struct Origin {
    passed: Vec<Passed>,
    is_cut: bool,
}

/// What it said and what it changed.
struct Shown {
    content: String,
    pattern: String,
    differences: Vec<Difference>,
    rank: usize,
    passed: Passed,
}

/// The newer, and the older that came after it, at a path.
struct Pair {
    newer: usize,
    older: usize,
    difference: usize,
    confidence: Confidence,
    /// What each said was said to the one who passed it on.
    is_passed_on: bool,
}

/// Which of the messages set what stands at each path last.
type Set<'s> = HashMap<&'s str, usize, FixedState>;

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let starts = OnceCell::new();
    let mut left = MAX_IN_ALL;
    for ((_, receiver), mut passed) in groups(scene) {
        passed.sort_by_key(|one| one.handed.at);
        // A supervisor starts what one process asks for in that order.
        if passed.windows(2).all(|pair| pair[0].taken < pair[1].taken) {
            continue;
        }
        scene.checked()?;
        let starts = starts.get_or_init(|| Starts::of(scene));
        let is_cut = passed.len() > MAX_READ.min(left);
        passed.truncate(MAX_READ.min(left));
        left -= passed.len();
        let mut by_origin: BTreeMap<ProcessId, Vec<Passed>> = BTreeMap::new();
        for one in passed {
            let sender = scene.ledger.message(one.message).sender;
            let handed = sender.and_then(|sender| starts.handed(scene, sender)).unwrap_or(one.handed);
            // It may be told what to do by who had it started, as a task is.
            if one.told_by.is_none_or(|by| by == handed.by || by == one.handed.by) {
                by_origin.entry(handed.by).or_default().push(Passed { handed, ..one });
            }
        }
        // Who is told what it had started is not a third.
        by_origin.remove(&receiver);
        for (by, passed) in by_origin {
            told(scene, starts, (by, receiver), Origin { passed, is_cut }, found);
        }
    }
    Ok(())
}

fn told(
    scene: &Scene<'_>,
    starts: &Starts,
    (by, receiver): (ProcessId, ProcessId),
    Origin { mut passed, is_cut }: Origin,
    found: &mut Vec<Finding>,
) {
    passed.sort_by_key(|one| one.handed.at);
    let mut shown: Vec<Shown> = passed.iter().enumerate().filter_map(|(rank, one)| show(scene, rank, *one)).collect();
    shown.sort_by_key(|one| one.passed.taken);
    let (pairs, last) = pairs(scene, starts, &shown);
    let mut by_pattern: BTreeMap<&str, Vec<&Pair>> = BTreeMap::new();
    for pair in &pairs {
        by_pattern.entry(&shown[pair.older].pattern).or_default().push(pair);
    }
    for (pattern, pairs) in by_pattern {
        let told = describe(scene, (by, receiver), pattern, &shown, &pairs, &last, is_cut);
        found.extend(told);
    }
}

/// By their parent and whom they told: processes that told one thing and were told one at most.
fn groups(scene: &Scene<'_>) -> BTreeMap<(ProcessId, ProcessId), Vec<Passed>> {
    let ledger = scene.ledger;
    let mut told: HashMap<(ProcessId, ProcessId), (MessageId, usize), FixedState> = HashMap::default();
    let mut took: Vec<(usize, Option<ProcessId>)> = vec![(0, None); ledger.processes.len()];
    for (id, message) in (0..).zip(&ledger.messages) {
        let (true, Some(receiver)) = (message.kind.is_for_callback(), message.receiver) else { continue };
        let (taken, by) = &mut took[receiver as usize];
        (*taken, *by) = (*taken + 1, message.sender);
        if let Some(sender) = message.sender.filter(|sender| *sender != receiver && is_started(scene, *sender)) {
            told.entry((sender, receiver)).or_insert((id, 0)).1 += 1;
        }
    }
    let mut groups: BTreeMap<(ProcessId, ProcessId), Vec<Passed>> = BTreeMap::new();
    for ((sender, receiver), (id, times)) in told {
        let (message, of) = (ledger.message(id), ledger.process(sender));
        let (Some(parent), Some((at, _)), Some(call)) = (of.parent, of.spawn, message.handled) else { continue };
        let Some(change) = ledger.call(call).change else { continue };
        // Clocks of two nodes do not tell an order.
        let (taken, told_by) = took[sender as usize];
        let is_for_it = taken == 0 || taken == 1 && told_by.is_some();
        if times == 1 && is_for_it && !message.is_across() && parent != receiver {
            let handed = Handed { by: parent, at };
            let passed = Passed { message: id, handed, told_by, taken: ledger.call(call).start, change };
            groups.entry((parent, receiver)).or_default().push(passed);
        }
    }
    groups
}

/// Whether it is a process without a name and a behaviour whose start was recorded.
fn is_started(scene: &Scene<'_>, process: ProcessId) -> bool {
    let of = scene.ledger.process(process);
    of.spawn.is_some() && of.parent.is_some() && of.name.is_none() && of.spawned.is_none()
}

fn show(scene: &Scene<'_>, rank: usize, passed: Passed) -> Option<Shown> {
    let content = scene.traffic.whole(scene.ledger.message(passed.message));
    if content.is_empty() || is_cut(&content) {
        return None;
    }
    let event = scene.ledger.event(passed.change)?;
    let differences = differences(Payload::read(event.data()).state_diff);
    let pattern = Value::read(&content).pattern();
    Some(Shown { content, pattern, differences, rank, passed })
}

/// Messages by which something was set back, in the order they were handled, and who set each path last.
fn pairs<'s>(scene: &Scene<'_>, starts: &Starts, shown: &'s [Shown]) -> (Vec<Pair>, Set<'s>) {
    let mut set = Set::default();
    let mut pairs = Vec::new();
    for (at, older) in shown.iter().enumerate() {
        for (difference, one) in older.differences.iter().enumerate() {
            let newer = last_set(&set, &one.path).filter(|newer| shown[*newer].rank > older.rank);
            let Some(newer) = newer else { continue };
            if shown[newer].pattern == older.pattern && is_set_back(&shown[newer], older, one) {
                let confidence = confidence(scene, starts, &shown[newer], older, one);
                pairs.extend(confidence.map(|(confidence, is_passed_on)| Pair {
                    newer,
                    older: at,
                    difference,
                    confidence,
                    is_passed_on,
                }));
                break;
            }
        }
        for one in &older.differences {
            set.insert(&one.path, at);
        }
    }
    (pairs, set)
}

/// Who set what stands at a path, or around it, last.
fn last_set(set: &Set<'_>, path: &str) -> Option<usize> {
    let ends = path.char_indices().filter(|(_, c)| matches!(c, '.' | '[')).map(|(at, _)| at);
    ends.chain([path.len()]).filter_map(|end| set.get(&path[..end]).copied()).max()
}

/// Whether what the newer had said stood there, and what the older says stands there now.
fn is_set_back(newer: &Shown, older: &Shown, at: &Difference) -> bool {
    let (Some(old), Some(new)) = (at.old.as_deref(), at.new.as_deref()) else { return false };
    let is_value = |text: &str| text.len() <= MAX_VALUE && !is_cut(text);
    is_value(old) && is_value(new) && has(&newer.content, old) && has(&older.content, new)
}

/// How sure it is that their order matters, and whether what stood there was passed on. `None`: nothing says that they
/// have one.
fn confidence(
    scene: &Scene<'_>,
    starts: &Starts,
    newer: &Shown,
    older: &Shown,
    at: &Difference,
) -> Option<(Confidence, bool)> {
    let (old, new) = (at.old.as_deref()?, at.new.as_deref()?);
    let key = key(newer, older, &at.path);
    let part = key.as_deref().unwrap_or_default();
    let later = starts.order(scene, newer.passed.handed, &[part, old])?;
    let first = starts.order(scene, older.passed.handed, &[part, new])?;
    // What was started in one go is in no order, nor is what two asked for.
    if later.cause == first.cause || later.who != first.who {
        return None;
    }
    let is_message = !matches!(later.cause, Cause::Call(_)) && !matches!(first.cause, Cause::Call(_));
    let is_about = |text: &str| has(&later.said, text) && has(&first.said, text);
    let is_passed_on = has(&later.said, old) && has(&first.said, new);
    let is_round = is_message && later.who.is_none() && later.said == first.said;
    let confidence = match key {
        Some(key) if is_passed_on && is_message && is_about(&key) => {
            if later.who.is_some() {
                Confidence::High
            } else {
                Confidence::Medium
            }
        }
        // A call that starts a process may as well start one of many that race on purpose.
        Some(key) if is_passed_on && is_about(&key) => Confidence::Low,
        // What was worked out on the way may be newer in the process that was started first.
        Some(key) if is_round || is_message && is_about(&key) => Confidence::Low,
        // All that each of them changes is set anew by the other.
        None if is_passed_on && is_message && is_one_value(newer, older) => Confidence::Medium,
        _ => return None,
    };
    Some((confidence, is_passed_on))
}

/// A part that both have in the same place and that is a key of the path: whose value it is.
fn key(newer: &Shown, older: &Shown, path: &str) -> Option<String> {
    let (newer, older) = (Value::read(&newer.content), Value::read(&older.content));
    let (newer, older) = (newer.leaves(MAX_LEAVES), older.leaves(MAX_LEAVES));
    let of_path = |text: &str| {
        let bare = text.strip_prefix(':').unwrap_or(text);
        path.split(['.', '[', ']']).any(|step| step == text || step == bare) || path.contains(&format!("[{text}]"))
    };
    let same = older.iter().skip(1).filter(|(at, leaf)| {
        newer.iter().any(|(other, value)| other == at && value.text == leaf.text)
            && !matches!(leaf.kind, Form::Atom("nil" | "true" | "false"))
    });
    same.map(|(_, leaf)| leaf.text).find(|text| of_path(text)).map(str::to_owned)
}

/// Whether each changes the same parts, to what it says.
fn is_one_value(newer: &Shown, older: &Shown) -> bool {
    // An atom may be worked out, such as a name for a range; a number may count messages.
    let is_atom = |new: &str| matches!(Value::read(new).kind, Form::Atom(_));
    let sets = |shown: &Shown, one: &Difference| {
        one.new.as_deref().is_some_and(|new| has(&shown.content, new) || one.old.is_some() && is_atom(new))
    };
    let all = |shown: &Shown| shown.differences.iter().all(|one| sets(shown, one));
    let is_among = |one: &Difference| newer.differences.iter().any(|other| other.path == one.path);
    all(newer) && all(older) && older.differences.iter().all(is_among)
}

/// Whether nothing has changed what stands at a path since.
fn stands(scene: &Scene<'_>, receiver: ProcessId, since: &Shown, path: &str) -> bool {
    let ledger = scene.ledger;
    let calls = &scene.by_process[receiver as usize];
    // What a callback did that is not told is not known, nor what came after a seam.
    let is_seen = |call: &Call| {
        let left_out = ledger.left_out.iter().any(|left| {
            left.may_miss(ledger.text(ledger.process(receiver).session), call.start.at, |of| {
                of == ledger.text(call.function)
            })
        });
        call.end.is_some() && !left_out
    };
    if scene.has_seam(receiver, since.passed.taken.at, i64::MAX) {
        return false;
    }
    let later = &calls[calls.partition_point(|id| ledger.call(*id).start <= since.passed.taken)..];
    let mut changes = later.iter().filter_map(|id| ledger.call(*id).change);
    let is_untouched = |change: Sym| {
        let Some(event) = ledger.event(change) else { return false };
        let differences = differences(Payload::read(event.data()).state_diff);
        let touches = |one: &Difference| one.path.starts_with(path) || path.starts_with(&one.path);
        !differences.is_empty() && !differences.iter().any(touches)
    };
    let are_seen = |id: &CallId| ledger.call(*id).callback.is_none() || is_seen(ledger.call(*id));
    later.len() <= MAX_CALLS
        && later.iter().all(are_seen)
        && changes.by_ref().take(MAX_LATER).all(is_untouched)
        && changes.next().is_none()
}

fn describe(
    scene: &Scene<'_>,
    (by, receiver): (ProcessId, ProcessId),
    pattern: &str,
    shown: &[Shown],
    pairs: &[&Pair],
    last: &Set<'_>,
    is_cut: bool,
) -> Option<Finding> {
    let ledger = scene.ledger;
    let surest = pairs.iter().map(|pair| pair.confidence).max()?;
    let pair = pairs.iter().find(|pair| pair.confidence == surest)?;
    let (newer, older) = (&shown[pair.newer], &shown[pair.older]);
    let difference = &older.differences[pair.difference];
    let alike = pairs.iter().filter(|one| one.is_passed_on == pair.is_passed_on);
    let stands = alike.clone().take(MAX_LATER).filter(|pair| {
        let path = &*shown[pair.older].differences[pair.difference].path;
        last.get(path) == Some(&pair.older) && stands(scene, receiver, &shown[pair.older], path)
    });
    let message = |shown: &Shown| ledger.message(shown.passed.message);
    let spawner = |shown: &Shown| ledger.process(message(shown).sender?).parent;
    let spawn = |shown: &Shown| Some(ledger.process(message(shown).sender?).spawn?.1);
    let overtaken = Overtaken {
        receiver: Process::of(ledger, receiver),
        by: Process::of(ledger, by),
        pattern: pattern.to_owned(),
        times: alike.count(),
        handed: shown.iter().filter(|one| one.pattern == pattern).count(),
        path: difference.path.clone(),
        newer: brief::cut(&newer.content, 80),
        older: brief::cut(&older.content, 80),
        was: brief::cut(difference.old.as_deref()?, 60),
        is: brief::cut(difference.new.as_deref()?, 60),
        handed_apart_ns: newer.passed.handed.at.since(older.passed.handed.at),
        is_least: is_cut,
        // What was not read may have changed it.
        stands: if is_cut { 0 } else { stands.count() },
        is_passed_on: pair.is_passed_on,
        is_asked_for: spawner(older) != Some(by) || spawner(newer) != Some(by),
        sent: scene.traffic.place(message(older)),
    };
    let finding = Finding::of(Kind::Overtaken, surest, older.passed.taken, Found::Overtaken(Box::new(overtaken)))
        .shown_by("older_started", spawn(older))
        .shown_by("newer_started", spawn(newer))
        .shown_by("newer", message(newer).event)
        .shown_by("older", message(older).event)
        .shown_by("set_back", older.passed.change);
    Some(finding)
}
