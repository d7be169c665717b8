//! What the laws of messages and of jobs say of programs that do as they should: nothing, and of counts no more than
//! was seen.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

use elixir_scope_storage::{EventStore, Settings, mcp};
use serde_json::{Value, json};

const MS: i64 = 1_000_000;

/// Events in the order they are written down.
#[derive(Default)]
struct Trace {
    events: Vec<Value>,
}

impl Trace {
    fn add(&mut self, at: i64, event_type: &str, pid: &str, data: Value) -> &mut Value {
        let id = format!("e{}", self.events.len());
        self.events.push(json!({"id": id, "ts": at, "type": event_type, "session_id": "s", "node": "shop@host",
            "pid": pid, "data": data}));
        self.events.last_mut().unwrap()
    }

    fn enter(&mut self, at: i64, pid: &str, call: &str, function: (&str, &str, usize), args: Value) {
        let event = self.add(at, "function_entry", pid, json!({"args": args}));
        (event["call_id"], event["module"]) = (json!(call), json!(function.0));
        (event["function"], event["arity"]) = (json!(function.1), json!(function.2));
    }

    fn leave(&mut self, at: i64, pid: &str, call: &str, function: (&str, &str, usize), result: &str) {
        let event = self.add(at, "function_exit", pid, json!({"result": result}));
        (event["call_id"], event["module"]) = (json!(call), json!(function.0));
        (event["function"], event["arity"]) = (json!(function.1), json!(function.2));
    }

    fn send(&mut self, at: i64, from: &str, to: &str, message: &str, content: &str) {
        let data = json!({"sender_pid": from, "receiver_pid": to, "message": content, "message_id": message});
        self.add(at, "message_send", from, data)["id"] = json!(message);
    }

    fn receive(&mut self, at: i64, from: &str, to: &str, message: &str, content: &str) {
        let data = json!({"sender_pid": from, "receiver_pid": to, "message": content, "message_id": message});
        self.add(at, "message_receive", to, data)["parent_id"] = json!(message);
    }

    /// What a law finds in it.
    fn found(&self, kind: &str) -> Vec<Value> {
        let mut events = self.events.clone();
        events.sort_by_key(|event| event["ts"].as_i64());
        let store = EventStore::open(Settings::UNBOUNDED).unwrap();
        let texts: Vec<String> = events.iter().map(Value::to_string).collect();
        assert_eq!(store.store_json_events(&texts, false).rejected, []);
        let arguments = json!({"kinds": [kind]}).to_string();
        let reply = mcp::call(&store, "find_anomalies", &arguments).unwrap();
        let told = reply.structured.unwrap_or_else(|| panic!("{}", reply.text));
        told["sections"].as_array().cloned().unwrap_or_default()
    }
}

const HANDLE: (&str, &str, usize) = ("Server", "handle_info", 2);
const ASK: (&str, &str, usize) = ("Client", "ask", 2);

/// A client that asks again and again by a function that gives up after 100 ms. `answered`: what comes when for each.
fn asked(trace: &mut Trace, answers: &[Option<(i64, i64)>], returned: &[&str], is_handled: bool) {
    let (client, server) = ("<0.2.0>", "<0.3.0>");
    for (n, (answer, result)) in (0..).zip(answers.iter().zip(returned)) {
        let at = n * 200 * MS;
        let (call, question, key) = (format!("c{n}"), format!("q{n}"), format!("{{:get, {n}}}"));
        trace.enter(at, client, &call, ASK, json!(["#PID<0.3.0>", key.clone()]));
        trace.send(at + MS, client, server, &question, &key);
        if is_handled {
            trace.receive(at + 2 * MS, client, server, &question, &key);
            trace.enter(at + 3 * MS, server, &format!("h{n}"), HANDLE, json!([key, "%{}"]));
            trace.events.last_mut().unwrap()["parent_id"] = json!(question);
            trace.leave(at + 4 * MS, server, &format!("h{n}"), HANDLE, "{:noreply, %{}}");
        }
        if let Some((after, value)) = answer {
            let (id, said) = (format!("a{n}"), format!("{{:v, {value}}}"));
            trace.send(at + after * MS, server, client, &id, &said);
            trace.receive((at + after * MS + MS).max(at + 20 * MS), server, client, &id, &said);
        }
        trace.leave(at + 110 * MS, client, &call, ASK, result);
    }
}

#[test]
fn a_question_without_an_answer_gives_none_after_it_that_of_another() {
    for is_handled in [true, false] {
        let mut trace = Trace::default();
        let values: Vec<String> = (0..20).map(|n| format!("{{:ok, {}}}", 100 + n)).collect();
        let returned: Vec<&str> =
            ["{:error, :timeout}"].into_iter().chain(values[1..].iter().map(String::as_str)).collect();
        let answers: Vec<Option<(i64, i64)>> = (0..20).map(|n| (n > 0).then_some((5, 100 + n))).collect();
        asked(&mut trace, &answers, &returned, is_handled);
        assert_eq!(trace.found("mistaken_reply"), Vec::<Value>::new());
    }
}

#[test]
fn an_answer_that_came_late_is_still_told_where_an_earlier_question_has_none() {
    let mut trace = Trace::default();
    let answers = [None, Some((150, 101)), Some((5, 102))];
    asked(&mut trace, &answers, &["{:error, :timeout}", "{:error, :timeout}", "{:ok, 101}"], true);
    // It is taken by the call after it.
    for event in &mut trace.events {
        if event["type"] == "message_receive" && event["data"]["message_id"] == "a1" {
            event["ts"] = json!(401 * MS);
        }
    }
    let found = trace.found("mistaken_reply");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["values"]["figures"]["times"], 1, "{found:?}");
}

/// A job that a server starts on each message, each run as long as these say; `None`: it is not seen to end.
fn jobs(trace: &mut Trace, (period, sender): (i64, Option<&str>), lasts: &[Option<i64>]) {
    let server = "<0.5.0>";
    for (n, lasted) in (0..).zip(lasts) {
        let (at, call, tick) = (1_000 * MS + n * period, format!("t{n}"), format!("tick{n}"));
        if let Some(sender) = sender.filter(|sender| *sender != "cast") {
            trace.send(at, sender, server, &tick, ":refresh");
        }
        let takes = if sender == Some("cast") { "handle_cast" } else { "handle_info" };
        trace.enter(at + 1, server, &call, ("Cache", takes, 2), json!([":refresh", "%{}"]));
        if sender.is_some_and(|sender| sender != "cast") {
            trace.events.last_mut().unwrap()["parent_id"] = json!(tick);
        }
        let child = format!("<0.{}.0>", 100 + n);
        let spawn = json!({"parent_pid": server, "spawned_pid": child, "spawn_module": "Cache", "spawn_function": "fill",
            "spawn_args": "[]"});
        trace.add(at + 2, "process_spawn", &child, spawn);
        trace.leave(at + 10, server, &call, ("Cache", takes, 2), "{:noreply, %{}}");
        trace.enter(at + 20, &child, &format!("f{n}"), ("Cache", "fill", 0), json!([]));
        if let Some(lasted) = lasted {
            trace.leave(at + lasted, &child, &format!("f{n}"), ("Cache", "fill", 0), ":ok");
            trace.add(at + lasted + 1, "process_exit", &child, json!({"exit_reason": "normal"}));
        }
    }
}

fn overlapping(trace: &Trace) -> Vec<(Value, String)> {
    let lines = |found: &Value| found["lines"].as_array().unwrap().iter().map(Value::to_string).collect::<String>();
    trace.found("overlapping_runs").iter().map(|found| (found["values"].clone(), lines(found))).collect()
}

#[test]
fn runs_that_take_as_long_each_time_are_not_told_as_more_and_more() {
    let mut trace = Trace::default();
    jobs(&mut trace, (100 * MS, Some("<0.5.0>")), &[Some(350 * MS); 5]);
    let found = overlapping(&trace);
    assert_eq!((found.len(), &found[0].0["confidence"]), (1, &json!("medium")), "{found:?}");
    assert!(!found[0].1.contains("more and more") && found[0].1.contains("of a timer"), "{found:?}");
}

#[test]
fn what_nobody_was_seen_to_send_is_not_told_as_the_message_of_a_timer() {
    let mut trace = Trace::default();
    jobs(&mut trace, (100 * MS, None), &[Some(350 * MS); 12]);
    let found = overlapping(&trace);
    assert!(found.len() == 1 && found[0].1.contains("which no process was seen to send"), "{found:?}");
    let mut trace = Trace::default();
    jobs(&mut trace, (100 * MS, Some("cast")), &[Some(350 * MS); 12]);
    assert_eq!(overlapping(&trace), []);
}

#[test]
fn runs_whose_ends_may_be_lost_are_not_at_it_for_ever() {
    let mut lasts = vec![Some(20 * MS); 12];
    lasts[2..9].fill(None);
    let seam = |trace: &mut Trace| {
        let mark = json!({"id": "again", "ts": 1_950 * MS, "type": "capture_start", "session_id": "s", "node": "shop@host",
            "data": {}});
        trace.events.push(mark);
    };
    let mut trace = Trace::default();
    jobs(&mut trace, (100 * MS, Some("<0.5.0>")), &lasts);
    seam(&mut trace);
    assert_eq!(overlapping(&trace), []);
}
