//! Of the state of an `Agent`: what its clients lost to each other.
//!
//! An `Agent` calls the functions it is sent, each with its state: what the state was and what was made of it are known.
//! The values a function was made with stand behind the state in its arguments. A function that puts one of these in
//! place of what another client has changed since its maker read it takes no notice of that change.

use std::collections::HashMap;

use super::basis::{Basis, Clash, How, Step, at, basis, clashes, number_at, rounded, worked_out};
use super::exchanged::{common_call, is_exact, is_sum};
use super::ops::{Change, Op, agents};
use super::table::FEWEST_ALONE;
use crate::analysis::anomalies::finding::{Confidence, Finding};
use crate::analysis::anomalies::kind::Kind;
use crate::analysis::anomalies::scene::Scene;
use crate::analysis::anomalies::told::each_argument;
use crate::analysis::found::{Did, Found, LostInAgent, Process, ReadWrite, Turn};
use crate::analysis::ledger::{CallId, Outcome, ProcessId, bare};
use crate::analysis::terms;
use crate::analysis::value::{Value, brief};
use crate::error::Result;

/// Reads of a client kept while it has not written.
const MAX_READS: usize = 8;

/// Reads, each with the write after it, whose values are compared.
const MAX_COUPLES: usize = 500;

/// Changes after a read that are asked whether they made it stale.
const MAX_BETWEEN: usize = 16;

/// Reads of what was written that are asked for a write after them.
const MAX_LOOKS: usize = 64;

/// A read and the next write of its client, by their places among all.
struct Couple {
    read: usize,
    write: usize,
    answer: String,
    /// The state that was read.
    seen: String,
    change: Change,
}

/// A write that took no notice of another's change.
struct Stale<'c> {
    couple: &'c Couple,
    clash: Clash,
    between: usize,
}

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    for (agent, ops) in agents(scene) {
        scene.checked()?;
        let couples = couples(scene, &ops);
        let stale = stale(scene, &ops, &couples);
        let Some(first) = stale.first() else { continue };
        let basis = match first.clash.how {
            How::Number => {
                let Some(basis) = basis(&steps(scene, &ops, &couples, &first.clash.path)) else { continue };
                if matches!(basis, Basis::Alone(_)) && (stale.len() < FEWEST_ALONE || is_set(scene, &ops, &stale)) {
                    continue;
                }
                Some(basis)
            }
            How::Added | How::Reverted => None,
        };
        found.push(describe(scene, agent, &ops, &stale, basis));
    }
    Ok(())
}

/// Reads with the writes after them; where another wrote between first.
fn couples(scene: &Scene<'_>, ops: &[Op]) -> Vec<Couple> {
    let ledger = scene.ledger;
    let mut reads: HashMap<ProcessId, Vec<usize>> = HashMap::new();
    let (mut overtaken, mut alone) = (Vec::new(), Vec::new());
    for (write, op) in ops.iter().enumerate() {
        let of_client = reads.entry(op.client).or_default();
        if !op.writes() {
            of_client.push(write);
            if of_client.len() > MAX_READS {
                of_client.remove(0);
            }
            continue;
        }
        let sent = ledger.message(op.message).sent;
        let is_basis = |read: &usize| {
            let reply = ledger.message(ops[*read].message).reply.map(|reply| ledger.message(reply));
            // By the client's clock.
            let answered = reply.and_then(|reply| if reply.is_across() { reply.received } else { Some(reply.sent) });
            answered.is_some_and(|answered| answered < sent)
        };
        if let Some(read) = of_client.iter().rev().copied().find(is_basis) {
            let is_other = |between: &Op| between.writes() && between.client != op.client;
            let of = if ops[read..write].iter().any(is_other) { &mut overtaken } else { &mut alone };
            of.push((read, write));
        }
        of_client.clear();
    }
    if overtaken.is_empty() {
        return Vec::new();
    }
    let read = |(read, write): (usize, usize)| {
        let answer = ops[read].answer(scene)?;
        let seen = ops[read].change(scene)?.before;
        Some(Couple { read, write, answer, seen, change: ops[write].change(scene)? })
    };
    overtaken.into_iter().chain(alone).take(MAX_COUPLES).filter_map(read).collect()
}

/// Writes that undid another's change, of the way and the place of which there are most.
fn stale<'c>(scene: &Scene<'_>, ops: &[Op], couples: &'c [Couple]) -> Vec<Stale<'c>> {
    let mut ways: Vec<Vec<Stale<'c>>> = Vec::new();
    for couple in couples {
        for clash in clashes(&couple.seen, &couple.change.before, &couple.change.after) {
            if !is_put(couple, &clash) {
                continue;
            }
            let Some(between) = between(scene, ops, couple, &clash.path) else { continue };
            let is_like = |way: &&mut Vec<Stale<'_>>| way[0].clash.how == clash.how && way[0].clash.path == clash.path;
            let stale = |clash| Stale { couple, clash, between };
            match ways.iter_mut().find(is_like) {
                Some(way) => way.push(stale(clash)),
                None => ways.push(vec![stale(clash)]),
            }
        }
    }
    let of_numbers = |way: &Vec<Stale<'_>>| way[0].clash.how == How::Number;
    ways.into_iter().max_by_key(|way| (of_numbers(way), way.len())).unwrap_or_default()
}

/// Whether the client read the value, and its function put another in its place that it was made with.
fn is_put(couple: &Couple, clash: &Clash) -> bool {
    let Couple { answer, seen, change, .. } = couple;
    let given = &change.given;
    let is_replaced = answer == seen && given.contains(&change.after);
    match clash.how {
        How::Reverted => is_replaced,
        How::Added => is_replaced || is_exact(answer, &clash.read) && given.contains(&clash.written),
        How::Number => {
            // Where nothing changed it may be some other value that was put.
            let is_here = clash.written != clash.now || is_named(&clash.path, given);
            (answer == seen || is_exact(answer, &clash.read))
                && given.iter().any(|given| terms::has(given, &clash.written))
                && (is_replaced || is_here)
                && !is_sum(&clash.now, &clash.written, &given.join(", "))
        }
    }
}

/// Whether the last key of a path was given, or there is none.
fn is_named(path: &str, given: &[String]) -> bool {
    let is_last = |key: &String| {
        path.ends_with(&format!("[{key}]")) || path == bare(key) || path.ends_with(&format!(".{}", bare(key)))
    };
    path.is_empty() || given.iter().any(is_last)
}

/// The first change of another at this path between read and write.
fn between(scene: &Scene<'_>, ops: &[Op], couple: &Couple, path: &str) -> Option<usize> {
    let client = ops[couple.write].client;
    let others = (couple.read + 1..couple.write).filter(|at| ops[*at].writes() && ops[*at].client != client);
    others.take(MAX_BETWEEN).find(|op| {
        ops[*op].change(scene).is_some_and(|change| {
            let (before, after) = (Value::read(&change.before), Value::read(&change.after));
            at(&before, path).map(|value| value.text) != at(&after, path).map(|value| value.text)
        })
    })
}

/// The call of the client around a read and its write.
fn around(scene: &Scene<'_>, ops: &[Op], couple: &Couple) -> Option<CallId> {
    let message = |op: usize| scene.ledger.message(ops[op].message);
    common_call(scene, message(couple.read), message(couple.write))
}

/// Numbers at a path that were read and replaced by others the functions were made with.
fn steps(scene: &Scene<'_>, ops: &[Op], couples: &[Couple], path: &str) -> Vec<Step> {
    let step = |couple: &Couple| {
        let (from, to) = (number_at(&couple.seen, path)?, number_at(&couple.change.after, path)?);
        let after = Value::read(&couple.change.after);
        let put = at(&after, path)?.text;
        let is_put = couple.change.given.iter().any(|given| terms::has(given, put)) && from.to_bits() != to.to_bits();
        let given = around(scene, ops, couple).and_then(|call| each_argument(scene, call)).unwrap_or_default();
        is_put.then(|| Step::new(from, to, &given))
    };
    couples.iter().filter_map(step).collect()
}

/// Whether who reads what was written leaves it as it is: then it is the same for all.
fn is_set(scene: &Scene<'_>, ops: &[Op], stale: &[Stale<'_>]) -> bool {
    let ledger = scene.ledger;
    let Some(function) = around(scene, ops, stale[0].couple).map(|call| ledger.call(call).function) else {
        return true;
    };
    let chain = |op: &Op| {
        let sent_in = ledger.message(op.message).sent_in;
        sent_in.into_iter().flat_map(|call| std::iter::once(call).chain(ledger.around(call)))
    };
    let has_read =
        |read: &&Op| read.answer(scene).is_some_and(|told| stale.iter().any(|one| is_exact(&told, &one.clash.written)));
    let looks = ops.iter().filter(|op| !op.writes()).filter_map(|read| {
        let call = chain(read).find(|call| ledger.call(*call).function == function)?;
        (ledger.call(call).outcome == Outcome::Returned).then_some((read, call))
    });
    looks.filter(|(read, _)| has_read(read)).take(MAX_LOOKS).any(|(read, call)| {
        !ops.iter().any(|op| op.client == read.client && op.writes() && chain(op).any(|of| of == call))
    })
}

fn describe(scene: &Scene<'_>, agent: ProcessId, ops: &[Op], stale: &[Stale<'_>], basis: Option<Basis>) -> Finding {
    let ledger = scene.ledger;
    let Stale { couple, clash, between } = &stale[0];
    let (read, write) = (ledger.message(ops[couple.read].message), ledger.message(ops[couple.write].message));
    let caller = common_call(scene, read, write).map(|call| ledger.call(ledger.named(call)));
    let client = ReadWrite {
        within: caller.map(|call| terms::home(ledger.text(call.function))),
        read_at: scene.traffic.place(read),
        written_at: scene.traffic.place(write),
    };
    let worked_out = worked_out(basis, clash);
    let confidence = if worked_out.may_be_meant() { Confidence::Medium } else { Confidence::High };
    let meant = |one: &Stale<'_>| {
        Some(number_at(&one.couple.change.after, &clash.path)? - number_at(&one.couple.seen, &clash.path)?)
    };
    let found = LostInAgent {
        agent: Process::of(ledger, agent),
        path: clash.path.clone(),
        lost: stale.len(),
        writes: ops.iter().filter(|op| op.writes()).count(),
        client,
        turns: turns(scene, ops, &stale[0]),
        worked_out,
        by: stale.iter().map(meant).sum::<Option<f64>>().map(rounded),
    };
    let event = |op: usize| ledger.call(ops[op].call).event;
    let start = ledger.call(ops[couple.read].call).start;
    Finding::of(Kind::LostUpdate, confidence, start, Found::LostInAgent(found))
        .shown_by("read", event(couple.read))
        .shown_by("other_write", event(*between))
        .shown_by("stale_write", event(couple.write))
        .shown_by("caller", caller.map(|call| call.event))
}

/// The reads and writes of the two clients, in the order the agent was at them.
fn turns(scene: &Scene<'_>, ops: &[Op], Stale { couple, clash, between }: &Stale<'_>) -> Vec<Turn> {
    let ledger = scene.ledger;
    // What the other had read before its write.
    let other = ops[*between].client;
    let other_read = ops[..*between].iter().rposition(|op| op.client == other && !op.writes());
    let mut told: Vec<usize> =
        [Some(couple.read), other_read, Some(*between), Some(couple.write)].into_iter().flatten().collect();
    told.sort_unstable();
    let Some(first) = told.first() else { return Vec::new() };
    let t0 = ledger.call(ops[*first].call).start;
    let did = |op: &Op| {
        let function = terms::home(ledger.text(ledger.call(op.call).function));
        match op.change(scene).filter(|_| op.writes()) {
            Some(change) => {
                let (before, after) = (Value::read(&change.before), Value::read(&change.after));
                let text = |value: &Value<'_>| at(value, &clash.path).map(|value| brief::cut(value.text, 60));
                Did::Changed { function, from: text(&before), to: text(&after) }
            }
            None => Did::Ran { function, answer: op.answer(scene).map(|answer| brief::cut(&answer, 60)) },
        }
    };
    let turn = |op: &Op| Turn {
        after_ns: ledger.call(op.call).start.since(t0),
        client: Some(Process::of(ledger, op.client)),
        did: did(op),
        event: ledger.text(ledger.call(op.call).event).to_owned(),
    };
    told.into_iter().map(|op| turn(&ops[op])).collect()
}
