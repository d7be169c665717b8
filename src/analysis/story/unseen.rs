//! Why is not known what a process did when it failed?

use super::failure::Failure;
use super::line::Unseen;
use super::part::Cx;
use crate::analysis::ask::inside;
use crate::analysis::fact::Fact;
use crate::error::Result;

/// Calls looked back over.
const MAX_CALLS: usize = 200;

/// Of a failure of which neither the call nor the callback is known.
pub(super) fn note(cx: &Cx<'_>, failure: &Failure) -> Result<Unseen> {
    let of = |kind| cx.ask.newest(inside(&failure.who.pid, &[kind]), (i64::MIN, failure.at), MAX_CALLS);
    let calls = of("function_entry")?;
    let Some(newest) = calls.first() else { return Ok(Unseen::NoCall) };
    let is_bare = |call: &&Fact| call.text("args").is_none() && call.list("args").is_empty();
    // A function without arguments has none to record.
    let without_arguments = calls.iter().filter(|call| call.event.arity() != Some(0)).filter(is_bare).count();
    Ok(Unseen::Calls {
        count: calls.len(),
        are_newest: calls.len() == MAX_CALLS,
        without_arguments,
        without_end: of("function_exit")?.iter().filter(|end| end.is_untold_end()).count(),
        last: newest.mfa().unwrap_or_default(),
        event: newest.id().to_owned(),
    })
}
