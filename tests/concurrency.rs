//! Writers, readers and pruners at once: batches are seen whole, nothing is lost, nothing is taken twice.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

mod support;

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use elixir_scope_storage::store::Cleanup;
use elixir_scope_storage::{EventStore, Filter, Order, Query, Settings, StoredEvent, Time};
use support::{ask, open, store_of_rows};

const WRITERS: usize = 3;
const BATCHES: usize = 60;

/// Sizes of batches: below, at and above a segment of 16 rows.
const SIZES: [usize; 5] = [1, 7, 16, 40, 3];

fn batch_size(batch: usize) -> usize {
    SIZES[batch % SIZES.len()]
}

/// A batch whose events all carry one marker; their times come from a clock that all writers share, or run backwards.
fn batch(writer: usize, batch: usize, clock: &AtomicU64) -> Vec<String> {
    let event = |at: usize| {
        let now = clock.fetch_add(1, Ordering::Relaxed) as i64;
        let ts = if writer == 0 { -now } else { now };
        format!(
            r#"{{"id": "{writer}-{batch}-{at}", "ts": {ts}, "pid": "0.{writer}.0", "type": "call", "correlation_id": "b-{writer}-{batch}"}}"#
        )
    };
    (0..batch_size(batch)).map(event).collect()
}

fn of_batch(writer: usize, batch: usize) -> Filter {
    Filter { correlation_id: Some(format!("b-{writer}-{batch}")), ..Filter::default() }
}

fn write_all(store: &EventStore, writer: usize, clock: &AtomicU64) {
    for at in 0..BATCHES {
        let report = store.store_json_events(&batch(writer, at, clock), false);
        assert_eq!(report.stored, batch_size(at) as u64);
        let seen = ask(store, of_batch(writer, at)).total_matched;
        assert_eq!(seen, Some(batch_size(at) as u64), "a store is seen by the next query");
    }
}

fn total() -> u64 {
    (WRITERS * (0..BATCHES).map(batch_size).sum::<usize>()) as u64
}

#[test]
fn a_batch_is_seen_whole_or_not_at_all() {
    for segment_rows in [1, 16, 1000] {
        let store = store_of_rows(segment_rows);
        let clock = AtomicU64::new(1);
        let start = Barrier::new(WRITERS + 2);
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (store, clock, start) = (&store, &clock, &start);
                scope.spawn(move || {
                    start.wait();
                    write_all(store, writer, clock);
                });
            }
            for reader in 0..2 {
                let (store, start) = (&store, &start);
                scope.spawn(move || {
                    start.wait();
                    for round in 0..400 {
                        let (writer, at) = ((round + reader) % WRITERS, round * 7 % BATCHES);
                        let page = ask(store, of_batch(writer, at));
                        let seen = page.events.len();
                        assert!(seen == 0 || seen == batch_size(at), "{seen} of {} events", batch_size(at));
                        assert_eq!(page.total_matched, Some(seen as u64));
                        let by_pid = Filter { pid: Some(format!("<0.{writer}.0>")), ..of_batch(writer, at) };
                        let both = ask(store, by_pid).total_matched.unwrap() as usize;
                        assert!(both == batch_size(at) || seen == 0 && both == 0, "an index lags behind");
                    }
                });
            }
        });
        assert_eq!((store.len(), store.verify()), (total(), Ok(())));
    }
}

#[test]
fn pages_are_ordered_and_miss_nothing_that_was_there() {
    let store = store_of_rows(16);
    let clock = AtomicU64::new(1);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (store, clock) = (&store, &clock);
            scope.spawn(move || write_all(store, writer, clock));
        }
        for order in [Order::Asc, Order::Desc] {
            let store = &store;
            scope.spawn(move || {
                for _ in 0..15 {
                    let whole = store.query_events(&Query { limit: 10_000, ..Query::default() }).unwrap();
                    assert_eq!(whole.total_matched, Some(whole.events.len() as u64), "one snapshot");
                    let mut missing: BTreeSet<u64> = whole.events.iter().map(StoredEvent::seq).collect();
                    let mut last = None;
                    let mut query = Query { order, limit: 17, ..Query::default() };
                    loop {
                        let page = store.query_events(&query).unwrap();
                        for event in &page.events {
                            let key = (event.timestamp(), event.seq());
                            let in_order =
                                last.is_none_or(|last| if order == Order::Asc { last < key } else { last > key });
                            assert!(in_order, "{key:?} after {last:?}");
                            last = Some(key);
                            missing.remove(&event.seq());
                        }
                        let Some(cursor) = page.next_cursor else { break };
                        query.cursor = Some(cursor);
                    }
                    assert_eq!(missing, BTreeSet::new());
                }
            });
        }
    });
    assert_eq!((store.len(), store.verify()), (total(), Ok(())));
}

#[test]
fn a_limit_takes_what_is_too_much_once() {
    for max_events in [1, 50, 500] {
        let store = open(Settings { max_events: Some(max_events), segment_rows: 16, ..Settings::UNBOUNDED });
        let clock = AtomicU64::new(1);
        thread::scope(|scope| {
            for writer in 0..4 {
                let (store, clock) = (&store, &clock);
                scope.spawn(move || {
                    for at in 0..200 {
                        store.store_json_events(&batch(writer, at, clock), false);
                        // Others may have stored since, none may have taken too much.
                        let ever = store.get_stats().counters.stored;
                        let left = store.len();
                        assert!(left >= max_events.min(ever), "{left} left of {ever} with max_events {max_events}");
                    }
                });
            }
        });
        let counters = store.get_stats().counters;
        assert_eq!((store.len(), counters.stored - counters.pruned), (max_events, max_events));
        assert_eq!(store.verify(), Ok(()));
    }
}

#[test]
fn a_byte_limit_takes_what_is_too_much_once() {
    let max_bytes = 1 << 20;
    let filler = "x".repeat(300);
    let run = |writers: usize| {
        let store = open(Settings { max_bytes: Some(max_bytes), ..Settings::UNBOUNDED });
        let mut least = u64::MAX;
        thread::scope(|scope| {
            let threads: Vec<_> = (0..writers)
                .map(|writer| {
                    let (store, filler) = (&store, &filler);
                    scope.spawn(move || {
                        let mut least = u64::MAX;
                        for at in 0..240 / writers {
                            let event = |n| format!(r#"{{"id": "{writer}-{at}-{n}", "ts": {at}, "f": "{filler}"}}"#);
                            store.store_json_events(&(0..50).map(event).collect::<Vec<_>>(), false);
                            if store.get_stats().counters.pruned > 0 {
                                least = least.min(store.len());
                            }
                        }
                        least
                    })
                })
                .collect();
            least = threads.into_iter().map(|thread| thread.join().unwrap()).min().unwrap();
        });
        let stats = store.get_stats();
        assert!(stats.memory.live_bytes <= max_bytes);
        assert_eq!(stats.counters.stored - stats.counters.pruned, store.len());
        least
    };
    let (alone, together) = (run(1), run(4));
    assert!(together * 10 >= alone * 9, "one writer keeps {alone} events, four keep {together}");
}

#[test]
fn events_are_conserved() {
    let store = store_of_rows(16);
    let clock = AtomicU64::new(1);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (store, clock) = (&store, &clock);
            scope.spawn(move || {
                for at in 0..BATCHES {
                    store.store_json_events(&batch(writer, at, clock), false);
                    // The same ids again: duplicates, replacements, or new once more when they were taken.
                    store.store_json_events(&batch(writer, at / 2, clock), false);
                }
            });
        }
        scope.spawn(|| {
            for round in 0..200 {
                let cleanup = Cleanup { max_events: Some(50 + round % 100), ..Cleanup::default() };
                store.cleanup_old_events(cleanup, false).unwrap();
            }
        });
        scope.spawn(|| {
            for round in 0..200 {
                store.clear(Some(of_batch(round % WRITERS, round % BATCHES)), false).unwrap();
                let early = Cleanup { before: Some(Time::At(-(1 << 30))), ..Cleanup::default() };
                store.cleanup_old_events(early, true).unwrap();
            }
        });
        scope.spawn(|| {
            for _ in 0..60 {
                assert_eq!(store.verify(), Ok(()));
                let stats = store.get_stats();
                let whole = store.query_events(&Query { limit: 10_000, ..Query::default() }).unwrap();
                assert!(whole.events.is_sorted_by_key(|event| (event.timestamp(), event.seq())));
                assert!(stats.memory.live_bytes <= stats.memory.total_bytes);
            }
        });
    });
    let counters = store.get_stats().counters;
    assert_eq!(counters.stored - counters.pruned - counters.cleared, store.len());
    assert_eq!(store.verify(), Ok(()));
    let gaps = ask(&store, Filter::default()).gaps;
    assert_eq!(gaps.iter().map(|gap| gap.events).sum::<u64>(), counters.pruned);
}

#[test]
fn an_id_that_is_being_replaced_is_never_missing() {
    for segment_rows in [1, 3, 16] {
        let store = store_of_rows(segment_rows);
        let version = |id: usize, n: usize| format!(r#"{{"id": {id}, "ts": {}, "call_id": "v-{n}"}}"#, n % 13);
        let all = |n: usize| (0..10).map(|id| version(id, n)).collect::<Vec<_>>();
        store.store_json_events(&all(0), false);
        thread::scope(|scope| {
            for writer in 0..2 {
                let (store, all) = (&store, &all);
                scope.spawn(move || {
                    for n in 0..150 {
                        // One by one, and in batches that are larger than a segment.
                        let events = all(n * 2 + writer);
                        let size = if n % 2 == 0 { events.len() } else { 1 };
                        for batch in events.chunks(size) {
                            store.store_json_events(batch, false);
                        }
                    }
                });
            }
            for reader in 0..2 {
                let store = &store;
                scope.spawn(move || {
                    for round in 0..1500 {
                        let id = ((round + reader) % 10).to_string();
                        let event = store.get_event_by_id(&id).unwrap();
                        assert_eq!(event.event_id(), id);
                        if round % 10 == 0 {
                            let page = ask(store, Filter::default());
                            let ids: BTreeSet<&str> = page.events.iter().map(StoredEvent::event_id).collect();
                            assert_eq!((ids.len(), page.events.len()), (10, 10), "each id once");
                        }
                    }
                });
            }
        });
        let counters = store.get_stats().counters;
        assert_eq!((store.len(), counters.stored, store.verify()), (10, 10, Ok(())));
    }
}

#[test]
fn two_cleanups_at_once_keep_what_each_asked_to_keep() {
    for round in 0..100 {
        let store = store_of_rows(16);
        let clock = AtomicU64::new(1);
        store.store_json_events(&(0..8).flat_map(|at| batch(1, at, &clock)).collect::<Vec<_>>(), false);
        let keep = 30 + round % 7;
        let start = Barrier::new(2);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    start.wait();
                    let cleanup = Cleanup { max_events: Some(keep), ..Cleanup::default() };
                    store.cleanup_old_events(cleanup, false).unwrap();
                });
            }
        });
        assert_eq!(store.len(), keep);
    }
}
