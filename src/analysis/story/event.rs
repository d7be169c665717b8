//! What led to an event, and what followed from it?

use serde_json::json;

use super::blocked::whom;
use super::calls::{call, left};
use super::folded;
use super::line::{Anchor, At, Deed, Did, Event, Head, Line, Linked, Moment, Note, Why};
use super::part::{Cx, Part, Story};
use super::sender::sent;
use super::sent::{asked, sent_where};
use crate::analysis::ask::{Ask, types};
use crate::analysis::change::{StateChange, exit_of_call};
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::value::brief::brief;
use crate::analysis::value::diff;
use crate::analysis::who::Names;
use crate::error::Result;
use crate::query::Filter;

/// Causes told, from the nearest on.
const MAX_CAUSES: usize = 10;

/// Events of the same exchange that are told.
const MAX_FOLLOWING: usize = 8;

pub(super) fn tell(ask: &Ask<'_>, names: &Names<'_>, fact: &Fact) -> Result<Story> {
    let cx = Cx::new(ask, names);
    let mut story = Story {
        head: Head::Event(Box::new(deed(&cx, fact)?)),
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
        story.notes.push(Note::NoParent);
    }
    let whole = json!({ "event_id": fact.id() });
    story.next.push(("get_event_by_id", whole, Why::WholeEvent));
    if !fact.pid().is_empty() {
        story.next.push(("state_at", json!({ "pid": fact.pid(), "at": fact.id() }), Why::StateThen));
    }
    Ok(story)
}

/// Who did what.
fn deed(cx: &Cx<'_>, fact: &Fact) -> Result<Deed> {
    let process = |pid| cx.names.maybe(pid).map(|who| who.map(|who| who.process()));
    let by = process(Some(fact.pid()).filter(|pid| !pid.is_empty()))?;
    if fact.is("process_spawn") {
        let child = process(fact.text("spawned_pid"))?;
        let parent = process(fact.text("parent_pid"))?;
        return Ok(Deed::Spawned { by: parent.or(by), child });
    }
    Ok(Deed::Did { by, did: did(cx, fact)? })
}

/// What somebody did, without who.
fn did(cx: &Cx<'_>, fact: &Fact) -> Result<Did> {
    Ok(match fact.event_type() {
        "function_entry" => Did::Called { call: call(fact, 80) },
        "function_exit" => came_back(fact),
        "message_send" => Did::Sent {
            kind: fact.text("send_type").map(str::to_owned),
            message: asked(fact),
            to: whom(cx, fact)?,
            is_lost: fact.flag("undeliverable"),
        },
        "message_receive" => Did::Received { message: asked(fact) },
        "state_change" => StateChange::of(fact).map_or(Did::ChangedUntold, |change| changed(&change)),
        "process_exit" => Did::Ended { reason: ends::brief_reason(fact, 100) },
        "process_register" => Did::Registered { name: fact.text("registered_name").unwrap_or("?").to_owned() },
        other => Did::Other { event_type: other.to_owned(), data: brief(fact.event.data(), 100) },
    })
}

/// How a call came back.
fn came_back(end: &Fact) -> Did {
    let (function, after_ns) = (end.mfa().unwrap_or_default(), end.event.duration_ns());
    match (end.text("result"), end.text("reason")) {
        (Some(result), _) => Did::Returned { result: brief(result, 80), function, after_ns },
        (None, Some(reason)) => Did::Failed { left: left(end), reason: brief(reason, 80), function, after_ns },
        (None, None) => Did::CameBack { function, after_ns },
    }
}

fn changed(change: &StateChange) -> Did {
    if change.is_removal {
        return Did::LostHandler { handler: change.handler.clone().unwrap_or_else(|| "?".to_owned()) };
    }
    let differences = change.old.as_deref().map(|old| diff::shown(old, &change.new));
    let differences =
        differences.unwrap_or_else(|| vec![format!("{} -> {}", change.no_old(), brief(&change.new, 100))]);
    Did::Changed {
        handler: change.handler.clone(),
        change: brief(&differences.join(", "), 120),
        trigger: brief(&change.trigger(), 60),
    }
}

/// What belongs to this event in particular.
fn about(cx: &Cx<'_>, fact: &Fact) -> Result<Part> {
    let mut lines: Vec<Line> = Vec::new();
    match fact.event_type() {
        "function_entry" if fact.is_callback() => lines.extend(sent(cx, fact, None)?.into_iter().map(Line::Sender)),
        "state_change" => {
            if let (Some(change), Some(entry)) = (StateChange::of(fact), cx.ask.event(fact.event.call_id())) {
                lines.extend(sent(cx, &entry, Some(&change))?.into_iter().map(Line::Sender));
            }
        }
        "message_send" => lines.extend(sent_where(cx, fact).map(|place| Line::Event(Event::Sent { place }))),
        _ => {}
    }
    if fact.is("function_entry") {
        lines.push(Line::Event(match exit_of_call(cx.ask, fact)? {
            Some(exit) => Event::Back { did: did(cx, &exit)?, event: exit.id().to_owned() },
            None => Event::NotBack,
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
            lines.push(Line::Event(Event::AndSoOn));
            break;
        }
        lines.push(linked(cx, &cause)?);
        // An event that is its own cause would go on for ever; a cause is never later.
        parent = cx.ask.event(cause.event.parent_id()).filter(|next| next.key() < cause.key());
    }
    Ok(Part::keeping("led to by", 4, lines))
}

fn linked(cx: &Cx<'_>, fact: &Fact) -> Result<Line> {
    Ok(Line::Event(Event::Linked(Linked { at: At::of(fact), deed: deed(cx, fact)? })))
}

/// What belongs to the same exchange and came later.
fn following(cx: &Cx<'_>, fact: &Fact) -> Result<Part> {
    let Some(exchange) = fact.event.correlation_id() else { return Ok(Part::new("followed by", Vec::<Line>::new())) };
    let filter = Filter {
        correlation_id: Some(exchange.to_owned()),
        ..types(&["function_entry", "state_change", "message_send", "process_spawn"])
    };
    let events = cx.ask.oldest(filter, (fact.at(), i64::MAX), 50)?;
    let later = events.iter().filter(|event| event.key() > fact.key()).take(MAX_FOLLOWING);
    let lines = later.map(|event| linked(cx, event)).collect::<Result<_>>()?;
    Ok(Part::keeping::<Line>("followed by", 3, lines))
}
