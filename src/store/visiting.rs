//! Looking at every match once: one snapshot, the total order, nothing copied.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::EventStore;
use super::reading::gaps;
use crate::error::Result;
use crate::query::condition::Conditions;
use crate::query::run::{Demand, Run};
use crate::query::visit::Visited;
use crate::query::{Filter, Seen, Visit};
use crate::segment::excerpt;
use crate::watch::Watch;

impl EventStore {
    /// Shows every event that matches to `each`, in the total order, until it breaks. All are of one snapshot; the
    /// store goes on meanwhile. Found by the plan [`Self::query_events`] would take.
    ///
    /// Cost: some 20 ns an event besides what `each` does; matches in the active segment are copied first (0.2 to 1 us
    /// each). Steps told to `watch` are segments. It is not counted as a query.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) when the filter contradicts itself,
    /// [`Cancelled`](crate::ErrorKind::Cancelled) when the watch ended it; `each` may have seen some events then.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use elixir_scope_storage::{EventStore, Filter, Settings, Unwatched};
    ///
    /// let store = EventStore::open(Settings::default())?;
    /// store.store_json_event(r#"{"ts": 5, "type": "call", "duration_ns": 7}"#)?;
    /// let mut total = 0;
    /// let visit = store.visit(&Filter::default(), &Unwatched, |event| {
    ///     total += event.duration_ns().unwrap_or(0);
    ///     ControlFlow::Continue(())
    /// })?;
    /// assert_eq!((total, visit.visited, visit.span), (7, 1, Some((5, 5))));
    /// # Ok::<(), elixir_scope_storage::Error>(())
    /// ```
    pub fn visit(
        &self,
        filter: &Filter,
        watch: &dyn Watch,
        each: impl FnMut(Seen<'_>) -> ControlFlow<()>,
    ) -> Result<Visit> {
        let hot = &self.shared.hot;
        let filter = filter.clone().canonical()?;
        let state = hot.read();
        let bounds = state.bounds();
        let range = filter.range(state.newest())?;
        let gaps = gaps(&state, range);
        let events = state.events();
        let conditions = Conditions::new(&filter, range.unwrap_or((i64::MAX, i64::MIN)), hot.hasher());
        let mut run = Run::plan(&conditions, Demand::ALL, &state.active, &state.sealed.views, watch);
        let fresh = excerpt(&state.active, &run.rows_of_active(&state.active));
        let sealed = Arc::clone(&state.sealed);
        drop(state);
        let Visited { visited, is_ended_early, plan } = run.visit(&sealed.views, fresh.as_ref(), each)?;

        let open = |bound: i64, end: i64| (bound != end).then_some(bound);
        Ok(Visit {
            visited,
            is_ended_early,
            since: range.and_then(|(since, _)| open(since, i64::MIN)),
            until: range.and_then(|(_, until)| open(until, i64::MAX)),
            filter,
            span: bounds.map(|((oldest, _), (newest, _))| (oldest, newest)),
            events,
            gaps,
            plan,
        })
    }
}
