//! What a file is, its structure tells; what is none of the recordings that are read is refused in one sentence that names
//! it. Whether each kind is read right, `tests/foreign/` says with a reader of its own.

#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

use elixir_scope_storage::ingest::{Format, ImportReport, import};
use elixir_scope_storage::{ErrorKind, EventStore, Filter, Query, Result, Settings, StoredEvent};
use serde_json::{Value, json};

fn load(bytes: &[u8]) -> (EventStore, Result<ImportReport>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, bytes).unwrap();
    let store = EventStore::open(Settings::UNBOUNDED).unwrap();
    let report = import(&store, &path, &mut |_| ());
    store.verify().unwrap();
    (store, report)
}

/// Times of all events, in order.
fn times(store: &EventStore) -> Vec<i64> {
    store.query_events(&Query::new(Filter::default())).unwrap().events.iter().map(StoredEvent::timestamp).collect()
}

#[test]
fn what_is_no_recording_is_refused_by_its_name() {
    let pad = "x".repeat(100_000);
    for (file, named) in [
        (json!({"pad": pad, "nodes": [], "startTime": 1, "endTime": 2}).to_string(), "V8 CPU profile"),
        (json!({"meta": {"pad": pad}, "threads": []}).to_string(), "Firefox"),
        (json!({"version": 1, "recording": {}}).to_string(), "Safari"),
        (json!({"profiles": [], "shared": {"frames": []}}).to_string(), "speedscope"),
        (json!([{"columns": ["__time"], "events": [[1, 2]]}]).to_string(), "SigNoz"),
        (json!([{"traceId": "1", "id": "2", "annotations": [], "binaryAnnotations": []}]).to_string(), "Zipkin v1"),
        ("%% Analysis results:\n{  analysis_options,\n [{callers, true}]}.\n".to_owned(), "fprof"),
        ("<0.1.0>;lists:map/2;a 12\n<0.1.0>;b 1\n".to_owned(), "eflame"),
        ("# tracer: nop\n#\n# entries-in-buffer/entries-written: 1/1\n".to_owned(), "systrace"),
        ("<!DOCTYPE html>\n<html><head>".to_owned(), "HTML"),
        (json!({"resourceMetrics": []}).to_string(), "metrics"),
        (format!("{}\n", json!({"foo": 1})).repeat(3), "without any field of an event"),
        ("dear diary\n".repeat(5_000), "text"),
        (json!([1, 2, 3]).to_string(), "without any field of an event"),
    ] {
        let (store, report) = load(file.as_bytes());
        let error = report.unwrap_err();
        assert_eq!((error.kind(), store.len()), (ErrorKind::Invalid, 0), "{error}");
        let told = error.to_string();
        assert!(told.contains(named) && told.lines().count() == 1, "{named}: {told}");
    }
}

#[test]
fn one_thing_that_is_read_makes_a_file_a_recording() {
    let event = |ts: i64| json!({"ts": ts, "type": "a"});
    for (file, stored, rejected) in [
        (format!("{}\n{}\n", json!({"foo": 1}), event(5)), 1, 1),
        (format!("{}\nnot JSON\n{}\n", event(5), json!({"foo": 1})), 1, 2),
        (json!([{"foo": 1}, event(5), 7]).to_string(), 1, 2),
        (format!("half a line\": 1}}\n{}\n{}", event(5), event(6)), 2, 1),
        (format!("{}{}", event(5), event(6)), 2, 0),
        (format!("\u{1e}{}\n\u{1e}{}\n", event(5), event(6)), 2, 0),
        (format!("{:#}\n{:#}\n", event(5), event(6)), 2, 0),
        (json!({"pad": "x".repeat(100_000), "events": [event(5)], "more": 1}).to_string(), 1, 0),
    ] {
        let (_, report) = load(file.as_bytes());
        let report = report.unwrap();
        let start: String = file.chars().take(60).collect();
        assert_eq!((report.stored, report.rejected), (stored, rejected), "{start}: {report:?}");
        assert!(report.broken.is_empty(), "{report:?}");
    }
}

#[test]
fn a_file_of_two_kinds_is_read_as_both() {
    let span = json!({"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "a",
        "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000000000000001"});
    let export = json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]});
    let chrome = json!({"traceEvents": [{"ph": "X", "name": "b", "ts": 1, "dur": 1, "pid": 1, "tid": 1}]});
    let (_, report) = load(format!("{export}\n{chrome}\n").as_bytes());
    let report = report.unwrap();
    let formats: Vec<Format> = report.recordings.iter().map(|one| one.format).collect();
    assert_eq!((report.stored, formats), (2, vec![Format::Otlp, Format::ChromeTrace]), "{report:?}");
}

#[test]
fn times_of_a_file_are_read_by_name_and_size_and_told_once() {
    let ns = 1_700_000_000_123_000_000_i64;
    let file = |time: &dyn Fn(i64) -> Value| -> String {
        (0..3).map(time).map(|event| event.to_string()).collect::<Vec<_>>().join("\n")
    };
    for (file, step) in [
        (file(&|n| json!({"ts": ns / 1_000_000 + n, "type": "a"})), 1_000_000),
        (file(&|n| json!({"timestamp": ns / 1000 + n, "type": "a"})), 1000),
        (file(&|n| json!({"time": ns / 1_000_000 + n, "type": "a"})), 1_000_000),
        (file(&|n| json!({"@timestamp": format!("2023-11-14T22:13:20.12{}Z", 3 + n), "type": "a"})), 1_000_000),
    ] {
        let (store, report) = load(file.as_bytes());
        let report = report.unwrap();
        assert_eq!(times(&store), [ns, ns + step, ns + 2 * step], "{file}");
        assert_eq!(report.notes.len(), 1, "{report:?}");
    }
    // Nanoseconds of a system that is up for half an hour are nanoseconds where they are called so.
    let (store, report) = load(json!({"timestamp_ns": 1_700_000_000_123_i64}).to_string().as_bytes());
    assert_eq!((times(&store), report.unwrap().notes.len()), (vec![1_700_000_000_123], 0));
}

#[test]
fn attributes_that_are_nested_deep_cost_what_they_are_long() {
    let deep = |levels: usize| {
        let (open, close) = (r#"{"arrayValue":{"values":["#.repeat(levels), "]}}".repeat(levels));
        format!(
            r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"a1","spanId":"b1","name":"n",
            "startTimeUnixNano":1,"endTimeUnixNano":2,
            "attributes":[{{"key":"k","value":{open}{{"intValue":1}}{close}}}]}}]}}]}}]}}"#
        )
    };
    // 8,000 levels took 5.5 s when each was read again within the one before; so many would take days.
    let (store, report) = load(deep(200_000).as_bytes());
    assert_eq!((report.unwrap().stored, store.len()), (1, 1));
}
