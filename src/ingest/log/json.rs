//! Is an object an entry of a log, and what does it say?
//!
//! `LoggerJSON`, ECS, GELF, pino and their like name the same things differently, and nest them or write paths as names. An
//! object is an entry by what it holds, whatever the order: how grave, when, and a message.

use serde_json::Value;
use serde_json::value::RawValue;

use super::entry::Entry;
use super::{level, when};
use crate::ingest::object::{Members, scalar};

const LEVELS: [&str; 5] = ["level", "severity", "log.level", "syslog.severity", "lvl"];
const TIMES: [&str; 6] = ["time", "timestamp", "@timestamp", "ts", "syslog.timestamp", "datetime"];
const MESSAGES: [&str; 4] = ["message", "msg", "short_message", "event.message"];

/// What an event of this server's own is told by.
const OF_EVENTS: [&str; 6] = ["event_type", "type", "event_id", "kind", "call_id", "correlation_id"];

const PIDS: [&str; 7] = [
    "metadata.pid",
    "pid",
    "_pid",
    "erl_pid",
    "logger.thread_name",
    "logging.googleapis.com/operation.pid",
    "process.thread.name",
];
const NODES: [&str; 3] = ["metadata.node", "_node", "service.node.name"];
const MODULES: [&str; 5] = ["metadata.module", "module", "_module", "log.logger", "logger.module"];
const FUNCTIONS: [&str; 9] = [
    "metadata.mfa",
    "metadata.function",
    "mfa",
    "_mfa",
    "function",
    "_function",
    "log.origin.function",
    "logger.method_name",
    "logging.googleapis.com/sourceLocation.function",
];
const FILES: [&str; 6] = [
    "metadata.file",
    "file",
    "_file",
    "log.origin.file.name",
    "logger.file_name",
    "logging.googleapis.com/sourceLocation.file",
];
const LINES: [&str; 6] = [
    "metadata.line",
    "line",
    "_line",
    "log.origin.file.line",
    "logger.line",
    "logging.googleapis.com/sourceLocation.line",
];

/// The value of the first of these names there is.
fn first<'a>(members: &Members<'a>, names: &[&str]) -> Option<&'a RawValue> {
    names.iter().find_map(|name| find(members, name))
}

/// The value of a name, which may be a path: `log.level` is the member `log.level`, or the member `level` of `log`.
fn find<'a>(members: &Members<'a>, name: &str) -> Option<&'a RawValue> {
    if let Some(value) = members.get(name) {
        return Some(value);
    }
    name.match_indices('.').find_map(|(at, _)| {
        let (outer, inner) = (name.get(..at)?, name.get(at + 1..)?);
        let raw: &'a str = members.get(outer)?.get();
        let inner_members = serde_json::from_str::<Members<'a>>(raw).ok()?;
        find(&inner_members, inner)
    })
}

/// Whether an object is an entry of a log.
pub(super) fn is_entry(members: &Members<'_>) -> bool {
    if OF_EVENTS.iter().any(|name| members.get(name).is_some()) {
        return false;
    }
    let is_message = first(members, &MESSAGES).is_some();
    // GELF needs no time and no level.
    let is_gelf = members.get("short_message").is_some() && members.get("host").is_some();
    is_message && (is_gelf || level_of(members).is_some() && first(members, &TIMES).is_some())
}

fn level_of(members: &Members<'_>) -> Option<&'static str> {
    let text = scalar(first(members, &LEVELS)?)?;
    match text.parse() {
        Ok(number) if members.get("short_message").is_some() => level::of_syslog(number),
        Ok(number) => level::counted(number),
        Err(_) => level::named(&text),
    }
}

/// Reads an entry.
pub(super) fn entry(members: &Members<'_>) -> Entry {
    // What GELF does not say is an alert, by its definition.
    let mut entry = Entry { level: level_of(members).unwrap_or("alert").to_owned(), ..Entry::default() };
    let time = first(members, &TIMES).and_then(scalar);
    entry.when = time.and_then(|time| when::text(&time).or_else(|| when::number(&time)));
    if let Some(message) = first(members, &MESSAGES) {
        entry.message = scalar(message).unwrap_or_else(|| message.get().to_owned());
    }
    let all = [(&PIDS[..], "pid"), (&NODES, "node"), (&MODULES, "module"), (&FILES, "file"), (&LINES, "line")];
    for (names, key) in all {
        // Such as the number of a process of the system, which is none of the BEAM.
        let texts = names.iter().filter_map(|name| scalar(find(members, name)?));
        _ = texts.into_iter().any(|text| entry.metadata(key, &text));
    }
    if let Some(function) = first(members, &FUNCTIONS).and_then(function_text) {
        entry.metadata("function", &function);
    }
    let texts = ["full_message", "error.message", "error.stack_trace", "error.stack"];
    let error: Vec<String> = texts.iter().filter_map(|name| scalar(find(members, name)?)).collect();
    entry.error = Some(error.join("\n")).filter(|error| !error.is_empty());
    // What a member was read from stands there whole, where it has more than that.
    let is_read =
        |name: &str| [&MESSAGES[..], &TIMES].iter().any(|names| names.contains(&name)) || LEVELS.contains(&name);
    let rest = members.0.iter().filter(|(name, raw)| !(is_read(name) && scalar(raw).is_some()));
    entry.rest = rest.map(|(name, raw)| (name.to_string(), raw.get().to_owned())).collect();
    entry
}

/// `"add/2"`, `"Shop.Cart.add/2"`, or `["Shop.Cart", "add", 2]`.
fn function_text(raw: &RawValue) -> Option<String> {
    if let Some(text) = scalar(raw) {
        return Some(text);
    }
    let Ok(Value::Array(parts)) = serde_json::from_str::<Value>(raw.get()) else { return None };
    let [Value::String(module), Value::String(function), Value::Number(arity)] = parts.as_slice() else { return None };
    Some(format!("{module}.{function}/{arity}"))
}

/// Whether a line is an entry.
pub(super) fn read(line: &[u8]) -> Option<Entry> {
    let members = serde_json::from_slice::<Members<'_>>(line).ok()?;
    is_entry(&members).then(|| entry(&members))
}
