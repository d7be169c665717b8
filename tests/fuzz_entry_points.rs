//! What the fuzzers of `fuzz/` ask, briefly and on stable: the corpus they left, and random bytes near it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

#[path = "support/entry_points.rs"]
mod entry_points;

use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

/// The inputs that the fuzzer of this name left, smallest first.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    let mut files: Vec<Vec<u8>> = files.collect();
    files.sort_by_key(|bytes| (bytes.len(), bytes.clone()));
    assert!((3..300).contains(&files.len()), "{} files: minimise it (cargo fuzz cmin {target})", files.len());
    files
}

/// A change to an input: a byte written over, a part taken out, or a part of another input put in.
#[derive(Clone, Debug)]
enum Change {
    Write(Index, u8),
    Remove(Index, Index),
    Insert(Index, Index, Index, Index),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let at = any::<Index>;
    let change = prop_oneof![
        3 => (at(), any::<u8>()).prop_map(|(place, byte)| Change::Write(place, byte)),
        1 => (at(), at()).prop_map(|(from, to)| Change::Remove(from, to)),
        2 => (at(), at(), at(), at()).prop_map(|(place, input, from, to)| Change::Insert(place, input, from, to)),
    ];
    proptest::collection::vec(change, 0..5)
}

/// Two places of an input in order; the end is one.
fn span(from: Index, to: Index, bytes: &[u8]) -> std::ops::Range<usize> {
    let (from, to) = (from.index(bytes.len() + 1), to.index(bytes.len() + 1));
    from.min(to)..from.max(to)
}

fn changed(mut bytes: Vec<u8>, changes: &[Change], corpus: &[Vec<u8>]) -> Vec<u8> {
    for change in changes {
        match change {
            Change::Write(place, byte) if !bytes.is_empty() => *place.get_mut(&mut bytes) = *byte,
            Change::Write(_, byte) => bytes.push(*byte),
            Change::Remove(from, to) => drop(bytes.drain(span(*from, *to, &bytes))),
            Change::Insert(place, input, from, to) => {
                let other = input.get(corpus);
                let place = place.index(bytes.len() + 1);
                bytes.splice(place..place, other[span(*from, *to, other)].iter().copied());
            }
        }
    }
    bytes
}

/// Replays the corpus of a target and asks about inputs made from it.
fn hold(target: &str, ask: fn(&[u8]), cases: u32) {
    let corpus = corpus(target);
    for bytes in &corpus {
        ask(bytes);
    }
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let inputs = (any::<Index>(), changes());
    let outcome = TestRunner::new(config).run(&inputs, |(input, changes)| {
        ask(&changed(input.get(&corpus).clone(), &changes, &corpus));
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn any_text_is_refused_as_an_event_or_found_and_shown_as_it_was_told() {
    hold("event", entry_points::event, 10_000);
}

#[test]
fn any_arguments_of_any_tool_are_refused_or_answered_as_its_schema_promises() {
    hold("filter", entry_points::filter, 10_000);
}

#[test]
fn no_cursor_is_accepted_that_was_never_given_out() {
    hold("cursor", entry_points::cursor, 3_000);
}

#[test]
fn any_line_of_stdin_is_a_message_or_refused_with_a_reason() {
    hold("line", entry_points::line, 10_000);
}

#[test]
fn any_bytes_are_refused_as_a_term_or_written_the_same_in_every_form() {
    hold("etf", entry_points::etf, 10_000);
}

#[test]
fn any_file_is_refused_or_its_events_are_counted_and_shown_as_they_are() {
    hold("import", entry_points::import, 3_000);
}

#[test]
fn any_crash_dump_is_read() {
    hold("crash_dump", entry_points::crash_dump, 2_000);
}

#[test]
fn any_log_is_read() {
    hold("log", entry_points::log, 2_000);
}

#[test]
fn any_records_of_a_trace_are_events_or_told() {
    hold("trace_file", entry_points::trace_file, 2_000);
}
