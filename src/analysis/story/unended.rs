//! Is a call without a recorded end one that goes on, or may its end have been left out? And how long did one take?

use super::part::Cx;
use crate::analysis::ask::{EVER, types};
use crate::analysis::fact::Fact;
use crate::analysis::seam;
use crate::error::Result;
use crate::event::time::Time;
use crate::query::Filter;

/// Whether the end of a call would have been recorded by a time: its capture tells ends, and told of its process until then.
pub(super) fn would_end_be_told(cx: &Cx<'_>, entry: &Fact, until: i64) -> Result<bool> {
    // Without values its end may have been left out, too.
    if entry.list("args").is_empty() && entry.event.arity() != Some(0) {
        return Ok(false);
    }
    let session = entry.event.session_id().map(str::to_owned);
    let ends = Filter { session_id: session, ..types(&["function_exit"]) };
    Ok(cx.ask.first(ends, EVER)?.is_some() && seam::last_break(cx.ask, entry.pid(), (entry.at(), until))?.is_none())
}

/// How long a call took, by its start and its end.
pub(super) fn lasted(entry: &Fact, exit: &Fact) -> Option<i64> {
    let between = exit.at().saturating_sub(entry.at());
    // An end that may be another call's does not say how long this one took.
    exit.event.duration_ns().or_else(|| (!exit.is_untold_end()).then_some(between))
}

/// When the recording ends.
pub(super) fn end_of_recording(cx: &Cx<'_>) -> Result<i64> {
    Ok(cx.ask.resolve(Time::BeforeNewest(0))?.unwrap_or(i64::MAX))
}
