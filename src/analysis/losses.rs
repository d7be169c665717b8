//! Which events were never recorded? Producers that drop some say so with an event of type `gap`.

use std::ops::ControlFlow;

use super::member;
use super::parts::Quiet;
use crate::error::Result;
use crate::event::time::Time;
use crate::query::{Filter, Visit};
use crate::store::EventStore;
use crate::watch::Watch;

/// A span in which a producer dropped events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loss {
    /// The event that tells of it.
    pub(crate) event_id: String,
    pub(crate) since: i64,
    pub(crate) until: i64,
    /// How many; `None` when the producer does not know.
    pub(crate) events: Option<u64>,
}

/// Losses that touch what a visit went over. Cost: one payload for each loss up to its end.
pub(crate) fn losses(store: &EventStore, over: &Visit, watch: &dyn Watch) -> Result<Vec<Loss>> {
    let mut found = Vec::new();
    let gaps = Filter { event_types: vec!["gap".to_owned()], until: over.until.map(Time::At), ..Filter::default() };
    store.visit(&gaps, &Quiet(watch), |event| {
        let since = event.timestamp();
        let until = since.saturating_add(event.duration_ns().unwrap_or(0).max(0));
        if over.since.is_none_or(|from| from <= until) {
            let events = member::integer(event.data(), "dropped").and_then(|dropped| u64::try_from(dropped).ok());
            found.push(Loss { event_id: event.event_id().to_owned(), since, until, events });
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}
