//! Which events were never recorded? What the sources say they lost, over the span of a visit.

use crate::error::{Error, Result};
use crate::query::{MAX_LIMIT, Visit};
use crate::store::EventStore;
pub(crate) use crate::store::Loss;
use crate::watch::Watch;

/// Losses that touch what a visit went over: its time bounds and its session, whatever else it filters by.
pub(crate) fn losses(store: &EventStore, over: &Visit, watch: &dyn Watch) -> Result<Vec<Loss>> {
    if watch.is_cancelled() {
        return Err(Error::cancelled());
    }
    let (since, until) = (over.since.unwrap_or(i64::MIN), over.until.unwrap_or(i64::MAX));
    Ok(store.losses(since, until, over.filter.session_id.as_deref(), MAX_LIMIT)?.first)
}
