//! When was something, by which event?

use serde::Serialize;

use crate::analysis::fact::Fact;

/// A moment that an event shows.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct At {
    /// In nanoseconds, as events have it.
    pub(crate) at: i64,
    pub(crate) event: String,
}

impl At {
    pub(crate) fn of(fact: &Fact) -> Self {
        Self { at: fact.at(), event: fact.id().to_owned() }
    }
}
