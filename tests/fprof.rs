//! What `fprof:trace([start, {file, F}])` writes: calls with `{cp, Caller}`, `return_to`, what the scheduler and the
//! collector did. Parents and times are those of the calls that really happened.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

#[path = "support/client.rs"]
mod client;
#[path = "support/terms.rs"]
mod terms;

use std::collections::BTreeMap;

use client::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use terms::{Bytes, atom, int, list, mfa_arity, pid, tuple};

/// A trace message as OTP wrote it before it had other clocks: with `{Mega, Sec, Micro}`.
fn stamped(process: u32, kind: &str, rest: &[Bytes], at_us: i64) -> Bytes {
    let now = tuple(&[int(1_795), int(968_132), int(444_000 + at_us)]);
    tuple(&[&[atom("trace_ts"), pid(process), atom(kind)], rest, &[now]].concat())
}

fn function(name: &str) -> Bytes {
    if name == "undefined" {
        return atom("undefined");
    }
    let (name, arity) = name.split_once('/').unwrap();
    mfa_arity("m", name, arity.parse().unwrap())
}

/// A call as fprof's match specification tells it.
fn call(name: &str, cp: &str, at_us: i64) -> Bytes {
    stamped(1, "call", &[function(name), tuple(&[atom("cp"), function(cp)])], at_us)
}

fn return_to(name: &str, at_us: i64) -> Bytes {
    stamped(1, "return_to", &[function(name)], at_us)
}

/// A call as `dbg:tpl(m, c)` tells it, and as `dbg:tpl(m, [])` does.
fn dbg_call(name: &str, caller: &str, at_us: i64) -> Bytes {
    stamped(1, "call", &[function(name), function(caller)], at_us)
}

fn plain_call(name: &str, at_us: i64) -> Bytes {
    stamped(1, "call", &[function(name)], at_us)
}

fn schedule(kind: &str, name: &str, at_us: i64) -> Bytes {
    stamped(1, kind, &[function(name)], at_us)
}

/// A server that has imported a file of these messages.
fn serve(messages: &[Bytes]) -> Client {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("calls.trace");
    let record = |message: &Bytes| [&[0][..], &(message.len() as u32 + 1).to_be_bytes(), &[131], message].concat();
    std::fs::write(&path, messages.iter().flat_map(record).collect::<Vec<u8>>()).unwrap();
    let mut client = Client::start_with(&["--import", path.to_str().unwrap()]);
    client.ask("ping", json!({}));
    client
}

/// The rows of a section of an answer, each by the names of its columns.
fn rows(answer: &Value, section: &str) -> Vec<BTreeMap<String, Value>> {
    let sections = answer["sections"].as_array().unwrap();
    let Some(section) = sections.iter().find(|it| it["name"] == section) else { panic!("no {section}: {answer}") };
    let columns: Vec<&str> = section["columns"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let constants = section["constants"].as_object().cloned().unwrap_or_default();
    let row = |row: &Value| {
        let cells = columns.iter().map(|name| (*name).to_owned()).zip(row.as_array().unwrap().clone());
        cells.chain(constants.clone()).collect()
    };
    section["rows"].as_array().unwrap().iter().map(row).collect()
}

/// The case: `g` and `h` under `f`, `k` beside it.
fn case(call: fn(&str, &str, i64) -> Bytes) -> Vec<Bytes> {
    vec![
        schedule("in", "main/0", 0),
        call("f/1", "main/0", 10),
        call("g/1", "f/1", 20),
        return_to("f/1", 30),
        call("h/1", "f/1", 40),
        return_to("main/0", 60),
        call("k/1", "main/0", 70),
        return_to("main/0", 90),
        schedule("out", "main/0", 100),
    ]
}

/// Calls, total and own time in microseconds of each function, as `profile` tells them.
fn profiled(client: &mut Client) -> BTreeMap<String, (i64, i64, i64)> {
    let answer = client.call("profile", json!({"limit": 1000}));
    let figure = |row: &BTreeMap<String, Value>, name: &str| row[name].as_i64().unwrap();
    let functions = rows(&answer, "functions");
    functions
        .iter()
        .map(|row| {
            let times = (figure(row, "calls"), figure(row, "total_ns") / 1000, figure(row, "self_ns") / 1000);
            (row["function"].as_str().unwrap().replace(":m.", ""), times)
        })
        .collect()
}

/// The rows of the tree of the process, depth by dots.
fn tree(client: &mut Client) -> Vec<String> {
    let answer = client.call("call_tree", json!({"pid": "<0.1.0>"}));
    rows(&answer, "calls").iter().map(|row| row["call"].as_str().unwrap().replace(":m.", "")).collect()
}

fn check(messages: &[Bytes], times: &[(&str, (i64, i64, i64))], expected: &[&str]) {
    let mut client = serve(messages);
    let times: BTreeMap<String, (i64, i64, i64)> = times.iter().map(|(name, it)| ((*name).to_owned(), *it)).collect();
    assert_eq!(profiled(&mut client), times);
    assert_eq!(tree(&mut client), expected);
    assert_eq!(client.call("query_events", json!({"event_type": "unknown_trace"}))["total_matched"], 0);
}

#[test]
fn times_and_callers_are_those_of_the_calls() {
    let times = [("f/1", (1, 50, 20)), ("g/1", (1, 10, 10)), ("h/1", (1, 20, 20)), ("k/1", (1, 20, 20))];
    check(&case(call), &times, &["f/1", ". g/1", ". h/1", "k/1"]);
    check(&case(dbg_call), &times, &["f/1", ". g/1", ". h/1", "k/1"]);
}

#[test]
fn what_is_not_known_of_a_caller_is_not_told() {
    // Nothing says whether f called main/0 or returned to it.
    let messages = case(|name, _, at| plain_call(name, at));
    let times = [("g/1", (1, 10, 10)), ("h/1", (1, 20, 20)), ("k/1", (1, 20, 20))];
    check(&messages, &times, &["f/1", ". g/1", ". h/1", "k/1"]);
}

#[test]
fn calls_that_end_by_a_tail_call_end_with_what_they_called() {
    let messages = [
        schedule("in", "main/0", 0),
        call("f/1", "main/0", 10),
        call("g/1", "main/0", 30),
        call("spin/1", "g/1", 40),
        call("spin/1", "g/1", 50),
        return_to("g/1", 60),
        return_to("main/0", 70),
        call("k/1", "main/0", 80),
        return_to("main/0", 90),
    ];
    let times = [("f/1", (1, 60, 20)), ("g/1", (1, 40, 20)), ("spin/1", (2, 20, 20)), ("k/1", (1, 10, 10))];
    check(&messages, &times, &["f/1", ". g/1", ". . spin/1", "k/1"]);
}

#[test]
fn an_exception_ends_what_it_leaves() {
    let messages = [
        schedule("in", "main/0", 0),
        call("c/1", "main/0", 10),
        call("f/1", "c/1", 20),
        call("g/1", "f/1", 30),
        return_to("c/1", 50),
        call("h/1", "c/1", 60),
        // Caught by who runs since before the trace began.
        return_to("outer/0", 90),
        call("k/1", "outer/0", 100),
        return_to("outer/0", 110),
    ];
    let times =
        [("c/1", (1, 80, 20)), ("f/1", (1, 30, 10)), ("g/1", (1, 20, 20)), ("h/1", (1, 30, 30)), ("k/1", (1, 10, 10))];
    check(&messages, &times, &["c/1", ". f/1", ". . g/1", ". h/1", "k/1"]);
}

#[test]
fn the_scheduler_and_the_collector_are_no_calls() {
    let info = list(&[tuple(&[atom("heap_size"), int(233)])]);
    let scheduled = |kind: &str, at| stamped(1, kind, &[int(1), function("f/1")], at);
    let messages = [
        call("f/1", "main/0", 10),
        schedule("out", "f/1", 20),
        schedule("in", "f/1", 30),
        stamped(1, "gc_start", std::slice::from_ref(&info), 31),
        stamped(1, "gc_end", std::slice::from_ref(&info), 33),
        stamped(1, "gc_major_start", std::slice::from_ref(&info), 34),
        stamped(1, "gc_major_end", &[info], 38),
        call("g/1", "f/1", 40),
        scheduled("out", 50),
        scheduled("in", 60),
        stamped(1, "out", &[int(0)], 62),
        stamped(1, "in", &[int(0)], 64),
        return_to("f/1", 70),
        return_to("main/0", 80),
        stamped(1, "exit", &[atom("normal")], 81),
        schedule("out_exited", "main/0", 82),
    ];
    check(&messages, &[("f/1", (1, 70, 40)), ("g/1", (1, 30, 30))], &["f/1", ". g/1"]);
    let mut client = serve(&messages);
    let answer = client.call("query_events", json!({"event_type": "garbage_collection"}));
    assert_eq!(answer["total_matched"], 2, "{answer}");
    let answer = client.call("query_events", json!({"event_type": "schedule_out"}));
    assert_eq!(answer["total_matched"], 3, "{answer}");
}

#[test]
fn processor_time_is_not_told_as_the_time_of_day() {
    let messages: Vec<Bytes> = (0..2)
        .map(|at| {
            let stamp = tuple(&[int(0), int(1), int(at)]);
            tuple(&[
                atom("trace_ts"),
                pid(1),
                atom("call"),
                function("f/1"),
                tuple(&[atom("cp"), function("m/0")]),
                stamp,
            ])
        })
        .collect();
    let mut client = serve(&messages);
    let event = client.call("query_events", json!({"limit": 1}));
    assert!(!event.to_string().contains("1970"), "{event}");
    assert!(!event.to_string().contains("wall_time"), "{event}");
}

#[test]
fn a_long_loop_costs_only_ends_of_its_own_rounds() {
    const ROUNDS: i64 = 20_000;
    let mut messages = vec![call("f/1", "main/0", 0), call("g/1", "f/1", 5)];
    messages.extend((1..=ROUNDS).map(|round| call("loop/1", "g/1", 10 * round)));
    messages.push(return_to("g/1", 10 * ROUNDS + 10));
    messages.push(return_to("main/0", 10 * ROUNDS + 20));
    let mut client = serve(&messages);
    let times = profiled(&mut client);
    assert_eq!(times["f/1"], (1, 10 * ROUNDS + 20, 5));
    assert_eq!(times["g/1"], (1, 10 * ROUNDS + 15, 15));
    assert_eq!(times["loop/1"].1, 10 * ROUNDS, "from its first round to its last");
}
