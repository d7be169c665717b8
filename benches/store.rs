//! Each operation of the store alone, for comparing two versions of it: `cargo bench --bench store`.
//!
//! The comparison with other engines, and memory, is `peers`.

#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::expect_used,
    reason = "a benchmark stops at the first surprise"
)]

mod events;

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use elixir_scope_storage::store::Cleanup;
use elixir_scope_storage::{Event, EventStore, Filter, Order, Query, Role, Settings};
use events::{Events, Hot, Names};

/// Events in the store.
const EVENTS: usize = 100_000;

/// Events of one call.
const BATCH: usize = 1_000;

/// Events stored by one iteration.
const INSERTED: usize = 20_000;

fn open() -> EventStore {
    EventStore::open(Settings::UNBOUNDED).expect("settings are in range")
}

fn made(names: &Names, events: usize) -> Vec<Event<'static>> {
    Events::new(names).take(events).map(|row| row.event().into_owned()).collect()
}

fn filled(events: &[Event<'_>]) -> EventStore {
    let store = open();
    for batch in events.chunks(BATCH) {
        assert_eq!(store.store_events(batch).stored as usize, batch.len());
    }
    store
}

fn insert(criterion: &mut Criterion) {
    let names = Names::new();
    let events = made(&names, INSERTED);
    let texts: Vec<String> = Events::new(&names).take(INSERTED).map(|row| row.json()).collect();
    let mut group = criterion.benchmark_group("insert");
    group.throughput(Throughput::Elements(INSERTED as u64)).sample_size(20);
    for batch in [1, BATCH] {
        group.bench_function(BenchmarkId::new("events", batch), |bencher| {
            bencher.iter_batched_ref(
                open,
                |store| {
                    for events in events.chunks(batch) {
                        store.store_events(events);
                    }
                    assert_eq!(store.len() as usize, INSERTED);
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.bench_function(BenchmarkId::new("json", BATCH), |bencher| {
        bencher.iter_batched_ref(
            open,
            |store| {
                for texts in texts.chunks(BATCH) {
                    store.store_json_events(texts, false);
                }
                assert_eq!(store.len() as usize, INSERTED);
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn filters(hot: &Hot<'_>) -> Vec<(&'static str, Filter)> {
    let own = |text: &str| Some(text.to_owned());
    let any = Filter::default;
    let (module, function) = (own(&hot.function.module), own(&hot.function.name));
    let (since, until) = hot.range();
    let (pid, event_types) = (own(hot.pid), vec![hot.event_type.to_owned()]);
    let subject = Filter { pid: pid.clone(), role: Some(Role::Subject), ..any() };
    let mfa = Filter { module: module.clone(), function: function.clone(), arity: Some(hot.function.arity), ..any() };
    vec![
        ("everything", any()),
        ("pid", Filter { pid: pid.clone(), ..any() }),
        ("pid+role", subject),
        ("pid+type", Filter { pid: pid.clone(), event_types: event_types.clone(), ..any() }),
        ("mfa", mfa),
        ("module", Filter { module, ..any() }),
        ("function", Filter { function, ..any() }),
        ("correlation", Filter { correlation_id: own(hot.correlation_id), ..any() }),
        ("ast", Filter { ast_node_id: own(hot.ast_node_id), ..any() }),
        ("ast_prefix", Filter { ast_node_prefix: own(&hot.ast_prefix), ..any() }),
        ("range", Filter { since, until, ..any() }),
        ("range+pid", Filter { since, until, pid, ..any() }),
        ("type", Filter { event_types, ..any() }),
        ("min_duration", Filter { min_duration_ns: Some(hot.min_duration_ns), ..any() }),
        ("text", Filter { text: own("\"lifetime_ms\":77,"), ..any() }),
    ]
}

fn query(criterion: &mut Criterion) {
    let names = Names::new();
    let events = made(&names, EVENTS);
    let hot = Hot::new(&names, EVENTS);
    let store = filled(&events);
    let mut group = criterion.benchmark_group("query");
    for (name, filter) in filters(&hot) {
        for (order, direction) in [(Order::Desc, "newest"), (Order::Asc, "oldest")] {
            let query = Query { order, ..Query::new(filter.clone()) };
            assert!(store.query_events(&query).expect("valid").total_matched > Some(0), "{name} finds something");
            group.bench_function(BenchmarkId::new(name, direction), |bencher| {
                bencher.iter(|| store.query_events(black_box(&query)));
            });
        }
    }
    let ids: Vec<String> = Events::new(&names).take(EVENTS).step_by(97).map(|row| row.event_id).collect();
    let mut at = 0;
    group.bench_function("by_id", |bencher| {
        bencher.iter(|| {
            at = (at + 1) % ids.len();
            store.get_event_by_id(&ids[at]).expect("it is stored")
        });
    });
    group.finish();
}

fn remove(criterion: &mut Criterion) {
    let names = Names::new();
    let events = made(&names, EVENTS);
    let hot = Hot::new(&names, EVENTS);
    let mut group = criterion.benchmark_group("remove");
    group.sample_size(10);
    group.bench_function("oldest_tenth", |bencher| {
        let cleanup = Cleanup { max_events: Some(EVENTS as u64 * 9 / 10), ..Cleanup::default() };
        bencher.iter_batched_ref(
            || filled(&events),
            |store| store.cleanup_old_events(cleanup, false),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("hot_pid", |bencher| {
        let filter = Filter { pid: Some(hot.pid.to_owned()), ..Filter::default() };
        bencher.iter_batched_ref(
            || filled(&events),
            |store| store.clear(Some(filter.clone()), false),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, insert, query, remove);
criterion_main!(benches);
