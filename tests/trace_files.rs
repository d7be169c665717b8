//! Binary traces of real programs, whole, in turns, packed and damaged: what is kept, and what is said.

#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

use std::io::{Read as _, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use elixir_scope_storage::ingest::{Format, ImportOptions, ImportReport, Place, import, import_watched};
use elixir_scope_storage::{ErrorKind, EventStore, Filter, Query, Settings, StoredEvent, Unwatched};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use tempfile::TempDir;

/// A recording as `dbg:trace_port(file, ...)` wrote it.
struct Trace {
    bytes: Vec<u8>,
    /// Where its records lie.
    records: Vec<Range<usize>>,
}

impl Trace {
    fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/recordings").join(name);
        let mut bytes = Vec::new();
        GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
        let mut records = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            assert_eq!(bytes[at], 0, "these recordings dropped nothing");
            let length = u32::from_be_bytes(bytes[at + 1..at + 5].try_into().unwrap()) as usize;
            records.push(at..at + 5 + length);
            at += 5 + length;
        }
        Self { bytes, records }
    }

    /// The bytes of these records.
    fn slice(&self, records: Range<usize>) -> &[u8] {
        &self.bytes[self.records[records.start].start..self.records[records.end - 1].end]
    }

    /// The same terms as `{packet, 4}`.
    fn packets(&self) -> Vec<u8> {
        self.records.iter().flat_map(|record| &self.bytes[record.start + 1..record.end]).copied().collect()
    }
}

static RACE: LazyLock<Trace> = LazyLock::new(|| Trace::read("s1_race.trace.gz"));
static CRASH: LazyLock<Trace> = LazyLock::new(|| Trace::read("s3_badstate.trace.gz"));

fn open() -> EventStore {
    EventStore::open(Settings::UNBOUNDED).unwrap()
}

fn load(store: &EventStore, path: &Path) -> ImportReport {
    let report = import(store, path, &mut |_| ()).unwrap();
    assert_eq!(report.events, report.stored + report.replaced + report.duplicates + report.rejected);
    report
}

/// Imports one file of these bytes into an empty store.
fn load_bytes(bytes: &[u8]) -> (EventStore, ImportReport) {
    let folder = TempDir::new().unwrap();
    let store = open();
    let report = load(&store, &file(&folder, "app.trace", bytes));
    store.verify().unwrap();
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

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// Every event of a store, as JSON.
fn everything(store: &EventStore) -> Vec<String> {
    let mut query = Query { limit: 10_000, ..Query::default() };
    let mut events = Vec::new();
    loop {
        let page = store.query_events(&query).unwrap();
        events.extend(page.events.iter().map(StoredEvent::to_json));
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            return events;
        }
    }
}

/// The place of the one complaint why a file was not read to its end.
fn broken_at(report: &ImportReport) -> u64 {
    assert_eq!(report.broken.len(), 1, "{report:?}");
    offset(report.broken[0].place)
}

fn offset(place: Place) -> u64 {
    let Place::Offset(offset) = place else { unreachable!("a trace has no lines: {place}") };
    offset
}

#[test]
fn a_recording_is_one_session_without_unknown_messages() {
    for (trace, name) in [(&*RACE, "s1_race"), (&*CRASH, "s3_badstate")] {
        let store = open();
        let report = load(&store, Path::new(&format!("examples/recordings/{name}.trace.gz")));
        assert!(report.is_clean(), "{report:?}");
        assert_eq!((report.records, report.unknown, report.dropped), (trace.records.len() as u64, 0, 0));
        assert!(report.stored > 600, "{report:?}");
        let [recording] = report.recordings.as_slice() else { unreachable!("{report:?}") };
        assert_eq!(recording.format, Format::Dbg);
        let session = recording.session_id.clone().unwrap();
        assert!(session.starts_with(&format!("{name}-")) && session.len() == name.len() + 7, "{session}");
        let filter = Filter { session_id: Some(session), ..Filter::default() };
        assert_eq!(store.query_events(&Query::new(filter)).unwrap().total_matched, Some(report.stored));
    }
}

#[test]
fn packets_hold_the_same_events_as_dbg_records() {
    let (dbg, _) = load_bytes(&CRASH.bytes);
    let (packets, report) = load_bytes(&CRASH.packets());
    assert_eq!(report.recordings[0].format, Format::Packets);
    assert_eq!((report.records, report.is_clean()), (CRASH.records.len() as u64, true));
    assert_eq!(everything(&dbg), everything(&packets));
}

#[test]
fn what_is_packed_is_unpacked_whatever_it_is_called() {
    let (plain, _) = load_bytes(&RACE.bytes);
    let expected = everything(&plain);
    let half = RACE.slice(0..300).len();
    let (first, second) = RACE.bytes.split_at(half + 3);
    let skipped = [&b"\x5a\x2a\x4d\x18\x03\0\0\0abc"[..], &zstd(&RACE.bytes)].concat();
    for packed in [
        gzip(&RACE.bytes),
        [gzip(first), gzip(second)].concat(),
        zstd(&RACE.bytes),
        [zstd(first), zstd(b""), zstd(second)].concat(),
        skipped,
        zstd(&RACE.packets()),
        gzip(&RACE.packets()),
    ] {
        let (store, report) = load_bytes(&packed);
        assert!(report.is_clean(), "{report:?}");
        assert_eq!(everything(&store), expected);
        assert_eq!(report.bytes, packed.len() as u64);
    }
}

#[test]
fn text_is_read_from_zstd_too() {
    for text in ["{\"ts\": 1}\n{\"ts\": 2}\n", "[{\"ts\": 1}, {\"ts\": 2}]", "{\"events\": [{\"ts\": 1}, {\"ts\": 2}]}"]
    {
        let (_, report) = load_bytes(&zstd(text.as_bytes()));
        assert_eq!((report.stored, report.is_clean()), (2, true), "{text}");
    }
}

#[test]
fn of_zstd_that_is_cut_or_damaged_what_came_before_is_kept() {
    // Three frames: the damage is in the last.
    let third = RACE.records.len() / 3;
    let whole = [zstd(RACE.slice(0..third)), zstd(RACE.slice(third..2 * third))].concat();
    let last = zstd(RACE.slice(2 * third..RACE.records.len()));
    let (_, report) = load_bytes(&[&whole[..], &last[..last.len() / 2]].concat());
    assert!(report.broken[0].message.contains("the zstd data is cut short"), "{report:?}");
    assert!(report.records >= 2 * third as u64, "{report:?}");

    let mut wrong = last.clone();
    *wrong.last_mut().unwrap() ^= 1;
    let (_, report) = load_bytes(&[&whole[..], &wrong].concat());
    assert!(report.broken[0].message.contains("checksum"), "{report:?}");
    assert!(report.records >= 2 * third as u64, "{report:?}");

    let (_, report) = load_bytes(&[&whole[..], b"more"].concat());
    assert!(report.broken[0].message.contains("the zstd data is damaged"), "{report:?}");
    assert_eq!(report.records, 2 * third as u64);
}

#[test]
fn a_zstd_frame_that_wants_a_huge_window_is_refused() {
    // Frame header: no single segment, window descriptor of 2^41 bytes; then one raw block.
    let bomb = [&b"\x28\xb5\x2f\xfd\x00\xf8"[..], b"\x01\0\0"].concat();
    let (store, report) = load_bytes(&bomb);
    assert!(report.broken[0].message.contains("at most 134217728"), "{report:?}");
    assert_eq!(store.len(), 0);
}

#[test]
fn compressed_terms_are_read() {
    let mut packed = Vec::new();
    for record in &RACE.records {
        let term = &RACE.bytes[record.start + 6..record.end];
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(term).unwrap();
        let zlib = zlib.finish().unwrap();
        packed.push(0);
        packed.extend((zlib.len() as u32 + 6).to_be_bytes());
        packed.extend([131, 80]);
        packed.extend((term.len() as u32).to_be_bytes());
        packed.extend(zlib);
    }
    let (store, report) = load_bytes(&packed);
    assert!(report.is_clean(), "{report:?}");
    let types = |store: &EventStore| store.get_stats().top_event_types;
    assert_eq!(types(&store), types(&load_bytes(&RACE.bytes).0));
}

#[test]
fn the_same_recording_again_adds_nothing_and_a_grown_one_its_new_events() {
    let folder = TempDir::new().unwrap();
    let store = open();
    let half = CRASH.records.len() / 2;
    let path = file(&folder, "app.trace", CRASH.slice(0..half));
    let first = load(&store, &path);
    let again = load(&store, &path);
    assert_eq!((again.stored, again.replaced, again.duplicates), (0, 0, first.stored));

    file(&folder, "app.trace", &CRASH.bytes);
    let grown = load(&store, &path);
    assert!(grown.stored > 0 && grown.is_clean(), "{grown:?}");
    assert_eq!(store.len(), load_bytes(&CRASH.bytes).1.stored);
}

#[test]
fn recordings_of_one_name_do_not_mix() {
    let (one, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let store = open();
    let race = load(&store, &file(&one, "app.trace", &RACE.bytes));
    let crash = load(&store, &file(&other, "app.trace", &CRASH.bytes));
    assert_eq!(store.len(), race.stored + crash.stored);
    let sessions: Vec<&str> = race.session_ids().chain(crash.session_ids()).collect();
    assert!(sessions.len() == 2 && sessions[0] != sessions[1], "{sessions:?}");
}

/// A wrap set whose file 2 is missing: 3 is the oldest, 1 the newest.
fn wrap_set(suffix: &str) -> (TempDir, Vec<PathBuf>) {
    let folder = TempDir::new().unwrap();
    let n = CRASH.records.len();
    let quarters = [0..n / 4, n / 4..n / 2, n / 2..3 * n / 4, 3 * n / 4..n];
    let files = [3, 4, 0, 1].iter().zip(quarters);
    let files = files.map(|(number, part)| file(&folder, &format!("app{number}{suffix}"), CRASH.slice(part)));
    let files = files.collect();
    (folder, files)
}

#[test]
fn a_wrap_set_is_one_recording_in_the_order_written() {
    // The number of an event is its place in the recording, so the order shows in the ids.
    let whole = TempDir::new().unwrap();
    let expected = open();
    load(&expected, &file(&whole, "app.trace", &CRASH.bytes));
    let expected = everything(&expected);
    for suffix in ["", ".wrap", "_x.log"] {
        let (folder, files) = wrap_set(suffix);
        for path in [&files[0], &files[3], &folder.path().join("app"), &folder.path().to_owned()] {
            let store = open();
            let report = load(&store, path);
            assert!(report.is_clean(), "{}: {report:?}", path.display());
            assert_eq!(report.recordings.len(), 1, "{report:?}");
            assert_eq!(report.recordings[0].files, files);
            assert_eq!((report.records, report.notes.len()), (CRASH.records.len() as u64, 0));
            assert_eq!(everything(&store), expected, "{}", path.display());
        }
    }
}

#[test]
fn a_damaged_file_of_a_wrap_set_costs_its_own_rest() {
    let (folder, files) = wrap_set(".wrap");
    let mut bytes = std::fs::read(&files[1]).unwrap();
    let cut = bytes.len() - 10;
    bytes.truncate(cut);
    std::fs::write(&files[1], &bytes).unwrap();
    let report = load(&open(), &folder.path().join("app"));
    assert_eq!(report.broken.len(), 1);
    assert_eq!(report.broken[0].file, files[1]);
    assert_eq!(report.records, CRASH.records.len() as u64 - 1);
}

#[test]
fn recordings_that_are_only_numbered_like_a_set_stay_apart() {
    let folder = TempDir::new().unwrap();
    let first = file(&folder, "run0.trace", &RACE.bytes);
    file(&folder, "run1.trace", &CRASH.bytes);
    let report = load(&open(), &first);
    assert_eq!((report.records, report.notes.len()), (RACE.records.len() as u64, 1), "{:?}", report.notes);
    assert!(report.notes[0].text.contains("their times overlap"), "{:?}", report.notes);
    let report = load(&open(), folder.path());
    assert_eq!((report.recordings.len(), report.is_clean()), (2, true), "{report:?}");
}

#[test]
fn sets_that_start_alike_are_told_apart_by_a_file() {
    let (folder, files) = wrap_set(".wrap");
    file(&folder, "app0.log", &RACE.bytes);
    let error = import(&open(), &folder.path().join("app"), &mut |_| ()).unwrap_err();
    assert!(error.kind() == ErrorKind::Invalid && error.to_string().contains("several wrap sets"), "{error}");
    assert_eq!(load(&open(), &files[2]).recordings[0].files, files);
}

#[test]
fn what_ttb_writes_beside_a_trace_is_noted_and_not_read() {
    // As ttb writes a term into it: its length in one byte, then the term.
    let about = b"\x15\x83h\x02d\0\x04noded\0\x06a@host";
    let folder = TempDir::new().unwrap();
    file(&folder, "a@host-ttb", &RACE.bytes);
    let ti = file(&folder, "a@host-ttb.ti", about);
    let report = load(&open(), folder.path());
    assert_eq!((report.records, report.is_clean()), (RACE.records.len() as u64, true));
    assert_eq!(report.notes.len(), 1);
    assert_eq!(report.notes[0].path, ti);
    let error = import(&open(), &ti, &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("ttb"), "{error}");
}

#[test]
fn dropped_messages_are_counted_and_are_a_gap() {
    let dropped = b"\x01\0\0\x01\x02";
    for parts in [
        &[dropped, RACE.slice(0..100)][..],
        &[RACE.slice(0..50), dropped, RACE.slice(50..100)],
        &[RACE.slice(0..100), dropped],
    ] {
        let (store, report) = load_bytes(&parts.concat());
        assert_eq!((report.records, report.dropped, report.gaps), (100, 258, 1), "{report:?}");
        assert!(report.is_clean());
        let filter = Filter { event_types: vec!["gap".to_owned()], ..Filter::default() };
        assert_eq!(store.query_events(&Query::new(filter)).unwrap().total_matched, Some(1));
    }
    let (_, report) = load_bytes(dropped);
    assert_eq!((report.records, report.dropped, report.is_clean()), (0, 258, true), "{report:?}");
}

#[test]
fn bytes_that_are_no_record_are_told_by_their_offset() {
    let good = RACE.slice(0..40);
    let at = good.len() as u64;
    for (bad, expected) in [
        (&b"\x02\0\0\0\x01x"[..], "found byte 2"),
        (b"\0\0\0", "3 of the 5 bytes"),
        (b"\0\0\0\0\x09\x83h", "has 9 bytes, 2 are there"),
        (b"\0\xff\xff\xff\xff\x83h", "has 4294967295 bytes, 2 are there"),
        (b"\0\x03\xff\xff\xff\x83h", "has 67108863 bytes, 2 are there"),
        (b"\x01\0\0\0\x05\x83", "no record follows"),
    ] {
        let (store, report) = load_bytes(&[good, bad].concat());
        assert_eq!((report.records, report.rejected, report.dropped), (40, 0, 0), "{report:?}");
        assert_eq!(broken_at(&report), at);
        assert!(report.broken[0].message.contains(expected), "{report:?}");
        assert_eq!(store.len(), load_bytes(good).1.stored);
    }
}

#[test]
fn a_record_that_is_no_term_costs_that_record() {
    let (good, rest) = (RACE.slice(0..40), RACE.slice(40..80));
    let (_, report) = load_bytes(&[good, b"\0\0\0\0\x03\x83\xff\0", rest].concat());
    assert_eq!((report.records, report.rejected, report.broken.len()), (80, 1, 0), "{report:?}");
    let complaint = offset(report.first_errors[0].place);
    assert!((good.len() as u64 + 5..good.len() as u64 + 8).contains(&complaint), "{complaint}");

    // Where no record follows, its length was wrong.
    let (_, report) = load_bytes(&[good, b"\0\0\0\0\x02\x83\xff\0", rest].concat());
    assert_eq!((report.records, report.rejected), (40, 1), "{report:?}");
    assert_eq!(broken_at(&report), good.len() as u64 + 7);
}

#[test]
fn a_record_that_is_too_long_is_read_past() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "app.trace", RACE.slice(0..10));
    let mut trace = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    let length: u32 = 100 << 20;
    trace.write_all(&[&[0][..], &length.to_be_bytes()].concat()).unwrap();
    // A hole: nothing is written for it.
    trace.set_len(RACE.slice(0..10).len() as u64 + 5 + u64::from(length)).unwrap();
    trace.write_all(RACE.slice(10..20)).unwrap();
    let report = load(&open(), &path);
    assert_eq!((report.records, report.rejected, report.broken.len()), (20, 1, 0), "{report:?}");
    assert!(report.first_errors[0].message.contains("104857600 bytes"), "{report:?}");
}

#[test]
fn long_values_are_cut_and_counted() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "app.trace", &CRASH.bytes);
    let mut options = ImportOptions::default();
    assert_eq!(import_watched(&open(), &path, &options, &Unwatched).unwrap().cut, 0);
    options.max_value_bytes = 64;
    let report = import_watched(&open(), &path, &options, &Unwatched).unwrap();
    assert!(report.cut > 0 && report.is_clean(), "{report:?}");
}

#[test]
fn the_limits_hold_while_a_trace_is_read() {
    let settings = Settings { max_events: Some(200), segment_rows: 100, ..Settings::UNBOUNDED };
    let store = EventStore::open(settings).unwrap();
    let folder = TempDir::new().unwrap();
    let mut most = 0;
    // More than wait for their order.
    let path = file(&folder, "app.trace", &CRASH.bytes.repeat(20));
    let report = import(&store, &path, &mut |_| most = most.max(store.len())).unwrap();
    assert_eq!((most, store.len()), (200, 200));
    assert_eq!(report.pruned, report.stored - 200);
}

/// How many records lie wholly before a byte.
fn before(trace: &Trace, byte: usize) -> u64 {
    trace.records.iter().filter(|record| record.end <= byte).count() as u64
}

/// A trace whose damage starts at a byte: what came before is kept, what is said lies inside the file.
fn check_damaged(bytes: &[u8], damage: usize) {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "app.trace", bytes);
    let store = open();
    match import(&store, &path, &mut |_| ()) {
        Ok(report) => {
            assert!(report.records >= before(&RACE, damage), "{report:?}");
            for complaint in report.broken.iter().chain(&report.first_errors) {
                assert!(offset(complaint.place) < bytes.len() as u64, "{complaint} of {}", bytes.len());
            }
            store.verify().unwrap();
        }
        // Only a file that does not start as one is no trace at all.
        Err(error) => assert!(damage < 6 && error.kind() == ErrorKind::Invalid, "{error}"),
    }
}

/// The first records of a recording.
const FEW: usize = 120;

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_trace_cut_anywhere_keeps_what_came_before(at in 1..RACE.slice(0..FEW).len()) {
        let cut = &RACE.slice(0..FEW)[..at];
        check_damaged(cut, at);
        let (_, report) = load_bytes(cut);
        let whole = before(&RACE, at);
        prop_assert_eq!(report.records, whole);
        let is_between = RACE.records.iter().any(|record| record.end == at);
        prop_assert_eq!(report.is_clean(), is_between, "{:?}", report);
    }

    #[test]
    fn a_trace_with_flipped_bytes_keeps_what_came_before(
        flips in prop::collection::vec((0..RACE.slice(0..FEW).len(), 1..=255_u8), 1..4),
    ) {
        let mut bytes = RACE.slice(0..FEW).to_vec();
        for (at, bits) in &flips {
            bytes[*at] ^= bits;
        }
        check_damaged(&bytes, flips.iter().map(|(at, _)| *at).min().unwrap());
    }

    #[test]
    fn any_bytes_after_good_records_do_no_harm(noise in prop::collection::vec(any::<u8>(), 0..64)) {
        let good = RACE.slice(0..20);
        check_damaged(&[good, &noise].concat(), good.len());
    }
}

#[test]
fn a_trace_cut_at_the_edges_of_its_first_records_keeps_what_came_before() {
    for record in &RACE.records[..12] {
        for at in record.start.saturating_sub(2)..record.start + 8 {
            if at > 0 {
                check_damaged(&RACE.bytes[..at], at);
                assert_eq!(load_bytes(&RACE.bytes[..at]).1.records, before(&RACE, at));
            }
        }
    }
}
