//! Jaeger's JSON: which event is a span of a trace as its UI and its API write it?
//!
//! `{"data": [{"traceID": ..., "spans": [...], "processes": {...}}]}`, such a trace alone, or spans that carry their
//! process themselves, as Jaeger's storage has them.

use std::borrow::Cow;
use std::collections::HashMap;

use super::Found;
use super::input::Input;
use super::job::Stop;
use super::object::Object;
use super::out::Out;
use super::span::{Home, InMicros, Span, of_micros, owned};
use super::tape::{Tape, Value};

/// Whether an object with these members is a trace.
pub(super) fn is_trace(names: &[&str]) -> bool {
    names.contains(&"spans") && (names.contains(&"processes") || names.contains(&"traceID"))
}

/// Whether an object with these members is a span.
pub(super) fn is_span(names: &[&str]) -> bool {
    ["traceID", "spanID", "operationName"].iter().all(|name| names.contains(name))
}

/// One trace.
pub(super) fn trace(out: &mut Out<'_, '_>, input: &Input, found: Found, text: &[u8]) -> Result<(), Stop> {
    out.mark(text);
    let Some(json) = out.json(found, text, "trace") else { return Ok(()) };
    let tape = Tape::read(json);
    let processes: HashMap<Cow<'_, str>, Process<'_, '_>> = tape
        .root()
        .get("processes")
        .and_then(Value::members)
        .into_iter()
        .flatten()
        .map(|(id, value)| (id, Process::of(value)))
        .collect();
    let Some(spans) = tape.root().get("spans").and_then(Value::list) else {
        out.reject(found, "spans: expected an array");
        return Ok(());
    };
    for span in spans {
        let process = span.get("processID").and_then(Value::text).and_then(|id| processes.get(&id));
        push(out, input, found, span, process)?;
    }
    Ok(())
}

/// One span that says its process itself.
pub(super) fn span(out: &mut Out<'_, '_>, input: &Input, found: Found, text: &[u8]) -> Result<(), Stop> {
    out.mark(text);
    let Some(json) = out.json(found, text, "span") else { return Ok(()) };
    push(out, input, found, Tape::read(json).root(), None)
}

/// Where a span ran.
struct Process<'t, 'a> {
    home: Home,
    tags: Option<Value<'t, 'a>>,
}

impl<'t, 'a> Process<'t, 'a> {
    fn of(value: Value<'t, 'a>) -> Self {
        let tags = value.get("tags");
        let service = value.get("serviceName").and_then(|name| owned(name.text()));
        let home = Home::of(&|key| match key {
            "service.name" => service.clone(),
            key => tags.and_then(|tags| tag(tags, key)),
        });
        Self { home, tags }
    }
}

/// Members of a span that its event carries otherwise.
const CARRIED: [&str; 10] = [
    "traceID",
    "spanID",
    "parentSpanID",
    "operationName",
    "startTime",
    "startTimeMillis",
    "duration",
    "tags",
    "logs",
    "processID",
];

fn push(
    out: &mut Out<'_, '_>,
    input: &Input,
    found: Found,
    span: Value<'_, '_>,
    process: Option<&Process<'_, '_>>,
) -> Result<(), Stop> {
    match events(span, process) {
        Ok(events) => events.iter().try_for_each(|event| out.push(input, found, event)),
        Err(message) => {
            out.reject(found, message);
            Ok(())
        }
    }
}

/// The events of a span: itself, and one for each of its logs.
fn events(span: Value<'_, '_>, process: Option<&Process<'_, '_>>) -> Result<Vec<String>, String> {
    let told = InMicros { span, needs: "traceID, spanID and startTime" };
    let (trace, own) = (told.needed_id("traceID")?, told.needed_id("spanID")?);
    let (start, duration) = (told.start("startTime")?, told.duration());
    let own_process = span.get("process").map(Process::of);
    let process = process.or(own_process.as_ref());
    let nowhere = Home::default();
    let home = process.map_or(&nowhere, |process| &process.home);
    let tags = span.get("tags");
    let listed = |key: &str| tags.and_then(|tags| tag(tags, key));
    let kind = listed("span.kind");
    let parent = parent(span, &trace);

    let name = told.text("operationName");
    let mut data = Object::new();
    data.texts([("name", name.as_deref()), ("kind", kind.as_deref())]);
    for (member, value) in span.members().into_iter().flatten() {
        let is_carried = CARRIED.contains(&&*member) || (member == "process" && process.is_some());
        if !is_carried {
            data.raw(&member, value.raw());
        }
    }
    if duration.is_none() {
        if let Some(raw) = span.get("duration") {
            data.raw("duration", raw.raw());
        }
    }
    if let Some(tags) = tags {
        data.raw("attributes", &tags_object(tags));
    }
    if let Some(tags) = process.and_then(|process| process.tags) {
        data.raw("resource", &tags_object(tags));
    }
    let made = Span {
        event_id: event_id(&trace, &own, kind.as_deref()),
        trace: &trace,
        own: &own,
        parent: parent.as_deref(),
        start,
        duration,
        home,
        name: name.as_deref(),
    };
    let mut events = vec![made.event(&listed, data)];
    for (at, log) in span.get("logs").and_then(Value::list).into_iter().flatten().enumerate() {
        let fields = log.get("fields");
        let field = |key: &str| fields.and_then(|fields| tag(fields, key));
        let name = match field("event").or_else(|| field("message")) {
            // OpenTracing called its exceptions so.
            Some(name) if name == "error" => Some("exception".to_owned()),
            name => name,
        };
        let mut data = Object::new();
        data.texts([("name", name.as_deref())]);
        if let Some(fields) = fields {
            data.raw("attributes", &tags_object(fields));
        }
        let at_ns = log.get("timestamp").and_then(Value::text).and_then(|text| of_micros(&text));
        events.push(made.inner(at, at_ns, name.as_deref(), data));
    }
    Ok(events)
}

/// Both ends of a remote call may have one id: that of the server is told apart.
pub(super) fn event_id(trace: &str, own: &str, kind: Option<&str>) -> String {
    let is_server = kind.is_some_and(|kind| kind.eq_ignore_ascii_case("server"));
    format!("{trace}-{own}{}", if is_server { "-server" } else { "" })
}

/// The span a span is a part of: what it is a child of, else what it follows from, in its own trace.
fn parent(span: Value<'_, '_>, trace: &str) -> Option<String> {
    let references = || span.get("references").and_then(Value::list).into_iter().flatten();
    let text = |value: Value<'_, '_>, name: &str| owned(value.get(name).and_then(Value::text));
    let own_trace =
        |reference: &Value<'_, '_>| text(*reference, "traceID").is_none_or(|other| other.eq_ignore_ascii_case(trace));
    let kind = |kind: &'static str| {
        references()
            .filter(own_trace)
            .find(|reference| text(*reference, "refType").as_deref() == Some(kind))
            .and_then(|reference| text(reference, "spanID"))
    };
    let named = kind("CHILD_OF").or_else(|| kind("FOLLOWS_FROM")).or_else(|| text(span, "parentSpanID"));
    named.map(|id| id.to_ascii_lowercase()).filter(|id| id.bytes().any(|byte| byte != b'0'))
}

/// The text of a tag in a list of `{"key", "type", "value"}`.
fn tag(tags: Value<'_, '_>, key: &str) -> Option<String> {
    let is_it = |tag: &Value<'_, '_>| tag.get("key").and_then(Value::text).as_deref() == Some(key);
    owned(tags.list()?.find(is_it)?.get("value")?.text())
}

/// Such a list as an object; one that is no such thing, or has a key twice, as it is.
fn tags_object(tags: Value<'_, '_>) -> String {
    let mut seen = std::collections::HashSet::new();
    let mut object = Object::new();
    for tag in tags.list().into_iter().flatten() {
        match (tag.get("key").and_then(Value::text), tag.get("value")) {
            (Some(key), Some(value)) if seen.insert(key.clone()) => object.raw(&key, &typed(tag, value)),
            _ => return tags.raw().to_owned(),
        }
    }
    if tags.list().is_some() { object.close() } else { tags.raw().to_owned() }
}

/// A tag's value; Jaeger's storage writes numbers and booleans as texts.
fn typed(tag: Value<'_, '_>, value: Value<'_, '_>) -> String {
    let kind = tag.get("type").and_then(Value::text);
    match (kind.as_deref(), value.text()) {
        (Some("int64" | "float64" | "bool"), Some(text))
            if serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|it| it.is_number() || it.is_boolean()) =>
        {
            text.into_owned()
        }
        _ => value.raw().to_owned(),
    }
}
