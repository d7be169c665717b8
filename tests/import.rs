//! Files into the store: what is kept, what is refused, and what the report says of both.

#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use elixir_scope_storage::ingest::{
    Complaint, Format, ImportOptions, ImportReport, MAX_COMPLAINTS, MAX_EVENT_BYTES, Place, import, import_watched,
};
use elixir_scope_storage::{ErrorKind, EventStore, Filter, Query, Settings, Watch};
use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

fn open() -> EventStore {
    EventStore::open(Settings::UNBOUNDED).unwrap()
}

fn load(store: &EventStore, path: &Path) -> ImportReport {
    import(store, path, &mut |_| ()).unwrap()
}

/// Imports one file of these bytes into an empty store.
fn load_bytes(bytes: &[u8]) -> (EventStore, ImportReport) {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "recording", bytes);
    let store = open();
    let report = load(&store, &path);
    store.verify().unwrap();
    assert_eq!(report.events, report.stored + report.replaced + report.duplicates + report.rejected);
    (store, report)
}

fn file(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn events(count: usize) -> String {
    (0..count).fold(String::new(), |mut text, n| {
        writeln!(text, r#"{{"id": "e{n}", "ts": {n}, "type": "CALL", "pid": "<0.{n}.0>"}}"#).unwrap();
        text
    })
}

fn line(complaint: &Complaint) -> u64 {
    let Place::Line(line) = complaint.place else { unreachable!("a text has lines: {complaint}") };
    line
}

/// Why the one file of an import was not read to its end.
fn broken(report: &ImportReport) -> Complaint {
    assert_eq!(report.broken.len(), 1, "{report:?}");
    report.broken[0].clone()
}

fn complaints(report: &ImportReport) -> Vec<(u64, &str)> {
    report.first_errors.iter().map(|complaint| (line(complaint), complaint.message.as_str())).collect()
}

#[test]
fn bad_lines_are_told_by_number_and_good_ones_kept() {
    let (store, report) = load_bytes(
        br#"{"id": "a", "ts": 5}

{"id": "b", "ts": "soon"}
not json
{"id": "c", "ts": -7}
[1, 2]
{"id": "d"
"#,
    );
    assert_eq!((report.events, report.stored, report.rejected), (6, 2, 4));
    assert_eq!(report.span, Some((-7, 5)));
    let complaints = complaints(&report);
    let lines: Vec<u64> = complaints.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [3, 4, 6, 7]);
    assert!(complaints[0].1.starts_with("ts: got \"soon\""), "{complaints:?}");
    assert!(!complaints[3].1.contains("line 1"), "the parser's own line number misleads: {complaints:?}");
    assert!(!report.is_clean());
    assert_eq!(store.len(), 2);
    assert_eq!(store.get_stats().counters.rejected, 4);
}

#[test]
fn only_the_first_complaints_are_kept_and_all_are_counted() {
    let (_, report) = load_bytes(format!("{{\"ts\": 1}}\n{}", "nonsense\n".repeat(2500)).as_bytes());
    assert_eq!((report.rejected, report.first_errors.len()), (2500, MAX_COMPLAINTS));
}

#[test]
fn line_ends_and_byte_order_marks_of_every_system_are_read() {
    for text in [
        "\u{feff}{\"id\": 1, \"ts\": 1}\r\n\r\n{\"id\": 2, \"ts\": 2}\r\n",
        "{\"id\": 1, \"ts\": 1}\n{\"id\": 2, \"ts\": 2}",
        "\n\n \t\n  {\"id\": 1, \"ts\": 1}  \n{\"id\": 2, \"ts\": 2}\n   ",
    ] {
        let (_, report) = load_bytes(text.as_bytes());
        assert_eq!((report.events, report.stored), (2, 2), "{text:?}");
    }
}

#[test]
fn a_line_that_is_no_text_costs_that_line() {
    let (_, report) = load_bytes(b"{\"ts\": 1}\n{\"ts\": 2, \"node\": \"\xff\"}\n{\"ts\": 3}\n");
    assert_eq!((report.stored, report.rejected), (2, 1));
    assert_eq!(complaints(&report), [(2, "not UTF-8 text after byte 19")]);
}

#[test]
fn a_line_that_is_too_long_costs_that_line() {
    let mut text = b"{\"ts\": 1}\n{\"ts\": 2, \"a\": \"".to_vec();
    text.resize(text.len() + MAX_EVENT_BYTES, b'a');
    text.extend_from_slice(b"\"}\n{\"ts\": 3}\n");
    let (_, report) = load_bytes(&text);
    assert_eq!((report.stored, report.rejected), (2, 1));
    let (line, message) = complaints(&report)[0];
    assert_eq!(line, 2);
    assert!(message.ends_with("an event in a file is at most 67108864"), "{message}");
}

#[test]
fn gzip_is_unpacked_however_the_file_is_called() {
    let packed = gzip(events(2500).as_bytes());
    let (_, report) = load_bytes(&packed);
    assert_eq!((report.stored, report.bytes), (2500, packed.len() as u64));
    let (_, report) = load_bytes(&gzip(br#"[{"ts": 1}, {"ts": 2}]"#));
    assert_eq!(report.stored, 2);
}

#[test]
fn gzip_of_several_members_is_read_to_the_end() {
    let text = events(10);
    let (first, rest) = text.as_bytes().split_at(133);
    let (_, report) = load_bytes(&[gzip(first), gzip(rest), gzip(b"")].concat());
    assert_eq!((report.stored, report.is_clean()), (10, true));
}

#[test]
fn of_a_gzip_cut_short_what_came_is_kept() {
    let packed = gzip(events(5000).as_bytes());
    let (store, report) = load_bytes(&packed[..packed.len() / 2]);
    assert!(report.stored > 1000, "{report:?}");
    assert_eq!((report.stored, report.rejected), (store.len(), 0));
    let broken = broken(&report);
    assert_eq!(line(&broken), report.stored + 1);
    assert_eq!(broken.message, "cannot read on: the gzip data is cut short");
}

#[test]
fn damage_inside_a_gzip_keeps_what_came_before() {
    let mut packed = gzip(events(20_000).as_bytes());
    let middle = packed.len() / 2;
    packed[middle..middle + 200].fill(0xff);
    let (_, report) = load_bytes(&packed);
    let broken = broken(&report);
    assert!(line(&broken) > 1000, "{broken:?}");
    assert!(broken.message.starts_with("cannot read on: "), "{broken:?}");
}

#[test]
fn nothing_is_read_from_an_empty_file() {
    for bytes in [&b""[..], b"\n", b"\xef\xbb\xbf", b"[]", b" [ ] ", br#"{"events": []}"#, &gzip(b"")] {
        let (_, report) = load_bytes(bytes);
        assert_eq!((report.events, report.is_clean()), (0, true), "{bytes:?}");
        assert_eq!(report.span, None);
    }
}

#[test]
fn an_array_is_as_good_as_lines() {
    for text in [
        r#"[{"id": 1, "ts": 1, "note": "] , \" { \\"},{"id": 2, "ts": 2, "deep": [[{}], [1, 2]]}]"#,
        "\n [\r\n  {\"id\": 1,\n   \"ts\": 1} ,\n\n  {\"id\": 2, \"ts\": 2}\n]\n\n",
        "[{\"id\": 1, \"ts\": 1}]\n[]\n[{\"id\": 2, \"ts\": 2}]\n",
        r#"{"events": [{"id": 1, "ts": 1}, {"id": 2, "ts": 2}], "name": "a recording"}"#,
        r#"{ "events" : [ {"id": 1, "ts": 1}, {"id": 2, "ts": 2} ] }"#,
    ] {
        let (store, report) = load_bytes(text.as_bytes());
        assert_eq!((report.stored, report.is_clean()), (2, true), "{text}\n{report:?}");
        assert_eq!(store.get_event_by_id("2").unwrap().timestamp(), 2);
    }
}

#[test]
fn what_is_packed_twice_or_no_recording_is_named() {
    let packed = gzip(&gzip(b"{}"));
    let elf = b"\x7fELF\x02\x01\x01\0\0\0";
    for (bytes, expected) in [(&packed[..], "1f 8b"), (elf, "7f 45 4c 46"), (b"{\"resourceLogs\":[]}", "logs")] {
        let folder = TempDir::new().unwrap();
        let error = import(&open(), &file(&folder, "odd", bytes), &mut |_| ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn a_folder_is_read_in_the_order_of_names_and_the_rest_is_noted() {
    let folder = TempDir::new().unwrap();
    file(&folder, "b.ndjson", b"{\"id\": 1, \"ts\": 1, \"node\": \"b\"}\n");
    file(&folder, "a.json", b"[{\"id\": 1, \"ts\": 1, \"node\": \"a\"}]");
    file(&folder, "README.md", b"# Not an event\n");
    file(&folder, "pretty.json", b"{\n  \"a\": 1\n}\n");
    file(&folder, "program", b"\x7fELF\x02\x01\x01\0");
    file(&folder, ".hidden", b"{}\n");
    std::fs::create_dir(folder.path().join("more")).unwrap();
    std::fs::create_dir(folder.path().join("session")).unwrap();
    std::fs::write(folder.path().join("session/events.json"), SESSION).unwrap();
    let store = open();
    let report = load(&store, folder.path());
    assert_eq!((report.stored, report.replaced, report.is_clean()), (5, 1, true), "{report:?}");
    assert_eq!(store.get_event_by_id("1").unwrap().node(), Some("b"));
    let formats: Vec<Format> = report.recordings.iter().map(|recording| recording.format).collect();
    assert_eq!(formats, [Format::Array, Format::Lines, Format::Session]);
    let noted: Vec<&str> = report.notes.iter().map(|note| note.path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(noted, [".hidden", "README.md", "more", "pretty.json", "program"]);
    assert!(report.notes.iter().all(|note| note.text.starts_with("not read: ")), "{:?}", report.notes);
}

#[test]
fn an_import_that_is_given_up_keeps_what_it_stored_and_says_so() {
    struct Impatient(AtomicU64);
    impl Watch for Impatient {
        fn is_cancelled(&self) -> bool {
            self.0.load(Ordering::Relaxed) >= 3
        }
        fn progressed(&self, done: u64, total: u64) {
            assert!(done <= total);
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let folder = TempDir::new().unwrap();
    file(&folder, "1.ndjson", events(20_000).as_bytes());
    file(&folder, "2.ndjson", events(20_000).as_bytes());
    let store = open();
    let options = ImportOptions::default();
    let report = import_watched(&store, folder.path(), &options, &Impatient(AtomicU64::new(0))).unwrap();
    assert_eq!((report.stored, store.len(), report.broken.len()), (3000, 3000, 0));
    assert!(report.is_cancelled && !report.is_clean());
    assert_eq!(report.recordings.len(), 1, "the second file is not begun");
}

#[test]
fn a_bad_element_of_an_array_costs_that_element() {
    let (_, report) = load_bytes(b"[{\"ts\": 1},\n{\"no\": \"comma\"}\n{\"ts\": 2},\n{\"ts\": 3}]");
    assert_eq!((report.stored, report.rejected, line(&report.first_errors[0])), (3, 1, 2));
    let (_, report) = load_bytes(b"[\n{\"ts\": 1},\n 7,\n{\"ts\": \"soon\"}, \"x\",\n{\"ts\": 2},\n]\n");
    assert_eq!((report.stored, report.rejected), (2, 4));
    let lines: Vec<u64> = report.first_errors.iter().map(line).collect();
    assert_eq!(lines, [3, 4, 4, 6], "{:?}", report.first_errors);
}

#[test]
fn an_array_that_breaks_off_keeps_what_came_before() {
    for (text, line) in [
        ("[{\"ts\": 1},\n{\"ts\": 2}", 2),
        ("[{\"ts\": 1},\n{\"ts\": 2},\n", 3),
        ("[{\"ts\": 1},\n{\"ts\": 2},\n{\"ts\": [3,\n4,\n", 3),
        ("[{\"ts\": 1},\n{\"ts\": 2},\n{\"ts\": \"3, \n}]", 3),
        ("[{\"ts\": 1},\n{\"ts\": 2}]\nand more", 3),
        ("[{\"ts\": 1},{\"ts\": 2}}]", 1),
    ] {
        let (_, report) = load_bytes(text.as_bytes());
        assert_eq!(report.stored, 2, "{text}");
        assert_eq!(report.broken.iter().map(self::line).collect::<Vec<u64>>(), [line], "{text}\n{report:?}");
    }
}

#[test]
fn a_million_empty_arrays_are_nothing_special() {
    let (_, report) = load_bytes("[]".repeat(1_000_000).as_bytes());
    assert_eq!((report.events, report.is_clean()), (0, true));
    let (_, report) = load_bytes("[".repeat(1_000_000).as_bytes());
    assert_eq!((report.events, !report.broken.is_empty()), (0, true));
}

/// A session as `ElixirScope`'s player writes it.
fn session(metadata: Option<&str>, events: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    file(&folder, "events.json", events.as_bytes());
    if let Some(metadata) = metadata {
        file(&folder, "metadata.json", metadata.as_bytes());
    }
    folder
}

const SESSION: &str = r#"[
  {"id": "evt_1", "timestamp_ns": 1678886400000000000, "type": "FUNCTION_ENTRY", "ast_node_id": "MyModule:process:1",
   "data": {"module": "MyModule", "function": "process", "arity": 2, "args": [{"type": "integer", "value": 42}]}},
  {"id": "evt_2", "timestamp_ns": 1678886400100000000, "type": "VAR_SNAPSHOT", "ast_node_id": "MyModule:process:2",
   "data": {"module": "MyModule", "line": 5, "variables": {"count": {"type": "integer", "value": 42}}}},
  {"id": "evt_3", "timestamp_ns": 1678886400200000000, "type": "LINE_EXECUTION", "ast_node_id": "MyModule:process:3",
   "data": {"module": "MyModule", "line": 6}, "session_id": null},
  {"id": "evt_4", "timestamp_ns": 1678886400300000000, "type": "FUNCTION_EXIT", "ast_node_id": "MyModule:process:4",
   "data": {"module": "MyModule", "function": "process", "arity": 2, "duration_ns": 300000000}}
]"#;

fn ids_of_session(store: &EventStore, session: &str) -> Vec<String> {
    let filter = Filter { session_id: Some(session.to_owned()), ..Filter::default() };
    let page = store.query_events(&Query::new(filter)).unwrap();
    page.events.iter().map(|event| event.event_id().to_owned()).collect()
}

#[test]
fn the_events_of_a_session_folder_are_found_by_its_id() {
    let folder = session(Some(r#"{"id": "sample_session_1", "event_count": 4}"#), SESSION);
    let store = open();
    let report = load(&store, folder.path());
    assert_eq!((report.stored, report.is_clean()), (4, true), "{report:?}");
    assert_eq!(report.span, Some((1_678_886_400_000_000_000, 1_678_886_400_300_000_000)));
    assert_eq!(ids_of_session(&store, "sample_session_1"), ["evt_1", "evt_2", "evt_3", "evt_4"]);
    let exit = store.get_event_by_id("evt_4").unwrap();
    assert_eq!(exit.event_type(), Some("function_exit"));
    assert_eq!(exit.duration_ns(), Some(300_000_000));
    assert_eq!(load(&store, folder.path()).duplicates, 4);
}

#[test]
fn an_event_that_names_its_session_keeps_it() {
    let events = r#"{"meta": {"events": []}, "events": [{"id": 1, "ts": 1, "session_id": "own"},
        {"id": 2, "ts": 2, "data": {"session_id": "inner"}}, {"id": 3, "ts": 3}]}"#;
    let folder = session(Some(r#"{"id": 7}"#), events);
    let store = open();
    assert_eq!(load(&store, folder.path()).stored, 3);
    assert_eq!(ids_of_session(&store, "own"), ["1"]);
    assert_eq!(ids_of_session(&store, "inner"), ["2"]);
    assert_eq!(ids_of_session(&store, "7"), ["3"]);
}

#[test]
fn a_session_without_metadata_or_id_has_no_session() {
    for metadata in [None, Some("{}"), Some(r#"{"id": null}"#)] {
        let folder = session(metadata, SESSION);
        let store = open();
        assert_eq!(load(&store, folder.path()).stored, 4);
        assert_eq!(store.get_event_by_id("evt_1").unwrap().session_id(), None);
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = TempDir::new().unwrap();
    let refused = |path: &Path| {
        let error = import(&open(), path, &mut |_| ()).unwrap_err();
        assert!(error.to_string().contains(&*folder.path().to_string_lossy()), "{error}");
        (error.kind(), error.to_string())
    };
    let (kind, message) = refused(&folder.path().join("missing.ndjson"));
    assert_eq!(kind, ErrorKind::NotFound);
    assert!(message.ends_with("no such file or folder"), "{message}");
    let (kind, message) = refused(folder.path());
    assert_eq!(kind, ErrorKind::NotFound);
    assert!(message.contains("events.json"), "{message}");

    file(&folder, "events.json", b"[]");
    for metadata in ["{", r#"{"id": ["x"]}"#] {
        file(&folder, "metadata.json", metadata.as_bytes());
        let (kind, message) = refused(folder.path());
        assert_eq!(kind, ErrorKind::Invalid);
        assert!(message.contains("metadata.json"), "{message}");
    }
}

#[test]
fn a_session_whose_events_are_no_array_is_told() {
    for events in ["", "7", "{}", r#"{"id": 1}"#, r#"{"events": 7}"#, "{\"a\""] {
        let report = load(&open(), session(None, events).path());
        assert_eq!(report.events, 0, "{events}");
        assert!(!report.broken.is_empty(), "{events}: {report:?}");
    }
}

#[test]
fn the_limits_hold_while_a_file_is_read() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "recording", events(20_000).as_bytes());
    let settings = Settings { max_events: Some(1500), segment_rows: 500, ..Settings::UNBOUNDED };
    let store = EventStore::open(settings).unwrap();
    let mut most = 0;
    let mut steps = Vec::new();
    let report = import(&store, &path, &mut |progress| {
        most = most.max(store.len());
        steps.push((progress.read, progress.total));
    })
    .unwrap();
    assert_eq!((most, store.len()), (1500, 1500));
    assert_eq!((report.stored, report.pruned), (20_000, 18_500));
    assert_eq!(store.get_stats().oldest_timestamp, Some(18_500));

    let bytes = path.metadata().unwrap().len();
    assert!(steps.len() >= 20 && steps.is_sorted(), "{steps:?}");
    assert_eq!(steps.last(), Some(&(bytes, Some(bytes))));
}

#[test]
fn the_same_file_again_is_all_duplicates() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "recording", events(1200).as_bytes());
    let store = open();
    assert_eq!(load(&store, &path).stored, 1200);
    let again = load(&store, &path);
    assert_eq!((again.duplicates, again.stored, again.replaced), (1200, 0, 0));
    assert_eq!((store.len(), again.is_clean()), (1200, true));
}

#[test]
fn events_without_a_time_are_stamped_and_counted() {
    let (_, report) = load_bytes(b"{\"id\": 1}\n{\"id\": 2, \"wall_time\": 9}\n");
    assert_eq!((report.stored, report.timestamps_assigned), (2, 1));
    assert_eq!(report.span, Some((9, 9)));
}
