//! An event as an argument: free JSON.

use rmcp::model::JsonObject;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use crate::mcp::numbers::restored;

/// An event is free JSON: what it may have is told in words, and judged by the store.
pub(crate) fn event_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
}

/// The text of an event that came as a value.
pub(crate) fn text(event: &Value) -> String {
    restored(event.to_string())
}

/// An event that came as an object.
pub(crate) fn object_text(event: JsonObject) -> String {
    text(&Value::Object(event))
}
