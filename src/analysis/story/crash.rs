//! How did a process come to fail? The error and its line, the message it was handling, the state it had.

use serde_json::json;

use super::calls::{call, enclosing, left};
use super::cause::{self, Cause};
use super::failure::{Failure, Struck};
use super::line::{
    Anchor, At, Because, Called, CrashHead, CrashLine, FailedWith, Head, Line, Moment, Note, Outcome, Why,
};
use super::onward::Onward;
use super::part::{Cx, Part, Story};
use super::sender::sent;
use super::{blocked, callers, elsewhere, ended_by, folded, supervision, unseen, waiting};
use crate::analysis::ask::Ask;
use crate::analysis::change::{Changes, entry_of};
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::place::is_library;
use crate::analysis::value::brief::brief;
use crate::analysis::who::{Names, Who, exit_after};
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
    failure.exit = exit_after(ask, end.pid(), end)?.filter(|exit| {
        exit.key() > end.key() && failure.error.as_ref().is_some_and(|error| ends::reason(exit).contains(error))
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
    let cx = Cx::new(ask, names);
    let kind = match &failure.exit {
        Some(exit) => ends::of_exit(ask, exit)?,
        None => ExitReason::read(failure.text()),
    };
    let cause = if failure.struck.is_some() { None } else { cause::find(&cx, failure)? };
    let evidence = failure.raised.as_ref().or(failure.exit.as_ref()).map(|fact| fact.id().to_owned());
    let moment = if failure.raised.is_some() { Moment::Exception } else { Moment::Exit };
    let mut story = Story {
        head: Head::Crash(Box::new(head(&cx, failure, &kind, cause.as_ref())?)),
        anchor: Anchor { at: failure.at, moment, event: evidence.unwrap_or_default() },
        parts: Vec::new(),
        notes: Vec::new(),
        next: Vec::new(),
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
    match &kind {
        ExitReason::Timeout(call) | ExitReason::NoProcess(call) | ExitReason::Callee(call, _) => {
            story.parts.extend(waiting::parts(&cx, failure, call)?);
        }
        _ => {
            if let Some(table @ Cause::Table(_)) = &cause {
                let lines = table.lines(&cx)?.into_iter().map(Line::Cause).collect();
                story.parts.push(Part::new("table", lines));
            }
            story.parts.push(state(&cx, failure, cause.as_ref())?);
        }
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
        story.notes.push(Note::Unseen(unseen::note(&cx, failure)?));
    }
    if let Some(path) = cause.as_ref().and_then(|cause| cause.path()) {
        let arguments = json!({ "pid": failure.who.short(), "path": path });
        story.next.push(("state_history", arguments, Why::StateChangesOf(path.to_owned())));
    } else if failure.state().is_some() {
        story.next.push(("state_history", json!({ "pid": failure.who.short() }), Why::StateChanges));
    }
    story.notes.extend(cx.unlooked());
    Ok(story)
}

/// What it comes to.
fn head(cx: &Cx<'_>, failure: &Failure, kind: &ExitReason, cause: Option<&Cause>) -> Result<CrashHead> {
    let is_of_nobody = failure.exit.as_ref().is_some_and(|exit| exit.flag("ended_by_unknown"));
    let whole = failure.exit.as_ref().and_then(|exit| exit.text("exit_reason")).unwrap_or(failure.text());
    Ok(CrashHead {
        who: failure.who.process(),
        outcome: match kind {
            _ if is_of_nobody => Outcome::NodeEnded,
            _ if failure.exit.is_none() => {
                let since = failure.raised.as_ref().map_or(failure.at, Fact::at);
                let is_seen = callers::goes_on(cx, &failure.who.pid, since)?;
                if is_seen { Outcome::WentOn } else { Outcome::Unseen }
            }
            ExitReason::Killed => Outcome::Killed,
            // Whom another's error ended crashed, but failed at nothing.
            _ if kind.is_failure() && failure.struck.is_none() => Outcome::Crashed,
            _ => Outcome::Ended,
        },
        failed_with: match kind {
            ExitReason::Timeout(_) => FailedWith::CallTimeout,
            ExitReason::NoProcess(_) => FailedWith::NoProcess,
            ExitReason::Callee(_, inner) if failure.text() == whole => FailedWith::Error(brief(inner, 120)),
            _ => failure.named(),
        },
        site: failure.site.clone(),
        because: because(cx, failure, kind, cause)?,
    })
}

/// Why it failed.
fn because(cx: &Cx<'_>, failure: &Failure, kind: &ExitReason, cause: Option<&Cause>) -> Result<Option<Because>> {
    Ok(match (&failure.struck, kind) {
        // Whose error it was that ended a process which raised none.
        (Some(Struck::By(end)), _) => {
            let by = cx.names.who(end.text("exited_pid").unwrap_or_else(|| end.pid()))?.process();
            Some(Because::TakenAlong { by, event: end.id().to_owned() })
        }
        (Some(Struck::Unseen), _) => Some(Because::OfAnother),
        (None, ExitReason::Timeout(call)) => Some(Because::NoAnswer {
            target: call.target.clone(),
            limit_ns: call.timeout_ms.map(|ms| ms.saturating_mul(1_000_000)),
            // Just before it gave up: the exception came after the timeout.
            circle: blocked::circle(cx, &failure.who.pid, failure.at)?.iter().map(Who::process).collect(),
        }),
        (None, ExitReason::NoProcess(call)) => Some(Because::NotThere { target: call.target.clone() }),
        (None, ExitReason::Callee(call, _)) => Some(Because::CalleeFailed { target: call.target.clone() }),
        (None, _) => cause.map(|cause| Because::BadValue(cause.because())),
    })
}

/// What failed, where.
fn outcome(cx: &Cx<'_>, failure: &Failure, symptom: Option<&Fact>) -> Result<Part> {
    let mut lines = Vec::new();
    if let Some(raised) = &failure.raised {
        let entry = entry_of(cx.ask, raised);
        // Of an exit that hands on the failure of another the stack is that one's.
        let is_own = CallEnd::read(raised.text("exit_reason")) == CallEnd::Error;
        let operation = failure.stack.first().filter(|frame| is_own && is_library(frame) && frame.contains(" ["));
        lines.push(Line::Crash(CrashLine::Failed {
            call: entry.as_ref().map_or_else(|| raised.mfa().unwrap_or_default(), |entry| call(entry, 90)),
            left: left(raised),
            error: failure.error(100),
            operation: operation.cloned(),
            event: raised.id().to_owned(),
        }));
    }
    let frames: Vec<String> =
        failure.stack.iter().filter(|frame| !is_library(frame)).take(FRAMES).map(|frame| brief(frame, 100)).collect();
    if !frames.is_empty() {
        lines.push(Line::Crash(CrashLine::Stack { frames }));
    }
    lines.extend(failure.onward.lines().map(Line::Onward));
    if let Some(exit) = &failure.exit {
        lines.push(Line::Crash(CrashLine::Ended {
            at: At::of(exit),
            is_after: failure.raised.is_some(),
            lifetime_ns: exit.number("lifetime_ns"),
        }));
    }
    if let Some(symptom) = symptom {
        let who = cx.names.who(symptom.text("exited_pid").unwrap_or_else(|| symptom.pid()))?.process();
        lines.push(Line::Crash(CrashLine::Consequence { who, at: At::of(symptom) }));
    }
    Ok(Part::new("crash", lines))
}

/// The message that was being handled: who sent it, from where, how long it waited.
fn handling(cx: &Cx<'_>, failure: &Failure) -> Result<Part> {
    let Some(callback) = &failure.callback else {
        let Some(raised) = &failure.raised else { return Ok(Part::new("message", Vec::<Line>::new())) };
        // No server: the calls around the one that failed.
        let around = entry_of(cx.ask, raised).map(|entry| enclosing(cx.ask, &entry, FRAMES)).unwrap_or_default();
        let called = |entry: &Fact| Called { call: call(entry, 60), event: entry.id().to_owned() };
        let calls: Vec<Called> = around.iter().map(called).collect();
        let line = Some(CrashLine::CalledIn { calls }).filter(|_| !around.is_empty());
        return Ok(Part::new("called in", line.map(Line::Crash).into_iter().collect()));
    };
    let mut lines = vec![Line::Crash(CrashLine::Handling {
        message: failure.message().map(|message| brief(&message, 90)),
        callback: callback.mfa().unwrap_or_default(),
        since: At::of(callback),
    })];
    lines.extend(sent(cx, callback, None)?.into_iter().map(Line::Sender));
    Ok(Part::new("message", lines))
}

/// The state it had, and the change that made it bad.
fn state(cx: &Cx<'_>, failure: &Failure, cause: Option<&Cause>) -> Result<Part> {
    let mut lines = Vec::new();
    if let Some(state) = failure.state() {
        let set = Changes::new(cx.ask, &failure.who.pid)?.last((i64::MIN, failure.at))?;
        lines.push(Line::Crash(CrashLine::Before {
            state: brief(&state, 140),
            // What set it last may not have been recorded.
            since: set.filter(|set| set.new == state).map(|set| At { at: set.at, event: set.id }),
        }));
    }
    if let Some(cause) = cause.filter(|cause| !matches!(cause, Cause::Table(_))) {
        lines.extend(cause.lines(cx)?.into_iter().map(Line::Cause));
    }
    Ok(Part::new("state", lines))
}
