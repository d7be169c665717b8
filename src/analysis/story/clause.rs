//! Did a callback fail because none of its clauses takes the message, or because of the state?

use super::failure::Failure;
use super::part::Cx;
use crate::analysis::ask::inside;
use crate::analysis::change::exit_of_call;
use crate::analysis::fact::Fact;
use crate::analysis::value::Value;
use crate::error::Result;
use crate::query::Filter;

/// Calls of the callback looked back over for a message like it.
const MAX_CALLS: usize = 200;

/// A message for which a callback has no clause.
pub(super) struct NoClause {
    pub(super) callback: String,
    pub(super) message: String,
    /// How often the callback took one like it, among its newest calls: then the clauses it has may ask for another state.
    pub(super) taken: usize,
    /// Whether its calls are more than were looked at.
    pub(super) has_more: bool,
}

/// The message of a failure that is one: the callback itself, and not a function it called, had no clause.
pub(super) fn missing(cx: &Cx<'_>, failure: &Failure) -> Result<Option<NoClause>> {
    let is_clause = failure.text().trim_start_matches(':') == "function_clause";
    let (Some(callback), Some(raised), true) = (&failure.callback, &failure.raised, is_clause) else { return Ok(None) };
    let (Some(name), Some(message)) = (callback.mfa(), failure.message()) else { return Ok(None) };
    let is_own = raised.event.call_id() == callback.event.call_id()
        && failure.stack.first().is_none_or(|frame| frame.starts_with(&name));
    if !is_own {
        return Ok(None);
    }
    let pattern = Value::read(&message).pattern();
    let function = callback.event.function().map(str::to_owned);
    let filter = Filter { function, ..inside(&failure.who.pid, &["function_entry"]) };
    let mut taken = 0;
    let entries = cx.ask.newest(filter, (i64::MIN, callback.at()), MAX_CALLS)?;
    let has_more = entries.len() == MAX_CALLS;
    for entry in entries {
        let is_like =
            entry.id() != callback.id() && entry.handled().is_some_and(|one| Value::read(one).pattern() == pattern);
        if is_like
            && exit_of_call(cx.ask, &entry)?.is_some_and(|exit: Fact| !exit.is_failed_exit() && !exit.is_untold_end())
        {
            taken += 1;
        }
    }
    Ok(Some(NoClause { callback: name, message, taken, has_more }))
}
