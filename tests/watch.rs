//! Long work can be given up, changes nothing then, and tells how far it is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

mod support;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use elixir_scope_storage::{ErrorKind, EventStore, Filter, Query, Unwatched, Watch};
use support::{put_batch, store_of_rows};

const EVENTS: usize = 10_000;

/// Five segments, the last one active.
fn full() -> EventStore {
    let store = store_of_rows(2_000);
    let texts: Vec<String> =
        (0..EVENTS).map(|at| format!(r#"{{"id": "e{at}", "ts": {at}, "type": "call"}}"#)).collect();
    for batch in texts.chunks(500) {
        put_batch(&store, &batch.iter().map(String::as_str).collect::<Vec<_>>());
    }
    store
}

fn text(wanted: &str) -> Filter {
    Filter { text: Some(wanted.to_owned()), ..Filter::default() }
}

/// Gives up when it has been asked so many times.
struct After {
    looks: u64,
    asked: AtomicU64,
}

impl Watch for After {
    fn is_cancelled(&self) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed) + 1 > self.looks
    }
}

fn after(looks: u64) -> After {
    After { looks, asked: AtomicU64::new(0) }
}

#[test]
fn a_search_through_payloads_is_given_up_wherever_it_is() {
    let store = full();
    let whole = after(u64::MAX);
    let query = Query::new(text("no such text"));
    assert_eq!(store.query_events_watched(&query, &whole).unwrap().total_matched, Some(0));
    let looks = whole.asked.load(Ordering::Relaxed);
    assert!(looks >= EVENTS as u64 / 512, "asked {looks} times in {EVENTS} payloads");
    for looks in 0..looks {
        let error = store.query_events_watched(&query, &after(looks)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        assert_eq!(store.explain_watched(&query, true, &after(looks)).unwrap_err().kind(), ErrorKind::Cancelled);
    }
}

#[test]
fn a_clear_that_is_given_up_removes_nothing() {
    let store = full();
    for looks in [0, 1, 7] {
        let error = store.clear_watched(Some(text("call")), false, &after(looks)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        assert_eq!(store.len(), EVENTS as u64);
    }
    store.verify().unwrap();
    assert_eq!(store.clear_watched(Some(text("call")), false, &Unwatched).unwrap().removed, EVENTS as u64);
}

#[test]
fn progress_goes_from_step_to_step_and_reaches_the_end() {
    struct Steps(Mutex<Vec<(u64, u64)>>);
    impl Watch for Steps {
        fn progressed(&self, done: u64, total: u64) {
            self.0.lock().unwrap().push((done, total));
        }
    }
    let steps = Steps(Mutex::default());
    full().query_events_watched(&Query::new(text("e9999")), &steps).unwrap();
    let steps = steps.0.into_inner().unwrap();
    let expected: Vec<(u64, u64)> = (1..=steps.len() as u64).map(|done| (done, steps.len() as u64)).collect();
    assert_eq!(steps, expected);
    assert!(!steps.is_empty());
}
