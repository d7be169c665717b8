//! Why is it slow?

use std::cmp::Reverse;
use std::fmt::Write;

use serde_json::{Value, json};

use super::lead::{Given, Lead, optional};
use super::live::{self, call};
use crate::analysis::nodes::process_of;
use crate::event::StoredEvent;
use crate::query::Filter;
use crate::{EventStore, Index, Result};

pub(super) const LEAD: Lead = Lead {
    name: "why_slow",
    title: "Why is it slow?",
    description: "Shows how long recorded calls took and which were the slowest, and leads into one of them: what it \
        called, what it waited for, who kept it waiting.",
    arguments: &[
        optional("module", "only calls of this module, such as \"Bank.Account\""),
        optional("function", "only calls of this function, such as \"handle_call\""),
        optional("pid", "only calls in this process, such as \"<0.120.0>\""),
        optional("since", "not earlier than this: integer ns, RFC 3339, or relative to the newest event (\"-5s\")"),
    ],
    example: r#"{"module":"Bank.Account"}"#,
    write,
};

/// Steps of the histogram, in nanoseconds: 1 us to 10 s.
const STEPS: [i64; 8] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000];

/// Most events read to find the slowest.
const READ: u64 = 2_000;

/// Slowest calls shown.
const SHOWN: usize = 5;

fn write(store: &EventStore, given: &Given) -> Result<String> {
    let mut text = String::from("Find out why something is slow.\n\n");
    text.push_str(&live::situation(store)?);
    let owned = |name: &str| given.get(name).map(str::to_owned);
    let filter = Filter {
        module: owned("module"),
        function: owned("function"),
        pid: owned("pid"),
        since: live::time("since", given.get("since"))?,
        ..Filter::default()
    };
    for (name, index) in [("module", Index::Module), ("function", Index::Function), ("pid", Index::Process)] {
        if let Some(key) = given.get(name) {
            let alone = match name {
                "module" => Filter { module: owned(name), ..Filter::default() },
                "function" => Filter { function: owned(name), ..Filter::default() },
                _ => Filter { pid: owned(name), ..Filter::default() },
            };
            live::known(store, name, index, key, alone)?;
        }
    }
    let asked = |more: Value| {
        let mut arguments = more;
        for (name, argument) in
            [("module", "module"), ("function", "function"), ("pid", "pid"), ("since", "since_timestamp")]
        {
            if let Some(value) = given.get(name) {
                arguments[argument] = value.into();
            }
        }
        arguments
    };

    let at_least = |ns: i64| Filter { min_duration_ns: Some(ns), ..filter.clone() };
    let mut counted = Vec::new();
    for step in STEPS {
        let events = live::count(store, at_least(step))?;
        if events == 0 {
            break;
        }
        counted.push((step, events));
    }
    if counted.is_empty() {
        text.push_str(
            "\nNo event that matches says it took a microsecond or more (duration_ns), so slowness must be read from \
             the time between events:\n",
        );
        text.push_str("1. Which calls are there? Each has an entry and an exit with one call_id:\n");
        text.push_str(&call("query_events", &asked(json!({"order": "desc", "limit": 50}))));
        text.push_str("2. What did busy processes wait for? Take the gaps in t_us:\n");
        for (pid, _) in store.top_keys(Index::Process, "", 2).keys {
            text.push_str(&call("last_n_events_for_pid", &json!({"pid": pid, "n": 100})));
        }
    } else {
        let steps = counted.iter().map(|(step, events)| format!("{events} at least {}", live::duration(*step)));
        _ = write!(text, "\nHow long matching events took: {}.", steps.collect::<Vec<_>>().join(", "));
        // The highest step that is still common enough to show a pattern.
        let (step, _) = counted.iter().rev().find(|(_, events)| *events >= 10).unwrap_or(&counted[0]);
        let (floor, _) = counted.iter().rev().find(|(_, events)| *events >= SHOWN as u64).unwrap_or(&counted[0]);
        let page = live::newest(store, at_least(*floor), READ as usize)?;
        let mut slowest = page.events;
        slowest.sort_by_key(|event| Reverse(event.duration_ns()));
        slowest.truncate(SHOWN);
        let reach = if page.total_matched > Some(READ) { " among the newest" } else { "" };
        _ = writeln!(text, "\nThe slowest{reach}:");
        for event in &slowest {
            _ = writeln!(
                text,
                "- {} at {}: {} took {} in {}",
                event.event_id(),
                event.timestamp(),
                live::function(event).or_else(|| event.event_type().map(str::to_owned)).unwrap_or_default(),
                live::duration(event.duration_ns().unwrap_or_default()),
                process_of(store, event).as_deref().unwrap_or("no process"),
            );
        }
        text.push_str("\n1. See all that were slow, and whether they share a function, a process or a moment:\n");
        let arguments = json!({
            "min_duration_ns": step, "order": "desc", "limit": 50,
            "fields": ["t_us", "event_id", "pid", "mfa", "duration_ns", "call_id"],
        });
        text.push_str(&call("query_events", &asked(arguments)));
        if let Some(slow) = slowest.first() {
            inside(store, slow, &mut text);
        }
    }
    text.push_str(
        "Tell apart: much work (many events inside the call), waiting for another process (a message sent, then \
         nothing until the answer; go on in the receiver), and a crowded process (many messages to one pid).\n",
    );
    for (pid, events) in store.top_processes(1) {
        _ = writeln!(text, "The process most events name is {pid} ({events}); is it a bottleneck?");
        text.push_str(&call("query_events", &json!({"pid": pid, "role": "receiver", "limit": 0})));
    }
    text.push('\n');
    text.push_str(live::CONCLUDE);
    Ok(text)
}

/// The calls that look into one slow call. Its event is taken to be written at its end, as exits are.
fn inside(store: &EventStore, slow: &StoredEvent, text: &mut String) {
    let until = slow.timestamp();
    let since = until.saturating_sub(slow.duration_ns().unwrap_or_default());
    if let Some(pid) = process_of(store, slow) {
        text.push_str("2. Look into the slowest: what its process did meanwhile, and where the time went:\n");
        let arguments = json!({"pid": pid, "since_timestamp": since, "until_timestamp": until, "limit": 200});
        text.push_str(&call("query_events", &arguments));
    }
    if let Some(call_id) = slow.call_id() {
        text.push_str("3. Its entry and its exit, with arguments and result:\n");
        text.push_str(&call("query_events", &json!({"call_id": call_id, "format": "json"})));
    } else {
        text.push_str("3. The event whole:\n");
        text.push_str(&call("get_event_by_id", &json!({"event_id": slow.event_id()})));
    }
    text.push_str("4. What the rest of the system did meanwhile:\n");
    let arguments = json!({"since_timestamp": since, "until_timestamp": until, "limit": 200});
    text.push_str(&call("query_events", &arguments));
}
