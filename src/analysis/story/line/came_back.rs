//! How did a call end?

use serde::Serialize;

use super::left::Left;

/// Whether a call returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CameBack {
    Returned,
    Failed(Left),
    /// It is not recorded.
    Untold,
}
