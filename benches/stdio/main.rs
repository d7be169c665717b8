//! The binary over real pipes: what does an event cost end to end, and how long does a question take?
//!
//! `cargo bench --bench stdio`, with `-- --events N` for other than 1,000,000. Beside it the same handler on rmcp's own
//! stdio transport, and SQLite in memory, which is given rows and no JSON. Every server is a process of its own; its CPU
//! time is the kernel's count. Prints a markdown table.

#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::print_stdout,
    clippy::expect_used,
    clippy::doc_markdown,
    reason = "a program that measures, prints, and stops at the first surprise; SQLite is a name, not code"
)]

#[path = "../events/mod.rs"]
mod events;

mod child;
mod ingest;
mod rows;

use std::time::{Duration, Instant};

use child::Child;
use clap::Parser;
use elixir_scope_storage::{EventStore, Settings, mcp};
use events::{Hot, Names};
use rmcp::ServiceExt;
use serde_json::{Value, json};

/// Events of one call.
pub const BATCH: usize = 1_000;

/// Starts that are timed.
const STARTS: usize = 20;

/// Rounds in which each kind of question is asked.
const ROUNDS: usize = 20;

/// Questions of one kind in a round.
const ASKED: usize = 200;

#[derive(Debug, Parser)]
struct Args {
    /// Events that each store takes, and that are there when questions are asked.
    #[arg(long, default_value_t = 1_000_000)]
    events: usize,
    /// Be the peer: the same handler on rmcp's own stdio.
    #[arg(long, hide = true)]
    serve_stock: bool,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let args = Args::parse();
    if args.serve_stock {
        return serve_stock();
    }
    println!("| over stdio | |\n|---|---|");
    starts();
    let names = Names::new();
    ingest::run(&names, args.events);
    questions(&names, args.events);
}

/// What the program did before it had a transport of its own.
fn serve_stock() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let store = EventStore::open(Settings::UNBOUNDED).expect("settings are in range");
        let running = mcp::handler(store).serve(rmcp::transport::stdio()).await.expect("a client says hello");
        running.waiting().await.expect("it ends well");
    });
}

fn tell(what: &str, value: impl std::fmt::Display) {
    println!("| {what} | {value} |");
}

fn starts() {
    let mut laps = Vec::new();
    let mut idle = 0;
    for _ in 0..STARTS {
        let started = Instant::now();
        let child = Child::ours();
        laps.push(started.elapsed());
        idle = child.resident();
    }
    tell("start to first reply, ms", format!("{:.1}", quantile(&mut laps, 0.5).as_secs_f64() * 1e3));
    tell("resident when idle, MB", format!("{:.1}", idle as f64 / 1e6));
}

/// The lap below which so large a share of them lies.
pub fn quantile(laps: &mut [Duration], share: f64) -> Duration {
    laps.sort_unstable();
    laps[((laps.len() - 1) as f64 * share) as usize]
}

fn round_trip(child: &mut Child, line: &str) -> Duration {
    let started = Instant::now();
    let reply = child.ask(line);
    let lap = started.elapsed();
    assert!(reply.contains("\"isError\":false"), "{reply}");
    lap
}

fn questions(names: &Names, events: usize) {
    let hot = Hot::new(names, events);
    let mut child = Child::ours();
    let ids = ingest::fill(&mut child, names, events);
    let newest = |arguments: Value| {
        let mut arguments = arguments;
        arguments["order"] = json!("desc");
        arguments
    };
    let function = json!({"module": hot.function.module, "function": hot.function.name, "arity": hot.function.arity});
    let asked: [(&str, &str, Value); 7] = [
        ("get_event_by_id", "get_event_by_id", json!({"event_id": ids[ids.len() / 2]})),
        ("query_events: only counts", "query_events", json!({"pid": hot.pid, "limit": 0})),
        ("query_events: hot pid, newest 10", "query_events", newest(json!({"pid": hot.pid, "limit": 10}))),
        ("query_events: hot pid, newest 100", "query_events", newest(json!({"pid": hot.pid}))),
        ("query_events: hot function, newest 100", "query_events", newest(function)),
        ("query_events: correlation id, oldest 100", "query_events", json!({"correlation_id": hot.correlation_id})),
        (
            "query_events: hundredth of the time, oldest 100",
            "query_events",
            json!({
                "since_timestamp": hot.since, "until_timestamp": hot.until,
            }),
        ),
    ];
    let lines = asked.each_ref().map(|(_, tool, arguments)| child::call(1, tool, arguments));
    let mut rounds: [Vec<Vec<Duration>>; 7] = Default::default();
    for _ in 0..ROUNDS {
        for (line, rounds) in lines.iter().zip(&mut rounds) {
            rounds.push((0..ASKED).map(|_| round_trip(&mut child, line)).collect());
        }
    }
    let us = |lap: Duration| lap.as_nanos() as f64 / 1e3;
    for ((what, ..), mut rounds) in asked.into_iter().zip(rounds) {
        let quietest = rounds.iter_mut().map(|laps| quantile(laps, 0.5)).min().unwrap_or_default();
        let mut laps = rounds.concat();
        let (p50, p99) = (us(quantile(&mut laps, 0.5)), us(quantile(&mut laps, 0.99)));
        tell(
            &format!("{what}, round trip, us (p99; p50 of the quietest of {ROUNDS} rounds)"),
            format!("{p50:.0} ({p99:.0}; {:.0})", us(quietest)),
        );
    }
    let mut laps: Vec<Duration> = (0..10).map(|_| cancelled(&mut child)).collect();
    tell(
        "a cancelled scan makes room after, ms (worst of 10)",
        format!("{:.1}", quantile(&mut laps, 1.0).as_secs_f64() * 1e3),
    );
    tell("resident, MB", format!("{:.0}", child.resident() as f64 / 1e6));
}

/// From the cancellation of a scan under way to the reply to the next request.
fn cancelled(child: &mut Child) -> Duration {
    let arguments = json!({"text": "no payload holds this", "limit": 1});
    let params = json!({"name": "query_events", "arguments": arguments, "_meta": {"progressToken": 1}});
    child.write(&format!("{}\n", json!({"jsonrpc": "2.0", "id": "scan", "method": "tools/call", "params": params})));
    assert!(child.line().contains("notifications/progress"));
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "scan"}});
    let started = Instant::now();
    child.write(&format!("{cancel}\n{}\n", json!({"jsonrpc": "2.0", "id": "next", "method": "ping"})));
    loop {
        let line = child.line();
        assert!(!line.contains("\"scan\""), "it was done before: {line}");
        if line.contains("\"next\"") {
            return started.elapsed();
        }
    }
}
