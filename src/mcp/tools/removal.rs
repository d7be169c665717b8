//! The reply of the tools that take events away.

use schemars::JsonSchema;
use serde::Serialize;

use crate::mcp::answer::Answer;
use crate::store::Removal;

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RemovalReply {
    /// Events removed, or with dry_run: that would be.
    removed: u64,
    /// Events left.
    remaining: u64,
    /// Timestamp of the oldest event left; absent when none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_timestamp: Option<i64>,
    /// Whether nothing was removed and the numbers only say what would be.
    dry_run: bool,
}

/// What was removed, or would be.
pub(super) fn answer(removal: Removal, dry_run: bool) -> Answer<RemovalReply> {
    let Removal { removed, remaining, oldest_timestamp, .. } = removal;
    let oldest = oldest_timestamp.map_or_else(|| "none".to_owned(), |oldest| oldest.to_string());
    let mark = if dry_run { "dry run, nothing changed: " } else { "" };
    Answer {
        text: format!("{mark}removed={removed} remaining={remaining} oldest_timestamp={oldest}"),
        structured: RemovalReply { removed, remaining, oldest_timestamp, dry_run },
    }
}
