//! What a query costs, counted, and that its plan never changes the answer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

mod support;

use elixir_scope_storage::query::Work;
use elixir_scope_storage::{AccessPath, EventStore, Filter, Index, Order, Page, Query, Time};
use support::{ask, ids, of_pid, put, store_of_rows};

const EVENTS: i64 = 4001;
const SEGMENT_ROWS: usize = 500;
const TYPES: [&str; 4] = ["call", "message_send", "error", "spawn"];

/// Skewed as recordings are: one process in 3 of 4 events, one error in 100, every tenth event late, some without type.
/// All but the last event are sealed.
fn skewed() -> EventStore {
    let store = store_of_rows(SEGMENT_ROWS);
    for id in 0..EVENTS {
        let pid = if id % 4 == 0 { id % 97 } else { 1 };
        let ts = if id % 10 == 9 { id - 60 } else { id };
        let kind = match id % 100 {
            7 => r#","type":"error""#,
            50..60 => r#","type":"message_send""#,
            90..95 => "",
            _ => r#","type":"call""#,
        };
        let (session, module) = (id / 1000, id % 8);
        put(
            &store,
            &[&format!(
                r#"{{"id":{id},"ts":{ts},"pid":"0.{pid}.0","session_id":"s{session}","module":"M{module}","arity":{}{kind}}}"#,
                id % 3
            )],
        );
    }
    store
}

fn of_types(types: &[&str]) -> Filter {
    Filter { event_types: types.iter().map(|name| (*name).to_owned()).collect(), ..Filter::default() }
}

fn page(store: &EventStore, filter: &Filter, order: Order, limit: usize, path: Option<AccessPath>) -> Page {
    store.query_events(&Query { order, limit, path, ..Query::new(filter.clone()) }).unwrap()
}

fn cardinality(page: &Page, path: AccessPath) -> u64 {
    page.plan.candidates.iter().find(|(candidate, _)| *candidate == path).unwrap().1
}

const EVENT_TYPE: AccessPath = AccessPath::Index(Index::EventType);
const PROCESS: AccessPath = AccessPath::Index(Index::Process);

#[test]
fn one_index_examines_no_more_than_a_page_of_every_segment() {
    let store = skewed();
    let segments = store.get_stats().segments;
    for filter in [of_pid("<0.1.0>"), of_types(&["error"]), of_types(&["call", "message_send"]), Filter::default()] {
        for order in [Order::Asc, Order::Desc] {
            for limit in [1, 10] {
                let page = page(&store, &filter, order, limit, None);
                let work = page.work;
                assert_eq!(page.events.len(), limit);
                let lists = filter.event_types.len().max(1) as u64;
                assert!(work.rows_examined <= (limit as u64 + 1) * segments * lists, "{work:?} by {}", page.plan);
                assert!(work.rows_examined <= page.plan.cardinality, "{work:?} by {}", page.plan);
                assert_eq!(work.payloads_decoded, limit as u64);
            }
        }
    }
}

#[test]
fn the_newest_events_of_a_busy_process_are_found_without_walking_its_history() {
    let store = store_of_rows(65_535);
    for id in 0..EVENTS {
        put(&store, &[&format!(r#"{{"id": {id}, "ts": {id}, "pid": "0.1.0"}}"#)]);
    }
    let page = page(&store, &of_pid("<0.1.0>"), Order::Desc, 10, None);
    assert_eq!((page.total_matched, page.events[0].timestamp()), (Some(EVENTS as u64), EVENTS - 1));
    assert!(page.work.rows_examined <= 12, "{:?}", page.work);
}

#[test]
fn the_oldest_events_of_a_busy_process_are_found_without_walking_what_is_newer() {
    let store = store_of_rows(3_000);
    for id in 0..EVENTS {
        put(&store, &[&format!(r#"{{"id": {id}, "ts": {id}, "pid": "0.1.0"}}"#)]);
    }
    let page = page(&store, &of_pid("<0.1.0>"), Order::Asc, 10, None);
    assert_eq!((page.total_matched, page.events[0].timestamp()), (Some(EVENTS as u64), 0));
    assert!(page.work.rows_examined <= 12, "{:?}", page.work);
}

#[test]
fn a_late_event_is_not_passed_over_where_sealed_events_fill_the_page() {
    let store = store_of_rows(3_000);
    for id in 0..EVENTS {
        let ts = if id == EVENTS - 1 { 5 } else { id + 100 };
        put(&store, &[&format!(r#"{{"id": {id}, "ts": {ts}, "pid": "0.1.0"}}"#)]);
    }
    let page = page(&store, &of_pid("<0.1.0>"), Order::Asc, 10, None);
    assert_eq!((page.events[0].timestamp(), page.events[1].timestamp()), (5, 100));
}

#[test]
fn counting_alone_examines_nothing() {
    let store = skewed();
    for filter in [of_pid("<0.1.0>"), of_types(&["error"]), of_types(&TYPES)] {
        let page = page(&store, &filter, Order::Asc, 0, None);
        assert_eq!(page.total_matched, Some(page.plan.cardinality));
        assert!(page.work.rows_examined <= 1, "{:?}: only the active segment's one event", page.work);
    }
}

#[test]
fn two_indexes_examine_at_most_the_smaller_list() {
    let store = skewed();
    for module in 0..8 {
        let filter = Filter { module: Some(format!("M{module}")), ..of_types(&["error"]) };
        let page = page(&store, &filter, Order::Asc, 100, None);
        let lists = [EVENT_TYPE, AccessPath::Index(Index::Module)].map(|path| cardinality(&page, path));
        let smaller = lists.into_iter().min().unwrap();
        assert_eq!(page.plan.cardinality, smaller);
        assert!(page.work.rows_examined <= smaller, "{:?} by {}", page.work, page.plan);
        assert!(page.work.postings_read <= lists.iter().sum(), "{:?} by {}", page.work, page.plan);
    }
}

#[test]
fn the_list_of_a_pid_is_intersected_before_a_row_is_examined() {
    let store = skewed();
    let filter = Filter { arity: Some(1), ..of_pid("<0.1.0>") };
    let page = page(&store, &filter, Order::Asc, 10_000, Some(AccessPath::Index(Index::Arity)));
    assert_eq!(page.plan.intersected, [Index::Process]);
    let active_row = 1;
    assert!(page.work.rows_examined <= page.events.len() as u64 + active_row, "{:?}: {}", page.work, page.plan);
    let filter = Filter { arity: Some(1), module: Some("M3".into()), ..Filter::default() };
    let page = self::page(&store, &filter, Order::Asc, 10_000, None);
    assert_eq!(page.plan.intersected, [], "comparing a column is cheaper than reading another list");
}

#[test]
fn a_time_range_drives_when_it_is_smaller_than_every_list() {
    let store = skewed();
    let within =
        |since, until| Filter { since: Some(Time::At(since)), until: Some(Time::At(until)), ..of_pid("<0.1.0>") };
    let short = page(&store, &within(2000, 2004), Order::Asc, 100, None);
    // Every event of the range has the process: the list is as short, and needs no check.
    assert!(short.work.rows_examined <= cardinality(&short, AccessPath::Temporal));
    let filter = Filter {
        text: Some("\"pid\"".into()),
        since: Some(Time::At(2000)),
        until: Some(Time::At(2009)),
        ..of_types(&["call"])
    };
    let page = page(&store, &filter, Order::Asc, 100, None);
    assert!(page.plan.cardinality <= cardinality(&page, AccessPath::Temporal), "{}", page.plan);
    assert!(page.work.rows_examined <= 11, "{:?}", page.work);
    assert!(page.plan.segments_skipped >= 7, "{}", page.plan);
}

#[test]
fn an_unknown_key_examines_nothing() {
    let store = skewed();
    let all = Filter::default;
    for filter in [
        of_pid("<0.999.0>"),
        of_types(&["unheard_of"]),
        Filter { module: Some("M1".into()), function: Some("f".into()), ..all() },
        Filter { ast_node_prefix: Some("x".into()), ..all() },
        Filter { ast_node_id: Some("y".into()), ast_node_prefix: Some("x".into()), ..all() },
        Filter { arity: Some(200), ..all() },
        Filter { call_id: Some("k".into()), ..of_pid("<0.1.0>") },
    ] {
        let page = ask(&store, filter);
        assert_eq!((page.events.len(), page.total_matched), (0, Some(0)));
        assert_eq!((page.work, page.plan.cardinality), (Work::default(), 0), "{}", page.plan);
    }
}

#[test]
fn a_predicate_and_its_opposite_partition_the_set() {
    let store = skewed();
    for base in [Filter::default(), of_pid("<0.1.0>"), Filter { session_id: Some("s2".into()), ..Filter::default() }] {
        for mask in 0..16_usize {
            let chosen =
                |name: &&&str| TYPES.iter().position(|known| known == *name).is_some_and(|at| mask >> at & 1 == 1);
            let yes: Vec<&str> = TYPES.iter().filter(chosen).copied().collect();
            let no: Vec<&str> = TYPES.iter().filter(|name| !chosen(name)).copied().collect();
            let all = page(&store, &base, Order::Asc, 10_000, None);
            let typed = all.events.iter().filter(|event| event.event_type().is_some()).count();
            let part = |types: &[&str]| {
                if types.is_empty() {
                    return Vec::new();
                }
                let filter = Filter { event_types: of_types(types).event_types, ..base.clone() };
                page(&store, &filter, Order::Asc, 10_000, None).events
            };
            let (mut whole, rest) = (part(&yes), part(&no));
            assert_eq!(whole.len() + rest.len(), typed);
            whole.extend(rest);
            whole.sort_by_key(|event| (event.timestamp(), event.seq()));
            assert!(all.events.iter().filter(|event| event.event_type().is_some()).eq(&whole));
        }
    }
}

#[test]
fn every_access_path_gives_the_same_answer() {
    let store = skewed();
    let filter = Filter {
        session_id: Some("s2".into()),
        arity: Some(1),
        module: Some("M2".into()),
        since: Some(Time::At(2100)),
        event_types: vec!["call".into(), "error".into()],
        ..of_pid("<0.1.0>")
    };
    for order in [Order::Asc, Order::Desc] {
        let free = page(&store, &filter, order, 7, None);
        assert_eq!(free.plan.candidates.len(), 6);
        for (path, cardinality) in free.plan.candidates.clone() {
            let forced = page(&store, &filter, order, 7, Some(path));
            assert_eq!((forced.plan.driver, forced.plan.cardinality), (path, cardinality));
            assert_eq!((forced.events, forced.total_matched), (free.events.clone(), free.total_matched));
            assert_eq!(forced.next_cursor, free.next_cursor);
            assert!(free.plan.cardinality <= cardinality);
        }
    }
    let unknown = page(&store, &Filter { event_types: Vec::new(), ..filter }, Order::Asc, 7, Some(EVENT_TYPE));
    assert_ne!(unknown.plan.driver, EVENT_TYPE, "a path the filter gives no key for is not taken");
}

#[test]
fn without_a_total_a_scan_stops_at_the_limit() {
    let store = skewed();
    let filter = Filter { text: Some("call".into()), ..Filter::default() };
    let counted = page(&store, &filter, Order::Asc, 5, None);
    let query = Query { limit: 5, total: false, ..Query::new(filter) };
    let page = store.query_events(&query).unwrap();
    assert_eq!((ids(&page), page.total_matched), (ids(&counted), None));
    assert!(page.work.rows_examined <= 100, "{:?}", page.work);
    assert_eq!(counted.work.rows_examined, EVENTS as u64, "{:?}", counted.work);
}

#[test]
fn the_process_index_drives_where_it_is_the_shortest() {
    let store = skewed();
    let page = ask(&store, Filter { event_types: vec!["call".into()], ..of_pid("<0.96.0>") });
    assert_eq!(page.plan.driver, PROCESS, "{}", page.plan);
}

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
