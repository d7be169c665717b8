//! The structured form of a report.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Map, Value};

use super::cell::Cell;
use crate::analysis::losses::Loss;
use crate::mcp::args::filter::effective_schema;
use crate::query::Gap;

/// A report: the answer in a sentence, then its parts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ReportReply {
    /// The answer in a sentence.
    pub(super) answer: String,
    /// Figures that lead the answer. Names that end in _ns are nanoseconds.
    #[schemars(schema_with = "facts_schema")]
    pub(super) facts: Map<String, Value>,
    /// The filters as they were applied; only those set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "effective_schema")]
    pub(super) filters: Option<Map<String, Value>>,
    /// The timestamp that times count from: a time of 5 in a _ns column is t0 + 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) t0: Option<i64>,
    /// What happened at t0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) t0_is: Option<String>,
    /// The parts of the answer.
    pub(super) sections: Vec<SectionReply>,
    /// What a reader must know to draw the right conclusion.
    pub(super) notes: Vec<String>,
    /// Spans this answer touches whose events are not all there.
    pub(super) gaps: Vec<MissingReply>,
    /// Further such spans that are not listed.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) more_gaps: u64,
    /// Calls that lead further.
    pub(super) next: Vec<NextReply>,
    /// Whether lines or rows were left out to fit max_tokens.
    pub(super) truncated: bool,
}

/// Part of a report.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct SectionReply {
    /// Its heading.
    pub(super) name: &'static str,
    /// Figures of this part.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "facts_schema")]
    pub(super) facts: Map<String, Value>,
    /// Text, a line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) lines: Vec<String>,
    /// Columns with one value in all rows.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "facts_schema")]
    pub(super) constants: Map<String, Value>,
    /// Names of the cells of each row.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) columns: Vec<String>,
    /// A cell for each column; empty text where there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "rows_schema")]
    pub(super) rows: Vec<Vec<Value>>,
    /// Rows and lines there are besides these.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) left_out: u64,
}

/// A span whose events are not all there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct MissingReply {
    /// Timestamp of its start.
    pub(super) since: i64,
    /// Timestamp of its end.
    pub(super) until: i64,
    /// Missing events; absent where nobody counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) events: Option<u64>,
    /// Why they are missing.
    #[schemars(schema_with = "reason_schema")]
    pub(super) reason: &'static str,
    /// The event that tells of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event_id: Option<String>,
}

/// Retention took them.
const PRUNED: &str = "pruned";

/// The source could not keep up.
const DROPPED: &str = "dropped while recording";

/// Nobody listened to the source, so nobody counted.
const DISCONNECTED: &str = "not connected";

fn reason_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": [PRUNED, DROPPED, DISCONNECTED] })
}

impl From<&Gap> for MissingReply {
    fn from(gap: &Gap) -> Self {
        Self { since: gap.since, until: gap.until, events: Some(gap.events), reason: PRUNED, event_id: None }
    }
}

impl From<&Loss> for MissingReply {
    fn from(loss: &Loss) -> Self {
        let reason = if loss.events.is_some() { DROPPED } else { DISCONNECTED };
        let event_id = Some(loss.event_id.clone());
        Self { since: loss.since, until: loss.until, events: loss.events, reason, event_id }
    }
}

impl MissingReply {
    /// In a line, its times counted from an anchor where there is one.
    pub(super) fn line(&self, t0: Option<i64>) -> String {
        let Self { since, until, events, reason, event_id } = self;
        let at = |timestamp: i64| Cell::At(timestamp).shown(t0);
        let told = event_id.as_ref().map_or_else(String::new, |id| format!(" ({id})"));
        let (since, until) = (at(*since), at(*until));
        match events {
            Some(events) => format!("{events} events from {since} to {until} were {reason}{told}"),
            None => format!("from {since} to {until} the source was {reason}; events may be missing{told}"),
        }
    }
}

/// A call that leads further.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct NextReply {
    /// The tool to call.
    pub(super) tool: &'static str,
    /// Its arguments.
    #[schemars(schema_with = "effective_schema")]
    pub(super) arguments: Map<String, Value>,
    /// What it would tell.
    pub(super) why: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn facts_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "additionalProperties": { "anyOf": [{ "type": "string" }, { "type": "number" }] }
    })
}

fn rows_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": { "type": "array", "items": { "anyOf": [{ "type": "string" }, { "type": "number" }] } }
    })
}

impl ReportReply {
    /// Whether lines or rows were left out to fit the budget.
    pub(crate) const fn is_truncated(&self) -> bool {
        self.truncated
    }
}
