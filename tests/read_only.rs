//! A server that lets no call change anything.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

#[path = "support/client.rs"]
mod client;

use assert_cmd::Command;
use client::{BANK, Client};
use serde_json::{Value, json};

const READING: &[&str] = &[
    "query_events",
    "query_events_by_ast_node",
    "last_n_events_for_pid",
    "get_event_by_id",
    "overview",
    "explain",
    "state_at",
    "state_history",
    "find_events_around",
    "aggregate",
    "profile",
    "diff_windows",
    "get_stats",
    "explain_query",
    "find_anomalies",
    "call_tree",
    "message_flow",
    "mailbox",
    "get_instrumentation_plan",
    "capture_status",
];

const WRITING: [&str; 8] = [
    "store_event",
    "store_events",
    "cleanup_old_events",
    "clear_events",
    "store_instrumentation_plan",
    "import_events",
    "start_capture",
    "stop_capture",
];

fn names(list: &Value) -> Vec<&str> {
    list["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

fn read_only_bank() -> Client {
    Client::start_with(&[&BANK[..], &["--read-only"]].concat())
}

#[test]
fn only_tools_that_read_are_listed() {
    let mut client = read_only_bank();
    let list = client.ask("tools/list", json!({}));
    assert_eq!(names(&list), READING);
    assert!(list["tools"].as_array().unwrap().iter().all(|tool| tool["annotations"]["readOnlyHint"] == true));
    let introduction = client.request("initialize", client::handshake());
    let instructions = introduction["result"]["instructions"].as_str().unwrap();
    assert!(instructions.contains("read-only") && instructions.len() < 2048, "{} bytes", instructions.len());
    let guide = client.ask("resources/read", json!({"uri": "elixirscope://guide"}));
    let guide = guide["contents"][0]["text"].as_str().unwrap();
    for tool in WRITING {
        assert!(!guide.contains(&format!("`{tool}`")), "{tool}");
    }
}

#[test]
fn a_call_that_would_change_something_is_refused_with_the_reason_and_changes_nothing() {
    let mut client = read_only_bank();
    let event = json!({"event": {"ts": 1}});
    let events = json!({"events": [{"ts": 1}]});
    for (tool, arguments) in [
        ("store_event", event),
        ("store_events", events),
        ("cleanup_old_events", json!({"max_events": 1})),
        ("cleanup_old_events", json!({"max_events": 1, "dry_run": true})),
        ("clear_events", json!({"all": true})),
        ("store_instrumentation_plan", json!({"plan": {}})),
        ("import_events", json!({"path": "examples/recordings/bank.ndjson.gz"})),
        ("start_capture", json!({"listen": "0"})),
        ("stop_capture", json!({"all": true})),
    ] {
        let refusal = client.refusal(tool, arguments);
        assert!(refusal.starts_with(tool) && refusal.contains("--read-only"), "{refusal}");
        assert!(refusal.contains("query_events"), "what can be called instead: {refusal}");
    }
    let stats = client.call("get_stats", json!({}));
    assert_eq!((&stats["total_events"], &stats["counters"]["stored"]), (&json!(10_000), &json!(10_000)));
    let (code, message) = client.error("tools/call", json!({"name": "query_event"}));
    assert_eq!(code, -32602);
    assert!(!message.contains("store_event"), "what is not offered is not suggested: {message}");
}

#[test]
fn what_reads_works_as_ever() {
    let mut client = read_only_bank();
    let mut open = Client::start_with(&BANK);
    let arguments = json!({"module": "Bank.Account", "limit": 3, "format": "json"});
    let events = |page: Value| page["events"].clone();
    assert_eq!(events(client.call("query_events", arguments.clone())), events(open.call("query_events", arguments)));
}

#[test]
fn limits_apply_all_the_same() {
    let mut client = Client::start_with(&[&BANK[..], &["--read-only", "--max-events", "100"]].concat());
    assert_eq!(client.call("get_stats", json!({}))["total_events"], 100);
}

#[test]
fn the_variable_does_what_the_option_does_and_the_printed_tools_are_the_served_ones() {
    let printed = |arguments: &[&str], variable: Option<&str>| {
        let mut command = Command::cargo_bin("elixir-scope-storage").unwrap();
        command.args(arguments).env_remove("ELIXIR_SCOPE_READ_ONLY");
        if let Some(value) = variable {
            command.env("ELIXIR_SCOPE_READ_ONLY", value);
        }
        let output = command.output().unwrap();
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap_or_default())
    };
    let mut client = Client::start_with(&["--read-only"]);
    let served = client.ask("tools/list", json!({}));
    for (arguments, variable) in [
        (&["tools", "--read-only"][..], None),
        (&["--read-only", "tools"], None),
        (&["tools"], Some("true")),
        (&["tools"], Some("1")),
    ] {
        assert_eq!(printed(arguments, variable), (Some(0), served.clone()), "{arguments:?} {variable:?}");
    }
    assert_eq!(names(&printed(&["tools"], Some("false")).1).len(), READING.len() + WRITING.len());
    assert_eq!(printed(&["tools"], Some("perhaps")).0, Some(2), "a usage error");
}
