//! An event as an argument: free JSON, its canonical keys described.

use rmcp::model::JsonObject;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use crate::mcp::numbers::restored;

/// What an event may have. Anything else is kept in `data`.
pub(crate) fn event_schema(_: &mut SchemaGenerator) -> Schema {
    let id = |about: &str| json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }], "description": about });
    json_schema!({
        "type": "object",
        "properties": {
            "event_id": id("Identity (also: id). The same id again replaces the event; minted when missing."),
            "timestamp": id("When: integer ns on the producer's clock, any sign, decimal string, or RFC 3339 (also: timestamp_ns, ts). Stamped when missing."),
            "wall_time": id("Wall-clock time: ns since the Unix epoch or RFC 3339."),
            "node": { "type": "string", "description": "Erlang node." },
            "pid": { "type": "string", "description": "The process it happened in." },
            "event_type": { "type": "string", "description": "What happened, such as function_entry, message_send, process_exit (also: type, kind)." },
            "module": { "type": "string", "description": "Module. This and the following are also found inside data." },
            "function": { "type": "string", "description": "Function name." },
            "arity": { "type": "integer", "minimum": 0, "maximum": 255, "description": "Arity." },
            "correlation_id": id("Joins an exchange."),
            "parent_id": id("The event that led to this one."),
            "call_id": id("Joins entry and exit of one call."),
            "session_id": id("Recording session."),
            "ast_node_id": id("Place in the source."),
            "duration_ns": { "type": "integer", "minimum": 0, "description": "Nanoseconds it took." },
            "data": { "type": "object", "description": "Payload; pids in it (sender_pid, receiver_pid, parent_pid, ...) are indexed.", "additionalProperties": true }
        },
        "additionalProperties": true
    })
}

/// The text of an event that came as a value.
pub(crate) fn text(event: &Value) -> String {
    restored(event.to_string())
}

/// An event that came as an object.
pub(crate) fn object_text(event: JsonObject) -> String {
    text(&Value::Object(event))
}
