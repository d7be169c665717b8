//! One JSON object to an [`Event`].
//!
//! Values stay raw until their field asks for them; the payload is walked once for the fields and pids it
//! names and otherwise kept as text.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Deserializer;
use serde::de::{Deserialize, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Event, Role, canon, time};
use crate::error::{Error, Result};

/// A JSON object's members in the order written.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A string that borrows where it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> std::result::Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> std::result::Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> std::result::Result<Members<'de>, M::Error> {
                let mut members = Vec::with_capacity(12);
                while let Some(Text(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

/// Aliases in the order they are believed; the canonical name first.
const EVENT_ID: &[&str] = &["event_id", "id"];
const TIMESTAMP: &[&str] = &["timestamp", "timestamp_ns", "ts"];
const WALL_TIME: &[&str] = &["wall_time"];
const EVENT_TYPE: &[&str] = &["event_type", "type", "kind"];

/// Whether a key names an identity, a time or a type, so that `null` in it means nothing was said.
fn is_alias(key: &str) -> bool {
    [EVENT_ID, TIMESTAMP, WALL_TIME, EVENT_TYPE].iter().any(|names| names.contains(&key))
}

pub(super) fn event(json: &str) -> Result<Event<'_>> {
    let Members(mut members) = serde_json::from_str(json).map_err(|error| {
        let text = json.trim_start();
        if text.starts_with('{') {
            Error::invalid(format!("not valid JSON: {error}"))
        } else {
            Error::invalid(format!("expected a JSON object, got {}", shape(text)))
        }
    })?;
    refuse_repeated_keys(&members)?;

    let mut event = Event {
        event_id: take(&mut members, EVENT_ID).map(|(key, raw)| key_text(key, raw)).transpose()?,
        wall_time: take(&mut members, WALL_TIME).map(|(key, raw)| nanoseconds(key, raw)).transpose()?.map(|(ns, _)| ns),
        event_type: take(&mut members, EVENT_TYPE)
            .map(|(key, raw)| key_text(key, raw).map(canon::event_type))
            .transpose()?,
        ..Event::default()
    };
    if let Some((key, raw)) = take(&mut members, TIMESTAMP) {
        let (ns, is_wall) = nanoseconds(key, raw)?;
        event.timestamp = Some(ns);
        if is_wall && event.wall_time.is_none() {
            event.wall_time = Some(ns);
        }
    }

    let mut extras = Vec::new();
    let mut payload = None;
    for (key, raw) in members {
        let text = |canon: fn(Cow<'_, str>) -> Cow<'_, str>| match raw.get() {
            "null" => Ok(None),
            _ => key_text(&key, raw).map(canon).map(Some),
        };
        match &*key {
            "data" => payload = Some(raw),
            "node" => event.node = text(canon::as_is)?,
            "pid" => event.pid = text(canon::pid)?,
            "module" => event.module = text(canon::module)?,
            "function" => event.function = text(canon::as_is)?,
            "correlation_id" => event.correlation_id = text(canon::as_is)?,
            "parent_id" => event.parent_id = text(canon::as_is)?,
            "call_id" => event.call_id = text(canon::as_is)?,
            "session_id" => event.session_id = text(canon::as_is)?,
            "ast_node_id" => event.ast_node_id = text(canon::as_is)?,
            "arity" if raw.get() != "null" => {
                event.arity = Some(arity(raw).ok_or_else(|| {
                    Error::invalid(format!("arity: got {}; expected an integer from 0 to 255", short(raw)))
                })?);
            }
            "duration_ns" if raw.get() != "null" => {
                event.duration_ns = Some(duration(raw).ok_or_else(|| {
                    Error::invalid(format!("duration_ns: got {}; expected nanoseconds, 0 or more", short(raw)))
                })?);
            }
            "arity" | "duration_ns" => {}
            name if raw.get() == "null" && is_alias(name) => {}
            _ => extras.push((key, raw)),
        }
    }
    for (key, raw) in &extras {
        role_from(&mut event, key, raw);
    }
    if let Some(raw) = payload {
        data(&mut event, raw)?;
    }
    if event.ast_node_id.is_none() {
        // A payload's own arguments were looked at; the top's are of a flat struct.
        let args = extras.iter().find(|(key, _)| key == "args");
        event.ast_node_id = args.and_then(|(_, raw)| first_arg_node(raw));
    }
    if !extras.is_empty() {
        let merged = merge(&event.data, &extras)?;
        event.data = Cow::Owned(merged);
    }
    event.check_size()?;
    Ok(event)
}

/// Takes the payload into an event: its text as it is, and every field and pid it names that the top did not.
pub(super) fn data<'a>(event: &mut Event<'a>, raw: &'a RawValue) -> Result<()> {
    let json = raw.get();
    if json == "null" {
        return Ok(());
    }
    if !json.starts_with('{') {
        event.data = Cow::Owned(format!("{{\"value\":{json}}}"));
        return Ok(());
    }
    let Members(members) =
        serde_json::from_str(json).map_err(|error| Error::invalid(format!("data: not valid JSON: {error}")))?;
    event.data = if members.is_empty() { Cow::Borrowed("") } else { Cow::Borrowed(json) };
    let mut args_node = None;
    for (key, raw) in members {
        match &*key {
            "module" => fill(&mut event.module, raw, canon::module),
            "function" => fill(&mut event.function, raw, canon::as_is),
            "call_id" => fill(&mut event.call_id, raw, canon::as_is),
            "correlation_id" => fill(&mut event.correlation_id, raw, canon::as_is),
            "parent_id" => fill(&mut event.parent_id, raw, canon::as_is),
            "session_id" => fill(&mut event.session_id, raw, canon::as_is),
            "ast_node_id" => fill(&mut event.ast_node_id, raw, canon::as_is),
            "arity" => event.arity = event.arity.or_else(|| arity(raw)),
            "duration_ns" => event.duration_ns = event.duration_ns.or_else(|| duration(raw)),
            "args" => args_node = first_arg_node(raw),
            "pid" => {
                if let Some(pid) = indexable(raw).map(canon::pid) {
                    match &event.pid {
                        None => event.pid = Some(pid),
                        Some(subject) if *subject == pid => {}
                        Some(_) => event.roles.push((Role::Subject, pid)),
                    }
                }
            }
            _ => role_from(event, &key, raw),
        }
    }
    if event.ast_node_id.is_none() {
        event.ast_node_id = args_node;
    }
    Ok(())
}

fn fill<'a>(field: &mut Option<Cow<'a, str>>, raw: &'a RawValue, canon: fn(Cow<'a, str>) -> Cow<'a, str>) {
    if field.is_none() {
        *field = indexable(raw).map(canon);
    }
}

/// `ElixirScope`'s AST events may carry the node id in their first argument.
fn first_arg_node(raw: &RawValue) -> Option<Cow<'_, str>> {
    let json = raw.get();
    if !json.strip_prefix('[')?.trim_start().starts_with('{') {
        return None;
    }
    let args: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    let Members(members) = serde_json::from_str(args.first()?.get()).ok()?;
    members.into_iter().find(|(key, _)| key == "ast_node_id").and_then(|(_, raw)| indexable(raw))
}

fn role_from<'a>(event: &mut Event<'a>, key: &str, raw: &'a RawValue) {
    let Some(role) = Role::of_key(key) else { return };
    let Some(pid) = indexable(raw).map(canon::pid) else { return };
    // One too many is enough for `check_size` to refuse the event.
    if event.roles.len() <= super::MAX_ROLES && !event.roles.iter().any(|(r, p)| *r == role && *p == pid) {
        event.roles.push((role, pid));
    }
}

/// Unknown top-level keys are kept in the payload. One the payload has too is kept under `"_top"`.
fn merge(data: &str, extras: &[(Cow<'_, str>, &RawValue)]) -> Result<String> {
    let data = if data.is_empty() { "{}" } else { data };
    let Members(members) =
        serde_json::from_str(data).map_err(|error| Error::invalid(format!("data: not valid JSON: {error}")))?;
    let many = members.len() > FEW_KEYS;
    let known: HashSet<&str> = if many { members.iter().map(|(key, _)| &**key).collect() } else { HashSet::new() };
    let clashes = |key: &str| if many { known.contains(key) } else { members.iter().any(|(k, _)| k == key) };
    let inner = data.trim_end().strip_suffix('}').unwrap_or(data);
    let mut out = String::with_capacity(inner.len() + 64);
    out.push_str(inner);
    let mut first = members.is_empty();
    let mut push = |out: &mut String, key: &str, json: &str| {
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        out.push_str(&quoted(key));
        out.push(':');
        out.push_str(json);
    };
    for (key, raw) in extras.iter().filter(|(key, _)| !clashes(key)) {
        push(&mut out, key, raw.get());
    }
    let clashing: Vec<String> = extras
        .iter()
        .filter(|(key, _)| clashes(key))
        .map(|(key, raw)| format!("{}:{}", quoted(key), raw.get()))
        .collect();
    if !clashing.is_empty() {
        let taken = |name: &str| clashes(name) || extras.iter().any(|(key, _)| key == name);
        let mut free = "_top".to_owned();
        while taken(&free) {
            free.insert(0, '_');
        }
        push(&mut out, &free, &format!("{{{}}}", clashing.join(",")));
    }
    out.push('}');
    Ok(out)
}

fn quoted(key: &str) -> String {
    serde_json::Value::from(key).to_string()
}

fn take<'a>(
    members: &mut Vec<(Cow<'a, str>, &'a RawValue)>,
    names: &[&'static str],
) -> Option<(&'static str, &'a RawValue)> {
    names.iter().find_map(|name| {
        let at = members.iter().position(|(key, raw)| key == name && raw.get() != "null")?;
        Some((*name, members.remove(at).1))
    })
}

/// Up to so many keys, comparing each with each is cheaper than hashing them.
const FEW_KEYS: usize = 24;

fn refuse_repeated_keys(members: &[(Cow<'_, str>, &RawValue)]) -> Result<()> {
    let repeated = if members.len() <= FEW_KEYS {
        members.iter().enumerate().find(|(at, (key, _))| members.iter().take(*at).any(|(earlier, _)| earlier == key))
    } else {
        let mut seen = HashSet::with_capacity(members.len());
        members.iter().enumerate().find(|(_, (key, _))| !seen.insert(key))
    };
    match repeated {
        Some((_, (key, _))) => Err(Error::invalid(format!("{key}: the key is given twice; send each key once"))),
        None => Ok(()),
    }
}

/// A scalar as the text it is compared by; `null`, arrays and objects have none.
fn scalar(raw: &RawValue) -> Option<Cow<'_, str>> {
    let json = raw.get();
    match json.as_bytes().first()? {
        b'"' => {
            let Text(text) = serde_json::from_str(json).ok()?;
            Some(text)
        }
        b'{' | b'[' | b'n' => None,
        _ => Some(Cow::Borrowed(json)),
    }
}

/// A value inside the payload that can be indexed; anything else stays payload only.
fn indexable(raw: &RawValue) -> Option<Cow<'_, str>> {
    scalar(raw).filter(|text| text.len() <= super::MAX_KEY_BYTES)
}

fn key_text<'a>(name: &str, raw: &'a RawValue) -> Result<Cow<'a, str>> {
    scalar(raw)
        .ok_or_else(|| Error::invalid(format!("{name}: got {}; expected a string or a number", shape(raw.get()))))
}

/// Nanoseconds, and whether they were written as a wall-clock time.
fn nanoseconds(name: &str, raw: &RawValue) -> Result<(i64, bool)> {
    let text = scalar(raw);
    let read = text.as_deref().and_then(|text| {
        time::nanoseconds(text).map(|ns| (ns, false)).or_else(|| time::rfc3339(text).map(|ns| (ns, true)))
    });
    read.ok_or_else(|| {
        Error::invalid(format!(
            "{name}: got {}; expected integer nanoseconds (any sign, 64 bits), a decimal string, or RFC 3339",
            short(raw)
        ))
    })
}

fn arity(raw: &RawValue) -> Option<u8> {
    scalar(raw)?.parse().ok()
}

fn duration(raw: &RawValue) -> Option<i64> {
    scalar(raw)?.parse().ok().filter(|ns| *ns >= 0)
}

/// What kind of JSON value a text starts as, for messages.
fn shape(json: &str) -> &'static str {
    match json.as_bytes().first() {
        None => "nothing",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        Some(b'-' | b'0'..=b'9') => "a number",
        Some(_) => "text that is not JSON",
    }
}

/// The value itself, cut to fit a message.
fn short(raw: &RawValue) -> String {
    const SHOWN: usize = 60;
    let json = raw.get();
    match json.char_indices().nth(SHOWN) {
        None => json.to_owned(),
        Some((cut, _)) => format!("{}...", &json[..cut]),
    }
}
