//! A visit shows every match once, in the total order, of one snapshot, whatever segments it lies in.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use elixir_scope_storage::{ErrorKind, EventStore, Filter, Query, Settings, Unwatched, Watch};

/// Events with equal, late and replaced ones among them; some in sealed segments, most in the active one.
fn store(segment_rows: usize) -> EventStore {
    let store = EventStore::open(Settings { segment_rows, ..Settings::UNBOUNDED }).unwrap();
    let event = |n: i64, id: i64| {
        let time = (n / 3) * 10 - if n % 11 == 0 { 4_000 } else { 0 };
        format!(
            r#"{{"id": "e{id}", "ts": {time}, "type": "{}", "pid": "<0.{}.0>", "to_pid": "<0.{}.0>", "module": "M{}",
                "function": "f", "arity": 1, "call_id": "c{id}", "duration_ns": {n}, "text": "größe {n}"}}"#,
            if n % 2 == 0 { "call" } else { "return" },
            n % 7,
            n % 5,
            n % 3
        )
    };
    let fresh: Vec<String> = (0..3_000).map(|n| event(n, n)).collect();
    let again: Vec<String> = (0..300).map(|n| event(n + 5_000, n * 9)).collect();
    for batch in [fresh, again] {
        for part in batch.chunks(700) {
            assert_eq!(store.store_json_events(part, false).rejected, []);
        }
    }
    store
}

fn visited(store: &EventStore, filter: &Filter) -> Vec<(i64, u64, String)> {
    let mut seen = Vec::new();
    let visit = store.visit(filter, &Unwatched, |event| {
        let copy = event.to_event();
        assert_eq!((copy.event_id(), copy.data(), copy.pid()), (event.event_id(), event.data(), event.pid()));
        assert_eq!(copy.roles().collect::<Vec<_>>(), event.roles().collect::<Vec<_>>());
        assert_eq!(
            (copy.module(), copy.arity(), copy.duration_ns()),
            (event.module(), event.arity(), event.duration_ns())
        );
        seen.push((event.timestamp(), event.seq(), event.to_json()));
        ControlFlow::Continue(())
    });
    assert_eq!(visit.unwrap().visited, seen.len() as u64);
    seen
}

#[test]
fn a_visit_sees_what_a_query_returns_in_active_and_sealed_segments() {
    let filters = [
        Filter::default(),
        Filter { pid: Some("<0.3.0>".into()), ..Filter::default() },
        Filter { event_types: vec!["call".into()], min_duration_ns: Some(1_000), ..Filter::default() },
        Filter { module: Some("M1".into()), since: Some("-3us".parse().unwrap()), ..Filter::default() },
        Filter { text: Some("größe 29".into()), ..Filter::default() },
        Filter { pid: Some("nobody".into()), ..Filter::default() },
    ];
    for segment_rows in [65_536, 1_024, 256] {
        let store = store(segment_rows);
        for filter in &filters {
            let page = store.query_events(&Query { limit: 10_000, ..Query::new(filter.clone()) }).unwrap();
            let asked: Vec<_> = page.events.iter().map(|one| (one.timestamp(), one.seq(), one.to_json())).collect();
            assert_eq!(visited(&store, filter), asked, "{filter:?} in segments of {segment_rows}");
        }
        assert!(visited(&store, &Filter::default()).is_sorted());
    }
}

#[test]
fn a_visit_that_ends_early_does_not_reach_later_segments() {
    struct Segments(AtomicU64);
    impl Watch for Segments {
        fn progressed(&self, done: u64, _: u64) {
            self.0.fetch_max(done, Ordering::Relaxed);
        }
    }
    let (store, watch) = (store(256), Segments(AtomicU64::new(0)));
    let visit = store.visit(&Filter::default(), &watch, |_| ControlFlow::Break(())).unwrap();
    assert!(visit.is_ended_early);
    assert_eq!((visit.visited, watch.0.load(Ordering::Relaxed)), (1, 0));
}

#[test]
fn a_visit_that_is_given_up_says_so() {
    struct After(AtomicU64);
    impl Watch for After {
        fn is_cancelled(&self) -> bool {
            self.0.fetch_add(1, Ordering::Relaxed) > 2
        }
    }
    let store = store(65_536);
    let error = store.visit(&Filter::default(), &After(AtomicU64::new(0)), |_| ControlFlow::Continue(())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[test]
fn the_store_takes_events_while_it_is_visited() {
    let store = store(1_024);
    let before = store.len();
    let mut stored = 0;
    let visit = store.visit(&Filter::default(), &Unwatched, |event| {
        if event.timestamp() % 1_000 == 0 {
            stored += store.store_json_events(&[r#"{"ts": 99999999, "type": "new"}"#], false).stored;
        }
        ControlFlow::Continue(())
    });
    assert_eq!(visit.unwrap().visited, before, "what came meanwhile is not of this snapshot");
    assert!(stored > 10);
    assert_eq!(store.len(), before + stored);
}
