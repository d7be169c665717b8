//! What does the payload of an event name, and where are members kept that no field takes?

use std::borrow::Cow;
use std::collections::HashSet;

use serde::Deserializer;
use serde_json::value::RawValue;

use super::members::{Each, Members};
use super::parse::FEW_KEYS;
use super::scalar::{arity, duration, indexable};
use super::{Event, MAX_ROLES, Role, canon};
use crate::error::{Error, Result};

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
    let mut args_node = None;
    let mut is_empty = true;
    let member = |key: Cow<'a, str>, raw: &'a RawValue| {
        is_empty = false;
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
    };
    let mut reader = serde_json::Deserializer::from_str(json);
    reader.deserialize_map(Each(member)).map_err(|error| Error::invalid(format!("data: not valid JSON: {error}")))?;
    event.data = if is_empty { Cow::Borrowed("") } else { Cow::Borrowed(json) };
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
pub(super) fn first_arg_node(raw: &RawValue) -> Option<Cow<'_, str>> {
    let json = raw.get();
    if !json.strip_prefix('[')?.trim_start().starts_with('{') {
        return None;
    }
    let args: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    let Members(members) = serde_json::from_str(args.first()?.get()).ok()?;
    members.into_iter().find(|(key, _)| key == "ast_node_id").and_then(|(_, raw)| indexable(raw))
}

pub(super) fn role_from<'a>(event: &mut Event<'a>, key: &str, raw: &'a RawValue) {
    let Some(role) = Role::of_key(key) else { return };
    let Some(pid) = indexable(raw).map(canon::pid) else { return };
    // One too many is enough for `check_size` to refuse the event.
    if event.roles.len() <= MAX_ROLES && !event.roles.iter().any(|(r, p)| *r == role && *p == pid) {
        event.roles.push((role, pid));
    }
}

/// Unknown top-level keys are kept in the payload. One the payload has too is kept under `"_top"`.
pub(super) fn merge(data: &str, extras: &[(usize, Cow<'_, str>, &RawValue)]) -> Result<String> {
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
    for (_, key, raw) in extras.iter().filter(|(_, key, _)| !clashes(key)) {
        push(&mut out, key, raw.get());
    }
    let clashing: Vec<String> = extras
        .iter()
        .filter(|(_, key, _)| clashes(key))
        .map(|(_, key, raw)| format!("{}:{}", quoted(key), raw.get()))
        .collect();
    if !clashing.is_empty() {
        let taken = |name: &str| clashes(name) || extras.iter().any(|(_, key, _)| key == name);
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
