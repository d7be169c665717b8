//! Whatever runs, signals are heard, and nobody waits for what others ask.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

#[path = "support/http.rs"]
mod http;
#[path = "support/pipe.rs"]
mod pipe;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::FREE;
use pipe::{Server, call, initialize, lines, request};
use serde_json::{Value, json};

/// Long enough for the slowest machine; it only keeps a hang from lasting for ever.
const HANG: Duration = Duration::from_mins(1);

fn signal(pid: u32) {
    assert!(Command::new("kill").arg("-TERM").arg(pid.to_string()).status().unwrap().success());
}

/// Waits until the process catches SIGTERM: it does when SIGINT, which it asks for next, is caught too. (Between the two
/// halves of asking the system for one, one that comes then is lost.)
fn catches(pid: u32) {
    loop {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("Linux tells it");
        if u64::from_str_radix(caught.trim(), 16).unwrap() >> 1 & 1 == 1 {
            return;
        }
        std::thread::yield_now();
    }
}

/// The end of a process; it is killed, and the test fails, when there is none.
fn ended(mut child: std::process::Child) -> (Option<i32>, String) {
    let mut stderr = child.stderr.take().unwrap();
    let said = std::thread::spawn(move || {
        let mut said = String::new();
        stderr.read_to_string(&mut said).unwrap();
        said
    });
    let (over, waits) = std::sync::mpsc::channel::<()>();
    let pid = child.id();
    let guard = std::thread::spawn(move || {
        if waits.recv_timeout(HANG) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            drop(Command::new("kill").arg("-KILL").arg(pid.to_string()).status());
        }
    });
    let status = child.wait().unwrap();
    drop(over);
    guard.join().unwrap();
    (status.code(), said.join().unwrap())
}

/// A recording that is read for minutes and holds no event: nothing that is done for each event is ever done.
fn endless(folder: &std::path::Path) -> std::path::PathBuf {
    let path = folder.join("endless.ndjson.gz");
    let mut file = GzEncoder::new(std::fs::File::create(&path).unwrap(), Compression::fast());
    file.write_all(b"{\"id\": \"first\", \"ts\": 1}\n").unwrap();
    let blank = vec![b'\n'; 1 << 20];
    for _ in 0..512 {
        file.write_all(&blank).unwrap();
    }
    let once = {
        file.finish().unwrap();
        std::fs::read(&path).unwrap()
    };
    // Members of a gzip file are read one after the other.
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    for _ in 0..40 {
        file.write_all(&once).unwrap();
    }
    path
}

#[test]
fn a_signal_is_heard_during_an_import_whatever_it_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = endless(folder.path());
    for (arguments, code) in [(vec!["--import"], 0), (vec!["import"], 1)] {
        let mut command = pipe::command(&arguments);
        command.arg(&path).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        catches(child.id());
        signal(child.id());
        let (status, said) = ended(child);
        assert_eq!(status, Some(code), "{arguments:?}: {said}");
        assert!(said.contains("asked to end"), "{said}");
    }
}

fn fill(server: &mut Server, batches: usize) {
    for batch in 0..batches {
        let event =
            |at: usize| json!({"ts": batch * 2_000 + at, "pid": format!("<0.{at}.0>"), "text": "lorem ".repeat(20)});
        let events: Vec<Value> = (0..2_000).map(event).collect();
        let answer = server.call("store_events", &json!({"events": events}));
        assert_eq!(answer["result"]["structuredContent"]["stored"], 2_000, "{answer}");
    }
}

fn scan(id: impl Into<Value>) -> Value {
    call(id, "query_events", &json!({"text": "no such text", "limit": 0}))
}

#[test]
fn scans_that_wait_are_answered_at_a_signal_but_not_done() {
    let mut server = Server::script();
    fill(&mut server, 20);
    let script = lines(&(0..100).map(scan).collect::<Vec<_>>());
    server.write(script.as_bytes());
    assert_eq!(server.next()["id"], 0);
    server.signal("TERM");
    let run = server.end();
    assert_eq!(run.status.code(), Some(0));
    let ids: Vec<u64> = run.replies.iter().map(|reply| reply["id"].as_u64().unwrap()).collect();
    assert!(ids.len() >= 60, "what was read is answered: {}", ids.len());
    assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>());
    let given_up: Vec<bool> = run.replies.iter().map(|reply| reply["result"]["isError"] == true).collect();
    assert!(given_up.is_sorted(), "after one is given up, all are");
    assert!(given_up.iter().filter(|given_up| **given_up).count() >= 50, "{given_up:?}");
    let refusal = run.replies.last().unwrap()["result"]["content"][0]["text"].as_str().unwrap();
    assert!(refusal.contains("asked to end"), "{refusal}");
}

#[test]
fn what_is_to_be_stored_is_stored_at_a_signal() {
    let mut server = Server::script();
    fill(&mut server, 20);
    let events: Vec<Value> = (0..500).map(|at| json!({"ts": at, "id": format!("late-{at}")})).collect();
    let script = [scan(0), scan(1), scan(2), call(3, "store_events", &json!({"events": events}))];
    server.write(lines(&script).as_bytes());
    assert_eq!(server.next()["id"], 0);
    server.signal("TERM");
    let run = server.end();
    let last = run.replies.last().unwrap();
    assert_eq!((&last["id"], &last["result"]["structuredContent"]["stored"]), (&json!(3), &json!(500)), "{last}");
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut server = http::Server::start_with(&FREE, Stdio::piped(), Stdio::null());
    let _open = server.child.stdin.take();
    // A body that does not arrive is waited for.
    let mut connection = TcpStream::connect(server.address()).unwrap();
    write!(
        connection,
        "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\naccept: application/json, \
         text/event-stream\r\nexpect: 100-continue\r\ncontent-length: 100\r\n\r\n",
    )
    .unwrap();
    let mut continues = [0; 12];
    connection.read_exact(&mut continues).unwrap();
    server.terminate();
    while TcpStream::connect(server.address()).is_ok() {
        std::thread::yield_now();
    }
    server.terminate();
    let (status, said) = server.ended();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("asked twice to end"), "{said}");
}

#[test]
fn a_ping_does_not_wait_for_the_call_before_it() {
    let mut server = Server::start(&[]);
    server.send(&initialize("hello", "2025-06-18"));
    assert_eq!(server.next()["id"], "hello");
    fill(&mut server, 20);
    // A call of the same id waits: its ping keeps its place.
    server.write(lines(&[scan("slow"), request("ping", "ping"), scan("same"), request("same", "ping")]).as_bytes());
    let order: Vec<Value> = (0..4).map(|_| server.next()["id"].clone()).collect();
    assert_eq!(order, ["ping", "slow", "same", "same"]);
    assert!(server.finish().replies.is_empty());
}

/// A server whose store has so many keys that nothing made from all of them is small.
fn with_keys() -> http::Server {
    let mut server = http::Server::start(&FREE);
    for batch in 0..30 {
        let event = |at: usize| {
            let n = batch * 2_000 + at;
            json!({
                "ts": n, "pid": format!("<0.{n}.1>"), "correlation_id": format!("c{n}"), "call_id": format!("k{n}"),
                "module": format!("M{n}"), "function": "f", "arity": 1, "type": "function_exit", "duration_ns": n,
                "ast_node_id": format!("n{n}"), "parent_id": format!("p{n}"), "state": "x".repeat(50),
            })
        };
        let events: Vec<Value> = (0..2_000).map(event).collect();
        assert_eq!(server.call("store_events", json!({"events": events}))["stored"], 2_000);
    }
    server
}

/// How often a call is asked, to see another client answered meanwhile.
const ROUNDS: usize = 200;

/// Another client, on a connection of its own.
struct Other(BufReader<TcpStream>);

impl Other {
    fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        // Else the kernel holds back the rest of a request for 40 ms, and no answer of this client is quicker.
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    /// Asks something small; returns when it is answered.
    fn ask(&mut self) {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
        });
        let params = json!({"name": "get_event_by_id", "arguments": {"event_id": "none"}, "_meta": meta});
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string();
        write!(
            self.0.get_mut(),
            "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\naccept: application/json, \
             text/event-stream\r\nmcp-protocol-version: 2026-07-28\r\nmcp-method: tools/call\r\n\
             mcp-name: get_event_by_id\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let (mut line, mut length) = (String::new(), 0);
        self.0.read_line(&mut line).unwrap();
        assert!(line.contains("200"), "{line}");
        while line != "\r\n" {
            line.clear();
            self.0.read_line(&mut line).unwrap();
            if let Some(bytes) = line.strip_prefix("content-length:") {
                length = bytes.trim().parse().unwrap();
            }
        }
        self.0.read_exact(&mut vec![0; length]).unwrap();
    }
}

#[test]
fn no_client_waits_for_what_another_asks() {
    let mut server = with_keys();
    let big: Vec<Value> =
        (0..20_000).map(|at| json!({"ts": at, "id": format!("e{at}"), "x": "y".repeat(200)})).collect();
    let asked = [
        ("tools/call", json!({"name": "get_stats", "arguments": {}})),
        ("prompts/get", json!({"name": "why_slow", "arguments": {}})),
        ("resources/read", json!({"uri": "elixirscope://pid/0.5000.9"})),
        (
            "completion/complete",
            json!({
                "ref": {"type": "ref/prompt", "name": "why_slow"}, "argument": {"name": "pid", "value": "9"},
            }),
        ),
        ("tools/call", json!({"name": "aggregate", "arguments": {"group_by": ["pid", "data.state"]}})),
        ("tools/call", json!({"name": "overview", "arguments": {}})),
        ("tools/call", json!({"name": "query_events", "arguments": {"pid": "<0.1.1>", "text": "no such"}})),
        ("tools/call", json!({"name": "store_events", "arguments": {"events": big}})),
    ];
    for (method, params) in asked {
        let mut other = Other::connect(server.address());
        let (is_answered, answered) = (AtomicBool::new(false), AtomicU64::new(0));
        std::thread::scope(|scope| {
            let (is_answered, answered) = (&is_answered, &answered);
            scope.spawn(move || {
                // Of work that takes a while the other sees many answers of its own.
                while !is_answered.load(Ordering::Acquire) {
                    other.ask();
                    answered.fetch_add(1, Ordering::Release);
                }
            });
            while answered.load(Ordering::Acquire) < 2 {
                std::thread::yield_now();
            }
            // Of a server that answers one after the other the other client has at most one answer a call and one before
            // them, however often that is tried; where the machine has no time for it, one round may not show that it has
            // more.
            let mut most = 0;
            for _ in 0..ROUNDS {
                let before = answered.load(Ordering::Acquire);
                for _ in 0..3 {
                    server.modern(&[], method, params.clone());
                }
                most = most.max(answered.load(Ordering::Acquire) - before);
                if most >= 5 {
                    break;
                }
            }
            is_answered.store(true, Ordering::Release);
            assert!(most >= 5, "{method} {}: {most} answers meanwhile", params["name"]);
        });
    }
}
