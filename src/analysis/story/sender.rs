//! Who sent a message, and from where? What was not traced as a send may still be known by the reference it carries, or
//! by being a signal of the runtime.

use super::line::{Answered, At, EndedFor, SenderLine, ToldBy};
use super::part::Cx;
use super::sent::sent_where;
use super::timer;
use crate::analysis::ask::{inside, of, types};
use crate::analysis::change::StateChange;
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::ledger::reference_in;
use crate::analysis::value::Value;
use crate::analysis::value::envelope::request;
use crate::analysis::who::exit_of;
use crate::error::Result;
use crate::event::Role;
use crate::query::Filter;

/// Sends that carry one reference looked through for the message.
const MAX_SENDS: usize = 20;

/// Who sent the message a callback handles.
pub(super) fn sent(cx: &Cx<'_>, callback: &Fact, change: Option<&StateChange>) -> Result<Vec<SenderLine>> {
    let told = cx.ask.event(callback.text("message_id").or_else(|| change.and_then(|change| change.send.as_deref())));
    let send = match told {
        Some(send) => Some(send),
        None => by_reference(cx, callback)?,
    };
    let sender = callback.text("caller_pid").or_else(|| callback.text("sender_pid"));
    let Some(send) = send else {
        if callback.event.function() == Some("handle_continue") {
            return Ok(vec![SenderLine::Continued]);
        }
        if let Some(sender) = cx.names.maybe(sender)? {
            return Ok(vec![SenderLine::SentBy { sender: sender.process() }]);
        }
        let is_maybe_sent = may_be_sent(cx, callback)?;
        if let Some(timer) = if is_maybe_sent { None } else { timer::set(cx, callback)? } {
            return Ok(vec![SenderLine::Timer(timer)]);
        }
        if let Some(line) = signal(cx, callback)? {
            return Ok(vec![line]);
        }
        let is_of_untraced = !is_maybe_sent && are_sends_whole(cx, callback)?;
        return Ok(vec![if is_of_untraced { SenderLine::NoSend } else { SenderLine::Unrecorded }]);
    };
    let mut lines = vec![SenderLine::Sent {
        how: send.text("send_type").map(str::to_owned),
        event: send.id().to_owned(),
        sender: cx.names.who(send.pid())?.process(),
        place: sent_where(cx, &send),
        queued_ns: callback.number("queue_time_ns"),
    }];
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
fn answers(cx: &Cx<'_>, callback: &Fact, reply: &Fact) -> Result<Option<SenderLine>> {
    if reply.text("send_type") != Some("reply") {
        return Ok(None);
    }
    let exchange = reply.event.correlation_id().map(str::to_owned);
    let calls = Filter { correlation_id: exchange, ..inside(callback.pid(), &["message_send"]) };
    let call = cx.ask.first(calls, (i64::MIN, reply.at()))?;
    let spawn = cx.ask.last(of(reply.pid(), Role::Child, &["process_spawn"]), (i64::MIN, reply.at()))?;
    let is_task = cx.names.who(reply.pid())?.role.as_deref() == Some("Task");
    let (begun, what) = match (call.filter(|call| call.text("send_type") == Some("call")), spawn) {
        (Some(call), _) => (call, Answered::Call),
        (None, Some(spawn)) if is_task && spawn.pid() == callback.pid() => (spawn, Answered::Task),
        _ => return Ok(None),
    };
    Ok(Some(SenderLine::Answers {
        what,
        at: At::of(&begun),
        place: sent_where(cx, &begun),
        before_ns: callback.at().saturating_sub(begun.at()),
    }))
}

/// What the runtime itself sends: of a monitor, a link, a timer.
fn signal(cx: &Cx<'_>, callback: &Fact) -> Result<Option<SenderLine>> {
    let Some(message) = callback.handled().map(Value::read) else { return Ok(None) };
    let parts = message.tuple().unwrap_or_default();
    let (whom, told_by) = match (parts.first().and_then(Value::atom), parts) {
        (Some("DOWN"), [_, _, _, whom, _]) => (whom, ToldBy::Monitor),
        (Some("EXIT"), [_, whom, _]) => (whom, ToldBy::Link),
        (Some("timeout"), [_, reference, _]) if reference.text.starts_with("#Reference<") => {
            return Ok(Some(SenderLine::StartTimer));
        }
        _ => return Ok(None),
    };
    if !whom.text.starts_with("#PID<") {
        return Ok(None);
    }
    let pid = callback.pid_in(whom.text);
    let ended =
        exit_of(cx.ask, &pid)?.map(|exit| EndedFor { at: At::of(&exit), reason: ends::brief_reason(&exit, 60) });
    Ok(Some(SenderLine::EndOf { told_by, who: cx.names.who(&pid)?.process(), ended }))
}
