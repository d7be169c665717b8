//! How are the times of a story written?

use super::words::relative;
use crate::analysis::story::line::At;

/// `-50.3ms (e7)`: a time as its distance from the anchor, and the event.
pub(super) fn at(At { at, event }: &At, anchor: i64) -> String {
    format!("{} ({event})", relative(*at, anchor))
}
