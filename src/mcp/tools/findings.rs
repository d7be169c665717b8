//! Findings beside an answer that was asked for something else: each in a line, and how to see them whole.

use serde_json::json;

use crate::analysis::anomalies::{Finding, Glance, Kind};
use crate::mcp::report::{Cell, Column, Report, Section};
use crate::tell::finding::{brief, confidence};

/// Findings told in a line each; the rest are counted.
const TOLD: usize = 5;

/// Characters of one.
const LONGEST: usize = 160;

/// The findings beside an answer.
pub(super) struct Findings<'g> {
    /// `None`: looking for them would have taken too long.
    glance: Option<&'g Glance>,
    found: Vec<&'g Finding>,
}

impl<'g> Findings<'g> {
    /// Those that are wanted.
    pub(super) fn new(glance: Option<&'g Glance>, is_wanted: impl Fn(&Finding) -> bool) -> Self {
        let found = glance.map(|glance| glance.found.iter().filter(|finding| is_wanted(finding)).collect());
        Self { glance, found: found.unwrap_or_default() }
    }

    /// A line each, if there are any.
    pub(super) fn section(&self) -> Option<Section> {
        let Glance { ledger, .. } = self.glance.filter(|_| !self.found.is_empty())?;
        let mut section = Section::new("findings");
        section.columns(&[
            Column::plain("kind"),
            Column::plain("confidence"),
            Column::time("at"),
            Column::plain("event"),
            Column::plain("what"),
        ]);
        for finding in self.found.iter().take(TOLD) {
            section.row(vec![
                finding.kind.name().into(),
                confidence(finding.confidence).into(),
                Cell::At(finding.moment.at),
                finding.evidence.first().map_or(Cell::Empty, |one| Cell::Event(ledger.text(one.event).to_owned())),
                brief(ledger, finding, LONGEST).into(),
            ]);
        }
        section.beyond(self.found.len().saturating_sub(TOLD) as u64).keep(2);
        Some(section)
    }

    /// How to see them whole, or to look for them.
    pub(super) fn next(&self, report: &mut Report, why: &str) {
        if self.glance.is_none() {
            report.next("find_anomalies", json!({}), why);
        }
        if self.found.is_empty() {
            return;
        }
        let mut kinds: Vec<Kind> = self.found.iter().map(|finding| finding.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let kinds: Vec<&str> = kinds.into_iter().map(Kind::name).collect();
        report.next(
            "find_anomalies",
            json!({ "kinds": kinds }),
            "the findings whole: evidence, and what would refute each",
        );
    }
}
