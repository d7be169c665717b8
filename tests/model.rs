//! Any sequence of operations: the store answers what the oracle answers, whatever the access path.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

mod support;

use elixir_scope_storage::{EventStore, Filter, Query, Settings};
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use support::ops::{Op, plan};
use support::pair::Pair;

#[test]
fn any_sequence_of_operations_answers_like_the_oracle() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(600);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    let outcome =
        TestRunner::new(config).run(&plan(), |plan| Pair::open(&plan).run(&plan).map_err(TestCaseError::fail));
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, plan)) => {
            let texts: Vec<String> = plan
                .steps
                .iter()
                .map(|step| match &step.op {
                    Op::Store(specs) | Op::StoreEach(specs) => {
                        let texts: Vec<String> = specs.iter().map(|spec| spec.write().0).collect();
                        format!("store {}", texts.join("\n      "))
                    }
                    other => format!("{other:?}"),
                })
                .collect();
            panic!(
                "{why}\nsegment_rows {}, max_events {:?}, max_age {:?}\n{}",
                plan.segment_rows,
                plan.max_events,
                plan.max_age,
                texts.join("\n")
            );
        }
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

#[test]
fn an_empty_store_answers_nothing() {
    let store = EventStore::open(Settings::UNBOUNDED).unwrap();
    store.verify().unwrap();
    let page = store.query_events(&Query::new(Filter::default())).unwrap();
    assert_eq!((page.events.len(), page.total_matched, page.next_cursor), (0, Some(0), None));
    assert_eq!(store.get_stats().oldest_timestamp, None);
    assert!(store.is_empty());
}
