//! Zipkin v2's JSON: which event is a span of it?
//!
//! Both ends of a remote call may share one id there: the client's span and the server's are two events.

use std::collections::BTreeMap;

use super::Found;
use super::input::Input;
use super::jaeger::event_id;
use super::job::Stop;
use super::object::Object;
use super::out::Out;
use super::span::{Home, InMicros, Span, of_micros, owned};
use super::tape::{Tape, Value};

/// Whether an object with these members is a span.
pub(super) fn is_span(names: &[&str]) -> bool {
    let has = |name: &str| names.contains(&name);
    has("traceId")
        && has("id")
        && !has("spanId")
        && !["binaryAnnotations", "event_type", "type", "data", "pid", "module", "function"].into_iter().any(has)
        && ["timestamp", "duration", "kind", "localEndpoint", "parentId", "tags", "shared"].into_iter().any(has)
}

/// Members of a span that its event carries otherwise.
const CARRIED: [&str; 7] = ["traceId", "id", "parentId", "timestamp", "duration", "tags", "annotations"];

/// One span.
pub(super) fn span(out: &mut Out<'_, '_>, input: &Input, found: Found, text: &[u8]) -> Result<(), Stop> {
    out.mark(text);
    let Some(json) = out.json(found, text, "span") else { return Ok(()) };
    match events(Tape::read(json).root()) {
        Ok(events) => events.iter().try_for_each(|event| out.push(input, found, event)),
        Err(message) => {
            out.reject(found, message);
            Ok(())
        }
    }
}

/// The events of a span: itself, and one for each of its annotations.
fn events(span: Value<'_, '_>) -> Result<Vec<String>, String> {
    let told = InMicros { span, needs: "traceId, id and timestamp" };
    let (trace, own) = (told.needed_id("traceId")?, told.needed_id("id")?);
    let (start, duration) = (told.start("timestamp")?, told.duration());
    let tags = span.get("tags");
    let tag = |key: &str| owned(tags.and_then(|tags| tags.get(key)).and_then(Value::text));
    let service = span.get("localEndpoint").and_then(|end| end.get("serviceName")).and_then(Value::text);
    let home = Home::of(&|key| match key {
        "service.name" => service.as_deref().map(str::to_owned),
        key => tag(key),
    });

    let mut data = Object::new();
    for (member, value) in span.members().into_iter().flatten() {
        let is_kept = member == "duration" && duration.is_none();
        if is_kept || !CARRIED.contains(&&*member) {
            data.raw(&member, value.raw());
        }
    }
    if let Some(tags) = tags {
        data.raw("attributes", tags.raw());
    }
    let (name, kind, parent) = (told.text("name"), told.text("kind"), told.id("parentId"));
    let made = Span {
        event_id: event_id(&trace, &own, kind.as_deref()),
        trace: &trace,
        own: &own,
        parent: parent.as_deref(),
        start,
        duration,
        home: &home,
        name: name.as_deref(),
    };
    let mut events = vec![made.event(&tag, data)];
    for (at, annotation) in span.get("annotations").and_then(Value::list).into_iter().flatten().enumerate() {
        let members: BTreeMap<_, _> = annotation.members().into_iter().flatten().collect();
        let at_ns = members.get("timestamp").and_then(|at| at.text()).and_then(|text| of_micros(&text));
        let name = owned(members.get("value").and_then(|value| value.text()));
        let mut data = Object::new();
        data.texts([("name", name.as_deref())]);
        for (member, value) in &members {
            if !matches!(&**member, "timestamp" | "value") {
                data.raw(member, value.raw());
            }
        }
        events.push(made.inner(at, at_ns, name.as_deref(), data));
    }
    Ok(events)
}
