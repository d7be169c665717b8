//! Clients are cut at random, through every door, while others go on: no reply of theirs is lost, comes twice or is
//! another's; the store is whole; nothing is held for those who are gone.
//!
//! `CUTS=1000` cuts so many, `CUTS_SEED` does again what failed.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

#[path = "support/dice.rs"]
mod dice;
#[path = "support/open_doors.rs"]
mod open_doors;
#[path = "support/pipe.rs"]
mod pipe;
#[path = "support/steady.rs"]
mod steady;
#[path = "support/victims.rs"]
mod victims;
#[path = "support/wire.rs"]
mod wire;

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dice::Dice;
use open_doors::OpenDoors;
use serde_json::{Value, json};
use steady::{Batch, Keeper, Kept};
use victims::{Fate, Ledger, Victim};
use wire::{Cut, Request, Wire};

/// Long enough for the slowest machine; it only keeps a hang from lasting for ever.
const HANG: Duration = Duration::from_mins(2);

/// What everything beside the events may hold.
const MEMORY: usize = 64 << 20;

/// Clients that are cut at the same time.
const AT_ONCE: usize = 3;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable}={text}")))
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < HANG, "never: {what}");
        std::thread::yield_now();
    }
}

/// The steady clients, while the others are cut.
fn cut_all(doors: &mut OpenDoors, seed: u64, cuts: usize, ledger: &Ledger) -> Vec<Kept> {
    let (is_over, next) = (AtomicBool::new(false), AtomicUsize::new(0));
    let rounds = [const { AtomicU64::new(0) }; 3];
    let (http, listening) = (doors.http.as_str(), doors.listening.as_str());
    let stdio = &mut doors.stdio;
    std::thread::scope(|scope| {
        let (is_over, next) = (&is_over, &next);
        let [by_stdio, by_http, by_session] = &rounds;
        let keeper = |name: &str, who| Keeper::new(name, Dice::new(seed, who));
        let (first, second, third) = (keeper("stdio", 1), keeper("http", 2), keeper("session", 3));
        let steady = [
            scope.spawn(move || first.over_stdio(stdio, by_stdio, is_over)),
            scope.spawn(move || second.over_http(http, false, by_http, is_over)),
            scope.spawn(move || third.over_http(http, true, by_session, is_over)),
        ];
        let cut_some = || {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= cuts {
                    return;
                }
                let dice = Dice::new(seed, 100 + number as u64);
                Victim { number, dice, http, listening, ledger, batches: 0 }.suffer();
            }
        };
        let victims: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(cut_some)).collect();
        let ended: Vec<_> = victims.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        // Who stays has been answered while others were cut.
        let before = rounds.each_ref().map(|round| round.load(Ordering::Acquire));
        until("a steady client is answered", || {
            steady.iter().any(std::thread::ScopedJoinHandle::is_finished)
                || rounds.iter().zip(before).all(|(round, before)| round.load(Ordering::Acquire) > before)
        });
        is_over.store(true, Ordering::Release);
        let kept = steady.map(std::thread::ScopedJoinHandle::join);
        assert!(ended.iter().all(Result::is_ok), "a victim was answered what it should not be");
        kept.into_iter().map(|kept| kept.expect("a steady client is answered")).collect()
    })
}

/// One client that asks after everything.
struct Auditor(Wire, u64);

impl Auditor {
    fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.1 += 1;
        let reply = Request::call(None, self.1, tool, arguments).ask(&mut self.0).unwrap();
        let mut message = reply.message().unwrap_or_else(|| panic!("{reply:?}"));
        assert_eq!((&message["id"], &message["result"]["isError"]), (&json!(self.1), &json!(false)), "{message}");
        message["result"]["structuredContent"].take()
    }

    fn count(&mut self, mut filter: Value) -> u64 {
        filter["limit"] = json!(0);
        self.call("query_events", filter)["total_matched"].as_u64().unwrap()
    }

    /// Sends a batch again: what was stored of it is all of it, or nothing.
    fn settle(&mut self, batch: &Batch, fate: Fate) {
        let report = self.call("store_events", batch.arguments());
        let was_there = report["duplicates"].as_u64().unwrap();
        assert_eq!(report["stored"].as_u64().unwrap() + was_there, batch.events, "{batch:?} {report}");
        match fate {
            Fate::Stored => assert_eq!(was_there, batch.events, "{batch:?}: it was acknowledged"),
            Fate::Lost => assert_eq!(was_there, 0, "{batch:?}: it was not sent whole"),
            Fate::Doubtful => assert!(was_there == 0 || was_there == batch.events, "{batch:?}: {was_there} were there"),
        }
        assert_eq!(self.count(json!({"pid": batch.name})), batch.events);
    }
}

/// Everything that was held for those who are gone is free again: a body of nearly all of it finds room.
fn all_memory_is_free(address: &str) {
    let padding = "x".repeat(MEMORY - (1 << 20));
    let request = Request::posted("", json!({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"x": padding}}));
    until("all memory is free", || {
        let reply = request.ask(&mut Wire::connect(address)).unwrap();
        assert!(reply.status == 503 || reply.body.contains("only tools/call is taken"), "{reply:?}");
        reply.status == 413
    });
}

/// What producers sent is stored up to where they were cut, and the line that was cut is told once.
fn audit_producers(auditor: &mut Auditor, ledger: &Ledger) -> u64 {
    let produced = ledger.produced.lock().unwrap();
    let status = |auditor: &mut Auditor| auditor.call("capture_status", json!({}))["sources"][0].take();
    until("every producer was heard", || status(auditor)["connections"] == 0);
    let (mut stored, mut cut_lines, mut perhaps_cut) = (0, 0, 0);
    for producer in produced.iter() {
        let name = &producer.lines.name;
        let there = auditor.count(json!({"pid": name}));
        let beyond = auditor.count(json!({"pid": name, "since_timestamp": there}));
        assert_eq!(beyond, 0, "{producer:?}: a line is missing before others");
        match producer.how {
            Cut::Fin => assert_eq!(there, producer.lines.events, "{producer:?}"),
            Cut::Reset => assert!(there <= producer.lines.events, "{producer:?}: {there} are there"),
        }
        stored += there;
        match producer.how {
            Cut::Fin => cut_lines += u64::from(producer.is_cut_in_a_line),
            // What the system still held when it was cut is gone.
            Cut::Reset => perhaps_cut += u64::from(producer.lines.events > 0 || producer.is_cut_in_a_line),
        }
    }
    let status = status(auditor);
    assert_eq!(status["events"], stored, "{status}");
    let told = status["rejected"].as_u64().unwrap();
    assert!((cut_lines..=cut_lines + perhaps_cut).contains(&told), "{told}, not {cut_lines} and {perhaps_cut}");
    assert_eq!(status["records"], stored + told, "{status}");
    stored
}

#[test]
fn cuts_of_some_cost_the_others_no_reply_and_leave_a_whole_store() {
    let seed = number("CUTS_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let cuts = number("CUTS").unwrap_or(64) as usize;
    // Shown where the test fails.
    eprintln!("CUTS_SEED={seed} CUTS={cuts}");
    let memory = MEMORY.to_string();
    let mut doors = OpenDoors::start(&["--max-memory", &memory, "--max-events", "none"]);
    // Once it answers on stdio, every door is open.
    doors.stdio.call("get_stats", &json!({}));
    let descriptors = doors.descriptors();
    let ledger = Ledger::default();
    let kept = cut_all(&mut doors, seed, cuts, &ledger);

    until("every connection is closed", || doors.descriptors() <= descriptors);
    all_memory_is_free(&doors.http);
    let mut auditor = Auditor(Wire::connect(&doors.http), 0);
    let mut total = audit_producers(&mut auditor, &ledger);
    assert_eq!(auditor.count(json!({"session_id": "producers"})), total);
    for client in &kept {
        assert_eq!(auditor.count(json!({"session_id": client.source})), client.stored, "{}", client.source);
        total += client.stored;
    }
    let doubtful = kept.iter().flat_map(|client| &client.doubtful).map(|batch| (batch, Fate::Doubtful));
    let batches = ledger.batches.lock().unwrap();
    for (batch, fate) in batches.iter().map(|(batch, fate)| (batch, *fate)).chain(doubtful) {
        auditor.settle(batch, fate);
        total += batch.events;
    }
    assert_eq!(auditor.call("get_stats", json!({}))["total_events"], total);
    drop(auditor);

    let (run, said) = doors.finish();
    assert_eq!((run.status.code(), run.replies), (Some(0), Vec::new()));
    let failures: Vec<&String> =
        said.iter().filter(|line| line.contains("panicked") || line.contains("failed")).collect();
    assert_eq!(failures, Vec::<&String>::new());
}

#[test]
fn a_line_that_is_cut_is_told_once_however_it_was_cut() {
    for how in [Cut::Fin, Cut::Reset] {
        let doors = OpenDoors::start(&[]);
        let mut auditor = Auditor(Wire::connect(&doors.http), 0);
        let mut stream = TcpStream::connect(&doors.listening).unwrap();
        stream.write_all(b"{\"id\": \"whole\", \"ts\": 1}\n{\"id\": \"half\", \"ts\"").unwrap();
        until("the whole line is stored", || auditor.count(json!({})) == 1);
        wire::cut(stream, how);
        let status = |auditor: &mut Auditor| auditor.call("capture_status", json!({}))["sources"][0].take();
        until("the connection is over", || status(&mut auditor)["connections"] == 0);
        let status = status(&mut auditor);
        assert_eq!(
            json!([status["records"], status["events"], status["rejected"]]),
            json!([2, 1, 1]),
            "{how:?} {status}"
        );
        assert_eq!(auditor.count(json!({})), 1);
        drop(auditor);
        let (_, said) = doors.finish();
        let told = said.iter().filter(|line| line.contains("line 2, byte 25")).count();
        assert_eq!(told, 1, "{how:?} {said:?}");
    }
}

#[test]
fn a_record_that_is_cut_is_told_however_it_was_cut() {
    // Terms that are integers, with {packet, 4}.
    const RECORD: [u8; 7] = [0, 0, 0, 3, 131, 97, 1];
    for how in [Cut::Fin, Cut::Reset] {
        let doors = OpenDoors::start(&[]);
        let mut auditor = Auditor(Wire::connect(&doors.http), 0);
        let mut stream = TcpStream::connect(&doors.listening).unwrap();
        stream.write_all(&[&RECORD[..], &RECORD[..5]].concat()).unwrap();
        until("the whole record is stored", || auditor.count(json!({})) == 1);
        wire::cut(stream, how);
        let status = |auditor: &mut Auditor| auditor.call("capture_status", json!({}))["sources"][0].take();
        until("the connection is over", || status(&mut auditor)["connections"] == 0);
        let status = status(&mut auditor);
        assert_eq!((&status["records"], &status["events"]), (&json!(1), &json!(1)), "{how:?} {status}");
        let error = status["last_error"].as_str().unwrap();
        let told = "byte 7: the connection ended inside a record: 5 of 7 bytes came; those before are kept";
        assert!(error.contains(told), "{how:?} {error}");
    }
}
