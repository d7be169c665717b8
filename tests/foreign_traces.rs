//! Traces of other tools: which events they are, and that nothing of them is lost.

#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

use std::io::Write as _;
use std::path::{Path, PathBuf};

use elixir_scope_storage::ingest::{Format, ImportReport, Place, import};
use elixir_scope_storage::{EventStore, Filter, Query, Settings};
use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::{Value, json};
use tempfile::TempDir;

const OTLP: &str = include_str!("data/otlp.jsonl");
const CHROME: &str = include_str!("data/chrome.json");

fn load(store: &EventStore, path: &Path) -> ImportReport {
    let report = import(store, path, &mut |_| ()).unwrap();
    assert_eq!(report.events, report.stored + report.replaced + report.duplicates + report.rejected);
    report
}

fn load_bytes(bytes: &[u8]) -> (EventStore, ImportReport) {
    let folder = TempDir::new().unwrap();
    let store = EventStore::open(Settings::UNBOUNDED).unwrap();
    let report = load(&store, &file(&folder, "shop.json", bytes));
    store.verify().unwrap();
    (store, report)
}

fn file(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn find(store: &EventStore, filter: Filter) -> Vec<Value> {
    let page = store.query_events(&Query::new(filter)).unwrap();
    page.events.iter().map(|event| serde_json::from_str(&event.to_json()).unwrap()).collect()
}

fn of_type(store: &EventStore, event_type: &str) -> Vec<Value> {
    find(store, Filter { event_types: vec![event_type.to_owned()], ..Filter::default() })
}

fn get(store: &EventStore, id: &str) -> Value {
    serde_json::from_str(&store.get_event_by_id(id).unwrap().to_json()).unwrap()
}

const TRACE: &str = "5b8efff798038103d269b633813fc60c";

#[test]
fn a_span_is_one_event_with_everything_it_says() {
    let (store, report) = load_bytes(OTLP.as_bytes());
    assert_eq!(report.recordings[0].format, Format::Otlp);
    assert_eq!((report.stored, report.rejected), (7, 2), "{report:?}");

    let root = get(&store, &format!("{TRACE}-eee19b7ec3c1b174"));
    let resource = root["data"]["resource"].as_str().unwrap().to_owned();
    let session = report.recordings[0].session_id.clone().unwrap();
    assert_eq!(
        root,
        json!({
            "event_id": format!("{TRACE}-eee19b7ec3c1b174"), "timestamp": 1_544_712_660_300_000_001_i64,
            "wall_time": 1_544_712_660_300_000_001_i64, "node": "shop", "pid": "shop", "event_type": "span",
            "function": "POST /checkout", "correlation_id": TRACE, "call_id": "eee19b7ec3c1b174", "session_id": session,
            "duration_ns": 300_000_000,
            "data": {
                "name": "POST /checkout", "kind": 2, "flags": 257, "status": {"code": 2, "message": "bad coupon"},
                "attributes": {"http.request.method": "POST", "http.response.status_code": 500,
                               "url.query": "coupon=\"SPRNG\""},
                "scope": {"name": "opentelemetry_phoenix", "version": "1.2.0"}, "resource": resource,
            },
        })
    );
    let told = get(&store, &resource);
    assert_eq!((&told["event_type"], &told["node"]), (&json!("resource"), &json!("shop")));
    assert_eq!(told["data"]["attributes"][1]["value"]["stringValue"], "BEAM");
}

#[test]
fn spans_are_found_by_function_trace_parent_and_place_in_the_source() {
    let (store, _) = load_bytes(OTLP.as_bytes());
    let total = get(&store, &format!("{TRACE}-eee19b7ec3c1b175"));
    assert_eq!(
        (&total["module"], &total["function"], &total["arity"]),
        (&json!("Shop.Cart"), &json!("total"), &json!(1))
    );
    assert_eq!(
        (&total["parent_id"], &total["ast_node_id"]),
        (&json!("eee19b7ec3c1b174"), &json!("Shop.Cart.total/1:line_42"))
    );
    assert_eq!(total["data"]["attributes"]["cart.items"], json!([1, 2]));
    assert_eq!(total["data"]["links"][0]["spanId"], "b7ad6b7169203331");
    let stock = Filter {
        module: Some("Shop.Stock".to_owned()),
        function: Some("reserve".to_owned()),
        arity: Some(3),
        ..Filter::default()
    };
    let [reserve] = find(&store, stock).try_into().unwrap();
    assert_eq!(reserve["node"], "stock");
    // It ends before it starts: no duration, and the end is kept as it came.
    assert_eq!(
        (reserve.get("duration_ns"), &reserve["data"]["endTimeUnixNano"]),
        (None, &json!("1544712660410000000"))
    );
    assert_eq!(find(&store, Filter { correlation_id: Some(TRACE.to_owned()), ..Filter::default() }).len(), 5);
}

#[test]
fn events_of_a_span_are_events_of_their_own() {
    let (store, _) = load_bytes(OTLP.as_bytes());
    let [exception] = of_type(&store, "exception").try_into().unwrap();
    assert_eq!(exception["timestamp"], 1_544_712_660_440_000_000_i64);
    assert_eq!(exception["parent_id"], "eee19b7ec3c1b175");
    assert_eq!(exception["data"]["attributes"]["exception.type"], "ArithmeticError");
    let [miss] = of_type(&store, "span_event").try_into().unwrap();
    assert_eq!(
        miss["data"],
        json!({"name": "cache miss", "attributes": {"key": "cart_4"}, "droppedAttributesCount": 1})
    );
}

#[test]
fn what_is_no_span_is_told() {
    let (_, report) = load_bytes(OTLP.as_bytes());
    let told: Vec<String> = report.first_errors.iter().map(|complaint| complaint.message.clone()).collect();
    assert!(
        told[0].starts_with("spanId: missing") && told[1].starts_with("startTimeUnixNano: got \"soon\""),
        "{told:?}"
    );
    assert!(report.first_errors.iter().all(|complaint| complaint.place == Place::Line(3)), "{report:?}");
    let [note] = report.notes.as_slice() else { unreachable!("{report:?}") };
    assert!(note.text.contains("resourceLogs (1x)") && note.text.contains("schemaUrl"), "{note}");
}

#[test]
fn one_export_over_many_lines_is_the_same() {
    let (lines, _) = load_bytes(OTLP.as_bytes());
    let exports: Vec<Value> = OTLP.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let spans: Vec<Value> =
        exports.iter().flat_map(|export| export["resourceSpans"].as_array().cloned().unwrap_or_default()).collect();
    let whole = serde_json::to_string_pretty(&json!({"resourceSpans": spans})).unwrap();
    let (pretty, report) = load_bytes(whole.as_bytes());
    assert_eq!((report.stored, report.rejected), (7, 2), "{report:?}");
    // The session is named after the text of the first span.
    let without_session = |store: &EventStore| -> Vec<Value> {
        let mut spans = of_type(store, "span");
        for span in &mut spans {
            let span = span.as_object_mut().unwrap();
            span.remove("session_id");
            span["data"].as_object_mut().unwrap().remove("resource");
        }
        spans
    };
    assert_eq!(without_session(&lines), without_session(&pretty));
}

#[test]
fn entries_of_a_chrome_trace_are_events_exact_to_the_nanosecond() {
    let (store, report) = load_bytes(CHROME.as_bytes());
    assert_eq!(report.recordings[0].format, Format::ChromeTrace);
    assert_eq!((report.stored, report.rejected, report.timestamps_assigned), (17, 2, 0), "{report:?}");
    assert_eq!(report.span, Some((1_678_886_400_000_000_001, 1_678_886_400_000_041_000)));
    let lines: Vec<Place> = report.first_errors.iter().map(|complaint| complaint.place).collect();
    assert_eq!(lines, [Place::Line(19), Place::Line(20)]);

    let [begin] = of_type(&store, "span_begin").try_into().unwrap();
    assert_eq!((&begin["timestamp"], &begin["pid"]), (&json!(1_678_886_400_000_000_001_i64), &json!("<0.120.0>")));
    assert_eq!(
        (&begin["node"], &begin["module"], &begin["arity"]),
        (&json!("shop@host"), &json!("Shop.Cart"), &json!(1))
    );
    let sent =
        json!({"ph": "B", "name": "Shop.Cart.total/1", "cat": "call", "pid": 17, "tid": 1, "args": {"items": 3}});
    assert_eq!(begin["data"], sent);

    let [end] = of_type(&store, "span_end").try_into().unwrap();
    assert_eq!((&end["duration_ns"], &end["call_id"]), (&json!(20_001), &begin["call_id"]));
    assert_eq!((&end["function"], &end["data"]["name"]), (&json!("total"), &json!("Shop.Cart.total/1")));

    let [span] = of_type(&store, "span").try_into().unwrap();
    assert_eq!((&span["duration_ns"], &span["parent_id"]), (&json!(4250), &begin["call_id"]));
    assert_eq!(span["data"].get("dur"), None);
    assert_eq!(span["data"]["tdur"], 4);

    let [counter] = of_type(&store, "counter").try_into().unwrap();
    assert_eq!((&counter["timestamp"], &counter["pid"]), (&json!(1_678_886_400_000_040_123_i64), &json!("17")));
    let as_stored = store.get_event_by_id(counter["event_id"].as_str().unwrap()).unwrap().to_json();
    assert!(as_stored.contains("1678886400000040.12345"), "more than nanoseconds is kept as it came: {as_stored}");
    assert_eq!(of_type(&store, "unknown_trace")[0]["data"]["ph"], "~");
}

#[test]
fn flows_and_asynchronous_spans_are_joined_by_their_id() {
    let (store, _) = load_bytes(CHROME.as_bytes());
    let flow = find(&store, Filter { correlation_id: Some("0x7".to_owned()), ..Filter::default() });
    let pids: Vec<&str> = flow.iter().map(|event| event["pid"].as_str().unwrap()).collect();
    assert_eq!(pids, ["pool", "pool 17:3"], "two threads of one name");
    let [begin] = of_type(&store, "async_begin").try_into().unwrap();
    let [end] = of_type(&store, "async_end").try_into().unwrap();
    assert_eq!((&end["call_id"], &end["duration_ns"]), (&begin["call_id"], &json!(7125)));
    assert_eq!((&begin["correlation_id"], &end["correlation_id"]), (&json!("q1"), &json!("q1")));
}

#[test]
fn what_a_chrome_trace_says_besides_its_entries_is_kept() {
    let (store, _) = load_bytes(CHROME.as_bytes());
    let metadata = of_type(&store, "metadata");
    assert_eq!(metadata.len(), 7);
    let named = |name: &str| metadata.iter().find(|event| event["data"]["name"] == name).unwrap();
    assert_eq!(named("otherData")["data"]["value"]["version"], "tracer 0.3");
    assert_eq!(named("systemTraceEvents")["data"]["value"], "none");
    assert_eq!(named("process_name")["timestamp"], 1_678_886_400_000_000_001_i64, "that of the first entry");
}

#[test]
fn a_bare_chrome_array_needs_no_end() {
    let entry = r#"{"ph": "X", "name": "a", "ts": 1, "dur": 2, "pid": 1, "tid": 1}"#;
    for (text, stored) in [
        (format!("[{entry}, {entry}]"), 2),
        (format!("[{entry},\n{entry}"), 2),
        (format!("[{entry},\n{entry},\n"), 2),
        (format!("[{entry},\n{entry},\n]\n"), 2),
        (r#"[{"ph": "M", "name": "thread_name", "pid": 1, "args": {}}]"#.to_owned(), 1),
    ] {
        let (_, report) = load_bytes(text.as_bytes());
        assert_eq!((report.stored, report.is_clean()), (stored, true), "{text}: {report:?}");
        assert_eq!(report.recordings[0].format, Format::ChromeTrace, "{text}");
    }
    for (text, stored) in [
        (format!("[{entry}, {{\"ph\": \"X\""), 1),
        (format!("{{\"traceEvents\": [{entry}, {entry}"), 2),
        (format!("[{entry} {entry}]"), 1),
    ] {
        let (_, report) = load_bytes(text.as_bytes());
        assert_eq!(report.stored, stored, "{text}: {report:?}");
        assert!(!report.is_clean(), "{text}: {report:?}");
    }
}

#[test]
fn packed_traces_are_the_same_and_a_second_import_adds_nothing() {
    for text in [OTLP, CHROME] {
        let (plain, first) = load_bytes(text.as_bytes());
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        let zstd = compress_to_vec(text.as_bytes(), CompressionLevel::Fastest);
        for packed in [gzip.finish().unwrap(), zstd] {
            let folder = TempDir::new().unwrap();
            let again = load(&plain, &file(&folder, "shop.json", &packed));
            assert_eq!((again.stored, again.replaced, again.duplicates), (0, 0, first.stored), "{again:?}");
        }
    }
}

#[test]
fn a_text_cut_anywhere_is_no_panic_and_keeps_whole_spans() {
    for text in [OTLP, CHROME] {
        let whole = load_bytes(text.as_bytes()).1.stored;
        let mut before = 0;
        for at in (1..text.len()).step_by(7).filter(|at| text.is_char_boundary(*at)) {
            let folder = TempDir::new().unwrap();
            let store = EventStore::open(Settings::UNBOUNDED).unwrap();
            let report = load(&store, &file(&folder, "shop.json", &text.as_bytes()[..at]));
            let is_told = text[at..].trim_start().is_empty() || text[..=at].ends_with('\n') || !report.is_clean();
            assert!(is_told, "{:?}: {report:?}", &text[at.saturating_sub(30)..at]);
            // Until the first key is there it is an event per line, and none.
            assert!(report.stored >= before && report.stored <= whole, "{report:?}");
            before = report.stored;
        }
    }
}
