//! What happened around a moment?

use std::fmt::Write;

use serde_json::{Value, json};

use super::lead::{Given, Lead, optional, required};
use super::live::{self, call};
use crate::query::Filter;
use crate::{Error, EventStore, Index, Order, Query, Result, Time};

pub(super) const LEAD: Lead = Lead {
    name: "what_happened_around",
    title: "What happened around this?",
    description: "Leads through what the whole system did just before and just after an event or a moment.",
    arguments: &[
        required(
            "moment",
            "an event id, a timestamp (integer ns or RFC 3339), or a time before the newest event (\"-5s\")",
        ),
        optional(
            "window",
            "how far to look on each side, such as \"250us\" or \"2s\"; without it 1ms, or less where much happened",
        ),
        optional("pid", "only what this process has to do with, such as \"<0.120.0>\""),
        optional("event_type", "only events of this type, such as \"message_send\""),
    ],
    example: r#"{"moment":"-5s","window":"1ms"}"#,
    write,
};

/// Looked at on each side unless asked otherwise: BEAM events lie microseconds apart.
const WINDOW_NS: i64 = 1_000_000;

/// A window with more events is to be narrowed first.
const MANY: u64 = 500;

fn write(store: &EventStore, given: &Given) -> Result<String> {
    let mut text = String::from("Find out what happened around one moment.\n\n");
    text.push_str(&live::situation(store)?);
    let (at, event_id) = moment(store, given.required("moment"))?;
    let owned = |name: &str| given.get(name).map(str::to_owned);
    if let Some(pid) = given.get("pid") {
        live::known(store, "pid", Index::Process, pid, Filter { pid: owned("pid"), ..Filter::default() })?;
    }
    let event_types: Vec<String> = owned("event_type").into_iter().collect();
    if let Some(event_type) = given.get("event_type") {
        let of_type = Filter { event_types: event_types.clone(), ..Filter::default() };
        live::known(store, "event_type", Index::EventType, event_type, of_type)?;
    }
    let within = |window: i64| {
        let filter = Filter {
            since: Some(Time::At(at.saturating_sub(window))),
            until: Some(Time::At(at.saturating_add(window))),
            pid: owned("pid"),
            event_types: event_types.clone(),
            ..Filter::default()
        };
        live::count(store, filter)
    };
    let asked_window = given.get("window").map(window_ns).transpose()?;
    let mut window = asked_window.unwrap_or(WINDOW_NS);
    let mut events = within(window)?;
    // Nobody asked for so much: look closer.
    while asked_window.is_none() && events > MANY && window > 1_000 {
        window /= 10;
        events = within(window)?;
    }
    let (since, until) = (at.saturating_sub(window), at.saturating_add(window));
    let asked = |since: Option<i64>, until: Option<i64>, more: Value| {
        let mut arguments = json!({});
        for (name, bound) in [("since_timestamp", since), ("until_timestamp", until)] {
            if let Some(bound) = bound {
                arguments[name] = bound.into();
            }
        }
        for name in ["pid", "event_type"] {
            if let Some(value) = given.get(name) {
                arguments[name] = value.into();
            }
        }
        for (name, value) in more.as_object().into_iter().flatten() {
            arguments[name] = value.clone();
        }
        arguments
    };

    _ = write!(text, "\nThe moment is {at}");
    if let Some(id) = &event_id {
        _ = write!(text, ", the time of {id}");
    }
    _ = writeln!(text, ". {events} matching events lie within {} of it.", live::duration(window));
    text.push('\n');
    let mut step = 1;
    if let Some(id) = &event_id {
        _ = writeln!(text, "{step}. The event itself, whole:");
        text.push_str(&call("get_event_by_id", &json!({"event_id": id})));
        step += 1;
    }
    if events == 0 {
        text.push_str("Nothing is stored that close. The nearest events on each side:\n");
    } else if events > MANY {
        _ = writeln!(
            text,
            "{events} events are many: narrow the window or add a filter (pid, event_type, module) before reading on."
        );
    }
    let (before, after) = if events == 0 { (None, None) } else { (Some(since), Some(until)) };
    _ = writeln!(text, "{step}. What came before, the nearest first:");
    text.push_str(&call("query_events", &asked(before, Some(at), json!({"order": "desc", "limit": 50}))));
    step += 1;
    _ = writeln!(text, "{step}. What followed:");
    text.push_str(&call("query_events", &asked(Some(at), after, json!({"limit": 50}))));
    step += 1;
    if events > 0 && given.get("event_type").is_none() {
        let mut ends = live::event_types(store, &["exit", "crash", "error", "exception", "spawn", "state"]);
        // Every call ends.
        ends.retain(|name| name != "function_exit");
        if !ends.is_empty() {
            _ = writeln!(text, "{step}. What began, ended, failed or changed in between:");
            text.push_str(&call(
                "query_events",
                &asked(Some(since), Some(until), json!({"event_type": ends, "limit": 50})),
            ));
        }
    }
    text.push_str(
        "Then follow what belongs together: the correlation_id and the call_id of the rows that matter, each with \
         query_events, and each process involved with last_n_events_for_pid.\n\n",
    );
    text.push_str(live::CONCLUDE);
    Ok(text)
}

fn window_ns(text: &str) -> Result<i64> {
    let length = humantime::parse_duration(text).map_err(|problem| {
        Error::invalid(format!("window: got {text:?} ({problem}); expected a duration such as \"1ms\" or \"2s\""))
    })?;
    Ok(i64::try_from(length.as_nanos()).unwrap_or(i64::MAX))
}

/// The time meant, and the event if it was named by its id.
fn moment(store: &EventStore, text: &str) -> Result<(i64, Option<String>)> {
    if let Ok(event) = store.get_event_by_id(text) {
        return Ok((event.timestamp(), Some(event.event_id().to_owned())));
    }
    let time: Time = text.parse().map_err(|problem| {
        Error::invalid(format!("moment: no stored event has this id, and as a time it is not understood: {problem}"))
    })?;
    let newest = store.query_events(&Query { order: Order::Desc, limit: 1, ..Query::default() })?;
    let newest = newest.events.first().map(crate::StoredEvent::timestamp);
    Ok((time.resolve(newest).unwrap_or_default(), None))
}
