//! Shared by the tests: the reference model, the generator of events, filters and operations, the store
//! beside the model, and short hands.

#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod clocks;
pub(crate) mod model;
pub(crate) mod ops;
pub(crate) mod pair;

use std::sync::Arc;

use elixir_scope_storage::store::StoreReport;
use elixir_scope_storage::{EventStore, Filter, ManualClock, Page, Query, Settings};

/// What a standing clock shows in tests.
pub(crate) const NOW: i64 = 1_000_000;

/// A store without limits whose segments hold so many rows, on a clock that stands still.
pub(crate) fn store_of_rows(segment_rows: usize) -> EventStore {
    open(Settings { segment_rows, ..Settings::UNBOUNDED })
}

/// A store on a clock that stands still.
pub(crate) fn open(settings: Settings) -> EventStore {
    EventStore::open_with(settings, Arc::new(ManualClock::new(NOW))).unwrap()
}

/// Stores events one call each; all must be accepted.
pub(crate) fn put(store: &EventStore, texts: &[&str]) {
    for text in texts {
        put_batch(store, &[*text]);
    }
}

/// Stores events in one call; all must be accepted.
pub(crate) fn put_batch(store: &EventStore, texts: &[&str]) -> StoreReport {
    let report = store.store_json_events(texts, false);
    assert_eq!(report.rejected, []);
    report
}

/// The first page of a filter.
pub(crate) fn ask(store: &EventStore, filter: Filter) -> Page {
    store.query_events(&Query::new(filter)).unwrap()
}

pub(crate) fn ids(page: &Page) -> Vec<&str> {
    page.events.iter().map(elixir_scope_storage::StoredEvent::event_id).collect()
}

/// A filter for a process in any role.
pub(crate) fn of_pid(pid: &str) -> Filter {
    Filter { pid: Some(pid.to_owned()), ..Filter::default() }
}
