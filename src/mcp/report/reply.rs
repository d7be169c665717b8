//! The structured form of a report.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::mcp::args::filter::effective_schema;
use crate::mcp::gap::GapReply;

/// A report: the answer in a sentence, then its parts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ReportReply {
    /// The answer in a sentence.
    pub(super) answer: String,
    /// What it says, as values.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "values_schema")]
    pub(super) values: Option<Value>,
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
    pub(super) gaps: Vec<GapReply>,
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
    /// What the lines tell, as values: whom it is about, where, figures, events by what they show.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "values_schema")]
    pub(super) values: Option<Value>,
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

fn values_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
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
