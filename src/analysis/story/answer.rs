//! Was a call handled and answered, and in time?

use super::part::Cx;
use super::tell::{duration, left_by};
use crate::analysis::ask::{EVER, types};
use crate::analysis::change::exit_of_call;
use crate::analysis::fact::Fact;
use crate::analysis::value::brief::brief;
use crate::error::Result;
use crate::event::home;
use crate::query::Filter;

/// Why an answer was too late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    AfterItGaveUp,
    AfterItsEnd,
}

/// Whether and when the call was handled and answered, and whether that was after its caller waited for it.
pub(super) fn answered(cx: &Cx<'_>, send: &Fact, gave_up: i64, late: Late) -> Result<Vec<String>> {
    let Some(exchange) = send.event.correlation_id() else { return Ok(Vec::new()) };
    let filter = Filter { correlation_id: Some(exchange.to_owned()), ..types(&["function_entry", "message_send"]) };
    let is_far = |event: &Fact| home::node_of(event.pid()) != home::node_of(send.pid());
    // Another node's clock may be behind.
    let mut events = cx.ask.oldest(filter, EVER, 50)?;
    events.retain(|event| event.at() >= send.at() || is_far(event));
    let entry = events.iter().find(|event| event.is_callback());
    let reply = events.iter().find(|event| event.text("send_type") == Some("reply"));
    let mut lines = Vec::new();
    match entry {
        None => lines.push("it was not handled as far as is recorded".to_owned()),
        Some(entry) => {
            let queued = match entry.at().saturating_sub(send.at()) {
                ..0 => "an unknown time (the clocks of the two nodes disagree)".to_owned(),
                queued => duration(queued),
            };
            let after = match late {
                Late::AfterItGaveUp => ", after the caller had given up",
                Late::AfterItsEnd => ", after the caller had ended",
            };
            let after = if entry.at() > gave_up { after } else { "" };
            let exit = exit_of_call(cx.ask, entry)?;
            let took = exit.as_ref().and_then(|exit| exit.event.duration_ns());
            let took = took.map(|ns| format!(", and took {}", duration(ns))).unwrap_or_default();
            let at = cx.at(entry.at());
            lines.push(format!("it was handled at {at} ({}) after {queued} in the mailbox{after}{took}", entry.id()));
            if let (Some(exit), None) = (&exit, reply) {
                let result = brief(exit.text("result").or_else(|| exit.text("reason")).unwrap_or("?"), 60);
                let how = match (exit.is_untold_end(), exit.is_failed_exit()) {
                    (true, _) => "ended, and whether it returned is not recorded".to_owned(),
                    (false, true) => format!("{} {result}", left_by(exit)),
                    (false, false) => format!("returned {result}"),
                };
                lines.push(format!("no reply was sent: the callback {how} ({})", exit.id()));
            }
        }
    }
    if let Some(reply) = reply {
        let after = match late {
            Late::AfterItGaveUp => ": too late, nobody waits for it",
            Late::AfterItsEnd => ", when the caller had ended",
        };
        let after = if reply.at() > gave_up { after } else { "" };
        lines.push(format!("the reply was sent at {} ({}){after}", cx.at(reply.at()), reply.id()));
    }
    Ok(lines)
}
