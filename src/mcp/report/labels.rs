//! How are groups named in a report, and what stands in it when nothing was found?

use super::{Cell, Report};
use crate::analysis::Label;
use crate::analysis::losses::losses;
use crate::mcp::page::nothing_matched;
use crate::query::Visit;
use crate::watch::Watch;
use crate::{EventStore, Result};

impl From<&Label> for Cell {
    fn from(label: &Label) -> Self {
        match label {
            Label::None => Self::Text("-".to_owned()),
            Label::Text(text) => Self::Text(text.clone()),
            Label::Bucket(start) => Self::At(*start),
        }
    }
}

impl Report {
    /// What every analysis of a visit says: its filter, what is missing, and why nothing matched if nothing did.
    pub(crate) fn over(&mut self, store: &EventStore, visit: &Visit, watch: &dyn Watch) -> Result<&mut Self> {
        self.visited(visit).losses(&losses(store, visit, watch)?);
        if visit.visited == 0 {
            let is_bounded = visit.since.is_some() || visit.until.is_some();
            self.note(nothing_matched(store, &visit.plan, &visit.filter, is_bounded));
        }
        Ok(self)
    }
}

/// A group's name in a sentence.
pub(crate) fn spoken(labels: &[Label], t0: Option<i64>) -> String {
    labels.iter().map(|label| Cell::from(label).shown(t0)).collect::<Vec<_>>().join(" ")
}
