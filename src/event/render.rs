//! An event as the JSON object a user sees: canonical fields first, the payload as it came.

use super::{EventView, StoredEvent};

/// Appends `text` as a JSON string.
fn push_string(out: &mut Vec<u8>, text: &str) {
    // Writing to a Vec cannot fail.
    let _written = serde_json::to_writer(out, text);
}

fn push_text(out: &mut Vec<u8>, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        out.extend_from_slice(key.as_bytes());
        push_string(out, value);
    }
}

fn push_number(out: &mut Vec<u8>, key: &str, value: Option<i64>) {
    if let Some(value) = value {
        out.extend_from_slice(key.as_bytes());
        let _written = serde_json::to_writer(out, &value);
    }
}

impl EventView<'_> {
    /// Appends the event's JSON to `out`.
    pub(crate) fn write_json(&self, out: &mut Vec<u8>) {
        push_text(out, "{\"event_id\":", Some(self.event_id));
        push_number(out, ",\"timestamp\":", Some(self.timestamp));
        push_number(out, ",\"wall_time\":", self.wall_time);
        push_text(out, ",\"node\":", self.node);
        push_text(out, ",\"pid\":", self.pid);
        push_text(out, ",\"event_type\":", self.event_type);
        push_text(out, ",\"module\":", self.module);
        push_text(out, ",\"function\":", self.function);
        push_number(out, ",\"arity\":", self.arity.map(i64::from));
        push_text(out, ",\"correlation_id\":", self.correlation_id);
        push_text(out, ",\"parent_id\":", self.parent_id);
        push_text(out, ",\"call_id\":", self.call_id);
        push_text(out, ",\"session_id\":", self.session_id);
        push_text(out, ",\"ast_node_id\":", self.ast_node_id);
        push_number(out, ",\"duration_ns\":", self.duration_ns);
        out.extend_from_slice(b",\"data\":");
        out.extend_from_slice(if self.data.is_empty() { b"{}" } else { self.data.as_bytes() });
        out.push(b'}');
    }
}

impl StoredEvent {
    /// The event as one JSON object without white space between its canonical fields: what the `text` filter
    /// searches and `get_event_by_id` shows. `data` is as the producer sent it, digit for digit.
    pub fn to_json(&self) -> String {
        let mut out = Vec::with_capacity(self.data().len() + 256);
        self.view().write_json(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }
}
