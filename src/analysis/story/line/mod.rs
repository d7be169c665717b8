//! What does a story say? Values: one for a fact, by the file that finds it. `tell` puts them into words.

use serde::Serialize;

/// A fact of a story: what a line tells.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    Text(String),
}

/// What a story comes to.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Head {
    Text(String),
}

/// What a reader has to know beside the story.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Note {
    Text(String),
}

/// What a suggested call would tell.
#[derive(Clone, Debug)]
pub(crate) enum Why {
    Text(String),
}

/// Which moment the times of a story count from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Moment {
    Exception,
    Exit,
    End,
    LastEvent,
    Event,
}

/// What the times of a story count from.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Anchor {
    /// In nanoseconds, as events have it.
    pub(crate) at: i64,
    pub(crate) moment: Moment,
    /// The event; empty where there is none.
    pub(crate) event: String,
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
