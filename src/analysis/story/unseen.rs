//! Why is not known what a process did when it failed?

use super::failure::Failure;
use super::part::Cx;
use crate::analysis::ask::inside;
use crate::analysis::fact::Fact;
use crate::error::Result;

/// Calls looked back over.
const MAX_CALLS: usize = 200;

/// Of a failure of which neither the call nor the callback is known.
pub(super) fn note(cx: &Cx<'_>, failure: &Failure) -> Result<String> {
    let of = |kind| cx.ask.newest(inside(&failure.who.pid, &[kind]), (i64::MIN, failure.at), MAX_CALLS);
    let calls = of("function_entry")?;
    let Some(newest) = calls.first() else {
        return Ok(
            "no call of this process was recorded, so neither its message nor its state is known; trace calls of \
                   its module to see them"
                .to_owned(),
        );
    };
    let is_bare = |call: &&Fact| call.text("args").is_none() && call.list("args").is_empty();
    // A function without arguments has none to record.
    let bare = calls.iter().filter(|call| call.event.arity() != Some(0)).filter(is_bare).count();
    let untold = of("function_exit")?.iter().filter(|end| end.is_untold_end()).count();
    let at_most = if calls.len() == MAX_CALLS { "the newest " } else { "" };
    let mut why = Vec::new();
    if bare > 0 {
        why.push(format!("{bare} without their arguments"));
    }
    if untold > 0 {
        why.push(format!("of {untold} how they ended is not recorded"));
    }
    let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join("; ")) };
    Ok(format!(
        "{at_most}{} calls of this process were recorded{why}, the last {} ({}); none of them shows the failure, so the \
         message and the state it failed with are not known",
        calls.len(),
        newest.mfa().unwrap_or_default(),
        newest.id()
    ))
}
