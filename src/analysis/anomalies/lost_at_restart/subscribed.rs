//! Was a process told something whenever another handled messages of a kind, and is it told nothing by its successor?

use std::collections::{BTreeMap, BTreeSet};

use super::handled::Handled;
use super::held::{is_whole, pids_in, state_given};
use crate::analysis::anomalies::scene::Scene;
use crate::analysis::ledger::{CallId, MessageId, Outcome, ProcessId, Sym};

/// Messages of a kind before and after: fewer may be chance.
const FEWEST: usize = 2;

/// Subjects of which it was told one as the other, so that it does not matter which they are.
const SUBJECTS: usize = 3;

/// A kind of message that was handled, with or without its subject.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sort {
    pub(super) function: Sym,
    pub(super) handled: String,
    is_any: bool,
}

/// That a process was told for messages of a sort, and is no more.
pub(super) struct Dropped {
    pub(super) sort: Sort,
    pub(super) before: usize,
    /// Newest that it was told.
    pub(super) last: MessageId,
    pub(super) since: usize,
    /// The first after which it was told nothing.
    pub(super) first_since: CallId,
}

#[derive(Default)]
struct Count {
    told: Vec<MessageId>,
    /// Those it was not told of since it first was.
    passed: usize,
    subjects: BTreeSet<String>,
}

/// What a process was told, by sort: each time, or nearly.
fn told(scene: &Scene<'_>, former: &[Handled], id: ProcessId) -> BTreeMap<Sort, Count> {
    let pid = scene.ledger.text(scene.ledger.process(id).pid);
    let mut counts: BTreeMap<Sort, Count> = BTreeMap::new();
    for one in former {
        // An answer is none of a subscription.
        if one.sender == Some(id) || pids_in(&one.content).any(|named| named == pid) {
            continue;
        }
        let sorts = [(&one.about, false), (&one.pattern, true)];
        for (handled, is_any) in sorts {
            let sort = Sort { function: one.function, handled: handled.clone(), is_any };
            match one.told.get(&id) {
                Some(message) => {
                    let count = counts.entry(sort).or_default();
                    count.told.push(*message);
                    count.subjects.insert(one.about.clone());
                }
                None => {
                    if let Some(count) = counts.get_mut(&sort) {
                        count.passed += 1;
                    }
                }
            }
        }
    }
    counts.retain(|sort, count| {
        let is_sure = count.told.len() >= FEWEST && count.passed * 10 <= count.told.len();
        is_sure && (!sort.is_any || count.subjects.len() >= SUBJECTS && count.passed == 0)
    });
    counts
}

/// What a process that lived on is not told any more by the successors of another.
pub(super) fn dropped(scene: &Scene<'_>, former: &[Handled], heirs: &[Handled], id: ProcessId) -> Option<Dropped> {
    let ledger = scene.ledger;
    let lived = |call: CallId| {
        let call = ledger.call(call);
        let (exit, end) = (ledger.process(id).exit.as_ref(), call.end);
        call.outcome == Outcome::Returned && end.is_some_and(|end| exit.is_none_or(|exit| exit.moment > end))
    };
    let mut found: Option<Dropped> = None;
    for (sort, count) in told(scene, former, id) {
        let is_of = |one: &&Handled| {
            let handled = if sort.is_any { &one.pattern } else { &one.about };
            one.function == sort.function && *handled == sort.handled && one.sender != Some(id)
        };
        let since: Vec<&Handled> = heirs.iter().filter(is_of).filter(|one| lived(one.call)).collect();
        let is_told = since.iter().any(|one| one.told.contains_key(&id));
        if is_told || since.len() < FEWEST || !since.iter().take(FEWEST).all(|one| is_unknown(scene, one.call, id)) {
            continue;
        }
        let last = *count.told.last()?;
        let is_more = found.as_ref().is_none_or(|found| found.before < count.told.len());
        if is_more {
            let (before, since, first_since) = (count.told.len(), since.len(), since[0].call);
            found = Some(Dropped { sort, before, last, since, first_since });
        }
    }
    found
}

/// Whether the state a callback was given is known, and does not hold a process.
pub(super) fn is_unknown(scene: &Scene<'_>, call: CallId, id: ProcessId) -> bool {
    let pid = scene.ledger.text(scene.ledger.process(id).pid);
    state_given(scene, call).is_some_and(|state| is_whole(&state) && !pids_in(&state).any(|held| held == pid))
}
