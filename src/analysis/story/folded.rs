//! What did a process do last? Its own events, with what belongs together told once and noise left out.

use std::collections::BTreeSet;

use super::calls::{call, left};
use super::line::{Act, At, Change, Last, Like, Line, Row, What};
use super::part::{Cx, Part};
use super::sent::{asked, pattern};
use crate::analysis::ask::inside;
use crate::analysis::change::entry_of;
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::value::Value;
use crate::analysis::value::brief::brief;
use crate::analysis::value::diff;
use crate::error::Result;

/// Events looked back over.
const MAX_EVENTS: usize = 200;

/// Lines told.
const MAX_LINES: usize = 8;

/// Traffic of the runtime itself: loading of code, logging, input and output.
const NOISE: [&str; 7] =
    [":code_call", ":code_server", ":io_request", ":io_reply", ":\"$logger", "Logger", ":error_logger"];

/// The last things a process did before a time, newest first.
pub(super) fn part(cx: &Cx<'_>, pid: &str, until: i64) -> Result<Part> {
    let mut events = cx.ask.newest(inside(pid, &[]), (i64::MIN, until), MAX_EVENTS)?;
    events.reverse();
    let noise = events.iter().filter(|event| is_noise(event)).count();
    let own: BTreeSet<String> =
        events.iter().filter(|event| event.is("function_entry")).map(|event| event.id().to_owned()).collect();
    let changes: Vec<&Fact> = events.iter().filter(|event| event.is("state_change")).collect();
    let mut rows: Vec<(Like, Row)> = Vec::new();
    for event in events.iter().filter(|event| !is_noise(event)) {
        let Some((like, act)) = act(cx, event, &own, &changes) else { continue };
        let at = At::of(event);
        match rows.last_mut() {
            // What is alike in a row is one.
            Some((last, row)) if *last == like => {
                let count = if let What::Several { count, .. } = row.what { count } else { 1 };
                *row = Row { at, what: What::Several { like, count: count + 1 } };
            }
            _ => rows.push((like, Row { at, what: What::One(act) })),
        }
    }
    let mut lines: Vec<Last> = rows.into_iter().rev().take(MAX_LINES).map(|(_, row)| Last::Row(row)).collect();
    if noise > 0 && !lines.is_empty() {
        lines.push(Last::Noise(noise));
    }
    Ok(Part::keeping("before that", 0, lines.into_iter().map(Line::Last).collect()))
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

/// What happened, and what it has in common with the like; `None` for what is told with something else.
fn act(cx: &Cx<'_>, event: &Fact, own: &BTreeSet<String>, changes: &[&Fact]) -> Option<(Like, Act)> {
    match event.event_type() {
        "function_entry" if event.is_callback() && event.handled().is_some() => {
            let message = event.handled().unwrap_or_default();
            let change = changes.iter().find(|change| change.event.call_id() == Some(event.id()));
            let change = change.and_then(|change| {
                let (old, new) = (change.text("old_state"), change.text("new_state")?);
                Some(match old.filter(|_| !change.flag("spans_gap")) {
                    Some(old) => Change::From(brief(&diff::shown(old, new).join(", "), 80)),
                    None => Change::To(brief(new, 80)),
                })
            });
            let like = Like::Handled { pattern: Value::read(message).pattern() };
            Some((like, Act::Handled { message: brief(message, 60), change }))
        }
        "function_entry" => {
            // Calls inside of others are told by the outer one.
            let is_inner = event.event.parent_id().is_some_and(|parent| own.contains(parent));
            let function = event.mfa().unwrap_or_default();
            (!is_inner).then(|| (Like::Called { function }, Act::Called { call: call(event, 60) }))
        }
        "function_exit" if event.is_failed_exit() => {
            let entry = entry_of(cx.ask, event);
            let call = entry.as_ref().map_or_else(|| event.mfa().unwrap_or_default(), |entry| call(entry, 40));
            let reason = event.text("reason").map(|reason| brief(reason, 60));
            Some((Like::Failed { event: event.id().to_owned() }, Act::Failed { call, left: left(event), reason }))
        }
        "message_send" if event.text("send_type") != Some("reply") => {
            let kind = event.text("send_type").map(str::to_owned);
            let to = event.text("receiver_name").or_else(|| event.text("receiver_pid")).unwrap_or("?").to_owned();
            let is_lost = event.flag("undeliverable");
            let pattern = pattern(event);
            let act = Act::Sent { kind: kind.clone(), message: asked(event), to: to.clone(), is_lost };
            Some((Like::Sent { kind, pattern, to, is_lost }, act))
        }
        "process_spawn" => {
            let child = event.text("spawned_pid").unwrap_or("?").to_owned();
            (event.text("parent_pid") == Some(event.pid())).then_some((Like::Spawned, Act::Spawned { child }))
        }
        "process_exit" => {
            let reason = ends::brief_reason(event, 60);
            Some((Like::Ended, Act::Ended { reason }))
        }
        "gap" => Some((Like::Dropped, Act::Dropped)),
        _ => None,
    }
}
