//! The published contract: `tools.json` is what the server serves, and every client can read it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

#[path = "support/client.rs"]
mod client;

use std::collections::HashMap;

use client::Client;
use serde_json::{Value, json};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tools.json");

fn tools() -> Vec<Value> {
    let list: Value = serde_json::from_str(&elixir_scope_storage::mcp::tools_json(false)).unwrap();
    list["tools"].as_array().unwrap().clone()
}

/// Visits a schema and every subschema of it.
fn visit(schema: &Value, path: &str, check: &impl Fn(&Value, &str)) {
    check(schema, path);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        visit(property, &format!("{path}.{name}"), check);
    }
    for choice in schema["anyOf"].as_array().into_iter().flatten() {
        visit(choice, &format!("{path}|"), check);
    }
    if let Some(items) = schema.get("items") {
        visit(items, &format!("{path}[]"), check);
    }
    if let Some(additional) = schema.get("additionalProperties").filter(|additional| !additional.is_boolean()) {
        visit(additional, &format!("{path}.*"), check);
    }
}

fn visit_all(check: impl Fn(&Value, &str)) {
    for tool in tools() {
        for which in ["inputSchema", "outputSchema"] {
            visit(&tool[which], &format!("{}.{which}", tool["name"]), &check);
        }
    }
}

#[test]
fn tools_json_is_what_the_server_serves() {
    let served = elixir_scope_storage::mcp::tools_json(false);
    if std::env::var_os("UPDATE_TOOLS").is_some() {
        std::fs::write(GOLDEN, &served).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    assert!(golden == served, "tools.json is not up to date: run `UPDATE_TOOLS=1 cargo test --test contract`");

    let printed = assert_cmd::Command::cargo_bin("elixir-scope-storage").unwrap().arg("tools").output().unwrap();
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), golden, "the binary prints it");

    let mut client = Client::start();
    let listed = client.request("tools/list", json!({}));
    let golden: Value = serde_json::from_str(&golden).unwrap();
    assert_eq!(listed["result"], golden, "the pipe serves it");
    client.finish();
}

#[test]
fn the_tools_are_there_in_the_order_they_are_listed() {
    let names: Vec<String> = tools().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect();
    let expected = [
        "store_event",
        "store_events",
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
        "cleanup_old_events",
        "clear_events",
        "explain_query",
        "find_anomalies",
        "call_tree",
        "message_flow",
        "mailbox",
        "store_instrumentation_plan",
        "get_instrumentation_plan",
        "import_events",
        "start_capture",
        "stop_capture",
        "capture_status",
    ];
    assert_eq!(names, expected);
}

#[test]
fn every_tool_says_what_it_is_and_what_it_does_to_the_store() {
    for tool in tools() {
        let name = tool["name"].as_str().unwrap();
        assert!(tool["title"].is_string(), "{name}");
        assert!(!tool["description"].as_str().unwrap().is_empty(), "{name}");
        let annotations = &tool["annotations"];
        for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
            assert!(annotations[hint].is_boolean(), "{name}: {hint}");
        }
        assert_eq!(annotations["openWorldHint"], name == "start_capture", "{name}");
        let writes = ["store", "clear", "cleanup", "import", "start", "stop"];
        let reads = !writes.iter().any(|verb| name.starts_with(verb));
        let removes = name.starts_with("clear") || name.starts_with("cleanup");
        assert_eq!(annotations["readOnlyHint"], reads, "{name}");
        assert_eq!(annotations["destructiveHint"], removes, "{name}");
        assert_eq!(annotations["idempotentHint"], name != "store_instrumentation_plan", "{name}");
    }
}

#[test]
fn arguments_and_replies_are_objects_and_no_other_argument_is_taken() {
    for tool in tools() {
        for which in ["inputSchema", "outputSchema"] {
            assert_eq!(tool[which]["type"], "object", "{}", tool["name"]);
            assert!(tool[which]["properties"].is_object(), "{}", tool["name"]);
        }
        assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{}", tool["name"]);
    }
}

#[test]
fn no_schema_holds_what_clients_stumble_over() {
    visit_all(|schema, path| {
        let schema = schema.as_object().unwrap_or_else(|| panic!("{path}: a bare {schema}"));
        assert!(!schema.is_empty(), "{path}: says nothing");
        for noise in ["$schema", "$ref", "title", "format", "default", "oneOf", "allOf"] {
            assert!(!schema.contains_key(noise), "{path}: {noise}");
        }
        assert!(schema.contains_key("anyOf") || schema["type"].is_string(), "{path}: {schema:?}");
        for choice in schema.get("enum").and_then(Value::as_array).into_iter().flatten() {
            assert!(choice.is_string(), "{path}: {choice} among the choices");
        }
    });
}

/// Most tokens, 4 bytes each, that the tools and the instructions may take of a context before the first question.
const MOST_TOKENS_OF_TOOLS: usize = 6_000;
const MOST_TOKENS_OF_INSTRUCTIONS: usize = 400;

#[test]
fn what_is_read_before_the_first_question_is_short() {
    let printed = assert_cmd::Command::cargo_bin("elixir-scope-storage").unwrap().arg("tools").output().unwrap();
    let printed: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let bytes = |tool: &Value| {
        let said = |key: &str| tool[key].as_str().unwrap().len();
        said("name") + said("description") + tool["inputSchema"].to_string().len()
    };
    let tools = printed["tools"].as_array().unwrap();
    let each: Vec<String> = tools.iter().map(|tool| format!("{} {}", tool["name"], bytes(tool) / 4)).collect();
    let all = tools.iter().map(bytes).sum::<usize>().div_ceil(4);
    assert!(all <= MOST_TOKENS_OF_TOOLS, "{all} tokens: {each:#?}");

    for more in [&[][..], &["--read-only"]] {
        let mut client = Client::start_with(more);
        let reply = client.request("initialize", client::handshake());
        let instructions = reply["result"]["instructions"].as_str().unwrap_or_else(|| panic!("{reply}"));
        let tokens = instructions.len().div_ceil(4);
        assert!(tokens <= MOST_TOKENS_OF_INSTRUCTIONS, "{more:?}: {tokens} tokens");
    }
}

#[test]
fn every_argument_has_a_type_and_is_described() {
    for tool in tools() {
        visit(&tool["inputSchema"], &tool["name"].to_string(), &|schema, path| {
            for (name, argument) in schema["properties"].as_object().into_iter().flatten() {
                let description = argument["description"].as_str().unwrap_or_default();
                assert!(!description.is_empty(), "{path}.{name}: what is it?");
                assert!(argument["type"].is_string() || argument["anyOf"].is_array(), "{path}.{name}: of which type?");
            }
        });
    }
}

/// What several tools take is said in full once.
#[test]
fn an_argument_of_several_tools_is_told_in_full_by_the_first() {
    let tools = tools();
    let of = |tool: &str, argument: &str| {
        let tool = tools.iter().find(|one| one["name"] == tool).unwrap();
        tool["inputSchema"]["properties"][argument].clone()
    };
    let (full, short) = (of("query_events", "since_timestamp"), of("aggregate", "since_timestamp"));
    let (full, short) = (full["description"].as_str().unwrap(), short["description"].as_str().unwrap());
    assert!(full.contains("-5s") && full.starts_with(&format!("{short}. ")), "{full:?}, {short:?}");
    for argument in ["role", "arity", "min_duration_ns"] {
        let [mut full, mut short] = ["query_events", "clear_events"].map(|tool| of(tool, argument));
        for one in [&mut full, &mut short] {
            one.as_object_mut().unwrap().remove("description");
        }
        assert_eq!(full, short, "{argument}: type, choices and bounds are the same in every tool");
    }
}

#[test]
fn instructions_name_the_workflow() {
    let mut client = Client::start();
    let reply = client.request("initialize", client::handshake());
    let instructions = reply["result"]["instructions"].as_str().unwrap_or_else(|| panic!("{reply}"));
    for word in ["get_stats", "query_events", "get_event_by_id", "next_cursor", "-5s", "max_tokens"] {
        assert!(instructions.contains(word), "{word}");
    }
}

/// By tool.
fn validators(which: &str) -> HashMap<String, jsonschema::Validator> {
    let of =
        |tool: &Value| (tool["name"].as_str().unwrap().to_owned(), jsonschema::validator_for(&tool[which]).unwrap());
    tools().iter().map(of).collect()
}

#[test]
fn every_answer_is_what_its_schema_promises_and_suggests_calls_that_are_valid() {
    let [inputs, outputs] = ["inputSchema", "outputSchema"].map(validators);
    let mut client = Client::start();
    let mut conforms = |tool: &str, arguments: Value| {
        let answer = client.call(tool, arguments);
        let problems: Vec<String> = outputs[tool].iter_errors(&answer).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{tool}: {problems:?} in {answer}");
        for next in answer["next"].as_array().into_iter().flatten() {
            let suggested = &inputs[next["tool"].as_str().unwrap()];
            assert!(suggested.is_valid(&next["arguments"]), "{tool}: suggests {next}");
        }
    };
    conforms("get_stats", json!({}));
    conforms("query_events", json!({}));
    conforms("store_event", json!({"event": {"ts": 1, "id": "a", "pid": "<0.1.0>", "ast_node_id": "n"}}));
    let events =
        json!([{"ts": 2, "id": "b", "data": {"big": 1, "x": [1, null, {"y": 1.5}]}}, {"ts": "bad", "id": 5}, 7]);
    conforms("store_events", json!({"events": events}));
    for format in ["table", "json"] {
        conforms("query_events", json!({"format": format, "limit": 1}));
        conforms("query_events", json!({"format": format, "fields": ["pid", "seq", "t_us"]}));
        conforms("query_events_by_ast_node", json!({"format": format, "ast_node_id": "n"}));
        conforms("last_n_events_for_pid", json!({"format": format, "pid": "<0.1.0>"}));
    }
    conforms("get_event_by_id", json!({"event_id": "b"}));
    conforms("explain_query", json!({"pid": "<0.1.0>"}));
    conforms("explain_query", json!({"pid": "<0.1.0>", "analyze": true}));
    let entry = json!({"id": "fe", "ts": 1, "type": "function_entry", "pid": "<0.1.0>", "call_id": "fe"});
    conforms("store_event", json!({"event": entry}));
    conforms("find_anomalies", json!({}));
    conforms("call_tree", json!({"pid": "<0.1.0>"}));
    conforms("message_flow", json!({"pid": "<0.1.0>"}));
    conforms("message_flow", json!({"format": "mermaid"}));
    conforms("mailbox", json!({"pid": "<0.1.0>"}));
    let call = json!({"ts": 9, "id": "c", "type": "function_exit", "pid": "<0.1.0>", "module": "M", "function": "f",
                      "duration_ns": 5, "data": {"exit_reason": "error"}});
    let gap = json!({"ts": 4, "id": "g", "type": "gap", "duration_ns": 1, "data": {"dropped": 3}});
    conforms("store_events", json!({"events": [call, gap]}));
    let callback = |id: &str, ts: i64, event_type: &str, data: Value| {
        json!({"id": id, "ts": ts, "type": event_type, "pid": "<0.9.0>", "module": "M", "function": "handle_cast",
               "arity": 2, "call_id": "k", "data": data})
    };
    let entry = callback("k", 5, "function_entry", json!({"args": [":up", "%{n: 1}"]}));
    let exit = callback("x", 6, "function_exit", json!({"result": "{:noreply, %{n: 2}}"}));
    let end = json!({"id": "end", "ts": 7, "type": "process_exit", "pid": "<0.9.0>",
                     "data": {"exited_pid": "<0.9.0>", "exit_reason": ":killed"}});
    conforms("store_events", json!({"events": [entry, exit, end]}));
    conforms("overview", json!({}));
    conforms("overview", json!({"max_tokens": 50}));
    for target in ["last_crash", "<0.9.0>", "k", "b"] {
        conforms("explain", json!({"target": target}));
    }
    conforms("state_at", json!({"pid": "<0.9.0>", "path": "n", "diff_with": 5}));
    conforms("state_history", json!({"pid": "<0.9.0>"}));
    conforms("state_history", json!({"pid": "<0.9.0>", "path": "n"}));
    conforms("find_events_around", json!({"event_id": "b"}));
    conforms("find_events_around", json!({"at": 1}));
    conforms("aggregate", json!({}));
    conforms("aggregate", json!({"group_by": ["pid", "10ms"], "metrics": ["count", "rate", "self", "p99"]}));
    conforms("profile", json!({"max_tokens": 50}));
    conforms("profile", json!({"by": "message"}));
    conforms("diff_windows", json!({"before": {"until_timestamp": 3}, "after": {"since_timestamp": 4}}));
    conforms("cleanup_old_events", json!({"max_events": 1}));
    conforms("query_events", json!({}));
    conforms("get_stats", json!({}));
    conforms("clear_events", json!({"all": true}));
    conforms("store_instrumentation_plan", json!({"plan": {"a": [1, {"b": null}]}}));
    conforms("get_instrumentation_plan", json!({}));
    conforms("import_events", json!({"path": "examples/recordings/bank.ndjson.gz"}));
    conforms("capture_status", json!({}));
    conforms("start_capture", json!({"listen": "0"}));
    conforms("start_capture", json!({"dbg": "127.0.0.1:9"}));
    conforms("capture_status", json!({}));
    conforms("stop_capture", json!({"all": true}));
    conforms("store_event", json!({"event": {"ts": 1, "type": "gap", "data": {"dropped": 5}}}));
    conforms("query_events", json!({"event_type": "gap"}));
    conforms("get_stats", json!({}));
}

#[test]
fn the_example_of_every_tool_is_taken() {
    let mut client = Client::start_with(&client::BANK);
    for tool in tools() {
        let (name, example) = (tool["name"].as_str().unwrap(), tool["_meta"]["example"].clone());
        assert!(jsonschema::is_valid(&tool["inputSchema"], &example), "{name}: {example}");
        client.call(name, example);
    }
}

#[test]
fn what_to_type_in_the_application_is_told_while_nobody_is_connected() {
    let mut client = Client::start();
    let (status, text) = (client.call("capture_status", json!({})), client.text("capture_status", json!({})));
    let in_iex = status["in_iex"].as_str().unwrap_or_else(|| panic!("{status}"));
    assert!(in_iex.contains(":dbg.trace_port(:ip, {4711, 20_000})"), "{in_iex}");
    assert!(text.ends_with(in_iex), "both channels say it: {text}");
}
