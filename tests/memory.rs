//! What everything beside the stored events may hold has one bound: what finds no room is told to ask again, and the
//! server goes on.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

#[path = "support/http.rs"]
mod http;
#[path = "support/pipe.rs"]
mod pipe;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use serde_json::{Value, json};

const MIB: usize = 1 << 20;

fn server(max_memory: &str) -> http::Server {
    http::Server::start(&["--http", "127.0.0.1:0", "--keep-running", "--max-memory", max_memory])
}

/// What a server holds, in KiB: now (`VmRSS:`), or at most so far (`VmHWM:`).
fn resident(server: &http::Server, line: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let kib = status.lines().find_map(|told| told.strip_prefix(line)).unwrap();
    kib.trim().trim_end_matches(" kB").parse().unwrap()
}

fn head(length: usize) -> String {
    format!(
        "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\naccept: application/json, \
         text/event-stream\r\nmcp-protocol-version: 2026-07-28\r\nmcp-method: tools/call\r\nmcp-name: query_events\r\n\
         content-length: {length}\r\n\r\n"
    )
}

/// A connection whose body has come but for its end.
fn unfinished(address: &str, bytes: usize) -> TcpStream {
    let mut connection = TcpStream::connect(address).unwrap();
    write!(connection, "{}", head(bytes + 1)).unwrap();
    connection.write_all(&vec![b'x'; bytes]).unwrap();
    connection
}

/// The status of what is asked over and over until it is `wanted`: the server may still be reading, or letting go.
fn until(wanted: u16, mut ask: impl FnMut() -> http::Reply) -> http::Reply {
    loop {
        let reply = ask();
        if reply.status == wanted {
            return reply;
        }
        std::thread::yield_now();
    }
}

fn fill(server: &mut http::Server, events: usize, payload: usize) {
    let filler = "y".repeat(payload);
    for first in (0..events).step_by(250) {
        let event = |at: usize| json!({"ts": at, "id": format!("e{at}"), "x": format!("{at}"), "filler": filler});
        let batch: Vec<Value> = (first..events.min(first + 250)).map(event).collect();
        server.call("store_events", json!({"events": batch}));
    }
}

#[test]
fn a_call_without_room_is_told_to_ask_again_and_finds_room_later() {
    let mut server = server("16MiB");
    fill(&mut server, 2_000, 100);
    let page = json!({"name": "query_events", "arguments": {"format": "json", "limit": 2_000}});
    let held = unfinished(server.address(), 15 * MIB + MIB / 2);
    let busy = until(503, || server.modern(&[], "tools/call", page.clone()));
    assert_eq!(busy.header("retry-after"), "1");
    assert!(busy.body.contains("busy, ask again") && busy.body.contains("--max-memory"), "{}", busy.body);
    drop(held);
    let answered = until(200, || server.modern(&[], "tools/call", page.clone()));
    assert_eq!(answered.message()["result"]["structuredContent"]["total_matched"], 2_000);
}

#[test]
fn bodies_that_do_not_end_hold_no_more_than_the_bound() {
    let server = server("32MiB");
    let mut taken = Vec::new();
    for _ in 0..20 {
        let mut connection = TcpStream::connect(server.address()).unwrap();
        write!(connection, "{}", head(30 * MIB)).unwrap();
        // One that is refused is closed while it sends.
        let chunk = vec![b'x'; MIB];
        let sent = (0..10).take_while(|_| connection.write_all(&chunk).is_ok()).count();
        if sent < 10 {
            let mut told = String::new();
            let _cut = connection.read_to_string(&mut told);
        } else {
            taken.push(connection);
        }
    }
    let peak = resident(&server, "VmHWM:");
    assert!(peak < 130 << 10, "{peak} kB at most");
}

#[test]
fn an_analysis_larger_than_the_bound_says_so_and_the_next_call_works() {
    let mut server = server("16MiB");
    fill(&mut server, 30_000, 10);
    let groups = json!({"name": "aggregate", "arguments": {"group_by": ["data.x", "data.filler"]}});
    let refused = server.modern(&[], "tools/call", groups).message();
    let text = refused["result"]["content"][0]["text"].as_str().unwrap();
    assert!(refused["result"]["isError"] == true && text.contains("--max-memory"), "{refused}");
    let counted = server.call("aggregate", json!({"metrics": ["count"]}));
    assert!(counted["answer"].as_str().unwrap().contains("30000 events"), "{counted}");
}

#[test]
fn clients_that_do_not_read_hold_no_more_than_the_bound() {
    let mut server = server("48MiB");
    fill(&mut server, 500, 6_000);
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({"name": "query_events", "arguments": {"format": "json", "limit": 500}, "_meta": meta});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string();
    let mut clients: Vec<TcpStream> = (0..60)
        .map(|_| {
            let mut client = TcpStream::connect(server.address()).unwrap();
            write!(client, "{}{body}", head(body.len())).unwrap();
            client
        })
        .collect();
    let mut statuses = std::collections::BTreeMap::new();
    for client in &mut clients {
        let mut start = [0; 12];
        client.read_exact(&mut start).unwrap();
        *statuses.entry(String::from_utf8_lossy(&start[9..]).into_owned()).or_insert(0) += 1;
    }
    assert!(statuses.keys().all(|status| status == "200" || status == "503"), "{statuses:?}");
    let peak = resident(&server, "VmHWM:");
    // 60 pages of 6 MB in both channels are 360 MB.
    assert!(peak < 200 << 10, "{peak} kB at most: {statuses:?}");
    drop(clients);
    assert_eq!(server.call("get_stats", json!({}))["total_events"], 500);
}

#[test]
fn a_line_without_room_is_answered_and_the_next_is_read() {
    let mut command = pipe::command(&["--script", "--max-memory", "16MiB"]);
    command.stderr(Stdio::null());
    let mut server = pipe::Server::of(command);
    server.write(&vec![b'x'; 40 * MIB]);
    server.write(b"\n");
    server.send(&pipe::request("next", "ping"));
    let refused = server.next();
    assert!(refused["error"]["message"].as_str().unwrap().contains("--max-memory"), "{refused}");
    assert_eq!(server.next()["id"], "next");
    // A long line that finds room is read as ever.
    let events: Vec<Value> = (0..3_000).map(|at| json!({"ts": at, "x": "z".repeat(400)})).collect();
    let line = pipe::call(1, "store_events", &json!({"events": events}));
    assert!(line.to_string().len() > MIB);
    server.send(&line);
    assert_eq!(server.next()["result"]["structuredContent"]["stored"], 3_000);
    assert!(server.finish().replies.is_empty());
}

#[test]
fn what_heavy_work_held_is_given_back_although_nobody_asks_for_more() {
    let mut server = server("512MiB");
    fill(&mut server, 60_000, 10);
    let before = resident(&server, "VmRSS:");
    server.call("aggregate", json!({"group_by": ["data.x", "data.filler"]}));
    let most = resident(&server, "VmHWM:");
    assert!(most > before + (24 << 10), "{most} kB at most, {before} before");
    while resident(&server, "VmRSS:") > before + (most - before) / 2 {
        std::thread::yield_now();
    }
}
