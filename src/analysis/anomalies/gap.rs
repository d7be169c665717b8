//! Is the recording whole?

use serde_json::json;

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use super::words::{count, span};
use crate::analysis::ledger::Moment;
use crate::error::Result;

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    scene.checked()?;
    if let Some(first) = ledger.losses.first() {
        let messages: u64 = ledger.losses.iter().filter_map(|loss| loss.events).sum();
        let length: i64 =
            ledger.losses.iter().map(|loss| loss.until.saturating_sub(loss.since)).fold(0, i64::saturating_add);
        let what = format!(
            "the source dropped {} in {}, {} long in all: what happened there is unknown, calls across it may have \
             no end, messages no receiver",
            count(messages as usize, "trace message"),
            count(ledger.losses.len(), "gap"),
            span(length)
        );
        let moment = Moment { order: 0, at: first.since };
        let finding = Finding::new(Kind::Gap, Confidence::High, moment, what)
            .shown_by("first", ledger.texts.find(&first.event_id))
            .refuted_by("nothing: the source counted what it dropped")
            .next("query_events", json!({"event_type": "gap"}), "every gap with its length");
        found.push(finding);
    }
    for gap in ledger.gaps() {
        let what = format!(
            "{} were pruned by the limits of the store: what led to later events may be among them",
            count(gap.events as usize, "event")
        );
        let moment = Moment { order: 0, at: gap.since };
        found.push(
            Finding::new(Kind::Gap, Confidence::High, moment, what).refuted_by("nothing: the store counted them").next(
                "get_stats",
                json!({}),
                "the limits, and what was pruned",
            ),
        );
    }
    Ok(())
}
