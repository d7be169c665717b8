//! Spans of tracers are calls: every analysis sees them, with their parents by id and their own time without their parts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

use std::collections::BTreeMap;

use elixir_scope_storage::ingest::import;
use elixir_scope_storage::{EventStore, Settings, mcp};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A span: its trace, its parent by number, when it ran, where, and whether it failed.
#[derive(Clone, Debug)]
struct Span {
    trace: usize,
    parent: Option<usize>,
    start: i64,
    duration: i64,
    service: usize,
    is_failed: bool,
}

fn spans() -> impl Strategy<Value = Vec<Span>> {
    let one = (0..2_usize, any::<prop::sample::Index>(), 0..100_i64, 0..100_i64, 0..3_usize, any::<bool>());
    prop::collection::vec(one, 1..25).prop_map(|drawn| {
        let mut spans: Vec<Span> = Vec::new();
        for (trace, parent, start, duration, service, is_failed) in drawn {
            let of_trace: Vec<usize> = (0..spans.len()).filter(|at| spans[*at].trace == trace).collect();
            let parent = (!of_trace.is_empty()).then(|| of_trace[parent.index(of_trace.len())]);
            let start = start + parent.map_or(0, |parent| spans[parent].start);
            spans.push(Span { trace, parent, start, duration, service, is_failed });
        }
        spans
    })
}

fn export(spans: &[Span]) -> String {
    let services = (0..3).map(|service| {
        let of_it = spans.iter().enumerate().filter(|(_, span)| span.service == service);
        let listed: Vec<Value> = of_it
            .map(|(at, span)| {
                json!({
                    "traceId": format!("{:032x}", span.trace + 1), "spanId": format!("{:016x}", at + 1),
                    "parentSpanId": span.parent.map(|parent| format!("{:016x}", parent + 1)), "name": format!("s{at}"),
                    "startTimeUnixNano": span.start, "endTimeUnixNano": span.start + span.duration,
                    "status": if span.is_failed { json!({"code": 2, "message": "no"}) } else { json!({}) },
                })
            })
            .collect();
        json!({"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": format!("svc{service}")}}]},
               "scopeSpans": [{"spans": listed}]})
    });
    json!({"resourceSpans": services.collect::<Vec<_>>()}).to_string()
}

/// Nanoseconds in which a span was open and none of its parts was: counted one by one.
fn own(spans: &[Span], at: usize) -> i64 {
    let span = &spans[at];
    let is_open = |span: &Span, ns: i64| (span.start..span.start + span.duration).contains(&ns);
    let parts = || spans.iter().filter(|part| part.parent == Some(at));
    (span.start..span.start + span.duration).filter(|ns| !parts().any(|part| is_open(part, *ns))).count() as i64
}

fn stored(text: &str) -> EventStore {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trace.json");
    std::fs::write(&path, text).unwrap();
    let store = EventStore::open(Settings::UNBOUNDED).unwrap();
    let report = import(&store, &path, &mut |_| ()).unwrap();
    assert!(report.is_clean(), "{report:?}");
    store
}

fn ask(store: &EventStore, tool: &str, arguments: &Value) -> Value {
    let reply = mcp::call(store, tool, &arguments.to_string()).unwrap();
    reply.structured.unwrap_or_else(|| panic!("{tool} {arguments}: {}", reply.text))
}

/// The rows of a section, each by column.
fn rows(answer: &Value, section: &str) -> Vec<BTreeMap<String, Value>> {
    let sections = answer["sections"].as_array().unwrap();
    let Some(section) = sections.iter().find(|one| one["name"] == section) else { return Vec::new() };
    let constants = section["constants"].as_object().cloned().unwrap_or_default();
    let row = |row: &Value| {
        let cells = section["columns"].as_array().unwrap().iter().zip(row.as_array().unwrap());
        let cells = cells.map(|(column, cell)| (column.as_str().unwrap().to_owned(), cell.clone()));
        cells.chain(constants.clone()).collect()
    };
    section["rows"].as_array().unwrap().iter().map(row).collect()
}

fn figure(row: &BTreeMap<String, Value>, name: &str) -> i64 {
    let value = row.get(name).or_else(|| row.get(&format!("{name}_ns")));
    value.and_then(Value::as_i64).unwrap_or_default()
}

/// The tree under some spans, as their names with those below them.
fn below(spans: &[Span], roots: &[usize], depth: usize) -> Vec<(usize, String)> {
    let mut roots = roots.to_vec();
    roots.sort_by_key(|at| spans[*at].start);
    roots
        .iter()
        .flat_map(|at| {
            let parts: Vec<usize> = (0..spans.len()).filter(|part| spans[*part].parent == Some(*at)).collect();
            std::iter::once((depth, format!("s{at}"))).chain(below(spans, &parts, depth + 1))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_analysis_knows_the_time_of_a_span_and_its_parts(spans in spans()) {
        let store = stored(&export(&spans));
        let budget = 100_000;
        let profile = ask(&store, "profile", &json!({"limit": 100, "max_tokens": budget}));
        let told: BTreeMap<String, (i64, i64)> = rows(&profile, "functions")
            .iter()
            .map(|row| (row["function"].as_str().unwrap().to_owned(), (figure(row, "total"), figure(row, "self"))))
            .collect();
        let expected: BTreeMap<String, (i64, i64)> =
            (0..spans.len()).map(|at| (format!("s{at}"), (spans[at].duration, own(&spans, at)))).collect();
        prop_assert_eq!(&told, &expected, "{}", profile);

        // One trace as a tree, each span in it with its times.
        let trace = format!("{:032x}", spans[0].trace + 1);
        let tree = ask(&store, "call_tree", &json!({"correlation_id": trace, "fold": false, "depth": 100, "max_tokens": budget}));
        let tree_rows = rows(&tree, "calls");
        let roots: Vec<usize> =
            (0..spans.len()).filter(|at| spans[*at].trace == spans[0].trace && spans[*at].parent.is_none()).collect();
        let mut names: Vec<(usize, String)> = tree_rows
            .iter()
            .map(|row| row["call"].as_str().unwrap())
            .map(|name| (name.matches(". ").count(), name.trim_start_matches(". ").to_owned()))
            .collect();
        let mut expected_names = below(&spans, &roots, 0);
        // Of those that began at one time either may come first.
        names.sort();
        expected_names.sort();
        prop_assert_eq!(names, expected_names, "{}", tree);
        for row in &tree_rows {
            let name = row["call"].as_str().unwrap().trim_start_matches(". ");
            prop_assert_eq!((figure(row, "total"), figure(row, "self")), expected[name], "{}: {}", name, tree);
        }

        // A failure is told once, where it began.
        let origins = (0..spans.len())
            .filter(|at| spans[*at].is_failed && !spans.iter().any(|part| part.parent == Some(*at) && part.is_failed));
        let overview = ask(&store, "overview", &json!({"max_tokens": budget}));
        let head = overview["answer"].as_str().unwrap().to_owned();
        let count = origins.count();
        let is_told = match count {
            0 => head.contains("no exception") || !head.contains("exception"),
            1 => head.contains("1 exception"),
            many => head.contains(&format!("{many} exceptions")),
        };
        prop_assert!(is_told, "{} of {}", head, count);
    }
}

#[test]
fn both_ends_of_a_call_with_one_id_are_two_spans_one_in_the_other() {
    let span = |kind: &str, service: &str, id: &str, parent: Option<&str>, start: i64, duration: i64| {
        let mut span = json!({"traceId": "a1", "id": id, "name": format!("{service} {id}"), "kind": kind,
            "timestamp": 1_700_000_000_000_000_i64 + start, "duration": duration, "localEndpoint": {"serviceName": service}});
        if let Some(parent) = parent {
            span["parentId"] = parent.into();
        }
        span
    };
    let file = json!([
        span("CLIENT", "stock", "3", Some("2"), 30, 20),
        span("SERVER", "stock", "2", Some("1"), 20, 60),
        span("CLIENT", "shop", "2", Some("1"), 10, 80),
        span("SERVER", "shop", "1", None, 0, 100),
    ]);
    let store = stored(&file.to_string());
    let tree = ask(&store, "call_tree", &json!({"correlation_id": "a1"}));
    let told: Vec<(String, i64)> = rows(&tree, "calls")
        .iter()
        .map(|row| (row["call"].as_str().unwrap().to_owned(), figure(row, "self")))
        .collect();
    let micros = |micros: i64| micros * 1000;
    assert_eq!(
        told,
        [
            ("shop 1".to_owned(), micros(20)),
            (". shop 2".to_owned(), micros(20)),
            (". . stock 2".to_owned(), micros(40)),
            (". . . stock 3".to_owned(), micros(20)),
        ]
    );
}

#[test]
fn calls_of_a_chrome_trace_nest_in_their_thread() {
    let entry =
        |name: &str, ts: i64, dur: i64| json!({"ph": "X", "name": name, "ts": ts, "dur": dur, "pid": 1, "tid": 2});
    let file = json!([
        entry("inner", 20, 10),
        {"ph": "E", "ts": 90, "pid": 1, "tid": 2},
        entry("outer", 10, 50),
        {"ph": "B", "name": "first", "ts": 0, "pid": 1, "tid": 2},
        {"ph": "M", "name": "thread_name", "pid": 1, "tid": 2, "ts": 0, "args": {"name": "main"}},
    ]);
    let store = stored(&file.to_string());
    let tree = ask(&store, "call_tree", &json!({"pid": "main"}));
    let told: Vec<(String, i64, i64)> = rows(&tree, "calls")
        .iter()
        .map(|row| (row["call"].as_str().unwrap().to_owned(), figure(row, "total"), figure(row, "self")))
        .collect();
    assert_eq!(
        told,
        [
            ("first".to_owned(), 90_000, 40_000),
            (". outer".to_owned(), 50_000, 40_000),
            (". . inner".to_owned(), 10_000, 10_000)
        ]
    );
}

#[test]
fn the_recording_lasts_until_the_last_span_ends() {
    let span = Span { trace: 0, parent: None, start: 100, duration: 900, service: 0, is_failed: false };
    let store = stored(&export(&[span]));
    let overview = ask(&store, "overview", &json!({}));
    assert!(overview["answer"].as_str().unwrap().contains("over 900ns"), "{overview}");
}

#[test]
fn an_exception_in_a_span_is_its_failure() {
    let export = json!({"resourceSpans": [{"scopeSpans": [{"spans": [
        {"traceId": "t1", "spanId": "1", "name": "outer", "startTimeUnixNano": 1000, "endTimeUnixNano": 5000},
        {"traceId": "t1", "spanId": "2", "parentSpanId": "1", "name": "inner", "startTimeUnixNano": 2000,
         "endTimeUnixNano": 3000, "events": [{"name": "exception", "timeUnixNano": 2500, "attributes": [
            {"key": "exception.type", "value": {"stringValue": "KeyError"}},
            {"key": "exception.message", "value": {"stringValue": "no :a"}}]}]},
    ]}]}]});
    let store = stored(&export.to_string());
    let tree = ask(&store, "call_tree", &json!({"event_id": "t1-2-e0"}));
    let inner = rows(&tree, "calls")[0].clone();
    assert_eq!(inner["call"], "inner");
    assert!(inner["note"].as_str().unwrap().contains("KeyError: no :a"), "{inner:?}");
    let trouble = rows(&ask(&store, "overview", &json!({})), "trouble");
    assert!(trouble[0]["detail"].as_str().unwrap().contains("inner: KeyError: no :a"), "{trouble:?}");
}
