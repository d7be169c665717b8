//! How did a process come to fail? The error and its line, the message it was handling, the state it had.

use serde_json::json;

use super::failure::{Failure, Struck};
use super::line::{Anchor, Head, Line, Moment, Note, Why};
use super::onward::Onward;
use super::part::{Cx, Part, Story};
use super::sender::sent;
use super::tell::{call, enclosing, left_by};
use super::{blocked, callers, cause, elsewhere, ended_by, folded, supervision, unseen, waiting};
use crate::analysis::ask::Ask;
use crate::analysis::change::{Changes, entry_of};
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::place::is_library;
use crate::analysis::value::brief::brief;
use crate::analysis::who::Names;
use crate::error::Result;
use crate::event::exit_reason::{CallEnd, ExitReason};

/// Frames of a stack that are told.
const FRAMES: usize = 4;

/// The story of a process that crashed; `symptom` is the later exit that was asked about.
pub(super) fn tell(ask: &Ask<'_>, names: &Names<'_>, exit: &Fact, symptom: Option<&Fact>) -> Result<Story> {
    let failure = Failure::of_exit(ask, names, exit)?;
    story(ask, names, &failure, symptom)
}

/// The story of a call that failed.
pub(super) fn tell_raised(ask: &Ask<'_>, names: &Names<'_>, end: &Fact) -> Result<Story> {
    let mut failure = Failure::of_call(ask, names, end)?;
    failure.exit = crate::analysis::who::exit_of(ask, end.pid())?.filter(|exit| {
        exit.key() > end.key() && exit.text("exit_reason").is_some_and(|it| it.contains(&failure.error))
    });
    if let Some(exit) = failure.exit.clone() {
        failure = Failure::of_exit(ask, names, &exit)?;
    } else if let Some(raised) = &failure.raised {
        failure.onward = Onward::of(ask, raised)?;
        failure.site = failure.onward.origin.as_ref().map(|origin| origin.line.clone());
    }
    story(ask, names, &failure, None)
}

fn story(ask: &Ask<'_>, names: &Names<'_>, failure: &Failure, symptom: Option<&Fact>) -> Result<Story> {
    let cx = Cx::new(ask, names, failure.at);
    let evidence = failure.raised.as_ref().or(failure.exit.as_ref()).map(|fact| fact.id().to_owned());
    let moment = if failure.raised.is_some() { Moment::Exception } else { Moment::Exit };
    let mut story = Story {
        head: Head::Text(String::new()),
        anchor: Anchor { at: failure.at, moment, event: evidence.unwrap_or_default() },
        parts: Vec::new(),
        notes: Vec::new(),
        next: Vec::new(),
    };
    let whole = failure.exit.as_ref().and_then(|exit| exit.text("exit_reason")).unwrap_or(&failure.error);
    let kind = match &failure.exit {
        Some(exit) => ends::of_exit(ask, exit)?,
        None => ExitReason::read(whole),
    };
    story.parts.push(outcome(&cx, failure, symptom)?);
    if let Some(exit) = &failure.exit {
        let by = match failure.struck {
            Some(Struck::By(_)) => ended_by::linked(&cx, &failure.who, exit)?,
            _ => ended_by::line(&cx, &failure.who, exit, &kind)?,
        };
        story.parts.push(Part::new("ended by", by.into_iter().collect()));
    }
    story.parts.push(handling(&cx, failure)?);

    let cause = if failure.struck.is_some() { None } else { cause::find(&cx, failure)? };
    let because = match (&kind, &cause) {
        _ if failure.struck.is_some() => struck(&cx, failure)?,
        (ExitReason::Timeout(call), _) => {
            // Just before it gave up: the exception came after the timeout.
            let circle: Vec<String> =
                blocked::circle(&cx, &failure.who.pid, failure.at)?.iter().map(ToString::to_string).collect();
            let deadlock = match circle.as_slice() {
                [] => String::new(),
                [_] => ": it waits for itself, a deadlock".to_owned(),
                _ => format!(": {} wait for each other, a deadlock", circle.join(" and ")),
            };
            format!(": {} had not answered within {}{deadlock}", call.target, waiting::limit(call))
        }
        (ExitReason::NoProcess(call), _) => format!(": {} was not there", call.target),
        (ExitReason::Callee(call, _), _) => format!(", because it waited for {}, which failed so", call.target),
        (_, Some(cause)) => cause.because(),
        _ => String::new(),
    };
    let place = failure.site.as_deref().map(|site| format!(" at {site}")).unwrap_or_default();
    let role = failure.who.role.as_deref().filter(|_| failure.who.name.is_some());
    let role = role.map(|role| format!(" ({role})")).unwrap_or_default();
    let name = match &kind {
        ExitReason::Timeout(_) => "a call timeout".to_owned(),
        ExitReason::NoProcess(_) => "a call to no process (:noproc)".to_owned(),
        ExitReason::Callee(_, inner) if failure.error == whole => brief(inner, 120),
        _ => failure.named(),
    };
    let ended = match &kind {
        ExitReason::Killed => "was killed".to_owned(),
        // It crashed, but failed at nothing.
        _ if failure.struck.is_some() => format!("ended with {name}"),
        _ if kind.is_failure() => format!("crashed with {name}"),
        _ => format!("ended with {name}"),
    };
    let is_of_nobody = failure.exit.as_ref().is_some_and(|exit| exit.flag("ended_by_unknown"));
    story.head = Head::Text(if is_of_nobody {
        format!("the node ended with {name}{place}; which of its processes ended it, the dump does not say.")
    } else if failure.exit.is_some() {
        format!("{}{role} {ended}{place}{because}.", failure.who)
    } else {
        format!("a call in {}{role} failed with {name}{place}{because}; the process went on.", failure.who)
    });

    match &kind {
        ExitReason::Timeout(call) | ExitReason::NoProcess(call) | ExitReason::Callee(call, _) => {
            story.parts.extend(waiting::parts(&cx, failure, call)?);
        }
        _ => story.parts.push(state(&cx, failure, cause.as_ref())?),
    }
    story.parts.push(elsewhere::part(&cx, failure, cause.as_ref())?);
    if failure.exit.is_some() {
        story.parts.push(callers::part(&cx, failure)?);
        story.parts.push(supervision::part(&cx, &failure.who, failure.exit.as_ref())?);
    }
    // What it was doing when it failed is told already.
    let until = failure.callback.as_ref().map_or(failure.at, Fact::at).saturating_sub(1);
    story.parts.push(folded::part(&cx, &failure.who.pid, until)?);
    if failure.callback.is_none() && failure.raised.is_none() && kind != ExitReason::Killed {
        story.notes.push(Note::Text(unseen::note(&cx, failure)?));
    }
    if let Some(path) = cause.as_ref().and_then(|cause| cause.path()) {
        let arguments = json!({ "pid": failure.who.short(), "path": path });
        story.next.push(("state_history", arguments, Why::Text(format!("every change of {path}"))));
    } else if failure.state().is_some() {
        story.next.push((
            "state_history",
            json!({ "pid": failure.who.short() }),
            Why::Text("every change of its state".to_owned()),
        ));
    }
    story.notes.extend(cx.unlooked());
    Ok(story)
}

/// Whose error it was that ended a process which raised none.
fn struck(cx: &Cx<'_>, failure: &Failure) -> Result<String> {
    Ok(match &failure.struck {
        Some(Struck::By(end)) => {
            let other = cx.names.who(end.text("exited_pid").unwrap_or_else(|| end.pid()))?;
            format!(", taken along by {other}, which it was linked to ({})", end.id())
        }
        Some(Struck::Unseen) => {
            ", which no recorded call of it raised: the error of another process, it seems".to_owned()
        }
        None => String::new(),
    })
}

/// What failed, where.
fn outcome(cx: &Cx<'_>, failure: &Failure, symptom: Option<&Fact>) -> Result<Part> {
    let mut lines = Vec::new();
    if let Some(raised) = &failure.raised {
        let entry = entry_of(cx.ask, raised);
        let shown = entry.as_ref().map_or_else(|| raised.mfa().unwrap_or_default(), |entry| call(entry, 90));
        // Of an exit that hands on the failure of another the stack is that one's.
        let is_own = CallEnd::read(raised.text("exit_reason")) == CallEnd::Error;
        let operands = failure.stack.first().filter(|frame| is_own && is_library(frame) && frame.contains(" ["));
        let operands = operands.map(|frame| format!(" by {frame}")).unwrap_or_default();
        let how = left_by(raised);
        lines.push(format!("{shown} {how} {}{operands} ({})", brief(&failure.error, 100), raised.id()));
    }
    let frames: Vec<&str> =
        failure.stack.iter().map(String::as_str).filter(|frame| !is_library(frame)).take(FRAMES).collect();
    if !frames.is_empty() {
        let shown: Vec<String> = frames.iter().map(|frame| brief(frame, 100)).collect();
        lines.push(format!("stack: {}", shown.join(" < ")));
    }
    lines.extend(failure.onward.lines(cx));
    if let Some(exit) = &failure.exit {
        let after = if failure.raised.is_some() { format!(" at {}", cx.at(exit.at())) } else { String::new() };
        let lifetime = exit.number("lifetime_ns").map(|ns| format!(", {} after its start", super::tell::duration(ns)));
        lines.push(format!("the process ended{after} ({}){}", exit.id(), lifetime.unwrap_or_default()));
    }
    if let Some(symptom) = symptom {
        let who = cx.names.who(symptom.text("exited_pid").unwrap_or_else(|| symptom.pid()))?;
        lines.push(format!("the later crash of {who} at {} ({}) is a consequence", cx.at(symptom.at()), symptom.id()));
    }
    Ok(Part::new("crash", lines))
}

/// The message that was being handled: who sent it, from where, how long it waited.
fn handling(cx: &Cx<'_>, failure: &Failure) -> Result<Part> {
    let Some(callback) = &failure.callback else {
        let Some(raised) = &failure.raised else { return Ok(Part::new("message", Vec::<Line>::new())) };
        // No server: the calls around the one that failed.
        let around: Vec<String> = entry_of(cx.ask, raised)
            .map(|entry| enclosing(cx.ask, &entry, FRAMES))
            .unwrap_or_default()
            .iter()
            .map(|entry| format!("{} ({})", call(entry, 60), entry.id()))
            .collect();
        let lines = if around.is_empty() { Vec::new() } else { vec![around.join(" < ")] };
        return Ok(Part::new("called in", lines));
    };
    let message = failure.message().unwrap_or_default();
    let mut lines = vec![format!(
        "{} in {} since {} ({})",
        brief(&message, 90),
        callback.mfa().unwrap_or_default(),
        cx.at(callback.at()),
        callback.id()
    )];
    lines.extend(sent(cx, callback, None)?);
    Ok(Part::new("message", lines))
}

/// The state it had, and the change that made it bad.
fn state(cx: &Cx<'_>, failure: &Failure, cause: Option<&cause::Cause>) -> Result<Part> {
    let mut lines = Vec::new();
    if let Some(state) = failure.state() {
        let set = Changes::new(cx.ask, &failure.who.pid)?.last((i64::MIN, failure.at))?;
        let by = set.map(|set| format!(" (since {}, {})", cx.at(set.at), set.id)).unwrap_or_default();
        lines.push(format!("before: {}{by}", brief(&state, 140)));
    }
    if let Some(cause) = cause {
        lines.extend(cause.lines(cx)?);
    }
    Ok(Part::new("state", lines))
}
