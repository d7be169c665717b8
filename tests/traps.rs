//! Traps of the original, and the store's own: each one a claim that must hold.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

mod support;

use std::time::Duration;

use elixir_scope_storage::store::Cleanup;
use elixir_scope_storage::{Filter, Index, Settings};
use support::{ask, open, put, put_batch, store_of_rows};

// Found by the model.
#[test]
fn a_key_of_several_segments_is_one_key_in_the_statistics() {
    let store = store_of_rows(1);
    for id in 0..3 {
        put(&store, &[&format!(r#"{{"id": {id}, "ts": 1, "module": "Bank", "function": "pay", "arity": 2}}"#)]);
    }
    let stats = store.get_stats();
    for size in stats.indexes {
        let in_it = [Index::Module, Index::Function, Index::Arity, Index::ModuleFunction, Index::Mfa];
        let expected = if in_it.contains(&size.index) { (1, 3) } else { (0, 0) };
        assert_eq!((size.keys, size.entries), expected, "{}", size.index);
    }
    assert_eq!(stats.top_functions, [("Bank.pay/2".to_owned(), 3)]);
}

// Found by the model.
#[test]
fn age_is_measured_from_the_same_event_whatever_the_size_of_a_segment() {
    for segment_rows in [1, 2, 64] {
        let store = open(Settings { max_age: Some(Duration::ZERO), segment_rows, ..Settings::UNBOUNDED });
        let report = put_batch(
            &store,
            &[r#"{"id": "x", "ts": 200}"#, r#"{"id": 1, "ts": 1}"#, r#"{"id": "x", "ts": 2}"#, r#"{"id": 3, "ts": 3}"#],
        );
        assert_eq!((report.stored, report.replaced, report.pruned), (3, 1, 3), "segments of {segment_rows}");
    }
}

// Found by the model.
#[test]
fn clearing_an_empty_store_forgets_what_retention_took() {
    let store = store_of_rows(8);
    put(&store, &[r#"{"id": 1, "ts": 1}"#]);
    store.cleanup_old_events(Cleanup { max_events: Some(0), ..Cleanup::default() }, false).unwrap();
    assert_eq!(ask(&store, Filter::default()).gaps.len(), 1);
    store.clear(None, true).unwrap();
    assert_eq!(ask(&store, Filter::default()).gaps.len(), 1, "a dry run forgets nothing");
    store.clear(None, false).unwrap();
    assert_eq!(ask(&store, Filter::default()).gaps, []);
}
