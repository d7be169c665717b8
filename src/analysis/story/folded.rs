//! What did a process do last? Its own events, with what belongs together told once and noise left out.

use std::collections::BTreeSet;

use super::part::{Cx, Part};
use super::sent::asked;
use super::tell::{call, left_by, times};
use crate::analysis::ask::inside;
use crate::analysis::change::entry_of;
use crate::analysis::fact::Fact;
use crate::analysis::value::Value;
use crate::analysis::value::brief::brief;
use crate::analysis::value::diff;
use crate::analysis::value::envelope::request;
use crate::error::Result;

/// Events looked back over.
const MAX_EVENTS: usize = 200;

/// Lines told.
const MAX_LINES: usize = 8;

/// Traffic of the runtime itself: loading of code, logging, input and output.
const NOISE: [&str; 7] =
    [":code_call", ":code_server", ":io_request", ":io_reply", ":\"$logger", "Logger", ":error_logger"];

struct Row {
    at: i64,
    id: String,
    text: String,
    /// Rows of the same kind in a row are one.
    kind: String,
    count: usize,
}

/// The last things a process did before a time, newest first.
pub(super) fn part(cx: &Cx<'_>, pid: &str, until: i64) -> Result<Part> {
    let mut events = cx.ask.newest(inside(pid, &[]), (i64::MIN, until), MAX_EVENTS)?;
    events.reverse();
    let noise = events.iter().filter(|event| is_noise(event)).count();
    let own: BTreeSet<String> =
        events.iter().filter(|event| event.is("function_entry")).map(|event| event.id().to_owned()).collect();
    let changes: Vec<&Fact> = events.iter().filter(|event| event.is("state_change")).collect();
    let mut rows: Vec<Row> = Vec::new();
    for event in events.iter().filter(|event| !is_noise(event)) {
        let Some((kind, text)) = row(cx, event, &own, &changes) else { continue };
        match rows.last_mut() {
            Some(last) if last.kind == kind => {
                last.count += 1;
                last.at = event.at();
                event.id().clone_into(&mut last.id);
                // What they have in common, no more.
                last.text.clone_from(&kind);
            }
            _ => rows.push(Row { at: event.at(), id: event.id().to_owned(), text, kind, count: 1 }),
        }
    }
    let mut lines: Vec<String> = rows
        .iter()
        .rev()
        .take(MAX_LINES)
        .map(|row| format!("{} {}{} ({})", cx.at(row.at), row.text, times(row.count), row.id))
        .collect();
    if noise > 0 && !lines.is_empty() {
        lines.push(format!("{noise} events of the runtime (code loading, logging, io) left out"));
    }
    Ok(Part::keeping("before that", 0, lines))
}

fn is_noise(event: &Fact) -> bool {
    let is_of_runtime = |text: &str| NOISE.iter().any(|noise| text.contains(noise));
    match event.event_type() {
        "message_send" | "message_receive" => {
            let head = event.text("message").unwrap_or_default();
            let head = head.char_indices().nth(40).map_or(head, |(end, _)| &head[..end]);
            is_of_runtime(head) || event.text("receiver_name").is_some_and(is_of_runtime)
        }
        "function_entry" | "function_exit" => event.event.module().is_some_and(is_of_runtime),
        _ => false,
    }
}

/// The kind of what happened and how it is told; `None` for what is told with something else.
fn row(cx: &Cx<'_>, event: &Fact, own: &BTreeSet<String>, changes: &[&Fact]) -> Option<(String, String)> {
    match event.event_type() {
        "function_entry" if event.is_callback() && event.handled().is_some() => {
            let message = event.handled().unwrap_or_default();
            let pattern = Value::read(message).pattern();
            let change = changes.iter().find(|change| change.event.call_id() == Some(event.id()));
            let change = change.map(|change| {
                let (old, new) = (change.text("old_state"), change.text("new_state"));
                let differences = diff::shown(old.unwrap_or_default(), new.unwrap_or_default());
                format!(": {}", brief(&differences.join(", "), 80))
            });
            Some((
                format!("handled {pattern}"),
                format!("handled {}{}", brief(message, 60), change.unwrap_or_default()),
            ))
        }
        "function_entry" => {
            // Calls inside of others are told by the outer one.
            let is_inner = event.event.parent_id().is_some_and(|parent| own.contains(parent));
            (!is_inner).then(|| (format!("called {}", event.mfa().unwrap_or_default()), call(event, 60)))
        }
        "function_exit" if event.is_failed_exit() => {
            let entry = entry_of(cx.ask, event);
            let what = entry.as_ref().map_or_else(|| event.mfa().unwrap_or_default(), |entry| call(entry, 40));
            let reason = brief(event.text("reason").unwrap_or_default(), 60);
            Some((format!("failed {}", event.id()), format!("{what} {} {reason}", left_by(event))))
        }
        "message_send" if event.text("send_type") != Some("reply") => {
            let to = event.text("receiver_name").or_else(|| event.text("receiver_pid")).unwrap_or("?");
            let lost = if event.flag("undeliverable") { ", which is not there" } else { "" };
            let kind = event.text("send_type").unwrap_or("message");
            let pattern = Value::read(request(event.text("message").unwrap_or_default())).pattern();
            Some((
                format!("sent {kind} {pattern} to {to}{lost}"),
                format!("sent {kind} {} to {to}{lost}", asked(event)),
            ))
        }
        "process_spawn" => {
            let child = event.text("spawned_pid").unwrap_or("?");
            (event.text("parent_pid") == Some(event.pid())).then(|| ("spawned".to_owned(), format!("spawned {child}")))
        }
        "process_exit" => {
            let reason = brief(event.text("exit_reason").unwrap_or_default(), 60);
            Some(("ended".to_owned(), format!("ended: {reason}")))
        }
        "gap" => Some(("gap".to_owned(), "trace messages were dropped here".to_owned())),
        _ => None,
    }
}
