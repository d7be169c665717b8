//! Terms of two real recordings, decoded and shown, beside the `eetf` crate: `cargo bench --bench etf`.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "a benchmark stops at the first surprise and prints")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Read;
use std::path::Path;
use std::time::Instant;

use elixir_scope_storage::etf::{Term, show};

/// Records decoded by one measurement; the recordings are repeated.
const RECORDS: usize = 1_000_000;

/// Measurements of each, in turn; the best counts.
const ROUNDS: usize = 3;

/// Records of a trace port: `<<0, Len:32, Term/binary>>`.
fn recorded(name: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/recordings").join(name);
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

fn main() {
    let mut records = recorded("s1_race.trace.gz");
    records.extend(recorded("s3_badstate.trace.gz"));
    let bytes = records.iter().map(Vec::len).sum::<usize>() / records.len();
    println!("{RECORDS} records ({} different ones of {bytes} bytes each), ns a record:", records.len());

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
}
