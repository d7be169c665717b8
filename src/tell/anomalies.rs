//! What do an answer of findings and its notes say beside the findings?

use std::collections::BTreeMap;

use crate::analysis::anomalies::{Finding, Kind};
use crate::analysis::ledger::Ledger;
use crate::analysis::left_out::What;
use crate::tell::words::count;

/// What was found among the events of a ledger; `looked_for` kinds.
pub(crate) fn head(ledger: &Ledger, looked_for: usize, found: &[Finding]) -> String {
    let among = format!("among {}", count(ledger.visit.visited, "event"));
    match found {
        [] => format!("nothing found {among}; looked for {looked_for} kinds of trouble"),
        [one] if one.alike == 0 => format!("1 finding {among}: {}", one.kind.name()),
        many => format!("{} findings {among}: {}", all_of(many), kinds_of(many)),
    }
}

/// Findings that are not shown.
pub(crate) fn more(rest: &[Finding]) -> String {
    format!("{} more: {}; ask for them with kinds", all_of(rest), kinds_of(rest))
}

/// What the source left out: what is wrong there may not be seen.
pub(crate) fn left_out(ledger: &Ledger) -> Vec<String> {
    let sorts = [(What::Values, "values"), (What::SomeValues, "values of some calls")];
    let told = sorts.into_iter().filter_map(|(what, name)| {
        let first = ledger.left_out.iter().find(|one| one.what == what)?;
        let why = first.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        Some(format!(
            "{name} were left out{why} from {} on: what shows only in arguments, results and states may be missing since \
             then",
            first.event_id
        ))
    });
    told.collect()
}

/// What could not be looked for, as nothing of it was recorded.
pub(crate) fn unseen(ledger: &Ledger) -> Option<&'static str> {
    if ledger.calls.is_empty() {
        return Some("no function_entry events here: what needs calls could not be looked for");
    }
    let has_messages = !ledger.messages.is_empty();
    (!has_messages).then_some("no message_send events here: what needs messages could not be looked for")
}

/// Pairs of nodes whose clocks disagree.
pub(crate) fn skewed(ledger: &Ledger) -> Vec<String> {
    let told = ledger.skewed().into_iter().map(|[a, b]| {
        format!(
            "the clocks of {a} and {b} disagree: messages between them came before they were sent; how long they took is \
             not known"
        )
    });
    told.collect()
}

/// With those that are only counted.
fn all_of(found: &[Finding]) -> usize {
    found.iter().map(|finding| 1 + finding.alike).sum()
}

/// `2 crash, 1 late_reply`.
fn kinds_of(found: &[Finding]) -> String {
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    for finding in found {
        *kinds.entry(finding.kind).or_default() += 1 + finding.alike;
    }
    kinds.iter().map(|(kind, n)| format!("{n} {}", kind.name())).collect::<Vec<_>>().join(", ")
}
