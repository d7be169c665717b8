//! Two nodes in one store: equal pids and names are two processes, and a message between them is one with two ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may stop")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

#[path = "support/client.rs"]
mod client;

use client::Client;
use serde_json::{Value, json};

const A: &str = "a@h";
const B: &str = "b@h";

/// What both nodes did: each has a server `:shop` with the pid `<0.50.0>`, and a client `<0.60.0>`.
struct Recording {
    events: Vec<Value>,
    /// How far the clock of b is ahead.
    skew: i64,
}

impl Recording {
    fn new(skew: i64) -> Self {
        let mut recording = Self { events: Vec::new(), skew };
        for node in [A, B] {
            recording.add(node, 0, "capture_start", json!({}));
            recording.add(node, 1, "process_register", json!({"registered_name": ":shop"}));
        }
        recording
    }

    /// An event of `<0.50.0>` of a node unless the payload says another pid.
    fn add(&mut self, node: &str, at: i64, event_type: &str, data: Value) -> String {
        let short = &node[..1];
        let id = format!("{short}{}", self.events.len());
        let at = at * 1_000 + if node == B { self.skew } else { 0 };
        let mut event = json!({"event_id": id, "timestamp": at, "event_type": event_type, "node": node,
            "session_id": format!("s{short}"), "pid": "<0.50.0>", "data": data});
        for key in ["pid", "call_id", "parent_id", "correlation_id", "module", "function", "arity", "duration_ns"] {
            if let Some(value) = event["data"].as_object_mut().unwrap().remove(key) {
                event[key] = value;
            }
        }
        self.events.push(event);
        id
    }

    /// A call of the server's `handle_call/3` that changes its state.
    fn handle(&mut self, node: &str, (from, to): (i64, i64), (args, result): ([&str; 3], &str), parent: Option<&str>) {
        let mut entry = json!({"module": "Shop", "function": "handle_call", "arity": 3, "args": args});
        if let Some(parent) = parent {
            entry["parent_id"] = parent.into();
            entry["correlation_id"] = "#Reference<0.1.2.3>".into();
        }
        let call = format!("{}{}", &node[..1], self.events.len());
        entry["call_id"] = call.clone().into();
        self.add(node, from, "function_entry", entry);
        let exit = json!({"module": "Shop", "function": "handle_call", "arity": 3, "call_id": call, "result": result,
            "duration_ns": (to - from) * 1_000});
        self.add(node, to, "function_exit", exit);
    }

    fn client(&self) -> Client {
        let mut client = Client::start();
        let stored = client.call("store_events", json!({"events": self.events}));
        assert_eq!(stored["rejected"].as_array().map_or(0, Vec::len), 0, "{stored}");
        client
    }
}

/// Each server got one message of its own node, and its state shows of which.
fn apart() -> Client {
    let mut recording = Recording::new(0);
    for (node, at, sum) in [(A, 10, "1"), (B, 20, "2")] {
        recording.handle(
            node,
            (at, at + 5),
            (["{:add, 1}", "{#PID<0.60.0>, [:alias | #Reference<0.9.9.9>]}", "0"], &format!("{{:reply, :ok, {sum}}}")),
            None,
        );
    }
    recording.client()
}

/// A client of a calls the server of b, casts to it, and the server of b sends back.
fn talking(skew: i64) -> Client {
    let mut r = Recording::new(skew);
    let caller = json!({"pid": "<0.60.0>", "correlation_id": "#Reference<0.1.2.3>"});
    let with = |base: &Value, more: Value| {
        let mut all = base.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    r.add(
        A,
        10,
        "message_send",
        with(
            &caller,
            json!({"send_type": "call", "receiver_pid": "<b@h.50.0>",
        "message": "{:\"$gen_call\", {#PID<0.60.0>, [:alias | #Reference<0.1.2.3>]}, {:add, 7}}"}),
        ),
    );
    let received = r.add(
        B,
        12,
        "message_receive",
        json!({"receive_type": "call", "receiver_pid": "<0.50.0>", "correlation_id": "#Reference<0.1.2.3>",
        "message": "{:\"$gen_call\", {#PID<a@h.60.0>, [:alias | #Reference<a@h.1.2.3>]}, {:add, 7}}"}),
    );
    r.handle(
        B,
        (13, 18),
        (["{:add, 7}", "{#PID<a@h.60.0>, [:alias | #Reference<a@h.1.2.3>]}", "0"], "{:reply, :ok, 7}"),
        Some(&received),
    );
    r.add(
        B,
        17,
        "message_send",
        json!({"send_type": "reply", "receiver_alias": "#Reference<a@h.1.2.3>", "correlation_id": "#Reference<0.1.2.3>",
        "message": "{[:alias | #Reference<a@h.1.2.3>], :ok}"}),
    );
    r.add(
        A,
        21,
        "message_receive",
        with(
            &caller,
            json!({"receive_type": "reply", "receiver_pid": "<0.60.0>",
        "message": "{[:alias | #Reference<0.1.2.3>], :ok}"}),
        ),
    );
    for at in [30, 40] {
        let sent = json!({"pid": "<0.60.0>", "send_type": "cast", "receiver_name": "{:shop, :b@h}", "message": "{:\"$gen_cast\", {:note, #PID<0.60.0>}}"});
        r.add(A, at, "message_send", sent);
        r.add(B, at + 1, "message_receive", json!({"receive_type": "cast", "receiver_pid": "<0.50.0>", "message": "{:\"$gen_cast\", {:note, #PID<a@h.60.0>}}"}));
        let call = format!("cast{at}");
        r.add(B, at + 2, "function_entry", json!({"module": "Shop", "function": "handle_cast", "arity": 2, "call_id": call, "args": ["{:note, #PID<a@h.60.0>}", "7"]}));
        r.add(B, at + 3, "function_exit", json!({"module": "Shop", "function": "handle_cast", "arity": 2, "call_id": call, "result": "{:noreply, 7}", "duration_ns": 1_000}));
    }
    r.add(
        B,
        50,
        "message_send",
        json!({"send_type": "info", "receiver_pid": "<a@h.60.0>", "message": "{:done, #PID<0.50.0>}"}),
    );
    r.add(A, 52, "message_receive", json!({"pid": "<0.60.0>", "receive_type": "info", "receiver_pid": "<0.60.0>", "message": "{:done, #PID<b@h.50.0>}"}));
    r.client()
}

/// The rows of a section as objects.
fn rows(answer: &Value, section: &str) -> Vec<Value> {
    let sections = answer["sections"].as_array().unwrap();
    let found = sections.iter().find(|one| one["name"] == section).unwrap_or_else(|| panic!("no {section}: {answer}"));
    let columns = found["columns"].as_array().unwrap();
    let object = |row: &Value| -> Value {
        let cells = columns.iter().zip(row.as_array().unwrap());
        cells
            .map(|(name, cell)| (name.as_str().unwrap().to_owned(), cell.clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    found["rows"].as_array().unwrap().iter().map(object).collect()
}

#[test]
fn dump() {
    for skew in [0, -1_000_000] {
        let mut c = talking(skew);
        println!("{}", c.text("message_flow", json!({})));
        println!("{}", c.text("message_flow", json!({"pid": "<b@h.50.0>"})));
        println!("{}", c.text("mailbox", json!({"pid": ":shop", "node": B})));
        println!("{}", c.text("overview", json!({})));
        println!("{}", c.text("explain", json!({"target": ":shop", "node": B})));
        println!("{}", c.text("call_tree", json!({"pid": "<0.50.0>", "node": "b@h"})));
        println!("{}", c.text("find_anomalies", json!({})));
        println!("{}", c.text("call_tree", json!({"event_id": "a4"})));
        println!("{}", c.text("explain", json!({"target": "a4"})));
        println!("{}", c.text("explain", json!({"target": "b18"})));
 println!("{}", c.text("explain", json!({"target": "<a@h.60.0>"})));

        println!("{}", c.text("query_events", json!({"limit": 3})));
        println!("{}", c.text("last_n_events_for_pid", json!({"pid": "<a@h.60.0>", "n": 30})));
        println!("{}", c.refusal("last_n_events_for_pid", json!({"pid": "<0.50.0>", "n": 30})));
        println!("{}", c.text("aggregate", json!({"group_by": ["pid"]})));
    }
    let mut c = apart();
    println!("{}", c.refusal("explain", json!({"target": ":shop"})));
    println!("{}", c.refusal("explain", json!({"target": "<0.50.0>"})));
    println!("{}", c.refusal("mailbox", json!({"pid": "<0.50.0>"})));
    println!("{}", c.refusal("mailbox", json!({"pid": "shop"})));
    println!("{}", c.text("state_at", json!({"pid": "shop", "node": A})));
    println!("{}", c.text("state_history", json!({"pid": "<b@h.50.0>"})));
    println!("{}", c.text("profile", json!({"by": "process"})));
    println!("{}", c.text("overview", json!({})));
}
