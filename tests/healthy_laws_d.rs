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
