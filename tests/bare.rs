//! What the values and ends that were left out would have told is not told: figures, shapes and rates are of what is
//! recorded, and say what is not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at the first surprise"
)]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

use elixir_scope_storage::{EventStore, Settings, mcp};
use serde_json::{Value, json};

fn open(segment_rows: usize) -> EventStore {
    EventStore::open(Settings { segment_rows, ..Settings::UNBOUNDED }).unwrap()
}

fn store(store: &EventStore, events: &[Value]) {
    let texts: Vec<String> = events.iter().map(Value::to_string).collect();
    assert_eq!(store.store_json_events(&texts, false).rejected, []);
}

fn ask(store: &EventStore, tool: &str, arguments: &Value) -> (String, Value) {
    let reply = mcp::call(store, tool, &arguments.to_string()).unwrap();
    (reply.text.clone(), reply.structured.unwrap_or_else(|| panic!("{tool} {arguments}: {}", reply.text)))
}

/// Calls of the first function of a profile.
fn calls(answer: &Value) -> Value {
    let section = &answer["sections"][0];
    let at = section["columns"].as_array().unwrap().iter().position(|column| column == "calls");
    at.map_or_else(|| section["constants"]["calls"].clone(), |at| section["rows"][0][at].clone())
}

/// Sixty calls of one function, the first ten with their arguments and slower than those without.
fn half_bare(args: impl Fn(i64) -> Value) -> EventStore {
    let store_of = open(100);
    let mut events = Vec::new();
    for n in 0..60_i64 {
        let (at, took) = (n * 1_000_000_000, if n < 10 { 48_000_000 } else { 2_000_000 });
        let id = format!("c{n}");
        let event = |kind: &str, id: &str, at: i64| {
            json!({"id": id, "ts": at, "type": kind, "pid": "<0.1.0>", "module": "Shop", "function": "load",
                   "arity": 2, "call_id": format!("c{n}")})
        };
        let mut entry = event("function_entry", &id, at);
        if !args(n).is_null() {
            entry["args"] = args(n);
        }
        let mut exit = event("function_exit", &format!("x{n}"), at + took);
        exit["duration_ns"] = json!(took);
        events.extend([entry, exit]);
    }
    store(&store_of, &events);
    store_of
}

#[test]
fn calls_without_arguments_have_no_shape_to_be_compared_by() {
    let kinds = json!({"kinds": ["duration_outlier"]});
    let bare = half_bare(|n| if n < 10 { json!(["%{a: 1}", "%{b: 1}"]) } else { Value::Null });
    assert_eq!(ask(&bare, "find_anomalies", &kinds).1["sections"], json!([]));
    // Those that have some are compared.
    let shapes = half_bare(|n| if n < 10 { json!(["%{a: 1}", "%{b: 1}"]) } else { json!([":a", ":b"]) });
    let (text, _) = ask(&shapes, "find_anomalies", &kinds);
    assert!(text.contains("with arguments like (map, map) takes 48ms (median of 10 calls)"), "{text}");
}

#[test]
fn a_crash_among_calls_without_values_is_not_told_as_one_without_calls() {
    let crashed = |events: &[Value]| {
        let whole = open(100);
        store(&whole, events);
        store(
            &whole,
            &[json!({"id": "end", "ts": 900, "type": "process_exit", "pid": "<0.2.0>",
            "exited_pid": "<0.2.0>", "exit_reason": "{:badarith, []}"})],
        );
        ask(&whole, "explain", &json!({"target": "last_crash"})).0
    };
    let mut events = Vec::new();
    for n in 0..3 {
        let event = |kind: &str, id: String, at: i64| {
            json!({"id": id, "ts": at, "type": kind, "pid": "<0.2.0>", "module": "Shop", "function": "handle_info",
                   "arity": 2, "call_id": format!("c{n}")})
        };
        events.push(event("function_entry", format!("c{n}"), n * 100));
        let mut exit = event("function_exit", format!("x{n}"), n * 100 + 50);
        exit["data"] = json!({"closed_by": "return_to", "end_unknown": true});
        events.push(exit);
    }
    let text = crashed(&events);
    assert!(!text.contains("no call of this process was recorded"), "{text}");
    let said = "3 calls of this process were recorded (3 without their arguments; of 3 how they ended is not recorded), \
                the last Shop.handle_info/2 (c2); none of them shows the failure";
    assert!(text.contains(said), "{text}");
    assert!(crashed(&[]).contains("no call of this process was recorded"));
}

#[test]
fn calls_without_a_duration_are_counted_and_told() {
    let entry = |id: &str, at: i64| {
        json!({"id": id, "ts": at, "type": "function_entry", "pid": "<0.1.0>", "module": "Shop", "function": "buy",
               "arity": 1, "call_id": id})
    };
    let exit = |of: &str, at: i64, duration: Option<i64>| {
        let mut event = json!({"id": format!("x{of}"), "ts": at, "type": "function_exit", "pid": "<0.1.0>",
            "module": "Shop", "function": "buy", "arity": 1, "call_id": of});
        match duration {
            Some(duration) => event["duration_ns"] = json!(duration),
            None => event["data"] = json!({"closed_by": "return_to", "end_unknown": true}),
        }
        event
    };
    // Two have ended, one at a time that is not known, two not at all.
    let whole = open(100);
    store(&whole, &[entry("a", 10), exit("a", 20, Some(10)), entry("b", 30), exit("b", 35, Some(5))]);
    assert!(!ask(&whole, "profile", &json!({})).0.contains("no duration"));
    store(&whole, &[entry("c", 40), exit("c", 60, None), entry("d", 70), entry("e", 80)]);
    let said = "3 calls have no duration and they are in no figure of time, and may be slow ones: of 2 calls no end was \
                recorded here; when 1 call began or ended is not known";
    for (tool, arguments) in [("profile", json!({})), ("aggregate", json!({"group_by": "function"}))] {
        let (text, _) = ask(&whole, tool, &arguments);
        assert!(text.contains(said), "{tool}: {text}");
    }
    let (_, answer) = ask(&whole, "profile", &json!({}));
    assert_eq!(calls(&answer), json!(2));
    // Where ends are not looked at, nothing is said of them; of ends alone what they tell.
    let (text, _) = ask(&whole, "aggregate", &json!({"group_by": "function", "event_type": "function_entry"}));
    assert!(!text.contains("no duration"), "{text}");
    let (text, _) = ask(&whole, "profile", &json!({"event_type": "function_exit"}));
    assert!(text.contains("1 call has no duration and it is in no figure of time"), "{text}");
    // Nor of calls whose ends do not say whose they are.
    let foreign = open(100);
    let mut end = exit("a", 20, Some(10));
    end.as_object_mut().unwrap().remove("call_id");
    store(&foreign, &[entry("a", 10), end]);
    assert!(!ask(&foreign, "profile", &json!({})).0.contains("no duration"));
}

#[test]
fn a_crash_is_told_in_the_function_that_failed_and_not_in_one_that_only_raises() {
    for (raise, arity) in [("raise", 3), ("error", 1), ("error", 2), ("exit", 1), ("throw", 1)] {
        for is_around in [true, false] {
            let whole = open(100);
            let call = |id: &str, kind: &str, at: i64, module: &str, function: &str, arity: i64, data: Value| {
                json!({"id": format!("{id}{at}"), "ts": at, "type": kind, "pid": "<0.3.0>", "module": module,
                       "function": function, "arity": arity, "call_id": id, "data": data})
            };
            let ended = || json!({"closed_by": "return_to", "exit_reason": "error", "reason": ":badarith"});
            let mut events = vec![
                call("r", "function_entry", 20, ":erlang", raise, arity, json!({"args": [":badarith"]})),
                call("r", "function_exit", 30, ":erlang", raise, arity, ended()),
                json!({"id": "end", "ts": 40, "type": "process_exit", "pid": "<0.3.0>", "exited_pid": "<0.3.0>",
                       "exit_reason": "{:badarith, [{Shop, :pay, 1, [file: \"lib/shop.ex\", line: 7]}]}"}),
            ];
            if is_around {
                events.insert(0, call("s", "function_entry", 10, "Shop", "pay", 1, json!({})));
                events.insert(3, call("s", "function_exit", 31, "Shop", "pay", 1, ended()));
            }
            store(&whole, &events);
            let (found, _) = ask(&whole, "find_anomalies", &json!({"kinds": ["crash"]}));
            assert!(found.contains("ended of") && !found.contains("in :erlang."), "{raise}/{arity}: {found}");
            assert_eq!(found.contains("in Shop.pay/1"), is_around, "{raise}/{arity}: {found}");
        }
    }
}
