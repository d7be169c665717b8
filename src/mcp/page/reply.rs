//! The structured form of an events page.

use std::fmt::Write;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::rows::Rows;
use crate::mcp::answer::{Answer, AnswerJson};
use crate::mcp::args::filter::{effective_schema, filter_line};
use crate::mcp::gap::GapReply;
use crate::mcp::json;

/// An events page: its envelope, then the events as a table or whole.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct PageReply {
    /// Events in this answer.
    pub(crate) returned: usize,
    /// Events that match the filters, in the whole store.
    pub(crate) total_matched: u64,
    /// Whether more events follow than this answer shows.
    pub(crate) truncated: bool,
    /// Pass as cursor to get the events that follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
    /// The filters as they were applied; only those set.
    #[schemars(schema_with = "effective_schema")]
    pub(crate) filters: Map<String, Value>,
    /// Spans this answer touches whose events are not all there: pruned here, or lost on the way.
    pub(crate) gaps: Vec<GapReply>,
    /// Ids of events in this answer whose time lies more than an hour from the other times of their node and session.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) far_times: Vec<String>,
    /// How to go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    /// table: columns with one value in all rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "constants_schema")]
    pub(crate) constants: Option<Map<String, Value>>,
    /// table: nanoseconds that t_us counts from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) t0: Option<i64>,
    /// table: names of the cells of each row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) columns: Option<Vec<&'static str>>,
    /// table: the events, one row each.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<Vec<String>>>")]
    pub(crate) rows: Option<Rows>,
    /// json: whole events.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "events_schema")]
    pub(crate) events: Option<EventLines>,
}

/// Whole events, one line of JSON each. They are made values one by one, as they are written.
#[derive(Clone, Debug)]
pub(crate) struct EventLines(pub(crate) Vec<Arc<str>>);

impl Serialize for EventLines {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|line| Value::Object(json::lossless_object(line))))
    }
}

fn constants_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "additionalProperties": { "type": "string" } })
}

fn events_schema(generator: &mut SchemaGenerator) -> Schema {
    // With `fields`, an event has only the members asked for.
    let mut event = EventMembers::json_schema(generator);
    event.remove("required");
    json_schema!({ "type": "array", "items": event })
}

/// The answer as JSON: what serde writes. The cells of a table are escaped once for both channels.
pub(crate) fn to_json(mut answer: Answer<PageReply>) -> serde_json::Result<AnswerJson> {
    let Some(rows) = answer.structured.rows.take() else { return AnswerJson::of(&answer) };
    let bytes = rows.lengths_from_last().sum::<usize>();
    let mut text = Vec::with_capacity(answer.text.len() + 2 * bytes);
    serde_json::to_writer(&mut text, &answer.text)?;
    text.pop();
    let mut structured = Vec::with_capacity(ENVELOPE + 2 * bytes);
    serde_json::to_writer(&mut structured, &answer.structured)?;
    // Of the members, only events come after rows, and no reply has both.
    structured.pop();
    structured.extend_from_slice(b",\"rows\":");
    rows.write_json(&mut structured, &mut text);
    text.push(b'"');
    structured.push(b'}');
    Ok(AnswerJson { text, structured })
}

/// The same as values.
pub(crate) fn to_values(mut answer: Answer<PageReply>) -> serde_json::Result<Answer<Value>> {
    if let Some(rows) = &answer.structured.rows {
        rows.write_lines(&mut answer.text);
    }
    Ok(Answer { structured: serde_json::to_value(&answer.structured)?, text: answer.text })
}

/// Bytes of a table's reply beside its rows, as a rule.
const ENVELOPE: usize = 1_024;

/// The members of a stored event.
#[derive(JsonSchema)]
#[schemars(extend("required" = ["event_id", "timestamp", "data"]))]
#[expect(dead_code, reason = "describes what StoredEvent::to_json writes; only its schema is used")]
pub(crate) struct EventMembers {
    /// Identity.
    event_id: String,
    /// Nanoseconds of the recorded system's own clock.
    timestamp: i64,
    /// Nanoseconds since the Unix epoch.
    wall_time: Option<i64>,
    /// Erlang node.
    node: Option<String>,
    /// The process it happened in.
    pid: Option<String>,
    /// What happened.
    event_type: Option<String>,
    /// Module.
    module: Option<String>,
    /// Function.
    function: Option<String>,
    /// Arity.
    arity: Option<u8>,
    /// Joins an exchange.
    correlation_id: Option<String>,
    /// The event that led to this one.
    parent_id: Option<String>,
    /// Joins entry and exit of one call.
    call_id: Option<String>,
    /// Recording session.
    session_id: Option<String>,
    /// Place in the source.
    ast_node_id: Option<String>,
    /// true: its time lies more than an hour from the other times of its node and session; only in get_event_by_id.
    far_time: Option<bool>,
    /// The store's insertion number; only where fields asks for it.
    seq: Option<u64>,
    /// Nanoseconds it took.
    duration_ns: Option<i64>,
    /// The payload, as it was sent; numbers beyond 64 bits and what is nested deeper than 64 levels are strings.
    #[schemars(schema_with = "effective_schema")]
    data: Map<String, Value>,
}

impl PageReply {
    /// The envelope as head lines.
    pub(crate) fn head(&self) -> String {
        let mut head =
            format!("returned={} total_matched={} truncated={}", self.returned, self.total_matched, self.truncated);
        if let Some(cursor) = &self.next_cursor {
            _ = write!(head, " next_cursor={cursor}");
        }
        _ = write!(head, "\nfilters: {}\n", filter_line(&self.filters));
        for gap in &self.gaps {
            _ = writeln!(head, "gap: {}", gap.line(|at| at.to_string()));
        }
        if !self.far_times.is_empty() {
            let ids = self.far_times.join(" ");
            _ = writeln!(
                head,
                "far_times: {ids} (far from the other times of their source; newest is not reckoned from them)"
            );
        }
        if let Some(hint) = &self.hint {
            _ = writeln!(head, "hint: {hint}");
        }
        head
    }
}
