//! Was a call handled and answered, and in time?

use super::calls::came_back;
use super::line::{AnswerLine, At, CameBack, Late};
use super::part::Cx;
use super::unended::end_of_recording;
use crate::analysis::ask::{EVER, types};
use crate::analysis::change::exit_of_call;
use crate::analysis::fact::Fact;
use crate::analysis::seam;
use crate::analysis::value::Value;
use crate::analysis::value::brief::brief;
use crate::analysis::value::is_cut;
use crate::error::Result;
use crate::event::home;
use crate::query::Filter;

/// Events of one exchange looked through for how it was handled and answered.
const MAX_EVENTS: usize = 50;

/// Whether and when the call was handled and answered, and whether that was after its caller waited for it.
pub(super) fn answered(cx: &Cx<'_>, send: &Fact, gave_up: i64, late: Late) -> Result<Vec<AnswerLine>> {
    let Some(exchange) = send.event.correlation_id() else { return Ok(Vec::new()) };
    let filter = Filter { correlation_id: Some(exchange.to_owned()), ..types(&["function_entry", "message_send"]) };
    let is_far = |event: &Fact| home::node_of(event.pid()) != home::node_of(send.pid());
    // Another node's clock may be behind.
    let mut events = cx.ask.oldest(filter, EVER, MAX_EVENTS)?;
    let is_whole = events.len() < MAX_EVENTS;
    events.retain(|event| event.at() >= send.at() || is_far(event));
    let entry = events.iter().find(|event| event.is_callback());
    let reply = events.iter().find(|event| event.text("send_type") == Some("reply"));
    let late = |event: &Fact| Some(late).filter(|_| event.at() > gave_up);
    let mut lines = Vec::new();
    match entry {
        None => lines.push(AnswerLine::NotHandled),
        Some(entry) => {
            let exit = exit_of_call(cx.ask, entry)?;
            lines.push(AnswerLine::Handled {
                at: At::of(entry),
                queued_ns: Some(entry.at().saturating_sub(send.at())).filter(|queued| *queued >= 0),
                late: late(entry),
                took_ns: exit.as_ref().and_then(|exit| exit.event.duration_ns()),
            });
            if let (Some(exit), None) = (&exit, reply) {
                lines.push(AnswerLine::NoReply {
                    came_back: came_back(exit),
                    result: brief(exit.text("result").or_else(|| exit.text("reason")).unwrap_or("?"), 60),
                    event: exit.id().to_owned(),
                    may_be_unseen: !is_whole || may_have_replied(cx, send, exit)?,
                });
            }
        }
    }
    lines.extend(reply.map(|reply| AnswerLine::Replied { at: At::of(reply), late: late(reply) }));
    Ok(lines)
}

/// Whether a call of which no reply is recorded may have got one: by what its callback returned, or unseen.
fn may_have_replied(cx: &Cx<'_>, send: &Fact, exit: &Fact) -> Result<bool> {
    let by_result = match (came_back(exit), exit.text("result")) {
        (CameBack::Failed(_), _) => false,
        (CameBack::Returned, Some(result)) => {
            let value = Value::read(result);
            // A state machine replies by an action, which may be anywhere; `{:stop, reason, reply, state}` does, too.
            let is_stop = value.tuple().is_some_and(|parts| parts.len() == 4 && parts[0].atom() == Some("stop"));
            is_stop || result.contains(":reply") || result.contains("{reply") || is_cut(result)
        }
        _ => true,
    };
    // A capture that ends with the recording breaks nothing.
    Ok(by_result || seam::is_between(cx.ask, send, end_of_recording(cx)?.saturating_sub(1))?)
}
