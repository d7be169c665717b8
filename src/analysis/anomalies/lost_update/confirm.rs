//! Do two functions read and write one value that all processes share?
//!
//! A process that reads what another was the last to write says so. What each process keeps for itself, a writer that
//! adds instead of putting in place, and two functions that have nothing to do with each other do not: their reads
//! differ from what was written last.

use super::pairs::{Pair, unwrapped};
use crate::analysis::anomalies::scene::Scene;
use crate::analysis::anomalies::told::{each_argument, result};
use crate::analysis::ledger::{CallId, Moment, Outcome, Sym};

/// Reads of one value that are looked at.
const MAX_READS: usize = 400;

/// Of as many reads one may give what nobody is known to have written.
const PER_OTHER: usize = 4;

/// Reads after the first write, with what they gave.
pub(super) struct Reads {
    pub(super) all: Vec<(CallId, String)>,
    /// The last that gave what another process had written.
    pub(super) shared: usize,
}

/// When a call ended; of one without an end, when it began.
pub(super) fn end(scene: &Scene<'_>, call: CallId) -> Moment {
    let call = scene.ledger.call(call);
    call.end.unwrap_or(call.start)
}

/// Reads that show the value is shared; `pairs` of one key, in the order in which their writes ended.
pub(super) fn shared(scene: &Scene<'_>, reader: Sym, pairs: &[&Pair]) -> Option<Reads> {
    let ledger = scene.ledger;
    let first = pairs.first()?;
    let began = end(scene, first.write);
    let home = |process| (ledger.process(process).session, ledger.process(process).node);
    let reads = (0..)
        .zip(&ledger.calls)
        .filter(|(_, call)| call.function == reader && call.outcome == Outcome::Returned && call.start > began);
    let mut all = Vec::new();
    let (mut agreeing, mut others, mut shared) = (0, 0, None);
    for (id, call) in reads.filter(|(_, call)| home(call.process) == home(first.process)).take(MAX_READS) {
        if each_argument(scene, id).is_none_or(|key| key != first.key) {
            continue;
        }
        let Some(given) = result(scene, id) else { continue };
        let value = unwrapped(&given);
        let before = pairs.partition_point(|pair| end(scene, pair.write) < call.start);
        let Some(last) = before.checked_sub(1).map(|last| pairs[last]) else { continue };
        // Which of those that were written at the same time was last is not known.
        let since = ledger.call(last.write).start;
        let until = call.end.unwrap_or(call.start);
        let latest = pairs.iter().filter(|pair| {
            end(scene, pair.write) >= since && ledger.call(pair.write).start < until && pair.to == value
        });
        let own = pairs[..before].iter().rev().find(|pair| pair.process == call.process);
        let mut latest = latest.peekable();
        if latest.peek().is_none() {
            others += 1;
        } else {
            agreeing += 1;
            if own.is_none_or(|own| own.to != value) && latest.all(|pair| pair.process != call.process) {
                shared = Some(all.len());
            }
        }
        all.push((id, value.to_owned()));
    }
    let shared = shared.filter(|_| others * PER_OTHER <= agreeing)?;
    Some(Reads { all, shared })
}
