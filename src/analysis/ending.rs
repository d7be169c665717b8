//! Had the tracing ended before the recording does, and why?

use super::ask::{Ask, EVER, types};
use super::fact::Fact;
use crate::error::Result;
use crate::query::Filter;

/// Sessions whose end is looked for.
const MAX_SESSIONS: usize = 8;

/// The end of the tracing of each session that ended with one, as its source told it; the newest first. What happened
/// after it is not recorded.
pub(crate) fn endings(ask: &Ask<'_>) -> Result<Vec<Fact>> {
    let mut ended: Vec<Fact> = Vec::new();
    for end in ask.newest(types(&["capture_end"]), EVER, MAX_SESSIONS)? {
        let session = end.event.session_id().map(str::to_owned);
        if ended.iter().any(|other| other.event.session_id() == session.as_deref()) {
            continue;
        }
        let last = ask.last(Filter { session_id: session, ..Filter::default() }, EVER)?;
        if last.is_none_or(|last| last.at() <= end.at()) {
            ended.push(end);
        }
    }
    Ok(ended)
}
