//! Where does what was recorded before tell nothing of what came after?
//!
//! Where a capture began or ended, where messages were lost, and where a source left out all values: it traces no
//! messages from then on.

use super::ask::{Ask, types};
use super::fact::Fact;
use crate::error::Result;
use crate::query::Filter;

/// Whether there is a seam of a session after a time, up to another.
pub(crate) fn is_between(ask: &Ask<'_>, session: Option<&str>, (after, until): (i64, i64)) -> Result<bool> {
    let kinds = types(&["capture_start", "capture_end", "capture_note"]);
    let filter = Filter { session_id: session.map(str::to_owned), ..kinds };
    let marks = ask.oldest(filter, (after.saturating_add(1), until), 16)?;
    if marks.iter().any(is_seam) {
        return Ok(true);
    }
    let lost = ask.store().losses(after, until, session, 4)?.first;
    Ok(lost.iter().any(|loss| loss.until > after && loss.since <= until))
}

/// A note on anything but all values is none.
fn is_seam(mark: &Fact) -> bool {
    if mark.event.event_type() != Some("capture_note") {
        return true;
    }
    let is_of_one = mark.text("module").is_some() || mark.event.module().is_some();
    !is_of_one && mark.text("left_out").is_some_and(|what| what.trim_start_matches(':') == "values")
}
