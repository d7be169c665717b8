//! What a query costs, counted, and that its plan never changes the answer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

mod support;

use elixir_scope_storage::{AccessPath, Filter, Index, Query, Time};
use support::{ask, ids, put, store_of_rows};

// Found by the model.
#[test]
fn an_arity_no_event_of_a_sealed_segment_has_matches_nothing() {
    for arities in [&[0, 0][..], &[1, 2], &[0, 2]] {
        let store = store_of_rows(2);
        for (id, arity) in arities.iter().enumerate() {
            put(&store, &[&format!(r#"{{"id": {id}, "ts": 1, "arity": {arity}}}"#)]);
        }
        put(&store, &[r#"{"id": "last", "ts": 1}"#]);
        for asked in [0, 1, 2, 3, 255] {
            let page = ask(&store, Filter { arity: Some(asked), ..Filter::default() });
            let expected = arities.iter().filter(|arity| **arity == i32::from(asked)).count();
            assert_eq!((page.events.len(), page.total_matched), (expected, Some(expected as u64)), "{:?}", ids(&page));
        }
    }
}

// Found by the model.
#[test]
fn rows_outside_the_time_range_and_removed_rows_are_not_examined() {
    for segment_rows in [2, 64] {
        let store = store_of_rows(segment_rows);
        put(&store, &[r#"{"id": "early", "ts": -9, "type": "call"}"#, r#"{"id": "gone", "ts": 5, "type": "call"}"#]);
        put(&store, &[r#"{"id": "gone", "ts": 6, "type": "error"}"#, r#"{"id": "kept", "ts": 7, "type": "call"}"#]);
        for path in [AccessPath::Temporal, AccessPath::Index(Index::EventType)] {
            let filter = Filter { event_types: vec!["call".into()], since: Some(Time::At(0)), ..Filter::default() };
            let page = store.query_events(&Query { path: Some(path), ..Query::new(filter) }).unwrap();
            assert_eq!(ids(&page), ["kept"]);
            assert!(page.work.rows_examined <= page.plan.cardinality, "{path}: {:?} of {}", page.work, page.plan);
        }
    }
}

// Found by the model.
#[test]
fn two_indexes_count_in_the_active_segment_what_both_list() {
    let store = store_of_rows(64);
    put(&store, &[r#"{"id": 1, "ts": 1, "type": "call", "node": "a"}"#, r#"{"id": 2, "ts": 2, "type": "call"}"#]);
    put(&store, &[r#"{"id": 3, "ts": 3, "type": "error", "node": "a"}"#]);
    let filter = Filter { event_types: vec!["call".into()], node: Some("a".into()), ..Filter::default() };
    let page = ask(&store, filter);
    assert_eq!((ids(&page), page.total_matched), (vec!["1"], Some(1)));
}
