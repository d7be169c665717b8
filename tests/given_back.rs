//! What is taken and given back otherwise, or by nobody because all stops, is not said to be kept.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

use elixir_scope_storage::{EventStore, Settings, mcp};
use serde_json::{Value, json};

const SERVER: &str = "<0.2.0>";

/// Events as they happen, a microsecond each.
#[derive(Default)]
struct Film {
    events: Vec<Value>,
}

impl Film {
    fn push(&mut self, event_type: &str, pid: &str, more: &Value) -> String {
        let n = self.events.len();
        let id = format!("e{n}");
        let mut event = json!({"id": id, "ts": n * 1_000, "type": event_type, "pid": pid, "data": {}});
        for (key, value) in more.as_object().unwrap() {
            event[key] = value.clone();
        }
        self.events.push(event);
        id
    }

    /// A cast that is handled at once, and changes a part of the state.
    fn cast(&mut self, from: &str, within: &str, message: &str, changes: Option<&str>) {
        let data =
            json!({"message": format!("{{:\"$gen_cast\", {message}}}"), "send_type": "cast", "receiver_pid": SERVER});
        let sent = self.push("message_send", from, &json!({"parent_id": within, "data": data}));
        let call = format!("h{sent}");
        let of = |data: Value| json!({"module": "Server", "function": "handle_cast", "arity": 2, "call_id": call, "parent_id": sent, "data": data});
        self.push("function_entry", SERVER, &of(json!({"args": [message, "state"]})));
        if let Some(part) = changes {
            let diff = json!([{"path": part, "old": "1", "new": "2"}]);
            let data = json!({"old_state": "a", "new_state": "b", "state_diff": diff});
            self.push("state_change", SERVER, &json!({"call_id": call, "data": data}));
        }
        self.push("function_exit", SERVER, &of(json!({"result": "{:noreply, state}", "exit_reason": "normal"})));
    }

    /// A run of a function that tells the server these messages, each of a part of its state, and returns or fails.
    fn run(&mut self, pid: &str, messages: &[(&str, Option<&str>)], end: &str) {
        let call = format!("r{}", self.events.len());
        let of = |data: Value| json!({"module": "Work", "function": "run", "arity": 0, "call_id": call, "data": data});
        let entry = self.push("function_entry", pid, &of(json!({"args": []})));
        for (message, part) in messages {
            self.cast(pid, &entry, message, *part);
        }
        let data = if end == "normal" {
            json!({"exit_reason": "normal", "result": ":ok"})
        } else {
            json!({"exit_reason": end, "reason": if end == "exit" { ":shutdown" } else { ":badarith" }})
        };
        self.push("function_exit", pid, &of(data));
    }

    fn exit(&mut self, pid: &str) {
        self.push("process_exit", pid, &json!({"data": {"exit_reason": ":normal"}}));
    }

    /// Five runs that give back what they took.
    fn good() -> Self {
        let mut film = Self::default();
        for n in 0..5 {
            film.run(&format!("<0.1{n}.0>"), &[(":take", Some("busy")), (":give", Some("busy"))], "normal");
        }
        film
    }

    /// How many findings there are, another process having used the server in the end.
    fn found(mut self) -> usize {
        self.run("<0.90.0>", &[(":take", Some("busy")), (":give", Some("busy"))], "normal");
        self.told()
    }

    fn told(&self) -> usize {
        let store = EventStore::open(Settings::UNBOUNDED).unwrap();
        let texts: Vec<String> = self.events.iter().map(Value::to_string).collect();
        assert_eq!(store.store_json_events(&texts, false).rejected, []);
        let reply = mcp::call(&store, "find_anomalies", r#"{"kinds": ["not_given_back"]}"#).unwrap();
        reply.structured.unwrap()["sections"].as_array().unwrap().len()
    }
}

const TAKE: (&str, Option<&str>) = (":take", Some("busy"));

#[test]
fn who_fails_between_and_ends_or_takes_again_keeps_it() {
    let mut film = Film::good();
    film.run("<0.50.0>", &[TAKE], "error");
    film.exit("<0.50.0>");
    assert_eq!(film.found(), 1);
    let mut film = Film::good();
    film.run("<0.50.0>", &[TAKE], "error");
    film.run("<0.50.0>", &[TAKE, (":give", Some("busy"))], "normal");
    assert_eq!(film.found(), 1);
}

#[test]
fn another_message_may_give_it_back_as_well() {
    let mut film = Film::good();
    film.run("<0.50.0>", &[TAKE], "error");
    film.cast("<0.50.0>", "none", "{:failed, 1}", Some("busy"));
    film.exit("<0.50.0>");
    assert_eq!(film.found(), 0);
}

#[test]
fn a_second_message_of_something_else_gives_nothing_back() {
    let mut film = Film::default();
    for n in 0..5 {
        film.run(&format!("<0.1{n}.0>"), &[(":count", Some("count")), (":slow", Some("slow"))], "normal");
    }
    film.run("<0.50.0>", &[(":count", Some("count"))], "normal");
    film.run("<0.50.0>", &[(":count", Some("count"))], "normal");
    film.exit("<0.50.0>");
    assert_eq!(film.found(), 0);
}

#[test]
fn what_was_told_and_not_handled_was_told() {
    let mut film = Film::good();
    film.run("<0.50.0>", &[TAKE], "normal");
    film.cast("<0.50.0>", "none", ":give", None);
    film.exit("<0.50.0>");
    assert_eq!(film.found(), 0);
}

#[test]
fn a_system_that_stops_keeps_nothing() {
    let mut film = Film::good();
    film.run("<0.50.0>", &[TAKE], "error");
    film.run("<0.60.0>", &[TAKE, (":give", Some("busy"))], "normal");
    film.exit("<0.50.0>");
    assert_eq!(film.told(), 0, "nobody needed the server after its end");
}

#[test]
fn a_server_that_is_told_of_the_end_gives_back_by_itself() {
    let mut film = Film::good();
    film.run("<0.50.0>", &[TAKE], "error");
    film.exit("<0.50.0>");
    let message = "{:DOWN, #Reference<0.1.2.3>, :process, #PID<0.50.0>, :normal}";
    let data = json!({"message": message, "receive_type": "down"});
    film.push("message_receive", SERVER, &json!({"data": data}));
    assert_eq!(film.found(), 0);
}

#[test]
fn an_end_that_is_not_known_is_no_failure() {
    let mut film = Film::good();
    film.run("<0.50.0>", &[TAKE], "exit");
    assert_eq!(film.found(), 0, "it was told to end, and is not known to have ended");
}

#[test]
fn what_gives_it_back_may_have_been_dropped() {
    let mut film = Film::good();
    film.run("<0.50.0>", &[TAKE], "error");
    film.push("gap", "<0.50.0>", &json!({"duration_ns": 10, "data": {"dropped": 3}}));
    film.exit("<0.50.0>");
    assert_eq!(film.found(), 0);
}
