//! Trouble that was found, what shows it, and how sure that is.

use std::fmt;

use serde_json::Value;

use super::kind::Kind;
use crate::analysis::ledger::{Moment, Sym};

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Confidence {
    Low,
    Medium,
    High,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
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
    /// The finding in a sentence or two.
    pub(crate) what: String,
    /// What supports it, a line each.
    pub(crate) details: Vec<String>,
    pub(crate) evidence: Vec<Evidence>,
    /// Others of the same kind at the same places in the source, such as in other processes of one module.
    pub(crate) alike: usize,
    /// What would show that it is none.
    pub(crate) refuted_by: &'static str,
    /// The call that leads further.
    pub(crate) next: Option<(&'static str, Value, &'static str)>,
}

impl Finding {
    pub(crate) fn new(kind: Kind, confidence: Confidence, moment: Moment, what: String) -> Self {
        let (details, evidence) = (Vec::new(), Vec::new());
        Self { kind, confidence, moment, what, details, evidence, alike: 0, refuted_by: "", next: None }
    }

    pub(super) fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    pub(super) fn shown_by(mut self, role: &'static str, event: impl Into<Option<Sym>>) -> Self {
        if let Some(event) = event.into() {
            self.evidence.push(Evidence { role, event });
        }
        self
    }

    pub(super) const fn refuted_by(mut self, what: &'static str) -> Self {
        self.refuted_by = what;
        self
    }

    pub(super) fn next(mut self, tool: &'static str, arguments: Value, why: &'static str) -> Self {
        self.next = Some((tool, arguments, why));
        self
    }
}
