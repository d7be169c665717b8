//! Deeply nested values in every place a value can have: each question is answered.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

use elixir_scope_storage::{EventStore, Settings, mcp};
use serde_json::{Value, json};

const PID: &str = "<0.100.0>";

/// An undo stack as people keep it, of so many steps.
fn undo(depth: usize, last: usize) -> String {
    format!("{}%{{n: {last}}}{}", "{:put, :a, ".repeat(depth), "}".repeat(depth))
}

fn events(depth: usize) -> Vec<Value> {
    let mut events = Vec::new();
    for n in 0..10 {
        let (old, new) = (undo(depth + n, n), undo(depth + n + 1, n + 1));
        let (at, call) = (1_000 + 100 * n as i64, format!("c{n}"));
        let of = json!({"pid": PID, "module": "Editor", "function": "handle_call", "arity": 3, "call_id": call});
        let event = |id: &str, at: i64, kind: &str, data: Value| {
            let mut event = of.clone();
            event["id"] = format!("{id}{n}").into();
            event["ts"] = at.into();
            event["type"] = kind.into();
            event["data"] = data;
            event
        };
        let message = format!("{{:undo, {old}}}");
        let received = json!({"message": format!("{{:\"$gen_call\", {{#PID<0.9.0>, #Reference<0.1.2.{n}>}}, {message}}}"),
                              "receive_type": "call", "receiver_pid": PID});
        events.push(
            json!({"id": format!("m{n}"), "ts": at - 10, "type": "message_receive", "pid": PID, "data": received}),
        );
        events.push(event("e", at, "function_entry", json!({"args": [message, "{#PID<0.9.0>, nil}", old]})));
        let raised = n == 9;
        let end = if raised {
            json!({"exit_reason": "error", "reason": format!("{{:badmatch, {new}}}")})
        } else {
            json!({"exit_reason": "normal", "result": format!("{{:reply, {old}, {new}}}")})
        };
        let mut exit = event("x", at + 50, "function_exit", end);
        exit["duration_ns"] = 50.into();
        events.push(exit);
        if !raised {
            let diff = json!([{"path": "[1]", "old": old, "new": new}]);
            let change = json!({"old_state": old, "new_state": new, "state_diff": diff, "callback": "handle_call"});
            events.push(event("s", at + 50, "state_change", change));
        }
    }
    let reason =
        format!("{{{{:badmatch, {}}}, [{{Editor, :undo, 1, [file: \"lib/editor.ex\", line: 3]}}]}}", undo(depth, 1));
    events.push(json!({"id": "end", "ts": 3_000, "type": "process_exit", "pid": PID, "data": {"reason": reason}}));
    events
}

#[test]
fn a_deep_state_is_told_by_every_tool() {
    for depth in [30, 400] {
        let store = EventStore::open(Settings::UNBOUNDED).unwrap();
        let texts: Vec<String> = events(depth).iter().map(Value::to_string).collect();
        assert_eq!(store.store_json_events(&texts, false).rejected, []);
        for (tool, arguments) in [
            ("overview", json!({})),
            ("explain", json!({"target": "end"})),
            ("explain", json!({"target": "x9"})),
            ("explain", json!({"target": PID})),
            ("state_at", json!({"pid": PID, "at": 1_500})),
            ("state_history", json!({"pid": PID})),
            ("call_tree", json!({"pid": PID})),
            ("mailbox", json!({"pid": PID})),
            ("message_flow", json!({})),
            ("profile", json!({"by": "message"})),
            ("find_anomalies", json!({})),
            ("query_events", json!({"pid": PID})),
            ("aggregate", json!({"group_by": "data.new_state"})),
            ("diff_windows", json!({"before": {"until_timestamp": 1_500}, "after": {"since_timestamp": 1_500}})),
            ("find_events_around", json!({"event_id": "x9"})),
        ] {
            let reply = mcp::call(&store, tool, &arguments.to_string()).unwrap();
            assert!(reply.structured.is_some(), "{tool} {arguments}: {}", reply.text);
        }
        let reply = mcp::call(&store, "state_at", &json!({"pid": PID, "at": 1_100}).to_string()).unwrap();
        assert!(reply.text.contains(":put"), "{}", reply.text);
    }
}
