//! Did a span fail, and of what?

use std::collections::HashMap;

use foldhash::fast::FixedState;
use serde::Deserialize;
use serde_json::Value;

use crate::analysis::ledger::{Sym, Texts};
use crate::error::Result;
use crate::query::{Filter, Seen};
use crate::store::EventStore;
use crate::watch::Watch;

/// What tracers say of a failure.
#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    status: Value,
    #[serde(default)]
    attributes: Value,
}

/// Why a span failed, by its own status; the reason is empty where none is told. `None`: it says of no failure.
pub(crate) fn failure(data: &str) -> Option<String> {
    // Most spans have neither: then nothing is parsed.
    let may_say = ["\"status\"", "rror", "RROR"]
        .iter()
        .any(|word| memchr::memmem::find(data.as_bytes(), word.as_bytes()).is_some());
    let Payload { status, attributes } = serde_json::from_str(data).ok().filter(|_| may_say)?;
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let code = status.get("code").map(text);
    let reason = || {
        let told = [status.get("message"), attributes.get("otel.status_description"), attributes.get("error.message")];
        let told = told.into_iter().flatten().map(text).find(|text| !text.is_empty());
        told.or_else(|| attributes.get("error").and_then(Value::as_str).map(str::to_owned)).unwrap_or_default()
    };
    match code.as_deref() {
        Some("2" | "STATUS_CODE_ERROR" | "ERROR" | "Error") => return Some(reason()),
        Some("1" | "STATUS_CODE_OK" | "OK" | "Ok") => return None,
        _ => {}
    }
    if attributes.get("otel.status_code").and_then(Value::as_str) == Some("ERROR") {
        return Some(reason());
    }
    // Jaeger's is a boolean; Zipkin's, where it is there at all, says why.
    match attributes.get("error") {
        Some(Value::Bool(true)) => Some(reason()),
        Some(Value::String(text)) if text != "false" => Some(if text == "true" { String::new() } else { text.clone() }),
        _ => None,
    }
}

/// What an event `exception` of a span says was raised.
pub(crate) fn of_exception(data: &str) -> String {
    let data: Value = serde_json::from_str(data).unwrap_or_default();
    let attribute = |name: &str| data.get("attributes").and_then(|all| all.get(name)).and_then(Value::as_str);
    match (attribute("exception.type"), attribute("exception.message")) {
        (Some(kind), Some(message)) if !message.is_empty() => format!("{kind}: {message}"),
        (Some(kind), _) => kind.to_owned(),
        (None, message) => message.unwrap_or("exception").to_owned(),
    }
}

/// The spans in which exceptions were recorded, and what the first of each was.
#[derive(Debug, Default)]
pub(crate) struct Failed {
    texts: Texts,
    raised: HashMap<(Sym, Sym), String, FixedState>,
}

impl Failed {
    /// Looks at the exceptions of a store that belong to spans. Cost: one look-up of the event type where there are none.
    pub(crate) fn of(store: &EventStore, watch: &dyn Watch) -> Result<Self> {
        let mut failed = Self::default();
        let filter = Filter { event_types: vec!["exception".to_owned()], ..Filter::default() };
        store.visit(&filter, watch, |event| {
            if let Some(parent) = event.parent_id() {
                let trace = failed.texts.intern(event.correlation_id().unwrap_or_default());
                let parent = failed.texts.intern(parent);
                failed.raised.entry((trace, parent)).or_insert_with(|| of_exception(event.data()));
            }
            std::ops::ControlFlow::Continue(())
        })?;
        Ok(failed)
    }

    /// Why a span failed. `None`: nothing says that it did.
    pub(crate) fn reason(&self, span: &Seen<'_>) -> Option<String> {
        let raised = || {
            let trace = self.texts.find(span.correlation_id().unwrap_or_default())?;
            self.raised.get(&(trace, self.texts.find(span.call_id()?)?)).cloned()
        };
        match failure(span.data()) {
            Some(reason) if reason.is_empty() => Some(raised().unwrap_or_default()),
            told => told.or_else(raised),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_what_its_tracer_calls_one() {
        for (data, expected) in [
            (r#"{"status": {"code": 2, "message": "bad coupon"}}"#, Some("bad coupon")),
            (r#"{"status": {"code": "STATUS_CODE_ERROR"}}"#, Some("")),
            (r#"{"status": {"code": 1}, "attributes": {"error": true}}"#, None),
            (r#"{"status": {}, "attributes": {"error": true}}"#, Some("")),
            (r#"{"attributes": {"error": "timeout"}}"#, Some("timeout")),
            (r#"{"attributes": {"error": "false"}}"#, None),
            (r#"{"attributes": {"otel.status_code": "ERROR", "otel.status_description": "no"}}"#, Some("no")),
            (r#"{"name": "error"}"#, None),
            ("{}", None),
        ] {
            assert_eq!(failure(data).as_deref(), expected, "{data}");
        }
    }
}
