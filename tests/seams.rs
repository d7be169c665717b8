//! What was asked before a seam of the recording is not said to be unanswered after it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

use elixir_scope_storage::{EventStore, Settings, mcp};
use serde_json::{Value, json};

const SERVER: &str = "<0.2.0>";
const MS: i64 = 1_000_000;

/// Twenty calls of a server that answers all but the last few, whose callers go on after it; what happens in between.
fn recording(seam: &[Value]) -> EventStore {
    store(&events(seam))
}

fn store(events: &[Value]) -> EventStore {
    let store = EventStore::open(Settings::UNBOUNDED).unwrap();
    let texts: Vec<String> = events.iter().map(Value::to_string).collect();
    assert_eq!(store.store_json_events(&texts, false).rejected, []);
    store
}

fn events(seam: &[Value]) -> Vec<Value> {
    let mut events = Vec::new();
    for n in 0..20_i64 {
        let at = n * 10 * MS;
        let client = format!("<0.{}.0>", 100 + n);
        let reference = format!("#Reference<0.1.2.{n}>");
        let request = format!("{{:\"$gen_call\", {{#PID{client}, [:alias | {reference}]}}, :get}}");
        let call = |id: &str| json!({"pid": client, "module": "Client", "function": "get", "arity": 0, "call_id": id});
        let handle = json!({"pid": SERVER, "module": "Server", "function": "handle_call", "arity": 3, "call_id": format!("h{n}")});
        let mut push = |id: String, at: i64, kind: &str, of: &Value, data: Value| {
            let mut event = of.clone();
            event["id"] = id.into();
            event["ts"] = at.into();
            event["type"] = kind.into();
            event["data"] = data;
            events.push(event);
        };
        let id = format!("c{n}");
        push(format!("e{n}"), at, "function_entry", &call(&id), json!({"args": []}));
        let of = json!({"pid": client, "correlation_id": reference, "parent_id": format!("e{n}")});
        let data = json!({"message": request, "send_type": "call", "receiver_pid": SERVER});
        push(format!("s{n}"), at + 1, "message_send", &of, data);
        if n < 17 {
            let parent = json!({"pid": SERVER, "correlation_id": reference, "parent_id": format!("s{n}")});
            push(
                format!("r{n}"),
                at + 2,
                "message_receive",
                &parent,
                json!({"message": request, "receive_type": "call"}),
            );
            let mut entry = handle.clone();
            entry["parent_id"] = format!("s{n}").into();
            entry["correlation_id"] = reference.clone().into();
            push(format!("he{n}"), at + 3, "function_entry", &entry, json!({"args": [":get", "from", "1"]}));
            push(
                format!("hx{n}"),
                at + 4,
                "function_exit",
                &handle,
                json!({"result": "{:reply, 1, 1}", "exit_reason": "normal"}),
            );
            let reply = json!({"pid": SERVER, "correlation_id": reference});
            let data = json!({"message": format!("{{[:alias | {reference}], 1}}"), "send_type": "reply", "receiver_pid": client});
            push(format!("p{n}"), at + 5, "message_send", &reply, data.clone());
            let got = json!({"pid": client, "correlation_id": reference, "parent_id": format!("p{n}")});
            push(
                format!("g{n}"),
                at + 6,
                "message_receive",
                &got,
                json!({"message": data["message"], "receive_type": "reply"}),
            );
        }
        push(format!("x{n}"), at + 300 * MS, "function_exit", &call(&id), json!({"exit_reason": "normal"}));
    }
    events.extend_from_slice(seam);
    events.push(json!({"id": "last", "ts": 900 * MS, "type": "process_spawn", "pid": "<0.900.0>", "data": {}}));
    events
}

fn ask(store: &EventStore, tool: &str, arguments: &Value) -> (Value, String) {
    let reply = mcp::call(store, tool, &arguments.to_string()).unwrap();
    (reply.structured.clone().unwrap_or_else(|| panic!("{tool} {arguments}: {}", reply.text)), reply.text)
}

/// Whether the last calls are said to have been given up, anywhere.
fn is_told_unanswered(store: &EventStore) -> bool {
    let (_, found) = ask(store, "find_anomalies", &json!({}));
    let (_, flow) = ask(store, "message_flow", &json!({"only": "unanswered"}));
    let (_, server) = ask(store, "explain", &json!({"target": SERVER}));
    let (_, client) = ask(store, "message_flow", &json!({"pid": "<0.119.0>"}));
    let claims = ["timed out", "gave up", "never answered", "without a reply"];
    let told = [found, flow, server, client];
    let claim = told.iter().find(|told| claims.iter().any(|claim| told.contains(claim)));
    claim.is_some()
}

#[test]
fn a_call_whose_caller_goes_on_was_given_up() {
    assert!(is_told_unanswered(&recording(&[])));
}

#[test]
fn across_a_seam_nobody_knows() {
    let at = 200 * MS;
    for seam in [
        json!({"id": "n", "ts": at, "type": "capture_note", "data": {"left_out": ":values", "why": ":memory"}}),
        json!({"id": "n", "ts": at, "type": "capture_start", "data": {}}),
        json!({"id": "n", "ts": at, "type": "capture_end", "data": {"reason": ":stopped"}}),
    ] {
        let store = recording(std::slice::from_ref(&seam));
        assert!(!is_told_unanswered(&store), "{seam}");
        let (flow, text) = ask(&store, "message_flow", &json!({"pid": "<0.119.0>"}));
        assert!(flow.to_string().contains("not known"), "{text}");
    }
}

#[test]
fn a_call_whose_callback_returned_a_reply_was_not_left_without_one() {
    // Of a call that was answered, what tells of the reply's way is missing.
    let mut events = events(&[]);
    events.retain(|event| !["p5", "g5"].contains(&event["id"].as_str().unwrap()));
    let never = |events: &[Value]| {
        let told = ask(&store(events), "find_anomalies", &json!({"kinds": ["never_answered", "call_timeout"]})).0;
        told.to_string().contains("\"s5\"")
    };
    assert!(!never(&events));
    let exit = events.iter_mut().find(|event| event["id"] == "hx5").unwrap();
    exit["data"]["result"] = "{:noreply, 1}".into();
    assert!(never(&events));
}
