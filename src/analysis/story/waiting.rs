//! Why did a call get no reply? What the callee did meanwhile, what waited before it, and whether a reply came late.

use super::answer::answered;
use super::backlog::{backlog, came, handled, uncounted};
use super::blocked::{has_answer, waits};
use super::ended_by::by_supervisor;
use super::failure::Failure;
use super::kinds::{Handled, kinds};
use super::line::{At, Bound, HandledThen, Lasts, Late, Line, Messages, WaitingLine};
use super::part::{Cx, Part};
use super::sent::{asked, is_request, sent_where};
use super::supervision;
use super::unended::{end_of_recording, lasted, would_end_be_told};
use crate::analysis::abandoned::abandoned;
use crate::analysis::ask::{EVER, inside};
use crate::analysis::change::exit_of_call;
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::seam;
use crate::analysis::state::running_at;
use crate::analysis::value::brief::brief;
use crate::analysis::who::called;
use crate::error::Result;
use crate::event::exit_reason::Call;
use crate::query::Filter;

/// Sends looked back over for the call.
const MAX_SENDS: usize = 100;

/// Window over which rates are counted where a call has no time limit.
const WINDOW_NS: i64 = 1_000_000_000;

pub(super) fn parts(cx: &Cx<'_>, failure: &Failure, call: &Call) -> Result<Vec<Part>> {
    let sends = cx.ask.newest(inside(&failure.who.pid, &["message_send"]), (i64::MIN, failure.at), MAX_SENDS)?;
    let mut asked_for = None;
    for send in sends.iter().filter(|send| send.text("send_type") == Some("call") && is_request(send, &call.request)) {
        // One that was answered is another one: to nobody nothing may be sent.
        if !has_answer(cx, send, failure.at)? {
            asked_for = Some(send);
            break;
        }
    }
    let send = asked_for;
    let mut waited = Vec::new();
    if let Some(send) = send {
        waited.push(Line::Waiting(WaitingLine::Asked {
            request: asked(send),
            target: call.target.clone(),
            at: At::of(send),
            place: sent_where(cx, send),
        }));
        waited.extend(answered(cx, send, failure.at, Late::AfterItGaveUp)?.into_iter().map(Line::Answer));
    }
    let pid = match send.and_then(|send| send.text("receiver_pid")) {
        Some(pid) => Some(pid.to_owned()),
        // The name's last life tells where it went.
        None => failure.exit.as_ref().or(failure.raised.as_ref()).and_then(|end| called(cx.ask, end, &call.target)),
    };
    let mut parts = vec![Part::new("waited for", waited)];
    if let Some(pid) = pid {
        parts.push(callee(cx, &pid, send, failure.at, call)?);
    }
    Ok(parts)
}

/// The `init/1` a process was in.
fn starting_at(cx: &Cx<'_>, pid: &str, at: i64) -> Result<Option<Fact>> {
    let filter = Filter { function: Some("init".to_owned()), arity: Some(1), ..inside(pid, &["function_entry"]) };
    let Some(init) = cx.ask.last(filter, (i64::MIN, at))? else { return Ok(None) };
    let is_done = exit_of_call(cx.ask, &init)?.is_some_and(|exit| exit.at() <= at);
    // What is called later says that it was done, too.
    let later = cx.ask.newest(inside(pid, &["function_entry"]), (init.at().saturating_add(1), at), MAX_SENDS)?;
    let may_be_done = later.iter().any(Fact::is_callback) || seam::last_break(cx.ask, pid, (init.at(), at))?.is_some();
    Ok(Some(init).filter(|_| !is_done && !may_be_done))
}

/// How long a callback lasts.
fn lasts(cx: &Cx<'_>, running: &Fact) -> Result<Lasts> {
    let Some(exit) = exit_of_call(cx.ask, running)? else {
        let is_to_the_end = would_end_be_told(cx, running, end_of_recording(cx)?)?;
        return Ok(if is_to_the_end { Lasts::ToTheEnd } else { Lasts::Unrecorded });
    };
    Ok(lasted(running, &exit).map_or(Lasts::Unrecorded, Lasts::Ns))
}

/// Whether a process of which no running callback is known was in none: its callbacks are traced, and nothing is hidden
/// since its last one returned.
fn is_idle(cx: &Cx<'_>, pid: &str, at: i64) -> Result<bool> {
    let entries = cx.ask.newest(inside(pid, &["function_entry"]), (i64::MIN, at), MAX_SENDS)?;
    let Some(last) = entries.iter().find(|entry| entry.is_callback()) else { return Ok(false) };
    let Some(back) = exit_of_call(cx.ask, last)?.filter(|back| back.at() <= at) else { return Ok(false) };
    Ok(seam::last_break(cx.ask, pid, (back.at(), at))?.is_none())
}

/// What the process that was called did.
fn callee(cx: &Cx<'_>, pid: &str, send: Option<&Fact>, gave_up: i64, call: &Call) -> Result<Part> {
    let who = cx.names.who(pid)?;
    let mut lines = Vec::new();
    let asked_at = send.map_or(gave_up, Fact::at);
    if let Some(exit) = crate::analysis::who::exit_of(cx.ask, pid)? {
        if exit.at() <= gave_up {
            let reason = ends::brief_reason(&exit, 80);
            lines.push(Line::Waiting(WaitingLine::HadEnded { who: who.process(), at: At::of(&exit), reason }));
            lines.extend(by_supervisor(cx, &who, &exit)?.map(Line::EndedBy));
            lines.extend(supervision::part(cx, &who, Some(&exit))?.lines);
            return Ok(Part::new("the process called", lines));
        }
    }
    let queued = backlog(cx, pid, asked_at.saturating_sub(1))?;
    let running = match running_at(cx.ask, pid, gave_up)? {
        Some(running) => Some(running),
        None => starting_at(cx, pid, gave_up)?,
    };
    if let Some(running) = running {
        lines.push(Line::Waiting(WaitingLine::Busy {
            who: who.process(),
            callback: running.mfa().unwrap_or_default(),
            message: running.handled().map(|message| brief(message, 60)),
            since: At::of(&running),
            lasts: lasts(cx, &running)?,
        }));
    } else if queued.is_known && is_idle(cx, pid, gave_up)? {
        lines.push(Line::Waiting(WaitingLine::Idle { who: who.process() }));
    } else {
        lines.push(Line::Waiting(WaitingLine::Unseen { who: who.process() }));
    }
    lines.extend(waits(cx, pid, gave_up)?.map(Line::Waits));
    if let Some(abandoned) = abandoned(cx.ask, cx.names, pid, asked_at)? {
        let offered = abandoned.offered.clone();
        lines.push(Line::AtWorkFor(Box::new(abandoned)));
        lines.extend(offered.map(Line::Offered));
    }
    let window = call.timeout_ms.map_or(WINDOW_NS, |ms| ms.saturating_mul(1_000_000)).max(1);
    // Not from before the recording.
    let first = cx.ask.first(Filter::default(), EVER)?.map_or(i64::MIN, |first| first.at());
    let span = (asked_at.saturating_sub(window).max(first), gave_up);
    let came = came(cx, pid, span)?;
    let kinds = kinds(cx, pid, gave_up)?;
    let of_newest = kinds.of_newest;
    if queued.waiting > 0 {
        let bound = if queued.is_whole { Bound::Exact } else { Bound::AtLeast };
        lines.push(Line::Waiting(WaitingLine::Queued(Messages { count: queued.waiting, bound })));
    }
    if let Some(sample) = cx.ask.last(inside(pid, &["process_sample"]), (i64::MIN, gave_up))? {
        if let Some(length) = sample.number("message_queue_len") {
            lines.push(Line::Waiting(WaitingLine::Sampled { length, at: At::of(&sample) }));
        }
    }
    let handled = handled(cx, pid, span)?;
    let handled = if handled.count > 0 || queued.is_known {
        let bound = if handled.is_bound { Bound::AtMost } else { Bound::Exact };
        HandledThen::Count(Messages { count: handled.count, bound })
    } else {
        uncounted(cx, pid, span)?
    };
    lines.push(Line::Waiting(WaitingLine::Rate { from: span.0, to: span.1, came, handled }));
    let takes = |kind: Handled| WaitingLine::Takes {
        mean_ns: kind.mean(),
        pattern: kind.pattern,
        longest_ns: kind.longest,
        longest: kind.event,
        count: kind.count,
        endless: kind.endless,
        of_newest,
    };
    lines.extend(kinds.all.into_iter().take(3).map(takes).map(Line::Waiting));
    Ok(Part::keeping("the process called", lines.len().min(5), lines))
}
