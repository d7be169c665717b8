//! Is the recording whole?

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use crate::analysis::found::{Dropped, Found, Pruned};
use crate::analysis::ledger::Moment;
use crate::error::Result;

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    scene.checked()?;
    let gap = |at: i64, what: Found| Finding::of(Kind::Gap, Confidence::High, Moment { order: 0, at }, what);
    if let Some(first) = ledger.losses.first() {
        let messages = ledger.losses.iter().filter_map(|loss| loss.events).reduce(u64::saturating_add);
        let uncounted = ledger.losses.iter().filter(|loss| loss.events.is_none()).count();
        let lengths = ledger.losses.iter().map(|loss| loss.until.saturating_sub(loss.since));
        let length_ns = lengths.fold(0, i64::saturating_add);
        let dropped = Dropped { messages, gaps: ledger.losses.len(), uncounted, length_ns };
        let event = ledger.texts.find(&first.event_id);
        found.push(gap(first.since, Found::Dropped(dropped)).shown_by("first", event));
    }
    for pruned in ledger.gaps() {
        found.push(gap(pruned.since, Found::Pruned(Pruned { events: pruned.events })));
    }
    Ok(())
}
