//! What a query costs, counted, and that its plan never changes the answer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

mod support;

use elixir_scope_storage::Filter;
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
