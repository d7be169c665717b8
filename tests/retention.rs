//! Retention under hostile times and sizes: nothing that one event says makes the others go.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use elixir_scope_storage::{EventStore, Filter, ManualClock, Query, Settings};
use support::{NOW, put_batch};

const HOUR: i64 = 3_600_000_000_000;
const DAY: i64 = 24 * HOUR;
const BEAM: i64 = -576_460_751_000_000_000;
const WALL: i64 = 1_790_000_000_000_000_000;
const Y2100: i64 = 4_102_444_800_000_000_000;

/// Every way in which one time can lie far from those around [`BEAM`].
const FAR: [i64; 9] = [WALL, Y2100, 0, BEAM + DAY, BEAM - DAY, BEAM + 2 * HOUR, BEAM - 2 * HOUR, i64::MAX, i64::MIN];

fn batch(from: i64, events: i64, more: &str) -> Vec<String> {
    (0..events).map(|at| format!(r#"{{"event_type": "call", "ts": {}{more}}}"#, from + at)).collect()
}

fn put(store: &EventStore, texts: &[String]) -> elixir_scope_storage::store::StoreReport {
    put_batch(store, &texts.iter().map(String::as_str).collect::<Vec<_>>())
}

fn limits() -> [Settings; 3] {
    [
        Settings { max_age: Some(Duration::from_mins(1)), ..Settings::UNBOUNDED },
        Settings { max_events: Some(5_000), ..Settings::UNBOUNDED },
        Settings { max_bytes: Some(8 << 20), ..Settings::UNBOUNDED },
    ]
}

#[test]
fn one_far_time_costs_no_other_event_whenever_it_comes() {
    for settings in limits() {
        for far in FAR {
            for before in [0, 1, 1000] {
                let clock = Arc::new(ManualClock::new(NOW));
                let store = EventStore::open_with(settings.clone(), clock.clone()).unwrap();
                let about = format!("{far} after {before}, {:?}", settings.max_age);
                if before > 0 {
                    put(&store, &batch(BEAM, before, ""));
                }
                let report = put(&store, &batch(far, 1, ""));
                assert_eq!((report.stored, report.pruned), (1, 0), "{about}");
                assert_eq!(report.far_times, u64::from(before > 0), "{about}: told at once where it can be known");
                for round in 1..=5 {
                    clock.advance(1_000_000);
                    let report = put(&store, &batch(BEAM + round * 1_000_000, 100, ""));
                    assert_eq!((report.stored, report.pruned, report.far_times), (100, 0, 0), "{about}");
                }
                let stats = store.get_stats();
                assert_eq!(stats.total_events as i64, before + 501, "{about}");
                assert_eq!(stats.newest_timestamp, Some(BEAM + 5_000_099), "{about}");
                assert_eq!(stats.far_times, 1, "{about}");
                let recent = Filter { since: Some("-50ns".parse().unwrap()), ..Filter::default() };
                let page = store.query_events(&Query::new(recent)).unwrap();
                let near = page.events.iter().filter(|event| !page.is_far(event)).count();
                assert_eq!(near, 51, "{about}");
                store.verify().unwrap();
            }
        }
    }
}

#[test]
fn far_times_are_half_of_every_batch_and_still_nobody_else_goes() {
    for settings in limits() {
        for far in FAR.into_iter().filter(|far| *far != i64::MAX) {
            let store = EventStore::open_with(settings.clone(), Arc::new(ManualClock::new(NOW))).unwrap();
            for round in 0..10 {
                let mut texts = batch(BEAM + round * 1000, 50, "");
                texts.extend(batch(far + round * 1000, 50, ""));
                let report = put(&store, &texts);
                assert_eq!((report.stored, report.pruned), (100, 0), "{far}");
            }
            let stats = store.get_stats();
            assert_eq!((stats.total_events, stats.newest_timestamp), (1000, Some(BEAM + 9049)), "{far}");
            assert_eq!(stats.far_times, 500, "{far}");
        }
    }
}

#[test]
fn two_sources_on_two_clocks_prune_each_only_itself() {
    let clock = Arc::new(ManualClock::new(NOW));
    let settings = Settings { max_age: Some(Duration::from_secs(10)), ..Settings::UNBOUNDED };
    let store = EventStore::open_with(settings, clock.clone()).unwrap();
    for second in 0..30 {
        clock.advance(1_000_000_000);
        put(&store, &batch(BEAM + second * 1_000_000_000, 40, r#", "node": "a@h""#));
        put(&store, &batch(WALL + second * 1_000_000_000, 40, r#", "node": "shop""#));
    }
    let held = |node: &str| {
        let filter = Filter { node: Some(node.to_owned()), ..Filter::default() };
        store.query_events(&Query { limit: 0, ..Query::new(filter) }).unwrap().total_matched.unwrap()
    };
    assert_eq!((held("a@h"), held("shop")), (401, 401), "each keeps its last ten seconds");
    assert_eq!(store.get_stats().far_times, 0, "neither is wrong");
    store.verify().unwrap();

    // What one count limits is taken from both alike: the oldest, each on its own clock.
    let store = EventStore::open(Settings { max_events: Some(1000), ..Settings::UNBOUNDED }).unwrap();
    for round in 0..30 {
        put(&store, &batch(BEAM + round * 1_000_000_000, 50, r#", "node": "a@h""#));
        put(&store, &batch(WALL + round * 1_000_000_000, 50, r#", "node": "shop""#));
    }
    let gaps = store.query_events(&Query::default()).unwrap().gaps;
    assert_eq!((store.len(), gaps.len()), (1000, 2), "a gap on each clock, and none between them: {gaps:?}");
}

#[test]
fn a_clock_that_was_set_for_good_is_followed() {
    for step in [DAY, -DAY, WALL - BEAM] {
        let clock = Arc::new(ManualClock::new(NOW));
        let settings = Settings { max_age: Some(Duration::from_mins(1)), ..Settings::UNBOUNDED };
        let store = EventStore::open_with(settings, clock.clone()).unwrap();
        put(&store, &batch(BEAM, 1000, ""));
        let mut far = 0;
        for second in 0..100 {
            clock.advance(1_000_000_000);
            far += put(&store, &batch(BEAM + step + second * 1_000_000_000, 1, "")).far_times;
        }
        assert!(far > 0 && far < 64, "{step}: told until there is evidence, and then no more: {far}");
        let stats = store.get_stats();
        assert_eq!(stats.newest_timestamp, Some(BEAM + step + 99_000_000_000), "{step}");
        assert_eq!((stats.far_times, stats.total_events), (0, 61), "{step}: what is a minute old has gone");
    }
}

#[test]
fn an_event_that_would_push_out_all_others_is_refused_at_every_door() {
    let settings = Settings { max_bytes: Some(4 << 20), ..Settings::UNBOUNDED };
    let store = EventStore::open_with(settings, Arc::new(ManualClock::new(NOW))).unwrap();
    put(&store, &batch(0, 100, ""));
    let large = format!(r#"{{"id": "large", "ts": 200, "data": {{"x": "{}"}}}}"#, "x".repeat(5 << 20));
    let error = store.store_json_event(&large).unwrap_err();
    assert!(error.to_string().contains("max_bytes"), "{error}");
    let texts = [r#"{"ts": 300}"#, &large, r#"{"ts": 301}"#];
    let report = store.store_json_events(&texts, false);
    assert_eq!((report.stored, report.rejected.len(), report.pruned), (2, 1, 0));
    assert_eq!((report.rejected[0].index, report.rejected[0].event_id.as_deref()), (1, Some("large")));
    let report = store.store_json_events(&texts, true);
    assert_eq!((report.stored, report.rejected.len(), report.pruned), (0, 1, 0));
    assert_eq!((store.len(), store.counters().rejected), (102, 3));
    // One that just fits is kept, whatever goes for it.
    let fits = format!(r#"{{"id": "fits", "ts": 400, "data": {{"x": "{}"}}}}"#, "x".repeat((4 << 20) - (80 << 10)));
    put_batch(&store, &[fits.as_str()]);
    assert!(store.get_event_by_id("fits").is_ok());
}

/// Keys that were in one place of an event and then in another leave no room behind that nobody counts.
#[test]
fn what_long_keys_held_is_given_back_when_others_come() {
    const MAX: u64 = 32 << 20;
    let store = EventStore::open(Settings { max_bytes: Some(MAX), ..Settings::UNBOUNDED }).unwrap();
    let fields = ["pid", "module", "function", "correlation_id", "call_id", "session_id", "ast_node_id", "node"];
    for at in 0..3_200_u64 {
        let key = fields[(at as usize / 400) % fields.len()];
        store.store_json_event(&format!(r#"{{"ts": {at}, "{key}": "{at:0>29000}"}}"#)).unwrap();
    }
    let memory = store.get_stats().memory;
    assert!(memory.live_bytes <= MAX && memory.total_bytes < MAX + MAX / 2, "{memory:?}");
}
