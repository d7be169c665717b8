//! Does every record that a real node wrote read as a term?

use std::io::Read;
use std::path::Path;

use elixir_scope_storage::etf::{Term, View, show};

/// Records of a trace port: `<<0, Len:32, Term/binary>>`.
pub(crate) fn records(name: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/recordings").join(name);
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    let mut rest = &bytes[..];
    let mut records = Vec::new();
    while let Some((head, after)) = rest.split_at_checked(5) {
        assert_eq!(head[0], 0);
        let (record, after) = after.split_at(u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize);
        records.push(record.to_vec());
        rest = after;
    }
    assert!(rest.is_empty());
    records
}

#[test]
fn every_record_of_the_recordings_is_a_trace_tuple_and_is_shown_whole() {
    for (name, count) in [("s1_race.trace.gz", 693), ("s3_badstate.trace.gz", 922)] {
        let records = records(name);
        assert_eq!(records.len(), count, "{name}");
        for record in &records {
            let term = Term::parse(record).unwrap();
            assert_eq!(term.as_bytes(), &record[1..]);
            let kind = term.tuple().unwrap().next().unwrap().atom().unwrap();
            assert!(kind.is("trace_ts"), "{kind:?}");
            assert!(matches!(term.view(), View::Tuple(_)));
            let mut text = String::new();
            assert!(!show::elixir(term, &mut text, usize::MAX));
            assert!(text.starts_with("{:trace_ts, #PID<0."), "{text}");
            let mut json = String::new();
            assert!(!show::elixir_json(term, &mut json, usize::MAX));
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}

#[test]
fn a_record_cut_or_flipped_anywhere_is_refused_within_its_bytes_or_still_shown() {
    let record = records("s3_badstate.trace.gz").into_iter().max_by_key(|record| record.len().min(1500)).unwrap();
    for end in 0..record.len() {
        assert!(super::refusal(&record[..end]).0 <= end);
    }
    for at in 0..record.len() {
        for bit in 0..8 {
            let mut bytes = record.clone();
            bytes[at] ^= 1 << bit;
            match Term::parse(&bytes) {
                Ok(term) => assert!(!show::elixir(term, &mut String::new(), usize::MAX)),
                Err(error) => assert!(error.offset <= bytes.len() && !error.message.is_empty(), "{error}"),
            }
        }
    }
}
