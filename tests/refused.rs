//! A call that finds no memory and a call that is given up, through every door: it is told, it ends, and the next one is
//! answered.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

#[path = "support/open_doors.rs"]
mod open_doors;
#[path = "support/pipe.rs"]
mod pipe;
#[path = "support/wire.rs"]
mod wire;

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use open_doors::OpenDoors;
use serde_json::{Value, json};
use wire::{Cut, Reply, Request, Wire, shake_hands};

/// Long enough for the slowest machine; it only keeps a hang from lasting for ever.
const HANG: Duration = Duration::from_mins(2);

const MIB: usize = 1 << 20;

/// What everything beside the events may hold.
const MEMORY: usize = 16 * MIB;

fn start(arguments: &[&str]) -> OpenDoors {
    OpenDoors::start(&[arguments, &["--max-memory", &MEMORY.to_string()]].concat())
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < HANG, "never: {what}");
        std::thread::yield_now();
    }
}

fn events(first: usize, end: usize) -> Vec<Value> {
    (first..end).map(|at| json!({"ts": at, "id": format!("e{at}"), "filler": "y".repeat(500)})).collect()
}

/// Asks on a connection of its own.
fn ask(doors: &OpenDoors, request: &Request) -> Reply {
    request.ask(&mut Wire::connect(&doors.http)).expect("a reply")
}

/// Calls a tool that must work; its structured content.
fn call(doors: &OpenDoors, tool: &str, arguments: Value) -> Value {
    let reply = ask(doors, &Request::call(None, 1, tool, arguments));
    let mut message = reply.message().unwrap_or_else(|| panic!("{reply:?}"));
    assert_eq!(message["result"]["isError"], false, "{message}");
    message["result"]["structuredContent"].take()
}

fn count(doors: &OpenDoors, since: u64) -> u64 {
    let page = call(doors, "query_events", json!({"since_timestamp": since, "limit": 0}));
    page["total_matched"].as_u64().unwrap()
}

/// A call was refused, and may be made again.
fn is_told_busy(reply: &Value) {
    assert_eq!(reply["result"]["isError"], true, "{reply}");
    assert!(reply["result"]["content"][0]["text"].as_str().unwrap().contains("busy, ask again"), "{reply}");
}

/// A long line for `--listen`, and the short one after it.
fn produce(stream: &mut TcpStream, name: &str) {
    let filler = "z".repeat(3 * MIB);
    let (long, short) = (json!({"id": format!("long-{name}"), "ts": 1, "x": filler}), json!({"id": name, "ts": 1}));
    stream.write_all(format!("{long}\n{short}\n").as_bytes()).unwrap();
}

#[test]
fn what_finds_no_memory_is_told_at_every_door_and_the_next_is_taken() {
    let mut doors = start(&[]);
    doors.stdio.call("store_events", &json!({"events": events(0, 2_000)}));
    let session = shake_hands(&mut Wire::connect(&doors.http));
    let page = json!({"format": "json", "limit": 2_000});
    let by_http = Request::call(None, 1, "query_events", page.clone());
    let in_session = Request::call(Some(&session), 1, "query_events", page.clone());
    let mut producer = TcpStream::connect(&doors.listening).unwrap();

    // A body that does not end has nearly all there is.
    let body = Request::posted("", json!("x".repeat(MEMORY - MIB)));
    let mut held = Wire::connect(&doors.http);
    held.send(&body.bytes()[..body.bytes().len() - 1]).unwrap();
    // Until the body is there, there is room.
    let busy = std::iter::repeat_with(|| ask(&doors, &by_http)).find(|reply| reply.status != 200).unwrap();
    assert!(busy.status == 503 && busy.head.contains("retry-after: 1\r\n"), "{busy:?}");
    assert!(busy.body.contains("busy, ask again"), "{busy:?}");
    // The reply of a session has begun by then: it is an error as on stdio.
    is_told_busy(&ask(&doors, &in_session).message().unwrap());
    is_told_busy(&doors.stdio.call("query_events", &page));
    let long = pipe::call(1, "store_event", &json!({"event": {"ts": 1, "x": "z".repeat(3 * MIB)}}));
    doors.stdio.send(&long);
    let busy = doors.stdio.next();
    assert!(busy.to_string().contains("busy, ask again"), "{busy}");
    produce(&mut producer, "first");
    let short = json!({"event_id": "first"});
    until("the next line is read", || doors.stdio.call("get_event_by_id", &short)["result"]["isError"] == false);
    // What is stored is counted right after.
    let status = || call(&doors, "capture_status", json!({}))["sources"][0].take();
    until("the next line is counted", || status()["records"] == 2);
    let status = status();
    assert_eq!((&status["records"], &status["rejected"]), (&json!(2), &json!(1)), "{status}");
    assert!(status["last_error"].to_string().contains("line 1, byte 0: passed over: busy, ask again"), "{status}");

    held.cut(Cut::Reset);
    until("there is room", || ask(&doors, &by_http).status == 200);
    assert_eq!(ask(&doors, &in_session).message().unwrap()["result"]["structuredContent"]["returned"], 2_000);
    assert_eq!(doors.stdio.call("query_events", &page)["result"]["structuredContent"]["returned"], 2_000);
    doors.stdio.send(&long);
    assert_eq!(doors.stdio.next()["result"]["isError"], false);
    produce(&mut producer, "second");
    let both = json!({"event_id": "second"});
    until("both lines are read", || doors.stdio.call("get_event_by_id", &both)["result"]["isError"] == false);
    // Of what was refused nothing was stored.
    assert_eq!(call(&doors, "get_stats", json!({}))["total_events"], 2_000 + 4);
    assert_eq!(doors.finish().0.status.code(), Some(0));
}

/// Events of the recording below; the last batch is not full.
const RECORDED: u64 = 4_500;

/// Events that an import stores in one step.
const BATCH: u64 = 1_000;

/// A recording of some events after which nothing comes for minutes, and one of these events alone.
fn recordings(folder: &Path) {
    let packed = |bytes: &[u8]| {
        let mut file = GzEncoder::new(Vec::new(), Compression::fast());
        file.write_all(bytes).unwrap();
        file.finish().unwrap()
    };
    let lines: Vec<String> = events(0, RECORDED as usize).iter().map(Value::to_string).collect();
    let recorded = packed((lines.join("\n") + "\n").as_bytes());
    std::fs::write(folder.join("whole.ndjson.gz"), &recorded).unwrap();
    // Members of a gzip file are read one after the other.
    let endless = [recorded, packed(&vec![b'\n'; 64 * MIB]).repeat(300)].concat();
    std::fs::write(folder.join("endless.ndjson.gz"), endless).unwrap();
}

/// Whether all memory is free but for a session's: an import holds more while it goes on.
fn is_idle(doors: &OpenDoors) -> bool {
    let padding = "x".repeat(MEMORY - (192 << 10) - 1_000);
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"x": padding}});
    let reply = ask(doors, &Request::posted("", message));
    assert!(reply.status == 503 || reply.body.contains("only tools/call is taken"), "{reply:?}");
    reply.status == 413
}

/// Imports without end, gives that up once something is stored, and does it again.
fn given_up(begin: impl FnOnce(&mut OpenDoors) -> Box<dyn FnOnce(&mut OpenDoors)>) {
    let folder = tempfile::tempdir().unwrap();
    recordings(folder.path());
    let mut doors = start(&["--import-root", folder.path().to_str().unwrap()]);
    assert!(is_idle(&doors));
    let give_up = begin(&mut doors);
    until("something is stored", || count(&doors, 0) > 0);
    assert!(!is_idle(&doors), "it goes on");
    give_up(&mut doors);
    until("the work ends", || is_idle(&doors));
    let stored = count(&doors, 0);
    assert!(stored.is_multiple_of(BATCH) || stored == RECORDED, "{stored} are no whole batches");
    assert_eq!(count(&doors, stored), 0, "the first are stored");
    let again = call(&doors, "import_events", json!({"path": "whole.ndjson.gz"}));
    assert_eq!((&again["duplicates"], &again["stored"]), (&json!(stored), &json!(RECORDED - stored)), "{again}");
    assert_eq!(doors.stdio.call("get_stats", &json!({}))["result"]["structuredContent"]["total_events"], RECORDED);
    assert_eq!(doors.finish().0.status.code(), Some(0));
}

fn import() -> Value {
    json!({"path": "endless.ndjson.gz"})
}

#[test]
fn an_import_whose_connection_ends_is_given_up() {
    for how in [Cut::Fin, Cut::Reset] {
        given_up(|doors| {
            let mut wire = Wire::connect(&doors.http);
            wire.send(&Request::call(None, 1, "import_events", import()).bytes()).unwrap();
            Box::new(move |_| wire.cut(how))
        });
    }
}

/// A session that imports.
fn importing(doors: &OpenDoors) -> (Wire, String) {
    let mut wire = Wire::connect(&doors.http);
    let session = shake_hands(&mut wire);
    wire.send(&Request::call(Some(&session), 7, "import_events", import()).bytes()).unwrap();
    (wire, session)
}

#[test]
fn an_import_that_is_cancelled_in_a_session_is_given_up_and_not_answered() {
    given_up(|doors| {
        let (mut wire, session) = importing(doors);
        Box::new(move |doors| {
            let cancel = Request::notify(&session, "notifications/cancelled", json!({"requestId": 7}));
            assert_eq!(ask(doors, &cancel).status, 202);
            let reply = wire.reply().unwrap();
            assert!(reply.status == 200 && reply.message().is_none(), "{reply:?}");
            let ping = Request::new(Some(&session), 8, "ping", json!({})).ask(&mut wire).unwrap();
            assert_eq!(ping.message().unwrap()["id"], 8);
        })
    });
}

#[test]
fn an_import_whose_session_is_deleted_is_given_up() {
    given_up(|doors| {
        let (wire, session) = importing(doors);
        Box::new(move |doors| {
            let reply = ask(doors, &Request::of_session("DELETE", &session));
            assert!((200..300).contains(&reply.status), "{reply:?}");
            drop(wire);
        })
    });
}

#[test]
fn an_import_that_is_cancelled_on_stdio_is_given_up_and_the_next_call_answered() {
    given_up(|doors| {
        doors.stdio.send(&pipe::call(7, "import_events", &import()));
        Box::new(|doors| {
            doors
                .stdio
                .send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}}));
            doors.stdio.send(&pipe::request(8, "ping"));
            assert_eq!(doors.stdio.next()["id"], 8);
        })
    });
}
