//! Callbacks whose values were left out are told as what they are: a message was taken, and what became of the state is
//! not known.

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

use client::Client;
use serde_json::{Value, json};

/// A server that is cast to `casts` times; each callback is recorded, those from `bare` on without values and end.
fn recording(casts: i64, bare: i64) -> Vec<Value> {
    let mut events = Vec::new();
    for cast in 0..casts {
        let at = 1_000_000 * (cast + 1);
        let (sent, entry) = (format!("m{cast}"), format!("c{cast}"));
        let message = format!("{{:\"$gen_cast\", {{:add, {cast}}}}}");
        events.push(json!({"id": sent, "ts": at, "type": "message_send", "pid": "<0.1.0>", "receiver_pid": "<0.2.0>",
            "send_type": "cast", "correlation_id": sent, "message": message}));
        events.push(json!({"id": format!("r{cast}"), "ts": at + 1, "type": "message_receive", "pid": "<0.2.0>",
            "receive_type": "cast", "correlation_id": sent, "message": message, "message_id": sent, "parent_id": sent}));
        let mut called = json!({"id": entry, "ts": at + 2, "type": "function_entry", "pid": "<0.2.0>", "module": "Shop",
            "function": "handle_cast", "arity": 2, "call_id": entry});
        if cast < bare {
            called["args"] = json!([format!("{{:add, {cast}}}"), format!("%{{sum: {cast}}}")]);
            called["parent_id"] = json!(sent);
            called["message_id"] = json!(sent);
        }
        events.push(called);
        if cast < bare {
            events.push(json!({"id": format!("x{cast}"), "ts": at + 500, "type": "function_exit", "pid": "<0.2.0>",
                "module": "Shop", "function": "handle_cast", "arity": 2, "call_id": entry, "duration_ns": 498,
                "exit_reason": "normal", "result": format!("{{:noreply, %{{sum: {}}}}}", cast + 1)}));
            events.push(json!({"id": format!("s{cast}"), "ts": at + 500, "type": "state_change", "pid": "<0.2.0>",
                "module": "Shop", "function": "handle_cast", "arity": 2, "call_id": entry, "callback": "Shop.handle_cast/2",
                "state_diff": [{"path": "sum", "old": cast.to_string(), "new": (cast + 1).to_string()}], "old_state": format!("%{{sum: {cast}}}"),
                "new_state": format!("%{{sum: {}}}", cast + 1)}));
        }
    }
    events
}

fn ask(client: &mut Client, tool: &str, arguments: Value) -> String {
    let reply = client.request("tools/call", json!({"name": tool, "arguments": arguments}));
    assert_eq!(reply["result"]["isError"], json!(false), "{reply}");
    reply["result"]["content"][0]["text"].as_str().unwrap().to_owned()
}

fn serve(events: &[Value]) -> Client {
    let mut client = Client::start();
    let stored = client.request("tools/call", json!({"name": "store_events", "arguments": {"events": events}}));
    assert_eq!(stored["result"]["structuredContent"]["stored"], events.len(), "{stored}");
    client
}

#[test]
fn a_state_is_unknown_since_the_first_callback_without_values() {
    let mut client = serve(&recording(40, 10));
    let state = ask(&mut client, "state_at", json!({"pid": "<0.2.0>"}));
    let head = state.lines().next().unwrap();
    assert!(head.contains("unknown since") && head.contains("(c10)"), "{state}");
    assert!(state.contains("last known: %{sum: 10}"), "{state}");
    // Before, it is known.
    let state = ask(&mut client, "state_at", json!({"pid": "<0.2.0>", "at": 9_500_000}));
    assert!(state.lines().next().unwrap().contains("was %{sum: 9}"), "{state}");
}

#[test]
fn a_state_is_known_again_from_a_callback_that_tells_it() {
    let mut events = recording(12, 10);
    events.push(json!({"id": "later", "ts": 50_000_000, "type": "function_entry", "pid": "<0.2.0>", "module": "Shop",
        "function": "handle_cast", "arity": 2, "call_id": "later", "args": ["{:add, 1}", "%{sum: 77}"]}));
    let state = ask(&mut serve(&events), "state_at", json!({"pid": "<0.2.0>"}));
    assert!(state.lines().next().unwrap().contains("was %{sum: 77}"), "{state}");
}

#[test]
fn what_callbacks_without_values_took_waits_no_more() {
    let mut client = serve(&recording(200, 10));
    let found = client.request("tools/call", json!({"name": "mailbox", "arguments": {"pid": "<0.2.0>"}}));
    assert_eq!(found["result"]["structuredContent"]["facts"]["still_waiting"], "unknown", "{found}");
    let found = ask(&mut client, "find_anomalies", json!({}));
    assert!(!found.contains("mailbox"), "{found}");
}

#[test]
fn how_long_a_call_took_whose_end_is_not_recorded_is_not_told() {
    let mut client = serve(&recording(40, 0));
    let story = ask(&mut client, "explain", json!({"target": "<0.2.0>"}));
    assert!(story.contains("x40: how long is not recorded"), "{story}");
}

#[test]
fn every_answer_says_that_the_state_is_unknown() {
    let story = ask(&mut serve(&recording(40, 10)), "explain", json!({"target": "<0.2.0>"}));
    assert!(
        story.contains("unknown since") && story.contains("(c10)") && story.contains("last known: %{sum: 10}"),
        "{story}"
    );
}

#[test]
fn a_callback_without_values_is_found_behind_all_the_calls_it_made() {
    let mut events = recording(11, 10);
    for call in 0..500 {
        events.push(
            json!({"id": format!("n{call}"), "ts": 20_000_000 + call, "type": "function_entry", "pid": "<0.2.0>",
            "module": "Shop", "function": "note", "arity": 1, "call_id": format!("n{call}"), "parent_id": "c10"}),
        );
    }
    let state = ask(&mut serve(&events), "state_at", json!({"pid": "<0.2.0>"}));
    assert!(state.lines().next().unwrap().contains("unknown since"), "{state}");
}

/// A state machine that takes a cast, and then others without values.
fn machine(function: &str, caller: Option<&str>) -> Vec<Value> {
    let arity = if function == "handle_event" { 4 } else { 3 };
    let mut events = vec![json!({"id": "s0", "ts": 1_000_000, "type": "state_change", "pid": "<0.2.0>",
        "module": "Lamp", "function": function, "arity": arity, "call_id": "c0", "behaviour": "gen_statem",
        "callback": format!("Lamp.{function}/{arity}"), "state_diff": [{"path": "[0]", "old": ":off", "new": ":on"}],
        "old_state": "{:off, %{n: 0}}", "new_state": "{:on, %{n: 1}}"})];
    let mut entry = json!({"id": "c1", "ts": 2_000_000, "type": "function_entry", "pid": "<0.2.0>",
        "module": "Lamp", "function": function, "arity": arity, "call_id": "c1"});
    if let Some(caller) = caller {
        entry["caller"] = json!(caller);
    }
    events.push(entry);
    events
}

#[test]
fn a_state_function_without_values_makes_the_state_of_its_machine_unknown() {
    let by = ":gen_statem.loop_state_callback/11";
    for (function, caller) in [("on", Some(by)), ("on", None), ("handle_event", Some(by)), ("handle_event", None)] {
        let mut client = serve(&machine(function, caller));
        let state = ask(&mut client, "state_at", json!({"pid": "<0.2.0>"}));
        let head = state.lines().next().unwrap();
        assert!(head.contains("unknown since") && head.contains("(c1)"), "{function}: {state}");
        let story = ask(&mut client, "explain", json!({"target": "<0.2.0>"}));
        assert!(story.contains("unknown since"), "{story}");
    }
    // A helper is no state function.
    let state = ask(&mut serve(&machine("log", Some("Lamp.on/3"))), "state_at", json!({"pid": "<0.2.0>"}));
    assert!(state.lines().next().unwrap().contains("was {:on, %{n: 1}}"), "{state}");
}

#[test]
fn a_machine_s_state_is_known_again_from_a_state_function_with_values() {
    let by = ":gen_statem.loop_state_callback/11";
    let mut events = machine("on", Some(by));
    let called = json!({"id": "c2", "ts": 3_000_000, "type": "function_entry", "pid": "<0.2.0>", "module": "Lamp",
        "function": "off", "arity": 3, "call_id": "c2", "caller": by, "args": [":cast", ":flip", "%{n: 7}"]});
    events.push(called);
    let state = ask(&mut serve(&events), "state_at", json!({"pid": "<0.2.0>"}));
    assert!(state.lines().next().unwrap().contains("was {:off, %{n: 7}}"), "{state}");
}
