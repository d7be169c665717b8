//! Work that many did at once, though one could have done it for all.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Stampede {
    /// What each of them called: `Shop.Price.load/1`.
    pub(crate) function: String,
    /// What each gave it, one text.
    pub(crate) arguments: String,
    /// What each got.
    pub(crate) result: String,
    /// Those that were at it at one moment, at most.
    pub(crate) processes: usize,
    /// The longest of their calls.
    pub(crate) longest_ns: i64,
    /// How often as many did so.
    pub(crate) times: usize,
    /// All those times together.
    pub(crate) calls: usize,
    /// The place of the first.
    pub(crate) called_at: Option<String>,
    pub(crate) kept: Kept,
}

/// Why the result is known to be kept.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kept {
    /// Each had looked for it and found nothing: one of those calls.
    Missed { function: String, called_at: Option<String>, found: String, event_id: String },
    /// A call around, at another time, gave the same without the work.
    Hit { function: String, event_id: String },
}

impl Facts for Stampede {
    fn site(&self) -> Option<&str> {
        self.called_at.as_deref()
    }

    fn key(&self) -> Key {
        let key = Key::default().with(&self.function).like(&self.arguments).like(&self.result);
        let key = key.with(self.called_at.as_deref().unwrap_or_default());
        match &self.kept {
            Kept::Missed { function, called_at, found, .. } => {
                key.with(function).with(called_at.as_deref().unwrap_or_default()).like(found)
            }
            Kept::Hit { function, .. } => key.with(function),
        }
    }
}
