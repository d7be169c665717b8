//! Asking: one snapshot, one plan, one page.

use std::sync::Arc;
use std::time::Duration;

use super::EventStore;
use crate::error::{Error, Result};
use crate::event::StoredEvent;
use crate::hot::State;
use crate::hot::remove::Span;
use crate::query::condition::Conditions;
use crate::query::cursor::Cursor;
use crate::query::run::{Demand, Found, Run};
use crate::query::{Analysis, Explanation, Filter, Gap, MAX_LIMIT, Marks, Order, Page, Query};
use crate::watch::{Unwatched, Watch};

/// A query made ready for one snapshot.
struct Prepared {
    filter: Filter,
    /// `None`: relative to the newest event of an empty store.
    range: Option<(i64, i64)>,
    cursor: Option<Cursor>,
    /// What relative times were measured from.
    newest: Option<i64>,
}

impl EventStore {
    /// Answers a query from one snapshot: exact, in total order, with what is missing.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) when the filter contradicts itself, the limit is above [`MAX_LIMIT`], or
    /// the cursor belongs to another query.
    pub fn query_events(&self, query: &Query) -> Result<Page> {
        self.query_events_watched(query, &Unwatched)
    }

    /// [`Self::query_events`] for a caller that may give it up: a filter with `text` reads every payload its indexes
    /// leave, about 1 us each. Steps are segments.
    ///
    /// # Errors
    /// Those of [`Self::query_events`], and [`Cancelled`](crate::ErrorKind::Cancelled).
    pub fn query_events_watched(&self, query: &Query, watch: &dyn Watch) -> Result<Page> {
        self.shared.counters.queried();
        self.page(query, watch)
    }

    /// A page that is not counted as somebody's query.
    pub(super) fn page(&self, query: &Query, watch: &dyn Watch) -> Result<Page> {
        let filter = query.filter.clone().canonical()?;
        let state = self.shared.hot.read();
        let prepared = self.prepare(query, filter, &state)?;
        let gaps = gaps(&state, prepared.range);
        let far = state.clocks.far_extents();
        let range = prepared.range.unwrap_or((i64::MAX, i64::MIN));
        let conditions = Conditions::new(&prepared.filter, range, self.shared.hot.hasher());
        let mut run = Run::plan(&conditions, demand(query, &prepared), &state.active, &state.sealed.views, watch);
        let sealed = Arc::clone(&state.sealed);
        let bounded = run.is_cheap();
        // Oldest first, sealed events may fill the page; then no chain of the active segment is walked.
        let is_oldest_first = query.order == Order::Asc;
        if bounded && is_oldest_first {
            run.search_views(&sealed.views, &sealed.by_time);
        }
        run.search_active(&state.active);
        if bounded && !is_oldest_first {
            run.search_views(&sealed.views, &sealed.by_time);
        }
        run.read_active(&state.active);
        drop(state);
        if !bounded {
            run.search_views(&sealed.views, &sealed.by_time);
        }
        let Found { events, more, total, plan, work } = run.finish(&sealed.views)?;

        let open = |bound: i64, end: i64| (bound != end).then_some(bound);
        let mut page = Page {
            events,
            total_matched: query.total.then_some(total),
            next_cursor: None,
            since: prepared.range.and_then(|(since, _)| open(since, i64::MIN)),
            until: prepared.range.and_then(|(_, until)| open(until, i64::MAX)),
            filter: prepared.filter,
            gaps,
            far,
            plan,
            work,
            marks: Marks { run: self.shared.run, order: query.order, newest: prepared.newest },
        };
        page.next_cursor = page.events.last().filter(|_| more).map(|last| page.cursor_after(last));
        Ok(page)
    }

    /// Whether a stored event's time is far from the other times of its source: nothing is reckoned from it.
    pub fn is_far(&self, event: &StoredEvent) -> bool {
        let far = self.shared.hot.read().clocks.far_extents();
        far.iter().any(|(first, last)| (*first..=*last).contains(&event.timestamp()))
    }

    /// One event by its id. Cost: one hash probe.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) when no stored event has it.
    pub fn get_event_by_id(&self, event_id: &str) -> Result<StoredEvent> {
        self.shared.hot.get(event_id).ok_or_else(|| {
            Error::not_found(format!(
                "event_id: no stored event has id {event_id:?}; it may have been pruned or never stored"
            ))
        })
    }

    /// How a query would be answered; with `analyze`, it is run and its work counted.
    ///
    /// # Errors
    /// Those of [`Self::query_events`].
    pub fn explain(&self, query: &Query, analyze: bool) -> Result<Explanation> {
        self.explain_watched(query, analyze, &Unwatched)
    }

    /// [`Self::explain`] for a caller that may give it up.
    ///
    /// # Errors
    /// Those of [`Self::query_events_watched`].
    pub fn explain_watched(&self, query: &Query, analyze: bool, watch: &dyn Watch) -> Result<Explanation> {
        if analyze {
            let started = self.shared.clock.now_ns();
            let page = self.query_events_watched(&Query { total: true, ..query.clone() }, watch)?;
            let elapsed = Duration::from_nanos(self.shared.clock.now_ns().saturating_sub(started).max(0) as u64);
            let total_matched = page.total_matched.unwrap_or_default();
            let analysis = Analysis { work: page.work, returned: page.events.len(), total_matched, elapsed };
            return Ok(Explanation { plan: page.plan, filter: page.filter, analysis: Some(analysis) });
        }
        let filter = query.filter.clone().canonical()?;
        let state = self.shared.hot.read();
        let prepared = self.prepare(query, filter, &state)?;
        let range = prepared.range.unwrap_or((i64::MAX, i64::MIN));
        let conditions = Conditions::new(&prepared.filter, range, self.shared.hot.hasher());
        let run = Run::plan(&conditions, demand(query, &prepared), &state.active, &state.sealed.views, watch);
        Ok(Explanation { plan: run.into_plan(), filter: prepared.filter, analysis: None })
    }

    fn prepare(&self, query: &Query, filter: Filter, state: &State) -> Result<Prepared> {
        if query.limit > MAX_LIMIT {
            return Err(Error::invalid(format!(
                "limit: got {}; at most {MAX_LIMIT}, page on with next_cursor",
                query.limit
            )));
        }
        let cursor = match &query.cursor {
            Some(text) => Some(Cursor::decode(text, self.shared.run, &filter, query.order)?),
            None => None,
        };
        let newest = match cursor {
            Some(cursor) => cursor.newest,
            None => state.newest(),
        };
        let range = filter.range(newest)?;
        Ok(Prepared { filter, range, cursor, newest })
    }
}

fn demand(query: &Query, prepared: &Prepared) -> Demand {
    Demand {
        order: query.order,
        limit: query.limit,
        after: prepared.cursor.map(|cursor| cursor.after),
        total: query.total,
        max_bytes: query.max_bytes.unwrap_or(usize::MAX),
        path: query.path,
    }
}

/// Spans within a range whose events retention has taken.
pub(super) fn gaps(state: &State, range: Option<(i64, i64)>) -> Vec<Gap> {
    let touched = |span: &&Span| range.is_some_and(|(since, until)| since <= span.until && span.since <= until);
    let gap = |&Span { since, until, events }: &Span| Gap { since, until, events };
    state.pruned.spans().iter().filter(touched).map(gap).collect()
}

impl Order {
    /// The other direction.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Asc => Self::Desc,
            Self::Desc => Self::Asc,
        }
    }
}
