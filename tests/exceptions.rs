//! Exceptions are counted once, whatever way they take out of a program; answers of a web server are counted with their
//! causes. Events are made by hand, so that every count is known.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at the first surprise"
)]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

#[path = "support/client.rs"]
mod client;
#[path = "support/recorded.rs"]
mod recorded;

use client::Client;
use recorded::{ask, serve, text};
use serde_json::{Value, json};

/// Calls of processes, written down as a recorder does.
#[derive(Default)]
struct Tape {
    events: Vec<Value>,
    /// Open calls: process, id and time of their beginnings.
    open: Vec<(u32, String, i64, &'static str)>,
    now: i64,
}

impl Tape {
    fn event(&mut self, mut event: Value) -> String {
        self.now += 1_000;
        let id = format!("e{}", self.events.len());
        event["event_id"] = json!(id);
        event["timestamp"] = json!(self.now);
        self.events.push(event);
        id
    }

    fn innermost(&self, process: u32) -> Option<String> {
        self.open.iter().rfind(|open| open.0 == process).map(|open| open.1.clone())
    }

    /// A call begins; `function` is `Mod.fun`.
    fn call(&mut self, process: u32, function: &'static str, args: &[&str]) {
        let parent = self.innermost(process);
        let (module, name) = function.rsplit_once('.').unwrap();
        let id = self.event(json!({
            "event_type": "function_entry", "pid": format!("<0.{process}.0>"), "module": module, "function": name,
            "arity": args.len(), "parent_id": parent, "data": {"args": args}
        }));
        let at = self.events.len() - 1;
        self.events[at]["call_id"] = json!(id);
        self.open.push((process, id, self.now, function));
    }

    fn end(&mut self, process: u32, data: Value) -> String {
        let at = self.open.iter().rposition(|open| open.0 == process).unwrap();
        let (_, call, began, function) = self.open.remove(at);
        let parent = self.innermost(process);
        let (module, name) = function.rsplit_once('.').unwrap();
        let took = self.now + 1_000 - began;
        self.event(json!({
            "event_type": "function_exit", "pid": format!("<0.{process}.0>"), "module": module, "function": name,
            "arity": 1, "call_id": call, "parent_id": parent, "duration_ns": took, "data": data
        }))
    }

    fn returns(&mut self, process: u32, result: &str) -> String {
        self.end(process, json!({"result": result, "exit_reason": "normal"}))
    }

    fn fails(&mut self, process: u32, class: &str, reason: &str) -> String {
        self.end(process, json!({"exit_reason": class, "reason": reason}))
    }

    fn exits(&mut self, process: u32, reason: &str) {
        self.event(json!({
            "event_type": "process_exit", "pid": format!("<0.{process}.0>"), "data": {"exit_reason": reason}
        }));
    }

    /// How many exceptions overview counts.
    fn exceptions(&self) -> (u64, Client) {
        let mut client = serve(&self.events);
        let answer = ask(&mut client, "overview", json!({}));
        let told = answer["structuredContent"]["answer"].as_str().unwrap_or_else(|| text(&answer)).to_owned();
        let first = told.lines().next().unwrap();
        let words: Vec<&str> = first.split([' ', ',']).collect();
        let at = words.iter().position(|word| matches!(*word, "exception" | "exceptions"));
        let n = at.and_then(|at| words[at - 1].parse().ok()).unwrap_or(0);
        (n, client)
    }
}

/// The findings of a kind, as text.
fn findings(client: &mut Client, kind: &str) -> Vec<String> {
    let answer = ask(client, "find_anomalies", json!({}));
    let sections = answer["structuredContent"]["sections"].as_array().unwrap();
    let lines = |section: &Value| {
        let lines = section["lines"].as_array().unwrap().iter().map(|line| line.as_str().unwrap());
        lines.collect::<Vec<_>>().join("\n")
    };
    sections.iter().filter(|section| section["name"] == kind).map(lines).collect()
}

#[track_caller]
fn says(text: &str, facts: &[&str]) {
    for fact in facts {
        assert!(text.contains(fact), "{fact} is not in:\n{text}");
    }
}

fn conn(id: u32, status: Option<u16>) -> String {
    let (status, state) = status.map_or(("nil".to_owned(), ":unset"), |status| (status.to_string(), ":sent"));
    format!("%Plug.Conn{{method: \"GET\", request_path: \"/items/{id}\", state: {state}, status: {status}}}")
}

fn wrapped(id: u32, reason: &str) -> String {
    let stack = r#"[{:erlang, :*, [nil, 2], []}, {Shop, :price, 1, [file: ~c"lib/shop.ex", line: 12]}]"#;
    let conn = conn(id, None);
    format!("%Plug.Conn.WrapperError{{conn: {conn}, kind: :error, reason: {reason}, stack: {stack}}}")
}

/// A web application: five calls deep, of `requests` every tenth raises; it is wrapped, caught and answered.
fn web(requests: u32, process_of: impl Fn(u32) -> u32) -> Tape {
    let mut tape = Tape::default();
    for id in 0..requests {
        let pid = process_of(id);
        let asked = conn(id, None);
        for function in ["Web.Endpoint.call", "Web.Router.call", "Web.Items.show"] {
            tape.call(pid, function, &[&asked]);
        }
        tape.call(pid, "Shop.total", &["1"]);
        tape.call(pid, "Shop.price", &["nil"]);
        if id % 10 == 3 {
            tape.fails(pid, "error", ":badarith");
            tape.fails(pid, "error", ":badarith");
            tape.fails(pid, "error", ":badarith");
            tape.fails(pid, "error", &wrapped(id, ":badarith"));
            tape.returns(pid, &conn(id, Some(500)));
        } else {
            tape.returns(pid, "5");
            tape.returns(pid, "10");
            for _ in 0..3 {
                tape.returns(pid, &conn(id, Some(200)));
            }
        }
    }
    tape
}

#[test]
fn answers_of_500_are_told_with_route_rate_and_line() {
    // Each request in a process of its own, and all in one that is kept.
    for process_of in [|id| 100 + id, |_| 100] {
        let (exceptions, mut client) = web(200, process_of).exceptions();
        assert_eq!(exceptions, 20, "five calls each fail of it");
        let overview = ask(&mut client, "overview", json!({}));
        says(text(&overview), &["Shop.price/1: :badarith, 20 times"]);
        let told = findings(&mut client, "http_error");
        let [told] = &told[..] else { panic!("{told:?}") };
        let facts = ["20 of 200 answers", "HTTP 500", "GET /items/_ 20 of 200", ":badarith", "Shop.price/1"];
        says(told, &facts);
        says(told, &["lib/shop.ex:12", "caught in Web.Endpoint.call/1"]);
        assert_eq!(findings(&mut client, "repeated_exception"), [""; 0], "it is told with the answers");
        assert_eq!(findings(&mut client, "swallowed_exception"), [""; 0], "an answer of 500 hides nothing");
    }
}

#[test]
fn a_server_without_failures_is_accused_of_nothing() {
    let mut tape = web(3, |_| 100);
    // What clients did wrong, raised and answered as that.
    for id in 0..9 {
        tape.call(100, "Web.Endpoint.call", &[&conn(id, None)]);
        tape.call(100, "Web.Router.call", &[&conn(id, None)]);
        tape.fails(100, "error", "%Web.NoRoute{message: \"no route\"}");
        tape.returns(100, &conn(id, Some(404)));
    }
    let (exceptions, mut client) = tape.exceptions();
    assert_eq!(exceptions, 9);
    let answer = ask(&mut client, "find_anomalies", json!({}));
    assert_eq!(answer["structuredContent"]["sections"], json!([]), "{}", text(&answer));
}

#[test]
fn the_ways_out_of_a_program_are_one_exception_each() {
    let mut tape = Tape::default();
    // Raised again as it is, after it was logged.
    tape.call(1, "A.outer", &["1"]);
    tape.call(1, "A.inner", &["1"]);
    tape.fails(1, "error", "%RuntimeError{message: \"one\"}");
    tape.call(1, "Log.error", &["1"]);
    tape.returns(1, ":ok");
    tape.fails(1, "error", "%RuntimeError{message: \"one\"}");
    // Raised again by a handler that is given it.
    tape.call(1, "B.outer", &["1"]);
    tape.call(1, "B.inner", &["1"]);
    tape.fails(1, "error", "{:badmatch, 7}");
    tape.call(1, "B.handle", &["{:badmatch, 7}"]);
    tape.fails(1, "error", "{:badmatch, 7}");
    tape.returns(1, ":ok");
    // An Erlang error that `rescue` has made Elixir's.
    tape.call(1, "C.outer", &["1"]);
    tape.call(1, "C.inner", &["1"]);
    tape.fails(1, "error", "{:badmatch, 7}");
    tape.fails(1, "error", "%MatchError{term: 7}");
    assert_eq!(tape.exceptions().0, 3);

    // A throw and an exit that are caught.
    for class in ["throw", "exit"] {
        tape.call(1, "D.outer", &["1"]);
        tape.call(1, "D.inner", &["1"]);
        tape.fails(1, class, ":enough");
        tape.returns(1, "{:error, :enough}");
    }
    assert_eq!(tape.exceptions().0, 5);

    // Another error raised while the first is handled: two. The same at two calls, each caught: two.
    tape.call(1, "E.outer", &["1"]);
    tape.call(1, "E.inner", &["1"]);
    tape.fails(1, "error", ":badarith");
    tape.fails(1, "error", ":badarg");
    for _ in 0..2 {
        tape.call(1, "F.inner", &["1"]);
        tape.fails(1, "error", ":badarith");
    }
    assert_eq!(tape.exceptions().0, 9);

    // Of a task: it ends its process, and its caller exits with what it ended of.
    tape.call(2, "G.await", &["1"]);
    tape.call(3, "G.work", &["1"]);
    tape.fails(3, "error", ":badarith");
    tape.exits(3, "{:badarith, [{G, :work, 1, [file: ~c\"g.ex\", line: 4]}]}");
    let exit = "{{:badarith, [{G, :work, 1, [file: ~c\"g.ex\", line: 4]}]}, {Task, :await, [%Task{}, 5000]}}";
    tape.fails(2, "exit", exit);
    assert_eq!(tape.exceptions().0, 11);
    // Processes between each other's calls are kept apart.
    tape.call(4, "H.one", &["1"]);
    tape.call(5, "H.one", &["1"]);
    tape.call(4, "H.two", &["1"]);
    tape.call(5, "H.two", &["1"]);
    tape.fails(4, "error", ":badarith");
    tape.fails(5, "error", ":badarith");
    tape.fails(5, "error", ":badarith");
    tape.fails(4, "error", ":badarith");
    assert_eq!(tape.exceptions().0, 13);
}

#[test]
fn exceptions_that_are_caught_again_and_again_are_told_by_class_shape_and_line() {
    let mut tape = Tape::default();
    for n in 0..40 {
        tape.call(1, "Import.run", &["1"]);
        tape.call(1, "Import.row", &["1"]);
        match n % 4 {
            0 => tape.fails(1, "error", &format!("%RuntimeError{{message: \"row {n}: no \\\"price {n}\\\"\"}}")),
            1 => tape.fails(1, "error", &format!("%RuntimeError{{message: \"stock of {n} is empty\"}}")),
            2 => tape.fails(1, "throw", &format!("{{:found, {n}}}")),
            _ => tape.returns(1, ":ok"),
        };
        tape.returns(1, "{:error, :row}");
    }
    let (exceptions, mut client) = tape.exceptions();
    assert_eq!(exceptions, 30);
    let told = findings(&mut client, "repeated_exception");
    let [first, second] = &told[..] else { panic!("{told:?}") };
    says(first, &["10 times", "RuntimeError", "Import.row/1", "caught in Import.run/1", "40 recorded calls"]);
    says(second, &["10 times", "RuntimeError", "Import.row/1"]);
    // Twice is a mishap.
    let mut twice = Tape::default();
    for _ in 0..2 {
        twice.call(1, "Import.run", &["1"]);
        twice.call(1, "Import.row", &["1"]);
        twice.fails(1, "error", ":badarith");
        twice.returns(1, "{:error, :row}");
    }
    assert_eq!(findings(&mut serve(&twice.events), "repeated_exception"), [""; 0]);
}

#[test]
fn a_status_that_was_cut_is_unknown_and_never_a_good_answer() {
    let cut = |id: u32| {
        format!("%Plug.Conn{{method: \"GET\", request_path: \"/items/{id}\", \u{2039}cut: 9000 bytes\u{203a}}}")
    };
    let mut tape = Tape::default();
    for id in 0..30 {
        tape.call(1, "Web.Endpoint.call", &[&cut(id)]);
        tape.call(1, "Web.Items.show", &[&cut(id)]);
        if id % 10 == 3 {
            tape.fails(1, "error", ":badarith");
            tape.fails(1, "error", "%Plug.Conn.WrapperError{conn: %Plug.Conn{\u{2039}cut: 9000 bytes\u{203a}}}");
        } else {
            tape.returns(1, &cut(id));
            tape.returns(1, &cut(id));
        }
    }
    tape.call(1, "Web.Other.done", &["1"]);
    tape.returns(1, ":ok");
    let (exceptions, mut client) = tape.exceptions();
    assert_eq!(exceptions, 3);
    let told = findings(&mut client, "http_error");
    let [told] = &told[..] else { panic!("{told:?}") };
    says(told, &["3 of 30 requests", "answer is not shown", ":badarith", "Web.Items.show/1", "GET /items/_ 3 of 30"]);
    assert!(!told.contains("HTTP 500"), "{told}");
}

#[test]
fn telemetry_and_functions_that_send_tell_answers_too() {
    // Phoenix and Bandit tell the same requests, one after the other, and nothing else was traced.
    let mut tape = Tape::default();
    for id in 0..20 {
        let answered = conn(id, Some(if id % 5 == 0 { 503 } else { 200 }));
        for event in ["[:phoenix, :endpoint, :stop]", "[:bandit, :request, :stop]"] {
            tape.call(1, ":telemetry.execute", &[event, "%{duration: 5}", &format!("%{{conn: {answered}}}")]);
            tape.returns(1, ":ok");
        }
    }
    let told = findings(&mut serve(&tape.events), "http_error");
    let [told] = &told[..] else { panic!("{told:?}") };
    says(told, &["4 of 20 answers", "HTTP 503", "GET /items/_ 4 of 20"]);

    // A handler of cowboy, and a function that is given the status alone.
    let mut tape = Tape::default();
    for id in 0..12 {
        let status = if id % 6 == 0 { "500" } else { "200" };
        tape.call(1, ":cowboy_req.reply", &[status, "%{}", "\"x\"", "%{method: \"PUT\", path: \"/a\"}"]);
        tape.returns(1, "%{}");
        tape.call(2, "Tiny.send_resp", &["#Port<0.5>", status, "\"x\""]);
        tape.returns(2, ":ok");
    }
    let told = findings(&mut serve(&tape.events), "http_error").join("\n");
    says(&told, &["2 of 24 answers", "PUT /a 2 of 12"]);
}

#[test]
fn what_leads_from_the_symptom_names_the_call_that_raised() {
    let (_, mut client) = web(20, |_| 100).exceptions();
    let answer = ask(&mut client, "find_anomalies", json!({"kinds": ["http_error"]}));
    let next = &answer["structuredContent"]["next"][0];
    assert_eq!(next["tool"], "explain");
    let story = ask(&mut client, "explain", next["arguments"].clone());
    says(text(&story), &[":badarith", "Shop.price(nil)", "lib/shop.ex:12", "Web.Items.show"]);
}
