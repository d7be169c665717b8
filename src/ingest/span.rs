//! A span, of whichever tracer, as an event: a call of a service or a function that begins at its timestamp.

use std::borrow::Cow;

use super::mfa::{Mfa, qualified};
use super::object::Object;
use super::tape::Value;
use crate::event::MAX_KEY_BYTES;

/// Looks up the text of an attribute.
pub(super) type Lookup<'l> = &'l dyn Fn(&str) -> Option<String>;

/// What spans are of: a service stands where a process does, and on the BEAM its node is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Home {
    pub(super) service: Option<String>,
    pub(super) node: Option<String>,
}

impl Home {
    /// Reads the attributes of a resource.
    pub(super) fn of(attribute: Lookup<'_>) -> Self {
        let service = attribute("service.name").filter(|name| !name.is_empty() && name.len() <= MAX_KEY_BYTES);
        let is_beam = attribute("process.runtime.name").is_some_and(|name| name.eq_ignore_ascii_case("beam"))
            || attribute("telemetry.sdk.language").is_some_and(|name| matches!(&*name, "erlang" | "elixir"));
        let instance = attribute("service.instance.id").filter(|id| is_beam && is_node(id));
        Self { node: instance.or_else(|| service.clone()), service }
    }
}

/// Whether a text is written as the name of an Erlang node.
fn is_node(text: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '@' || c == '/');
    text.split_once('@').is_some_and(|(name, host)| is_part(name) && is_part(host))
}

/// One span.
#[derive(Debug)]
pub(super) struct Span<'a> {
    pub(super) event_id: String,
    pub(super) trace: &'a str,
    pub(super) own: &'a str,
    pub(super) parent: Option<&'a str>,
    /// Nanoseconds since 1970.
    pub(super) start: i64,
    pub(super) duration: Option<i64>,
    pub(super) home: &'a Home,
    pub(super) name: Option<&'a str>,
}

impl Span<'_> {
    /// The event; `data` is what no field of it carries.
    pub(super) fn event(&self, attribute: Lookup<'_>, data: Object) -> String {
        let mut event = envelope(&self.event_id, self.start, "span", self.home);
        event.texts([("correlation_id", Some(self.trace)), ("call_id", Some(self.own)), ("parent_id", self.parent)]);
        if let Some(ns) = self.duration {
            event.number("duration_ns", ns);
        }
        function(&mut event, attribute, self.name);
        event.raw("data", &data.close());
        event.close()
    }

    /// Something that happened within the span, such as an exception.
    pub(super) fn inner(&self, number: usize, at: Option<i64>, name: Option<&str>, data: Object) -> String {
        let event_type = if name == Some("exception") { "exception" } else { "span_event" };
        let id = format!("{}-e{number}", self.event_id);
        let mut event = envelope(&id, at.unwrap_or(self.start), event_type, self.home);
        event.texts([("correlation_id", Some(self.trace)), ("parent_id", Some(self.own))]);
        event.raw("data", &data.close());
        event.close()
    }
}

/// The start of an event that happened at a time since 1970.
pub(super) fn envelope(id: &str, at: i64, event_type: &str, home: &Home) -> Object {
    let mut event = Object::new();
    event.text("event_id", id);
    event.number("timestamp", at);
    event.number("wall_time", at);
    event.text("event_type", event_type);
    event.texts([("node", home.node.as_deref()), ("pid", home.service.as_deref())]);
    event
}

/// The function a span says it is of, and its place in the source; else its name stands for one.
fn function(event: &mut Object, attribute: Lookup<'_>, name: Option<&str>) {
    let either = |names: [&str; 2]| names.into_iter().find_map(attribute);
    let Some(function) = either(["code.function.name", "code.function"]) else { return named(event, name) };
    let namespace = attribute("code.namespace");
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

/// What a span is called is what it is counted by. One that is longer than a key is told in its payload only.
pub(super) fn named(event: &mut Object, name: Option<&str>) {
    let Some(name) = name.filter(|name| !name.is_empty() && name.len() <= MAX_KEY_BYTES) else { return };
    match qualified(name) {
        // A file's name is a dotted name, too: what counts is the arity.
        Some(Mfa { module, function, arity: Some(arity) }) => {
            event.text("module", module);
            event.text("function", function);
            event.number("arity", arity.into());
        }
        _ => event.text("function", name),
    }
}

/// Nanoseconds of a time in microseconds.
pub(super) fn of_micros(micros: &str) -> Option<i64> {
    super::chrome::micros::nanoseconds(micros).map(|(ns, _)| ns)
}

/// A span as Jaeger and Zipkin write one: ids as they come, times in microseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct InMicros<'t, 'a> {
    pub(super) span: Value<'t, 'a>,
    /// What a span must have, in words.
    pub(super) needs: &'static str,
}

impl InMicros<'_, '_> {
    pub(super) fn text(&self, name: &str) -> Option<String> {
        owned(self.span.get(name).and_then(Value::text))
    }

    pub(super) fn id(&self, name: &str) -> Option<String> {
        self.text(name).filter(|id| !id.is_empty()).map(|id| id.to_ascii_lowercase())
    }

    pub(super) fn needed_id(&self, name: &str) -> Result<String, String> {
        self.id(name).ok_or_else(|| format!("{name}: missing; a span has {}", self.needs))
    }

    pub(super) fn start(&self, name: &str) -> Result<i64, String> {
        let got = self.text(name).unwrap_or_default();
        of_micros(&got).ok_or_else(|| format!("{name}: got {got:?}; expected microseconds since 1970"))
    }

    /// Nanoseconds it took, if that is told and can be.
    pub(super) fn duration(&self) -> Option<i64> {
        of_micros(&self.text("duration")?).filter(|ns| *ns >= 0)
    }
}

/// A text of a value, owned.
pub(super) fn owned(text: Option<Cow<'_, str>>) -> Option<String> {
    text.map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beam_service_is_at_its_node() {
        let home = |pairs: &[(&str, &str)]| {
            let find = |key: &str| pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned());
            let Home { service, node } = Home::of(&find);
            (service.unwrap_or_default(), node.unwrap_or_default())
        };
        let told = |service: &str, node: &str| (service.to_owned(), node.to_owned());
        assert_eq!(home(&[("service.name", "shop")]), told("shop", "shop"));
        let beam = [("service.name", "shop"), ("process.runtime.name", "BEAM"), ("service.instance.id", "shop@host")];
        assert_eq!(home(&beam), told("shop", "shop@host"));
        let sdk = [("telemetry.sdk.language", "erlang"), ("service.instance.id", "a@b")];
        assert_eq!(home(&sdk), told("", "a@b"));
        let uuid = [("service.name", "shop"), ("process.runtime.name", "BEAM"), ("service.instance.id", "6f1c-22")];
        assert_eq!(home(&uuid), told("shop", "shop"));
        let go = [("service.name", "api"), ("service.instance.id", "pod@zone"), ("telemetry.sdk.language", "go")];
        assert_eq!(home(&go), told("api", "api"));
    }
}
