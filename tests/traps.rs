//! Traps of the original, and the store's own: each one a claim that must hold.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

mod support;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use elixir_scope_storage::store::{Cleanup, Outcome};
use elixir_scope_storage::{
    Event, EventStore, Filter, Index, ManualClock, Order, Query, Role, Settings, SystemClock, Time,
};
use support::{NOW, ask, ids, of_pid, open, put, put_batch, store_of_rows};

/// Sizes of a segment that put a few events into one active segment, or into many sealed ones.
const SIZES: [usize; 4] = [1, 2, 3, 64];

fn count(store: &EventStore, filter: Filter) -> u64 {
    ask(store, filter).total_matched.unwrap()
}

#[test]
fn events_with_equal_timestamps_are_all_returned() {
    for rows in SIZES {
        let store = store_of_rows(rows);
        for id in 0..10 {
            put(&store, &[&format!(r#"{{"id": {id}, "ts": -7, "pid": "0.1.0"}}"#)]);
        }
        let expected: Vec<String> = (0..10).map(|id| id.to_string()).collect();
        assert_eq!(ids(&ask(&store, of_pid("<0.1.0>"))), expected);
        let desc = Query { order: Order::Desc, ..Query::default() };
        let reversed: Vec<String> = expected.into_iter().rev().collect();
        assert_eq!(ids(&store.query_events(&desc).unwrap()), reversed);
    }
}

#[test]
fn limit_is_applied_after_the_sort() {
    for rows in SIZES {
        let store = store_of_rows(rows);
        for ts in [50, 10, 40, 20, 30] {
            put(&store, &[&format!(r#"{{"id": {ts}, "ts": {ts}, "pid": "0.1.0", "type": "call"}}"#)]);
        }
        for filter in [Filter::default(), of_pid("0.1.0")] {
            let page = store.query_events(&Query { limit: 2, ..Query::new(filter) }).unwrap();
            assert_eq!(ids(&page), ["10", "20"]);
            assert_eq!(page.total_matched, Some(5));
        }
    }
}

#[test]
fn desc_returns_the_newest() {
    for rows in SIZES {
        let store = store_of_rows(rows);
        for ts in [50, 10, 40, 20, 30] {
            put(&store, &[&format!(r#"{{"id": {ts}, "ts": {ts}, "pid": "0.1.0"}}"#)]);
        }
        for filter in [Filter::default(), of_pid("0.1.0")] {
            let query = Query { order: Order::Desc, limit: 2, ..Query::new(filter) };
            assert_eq!(ids(&store.query_events(&query).unwrap()), ["50", "40"]);
        }
    }
}

#[test]
fn every_filter_given_is_applied() {
    for rows in SIZES {
        let store = store_of_rows(rows);
        let full = r#""pid":"0.1.0","node":"n","type":"call","correlation_id":"c","ast_node_id":"a:1","module":"M",
            "function":"f","arity":1,"session_id":"s","call_id":"k","duration_ns":10,"note":"x""#;
        put(&store, &[&format!(r#"{{"id": "hit", "ts": 5, {full}}}"#)]);
        for (at, part) in full.split(',').enumerate() {
            let rest: Vec<&str> = full.split(',').filter(|other| *other != part).collect();
            put(&store, &[&format!(r#"{{"id": "without-{at}", "ts": 5, {}}}"#, rest.join(","))]);
        }
        put(
            &store,
            &[&format!(r#"{{"id": "early", "ts": 4, {full}}}"#), &format!(r#"{{"id": "late", "ts": 6, {full}}}"#)],
        );
        let filter = Filter {
            pid: Some("<0.1.0>".into()),
            named: vec!["<0.2.0>".into()],
            role: Some(Role::Subject),
            node: Some("n".into()),
            event_types: vec!["CALL".into()],
            since: Some(Time::At(5)),
            until: Some(Time::At(5)),
            correlation_id: Some("c".into()),
            ast_node_id: Some("a:1".into()),
            ast_node_prefix: Some("a:".into()),
            module: Some("Elixir.M".into()),
            function: Some("f".into()),
            arity: Some(1),
            session_id: Some("s".into()),
            call_id: Some("k".into()),
            min_duration_ns: Some(10),
            text: Some("\"note\"".into()),
        };
        let page = ask(&store, filter);
        assert_eq!((ids(&page), page.total_matched), (vec!["hit"], Some(1)));
    }
}

#[test]
fn no_since_does_not_hide_negative_monotonic_times() {
    let store = store_of_rows(2);
    let lowest = i64::MIN.to_string();
    for ts in ["-576460751564576952", "-1", lowest.as_str()] {
        put(&store, &[&format!(r#"{{"id": "{ts}", "ts": {ts}, "pid": "0.1.0"}}"#)]);
    }
    assert_eq!(ids(&ask(&store, Filter::default())), [lowest.as_str(), "-576460751564576952", "-1"]);
    assert_eq!(count(&store, Filter { until: Some(Time::At(-1)), ..of_pid("0.1.0") }), 3);
}

#[test]
fn oldest_and_newest_are_right_after_late_events_and_cleanup() {
    for rows in SIZES {
        let store = store_of_rows(rows);
        let bounds = || {
            let stats = store.get_stats();
            (stats.oldest_timestamp, stats.newest_timestamp)
        };
        assert_eq!(bounds(), (None, None));
        put(&store, &[r#"{"id": 1, "ts": 10}"#, r#"{"id": 2, "ts": 20}"#, r#"{"id": 3, "ts": -5}"#]);
        assert_eq!(bounds(), (Some(-5), Some(20)));
        let cleanup = Cleanup { before: Some(Time::At(10)), ..Cleanup::default() };
        let removal = store.cleanup_old_events(cleanup, false).unwrap();
        assert_eq!((removal.removed, removal.remaining, removal.oldest_timestamp), (1, 2, Some(10)));
        assert_eq!(bounds(), (Some(10), Some(20)));
        put(&store, &[r#"{"id": 2, "ts": 11}"#]);
        assert_eq!(bounds(), (Some(10), Some(11)), "the newest was replaced by an older one");
        store.clear(Some(Filter { until: Some(Time::At(10)), ..Filter::default() }), false).unwrap();
        assert_eq!(bounds(), (Some(11), Some(11)));
        store.clear(None, false).unwrap();
        assert_eq!(bounds(), (None, None));
    }
}

#[test]
fn max_events_is_enforced_on_write() {
    for segment_rows in SIZES {
        let store = open(Settings { max_events: Some(3), segment_rows, ..Settings::UNBOUNDED });
        for ts in 0..10 {
            put(&store, &[&format!(r#"{{"id": {ts}, "ts": {ts}}}"#)]);
            assert!(store.len() <= 3);
        }
        assert_eq!(ids(&ask(&store, Filter::default())), ["7", "8", "9"]);
        let report = put_batch(&store, &[r#"{"id": "late", "ts": -1}"#]);
        assert_eq!((report.stored, report.pruned, store.len()), (1, 1, 3), "the oldest goes, whenever it came");
        assert!(store.get_event_by_id("late").is_err());
        let gap = &ask(&store, Filter::default()).gaps[0];
        assert_eq!((gap.since, gap.until, gap.events), (-1, 6, 8));
    }
}

#[test]
fn an_id_stored_twice_is_counted_once_and_not_found_by_old_keys() {
    for rows in SIZES {
        let store = store_of_rows(rows);
        let (old, new) = (
            r#"{"id": "x", "ts": 1, "type": "call", "pid": "0.1.0", "module": "A", "function": "f", "arity": 1,
                "correlation_id": "c1", "ast_node_id": "n1", "call_id": "k1", "session_id": "s1", "node": "a"}"#,
            r#"{"id": "x", "ts": 9, "type": "error", "pid": "0.2.0", "module": "B", "function": "g", "arity": 2,
                "correlation_id": "c2", "ast_node_id": "n2", "call_id": "k2", "session_id": "s2", "node": "b"}"#,
        );
        put(&store, &[old, r#"{"id": "other", "ts": 5}"#]);
        let outcome = store.store_event(&Event::parse(new).unwrap()).unwrap().outcome;
        assert_eq!(outcome, Outcome::Replaced);
        assert_eq!((store.len(), store.get_stats().counters.replaced), (2, 1));
        assert_eq!(ids(&ask(&store, Filter::default())), ["other", "x"]);
        let by = |pid: &str, event_type: &str, id: &str, rest: &str| {
            let all = Filter::default;
            [
                of_pid(pid),
                Filter { event_types: vec![event_type.into()], ..all() },
                Filter { correlation_id: Some(format!("c{id}")), ..all() },
                Filter { ast_node_id: Some(format!("n{id}")), ..all() },
                Filter { ast_node_prefix: Some(format!("n{id}")), ..all() },
                Filter { call_id: Some(format!("k{id}")), ..all() },
                Filter { session_id: Some(format!("s{id}")), ..all() },
                Filter { node: Some(rest.to_lowercase()), ..all() },
                Filter { module: Some(rest.to_owned()), ..all() },
                Filter { arity: id.parse().ok(), ..all() },
            ]
        };
        for filter in by("0.1.0", "call", "1", "A") {
            assert_eq!(count(&store, filter.clone()), 0, "{filter:?}");
        }
        for filter in by("0.2.0", "error", "2", "B") {
            assert_eq!(count(&store, filter.clone()), 1, "{filter:?}");
        }
        assert_eq!(store.verify(), Ok(()));
    }
}

#[test]
fn a_range_query_reads_its_range_only() {
    let store = store_of_rows(100);
    for id in 0..1000 {
        put(&store, &[&format!(r#"{{"id": {id}, "ts": {id}, "pid": "0.1.0"}}"#)]);
    }
    let range = Filter { since: Some(Time::At(500)), until: Some(Time::At(509)), ..Filter::default() };
    let page = ask(&store, Filter { min_duration_ns: Some(0), ..range });
    assert_eq!((page.work.rows_examined, page.work.payloads_decoded), (10, 0));
    assert!(page.plan.segments_skipped >= 8, "{}", page.plan);
}

#[test]
fn receiver_parent_child_and_the_other_roles_are_indexed() {
    for rows in SIZES {
        let store = store_of_rows(rows);
        let keys = [
            ("sender_pid", Role::Sender),
            ("receiver_pid", Role::Receiver),
            ("parent_pid", Role::Parent),
            ("spawned_pid", Role::Child),
            ("server_pid", Role::Server),
            ("exited_pid", Role::Exited),
            ("caller_pid", Role::Caller),
            ("supervisor_pid", Role::Supervisor),
            ("target_pid", Role::Target),
        ];
        for (at, (key, _)) in keys.iter().enumerate() {
            put(&store, &[&format!(r#"{{"id": "{key}", "ts": {at}, "pid": "0.1.0", "data": {{"{key}": "0.7.0"}}}}"#)]);
        }
        assert_eq!(count(&store, of_pid("#PID<0.7.0>")), 9);
        assert_eq!(count(&store, Filter { role: Some(Role::Subject), ..of_pid("0.7.0") }), 0);
        for (key, role) in keys {
            let page = ask(&store, Filter { role: Some(role), ..of_pid("0.7.0") });
            assert_eq!((ids(&page), page.total_matched), (vec![key], Some(1)));
        }
    }
}

#[test]
fn an_event_without_a_pid_is_stored() {
    let store = store_of_rows(1);
    put(&store, &[r#"{"id": "bare"}"#, "{}", r#"{"id": "named", "pid": null}"#]);
    assert_eq!((store.len(), store.verify()), (3, Ok(())));
    assert_eq!(store.get_event_by_id("bare").unwrap().pid(), None);
    let event = Event::default();
    assert_eq!(store.store_event(&event).unwrap().outcome, Outcome::Stored);
}

#[test]
fn explain_figures_are_measured() {
    let store = store_of_rows(8);
    for id in 0..40 {
        let (pid, kind) = (id % 4, if id % 10 == 0 { "error" } else { "call" });
        put(&store, &[&format!(r#"{{"id": {id}, "ts": {id}, "pid": "0.{pid}.0", "type": "{kind}"}}"#)]);
    }
    let filter = Filter { event_types: vec!["error".into()], ..of_pid("0.0.0") };
    let query = Query { limit: 1, ..Query::new(filter) };
    let explained = store.explain(&query, false).unwrap();
    assert_eq!(explained.plan.driver.name(), "event_type");
    assert_eq!((explained.plan.cardinality, explained.plan.events), (4, 40));
    assert!(explained.analysis.is_none());
    let page = store.query_events(&query).unwrap();
    assert_eq!(page.plan, explained.plan);
    let analysis = store.explain(&query, true).unwrap().analysis.unwrap();
    assert_eq!((analysis.work, analysis.returned, analysis.total_matched), (page.work, 1, 2));
    assert_eq!(analysis.elapsed, Duration::ZERO, "the clock stands still");
}

#[test]
fn late_event_is_not_lost_by_a_running_prune() {
    let store = store_of_rows(8);
    let mut ticks = 0;
    thread::scope(|scope| {
        let pruner = scope.spawn(|| {
            for _ in 0..300 {
                store.cleanup_old_events(Cleanup { before: Some(Time::At(0)), ..Cleanup::default() }, false).unwrap();
            }
        });
        // Old events that go, and late ones just above the cutoff that must stay.
        while ticks < 300 || !pruner.is_finished() && ticks < 3000 {
            let (old, late) =
                (format!(r#"{{"id": "old-{ticks}", "ts": -{}}}"#, ticks + 1), format!(r#"{{"id": {ticks}, "ts": 0}}"#));
            put_batch(&store, &[&old, &late]);
            ticks += 1;
        }
    });
    store.cleanup_old_events(Cleanup { before: Some(Time::At(0)), ..Cleanup::default() }, false).unwrap();
    assert_eq!((store.len(), store.verify()), (ticks, Ok(())));
    assert!((0..ticks).all(|id| store.get_event_by_id(&id.to_string()).is_ok()));
}

#[test]
fn a_retry_is_a_duplicate_whatever_the_order_of_its_keys() {
    for segment_rows in SIZES {
        let clock = Arc::new(ManualClock::new(NOW));
        let settings = Settings { segment_rows, ..Settings::UNBOUNDED };
        let store = EventStore::open_with(settings, clock.clone()).unwrap();
        let first = r#"{"id": "a", "pid": "0.1.0", "data": {"x": [1, {"p": 1, "q": 2}], "y": 123456789012345678901}}"#;
        let again = r##"{"data": {"y":123456789012345678901,"x":[1,{"q":2,"p":1}]}, "pid": "#PID<0.1.0>", "id": "a"}"##;
        let other = r#"{"id": "a", "pid": "0.1.0", "data": {"x": [1, {"p": 1, "q": 2}], "y": 123456789012345678902}}"#;
        let report = put_batch(&store, &[first]);
        assert_eq!((report.stored, report.timestamps_assigned), (1, 1));
        put(&store, &[r#"{"id": "b", "ts": 1}"#]);
        clock.advance(50);
        let report = put_batch(&store, &[again, again]);
        assert_eq!((report.duplicates, report.timestamps_assigned), (2, 0), "the stamp is not what was said");
        assert_eq!(store.get_event_by_id("a").unwrap().timestamp(), NOW);
        assert_eq!(put_batch(&store, &[other]).replaced, 1, "one digit of a big integer is another event");
        assert_eq!(store.get_event_by_id("a").unwrap().timestamp(), 51, "now, on the clock of event b");
        assert_eq!((store.len(), store.verify()), (2, Ok(())));
    }
}

#[test]
fn digits_of_a_big_integer_are_kept() {
    let store = store_of_rows(1);
    let data = r#"{"ref": 123456789012345678901234567890, "f": 1.000000000000000000001, "e": 1E+2}"#;
    put(&store, &[&format!(r#"{{"id": 18446744073709551615, "data": {data}}}"#), "{}"]);
    let event = store.get_event_by_id("18446744073709551615").unwrap();
    assert_eq!(event.data(), data);
    assert!(event.to_json().ends_with(&format!(r#""data":{data}}}"#)));
}

/// An event of about 300 bytes with keys of its own.
fn bulky(id: usize) -> String {
    let filler = "x".repeat(200);
    format!(
        r#"{{"id": "event-{id}", "ts": {id}, "pid": "0.{}.0", "correlation_id": "c-{id}", "data": {{"f": "{filler}"}}}}"#,
        id % 100
    )
}

#[test]
fn memory_follows_what_is_left_after_a_prune() {
    for segment_rows in [100, 65_536] {
        let store = store_of_rows(segment_rows);
        let texts: Vec<String> = (0..10_000).map(bulky).collect();
        for batch in texts.chunks(500) {
            store.store_json_events(batch, false);
        }
        let memory = || store.get_stats().memory;
        let full = memory();
        assert!(full.live_bytes <= full.total_bytes && full.events_bytes < full.total_bytes);
        for (left, share) in [(5000, 6), (500, 3), (0, 1)] {
            let cleanup = Cleanup { max_events: Some(left), ..Cleanup::default() };
            store.cleanup_old_events(cleanup, false).unwrap();
            let now = memory();
            assert!(now.live_bytes <= full.live_bytes * share / 10, "{left}: {now:?} of {full:?}");
            if segment_rows == 100 {
                assert!(now.total_bytes <= full.total_bytes * share / 10, "{left}: {now:?} of {full:?}");
            }
        }
        assert!(memory().total_bytes < full.total_bytes / 10, "{:?}", memory());
    }
}

#[test]
fn replacing_one_event_forever_takes_bounded_memory() {
    const TIMES: usize = 200_000;
    let store = open(Settings::default());
    let text = |round: usize| {
        format!(r#"{{"id": "one", "ts": {round}, "correlation_id": "c-{round}", "data": {{"n": {round}}}}}"#)
    };
    let mut highest = 0;
    for round in 0..TIMES / 2 {
        store.store_event(&Event::parse(&text(round)).unwrap()).unwrap();
        if round % 10_000 == 0 {
            highest = highest.max(store.get_stats().memory.total_bytes);
        }
    }
    let texts: Vec<String> = (TIMES / 2..TIMES).map(text).collect();
    for batch in texts.chunks(1000) {
        store.store_json_events(batch, false);
        highest = highest.max(store.get_stats().memory.total_bytes);
    }
    assert_eq!((store.len(), store.get_stats().counters.replaced), (1, TIMES as u64 - 1));
    assert!(highest < 16 << 20, "{highest} bytes");
    assert_eq!(store.verify(), Ok(()));
}

fn holds_max_bytes(text: impl Fn(usize) -> String) {
    const MAX: u64 = 2 << 20;
    const EVENTS: usize = 10_000;
    let store = open(Settings { max_bytes: Some(MAX), ..Settings::UNBOUNDED });
    let texts: Vec<String> = (0..EVENTS).map(text).collect();
    for batch in texts.chunks(250) {
        assert_eq!(store.store_json_events(batch, false).rejected, []);
        let memory = store.get_stats().memory;
        assert!(memory.live_bytes <= MAX, "{memory:?}");
        assert!(memory.total_bytes <= MAX + MAX / 2, "{memory:?}");
    }
    let pruned = store.get_stats().counters.pruned;
    assert!(pruned > 1000 && store.len() > 1000, "{pruned} pruned, {} left", store.len());
    assert_eq!(store.len() + pruned, EVENTS as u64);
    assert_eq!(store.verify(), Ok(()));
    let newest = store.query_events(&Query { order: Order::Desc, limit: 1, ..Query::default() }).unwrap();
    assert_eq!(newest.events[0].timestamp(), EVENTS as i64 - 1, "the oldest go first");
}

#[test]
fn max_bytes_holds_after_each_batch_within_a_segment() {
    holds_max_bytes(bulky);
}

#[test]
fn max_bytes_holds_when_the_keys_are_long_and_the_payload_is_not() {
    holds_max_bytes(|id| {
        let filler = "k".repeat(200);
        format!(r#"{{"id": {id}, "ts": {id}, "correlation_id": "{filler}{id}", "call_id": "{filler}-{id}"}}"#)
    });
}

#[test]
fn the_text_filter_finds_columns_as_well_as_payload() {
    for rows in SIZES {
        let store = store_of_rows(rows);
        put(&store, &[r#"{"id": "needle-1", "ts": 1}"#, r#"{"id": 2, "ts": 2, "module": "Elixir.Needle"}"#]);
        put(&store, &[r#"{"id": 3, "ts": 3, "data": {"note": "a needle"}}"#, r#"{"id": 4, "ts": 4, "pid": "0.44.0"}"#]);
        let found = |text: &str| {
            let page = ask(&store, Filter { text: Some(text.to_owned()), ..Filter::default() });
            assert_eq!(page.total_matched, Some(page.events.len() as u64));
            ids(&page).join(" ")
        };
        assert_eq!(found("needle"), "needle-1 3");
        assert_eq!(found("\"module\":\"Needle\""), "2");
        assert_eq!(found("Elixir.Needle"), "");
        assert_eq!(found("<0.44.0>"), "4");
        assert_eq!(found("\"timestamp\":3"), "3");
        assert_eq!(found("\"data\":{}"), "needle-1 2 4");
        assert_eq!(found(""), "needle-1 2 3 4");
    }
}

#[test]
fn good_events_are_kept_when_others_are_bad_unless_the_batch_is_atomic() {
    let store = store_of_rows(2);
    let texts = [r#"{"id": "a", "ts": 1}"#, r#"{"id": "b", "ts": "when"}"#, "[]", r#"{"id": "c", "ts": 3}"#];
    let report = store.store_json_events(&texts, true);
    assert_eq!((report.stored, report.rejected.len(), store.len()), (0, 2, 0));
    let report = store.store_json_events(&texts, false);
    assert_eq!((report.stored, store.len(), store.get_stats().counters.rejected), (2, 2, 4));
    let told: Vec<_> = report.rejected.iter().map(|bad| (bad.index, bad.event_id.as_deref())).collect();
    assert_eq!(told, [(1, Some("b")), (2, None)]);
    assert!(report.rejected[0].error.to_string().starts_with("ts: got \"when\""));
}

#[test]
fn a_cursor_refuses_another_query_and_another_run() {
    let store = store_of_rows(2);
    put(&store, &[r#"{"id": 1, "ts": 1}"#, r#"{"id": 2, "ts": 2}"#, r#"{"id": 3, "ts": 3}"#]);
    let first = Query { limit: 1, ..Query::default() };
    let cursor = store.query_events(&first).unwrap().next_cursor;
    let ask = |store: &EventStore, query: Query| store.query_events(&Query { cursor: cursor.clone(), ..query });
    assert_eq!(ids(&ask(&store, Query { limit: 2, ..first.clone() }).unwrap()), ["2", "3"], "the limit may change");
    assert!(ask(&store, Query { order: Order::Desc, ..first.clone() }).is_err());
    assert!(ask(&store, Query::new(of_pid("0.1.0"))).is_err());
    let other = EventStore::open_with(Settings::UNBOUNDED, Arc::new(SystemClock)).unwrap();
    assert!(ask(&other, first).unwrap_err().to_string().starts_with("cursor: made by another run"));
}

#[test]
fn the_background_tick_ends_with_the_store() {
    let store =
        EventStore::open(Settings { cleanup_interval: Some(Duration::from_nanos(1)), ..Settings::default() }).unwrap();
    let clone = store.clone();
    put(&clone, &[r#"{"id": 1}"#]);
    drop(store);
    assert_eq!(clone.len(), 1);
}

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

#[test]
fn a_segment_full_of_distinct_keys_is_sealed_in_time() {
    const EVENTS: usize = 70_000;
    let text = |id: usize| {
        format!(
            r#"{{"id": {id}, "ts": {}, "pid": "0.{id}.0", "to_pid": "0.{}.0", "call_id": "k{id}", "module": "M{id}", "function": "f{id}", "arity": {}}}"#,
            EVENTS - id,
            id + 1,
            id % 256
        )
    };
    let texts: Vec<String> = (0..EVENTS).map(text).collect();
    for batch in [EVENTS, 1000] {
        let store = EventStore::open(Settings { max_events: None, ..Settings::default() }).unwrap();
        for batch in texts.chunks(batch) {
            assert_eq!(store.store_json_events(batch, false).stored, batch.len() as u64);
        }
        assert!(store.get_stats().segments > 1);
        for id in [0, 1, 32_767, 65_534, 65_535, 65_536, EVENTS - 1] {
            let of_call = Filter { call_id: Some(format!("k{id}")), ..Filter::default() };
            assert_eq!(ids(&ask(&store, of_call)), [id.to_string()]);
            let (module, function) = (Some(format!("M{id}")), Some(format!("f{id}")));
            let of_mfa = Filter { module, function, arity: Some((id % 256) as u8), ..Filter::default() };
            assert_eq!(ids(&ask(&store, of_mfa)), [id.to_string()]);
            let named = if id == 0 { 1 } else { 2 };
            assert_eq!(count(&store, of_pid(&format!("<0.{id}.0>"))), named, "as subject and as receiver");
        }
        let newest = Query { order: Order::Desc, limit: 1, ..Query::default() };
        assert_eq!(ids(&store.query_events(&newest).unwrap()), ["0"]);
        let cleanup = Cleanup { max_events: Some(10), ..Cleanup::default() };
        assert_eq!(store.cleanup_old_events(cleanup, false).unwrap().removed, EVENTS as u64 - 10);
        let left: Vec<String> = (0..10).rev().map(|id| id.to_string()).collect();
        assert_eq!(
            (ids(&ask(&store, Filter::default())), store.verify()),
            (left.iter().map(String::as_str).collect(), Ok(()))
        );
    }
}

#[test]
fn payloads_stay_with_their_events_when_a_large_segment_with_late_and_replaced_rows_is_sealed() {
    const ROWS: usize = 12_000;
    let store = store_of_rows(ROWS);
    // Every seventh comes late, by a hundred; every fifth is replaced in the same segment.
    let time = |id: usize| if id.is_multiple_of(7) { id as i64 - 100 } else { id as i64 };
    let text = |id: usize, version: usize| {
        format!(r#"{{"id": {id}, "ts": {}, "data": {{"v": "{id}-{version}-{}"}}}}"#, time(id), "z".repeat(id % 13))
    };
    let replaced = (0..ROWS / 2).filter(|id| id.is_multiple_of(5));
    let texts: Vec<String> = (0..ROWS / 2).map(|id| text(id, 0)).chain(replaced.map(|id| text(id, 1))).collect();
    for batch in texts.chunks(1000) {
        store.store_json_events(batch, false);
    }
    let more: Vec<String> = (ROWS / 2..2 * ROWS).map(|id| text(id, 0)).collect();
    for batch in more.chunks(1000) {
        store.store_json_events(batch, false);
    }
    assert!(store.get_stats().segments > 1);
    store.verify().unwrap();
    for id in 0..2 * ROWS {
        let version = usize::from(id < ROWS / 2 && id.is_multiple_of(5));
        let event = store.get_event_by_id(&id.to_string()).unwrap();
        assert_eq!(event.timestamp(), time(id));
        assert_eq!(event.data(), format!(r#"{{"v": "{id}-{version}-{}"}}"#, "z".repeat(id % 13)));
    }
}

#[test]
fn large_payloads_seal_a_segment_before_its_rows_are_full() {
    let store = open(Settings { max_bytes: Some(8 << 20), ..Settings::UNBOUNDED });
    let filler = "y".repeat(300 << 10);
    for id in 0..60 {
        let text = format!(r#"{{"id": {id}, "ts": {id}, "data": {{"f": "{filler}"}}}}"#);
        put(&store, &[text.as_str()]);
        let memory = store.get_stats().memory;
        assert!(memory.live_bytes <= 8 << 20 && memory.total_bytes <= 12 << 20, "{memory:?}");
    }
    assert!(store.len() > 15 && store.get_stats().segments > 5, "{} left", store.len());
    assert_eq!(store.verify(), Ok(()));
}

#[test]
fn a_retry_is_a_duplicate_also_when_its_segment_was_rewritten() {
    let clock = Arc::new(ManualClock::new(NOW));
    let settings = Settings { segment_rows: 8, ..Settings::UNBOUNDED };
    let store = EventStore::open_with(settings, clock.clone()).unwrap();
    let texts: Vec<String> = (0..32).map(|id| format!(r#"{{"id": {id}, "type": "t{}"}}"#, id % 8)).collect();
    store.store_json_events(&texts, false);
    let segments = store.get_stats().segments;
    for left in 1..8 {
        let gone = Filter { event_types: vec![format!("t{left}")], ..Filter::default() };
        assert_eq!(store.clear(Some(gone), false).unwrap().removed, 4);
    }
    assert!(store.get_stats().segments < segments, "sparse segments are merged");
    clock.advance(1000);
    let again: Vec<&str> = texts.iter().step_by(8).map(String::as_str).collect();
    assert_eq!(put_batch(&store, &again).duplicates, 4);
    assert_eq!((store.len(), store.verify()), (4, Ok(())));
}

#[test]
fn an_event_without_a_time_stays_in_the_order_of_the_others() {
    let clock = Arc::new(ManualClock::new(NOW));
    let settings = Settings { max_age: Some(Duration::from_secs(1)), ..Settings::UNBOUNDED };
    let store = EventStore::open_with(settings, clock.clone()).unwrap();
    put(&store, &[r#"{"id": "first", "ts": -576460751564576952}"#]);
    clock.advance(1000);
    put(&store, &[r#"{"id": "note"}"#]);
    put(&store, &[r#"{"id": "last", "ts": -576460751564570000}"#]);
    assert_eq!(store.get_event_by_id("note").unwrap().timestamp(), -576_460_751_564_575_952);
    assert_eq!(store.len(), 3, "a stamp does not age the history away");
    let recent = Filter { since: Some("-10us".parse().unwrap()), ..Filter::default() };
    assert_eq!(store.query_events(&Query::new(recent)).unwrap().events.len(), 3);
}

#[test]
fn a_time_stamped_before_any_event_told_its_own_does_not_age_later_events_away() {
    let settings = Settings { max_age: Some(Duration::from_secs(1)), ..Settings::UNBOUNDED };
    let store = EventStore::open_with(settings, Arc::new(ManualClock::new(NOW))).unwrap();
    put(&store, &[r#"{"id": "note"}"#]);
    put(&store, &[r#"{"id": "first", "ts": -576460751564576952}"#]);
    assert!(store.get_event_by_id("first").is_ok());
}
