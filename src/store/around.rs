//! What lies just before and just after a place in the total order?

use std::sync::Arc;

use super::EventStore;
use super::reading::gaps;
use crate::error::Result;
use crate::event::StoredEvent;
use crate::query::condition::Conditions;
use crate::query::run::{Demand, Found, Run};
use crate::query::{Filter, Gap, Order};
use crate::watch::Watch;

/// A place in the total order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At an event, by timestamp and seq: it is neither before nor after.
    Event(i64, u64),
    /// Just before the first event of a time.
    Time(i64),
}

/// The events on both sides of a place, of one snapshot.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Neighbourhood {
    /// The last ones before it, oldest first.
    pub before: Vec<StoredEvent>,
    /// The first ones after it, oldest first.
    pub after: Vec<StoredEvent>,
    /// Whether more events match before those.
    pub is_more_before: bool,
    /// Whether more events match after those.
    pub is_more_after: bool,
    /// The filter as it was applied.
    pub filter: Filter,
    /// Spans it touches whose events were pruned.
    pub gaps: Vec<Gap>,
}

impl EventStore {
    /// The `before` matching events before a place and the `after` ones after it. Time bounds of the filter hold.
    /// Cost: two pages.
    ///
    /// # Errors
    /// Those of [`Self::query_events_watched`].
    pub fn events_around(
        &self,
        filter: &Filter,
        place: Place,
        (before, after): (usize, usize),
        watch: &dyn Watch,
    ) -> Result<Neighbourhood> {
        self.shared.counters.queried();
        let filter = filter.clone().canonical()?;
        let state = self.shared.hot.read();
        let range = filter.range(state.newest())?;
        let (since, until) = range.unwrap_or((i64::MAX, i64::MIN));
        let (earlier, later) = match place {
            Place::Event(timestamp, seq) => ((timestamp, seq), (timestamp, seq)),
            // No seq is the largest number, so nothing lies at this place itself.
            Place::Time(time) => ((time, 0), (time.saturating_sub(1), u64::MAX)),
        };
        let within = |bounds| Conditions::new(&filter, bounds, self.shared.hot.hasher());
        let (low, high) = (within((since, until.min(earlier.0))), within((since.max(later.0), until)));
        let side = |conditions, order, limit, after| {
            let demand =
                Demand { order, limit, after: Some(after), total: false, max_bytes: usize::MAX, ..Demand::ALL };
            let mut run = Run::plan(conditions, demand, &state.active, &state.sealed.views, watch);
            run.search_active(&state.active);
            run.read_active(&state.active);
            run
        };
        let (low, high) = (side(&low, Order::Desc, before, earlier), side(&high, Order::Asc, after, later));
        let sealed = Arc::clone(&state.sealed);
        let gaps = gaps(&state, range);
        drop(state);
        let finish = |mut run: Run<'_>| {
            run.search_views(&sealed.views, &sealed.by_time);
            run.finish(&sealed.views)
        };
        let (Found { events: mut before, more: is_more_before, .. }, after) = (finish(low)?, finish(high)?);
        before.reverse();
        Ok(Neighbourhood { before, after: after.events, is_more_before, is_more_after: after.more, filter, gaps })
    }
}
