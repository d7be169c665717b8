//! Terms of real recordings, decoded and shown, beside the `eetf` crate, and the whole way into the store: `cargo
//! bench --bench etf`.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "a benchmark stops at the first surprise and prints")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Read;
use std::path::Path;
use std::time::Instant;

use elixir_scope_storage::etf::{Term, show};
use elixir_scope_storage::trace::{Recorder, Session};
use elixir_scope_storage::{EventStore, Settings};

/// Records decoded by one measurement; the recordings are repeated.
const RECORDS: usize = 1_000_000;

/// Measurements of each, in turn; the best counts.
const ROUNDS: usize = 3;

/// Recordings whose records are of 233 bytes on average, as they come one after the other.
const RECORDINGS: [&str; 7] = [
    "examples/recordings/s1_race.trace.gz",
    "examples/recordings/s3_badstate.trace.gz",
    "tests/data/n_plus_one.trace.gz",
    "tests/data/n_plus_one_fixed.trace.gz",
    "tests/data/state_growth.trace.gz",
    "examples/recordings/s3_badstate.trace.gz",
    "examples/recordings/s1_race.trace.gz",
];

/// Records of a trace port: `<<0, Len:32, Term/binary>>`.
fn recorded(name: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let file = std::fs::File::open(path).expect("the recording");
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).expect("gzip");
    let mut rest = &bytes[..];
    let mut records = Vec::new();
    while let Some((head, after)) = rest.split_at_checked(5) {
        let (record, after) = after.split_at(u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize);
        records.push(record.to_vec());
        rest = after;
    }
    records
}

/// Nanoseconds a record.
fn measure(records: &[Vec<u8>], mut decode: impl FnMut(&[u8])) -> f64 {
    let start = Instant::now();
    for record in records.iter().cycle().take(RECORDS) {
        decode(record);
    }
    start.elapsed().as_nanos() as f64 / RECORDS as f64
}

/// The recordings one after the other as one that goes on in time: each repetition 0.4 s later than the one before.
fn going_on(records: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut all = Vec::with_capacity(RECORDS);
    for (place, record) in records.iter().cycle().take(RECORDS).enumerate() {
        let mut record = record.clone();
        let repetition = (place / records.len()) as u64;
        // `{Mono, Unique}` ends a record: two negative integers of eight bytes, `110, 8, 1, ...`.
        for (from_end, step) in [(22, 400_000_000), (11, 10_000)] {
            let start = record.len() - from_end;
            assert_eq!(record[start..start + 3], [110, 8, 1]);
            let digits = &mut record[start + 3..start + 11];
            let magnitude = u64::from_le_bytes((&*digits).try_into().expect("eight bytes"));
            digits.copy_from_slice(&(magnitude - repetition * step).to_le_bytes());
        }
        all.push(record);
    }
    all
}

/// Processor time of this process, all threads, in ticks of 10 ms.
fn ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit(')').next().expect("a name").split_whitespace().collect();
    fields[11..13].iter().map(|field| field.parse::<u64>().expect("a number")).sum()
}

/// Nanoseconds a record to the end of the way: elapsed, and of processor time in all threads.
fn whole_way(records: &[Vec<u8>], store: Option<&EventStore>) -> (f64, f64) {
    let (start, before) = (Instant::now(), ticks());
    let mut recorder = Recorder::new(Session { prefix: "abcdef-".to_owned(), ..Session::default() });
    for record in records {
        recorder.take(Term::parse(record).expect("a term"));
        if recorder.is_full() {
            recorder.hand_over(|events| store.map(|store| store.store_events(black_box(events))));
        }
    }
    recorder.finish();
    recorder.hand_over(|events| store.map(|store| store.store_events(events)));
    let each = records.len() as f64;
    (start.elapsed().as_nanos() as f64 / each, (ticks() - before) as f64 * 1e7 / each)
}

fn main() {
    let records: Vec<Vec<u8>> = RECORDINGS.iter().flat_map(|name| recorded(name)).collect();
    let bytes = records.iter().map(Vec::len).sum::<usize>() / records.len();
    println!("{RECORDS} records ({} of {bytes} bytes, again and again), ns a record:", records.len());

    let mut best = [f64::MAX; 4];
    let mut text = String::new();
    for _ in 0..ROUNDS {
        let rounds = [
            measure(&records, |record| {
                black_box(Term::parse(record).expect("a term"));
            }),
            measure(&records, |record| {
                text.clear();
                show::elixir_json(Term::parse(record).expect("a term"), &mut text, usize::MAX);
                black_box(&text);
            }),
            measure(&records, |record| {
                black_box(eetf::Term::decode(record).expect("a term"));
            }),
            measure(&records, |record| {
                text.clear();
                write!(text, "{}", eetf::Term::decode(record).expect("a term")).expect("a string");
                black_box(&text);
            }),
        ];
        for (best, round) in best.iter_mut().zip(rounds) {
            *best = best.min(round);
        }
    }
    let [parse, shown, peer, peer_shown] = best;
    println!("  parse                 {parse:6.0}");
    println!("  parse and show        {shown:6.0}");
    println!("  eetf: decode          {peer:6.0}   {:.1}x", peer / parse);
    println!("  eetf: decode and show {peer_shown:6.0}   {:.1}x", peer_shown / shown);

    let records = going_on(&records);
    println!("ns a record (processor time of all threads; records a second on one core; elapsed):");
    let mut best = [(f64::MAX, f64::MAX); 2];
    for _ in 0..ROUNDS {
        let store = EventStore::open(Settings { max_events: None, max_bytes: None, ..Settings::default() });
        let rounds = [whole_way(&records, None), whole_way(&records, store.as_ref().ok())];
        for (best, round) in best.iter_mut().zip(rounds) {
            *best = (best.0.min(round.0), best.1.min(round.1));
        }
    }
    for (what, (elapsed, processor)) in ["parse and record", "parse, record and store"].iter().zip(best) {
        println!("  {what:<24} {processor:6.0}   {:7.0}/s   {elapsed:6.0}", 1e9 / processor);
    }
    println!("  of eetf's decoding alone, decoding, recording and storing take {:.2}", best[1].1 / peer);
}
