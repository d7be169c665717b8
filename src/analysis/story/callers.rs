//! Whom did the end of a process hurt? Those that waited for its reply, and those linked to it.

use super::backlog::backlog;
use super::calls::{call, enclosing};
use super::failure::Failure;
use super::line::{Affected, At, Became, Caller, Line};
use super::part::{Cx, Part};
use super::sent::{asked, is_request};
use crate::analysis::ask::{inside, of};
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::replied::is_replied;
use crate::analysis::seam;
use crate::analysis::value::Value;
use crate::analysis::who::{exit_of, is_pid, lives};
use crate::error::Result;
use crate::event::Role;
use crate::event::exit_reason::{Call, ExitReason};

/// Messages looked back over for calls without a reply.
const MAX_CALLS: usize = 100;

/// Callers that are told.
const SHOWN: usize = 4;

pub(super) fn part(cx: &Cx<'_>, failure: &Failure) -> Result<Part> {
    let Some(exit) = &failure.exit else { return Ok(Part::new("affected", Vec::<Line>::new())) };
    let mut lines = Vec::new();
    let Waiting { sends: mut waiting, of_newest } = unanswered(cx, &failure.who.pid, exit.at(), exit.at())?;
    waiting.reverse();
    let beyond = waiting.len().saturating_sub(SHOWN);
    for send in waiting.iter().take(SHOWN) {
        lines.push(Affected::Caller(caller(cx, send, &failure.who.pid, exit)?));
    }
    if beyond > 0 {
        lines.push(Affected::More(beyond));
    }
    if let Some(newest) = of_newest.filter(|_| !waiting.is_empty()) {
        lines.push(Affected::OfNewest(newest));
    }
    let queued = backlog(cx, &failure.who.pid, exit.at().saturating_sub(1))?;
    if queued.waiting > 1 {
        lines.push(Affected::Lost(queued.messages()));
    }
    Ok(Part::keeping("affected", 2, lines.into_iter().map(Line::Affected).collect()))
}

/// Calls without a reply.
pub(super) struct Waiting {
    /// Newest first.
    pub(super) sends: Vec<Fact>,
    /// Among so many newest messages, where not all were looked at.
    pub(super) of_newest: Option<usize>,
}

/// Calls to a process that had no reply by a time; not those a reply to which may not have been recorded.
/// One that came until `seen` is not looked for, but a seam is.
pub(super) fn unanswered(cx: &Cx<'_>, pid: &str, at: i64, seen: i64) -> Result<Waiting> {
    let sends = cx.ask.newest(of(pid, Role::Receiver, &["message_send"]), (i64::MIN, at), MAX_CALLS)?;
    let of_newest = (sends.len() == MAX_CALLS).then_some(MAX_CALLS);
    let mut found = Vec::new();
    for send in sends {
        if send.text("send_type") != Some("call") || send.event.correlation_id().is_none() {
            continue;
        }
        if !is_replied(cx.ask, &send, at)? && !seam::is_between(cx.ask, &send, seen)? {
            found.push(send);
        }
    }
    Ok(Waiting { sends: found, of_newest })
}

/// Ends of calls looked through that one failure may have left.
const LEAVING: usize = 64;

/// Whether a process did anything after a time.
fn is_seen_after(cx: &Cx<'_>, pid: &str, at: i64) -> Result<bool> {
    let acts = inside(pid, &["function_entry", "function_exit", "message_send", "message_receive"]);
    Ok(!cx.ask.newest(acts, (at.saturating_add(1), i64::MAX), 1)?.is_empty())
}

/// Whether a process did anything after a call of it had failed but leave more calls by that.
pub(super) fn goes_on(cx: &Cx<'_>, pid: &str, failed: i64) -> Result<bool> {
    let acts = inside(pid, &["function_entry", "function_exit", "message_send", "message_receive"]);
    let acts = cx.ask.oldest(acts, (failed.saturating_add(1), i64::MAX), LEAVING)?;
    Ok(acts.iter().any(|act| !act.is_failed_exit()))
}

/// Whether the call an end tells of is this one, to this process.
fn is_call(cx: &Cx<'_>, end: &Fact, call: &Call, (send, pid): (&Fact, &str)) -> bool {
    let is_target = if is_pid(&call.target) {
        end.pid_in(&call.target) == pid
    } else {
        let (name, node) = end.name_in(&call.target);
        // The name may be another's by now. Of what no name is known for, such as a registry's, the request decides.
        lives(cx.ask, "target", &name, node.as_deref()).map_or(true, |lives| lives.iter().any(|life| life.pid == pid))
    };
    is_target && is_request(send, &call.request)
}

/// Whether two texts tell the same reason; of an error the stack may be told differently.
fn is_same(one: &str, other: &str) -> bool {
    let error = |text| match Value::read(text).tuple() {
        Some([error, stack]) if stack.list().is_some() => Some(error.text),
        _ => None,
    };
    one.trim() == other.trim() || error(one).is_some() && error(one) == error(other)
}

/// A caller, and what became of it.
fn caller(cx: &Cx<'_>, send: &Fact, pid: &str, exit: &Fact) -> Result<Caller> {
    let became = match exit_of(cx.ask, send.pid())? {
        Some(end) => {
            let at = At::of(&end);
            if end.key() < exit.key() {
                Became::EndedBefore { at, reason: ends::brief_reason(&end, 80) }
            } else {
                match ends::of_exit(cx.ask, &end)? {
                    ExitReason::Callee(call, inner)
                        if is_call(cx, &end, &call, (send, pid)) && is_same(&inner, ends::reason(exit)) =>
                    {
                        Became::CrashedOfThat(at)
                    }
                    ExitReason::NoProcess(call) if is_call(cx, &end, &call, (send, pid)) => Became::CrashedOfThat(at),
                    reason if reason.is_failure() => Became::Crashed(at),
                    reason => Became::Ended { ended: ends::ended(&reason, &end), at },
                }
            }
        }
        None if is_seen_after(cx, send.pid(), exit.at())? => Became::WentOn,
        None => Became::Unseen,
    };
    Ok(Caller {
        caller: cx.names.who(send.pid())?.process(),
        asked: asked(send),
        event: send.id().to_owned(),
        within: enclosing(cx.ask, send, 3).iter().map(|entry| call(entry, 40)).collect(),
        became,
    })
}
