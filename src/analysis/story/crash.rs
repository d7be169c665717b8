//! How did a process come to fail? The error and its line, the message it was handling, the state it had.

use serde_json::json;

use super::onward::Onward;
use super::reason::exception;
use super::sender::sent;
use super::tell::{call, enclosing};
use super::{Cx, Part, Story, blocked, callers, cause, elsewhere, ended_by, folded, supervision, unseen, waiting};
use crate::analysis::ask::{Ask, inside};
use crate::analysis::change::{Changes, entry_of, state_before};
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::place::is_library;
use crate::analysis::value::brief::brief;
use crate::analysis::who::{Names, Who};
use crate::error::Result;
use crate::event::exit_reason::ExitReason;

/// Ends of calls looked back over for those that failed, at once.
const ENDS: usize = 200;

/// How often more are looked at, while an exception goes on through them.
const LOOKS: usize = 50;

/// Frames of a stack that are told.
const FRAMES: usize = 4;

/// What is known of a failure.
pub(super) struct Failure {
    pub(super) who: Who,
    /// The end of the process; `None` when it went on.
    pub(super) exit: Option<Fact>,
    /// The end of the innermost call that failed.
    pub(super) raised: Option<Fact>,
    /// The callback it happened in.
    pub(super) callback: Option<Fact>,
    /// `:badarith`, without the stack.
    pub(super) error: String,
    /// Innermost first.
    pub(super) stack: Vec<String>,
    /// `s3_badstate.exs:16`.
    pub(super) site: Option<String>,
    /// Where it went from the call that raised it; of one that did not end its process.
    onward: Onward,
    /// When it failed.
    pub(super) at: i64,
}

impl Failure {
    fn of_exit(ask: &Ask<'_>, names: &Names<'_>, exit: &Fact) -> Result<Self> {
        let pid = exit.text("exited_pid").unwrap_or_else(|| exit.pid());
        let ends = ends_of(ask, pid, exit.at())?;
        let mut failure = Self::of_calls(ask, names, pid, &ends, exit.at())?;
        let whole = exit.text("exit_reason").unwrap_or("(no reason recorded)");
        exit.text("error").unwrap_or(whole).clone_into(&mut failure.error);
        failure.stack = exit.list("stacktrace").into_iter().map(str::to_owned).collect();
        failure.site = exit.text("crash_site").map(str::to_owned);
        failure.exit = Some(exit.clone());
        Ok(failure)
    }

    fn of_call(ask: &Ask<'_>, names: &Names<'_>, end: &Fact) -> Result<Self> {
        let pid = end.pid();
        let ends = ends_of(ask, pid, end.at())?;
        let ends: Vec<Fact> = ends.into_iter().filter(|one| one.key() <= end.key()).collect();
        let mut failure = Self::of_calls(ask, names, pid, &ends, end.at())?;
        end.text("reason").unwrap_or("(no reason recorded)").clone_into(&mut failure.error);
        Ok(failure)
    }

    /// What calls tell, given their ends, newest first.
    fn of_calls(ask: &Ask<'_>, names: &Names<'_>, pid: &str, ends: &[Fact], at: i64) -> Result<Self> {
        let failed: Vec<&Fact> = ends.iter().filter(|end| end.is_failed_exit()).collect();
        let outer = failed.iter().find(|end| end.is_callback()).or_else(|| failed.first());
        let entry = outer.and_then(|outer| entry_of(ask, outer));
        // The innermost call fails first.
        let since = entry.as_ref().map_or(i64::MAX, Fact::at);
        let raised = failed.iter().rev().find(|end| end.at() >= since).or(outer.as_ref().map(|one| *one));
        let raised = raised.map(|raised| (*raised).clone());
        let callback = match entry {
            Some(entry) if entry.is_callback() => Some(entry),
            // It may have been stopped in a callback, or by what one returned.
            _ if failed.is_empty() => stopped_in(ask, pid, at)?,
            _ => None,
        };
        Ok(Self {
            who: names.who(pid)?,
            exit: None,
            at: raised.as_ref().map_or(at, Fact::at),
            raised,
            callback,
            error: String::new(),
            stack: Vec::new(),
            site: None,
            onward: Onward::default(),
        })
    }

    /// The state it failed with.
    pub(super) fn state(&self) -> Option<String> {
        state_before(self.callback.as_ref()?).map(str::to_owned)
    }

    /// The message it was handling.
    pub(super) fn message(&self) -> Option<String> {
        self.callback.as_ref()?.handled().map(str::to_owned)
    }

    /// `ArithmeticError (:badarith)`.
    fn named(&self) -> String {
        match exception(&self.error) {
            Some(name) if self.error.starts_with('%') => name,
            Some(name) => format!("{name} ({})", brief(&self.error, 80)),
            None => brief(&self.error, 120),
        }
    }
}

/// The newest ends of calls of a process, newest first: back to before the exception that went through the last of them.
fn ends_of(ask: &Ask<'_>, pid: &str, until: i64) -> Result<Vec<Fact>> {
    let mut ends: Vec<Fact> = Vec::new();
    for _ in 0..LOOKS {
        let until = ends.last().map_or(until, Fact::at);
        let more = ask.newest(inside(pid, &["function_exit"]), (i64::MIN, until), ENDS)?;
        let known = ends.len();
        let is_new = |end: &Fact| ends[..known].iter().rev().take(ENDS).all(|known| known.id() != end.id());
        let more: Vec<Fact> = more.into_iter().filter(is_new).collect();
        ends.extend(more);
        if ends.len() == known || !ends[ends.len() - 1].is_failed_exit() {
            break;
        }
    }
    Ok(ends)
}

/// The callback a process was in at its end, or that ended it with `{:stop, ...}`.
fn stopped_in(ask: &Ask<'_>, pid: &str, at: i64) -> Result<Option<Fact>> {
    if let Some(running) = crate::analysis::state::running_at(ask, pid, at)? {
        return Ok(Some(running));
    }
    let ends = ask.newest(inside(pid, &["function_exit"]), (i64::MIN, at), 8)?;
    let stop =
        ends.iter().find(|end| end.is_callback() && end.text("result").is_some_and(|it| it.starts_with("{:stop,")));
    Ok(stop.and_then(|end| entry_of(ask, end)))
}

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
    let cx = Cx { ask, names, anchor: failure.at };
    let evidence = failure.raised.as_ref().or(failure.exit.as_ref()).map(|fact| fact.id().to_owned());
    let moment = if failure.raised.is_some() { "the exception" } else { "the exit" };
    let mut story = Story {
        answer: String::new(),
        anchor: (failure.at, format!("{moment} ({})", evidence.unwrap_or_default())),
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
        let by = ended_by::line(&cx, &failure.who, exit, &kind)?;
        story.parts.push(Part::new("ended by", by.into_iter().collect()));
    }
    story.parts.push(handling(&cx, failure)?);

    let cause = cause::find(&cx, failure)?;
    let because = match (&kind, &cause) {
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
        _ => failure.named(),
    };
    let ended = match &kind {
        ExitReason::Killed => "was killed".to_owned(),
        _ if kind.is_failure() => format!("crashed with {name}"),
        _ => format!("ended with {name}"),
    };
    let is_of_nobody = failure.exit.as_ref().is_some_and(|exit| exit.flag("ended_by_unknown"));
    story.answer = if is_of_nobody {
        format!("the node ended with {name}{place}; which of its processes ended it, the dump does not say.")
    } else if failure.exit.is_some() {
        format!("{}{role} {ended}{place}{because}.", failure.who)
    } else {
        format!("a call in {}{role} failed with {name}{place}{because}; the process went on.", failure.who)
    };

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
        story.notes.push(unseen::note(&cx, failure)?);
    }
    if let Some(path) = cause.as_ref().and_then(|cause| cause.path()) {
        let arguments = json!({ "pid": failure.who.short(), "path": path });
        story.next.push(("state_history", arguments, format!("every change of {path}")));
    } else if failure.state().is_some() {
        story.next.push((
            "state_history",
            json!({ "pid": failure.who.short() }),
            "every change of its state".to_owned(),
        ));
    }
    Ok(story)
}

/// What failed, where.
fn outcome(cx: &Cx<'_>, failure: &Failure, symptom: Option<&Fact>) -> Result<Part> {
    let mut lines = Vec::new();
    if let Some(raised) = &failure.raised {
        let entry = entry_of(cx.ask, raised);
        let shown = entry.as_ref().map_or_else(|| raised.mfa().unwrap_or_default(), |entry| call(entry, 90));
        let operands = failure.stack.first().filter(|frame| is_library(frame) && frame.contains(" ["));
        let operands = operands.map(|frame| format!(" by {frame}")).unwrap_or_default();
        lines.push(format!("{shown} raised {}{operands} ({})", brief(&failure.error, 100), raised.id()));
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
        let Some(raised) = &failure.raised else { return Ok(Part::new("message", Vec::new())) };
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
