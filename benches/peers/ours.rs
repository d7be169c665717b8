//! This store, as the binary runs it: no limits, every index.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

use elixir_scope_storage::store::Cleanup;
use elixir_scope_storage::{Event, EventStore, Filter, Order, Page, Query, Role, Settings};

use super::measure::{Figures, Laps, Stopwatch, resident, us};
use super::queries::LIMIT;
use super::stall::stall;
use super::{BATCH, PRUNE_ROUNDS, SAMPLED_IDS, STALL_BATCH};
use crate::events::{Events, Hot, Names, Row};

fn open() -> EventStore {
    EventStore::open(Settings::UNBOUNDED).expect("settings are in range")
}

fn filter() -> Filter {
    Filter::default()
}

/// The question and the same one as the peers can answer it: they index the subject only.
fn queries(hot: &Hot<'_>) -> Vec<(&'static str, Query)> {
    let own = |text: &str| Some(text.to_owned());
    let newest = |filter| Query { order: Order::Desc, ..Query::new(filter) };
    let pid = Filter { pid: own(hot.pid), ..filter() };
    let module = own(&hot.function.module);
    let function = own(&hot.function.name);
    let (since, until) = hot.range();
    let event_types = vec![hot.event_type.to_owned()];
    let mfa =
        Filter { module: module.clone(), function: function.clone(), arity: Some(hot.function.arity), ..filter() };
    let range = Filter { since, until, ..filter() };
    vec![
        ("pid_newest", newest(pid.clone())),
        ("pid_oldest", Query::new(pid.clone())),
        ("pid_page2", newest(pid.clone())),
        ("pid_type", newest(Filter { event_types: event_types.clone(), ..pid.clone() })),
        ("mfa", newest(mfa)),
        ("module", newest(Filter { module, ..filter() })),
        ("function", newest(Filter { function, ..filter() })),
        ("correlation", Query::new(Filter { correlation_id: own(hot.correlation_id), ..filter() })),
        ("ast_node", newest(Filter { ast_node_id: own(hot.ast_node_id), ..filter() })),
        ("ast_prefix", newest(Filter { ast_node_prefix: own(&hot.ast_prefix), ..filter() })),
        ("range", Query::new(range.clone())),
        ("range_pid", Query::new(Filter { since, until, ..pid })),
        ("event_type", newest(Filter { event_types, ..filter() })),
        ("min_duration", newest(Filter { min_duration_ns: Some(hot.min_duration_ns), ..filter() })),
    ]
}

fn ask(store: &EventStore, query: &Query) -> Page {
    store.query_events(query).expect("the query is valid")
}

fn second_page(store: &EventStore, mut query: Query) -> Query {
    query.cursor = ask(store, &query).next_cursor;
    assert!(query.cursor.is_some(), "a hot key has a second page");
    query
}

pub fn run(events: usize) -> Figures {
    let mut figures = Figures::default();
    let names = Names::new();
    let hot = Hot::new(&names, events);
    let watch = Stopwatch::new();
    let (empty, _) = resident();

    let store = open();
    let mut stream = Events::new(&names);
    let mut ids = Vec::with_capacity(SAMPLED_IDS);
    let mut inserts = Laps::default();
    for first in (0..events).step_by(BATCH) {
        let rows = stream.batch(BATCH.min(events - first));
        if ids.len() * events / SAMPLED_IDS <= first {
            ids.push(rows[0].event_id.clone());
        }
        let batch: Vec<Event<'_>> = rows.iter().map(Row::event).collect();
        let (report, lap) = watch.time(|| store.store_events(&batch));
        assert_eq!(report.stored as usize, rows.len(), "every event is new");
        inserts.push(lap);
    }
    figures.tell("insert_batch_us", inserts.per_event_us(BATCH));
    figures.tell("insert_batch_median_us", inserts.median_us() / BATCH as f64);
    figures.tell("insert_batch_worst_ms", inserts.longest_ms());
    let (full, peak) = resident();
    let stats = store.get_stats();
    assert_eq!(stats.total_events as usize, events);
    figures.tell("bytes_per_event", (full - empty) as f64 / events as f64);
    figures.tell("process_mb", full as f64 / 1e6);
    figures.tell("peak_mb", peak as f64 / 1e6);
    figures.tell("accounted_bytes_per_event", stats.memory.total_bytes as f64 / events as f64);

    let laps = Laps::of(&watch, |run| store.get_event_by_id(&ids[run % ids.len()]).expect("it is stored"));
    figures.tell_query("by_id", &laps);
    for (name, query) in queries(&hot) {
        let mut same = query.clone();
        same.filter.role = query.filter.pid.as_ref().map(|_| Role::Subject);
        let (query, same) = match name {
            "pid_page2" => (second_page(&store, query), second_page(&store, same)),
            _ => (query, same),
        };
        assert_eq!(query.limit, LIMIT);
        figures.tell_query(name, &Laps::of(&watch, |_| ask(&store, &query)));
        let page = ask(&store, &query);
        eprintln!("  {name}: {:?} match; {}; {:?}", page.total_matched, page.plan, page.work);
        let page = ask(&store, &same);
        let total = page.total_matched.expect("it was asked for");
        figures.tell_answer(name, total, page.events.iter().map(elixir_scope_storage::StoredEvent::event_id));
    }

    prune(&mut figures, &store, stream, &hot, &ids, events);
    drop(store);
    small_writes(&mut figures, &names, events);
    figures
}

fn prune(figures: &mut Figures, store: &EventStore, stream: Events<'_>, hot: &Hot<'_>, ids: &[String], events: usize) {
    let share = (events / 10) as u64;
    let stream = Mutex::new(stream);
    let newest =
        Query { order: Order::Desc, limit: 10, ..Query::new(Filter { pid: Some(hot.pid.into()), ..filter() }) };
    let (mut times, mut reads, mut writes) = (Laps::default(), Laps::default(), Laps::default());
    let (mut idle_reads, mut idle_writes) = (Laps::default(), Laps::default());
    for round in 0..PRUNE_ROUNDS {
        let (before, _) = resident();
        let held = store.len();
        let mut at = 0;
        let read = || {
            at += 1;
            if at % 2 == 0 {
                assert_eq!(ask(store, &newest).events.len(), 10);
            } else {
                let _pruned_or_not = store.get_event_by_id(&ids[at % ids.len()]);
            }
        };
        let write = || {
            let rows = stream.lock().expect("nobody panicked").batch(STALL_BATCH);
            let batch: Vec<Event<'_>> = rows.iter().map(|row| row.event().into_owned()).collect();
            move || {
                store.store_events(&batch);
            }
        };
        let seen = stall(read, write, || {
            let cleanup = Cleanup { max_events: Some(store.len().saturating_sub(share)), ..Cleanup::default() };
            let removal = store.cleanup_old_events(cleanup, false).expect("it says what is old");
            assert!(removal.removed >= share, "asked for {share}, removed {}", removal.removed);
        });
        times.push(seen.prune);
        reads.push_longest(&seen.reads);
        writes.push_longest(&seen.writes);
        idle_reads.push_longest(&seen.idle_reads);
        idle_writes.push_longest(&seen.idle_writes);
        if round == 0 {
            settle(store, &newest);
            let (after, _) = resident();
            figures.tell("prune_rss_before_mb", before as f64 / 1e6);
            figures.tell("prune_rss_after_mb", after as f64 / 1e6);
            figures.tell("prune_written_meanwhile", (store.len() + share - held) as f64);
        }
    }
    figures.tell("prune_ms", times.median_us() / 1e3);
    figures.tell("prune_read_stall_ms", reads.median_ms());
    figures.tell("prune_read_stall_worst_ms", reads.longest_ms());
    figures.tell("prune_write_stall_ms", writes.median_ms());
    figures.tell("prune_write_stall_worst_ms", writes.longest_ms());
    figures.tell("idle_read_worst_ms", idle_reads.longest_ms());
    figures.tell("idle_write_worst_ms", idle_writes.longest_ms());
}

/// Lets an allocator that returns memory with a delay do so, as the next calls would.
fn settle(store: &EventStore, query: &Query) {
    for _ in 0..24 {
        std::thread::sleep(Duration::from_millis(50));
        assert!(!ask(store, query).events.is_empty());
    }
}

/// One by one, two writers, and from JSON text: on fresh stores, with events made beforehand.
fn small_writes(figures: &mut Figures, names: &Names, events: usize) {
    let few = events.min(super::FEW);
    let watch = Stopwatch::new();
    let rows = Events::new(names).batch(few);

    let store = open();
    let mut ones = Laps::default();
    for chunk in rows.chunks(BATCH) {
        let batch: Vec<Event<'_>> = chunk.iter().map(Row::event).collect();
        let ((), lap) = watch.time(|| {
            for event in &batch {
                store.store_event(event).expect("it fits");
            }
        });
        ones.push(lap);
    }
    assert_eq!(store.len() as usize, few);
    figures.tell("insert_one_us", ones.per_event_us(BATCH));

    let store = open();
    let batches: Vec<Vec<Event<'_>>> = rows.chunks(BATCH).map(|rows| rows.iter().map(Row::event).collect()).collect();
    let spent = in_turn(batches.len(), |at| {
        store.store_events(&batches[at]);
    });
    assert_eq!(store.len() as usize, few);
    figures.tell("insert_two_writers_us", us(spent) / few as f64);

    let store = open();
    let mut texts = Laps::default();
    for chunk in rows.chunks(BATCH) {
        let batch: Vec<String> = chunk.iter().map(Row::json).collect();
        let (report, lap) = watch.time(|| store.store_json_events(&batch, false));
        assert_eq!(report.stored as usize, batch.len());
        texts.push(lap);
    }
    figures.tell("insert_json_us", texts.per_event_us(BATCH));
}

/// Two threads do `0..turns` alternately, each waiting for the other. Gives back the time both have worked.
pub fn in_turn(turns: usize, work: impl Fn(usize) + Sync) -> Duration {
    let (turn, passed) = (Mutex::new(0), Condvar::new());
    let half = |mine: usize| {
        let (watch, mut spent) = (Stopwatch::new(), Duration::ZERO);
        for at in (mine..turns).step_by(2) {
            let now = turn.lock().expect("nobody panicked");
            let mut now = passed.wait_while(now, |now| *now != at).expect("nobody panicked");
            spent += watch.time(|| work(at)).1;
            *now += 1;
            passed.notify_one();
        }
        spent
    };
    std::thread::scope(|scope| {
        let halves = [0, 1].map(|mine| scope.spawn(move || half(mine)));
        halves.map(|half| half.join().expect("nobody panicked")).iter().sum()
    })
}
