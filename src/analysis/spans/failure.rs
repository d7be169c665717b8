//! Did a span fail, and of what?

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::FixedState;
use serde_json::value::RawValue;

use crate::analysis::ledger::texts::{Sym, Texts};
use crate::analysis::member;
use crate::error::Result;
use crate::query::{Filter, Seen};
use crate::store::EventStore;
use crate::watch::Watch;

/// Why a span failed, by its own status; the reason is empty where none is told. `None`: it says of no failure.
pub(crate) fn failure(data: &str) -> Option<String> {
    // Most spans have neither: then nothing is looked up.
    let says = |word: &str| memchr::memmem::find(data.as_bytes(), word.as_bytes()).is_some();
    let status = if says("\"status\"") { inner(data, "status") } else { "{}" };
    let attributes = if says("rror") || says("RROR") { inner(data, "attributes") } else { "{}" };
    let attribute = |name: &str| member::text(attributes, name);
    let reason = || {
        let told = [member::text(status, "message"), attribute("otel.status_description"), attribute("error.message")];
        let error = member::raw(attributes, "error").is_some_and(|raw| raw.get().starts_with('"'));
        let told = told.into_iter().flatten().find(|text| !text.is_empty());
        told.or_else(|| attribute("error").filter(|text| error && text != "true")).unwrap_or_default().into_owned()
    };
    match member::text(status, "code").as_deref() {
        Some("2" | "STATUS_CODE_ERROR" | "ERROR" | "Error") => return Some(reason()),
        Some("1" | "STATUS_CODE_OK" | "OK" | "Ok") => return None,
        _ => {}
    }
    if attribute("otel.status_code").as_deref() == Some("ERROR") {
        return Some(reason());
    }
    // Jaeger's is a boolean; Zipkin's, where it is there at all, says why.
    match member::raw(attributes, "error")?.get() {
        "true" => Some(reason()),
        text if text.starts_with('"') && text != "\"false\"" => Some(reason()),
        _ => None,
    }
}

/// An object in an object's text. Whatever is nested beside it, it is found.
fn inner<'a>(data: &'a str, key: &str) -> &'a str {
    member::raw(data, key).map_or("{}", RawValue::get)
}

/// What an event `exception` of a span says was raised.
pub(crate) fn of_exception(data: &str) -> String {
    let attributes = inner(data, "attributes");
    let [kind, message] = ["exception.type", "exception.message"].map(|name| member::text(attributes, name));
    match (kind, message) {
        (Some(kind), Some(message)) if !message.is_empty() => format!("{kind}: {message}"),
        (Some(kind), _) => kind.into_owned(),
        (None, message) => message.map_or_else(|| "exception".to_owned(), Cow::into_owned),
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
            (r#"{"status": {"code": 1}}"#, None),
            ("{}", None),
        ] {
            assert_eq!(failure(data).as_deref(), expected, "{data}");
        }
        // However deep it is nested beside.
        let (open, close) = ("[".repeat(10_000), "]".repeat(10_000));
        let data = format!(r#"{{"attributes": {{"deep": {open}{close}}}, "status": {{"code": 2, "message": "no"}}}}"#);
        assert_eq!(failure(&data).as_deref(), Some("no"));
        let data = format!(r#"{{"attributes": {{"deep": {open}{close}, "exception.type": "KeyError"}}}}"#);
        assert_eq!(of_exception(&data), "KeyError");
    }
}
