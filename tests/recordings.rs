//! The shipped recording: what the store answers against what a plain loop over the same lines counts.

#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use elixir_scope_storage::{EventStore, Filter, Order, Query, Role, Settings, Time, ingest};
use flate2::read::GzDecoder;
use serde_json::Value;

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/recordings/bank.ndjson.gz")
}

/// The recording as plain JSON values, in file order.
fn lines() -> &'static [Value] {
    static LINES: OnceLock<Vec<Value>> = OnceLock::new();
    LINES.get_or_init(|| {
        let mut text = String::new();
        GzDecoder::new(std::fs::File::open(path()).unwrap()).read_to_string(&mut text).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    })
}

/// The recording in a store whose segments are small enough that it crosses several borders.
fn store() -> &'static EventStore {
    static STORE: OnceLock<EventStore> = OnceLock::new();
    STORE.get_or_init(|| {
        let store = EventStore::open(Settings { segment_rows: 3000, ..Settings::UNBOUNDED }).unwrap();
        let report = ingest::import(&store, &path(), &mut |_| ()).unwrap();
        assert!(report.is_clean(), "{report:?}");
        assert_eq!(report.stored, lines().len() as u64);
        store
    })
}

fn total(filter: Filter) -> u64 {
    store().query_events(&Query { limit: 0, ..Query::new(filter) }).unwrap().total_matched.unwrap()
}

/// How often each value is seen, by a plain loop.
fn counted(value: impl Fn(&'static Value) -> Option<&'static str>) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for name in lines().iter().filter_map(value) {
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// Compares the store's total of every value with the plain loop's, and says how many values there are.
fn check(value: impl Fn(&'static Value) -> Option<&'static str>, filter: impl Fn(String) -> Filter) -> usize {
    let counts = counted(value);
    for (name, count) in &counts {
        assert_eq!(total(filter((*name).to_owned())), *count, "{name}");
    }
    counts.len()
}

#[test]
fn every_event_type_has_its_count() {
    let types =
        check(|event| event["event_type"].as_str(), |name| Filter { event_types: vec![name], ..Filter::default() });
    assert_eq!(types, 10);
}

#[test]
fn every_process_is_the_subject_of_its_events() {
    let pids = check(
        |event| event["pid"].as_str(),
        |pid| Filter { pid: Some(pid), role: Some(Role::Subject), ..Filter::default() },
    );
    assert_eq!(pids, 134);
}

#[test]
fn every_receiver_is_found_by_its_messages() {
    let receivers = check(
        |event| event["data"]["receiver_pid"].as_str(),
        |pid| Filter { pid: Some(pid), role: Some(Role::Receiver), ..Filter::default() },
    );
    assert!(receivers > 40, "{receivers}");
}

#[test]
fn a_pid_without_a_role_is_found_wherever_it_is_named() {
    const KEYS: [&str; 6] = ["sender_pid", "exited_pid", "target", "parent_pid", "spawned_pid", "receiver_pid"];
    for pid in ["<0.120.0>", "<0.161.0>", "<0.162.0>"] {
        let names = |event: &&Value| event["pid"] == pid || KEYS.iter().any(|key| event["data"][key] == pid);
        let expected = lines().iter().filter(names).count() as u64;
        assert_eq!(total(Filter { pid: Some(pid.to_owned()), ..Filter::default() }), expected, "{pid}");
    }
}

#[test]
fn every_place_in_the_source_has_its_events() {
    let nodes =
        check(|event| event["ast_node_id"].as_str(), |node| Filter { ast_node_id: Some(node), ..Filter::default() });
    assert_eq!(nodes, 14);
    let teller = counted(|event| event["ast_node_id"].as_str().filter(|node| node.starts_with("Bank.Teller:")));
    let prefix = Filter { ast_node_prefix: Some("Bank.Teller:".to_owned()), ..Filter::default() };
    assert_eq!(total(prefix), teller.values().sum::<u64>());
}

#[test]
fn a_function_is_found_by_module_name_and_arity() {
    let is_call = |event: &&Value| {
        let data = &event["data"];
        data["module"] == "GenServer" && data["function"] == "call" && data["arity"] == 2
    };
    let expected = lines().iter().filter(is_call).count() as u64;
    let call = Filter {
        module: Some("Elixir.GenServer".to_owned()),
        function: Some("call".to_owned()),
        arity: Some(2),
        ..Filter::default()
    };
    assert_eq!((total(call), expected), (351, 351));
}

#[test]
fn pages_in_either_direction_are_the_whole_recording_in_order() {
    // A stable sort by timestamp is the order: equal timestamps stay as they came.
    let mut expected: Vec<&Value> = lines().iter().collect();
    expected.sort_by_key(|event| event["timestamp"].as_i64());
    let expected: Vec<&str> = expected.iter().map(|event| event["event_id"].as_str().unwrap()).collect();
    assert!(!lines().is_sorted_by_key(|event| event["timestamp"].as_i64()), "the recording has late events");

    for order in [Order::Asc, Order::Desc] {
        let mut query = Query { order, limit: 1700, ..Query::default() };
        let mut ids = Vec::new();
        loop {
            let page = store().query_events(&query).unwrap();
            assert_eq!(page.total_matched, Some(expected.len() as u64));
            ids.extend(page.events.iter().map(|event| event.event_id().to_owned()));
            query.cursor = page.next_cursor;
            if query.cursor.is_none() {
                break;
            }
        }
        if order == Order::Desc {
            ids.reverse();
        }
        assert_eq!(ids, expected);
    }
}

#[test]
fn equal_timestamps_lose_nothing() {
    let mut by_time: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    for event in lines() {
        let at = event["timestamp"].as_i64().unwrap();
        by_time.entry(at).or_default().push(event["event_id"].as_str().unwrap());
    }
    let shared: Vec<_> = by_time.into_iter().filter(|(_, ids)| ids.len() > 1).collect();
    assert_eq!(shared.len(), 4);
    for (at, ids) in shared {
        let at = Some(Time::At(at));
        let filter = Filter { since: at, until: at, ..Filter::default() };
        let page = store().query_events(&Query::new(filter)).unwrap();
        let found: Vec<&str> = page.events.iter().map(elixir_scope_storage::StoredEvent::event_id).collect();
        assert_eq!(found, ids);
    }
}

#[test]
fn a_slice_of_time_holds_what_a_plain_loop_finds_there() {
    let times: Vec<i64> = lines().iter().filter_map(|event| event["timestamp"].as_i64()).collect();
    let (since, until) = (times[2500], times[2500] + 3_000_000);
    let expected = times.iter().filter(|at| (since..=until).contains(at)).count() as u64;
    let filter = Filter { since: Some(Time::At(since)), until: Some(Time::At(until)), ..Filter::default() };
    assert!(expected > 100, "{expected}");
    assert_eq!(total(filter), expected);
}

#[test]
fn an_event_comes_back_as_it_was_recorded() {
    for sent in lines().iter().step_by(97) {
        let stored = store().get_event_by_id(sent["event_id"].as_str().unwrap()).unwrap();
        let got: Value = serde_json::from_str(&stored.to_json()).unwrap();
        for key in ["timestamp", "wall_time", "node", "pid", "event_type", "data"] {
            assert_eq!(got[key], sent[key], "{key} of {sent}");
        }
    }
}
