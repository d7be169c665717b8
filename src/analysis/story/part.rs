//! What is a story made of, and what does each part of it need?

use serde_json::Value as Json;

use super::tell::relative;
use crate::analysis::anomalies::Glance;
use crate::analysis::ask::Ask;
use crate::analysis::who::Names;

/// A story.
pub(crate) struct Story {
    /// In a sentence.
    pub(crate) answer: String,
    /// What times count from, and which moment it is.
    pub(crate) anchor: (i64, String),
    /// In the order of their weight.
    pub(crate) parts: Vec<Part>,
    pub(crate) notes: Vec<String>,
    /// Tool, arguments, and what it would tell.
    pub(crate) next: Vec<(&'static str, Json, String)>,
}

/// Whom and what a story is told of.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    /// Processes, as answers tell them.
    pub(crate) pids: Vec<String>,
    /// The event, where the story is of one.
    pub(crate) event: Option<String>,
    /// It is a failure, told whole.
    pub(crate) is_failure: bool,
}

/// A part of a story, a line for each fact.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) lines: Vec<String>,
    /// Lines that go last when space is short.
    pub(crate) keep: usize,
    /// Findings that are the part, beside its lines.
    pub(crate) found: Option<Glance>,
}

impl Part {
    /// A part whose lines are all of weight.
    pub(super) fn new(name: &'static str, lines: Vec<String>) -> Self {
        Self { name, keep: lines.len(), lines, found: None }
    }

    /// A part of which the first lines stay longest.
    pub(super) const fn keeping(name: &'static str, keep: usize, lines: Vec<String>) -> Self {
        Self { name, lines, keep, found: None }
    }

    /// A part that may be cut to its first lines.
    pub(super) fn background(name: &'static str, lines: Vec<String>) -> Self {
        Self { name, lines, keep: 1, found: None }
    }
}

/// What every part needs.
pub(super) struct Cx<'a> {
    pub(super) ask: &'a Ask<'a>,
    pub(super) names: &'a Names<'a>,
    /// What times count from.
    pub(super) anchor: i64,
}

impl Cx<'_> {
    pub(super) fn at(&self, at: i64) -> String {
        relative(at, self.anchor)
    }
}
