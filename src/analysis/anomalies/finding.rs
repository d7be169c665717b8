//! Trouble that was found, what shows it, and how sure that is.

use serde::Serialize;

use super::kind::Kind;
use crate::analysis::found::Found;
use crate::analysis::ledger::{Ledger, Moment, Sym};

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Confidence {
    Low,
    Medium,
    High,
}

/// An event that shows a finding.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    /// What it is in the finding: `read`, `exit`.
    pub(crate) role: &'static str,
    pub(crate) event: Sym,
}

/// Trouble that was found.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) kind: Kind,
    pub(crate) confidence: Confidence,
    /// When it began.
    pub(crate) moment: Moment,
    /// Whom it is about, where, and the figures that make it one.
    pub(crate) found: Found,
    pub(crate) evidence: Vec<Evidence>,
    /// Others of the same kind at the same places in the source, such as in other processes of one module.
    pub(crate) alike: usize,
}

impl Finding {
    pub(crate) fn of(kind: Kind, confidence: Confidence, moment: Moment, found: Found) -> Self {
        Self { kind, confidence, moment, found, evidence: Vec::new(), alike: 0 }
    }

    pub(super) fn shown_by(mut self, role: &'static str, event: impl Into<Option<Sym>>) -> Self {
        if let Some(event) = event.into() {
            self.evidence.push(Evidence { role, event });
        }
        self
    }

    /// The first event of this role.
    pub(crate) fn event<'l>(&self, ledger: &'l Ledger, role: &str) -> Option<&'l str> {
        self.evidence.iter().find(|one| one.role == role).map(|one| ledger.text(one.event))
    }
}
