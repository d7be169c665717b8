//! Prompts of the real server: every call they propose works, and what they say of the store is true.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

#[path = "support/client.rs"]
mod client;

use client::{BANK, Client};
use serde_json::{Value, json};

fn get(client: &mut Client, name: &str, arguments: Value) -> String {
    let result = client.ask("prompts/get", json!({"name": name, "arguments": arguments}));
    let [message] = result["messages"].as_array().unwrap().as_slice() else { panic!("{result}") };
    assert_eq!((&message["role"], &message["content"]["type"]), (&json!("user"), &json!("text")));
    message["content"]["text"].as_str().unwrap().to_owned()
}

fn refused(client: &mut Client, name: &str, arguments: Value) -> String {
    let (code, message) = client.error("prompts/get", json!({"name": name, "arguments": arguments}));
    assert_eq!(code, -32602, "{message}");
    message
}

fn input_schema(tool: &str) -> Value {
    let list: Value = serde_json::from_str(&elixir_scope_storage::mcp::tools_json(false)).unwrap();
    let tool = list["tools"].as_array().unwrap().iter().find(|one| one["name"] == tool);
    tool.unwrap_or_else(|| panic!("no such tool in {list}"))["inputSchema"].clone()
}

/// The calls a message proposes: tool and arguments.
fn calls(message: &str) -> Vec<(String, Value)> {
    let line = |line: &str| {
        let (tool, arguments) = line.strip_prefix("   ")?.split_once(' ')?;
        let arguments = serde_json::from_str(arguments).unwrap_or_else(|_| panic!("not JSON: {line}"));
        assert!(jsonschema::is_valid(&input_schema(tool), &arguments), "not as the tool takes it: {line}");
        Some((tool.to_owned(), arguments))
    };
    message.lines().filter_map(line).collect()
}

/// A process that crashed after a message, beside two that ended well, and a change of state.
fn crash() -> Value {
    json!([
        {"id": "spawned", "ts": -9000, "type": "process_spawn", "pid": "<0.1.0>", "data": {"spawned_pid": "<0.2.0>"}},
        {"id": "changed", "ts": -8500, "type": "state_change", "pid": "<0.2.0>", "data": {"new_state": "%{n: 1}"}},
        {"id": "fatal", "ts": -8000, "type": "message_send", "pid": "<0.3.0>", "data": {"receiver_pid": "<0.2.0>", "message": ":boom"}},
        {"id": "crashed", "ts": -7000, "type": "process_exit", "pid": "<0.2.0>", "data": {"exit_reason": "{:badmatch, :boom}"}},
        {"id": "went", "ts": -6000, "type": "process_exit", "pid": "<0.3.0>", "data": {"exit_reason": ":normal"}},
        {"id": "shut", "ts": -5000, "type": "process_exit", "pid": "<0.4.0>", "data": {"exit_reason": "{:shutdown, :left}"}},
        {"id": "returned", "ts": -4000, "type": "function_exit", "pid": "<0.1.0>", "data": {"exit_reason": "normal"}},
    ])
}

#[test]
fn the_four_prompts_are_listed_with_their_arguments() {
    let mut client = Client::start();
    let list = client.ask("prompts/list", json!({}));
    let prompts = list["prompts"].as_array().unwrap();
    let shown: Vec<String> = prompts
        .iter()
        .map(|prompt| {
            assert!(prompt["title"].is_string() && prompt["description"].is_string());
            let arguments = prompt["arguments"].as_array().unwrap().iter().map(|argument| {
                assert!(argument["description"].is_string());
                let mark = if argument["required"] == true { "!" } else { "" };
                format!("{}{mark}", argument["name"].as_str().unwrap())
            });
            format!("{}: {}", prompt["name"].as_str().unwrap(), arguments.collect::<Vec<_>>().join(" "))
        })
        .collect();
    assert_eq!(
        shown,
        [
            "debug_crash: pid since",
            "why_slow: module function pid since",
            "who_changed_state: pid! since",
            "what_happened_around: moment! window pid event_type",
        ]
    );
}

#[test]
fn every_call_a_prompt_proposes_is_taken_and_only_reads() {
    let mut bank = Client::start_with(&[&BANK[..], &["--read-only"]].concat());
    let mut crashed = Client::start();
    crashed.call("store_events", json!({"events": crash()}));
    let of_bank = [
        ("debug_crash", json!({})),
        ("debug_crash", json!({"pid": "0.162.0", "since": "-15ms"})),
        ("why_slow", json!({})),
        ("why_slow", json!({"module": "Bank.Account", "function": "handle_call", "since": "-1s"})),
        ("why_slow", json!({"pid": "<0.161.0>"})),
        ("who_changed_state", json!({"pid": "#PID<0.148.0>"})),
        ("who_changed_state", json!({"pid": ":collector", "since": "-10ms"})),
        ("what_happened_around", json!({"moment": "evt-1882"})),
        ("what_happened_around", json!({"moment": "-5ms", "window": "20us", "pid": "<0.120.0>"})),
        ("what_happened_around", json!({"moment": "0", "event_type": "process_exit"})),
    ];
    let of_crash = [
        ("debug_crash", json!({})),
        ("debug_crash", json!({"pid": "<0.3.0>"})),
        ("why_slow", json!({})),
        ("who_changed_state", json!({"pid": "<0.2.0>"})),
        ("who_changed_state", json!({"pid": "<0.4.0>"})),
        ("what_happened_around", json!({"moment": "crashed"})),
    ];
    let cases = of_bank.map(|case| (true, case)).into_iter().chain(of_crash.map(|case| (false, case)));
    for (is_bank, (name, arguments)) in cases {
        let client = if is_bank { &mut bank } else { &mut crashed };
        let message = get(client, name, arguments.clone());
        let calls = calls(&message);
        assert!(!calls.is_empty(), "{name} {arguments} leads nowhere:\n{message}");
        for (tool, arguments) in calls {
            client.call(&tool, arguments);
        }
        assert!(message.len() < 6_000, "{name}: {} bytes", message.len());
    }
}

#[test]
fn debug_crash_names_the_crash_and_not_the_peaceful_ends() {
    let mut client = Client::start();
    client.call("store_events", json!({"events": crash()}));
    let message = get(&mut client, "debug_crash", json!({}));
    assert!(message.contains("- crashed at -7000 in <0.2.0>: {:badmatch, :boom} (process_exit)"), "{message}");
    for peaceful in ["- went", "- shut", "- returned"] {
        assert!(!message.contains(peaceful), "{peaceful} in {message}");
    }
    let proposed = calls(&message);
    assert_eq!(proposed[0], ("explain".to_owned(), json!({"target": "crashed"})));
    assert_eq!(proposed[1], ("get_event_by_id".to_owned(), json!({"event_id": "crashed"})));
    let fatal: Vec<bool> =
        proposed.iter().map(|(tool, arguments)| client.text(tool, arguments.clone()).contains("fatal")).collect();
    assert!(fatal.contains(&true), "the trail passes the message that killed it: {message}");

    let mut bank = Client::start_with(&BANK);
    let message = get(&mut bank, "debug_crash", json!({}));
    assert!(message.contains("No abnormal end is among the newest 2000 events"), "{message}");
}

#[test]
fn why_slow_names_the_slowest() {
    let mut client = Client::start_with(&BANK);
    let page = client.call(
        "query_events",
        json!({"min_duration_ns": 100_000, "limit": 10_000, "format": "json", "max_tokens": 10_000_000}),
    );
    let mut events = page["events"].as_array().unwrap().clone();
    assert_eq!(page["truncated"], false);
    events.sort_by_key(|event| -event["duration_ns"].as_i64().unwrap());
    let message = get(&mut client, "why_slow", json!({}));
    let named: Vec<&str> = message
        .lines()
        .filter_map(|line| line.strip_prefix("- "))
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    let slowest: Vec<&str> = events.iter().take(5).map(|event| event["event_id"].as_str().unwrap()).collect();
    assert_eq!(named, slowest);
    assert!(message.contains(&format!("{} at least 100us.", events.len())), "{message}");
}

#[test]
fn who_changed_state_follows_what_is_recorded_of_the_process() {
    let mut client = Client::start();
    client.call("store_events", json!({"events": crash()}));
    let message = get(&mut client, "who_changed_state", json!({"pid": "<0.2.0>"}));
    assert!(message.contains("The state changes themselves (1 recorded)"), "{message}");
    assert_eq!(calls(&message)[0], ("state_history".to_owned(), json!({"pid": "<0.2.0>"})));
    for (tool, arguments) in &calls(&message)[..2] {
        assert!(client.text(tool, arguments.clone()).contains("changed"), "{tool}");
    }

    let mut bank = Client::start_with(&BANK);
    let message = get(&mut bank, "who_changed_state", json!({"pid": "<0.148.0>"}));
    assert!(message.contains("What handle_call was given and returned"), "{message}");
    assert!(message.contains("Bank.Account.handle_call/3 ("), "{message}");
    let matched = bank.call("query_events", json!({"pid": "<0.148.0>", "limit": 0}))["total_matched"].clone();
    assert!(message.contains(&format!("{matched} events name <0.148.0>")), "{message}");
}

#[test]
fn a_moment_is_an_event_or_its_time() {
    let mut client = Client::start_with(&BANK);
    let by_id = get(&mut client, "what_happened_around", json!({"moment": "evt-1882", "window": "30us"}));
    let by_time = get(&mut client, "what_happened_around", json!({"moment": "-576460751549549418", "window": "30us"}));
    let of_query =
        |message: &str| calls(message).into_iter().filter(|(tool, _)| tool == "query_events").collect::<Vec<_>>();
    assert_eq!(of_query(&by_id), of_query(&by_time));
    let window = json!({"since_timestamp": -576_460_751_549_579_418_i64, "until_timestamp": -576_460_751_549_519_418_i64, "limit": 0});
    let matched = client.call("query_events", window)["total_matched"].clone();
    assert!(by_id.contains(&format!("{matched} matching events lie within 30us of it")), "{by_id}");
    let unasked = get(&mut client, "what_happened_around", json!({"moment": "evt-1882"}));
    assert!(unasked.contains("matching events lie within 100us of it"), "a busy millisecond is narrowed: {unasked}");
}

#[test]
fn a_wrong_prompt_or_argument_is_told_what_is_right() {
    let mut client = Client::start_with(&BANK);
    let mut told = |name: &str, arguments: Value, told: &[&str]| {
        let message = refused(&mut client, name, arguments);
        for told in told {
            assert!(message.contains(told), "{told} in {message}");
        }
    };
    told(
        "debug_crsh",
        json!({}),
        &["Unknown prompt: debug_crsh. Available: debug_crash, ", "Did you mean \"debug_crash\"?"],
    );
    told(
        "who_changed_state",
        json!({}),
        &["pid: missing; expected the process", "Arguments that work: who_changed_state {"],
    );
    told(
        "what_happened_around",
        json!({"momnt": "x"}),
        &["momnt: unknown argument. Did you mean \"moment\"?", "moment: missing"],
    );
    told("what_happened_around", json!({"moment": "soon"}), &["moment: no stored event has this id", "\"-5s\""]);
    told("what_happened_around", json!({"moment": "-5ms", "window": "wide"}), &["window: got \"wide\"", "1ms"]);
    told(
        "what_happened_around",
        json!({"moment": "-5ms", "event_type": "proces_exit"}),
        &["Did you mean \"process_exit\"?"],
    );
    told(
        "why_slow",
        json!({"module": "Bank.Acount"}),
        &["module: no stored event has \"Bank.Acount\". Did you mean \"Bank.Account\"?"],
    );
    told("why_slow", json!({"since": "lately"}), &["since: got \"lately\""]);
    told(
        "who_changed_state",
        json!({"pid": "nobody-at-all"}),
        &["pid: no stored event has \"nobody-at-all\". The most frequent: <0.120.0>, "],
    );
    told("debug_crash", json!({"pid": ["<0.1.0>"]}), &["pid: got [\"<0.1.0>\"]; expected a string"]);
}

#[test]
fn an_empty_store_says_so() {
    let mut client = Client::start();
    for (name, arguments) in [("debug_crash", json!({})), ("what_happened_around", json!({"moment": "-5s"}))] {
        let message = refused(&mut client, name, arguments);
        assert!(message.starts_with("the store is empty") && message.contains("--import"), "{message}");
    }
}
