//! Which events is one span?

use std::borrow::Cow;

use super::attributes::{attributes, text};
use super::names::{SPAN_BYTES, TRACE_BYTES, camel, id, is_none};
use crate::ingest::object::Object;
use crate::ingest::span::{Home, Span, envelope, owned};
use crate::ingest::tape::{Tape, Value};
use crate::ingest::trace_file::fingerprint;

/// What spans are of.
#[derive(Debug, Default)]
pub(super) struct Around {
    /// Text of the resource.
    resource: Option<String>,
    home: Home,
    /// Text of the library that made them.
    pub(super) scope: Option<String>,
}

impl Around {
    pub(super) fn resource(&mut self, json: &str) {
        if json == "null" {
            return;
        }
        let tape = Tape::read(json);
        let listed = tape.root().get("attributes");
        self.home = Home::of(&|key| listed.and_then(|listed| owned(text(listed, key))));
        self.resource = Some(json.to_owned());
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
pub(super) fn events(json: &str, around: &Around, mark: &str) -> Result<Events, String> {
    let tape = Tape::read(json);
    let span = Named::of(tape.root()).ok_or("no span: expected an object")?;
    let need = |name: &str| {
        let text = span.text(name).filter(|text| !text.is_empty());
        text.ok_or_else(|| format!("{name}: missing; a span has traceId, spanId and startTimeUnixNano"))
    };
    let (trace, own) = (id(&need("traceId")?, TRACE_BYTES), id(&need("spanId")?, SPAN_BYTES));
    let parent = span.text("parentSpanId").map(|text| id(&text, SPAN_BYTES)).filter(|id| !is_none(id));
    need("startTimeUnixNano")?;
    let start = span.nanoseconds("startTimeUnixNano")?;
    let duration = span.nanoseconds("endTimeUnixNano").ok().and_then(|end| end.checked_sub(start));
    let duration = duration.filter(|ns| *ns >= 0);
    let resource =
        around.resource.as_ref().map(|json| (format!("{mark}-resource-{}", fingerprint(json.as_bytes())), json));

    let mut data = Object::new();
    for (name, value) in &span.0 {
        let is_carried = CARRIED.contains(&&**name) || (name == "endTimeUnixNano" && duration.is_some());
        if is_carried {
            continue;
        }
        match &**name {
            "links" => data.raw(name, &links(*value)),
            "status" => data.raw(name, &renamed(*value)),
            _ => data.raw(name, value.raw()),
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

    let name = span.text("name");
    let made = Span {
        event_id: format!("{trace}-{own}"),
        trace: &trace,
        own: &own,
        parent: parent.as_deref(),
        start,
        duration,
        home: &around.home,
        name: name.as_deref(),
    };
    let mut events = vec![made.event(&|key| listed.and_then(|listed| owned(text(listed, key))), data)];
    if let Some(listed) = span.get("events") {
        let inner = listed.list().ok_or("events: expected an array of objects")?;
        for (at, one) in inner.enumerate() {
            let one = Named::of(one).ok_or("events: expected an array of objects")?;
            events.push(inner_event(&made, at, &one));
        }
    }
    let resource = resource.map(|(id, json)| {
        let mut event = envelope(&id, start, "resource", &around.home);
        event.raw("data", json);
        (id, event.close())
    });
    Ok(Events { events, resource })
}

/// An event within a span; one without a time has that of the span's start.
fn inner_event(span: &Span<'_>, number: usize, one: &Named<'_, '_>) -> String {
    let at = one.nanoseconds("timeUnixNano").ok();
    let mut data = Object::new();
    for (name, value) in &one.0 {
        match &**name {
            "attributes" => data.raw(name, &attributes(*value)),
            "timeUnixNano" if at.is_some() => {}
            _ => data.raw(name, value.raw()),
        }
    }
    span.inner(number, at, one.text("name").as_deref(), data)
}

/// Members of an object by the names OTLP/JSON has for them.
struct Named<'t, 'a>(Vec<(Cow<'a, str>, Value<'t, 'a>)>);

impl<'t, 'a> Named<'t, 'a> {
    fn of(object: Value<'t, 'a>) -> Option<Self> {
        let name = |name: Cow<'a, str>| match camel(&name) {
            Cow::Owned(camel) => Cow::Owned(camel),
            Cow::Borrowed(_) => name,
        };
        Some(Self(object.members()?.map(|(member, value)| (name(member), value)).collect()))
    }

    fn get(&self, name: &str) -> Option<Value<'t, 'a>> {
        let (_, value) = self.0.iter().find(|(member, _)| member == name)?;
        (value.raw() != "null").then_some(*value)
    }

    fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name)?.text()
    }

    fn nanoseconds(&self, name: &str) -> Result<i64, String> {
        let got = self.text(name).unwrap_or_default();
        got.parse().map_err(|_| format!("{name}: got {got:?}; expected nanoseconds since 1970 as a number or a string"))
    }
}

/// The links of a span, their ids as those of spans are written.
fn links(list: Value<'_, '_>) -> String {
    let Some(items) = list.list() else { return list.raw().to_owned() };
    let links = items.map(|link| {
        let Some(members) = Named::of(link) else { return link.raw().to_owned() };
        let mut object = Object::new();
        for (name, value) in &members.0 {
            match (&**name, value.text()) {
                ("traceId", Some(text)) => object.text(name, &id(&text, TRACE_BYTES)),
                ("spanId", Some(text)) => object.text(name, &id(&text, SPAN_BYTES)),
                _ => object.raw(name, value.raw()),
            }
        }
        object.close()
    });
    format!("[{}]", links.collect::<Vec<_>>().join(","))
}

/// An object by the names OTLP/JSON has for its members.
fn renamed(value: Value<'_, '_>) -> String {
    let Some(members) = Named::of(value) else { return value.raw().to_owned() };
    let mut object = Object::new();
    for (name, value) in &members.0 {
        object.raw(name, value.raw());
    }
    object.close()
}
