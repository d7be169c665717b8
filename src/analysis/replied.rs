//! Was a call answered? A reply that was sent says so, whoever took it.

use super::ask::{Ask, EVER, types};
use super::fact::Fact;
use crate::error::Result;
use crate::event::home;
use crate::query::Filter;

/// Messages of one exchange looked through for the reply.
const MAX_SENDS: usize = 8;

/// Whether a reply to a call was sent by a time; by another node at any time, because its clock does not say when.
pub(crate) fn is_replied(ask: &Ask<'_>, call: &Fact, until: i64) -> Result<bool> {
    let Some(exchange) = call.event.correlation_id() else { return Ok(false) };
    let filter = Filter { correlation_id: Some(exchange.to_owned()), ..types(&["message_send"]) };
    let callee = call.text("receiver_pid").and_then(home::node_of);
    let span = if callee == home::node_of(call.pid()) { (call.at(), until) } else { EVER };
    Ok(ask.oldest(filter, span, MAX_SENDS)?.iter().any(|send| send.text("send_type") == Some("reply")))
}
