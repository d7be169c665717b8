//! Was a call handled and answered, and in time?

use super::calls::came_back;
use super::line::{AnswerLine, At, Late};
use super::part::Cx;
use crate::analysis::ask::{EVER, types};
use crate::analysis::change::exit_of_call;
use crate::analysis::fact::Fact;
use crate::analysis::value::brief::brief;
use crate::error::Result;
use crate::event::home;
use crate::query::Filter;

/// Whether and when the call was handled and answered, and whether that was after its caller waited for it.
pub(super) fn answered(cx: &Cx<'_>, send: &Fact, gave_up: i64, late: Late) -> Result<Vec<AnswerLine>> {
    let Some(exchange) = send.event.correlation_id() else { return Ok(Vec::new()) };
    let filter = Filter { correlation_id: Some(exchange.to_owned()), ..types(&["function_entry", "message_send"]) };
    let is_far = |event: &Fact| home::node_of(event.pid()) != home::node_of(send.pid());
    // Another node's clock may be behind.
    let mut events = cx.ask.oldest(filter, EVER, 50)?;
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
                });
            }
        }
    }
    lines.extend(reply.map(|reply| AnswerLine::Replied { at: At::of(reply), late: late(reply) }));
    Ok(lines)
}
