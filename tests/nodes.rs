//! Two nodes in one store: equal pids and names are two processes, and a message between them is one with two ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may stop")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

#[path = "support/client.rs"]
mod client;

use client::Client;
use serde_json::{Map, Value, json};

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

/// The rows of a section, each by its columns, with those that are the same in all.
fn rows(answer: &Value, section: &str) -> Vec<Map<String, Value>> {
    let sections = answer["sections"].as_array().unwrap();
    let section = sections.iter().find(|one| one["name"] == section).unwrap_or_else(|| panic!("{answer}"));
    let columns = section["columns"].as_array().unwrap();
    let rows = section["rows"].as_array().unwrap().iter().map(|row| {
        let mut cells: Map<String, Value> = section["constants"].as_object().cloned().unwrap_or_default();
        for (name, cell) in columns.iter().zip(row.as_array().unwrap()) {
            cells.insert(name.as_str().unwrap().to_owned(), cell.clone());
        }
        cells
    });
    rows.collect()
}

/// What stands in these columns, row by row.
fn column<'r>(rows: &'r [Map<String, Value>], name: &str) -> Vec<&'r Value> {
    rows.iter().map(|row| row.get(name).unwrap_or(&Value::Null)).collect()
}

/// The ids of the events of a page.
fn ids(page: &Value) -> Vec<String> {
    page["events"].as_array().unwrap().iter().map(|event| event["event_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_on_two_nodes_is_refused_with_their_names_by_every_tool_that_takes_a_process() {
    let mut client = apart();
    for (tool, argument) in [
        ("explain", "target"),
        ("state_at", "pid"),
        ("state_history", "pid"),
        ("mailbox", "pid"),
        ("message_flow", "pid"),
        ("call_tree", "pid"),
        ("last_n_events_for_pid", "pid"),
        ("query_events", "pid"),
        ("aggregate", "pid"),
        ("profile", "pid"),
        ("explain_query", "pid"),
        ("find_events_around", "pid"),
        ("clear_events", "pid"),
    ] {
        let mut arguments = json!({ argument: "<0.50.0>" });
        match tool {
            "aggregate" => arguments["group_by"] = json!(["pid"]),
            "find_events_around" => arguments["at"] = json!("-1ms"),
            _ => {}
        }
        let refusal = client.refusal(tool, arguments.clone());
        for told in [A, B, "<a@h.50.0>", "\"node\""] {
            assert!(refusal.contains(told), "{tool}: {refusal}");
        }
        arguments[argument] = json!("<b@h.50.0>");
        if tool != "clear_events" {
            assert_eq!(client.result(tool, arguments)["isError"], false, "{tool} takes a pid that says its node");
        }
    }
    for (tool, argument) in [("explain", "target"), ("state_at", "pid"), ("mailbox", "pid"), ("call_tree", "pid")] {
        let refusal = client.refusal(tool, json!({ argument: ":shop" }));
        assert!(refusal.contains(A) && refusal.contains(B), "{tool}: {refusal}");
        assert_eq!(client.result(tool, json!({ argument: ":shop", "node": B }))["isError"], false, "{tool}");
        let unknown = client.refusal(tool, json!({ argument: ":shop", "node": "c@h" }));
        assert!(unknown.contains("a@h, b@h"), "{tool}: {unknown}");
    }
    let prompt = client.error("prompts/get", json!({"name": "who_changed_state", "arguments": {"pid": "<0.50.0>"}}));
    assert!(prompt.1.contains(A) && prompt.1.contains(B), "{prompt:?}");
    let resource = client.error("resources/read", json!({"uri": "elixirscope://pid/0.50.0"}));
    assert!(resource.1.contains(A) && resource.1.contains(B), "{resource:?}");
}

#[test]
fn each_of_two_equal_pids_has_its_own_state_history_and_time() {
    let mut client = apart();
    for (node, pid, state) in [(A, "<a@h.50.0>", "1"), (B, "<b@h.50.0>", "2")] {
        for arguments in
            [json!({"pid": ":shop", "node": node}), json!({"pid": "<0.50.0>", "node": node}), json!({"pid": pid})]
        {
            let answer = client.call("state_at", arguments)["answer"].clone();
            assert_eq!(answer, format!(":shop {pid} was {state}"));
        }
        let history = client.call("state_history", json!({"pid": pid}));
        assert_eq!(column(&rows(&history, "changes"), "change"), [&json!(format!("0 -> {state}"))]);
        let story = client.call("explain", json!({"target": ":shop", "node": node}))["answer"].clone();
        assert!(story.as_str().unwrap().starts_with(&format!(":shop {pid}: ")), "{story}");
    }
    let profile = rows(&client.call("profile", json!({"by": "process"})), "processes");
    assert_eq!(column(&profile, "pid"), ["<a@h.50.0>", "<b@h.50.0>"]);
    assert_eq!(column(&profile, "total_ns"), [5_000, 5_000], "a call of one is not inside of one of the other");
    let overview = client.call("overview", json!({}));
    assert_eq!(column(&rows(&overview, "processes"), "process"), [":shop <a@h.50.0>", ":shop <b@h.50.0>"]);
    let groups = client.call("aggregate", json!({"group_by": ["pid"], "metrics": ["count"]}));
    assert_eq!(column(&rows(&groups, "groups"), "count"), [4, 4]);
    let stats = client.call("get_stats", json!({}));
    assert_eq!(stats["top_pids"].as_array().unwrap().len(), 2, "{}", stats["top_pids"]);
}

#[test]
fn a_pid_that_says_its_node_is_one_process_whoever_recorded_it() {
    let mut client = talking(0);
    let page = client.call("query_events", json!({"pid": "<a@h.60.0>", "format": "json"}));
    assert_eq!(ids(&page), ["a4", "a9", "a10", "a14", "b18", "a19"]);
    let received = json!({"pid": "#PID<a@h.60.0>", "role": "receiver", "format": "json"});
    assert_eq!(ids(&client.call("query_events", received)), ["a9", "b18", "a19"]);
    let last = client.call("last_n_events_for_pid", json!({"pid": "<0.60.0>", "n": 2, "format": "json"}));
    assert_eq!(ids(&last), ["b18", "a19"], "only one node has this one");
    let counted = client.call("query_events", json!({"pid": "<b@h.50.0>", "limit": 0}));
    assert_eq!(counted["total_matched"], 14, "13 of its own and the call to it");
}

#[test]
fn a_message_between_two_nodes_is_one_with_two_ends() {
    let mut client = talking(0);
    let flow = rows(&client.call("message_flow", json!({})), "messages");
    assert_eq!(column(&flow, "event"), ["a4", "a10", "a14", "b18"], "a reply is told with its call");
    assert_eq!(column(&flow, "kind"), ["call", "cast", "cast", "info"]);
    let shop = "shop <b@h.50.0>";
    assert_eq!(column(&flow, "from"), ["<a@h.60.0>", "<a@h.60.0>", "<a@h.60.0>", shop]);
    assert_eq!(column(&flow, "to"), [shop, shop, shop, "<a@h.60.0>"]);
    assert_eq!(column(&flow, "received_ns"), [12_000, 31_000, 41_000, 52_000]);
    assert_eq!(column(&flow, "queued_ns")[..3], [3_000, 2_000, 2_000]);
    assert_eq!(column(&flow, "outcome"), ["answered after 11us", "handled", "handled", "received"]);
    for pid in ["<b@h.50.0>", "<a@h.60.0>"] {
        let of_one = client.call("message_flow", json!({"pid": pid}));
        assert_eq!(rows(&of_one, "messages").len(), 4, "the same messages from either side");
    }
    let mailbox = client.call("mailbox", json!({"pid": ":shop", "node": B}));
    assert_eq!(mailbox["facts"]["still_waiting"], 0);
    assert_eq!(mailbox["facts"]["longest_wait_ns"], 3_000, "{mailbox}");
    assert_eq!(column(&rows(&mailbox, "handled by"), "n"), [1, 2]);
    let overview = rows(&client.call("overview", json!({})), "processes");
    let shop = overview.iter().find(|row| row["process"] == ":shop <b@h.50.0>").unwrap();
    assert_eq!((&shop["in"], &shop["out"]), (&json!(3), &json!(2)));
    let tree = client.call("call_tree", json!({"event_id": "a4"}));
    assert_eq!(column(&rows(&tree, "calls"), "call"), ["[call] Shop.handle_call/3"]);
}

#[test]
fn clocks_that_disagree_give_no_time_between_two_nodes() {
    for skew in [-1_000_000, -11_500] {
        let mut client = talking(skew);
        let answer = client.call("message_flow", json!({}));
        let mut flow = rows(&answer, "messages");
        flow.sort_by_key(|row| row["event"].as_str().unwrap()[1..].parse::<u32>().unwrap());
        assert_eq!(column(&flow, "event"), ["a4", "a10", "a14", "b18"], "still one each");
        assert_eq!(
            column(&flow, "outcome"),
            ["answered after 11us", "handled", "handled", "received"],
            "by the caller's clock"
        );
        assert!(column(&flow, "queued_ns").iter().all(|queued| !queued.is_number()), "{answer}");
        assert!(answer["notes"].to_string().contains("the clocks of a@h and b@h disagree"), "{answer}");
        let mailbox = client.call("mailbox", json!({"pid": "<b@h.50.0>"}));
        assert_eq!(mailbox["facts"]["still_waiting"], 0);
        assert!(mailbox["facts"].get("longest_wait_ns").is_none(), "{mailbox}");
        assert_eq!(column(&rows(&mailbox, "handled by"), "n"), [1, 2]);
        let story = client.text("explain", json!({"target": ":shop", "node": B}));
        assert!(!story.contains("without a reply"), "{story}");
        let found = client.call("find_anomalies", json!({}));
        assert!(found["answer"].as_str().unwrap().starts_with("nothing found"), "{found}");
    }
}

/// Sends `:tick` so often from a to b, of which so many arrive; both counted from the first.
fn ticks(sent: i64, received: i64) -> Vec<Map<String, Value>> {
    let mut r = Recording::new(0);
    for at in 0..sent {
        r.add(
            A,
            10 + 10 * at,
            "message_send",
            json!({"send_type": "info", "receiver_pid": "<b@h.50.0>", "message": ":tick"}),
        );
    }
    for at in 0..received {
        r.add(
            B,
            12 + 10 * at,
            "message_receive",
            json!({"receive_type": "info", "receiver_pid": "<0.50.0>", "message": ":tick"}),
        );
    }
    rows(&r.client().call("message_flow", json!({"pid": "<b@h.50.0>"})), "messages")
}

#[test]
fn ends_that_may_be_of_other_messages_are_not_joined() {
    let received = |rows: &[Map<String, Value>]| column(rows, "received_ns").iter().filter(|at| at.is_number()).count();
    let all = ticks(3, 3);
    assert_eq!((all.len(), received(&all)), (3, 3));
    let underway = ticks(3, 2);
    assert_eq!((underway.len(), received(&underway)), (3, 2), "the last may be on its way");
    assert_eq!(column(&underway, "outcome"), ["received", "received", "unknown"]);
    // Somebody who is not recorded sent one of them, and nothing says which.
    let more = ticks(2, 3);
    assert_eq!(column(&more, "from").iter().filter(|from| **from == "?").count(), 3);
}

#[test]
fn of_one_node_answers_name_none() {
    let mut recording = Recording::new(0);
    recording.events.retain(|event| event["node"] == A);
    let mut client = recording.client();
    let overview = rows(&client.call("overview", json!({})), "processes");
    assert_eq!(column(&overview, "process"), [":shop <0.50.0>"]);
    for arguments in
        [json!({"target": "<a@h.50.0>"}), json!({"target": ":shop", "node": A}), json!({"target": ":shop"})]
    {
        let answer = client.call("explain", arguments)["answer"].clone();
        assert!(answer.as_str().unwrap().starts_with(":shop <0.50.0>: "), "{answer}");
    }
}

#[test]
fn messages_of_another_node_that_come_while_a_call_runs_bound_its_waiting() {
    let mut recording = Recording::new(0);
    let call = json!({"pid": "<0.60.0>", "module": "Client", "function": "wait", "arity": 0, "call_id": "w"});
    recording.add(B, 100, "function_entry", call.clone());
    for n in 0..5 {
        let message = format!("{{:tick, {n}}}");
        let sent = json!({"receiver_pid": "<b@h.60.0>", "send_type": "info", "message": message});
        recording.add(A, 110 + 10 * n, "message_send", sent);
        let came = json!({"pid": "<0.60.0>", "receiver_pid": "<0.60.0>", "receive_type": "info", "message": message});
        recording.add(B, 115 + 10 * n, "message_receive", came);
    }
    let mut end = call;
    end["duration_ns"] = json!(100_000);
    recording.add(B, 200, "function_exit", end);
    let mut client = recording.client();
    let tree = client.call("call_tree", json!({"pid": "<b@h.60.0>"}));
    let row = &rows(&tree, "calls")[0];
    assert_eq!((&row["self_ns"], &row["maybe_waited_ns"]), (&json!(100_000), &json!(55_000)));
}
