//! What is wrong, where it costs little to say: findings beside an answer that was asked for something else.

use std::collections::HashSet;

use super::finding::Finding;
use super::kind::Kind;
use super::search::{all, folded};
use crate::analysis::ledger::{Ledger, gather};
use crate::analysis::nodes::Nodes;
use crate::error::Result;
use crate::query::Filter;
use crate::store::EventStore;
use crate::watch::Watch;

/// Events, or kibibytes of payload, that are looked through within a tenth of a second.
const CHEAP: u64 = 40_000;

/// Findings whose evidence is looked up at most.
const LOOKED_UP: usize = 1_000;

/// Findings, and the ledger that their evidence is in.
pub(crate) struct Glance {
    pub(crate) ledger: Ledger,
    pub(crate) found: Vec<Finding>,
}

/// Everything found; `None`: that would take longer than a look should. `events`: how many there are to look through.
///
/// # Errors
/// [`Cancelled`](crate::ErrorKind::Cancelled) when the watch ended it.
pub(crate) fn glance(store: &EventStore, filter: Filter, events: u64, watch: &dyn Watch) -> Result<Option<Glance>> {
    let Some((stored, bytes)) = store.size_at_once() else { return Ok(None) };
    if events + bytes / stored.max(1) * events / 1_024 > CHEAP {
        return Ok(None);
    }
    let ledger = gather(store, filter, watch)?;
    let found = folded(all(&ledger, &[], watch)?);
    Ok(Some(Glance { ledger, found }))
}

/// What is found of processes, written as answers tell them, or of an event: what it is evidence of. `None` as [`glance`].
///
/// # Errors
/// As [`glance`].
pub(crate) fn touching(
    store: &EventStore,
    pids: &[String],
    event: Option<&str>,
    watch: &dyn Watch,
) -> Result<Option<Glance>> {
    let Some((stored, bytes)) = store.size_at_once() else { return Ok(None) };
    if stored + bytes / 1_024 > CHEAP {
        return Ok(None);
    }
    let ledger = gather(store, Filter::default(), watch)?;
    let mut found = all(&ledger, &[], watch)?;
    let pids: HashSet<&str> = pids.iter().map(String::as_str).collect();
    if found.len() > LOOKED_UP {
        return Ok(None);
    }
    let nodes = Nodes::of(store);
    found.retain(|finding| touches((store, &nodes), &ledger, finding, event, &pids));
    Ok(Some(Glance { ledger, found: folded(found) }))
}

fn touches(
    (store, nodes): (&EventStore, &Nodes),
    ledger: &Ledger,
    finding: &Finding,
    event: Option<&str>,
    pids: &HashSet<&str>,
) -> bool {
    // What a source lost is nobody's.
    finding.kind != Kind::Gap
        && finding.evidence.iter().any(|one| {
            let id = ledger.text(one.event);
            match event {
                Some(event) => id == event,
                None => store.get_event_by_id(id).is_ok_and(|event| {
                    let mut named = event.roles().map(|(_, pid)| pid).chain(event.pid());
                    named.any(|pid| pids.contains(nodes.told(pid, event.node()).as_ref()))
                }),
            }
        })
}
