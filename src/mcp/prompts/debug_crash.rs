//! Why did a process crash?

use std::fmt::Write;

use serde_json::json;

use super::lead::{Given, Lead, optional};
use super::live::{self, call};
use crate::analysis::ask::Ask;
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::nodes::process_of;
use crate::event::StoredEvent;
use crate::event::exit_reason::ExitReason;
use crate::query::Filter;
use crate::{EventStore, Index, Result, Role, Unwatched};

pub(super) const LEAD: Lead = Lead {
    name: "debug_crash",
    title: "Why did it crash?",
    description: "Finds the newest abnormal ends (exits, errors, exceptions) and leads from the crash back to its cause: \
        last events of the process, messages it got, processes linked to it.",
    arguments: &[
        optional("pid", "the process that crashed, such as \"<0.120.0>\"; without it, the newest crashes stored"),
        optional("since", "not earlier than this: integer ns, RFC 3339, or relative to the newest event (\"-5s\")"),
    ],
    example: r#"{"since":"-5s"}"#,
    write,
};

/// Words in the names of event types that tell of an end.
const ENDS: &[&str] = &["exit", "crash", "error", "exception", "terminat", "kill", "down", "raise", "throw"];

/// Words in the names of event types that tell who hangs on whom.
const TIES: &[&str] = &["link", "spawn", "monitor", "supervis"];

/// Payload members that say why.
const REASONS: &[&str] = &["exit_reason", "reason", "error", "exception", "kind"];

/// Ends looked through for abnormal ones.
const LOOKED_THROUGH: usize = 2_000;

/// Suspects shown.
const SHOWN: usize = 5;

/// Nanoseconds shown on both sides of a crash.
const AROUND: i64 = 1_000_000;

fn write(store: &EventStore, given: &Given) -> Result<String> {
    let mut text = String::from("Find out why a process crashed.\n\n");
    text.push_str(&live::situation(store)?);
    let of_pid = |filter: Filter| Filter { pid: given.get("pid").map(str::to_owned), ..filter };
    if let Some(pid) = given.get("pid") {
        live::known(store, "pid", Index::Process, pid, of_pid(Filter::default()))?;
    }
    let since = live::time("since", given.get("since"))?;
    let ends = live::event_types(store, ENDS);
    let filter = of_pid(Filter { event_types: ends.clone(), since, ..Filter::default() });
    let page = if ends.is_empty() { None } else { Some(live::newest(store, filter, LOOKED_THROUGH)?) };
    let events = page.as_ref().map_or(&[][..], |page| page.events.as_slice());
    let suspects: Vec<(&StoredEvent, String)> =
        events.iter().filter_map(|event| Some((event, abnormal(store, event)?))).take(SHOWN).collect();

    match suspects.first() {
        Some((newest, _)) => {
            text.push_str("\nThe newest abnormal ends:\n");
            for (event, reason) in &suspects {
                _ = writeln!(
                    text,
                    "- {} at {} in {}: {} ({})",
                    event.event_id(),
                    event.timestamp(),
                    process_of(store, event).as_deref().unwrap_or("no process"),
                    live::cut(reason),
                    event.event_type().unwrap_or("no type"),
                );
            }
            text.push_str("\nThe story of the newest, back to its cause, in one call:\n");
            text.push_str(&call("explain", &json!({"target": newest.event_id()})));
            text.push_str("\nWhere that leaves a question, go on by hand:\n");
            trail(store, newest, &mut text);
        }
        None => {
            let looked = if ends.is_empty() { "none".to_owned() } else { ends.join(", ") };
            _ = writeln!(
                text,
                "\nNo abnormal end is among the newest {} events whose type tells of an end (types: {looked}). Either \
                 nothing crashed in what is stored, or the crash is told another way:",
                events.len(),
            );
            let mut arguments = json!({"order": "desc", "limit": 20});
            if let Some(pid) = given.get("pid") {
                arguments["pid"] = pid.into();
            }
            if !ends.is_empty() {
                arguments["event_type"] = json!(ends);
            }
            text.push_str("1. See how processes and calls ended:\n");
            text.push_str(&call("query_events", &arguments));
            text.push_str(
                "2. Search the payloads for words of a failure, one call for each of error, raise, timeout:\n",
            );
            let mut arguments = json!({"text": "error", "order": "desc", "limit": 20});
            if let Some(pid) = given.get("pid") {
                arguments["pid"] = pid.into();
            }
            text.push_str(&call("query_events", &arguments));
            if let Some(pid) = given.get("pid") {
                text.push_str("3. See what the process did last:\n");
                text.push_str(&call("last_n_events_for_pid", &json!({"pid": pid, "n": 50})));
            }
        }
    }
    text.push('\n');
    text.push_str(live::CONCLUDE);
    Ok(text)
}

/// The reason of an end that was no peaceful one.
fn abnormal(store: &EventStore, event: &StoredEvent) -> Option<String> {
    let reason = live::payload(event, REASONS).filter(|reason| reason != "null");
    let event_type = event.event_type().unwrap_or_default();
    match reason {
        Some(reason) => {
            let is_abnormal = match event_type {
                "function_exit" => Fact::new(event.clone()).is_failed_exit(),
                // Who it was makes a difference: the helpers of the runtime end as they like.
                "process_exit" => {
                    let ask = Ask::new(store, &Unwatched);
                    ends::of_exit(&ask, &Fact::among(event.clone(), ask.nodes())).is_ok_and(|end| end.is_abnormal())
                }
                _ => ExitReason::read(&reason.to_ascii_lowercase()).is_abnormal() && reason != "return",
            };
            is_abnormal.then_some(reason)
        }
        // An end without a reason says nothing, an error without one is one all the same.
        None => (!event_type.contains("exit") && !event_type.contains("terminat")).then(|| event_type.to_owned()),
    }
}

/// The calls that lead from a crash back to its cause.
fn trail(store: &EventStore, crash: &StoredEvent, text: &mut String) {
    let at = crash.timestamp();
    text.push_str("1. Read it whole:\n");
    text.push_str(&call("get_event_by_id", &json!({"event_id": crash.event_id()})));
    let mut step = 2;
    if let Some(pid) = process_of(store, crash) {
        _ = writeln!(text, "{step}. What the process did before it ended, oldest first:");
        text.push_str(&call("last_n_events_for_pid", &json!({"pid": pid, "n": 50, "until_timestamp": at})));
        step += 1;
        let got = Filter { pid: Some(pid.clone()), role: Some(Role::Receiver), ..Filter::default() };
        if live::count(store, got).is_ok_and(|events| events > 0) {
            _ = writeln!(text, "{step}. The messages it got last; one of them may be what it could not handle:");
            let arguments =
                json!({"pid": pid, "role": "receiver", "until_timestamp": at, "order": "desc", "limit": 20});
            text.push_str(&call("query_events", &arguments));
            step += 1;
        }
        let ties = live::event_types(store, TIES);
        if !ties.is_empty() {
            _ = writeln!(text, "{step}. Who started it and who is linked to it, that is, who fell with it:");
            text.push_str(&call("query_events", &json!({"pid": pid, "event_type": ties, "limit": 50})));
            step += 1;
        }
    }
    _ = writeln!(text, "{step}. What happened around it in the whole system:");
    let (since, until) = (at.saturating_sub(AROUND), at.saturating_add(AROUND));
    text.push_str(&call("query_events", &json!({"since_timestamp": since, "until_timestamp": until, "limit": 200})));
    text.push_str("Then repeat this for the process that sent the fatal message or that ended first.\n");
}
