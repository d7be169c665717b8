//! Of the state of a server: what its clients lost to each other.
//!
//! A client reads a value from a server and later sends a value back. When another client's change of that value was
//! handled in between, the value sent back was worked out from a stale one, and taking it as it is loses the change.
//! A server that does the sum itself never takes a value as it is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::basis::{Step, basis};
use super::exchanged::{common_call, is_exact, is_sum, reply};
use crate::analysis::anomalies::finding::{Confidence, Finding};
use crate::analysis::anomalies::kind::Kind;
use crate::analysis::anomalies::scene::Scene;
use crate::analysis::anomalies::told::each_argument;
use crate::analysis::found::{Amount, Did, Found, LostInServer, Process, ReadWrite, Turn};
use crate::analysis::ledger::payload::{Difference, Payload, differences};
use crate::analysis::ledger::{Call, CallId, Callback, MessageId, ProcessId};
use crate::analysis::terms;
use crate::analysis::value::{Value, brief};
use crate::error::Result;

/// Changes of one server looked at; the newest beyond are not.
const MAX_HANDLED: usize = 50_000;

/// Reads of a client kept while it has not written.
const MAX_READS: usize = 8;

/// Numbers that have to be written before nothing but chance can be between them and what was read.
const FEWEST_STEPS: usize = 4;

/// A message a server handled.
struct Handled {
    call: CallId,
    message: MessageId,
    client: ProcessId,
    changed: bool,
}

/// A value of the state, from a change on.
struct Version {
    /// Order of the callback that made it.
    order: u32,
    old: String,
    new: String,
    client: ProcessId,
    call: CallId,
}

/// A write that was worked out from a stale read.
struct Lost {
    path: String,
    read: (CallId, MessageId),
    read_value: String,
    write: (CallId, MessageId),
    written: String,
    /// The other client's change that came between.
    between: CallId,
    /// Whether the read asked for this value and nothing else.
    is_exact: bool,
}

/// Values by their path.
type History = BTreeMap<String, Vec<Version>>;

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    for process in 0..ledger.processes.len() as ProcessId {
        let handled = handled(scene, process);
        let clients: BTreeSet<ProcessId> = handled.iter().filter(|one| one.changed).map(|one| one.client).collect();
        let reads = handled.iter().any(|one| !one.changed);
        // With one writer nobody's change is lost.
        if !reads || clients.is_empty() || handled.iter().map(|one| one.client).collect::<BTreeSet<_>>().len() < 2 {
            continue;
        }
        scene.checked()?;
        let history = history(scene, &handled);
        let lost = lost(scene, &handled, &history)?;
        if let Some(first) = lost.first().filter(|first| !are_readings(scene, &lost, first)) {
            found.push(describe(scene, process, &handled, &lost, first, &history));
        }
    }
    Ok(())
}

fn handled(scene: &Scene<'_>, process: ProcessId) -> Vec<Handled> {
    let ledger = scene.ledger;
    let one = |(call_id, call): (CallId, &Call)| {
        let takes = matches!(call.callback, Some(Callback::Call | Callback::Cast | Callback::Info));
        let message_id = call.message.filter(|_| takes)?;
        let client = ledger.message(message_id).sender?;
        Some(Handled { call: call_id, message: message_id, client, changed: call.change.is_some() })
    };
    scene.calls_of(process).filter_map(one).take(MAX_HANDLED).collect()
}

fn history(scene: &Scene<'_>, handled: &[Handled]) -> History {
    let ledger = scene.ledger;
    let mut history = History::new();
    for one in handled.iter().filter(|one| one.changed) {
        let call = ledger.call(one.call);
        let Some(event) = call.change.and_then(|change| ledger.event(change)) else { continue };
        let payload = Payload::read(event.data());
        for Difference { path, old, new, .. } in differences(payload.state_diff) {
            let absent = || "(absent)".to_owned();
            let version = Version {
                order: call.start.order,
                old: old.unwrap_or_else(absent),
                new: new.unwrap_or_else(absent),
                client: one.client,
                call: one.call,
            };
            history.entry(path).or_default().push(version);
        }
    }
    history
}

/// The value at a path when the callback of this order began; of one after it, with what it changed.
fn value_at(versions: &[Version], order: u32) -> Option<&str> {
    let before = versions.partition_point(|version| version.order < order);
    match before.checked_sub(1) {
        Some(at) => Some(&versions[at].new),
        None => versions.first().map(|version| version.old.as_str()),
    }
}

fn lost(scene: &Scene<'_>, handled: &[Handled], history: &History) -> Result<Vec<Lost>> {
    let ledger = scene.ledger;
    let mut lost = Vec::new();
    // What each client has read since it last wrote.
    let mut reads: HashMap<ProcessId, Vec<&Handled>> = HashMap::new();
    let effective = replies_of_changes(scene, handled);
    for (at, one) in handled.iter().enumerate() {
        if at % 256 == 255 {
            scene.checked()?;
        }
        let message = ledger.message(one.message);
        let of_client = reads.entry(one.client).or_default();
        let content = scene.traffic.whole(message);
        let pattern = Value::read(&content).pattern();
        let writes = one.changed || effective.contains_key(&pattern);
        if !writes {
            of_client.push(one);
            if of_client.len() > MAX_READS {
                of_client.remove(0);
            }
            continue;
        }
        let order = ledger.call(one.call).start.order;
        // A write without effect that the server refused is no write.
        let is_refused = !one.changed
            && reply(scene, message)
                .is_some_and(|reply| effective.get(&pattern).is_none_or(|replies| !replies.contains(&reply)));
        if !is_refused {
            let stale = of_client.iter().rev().find_map(|read| {
                // The reply was there before the write was sent, by the client's clock.
                let reply = ledger.message(read.message).reply.map(|reply| ledger.message(reply));
                let answered =
                    reply.and_then(|reply| if reply.is_across() { reply.received } else { Some(reply.sent) });
                let is_basis = answered.is_some_and(|answered| answered < message.sent);
                if is_basis { stale_write(scene, read, one, order, &content, history) } else { None }
            });
            lost.extend(stale);
        }
        of_client.clear();
    }
    Ok(lost)
}

/// The replies to messages that changed the state, by the messages' pattern.
fn replies_of_changes(scene: &Scene<'_>, handled: &[Handled]) -> BTreeMap<String, BTreeSet<String>> {
    let mut replies: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for one in handled.iter().filter(|one| one.changed) {
        let message = scene.ledger.message(one.message);
        let of_pattern = replies.entry(scene.traffic.pattern(message)).or_default();
        of_pattern.extend(reply(scene, message));
    }
    replies
}

fn stale_write(
    scene: &Scene<'_>,
    read: &Handled,
    write: &Handled,
    order: u32,
    content: &str,
    history: &History,
) -> Option<Lost> {
    let ledger = scene.ledger;
    let answer = reply(scene, ledger.message(read.message))?;
    let read_order = ledger.call(read.call).start.order;
    for (path, versions) in history {
        let (Some(seen), Some(now)) = (value_at(versions, read_order), value_at(versions, order)) else { continue };
        let after = value_at(versions, order + 1).unwrap_or(now);
        // The value was read, another client has changed it since, and what is written is taken as it is.
        if seen == now || !terms::has(&answer, seen) || !terms::has(content, after) || is_sum(now, after, content) {
            continue;
        }
        let between = versions
            .iter()
            .find(|version| version.order > read_order && version.order < order && version.client != write.client);
        if let Some(between) = between {
            return Some(Lost {
                path: path.clone(),
                read: (read.call, read.message),
                read_value: seen.to_owned(),
                write: (write.call, write.message),
                written: after.to_owned(),
                between: between.call,
                is_exact: is_exact(&answer, seen),
            });
        }
    }
    None
}

fn describe(
    scene: &Scene<'_>,
    process: ProcessId,
    handled: &[Handled],
    lost: &[Lost],
    first: &Lost,
    history: &History,
) -> Finding {
    let ledger = scene.ledger;
    let pattern = scene.traffic.pattern(ledger.message(first.write.1));
    let writes = handled.iter().filter(|one| scene.traffic.pattern(ledger.message(one.message)) == pattern).count();
    let (read, write) = (ledger.message(first.read.1), ledger.message(first.write.1));
    let caller = common_call(scene, read, write).map(|call| ledger.call(ledger.named(call)));
    let client = ReadWrite {
        within: caller.map(|call| ledger.text(call.function).to_owned()),
        read_at: scene.traffic.place(read),
        written_at: scene.traffic.place(write),
    };
    // Who read the whole state may have looked at something else of it.
    let confidence = if lost.iter().any(|one| one.is_exact) { Confidence::High } else { Confidence::Medium };
    let found = LostInServer {
        server: Process::of(ledger, process),
        path: first.path.clone(),
        lost: lost.len(),
        write: pattern,
        writes,
        client,
        turns: turns(scene, handled, first),
        amount: amount(lost, first, history),
    };
    let event = |call: CallId| ledger.call(call).event;
    Finding::of(Kind::LostUpdate, confidence, ledger.call(first.read.0).start, Found::LostInServer(found))
        .shown_by("read", event(first.read.0))
        .shown_by("other_write", event(first.between))
        .shown_by("stale_write", event(first.write.0))
        .shown_by("caller", caller.map(|call| call.event))
}

/// Whether numbers were written that nothing shows to be worked out from those that were read, such as what sensors read.
fn are_readings(scene: &Scene<'_>, lost: &[Lost], first: &Lost) -> bool {
    let step = |one: &Lost| {
        let (read, write) = (scene.ledger.message(one.read.1), scene.ledger.message(one.write.1));
        let around = common_call(scene, read, write);
        let given = around.and_then(|call| each_argument(scene, call)).unwrap_or_default();
        Some(Step::new(one.read_value.parse().ok()?, one.written.parse().ok()?, &given))
    };
    let steps: Vec<Step> = lost.iter().filter(|one| one.path == first.path).filter_map(step).collect();
    // Two or three may be anything.
    steps.len() >= FEWEST_STEPS && basis(&steps).is_none()
}

/// The reads and writes of the two clients, in the order they were handled.
fn turns(scene: &Scene<'_>, handled: &[Handled], lost: &Lost) -> Vec<Turn> {
    let ledger = scene.ledger;
    let other = ledger.call(lost.between).message.and_then(|message| ledger.message(message).sender);
    // What the other client had read before its write.
    let other_read = handled.iter().rev().find(|one| {
        Some(one.client) == other
            && !one.changed
            && one.call < lost.between
            && reply(scene, ledger.message(one.message)).is_some()
    });
    let mut calls: Vec<CallId> = vec![lost.read.0, lost.between, lost.write.0];
    calls.extend(other_read.map(|one| one.call));
    calls.sort_unstable();
    calls.dedup();
    let t0 = ledger.call(lost.read.0).start;
    let turn = |call: CallId| {
        let call = ledger.call(call);
        let message = ledger.message(call.message?);
        let answer = if call.change.is_none() { reply(scene, message) } else { None };
        Some(Turn {
            after_ns: call.start.since(t0),
            client: message.sender.map(|client| Process::of(ledger, client)),
            did: Did::Sent {
                message: scene.traffic.content(message, 60),
                answer: answer.map(|answer| brief::cut(&answer, 60)),
            },
            event: ledger.text(call.event).to_owned(),
        })
    };
    calls.into_iter().filter_map(turn).collect()
}

/// What the lost updates would have amounted to, where they are numbers.
fn amount(lost: &[Lost], first: &Lost, history: &History) -> Option<Amount> {
    let number = |text: &str| text.parse::<i64>().ok();
    let meant = |one: &Lost| Some(number(&one.written)?.saturating_sub(number(&one.read_value)?));
    let by = lost.iter().filter(|one| one.path == first.path).map(meant).sum::<Option<i64>>()?;
    let newest = history.get(&first.path)?.last()?;
    Some(Amount { by, last: newest.new.clone() })
}
