//! What led to an event, and what followed from it?

use serde_json::json;

use super::folded;
use super::line::{Anchor, Head, Line, Moment, Note, Why};
use super::part::{Cx, Part, Story};
use super::sender::sent;
use super::sent::{asked, sent_where};
use super::tell::{call, duration, left_by};
use crate::analysis::ask::{Ask, types};
use crate::analysis::change::{StateChange, exit_of_call};
use crate::analysis::fact::Fact;
use crate::analysis::value::brief::brief;
use crate::analysis::value::diff;
use crate::analysis::who::Names;
use crate::error::Result;
use crate::event::exit_reason::CallEnd;
use crate::query::Filter;

/// Causes told, from the nearest on.
const MAX_CAUSES: usize = 10;

/// Events of the same exchange that are told.
const MAX_FOLLOWING: usize = 8;

pub(super) fn tell(ask: &Ask<'_>, names: &Names<'_>, fact: &Fact) -> Result<Story> {
    let cx = Cx::new(ask, names, fact.at());
    let mut story = Story {
        head: Head::Text(format!("{}.", describe(&cx, fact)?)),
        anchor: Anchor { at: fact.at(), moment: Moment::Event, event: fact.id().to_owned() },
        parts: Vec::new(),
        notes: Vec::new(),
        next: Vec::new(),
    };
    story.parts.push(about(&cx, fact)?);
    story.parts.push(causes(&cx, fact)?);
    story.parts.push(following(&cx, fact)?);
    if !fact.pid().is_empty() {
        let before = folded::part(&cx, fact.pid(), fact.at().saturating_sub(1))?;
        story.parts.push(before);
    }
    if fact.event.parent_id().is_none() {
        story.notes.push(Note::Text("what led to it was not recorded: it names no parent event".to_owned()));
    }
    let whole = json!({ "event_id": fact.id() });
    story.next.push(("get_event_by_id", whole, Why::Text("the whole event".to_owned())));
    if !fact.pid().is_empty() {
        story.next.push((
            "state_at",
            json!({ "pid": fact.pid(), "at": fact.id() }),
            Why::Text("the state then".to_owned()),
        ));
    }
    Ok(story)
}

/// An event in a clause, with who did it.
pub(super) fn describe(cx: &Cx<'_>, fact: &Fact) -> Result<String> {
    let who = if fact.pid().is_empty() { "somebody".to_owned() } else { cx.names.who(fact.pid())?.to_string() };
    if fact.is("process_spawn") {
        let child = cx.names.maybe(fact.text("spawned_pid"))?;
        let child = child.map(|child| child.to_string()).unwrap_or_default();
        let parent = cx.names.maybe(fact.text("parent_pid"))?;
        return Ok(format!("{} spawned {child}", parent.map_or(who, |parent| parent.to_string())));
    }
    Ok(format!("{who} {}", done(cx, fact)?))
}

/// What somebody did, without who.
fn done(cx: &Cx<'_>, fact: &Fact) -> Result<String> {
    Ok(match fact.event_type() {
        "function_entry" => format!("called {}", call(fact, 80)),
        "function_exit" => {
            let took = fact.event.duration_ns().map(|ns| format!(" after {}", duration(ns))).unwrap_or_default();
            let function = fact.mfa().unwrap_or_default();
            let reason = fact.text("reason").map(|reason| brief(reason, 80));
            match (fact.text("result"), CallEnd::read(fact.text("exit_reason")), reason) {
                (Some(result), ..) => format!("returned {} from {function}{took}", brief(result, 80)),
                (None, CallEnd::Exit, Some(reason)) => format!("left {function} by the exit {reason}{took}"),
                (None, _, Some(reason)) => format!("{} {reason} from {function}{took}", left_by(fact)),
                (None, _, None) => format!("came back (returned or raised: not traced) from {function}{took}"),
            }
        }
        "message_send" => {
            let to = match fact.text("receiver_pid") {
                Some(pid) => cx.names.who(pid)?.to_string(),
                None => fact.text("receiver_name").unwrap_or("?").to_owned(),
            };
            let lost = if fact.flag("undeliverable") { ", which is not there: the message is lost" } else { "" };
            format!("sent {} {} to {to}{lost}", fact.text("send_type").unwrap_or("message"), asked(fact))
        }
        "message_receive" => format!("received {}", asked(fact)),
        "state_change" => match StateChange::of(fact) {
            Some(change) if change.is_removal => {
                format!("no longer has the handler {}", change.handler.as_deref().unwrap_or("?"))
            }
            Some(change) => {
                let whose = change.handler.as_deref().map(|handler| format!("the state of its handler {handler}"));
                let whose = whose.unwrap_or_else(|| "its state".to_owned());
                let differences = change.old.as_deref().map(|old| diff::shown(old, &change.new));
                let differences =
                    differences.unwrap_or_else(|| vec![format!("{} -> {}", change.no_old(), brief(&change.new, 100))]);
                format!("changed {whose}: {}, by {}", brief(&differences.join(", "), 120), brief(&change.trigger(), 60))
            }
            None => "changed its state".to_owned(),
        },
        "process_exit" => format!("ended: {}", brief(fact.text("exit_reason").unwrap_or("?"), 100)),
        "process_register" => format!("was registered as {}", fact.text("registered_name").unwrap_or("?")),
        other => {
            let data = brief(fact.event.data(), 100);
            format!("{other} {data}")
        }
    })
}

/// What belongs to this event in particular.
fn about(cx: &Cx<'_>, fact: &Fact) -> Result<Part> {
    let mut lines = Vec::new();
    match fact.event_type() {
        "function_entry" if fact.is_callback() => lines.extend(sent(cx, fact, None)?.into_iter().map(Line::Sender)),
        "state_change" => {
            if let (Some(change), Some(entry)) = (StateChange::of(fact), cx.ask.event(fact.event.call_id())) {
                lines.extend(sent(cx, &entry, Some(&change))?.into_iter().map(Line::Sender));
            }
        }
        "message_send" => lines.extend(sent_where(cx, fact).map(|place| Line::Text(format!("sent {place}")))),
        _ => {}
    }
    if fact.is("function_entry") {
        lines.push(Line::Text(match exit_of_call(cx.ask, fact)? {
            Some(exit) => {
                format!("it {} ({})", done(cx, &exit)?, exit.id())
            }
            None => {
                "its return was not recorded: it did not come back, was a tail call, or its end was left out".to_owned()
            }
        }));
    }
    Ok(Part::new("about it", lines))
}

/// From the event back to its root cause, over processes.
fn causes(cx: &Cx<'_>, fact: &Fact) -> Result<Part> {
    let mut lines = Vec::new();
    let mut parent = cx.ask.event(fact.event.parent_id());
    while let Some(cause) = parent {
        if lines.len() >= MAX_CAUSES {
            lines.push("... and so on".to_owned());
            break;
        }
        lines.push(format!("{} {} ({})", cx.at(cause.at()), describe(cx, &cause)?, cause.id()));
        // An event that is its own cause would go on for ever; a cause is never later.
        parent = cx.ask.event(cause.event.parent_id()).filter(|next| next.key() < cause.key());
    }
    Ok(Part::keeping("led to by", 4, lines))
}

/// What belongs to the same exchange and came later.
fn following(cx: &Cx<'_>, fact: &Fact) -> Result<Part> {
    let Some(exchange) = fact.event.correlation_id() else { return Ok(Part::new("followed by", Vec::<Line>::new())) };
    let filter = Filter {
        correlation_id: Some(exchange.to_owned()),
        ..types(&["function_entry", "state_change", "message_send", "process_spawn"])
    };
    let events = cx.ask.oldest(filter, (fact.at(), i64::MAX), 50)?;
    let mut lines = Vec::new();
    for event in events.iter().filter(|event| event.key() > fact.key()).take(MAX_FOLLOWING) {
        lines.push(format!("{} {} ({})", cx.at(event.at()), describe(cx, event)?, event.id()));
    }
    Ok(Part::keeping("followed by", 3, lines))
}
