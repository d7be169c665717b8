//! A function that is slow from one place only, or with one kind of argument.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outlier {
    pub(crate) function: String,
    /// What the slow calls have in common.
    pub(crate) slow_where: SlowWhere,
    pub(crate) slow: Durations,
    /// All other calls of it.
    pub(crate) others: Durations,
    /// All the slow ones together.
    pub(crate) slow_total_ns: i64,
    /// The innermost function called that takes most of their time.
    pub(crate) mostly_in: Option<String>,
}

/// What sets slow calls apart.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SlowWhere {
    /// A place of the program.
    CalledAt { place: String },
    /// The function around them, where no line is known.
    CalledBy { function: Option<String> },
    /// The shapes of what they are given.
    ArgumentsLike { shapes: String },
}

/// How long some calls took.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Durations {
    pub(crate) calls: usize,
    pub(crate) median_ns: i64,
}

impl Outlier {
    /// How many times as long as the others.
    pub(crate) fn factor(&self) -> i64 {
        self.slow.median_ns / self.others.median_ns.max(1)
    }
}

impl Facts for Outlier {
    fn site(&self) -> Option<&str> {
        match &self.slow_where {
            SlowWhere::CalledAt { place } => Some(place),
            SlowWhere::CalledBy { .. } | SlowWhere::ArgumentsLike { .. } => None,
        }
    }

    fn key(&self) -> Key {
        let key = Key::default().with(&self.function);
        match &self.slow_where {
            SlowWhere::CalledAt { place } => key.with("at").with(place),
            SlowWhere::CalledBy { function } => key.with("by").with(function.as_deref().unwrap_or_default()),
            SlowWhere::ArgumentsLike { shapes } => key.with("with").like(shapes),
        }
    }
}
