//! Was a process started because somebody asked for it?

use super::ask::{Ask, inside};
use super::fact::Fact;
use super::value::Value;
use crate::error::Result;
use crate::event::home;
use crate::query::Filter;

/// Messages looked through for the answer.
const MAX_ANSWERS: usize = 20;

/// The reply that tells whoever asked for a start which process it made.
pub(crate) fn reply(ask: &Ask<'_>, parent: &str, start: &Fact) -> Result<Option<Fact>> {
    let Some(child) = start.text("spawned_pid") else { return Ok(None) };
    // Its own node writes it without the node.
    let written = home::numbers(child).to_owned();
    let filter = Filter { text: Some(written), ..inside(parent, &["message_send"]) };
    let sends = ask.oldest(filter, (start.at(), i64::MAX), MAX_ANSWERS)?;
    let names_it = |send: &Fact| {
        let message = Value::read(send.text("message").unwrap_or_default());
        let Some([_, answer]) = message.tuple() else { return false };
        let Some([ok, pid, ..]) = answer.tuple() else { return false };
        send.key() > start.key() && ok.atom() == Some("ok") && send.pid_in(pid.text) == child
    };
    Ok(sends.into_iter().find(names_it))
}
