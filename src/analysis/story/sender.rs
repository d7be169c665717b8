//! Who sent a message, and from where? What was not traced as a send may still be known by the reference it carries, or
//! by being a signal of the runtime.

use super::part::Cx;
use super::sent::sent_where;
use super::tell::duration;
use super::timer;
use crate::analysis::ask::{inside, of, types};
use crate::analysis::change::StateChange;
use crate::analysis::fact::Fact;
use crate::analysis::ledger::reference_in;
use crate::analysis::value::Value;
use crate::analysis::value::brief::brief;
use crate::analysis::value::envelope::request;
use crate::analysis::who::exit_of;
use crate::error::Result;
use crate::event::Role;
use crate::query::Filter;

/// Sends that carry one reference looked through for the message.
const MAX_SENDS: usize = 20;

/// What is said where sends were recorded, and none of this message.
const NO_SEND: &str = "no send of it was recorded: a timer sent it, or a process that is not traced, or it was sent before \
    the recording began";

/// Who sent the message a callback handles.
pub(super) fn sent(cx: &Cx<'_>, callback: &Fact, change: Option<&StateChange>) -> Result<Vec<String>> {
    let told = cx.ask.event(callback.text("message_id").or_else(|| change.and_then(|change| change.send.as_deref())));
    let send = match told {
        Some(send) => Some(send),
        None => by_reference(cx, callback)?,
    };
    let sender = callback.text("caller_pid").or_else(|| callback.text("sender_pid"));
    let Some(send) = send else {
        if callback.event.function() == Some("handle_continue") {
            return Ok(vec!["it went on from its own callback before".to_owned()]);
        }
        if let Some(sender) = cx.names.maybe(sender)? {
            return Ok(vec![format!("sent by {sender}; the send itself was not recorded")]);
        }
        let is_maybe_sent = may_be_sent(cx, callback)?;
        if let Some(line) = if is_maybe_sent { None } else { timer::set(cx, callback)? } {
            return Ok(vec![line]);
        }
        if let Some(line) = signal(cx, callback)? {
            return Ok(vec![line]);
        }
        let is_of_untraced = !is_maybe_sent && are_sends_whole(cx, callback)?;
        let line = if is_of_untraced { NO_SEND } else { "who sent it was not recorded" };
        return Ok(vec![line.to_owned()]);
    };
    let sender = cx.names.who(send.pid())?;
    let queued = callback.number("queue_time_ns").map(|ns| format!("; queued {}", duration(ns)));
    let how = send.text("send_type").unwrap_or("message");
    let mut lines = vec![format!(
        "{how} ({}) from {sender}{}{}",
        send.id(),
        sent_where(cx, &send).map(|place| format!(", {place}")).unwrap_or_default(),
        queued.unwrap_or_default()
    )];
    lines.extend(answers(cx, callback, &send)?);
    Ok(lines)
}

/// Whether a send of the same to the same process was recorded, and is not joined to it.
fn may_be_sent(cx: &Cx<'_>, callback: &Fact) -> Result<bool> {
    let before = (i64::MIN, callback.at());
    let name = cx.names.who(callback.pid())?.name;
    let sends = cx.ask.newest(of(callback.pid(), Role::Receiver, &["message_send"]), before, MAX_SENDS)?;
    let by_name = Filter { text: name, ..types(&["message_send"]) };
    let by_name = if by_name.text.is_some() { cx.ask.newest(by_name, before, MAX_SENDS)? } else { Vec::new() };
    let is_its = |send: &Fact| send.text("message").map(request) == callback.handled();
    Ok(sends.iter().chain(&by_name).any(is_its))
}

/// Whether the sends of processes that are traced were recorded up to a callback, and none was dropped.
fn are_sends_whole(cx: &Cx<'_>, callback: &Fact) -> Result<bool> {
    let before = (i64::MIN, callback.at());
    let of_session = |event_type| {
        let session_id = callback.event.session_id().map(str::to_owned);
        cx.ask.newest(Filter { session_id, ..types(&[event_type]) }, before, MAX_SENDS)
    };
    // Where receives are not joined to their sends, a callback that is not shows nothing.
    let is_joined = of_session("message_receive")?.iter().any(|receive| receive.text("message_id").is_some());
    Ok(is_joined && of_session("gap")?.is_empty() && cx.ask.gaps().is_empty())
}

/// The send of a message that carries a reference: the result of a task, or a reply that came too late.
fn by_reference(cx: &Cx<'_>, callback: &Fact) -> Result<Option<Fact>> {
    let Some(message) = callback.handled() else { return Ok(None) };
    let Some(reference) = reference_in(message) else { return Ok(None) };
    let filter = Filter { correlation_id: Some(reference.to_owned()), ..types(&["message_send"]) };
    let sends = cx.ask.newest(filter, (i64::MIN, callback.at()), MAX_SENDS)?;
    Ok(sends.into_iter().find(|send| send.text("message") == Some(message)))
}

/// What a message that is a reply answers: a call that its receiver had made, or a task that it had started.
fn answers(cx: &Cx<'_>, callback: &Fact, reply: &Fact) -> Result<Option<String>> {
    if reply.text("send_type") != Some("reply") {
        return Ok(None);
    }
    let exchange = reply.event.correlation_id().map(str::to_owned);
    let calls = Filter { correlation_id: exchange, ..inside(callback.pid(), &["message_send"]) };
    let call = cx.ask.first(calls, (i64::MIN, reply.at()))?;
    let spawn = cx.ask.last(of(reply.pid(), Role::Child, &["process_spawn"]), (i64::MIN, reply.at()))?;
    let is_task = cx.names.who(reply.pid())?.role.as_deref() == Some("Task");
    let (begun, what) = match (call.filter(|call| call.text("send_type") == Some("call")), spawn) {
        (Some(call), _) => (call, "it answers a call of this process"),
        (None, Some(spawn)) if is_task && spawn.pid() == callback.pid() => {
            (spawn, "it is the result of a task that this process had started")
        }
        _ => return Ok(None),
    };
    let place = sent_where(cx, &begun).map(|place| format!(", {place}")).unwrap_or_default();
    let before = duration(callback.at().saturating_sub(begun.at()));
    Ok(Some(format!("{what} at {} ({}){place}, {before} before", cx.at(begun.at()), begun.id())))
}

/// What the runtime itself sends: of a monitor, a link, a timer.
fn signal(cx: &Cx<'_>, callback: &Fact) -> Result<Option<String>> {
    let Some(message) = callback.handled().map(Value::read) else { return Ok(None) };
    let parts = message.tuple().unwrap_or_default();
    let (whom, by) = match (parts.first().and_then(Value::atom), parts) {
        (Some("DOWN"), [_, _, _, whom, _]) => (whom, "a monitor"),
        (Some("EXIT"), [_, whom, _]) => (whom, "a link"),
        (Some("timeout"), [_, reference, _]) if reference.text.starts_with("#Reference<") => {
            return Ok(Some("the runtime sent it: a timer that start_timer had set".to_owned()));
        }
        _ => return Ok(None),
    };
    if !whom.text.starts_with("#PID<") {
        return Ok(None);
    }
    let pid = callback.pid_in(whom.text);
    let who = cx.names.who(&pid)?;
    Ok(Some(match exit_of(cx.ask, &pid)? {
        Some(exit) => format!(
            "the runtime sent it: {by} told that {who} had ended at {} ({}): {}",
            cx.at(exit.at()),
            exit.id(),
            brief(exit.text("exit_reason").unwrap_or("?"), 60)
        ),
        None => format!("the runtime sent it: {by} told of the end of {who}"),
    }))
}
