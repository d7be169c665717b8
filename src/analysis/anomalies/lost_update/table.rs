//! Of what two functions read and write, such as a value in a table: what processes lost to each other.
//!
//! One process reads it, another writes it, and then the first writes what it worked out from what it had read. That the
//! two functions read and write one value shows in the reads of others; that what is written comes from what was read
//! shows in numbers, which differ by what a call was given or always by as much, and in lists and maps, which hold the
//! rest. A result that is kept by all who missed it, a flag and a value that is replaced show nothing of the kind.

use std::collections::{BTreeMap, HashSet};

use super::basis::{Basis, Clash, How, Step, basis, clashes, number_at, rounded, worked_out};
use super::confirm::{Reads, end, shared};
use super::pairs::{Pair, made, pairs};
use crate::analysis::anomalies::finding::{Confidence, Finding};
use crate::analysis::anomalies::kind::Kind;
use crate::analysis::anomalies::scene::Scene;
use crate::analysis::anomalies::told::each_argument;
use crate::analysis::found::{Did, Found, Later, LostInTable, Place, Process, ReadWrite, Turn};
use crate::analysis::ledger::{Call, CallId, Outcome, Sym};
use crate::analysis::terms;
use crate::analysis::value::brief;
use crate::error::Result;

/// Numbers that are compared with what calls were given.
const MAX_STEPS: usize = 100;

/// Keys of two functions that are asked for reads.
const MAX_KEYS: usize = 4;

/// So many writes of one number, one above what all had read, are taken for a count.
pub(super) const FEWEST_ALONE: usize = 3;

/// A write that another had overtaken, and that other.
struct Stale<'p> {
    pair: &'p Pair,
    other: &'p Pair,
    clash: Clash,
}

struct Lost<'p> {
    /// Of one key, in the order of their writes.
    pairs: Vec<&'p Pair>,
    stale: Vec<Stale<'p>>,
    /// `None`: what was read is among what was written.
    basis: Option<Basis>,
    reads: Reads,
    /// Other keys of which the like is known.
    keys: usize,
}

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let pairs = pairs(scene)?;
    let mut all = Vec::new();
    for ((reader, _), pairs) in &pairs {
        scene.checked()?;
        all.extend(lost(scene, *reader, pairs));
    }
    // Of several functions that fit a read or a write, one is told.
    let module = |call: CallId| {
        let function = scene.ledger.text(scene.ledger.call(call).function);
        function.rsplit_once('.').map(|(module, _)| module)
    };
    all.sort_by_key(|lost| {
        let first = lost.stale[0].pair;
        (std::cmp::Reverse(lost.stale.len()), module(first.read) != module(first.write))
    });
    let mut told: HashSet<CallId> = HashSet::new();
    for lost in all {
        let calls = || lost.pairs.iter().flat_map(|pair| [pair.read, pair.write]);
        if !calls().any(|call| told.contains(&call)) {
            told.extend(calls());
            found.push(describe(scene, &lost));
        }
    }
    Ok(())
}

fn lost<'p>(scene: &Scene<'_>, reader: Sym, pairs: &'p [Pair]) -> Option<Lost<'p>> {
    let mut by_key: BTreeMap<_, Vec<&Pair>> = BTreeMap::new();
    for pair in pairs {
        let process = scene.ledger.process(pair.process);
        by_key.entry((process.session, process.node, &pair.key)).or_default().push(pair);
    }
    let mut keys: Vec<(Vec<&Pair>, Vec<Stale<'_>>)> = Vec::new();
    for (_, mut pairs) in by_key {
        pairs.sort_by_key(|pair| end(scene, pair.write));
        let stale = stale(scene, &pairs);
        if !stale.is_empty() {
            keys.push((pairs, stale));
        }
    }
    keys.sort_by_key(|(_, stale)| std::cmp::Reverse(stale.len()));
    let read = |(of_key, stale): (Vec<&'p Pair>, Vec<Stale<'p>>)| {
        let reads = shared(scene, reader, &of_key)?;
        Some((of_key, stale, reads))
    };
    let mut keys: Vec<_> = keys.into_iter().take(MAX_KEYS).filter_map(read).collect();
    if keys.is_empty() {
        return None;
    }
    let (of_key, stale, reads) = keys.remove(0);
    let Clash { path, how, .. } = &stale[0].clash;
    let basis = match how {
        How::Number => {
            let rest = pairs.iter().filter(|pair| pair.key != of_key[0].key);
            let all = of_key.iter().copied().chain(rest).take(MAX_STEPS);
            let basis = basis(&all.filter_map(|pair| step(scene, pair, path)).collect::<Vec<_>>())?;
            let may_be_set = || stale.len() < FEWEST_ALONE || is_set(scene, &stale, &reads);
            if matches!(basis, Basis::Alone(_)) && may_be_set() {
                return None;
            }
            Some(basis)
        }
        How::Added | How::Reverted if stale.iter().any(|one| is_from_elsewhere(scene, one.pair)) => return None,
        How::Added | How::Reverted => None,
    };
    let is_alike = |stale: &[Stale<'_>]| stale[0].clash.how == *how && stale[0].clash.path == *path;
    let keys = keys.iter().filter(|(_, stale, _)| is_alike(stale)).count();
    Some(Lost { pairs: of_key, stale, basis, reads, keys })
}

/// Writes that another process had overtaken, of the way of which there are most.
fn stale<'p>(scene: &Scene<'_>, pairs: &[&'p Pair]) -> Vec<Stale<'p>> {
    let start = |call: CallId| scene.ledger.call(call).start;
    let mut ways: Vec<Vec<Stale<'p>>> = Vec::new();
    for (at, pair) in pairs.iter().enumerate() {
        let read = end(scene, pair.read);
        // What was written between this read and this write, for sure.
        let between = pairs[..at].iter().rev().take_while(|other| end(scene, other.write) > read);
        let other = between
            .filter(|other| start(other.write) > read && end(scene, other.write) < start(pair.write))
            .find(|other| other.process != pair.process);
        let Some(other) = other else { continue };
        for clash in clashes(&pair.from, &other.to, &pair.to) {
            let is_like = |way: &&mut Vec<Stale<'_>>| way[0].clash.how == clash.how && way[0].clash.path == clash.path;
            let stale = |clash| Stale { pair, other, clash };
            match ways.iter_mut().find(is_like) {
                Some(way) => way.push(stale(clash)),
                None => ways.push(vec![stale(clash)]),
            }
        }
    }
    let of_numbers = |way: &Vec<Stale<'_>>| way[0].clash.how == How::Number;
    ways.into_iter().max_by_key(|way| (of_numbers(way), way.len())).unwrap_or_default()
}

fn given(scene: &Scene<'_>, pair: &Pair) -> Vec<String> {
    let parent = scene.ledger.call(pair.write).parent;
    parent.and_then(|parent| each_argument(scene, parent)).unwrap_or_default()
}

fn step(scene: &Scene<'_>, pair: &Pair, path: &str) -> Option<Step> {
    let (from, to) = (number_at(&pair.from, path)?, number_at(&pair.to, path)?);
    let made = made(scene, pair);
    let step = Step { made, ..Step::new(from, to, &given(scene, pair)) };
    // What was changed elsewhere in the value is no step here.
    (from.to_bits() != to.to_bits()).then_some(step)
}

/// Whether what was written was there without what had been read.
fn is_from_elsewhere(scene: &Scene<'_>, pair: &Pair) -> bool {
    made(scene, pair) == Some(false) || given(scene, pair).iter().any(|given| given.contains(&*pair.to))
}

/// Whether who reads what was written leaves it as it is: then it is the same for all.
fn is_set(scene: &Scene<'_>, stale: &[Stale<'_>], reads: &Reads) -> bool {
    let ledger = scene.ledger;
    let parent = |call: CallId| ledger.call(call).parent.map(|parent| ledger.call(parent));
    let function = parent(stale[0].pair.write).map(|call| call.function);
    reads.all.iter().any(|(read, value)| {
        let around = parent(*read).filter(|call| call.outcome == Outcome::Returned).map(|call| call.function);
        stale.iter().any(|one| one.pair.to == *value) && around.is_some() && around == function
    })
}

/// Where a call was made; of one in the last position, in which function.
fn place(scene: &Scene<'_>, call: &Call) -> Place {
    let around = call.parent.map(|parent| terms::home(name(scene, parent)));
    let is_around = |place: &String| {
        let around = around.as_deref().unwrap_or_default();
        place.strip_prefix(around).is_some_and(|rest| rest.starts_with(' '))
    };
    match scene.traffic.call_place(call).filter(is_around) {
        Some(place) => Place::At(place),
        None => Place::Within { functions: around.into_iter().collect(), called_at: None },
    }
}

fn name<'l>(scene: &Scene<'l>, call: CallId) -> &'l str {
    scene.ledger.text(scene.ledger.call(call).function)
}

fn describe(scene: &Scene<'_>, lost: &Lost<'_>) -> Finding {
    let ledger = scene.ledger;
    let Stale { pair, other, clash } = &lost.stale[0];
    let (read, write) = (ledger.call(pair.read), ledger.call(pair.write));
    let client = ReadWrite {
        within: write.parent.map(|parent| terms::home(name(scene, parent))),
        read_at: place(scene, read),
        written_at: place(scene, write),
    };
    let worked_out = worked_out(lost.basis, clash);
    let confidence = if worked_out.may_be_meant() { Confidence::Low } else { Confidence::Medium };
    let meant = |one: &Stale<'_>| Some(number_at(&one.pair.to, &clash.path)? - number_at(&one.pair.from, &clash.path)?);
    let found = LostInTable {
        reader: name(scene, pair.read).to_owned(),
        writer: name(scene, pair.write).to_owned(),
        key: brief::cut(&pair.key.join(", "), 60),
        path: clash.path.clone(),
        lost: lost.stale.len(),
        writes: lost.pairs.len(),
        client,
        turns: turns(scene, pair, other),
        worked_out,
        by: lost.stale.iter().map(meant).sum::<Option<f64>>().map(rounded),
        later: later(scene, &lost.reads),
        other_keys: lost.keys,
    };
    Finding::of(Kind::LostUpdate, confidence, read.start, Found::LostInTable(found))
        .shown_by("read", read.event)
        .shown_by("other_write", ledger.call(other.write).event)
        .shown_by("stale_write", write.event)
        .shown_by("caller", write.parent.map(|parent| ledger.call(parent).event))
}

/// The reads and writes of both, in the order they began.
fn turns(scene: &Scene<'_>, pair: &Pair, other: &Pair) -> Vec<Turn> {
    let ledger = scene.ledger;
    let mut calls: Vec<(CallId, Option<&str>)> =
        [pair, other].iter().flat_map(|pair| [(pair.read, Some(&*pair.from)), (pair.write, None)]).collect();
    calls.sort_by_key(|(call, _)| ledger.call(*call).start);
    let Some((first, _)) = calls.first() else { return Vec::new() };
    let t0 = ledger.call(*first).start.at;
    let turn = |(id, result): &(CallId, Option<&str>)| {
        let call = ledger.call(*id);
        let given = each_argument(scene, *id).unwrap_or_default().join(", ");
        Turn {
            after_ns: call.start.at.saturating_sub(t0),
            client: Some(Process::of(ledger, call.process)),
            did: Did::Called {
                function: ledger.text(call.function).to_owned(),
                given: brief::cut(&given, 80),
                read: result.map(|result| brief::cut(result, 60)),
            },
            event: ledger.text(call.event).to_owned(),
        }
    };
    calls.iter().map(turn).collect()
}

/// What was read last, which shows that the value is shared.
fn later(scene: &Scene<'_>, reads: &Reads) -> Later {
    let (read, value) = &reads.all[reads.shared];
    let call = scene.ledger.call(*read);
    Later {
        reader: Process::of(scene.ledger, call.process),
        value: brief::cut(value, 60),
        event: scene.ledger.text(call.event).to_owned(),
    }
}
