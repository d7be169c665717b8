//! Who changed a process's state?

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::lead::{Given, Lead, optional, required};
use super::live::{self, call};
use crate::event::home;
use crate::query::Filter;
use crate::{EventStore, Index, Result, Role, StoredEvent};

pub(super) const LEAD: Lead = Lead {
    name: "who_changed_state",
    title: "Who changed the state?",
    description: "Leads from the state of one process (a GenServer, an Agent) back to the messages that changed it and to \
        the processes that sent them.",
    arguments: &[
        required("pid", "the process whose state changed: \"<0.120.0>\" or a registered name"),
        optional("since", "not earlier than this: integer ns, RFC 3339, or relative to the newest event (\"-5s\")"),
    ],
    example: r#"{"pid":"<0.120.0>","since":"-5s"}"#,
    write,
};

/// Functions through which the state of an OTP process changes.
const CALLBACKS: [&str; 7] =
    ["handle_call", "handle_cast", "handle_info", "handle_continue", "handle_event", "init", "code_change"];

/// Events of the process looked through for what it does.
const LOOKED_THROUGH: usize = 2_000;

fn write(store: &EventStore, given: &Given) -> Result<String> {
    let pid = given.required("pid");
    let mut text = format!("Find out who changed the state of the process {pid}, and how.\n\n");
    text.push_str(&live::situation(store)?);
    let of_pid = Filter { pid: Some(pid.to_owned()), ..Filter::default() };
    live::known(store, "pid", Index::Process, pid, of_pid.clone())?;
    let since = live::time("since", given.get("since"))?;
    let in_time = Filter { since, ..of_pid };
    let asked = |mut arguments: Value| {
        arguments["pid"] = pid.into();
        if let Some(since) = given.get("since") {
            arguments["since_timestamp"] = since.into();
        }
        arguments
    };

    let page = live::newest(store, in_time.clone(), LOOKED_THROUGH)?;
    let mut functions: BTreeMap<String, u64> = BTreeMap::new();
    let mut callbacks: BTreeMap<&str, u64> = BTreeMap::new();
    let own = |event: &&StoredEvent| {
        let pid = page.filter.pid.as_deref();
        event.pid() == pid || event.pid().map(|own| home::at_node(own, event.node())).as_deref() == pid
    };
    for event in page.events.iter().filter(own) {
        let Some(name) = live::function(event) else { continue };
        *functions.entry(name).or_default() += 1;
        if let Some(callback) = CALLBACKS.iter().find(|callback| event.function() == Some(callback)) {
            *callbacks.entry(callback).or_default() += 1;
        }
    }
    let mut functions: Vec<(String, u64)> = functions.into_iter().collect();
    functions.sort_by_key(|(_, events)| std::cmp::Reverse(*events));
    functions.truncate(8);
    _ = writeln!(
        text,
        "{} events name {pid}{}.",
        page.total_matched.unwrap_or_default(),
        if since.is_some() { " in that time" } else { "" },
    );
    if !functions.is_empty() {
        _ = writeln!(text, "Functions of its newest events: {}.", live::names_with_counts(&functions));
    }

    text.push('\n');
    let mut steps: Vec<(String, Value)> = Vec::new();
    let states = live::event_types(store, &["state"]);
    let told = Filter { event_types: states.clone(), ..in_time.clone() };
    let changes = if states.is_empty() { 0 } else { live::count(store, told)? };
    if changes > 0 {
        text.push_str("Each change with its message, sender and place, in one call (`path` narrows to a part):\n");
        text.push_str(&call("state_history", &asked(json!({}))));
        let why = format!("The state changes themselves ({changes} recorded), newest first, whole:");
        steps.push((why, json!({"event_type": states, "order": "desc", "limit": 20, "format": "json"})));
    } else {
        text.push_str("No state change of it is recorded as such; its state shows in what its callbacks return.\n");
    }
    let mut callbacks: Vec<(&str, u64)> = callbacks.into_iter().collect();
    callbacks.sort_by_key(|(_, events)| std::cmp::Reverse(*events));
    for (callback, _) in callbacks.into_iter().take(3) {
        let why = format!("What {callback} was given and returned; the new state is the last part of its result:");
        steps.push((why, json!({"function": callback, "order": "desc", "limit": 20})));
    }
    let got = Filter { role: Some(Role::Receiver), ..in_time.clone() };
    let messages = live::count(store, got)?;
    if messages > 0 {
        let why = format!("The messages it got ({messages}): each change follows one; the sender is in the payload:");
        steps.push((why, json!({"role": "receiver", "order": "desc", "limit": 50})));
    }
    let values = live::event_types(store, &["expression", "value", "variable"]);
    let seen = Filter { event_types: values.clone(), ..in_time };
    if !values.is_empty() && live::count(store, seen)? > 0 {
        let why = "Values it computed, by place in the source:".to_owned();
        steps.push((why, json!({"event_type": values, "limit": 50})));
    }
    if steps.is_empty() {
        steps.push(("What it did last:".to_owned(), json!({"order": "desc", "limit": 50})));
    }
    for (at, (why, arguments)) in steps.into_iter().enumerate() {
        _ = writeln!(text, "{}. {why}", at + 1);
        text.push_str(&call("query_events", &asked(arguments)));
    }
    text.push_str(
        "For each change: take the last message before it (smaller t_us), then ask what its sender did, with \
         last_n_events_for_pid and until_timestamp set to the time of the message; a correlation_id they share joins \
         them in one call.\n\n",
    );
    text.push_str(live::CONCLUDE);
    Ok(text)
}
