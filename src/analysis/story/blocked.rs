//! What does a process wait for at a moment: the answer to a call, the start of another, or its end? And do several wait
//! in a circle?

use super::line::{At, Waits, WaitsFor, Whom};
use super::part::Cx;
use super::sent::asked;
use crate::analysis::ask::{EVER, inside, types};
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::replied::is_replied;
use crate::analysis::seam;
use crate::analysis::spawn::is_there;
use crate::analysis::who::{Who, exit_of};
use crate::error::Result;
use crate::event::exit_reason::CallEnd;
use crate::query::Filter;

/// Processes in a chain of waiting ones that are followed.
const MAX_CHAIN: usize = 8;

/// Sends of a process that is started, looked through for the one that tells that it is there.
const MAX_SENDS: usize = 50;

/// What a process waits for.
pub(super) enum Wait {
    /// The send of a call that has no answer.
    Answer(Fact),
    /// The send that asked another to stop, which has not ended.
    Stop(Fact),
    /// The spawn of a process whose `init/1` is not done.
    Start { spawn: Fact, started: String },
}

impl Wait {
    /// The process it waits for, if it is known.
    pub(super) fn whom(&self) -> Option<&str> {
        match self {
            Self::Answer(send) | Self::Stop(send) => send.text("receiver_pid"),
            Self::Start { started, .. } => Some(started),
        }
    }

    /// The event it has waited since.
    pub(super) const fn since(&self) -> &Fact {
        match self {
            Self::Answer(send) | Self::Stop(send) => send,
            Self::Start { spawn, .. } => spawn,
        }
    }

    pub(super) fn value(&self, cx: &Cx<'_>) -> Result<WaitsFor> {
        Ok(match self {
            Self::Answer(send) => WaitsFor::Answer { of: whom(cx, send)?, asked: asked(send) },
            Self::Stop(send) => WaitsFor::End { of: whom(cx, send)? },
            Self::Start { started, .. } => WaitsFor::Start { of: cx.names.who(started)?.process() },
        })
    }
}

/// Whom a message was sent to.
pub(super) fn whom(cx: &Cx<'_>, send: &Fact) -> Result<Whom> {
    let name = || send.text("receiver_name").map_or(Whom::Unknown, |name| Whom::Named(name.to_owned()));
    Ok(cx.names.maybe(send.text("receiver_pid"))?.map_or_else(name, |who| Whom::Process(who.process())))
}

/// What a process waits for at a time: its last send, if it is a call without an answer by then, or its last spawn. `None`
/// also where it is not known: messages that are received were not traced, or something was not recorded meanwhile.
pub(super) fn wait(cx: &Cx<'_>, pid: &str, at: i64) -> Result<Option<Wait>> {
    let Some(wait) = last_wait(cx, pid, at)? else { return Ok(None) };
    let since = wait.since();
    let session = since.event.session_id();
    let receives = Filter { session_id: session.map(str::to_owned), ..types(&["message_receive"]) };
    // A capture that ends at that time breaks nothing.
    let is_broken = seam::is_between(cx.ask, since, at.saturating_sub(1))?;
    Ok(if is_broken || cx.ask.first(receives, EVER)?.is_none() { None } else { Some(wait) })
}

fn last_wait(cx: &Cx<'_>, pid: &str, at: i64) -> Result<Option<Wait>> {
    let send = cx.ask.last(inside(pid, &["message_send"]), (i64::MIN, at))?;
    let since = send.as_ref().map_or(i64::MIN, Fact::at);
    if let Some(start) = start(cx, pid, (since, at))? {
        return Ok(Some(start));
    }
    let Some(send) = send.filter(|send| send.event.correlation_id().is_some()) else { return Ok(None) };
    match send.text("send_type") {
        Some("call") => {}
        Some("system") if send.text("message").is_some_and(|message| message.contains("{:terminate, ")) => {
            let has_ended = match send.text("receiver_pid") {
                Some(other) => exit_of(cx.ask, other)?.is_some_and(|exit| exit.at() <= at),
                None => true,
            };
            let is_over = has_ended || went_on(cx, pid, (send.at(), at))?;
            return Ok(if is_over { None } else { Some(Wait::Stop(send)) });
        }
        _ => return Ok(None),
    }
    Ok(if went_on(cx, pid, (send.at(), at))? || has_answer(cx, &send, at)? { None } else { Some(Wait::Answer(send)) })
}

/// Whether a process called something or came back from a call after a time: then it does not wait any more. An end of it
/// ends its calls, and a time that is over does.
fn went_on(cx: &Cx<'_>, pid: &str, (since, at): (i64, i64)) -> Result<bool> {
    let span = (since.saturating_add(1), at);
    if cx.ask.first(inside(pid, &["function_entry"]), span)?.is_some() {
        return Ok(true);
    }
    let back = cx.ask.first(inside(pid, &["function_exit"]), span)?;
    Ok(back.is_some_and(|end| CallEnd::read(end.text("exit_reason")) == CallEnd::Returned))
}

/// Whether a call was answered by a time: its caller took a reply, or one was sent.
pub(super) fn has_answer(cx: &Cx<'_>, send: &Fact, at: i64) -> Result<bool> {
    let Some(exchange) = send.event.correlation_id() else { return Ok(false) };
    let taken = Filter { correlation_id: Some(exchange.to_owned()), ..inside(send.pid(), &["message_receive"]) };
    if cx.ask.first(taken, (send.at(), at))?.is_some() {
        return Ok(true);
    }
    is_replied(cx.ask, send, at)
}

/// Whether the last thing it did in a span was to start a process by a behaviour's `start_link`, which is not there yet.
fn start(cx: &Cx<'_>, pid: &str, span: (i64, i64)) -> Result<Option<Wait>> {
    let Some(begun) = cx.ask.last(inside(pid, &["process_spawn"]), span)? else { return Ok(None) };
    let Some(started) = begun.text("spawned_pid").map(str::to_owned) else { return Ok(None) };
    let after = (begun.at().saturating_add(1), span.1);
    if ends::spawned(&begun).behaviour().is_none() || went_on(cx, pid, (begun.at(), span.1))? {
        return Ok(None);
    }
    let sends = cx.ask.oldest(inside(&started, &["message_send"]), after, MAX_SENDS)?;
    let is_there = sends.len() == MAX_SENDS
        || sends
            .iter()
            .any(|send| send.text("receiver_pid") == Some(pid) && is_there(send.text("message").unwrap_or_default()));
    let has_ended = exit_of(cx.ask, &started)?.is_some_and(|exit| exit.at() <= span.1);
    // Of a process that was not traced nothing tells that it is there.
    let is_traced = cx.ask.first(inside(&started, &[]), after)?.is_some();
    Ok((is_traced && !is_there && !has_ended).then_some(Wait::Start { spawn: begun, started }))
}

/// Processes that wait for each other, if a process waits for one of them, or is one.
pub(super) fn circle(cx: &Cx<'_>, pid: &str, at: i64) -> Result<Vec<Who>> {
    let mut chain = vec![pid.to_owned()];
    while chain.len() <= MAX_CHAIN {
        let Some(wait) = wait(cx, &chain[chain.len() - 1], at)? else { break };
        let Some(next) = wait.whom() else { break };
        if let Some(first) = chain.iter().position(|known| known == next) {
            return chain[first..].iter().map(|pid| cx.names.who(pid)).collect();
        }
        chain.push(next.to_owned());
    }
    Ok(Vec::new())
}

/// What a callee itself waits for.
pub(super) fn waits(cx: &Cx<'_>, pid: &str, at: i64) -> Result<Option<Waits>> {
    let Some(wait) = wait(cx, pid, at)? else { return Ok(None) };
    Ok(Some(Waits { waits_for: wait.value(cx)?, since: At::of(wait.since()) }))
}
