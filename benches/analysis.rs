//! What do the analyses cost over a million events? `cargo bench --bench analysis`.
//!
//! Each question is asked as a call of its tool, arguments and answer included. CPU time of the whole process, from the
//! kernel's ticks of 10 ms, beside the time on the wall; medians. Then how long it goes on after a cancel that comes half
//! way, and what memory it held at most beside the store's own. A goal that is missed ends it with exit code 1. A word on
//! the command line (`-- explain`) asks only the questions that contain it.

#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at the first surprise"
)]

mod events;

use std::time::{Duration, Instant};

use elixir_scope_storage::ingest::import;
use elixir_scope_storage::{Event, EventStore, Settings, Watch, mcp};
use events::{Events, Names};

/// Events in the store.
const EVENTS: usize = 1_000_000;

/// Events of one call.
const BATCH: usize = 10_000;

/// Times each question is asked.
const ROUNDS: usize = 7;

/// How long a question may go on after it was cancelled.
const CANCEL: Duration = Duration::from_millis(50);

/// Questions: a name, the tool, its arguments, and the CPU time it may take.
const QUESTIONS: [(&str, &str, &str, Duration); 18] = [
    ("aggregate, by type", "aggregate", "{}", Duration::from_secs(1)),
    (
        "aggregate, by function, every figure",
        "aggregate",
        r#"{"group_by": "function", "metrics": ["count", "sum", "p50", "p95", "p99", "rate", "total", "self"]}"#,
        Duration::from_secs(1),
    ),
    (
        "aggregate, by pid and 100ms",
        "aggregate",
        r#"{"group_by": ["pid", "100ms"], "metrics": ["count", "p95"]}"#,
        Duration::from_secs(1),
    ),
    ("profile, by function", "profile", "{}", Duration::from_secs(1)),
    ("profile, by call site", "profile", r#"{"by": "call_site"}"#, Duration::from_secs(1)),
    ("profile, by process", "profile", r#"{"by": "process"}"#, Duration::from_secs(1)),
    (
        "diff_windows, halves",
        "diff_windows",
        r#"{"before": {"until_timestamp": "-750ms"}, "after": {"since_timestamp": "-750ms"}}"#,
        Duration::from_secs(1),
    ),
    (
        "find_events_around, in the middle",
        "find_events_around",
        r#"{"at": "-750ms", "before": 20, "after": 20}"#,
        Duration::from_millis(50),
    ),
    ("overview", "overview", "{}", Duration::from_millis(500)),
    ("find_anomalies", "find_anomalies", "{}", Duration::from_millis(1_500)),
    ("explain, the last crash", "explain", r#"{"target": "last_crash"}"#, Duration::from_millis(50)),
    ("explain, a crash of the recording", "explain", r#"{"target": "cart_4"}"#, Duration::from_millis(50)),
    ("explain, a server of the recording", "explain", r#"{"target": "cart_2"}"#, Duration::from_millis(50)),
    (
        "explain, the hottest process",
        "explain",
        r#"{"target": "<0.120.0>", "node": "shop@host"}"#,
        Duration::from_millis(50),
    ),
    ("state_at", "state_at", r#"{"pid": "cart_2"}"#, Duration::from_millis(50)),
    ("state_at, a part", "state_at", r#"{"pid": "cart_2", "path": "discount"}"#, Duration::from_millis(50)),
    (
        "state_at, a part of the hottest process",
        "state_at",
        r#"{"pid": "<0.120.0>", "node": "shop@host", "path": "counter"}"#,
        Duration::from_millis(50),
    ),
    ("state_history, a part", "state_history", r#"{"pid": "cart_2", "path": "discount"}"#, Duration::from_millis(50)),
];

/// CPU time of this process so far.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("this runs on Linux");
    // After the name, which is in brackets and may hold anything: user and system time are the 12th and 13th.
    let fields = stat.rsplit(')').next().expect("a line").split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).map(|field| field.parse::<u64>().expect("ticks")).sum();
    Duration::from_millis(ticks * 10)
}

fn median(mut of: Vec<Duration>) -> Duration {
    of.sort_unstable();
    of[of.len() / 2]
}

/// A figure of this process in KiB: `VmRSS`, `VmHWM`.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("this runs on Linux");
    let line = status.lines().find(|line| line.starts_with(name)).expect("the kernel tells it");
    line.split_whitespace().nth(1).expect("a number").parse().expect("a number")
}

/// Wants the work no more from a time on.
struct Impatient(Instant);

impl Watch for Impatient {
    fn is_cancelled(&self) -> bool {
        Instant::now() >= self.0
    }
}

/// How long a question goes on after it is cancelled half way.
fn cancelled(store: &EventStore, tool: &str, arguments: &str, half: Duration) -> Duration {
    let until = Instant::now() + half;
    mcp::call_watched(store, tool, arguments, &Impatient(until)).expect("the tool is there");
    Instant::now().saturating_duration_since(until)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` only asks whether it starts.
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let empty = memory("VmRSS");
    let names = Names::new();
    let store = EventStore::open(Settings::UNBOUNDED).expect("settings are in range");
    let mut events = Events::new(&names).take(EVENTS).map(|row| row.event().into_owned());
    loop {
        let batch: Vec<Event<'static>> = events.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        assert_eq!(store.store_events(&batch).stored as usize, batch.len());
    }
    // Among them a real crash, whose story is told.
    let recording = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/recordings/s3_badstate.trace.gz");
    let report = import(&store, recording.as_ref(), &mut |_| ()).expect("the recording is there");
    assert!(report.events > 900, "{report:?}");
    let stored = memory("VmRSS") - empty;
    let mut is_missed = false;
    println!("{EVENTS} events, {} MiB; medians of {ROUNDS}\n", stored / 1_024);
    println!("question\tCPU ms\twall ms\tgoal ms\tms after a cancel\tpeak MiB");
    for (name, tool, arguments, goal) in QUESTIONS {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| name.contains(wanted.as_str())) {
            continue;
        }
        let (mut cpus, mut walls, mut late) = (Vec::new(), Vec::new(), Vec::new());
        // From here on the kernel counts the peak anew.
        std::fs::write("/proc/self/clear_refs", "5").expect("this runs on Linux");
        let held = memory("VmRSS");
        for _ in 0..ROUNDS {
            let (before, started) = (cpu(), Instant::now());
            let reply = mcp::call(&store, tool, arguments).expect("the tool is there");
            walls.push(started.elapsed());
            cpus.push(cpu().saturating_sub(before));
            assert!(reply.structured.is_some(), "{}", reply.text);
        }
        let peak = memory("VmHWM").saturating_sub(held);
        let (cpu, wall) = (median(cpus), median(walls));
        for part in 1..=ROUNDS as u32 {
            late.push(cancelled(&store, tool, arguments, wall * part / (ROUNDS as u32 + 1)));
        }
        let late = late.into_iter().max().unwrap_or_default();
        let is_met = cpu <= goal && late <= CANCEL && peak <= stored / 2;
        is_missed |= !is_met;
        println!(
            "{name}\t{}\t{:.1}\t{}\t{:.1}\t{}{}",
            cpu.as_millis(),
            wall.as_secs_f64() * 1e3,
            goal.as_millis(),
            late.as_secs_f64() * 1e3,
            peak / 1_024,
            if is_met { "" } else { "\tmissed" }
        );
    }
    std::process::exit(i32::from(is_missed));
}
