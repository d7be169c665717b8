//! Which events is one span?

use serde_json::value::RawValue;

use super::attributes::{attributes, text};
use crate::ingest::mfa::{Mfa, qualified};
use crate::ingest::object::{Members, Object};
use crate::ingest::trace_file::fingerprint;

/// What spans are of.
#[derive(Debug, Default)]
pub(super) struct Around {
    /// Text of the resource, and the node it names.
    resource: Option<(String, Option<String>)>,
    /// Text of the library that made them.
    pub(super) scope: Option<String>,
}

impl Around {
    pub(super) fn resource(&mut self, json: &str) {
        let members = serde_json::from_str::<Members<'_>>(json).ok();
        let listed = members.as_ref().and_then(|members| members.get("attributes"));
        self.resource = Some((json.to_owned(), text(listed, "service.name")));
    }
}

/// The events of a span.
pub(super) struct Events {
    /// The span itself, and one for each event in it.
    pub(super) events: Vec<String>,
    /// Its resource, by its id.
    pub(super) resource: Option<(String, String)>,
}

/// Members of a span that canonical fields carry.
const CARRIED: [&str; 6] = ["traceId", "spanId", "parentSpanId", "startTimeUnixNano", "events", "attributes"];

/// The events of one span; `mark` tells its file's ids from others'. The error says what it lacks.
pub(super) fn events(span: &Members<'_>, around: &Around, mark: &str) -> Result<Events, String> {
    let id = |name: &str| span.text(name).filter(|id| !id.is_empty());
    let need = |name: &str| {
        id(name).ok_or_else(|| format!("{name}: missing; a span has traceId, spanId and startTimeUnixNano"))
    };
    let (trace, own) = (need("traceId")?.to_ascii_lowercase(), need("spanId")?.to_ascii_lowercase());
    let parent = id("parentSpanId").map(|id| id.to_ascii_lowercase());
    need("startTimeUnixNano")?;
    let start = nanoseconds(span, "startTimeUnixNano")?;
    let duration =
        nanoseconds(span, "endTimeUnixNano").ok().and_then(|end| end.checked_sub(start)).filter(|ns| *ns >= 0);
    let node = around.resource.as_ref().and_then(|(_, node)| node.as_deref());
    let resource =
        around.resource.as_ref().map(|(json, _)| (format!("{mark}-resource-{}", fingerprint(json.as_bytes())), json));

    let mut data = Object::new();
    for (name, raw) in &span.0 {
        let is_carried = CARRIED.contains(&&**name) || (name == "endTimeUnixNano" && duration.is_some());
        if !is_carried {
            data.raw(name, raw.get());
        }
    }
    let listed = span.get("attributes");
    if let Some(listed) = listed {
        data.raw("attributes", &attributes(listed));
    }
    if let Some(scope) = &around.scope {
        data.raw("scope", scope);
    }
    data.texts([("resource", resource.as_ref().map(|(id, _)| id.as_str()))]);

    let mut event = envelope(&format!("{trace}-{own}"), start, "span", node);
    event.texts([
        ("correlation_id", Some(trace.as_str())),
        ("call_id", Some(own.as_str())),
        ("parent_id", parent.as_deref()),
    ]);
    if let Some(ns) = duration {
        event.number("duration_ns", ns);
    }
    code(&mut event, listed);
    event.raw("data", &data.close());

    let mut events = vec![event.close()];
    if let Some(listed) = span.get("events") {
        let inner: Vec<Members<'_>> = serde_json::from_str(listed.get())
            .map_err(|error| format!("events: expected an array of objects: {error}"))?;
        for (at, one) in inner.iter().enumerate() {
            events.push(span_event(one, &format!("{trace}-{own}-e{at}"), start, node, &trace, &own));
        }
    }
    let resource = resource.map(|(id, json)| {
        let mut event = envelope(&id, start, "resource", node);
        event.raw("data", json);
        (id, event.close())
    });
    Ok(Events { events, resource })
}

/// An event within a span; one without a time has that of the span's start.
fn span_event(one: &Members<'_>, id: &str, start: i64, node: Option<&str>, trace: &str, span: &str) -> String {
    let at = nanoseconds(one, "timeUnixNano");
    let event_type = if one.text("name").as_deref() == Some("exception") { "exception" } else { "span_event" };
    let mut event = envelope(id, at.as_ref().copied().unwrap_or(start), event_type, node);
    event.texts([("correlation_id", Some(trace)), ("parent_id", Some(span))]);
    let mut data = Object::new();
    for (name, raw) in &one.0 {
        match &**name {
            "attributes" => data.raw(name, &attributes(raw)),
            "timeUnixNano" if at.is_ok() => {}
            _ => data.raw(name, raw.get()),
        }
    }
    event.raw("data", &data.close());
    event.close()
}

fn envelope(id: &str, at: i64, event_type: &str, node: Option<&str>) -> Object {
    let mut event = Object::new();
    event.text("event_id", id);
    event.number("timestamp", at);
    event.number("wall_time", at);
    event.text("event_type", event_type);
    event.texts([("node", node)]);
    event
}

/// The function the span says it is of, and its place in the source.
fn code(event: &mut Object, listed: Option<&RawValue>) {
    let either = |names: [&str; 2]| names.into_iter().find_map(|name| text(listed, name));
    let Some(function) = either(["code.function.name", "code.function"]) else { return };
    let namespace = text(listed, "code.namespace");
    let Mfa { module, function, arity } = match &namespace {
        Some(module) => {
            let (name, arity) = function.rsplit_once('/').unwrap_or((&function, ""));
            match arity.parse() {
                Ok(arity) => Mfa { module, function: name, arity: Some(arity) },
                Err(_) => Mfa { module, function: &function, arity: None },
            }
        }
        None => match qualified(&function) {
            Some(mfa) => mfa,
            None => return event.text("function", &function),
        },
    };
    event.text("module", module);
    event.text("function", function);
    if let Some(arity) = arity {
        event.number("arity", arity.into());
        if let Some(line) = either(["code.line.number", "code.lineno"]) {
            let module = module.strip_prefix("Elixir.").unwrap_or(module);
            event.text("ast_node_id", &format!("{module}.{function}/{arity}:line_{line}"));
        }
    }
}

fn nanoseconds(members: &Members<'_>, name: &str) -> Result<i64, String> {
    let got = members.text(name).unwrap_or_default();
    got.parse().map_err(|_| format!("{name}: got {got:?}; expected nanoseconds since 1970 as a number or a string"))
}
