//! The real server over real pipes: what every tool does, and how it refuses.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

#[path = "support/client.rs"]
mod client;

use client::Client;
use serde_json::{Value, json};

/// Ten events of two processes; four share one timestamp.
fn ten() -> Value {
    let event = |n: i64| {
        json!({
            "event_id": format!("e{n}"),
            "timestamp": if (3..7).contains(&n) { -500 } else { -1000 + n * 100 },
            "event_type": if n % 2 == 0 { "FUNCTION_ENTRY" } else { "function_exit" },
            "node": "app@host",
            "pid": format!("#PID<0.{}.0>", 1 + n / 5),
            "data": {"module": "Elixir.Bank", "function": "pay", "arity": 2, "call_id": n, "args": [n]},
        })
    };
    (0..10).map(event).collect()
}

fn with_ten() -> Client {
    let mut client = Client::start();
    assert_eq!(client.call("store_events", json!({"events": ten()}))["stored"], 10);
    client
}

fn ids(page: &Value) -> Vec<String> {
    let id = |event: &Value| event["event_id"].as_str().unwrap().to_owned();
    page["events"].as_array().unwrap().iter().map(id).collect()
}

/// Cells of one column of a table.
fn column(page: &Value, name: &str) -> Vec<String> {
    let at = page["columns"].as_array().unwrap().iter().position(|column| column == name);
    let at = at.unwrap_or_else(|| panic!("no column {name} in {page}"));
    page["rows"].as_array().unwrap().iter().map(|row| row[at].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_script_piped_in_at_once_reads_what_it_stored_and_is_answered_in_order() {
    let mut script = vec![
        json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": client::handshake()}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
    ];
    for n in 0..50 {
        let store = json!({"name": "store_event", "arguments": {"event": {"ts": n, "type": "tick"}}});
        script.push(json!({"jsonrpc": "2.0", "id": 2 * n + 1, "method": "tools/call", "params": store}));
        let count = json!({"name": "query_events", "arguments": {"limit": 0}});
        script.push(json!({"jsonrpc": "2.0", "id": 2 * n + 2, "method": "tools/call", "params": count}));
    }
    let lines = script.iter().map(Value::to_string).collect::<Vec<_>>().join("\n") + "\n";
    let run = assert_cmd::Command::cargo_bin("elixir-scope-storage").unwrap().write_stdin(lines).output().unwrap();
    assert!(run.status.success());
    let replies: Vec<Value> =
        String::from_utf8(run.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let order: Vec<i64> = replies.iter().map(|reply| reply["id"].as_i64().unwrap()).collect();
    assert_eq!(order, (0..=100).collect::<Vec<_>>());
    for n in 0..50 {
        let counted = &replies[2 * n + 2]["result"]["structuredContent"];
        assert_eq!(counted["total_matched"], n + 1, "a query sees every store before it");
    }
}

#[test]
fn the_server_introduces_itself() {
    let mut client = Client::start();
    let reply = client.request("initialize", client::handshake());
    assert_eq!(reply["result"]["serverInfo"]["name"], "elixir-scope-storage");
    assert_eq!(reply["result"]["protocolVersion"], "2025-06-18");
    assert!(reply["result"]["capabilities"]["tools"].is_object());
    client.finish();
}

#[test]
fn a_stored_event_comes_back_whole() {
    let mut client = Client::start();
    let event = json!({"id": 18_446_744_073_709_551_615_u64, "ts": -7, "type": "CALL", "pid": "0.1.0", "extra": {"deep": [1.5, null]}});
    let stored = client.call("store_event", json!({"event": event}));
    assert_eq!(
        stored,
        json!({"event_id": "18446744073709551615", "outcome": "stored", "timestamp_assigned": false, "pruned": 0})
    );
    assert_eq!(client.call("store_event", json!({"event": event}))["outcome"], "duplicate");
    let whole = client.call("get_event_by_id", json!({"event_id": 18_446_744_073_709_551_615_u64}));
    let expected = json!({
        "event_id": "18446744073709551615", "timestamp": -7, "pid": "<0.1.0>", "event_type": "call",
        "data": {"extra": {"deep": [1.5, null]}},
    });
    assert_eq!(whole, expected);
    let text = client.text("get_event_by_id", json!({"event_id": "18446744073709551615"}));
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected, "both channels carry the same facts");
    let minted = client.call("store_event", json!({"event": {"type": "tick"}}));
    assert_eq!(minted["timestamp_assigned"], true);
    client.call("get_event_by_id", json!({"event_id": minted["event_id"]}));
}

#[test]
fn an_unknown_id_is_refused_with_a_way_on() {
    let mut client = Client::start();
    let refusal = client.refusal("get_event_by_id", json!({"event_id": "nope"}));
    assert!(refusal.contains("\"nope\"") && refusal.contains("query_events"), "{refusal}");
}

#[test]
fn bad_events_of_a_batch_are_kept_apart_with_index_and_path() {
    let mut client = Client::start();
    let events =
        json!([{"ts": 1, "id": "good"}, {"timestamp": "soon", "id": "bad"}, 5, {"ts": 2, "arity": -1}, {"ts": 3}]);
    let reply = client.call("store_events", json!({"events": events}));
    assert_eq!((&reply["stored"], &reply["timestamps_assigned"]), (&json!(2), &json!(0)));
    let rejected = reply["rejected"].as_array().unwrap();
    let told = |at: usize, index: usize, error: &str| {
        assert_eq!(rejected[at]["index"], index);
        assert!(rejected[at]["error"].as_str().unwrap().starts_with(error), "{}", rejected[at]);
    };
    assert_eq!(rejected.len(), 3);
    told(0, 1, "events[1].timestamp: got \"soon\"");
    told(1, 2, "events[2]: expected a JSON object");
    told(2, 3, "events[3].arity: got -1");
    assert_eq!(rejected[0]["event_id"], "bad");
    let text = client.text("store_events", json!({"events": events}));
    assert!(text.contains("rejected=3") && text.contains("events[1].timestamp"), "{text}");
    assert_eq!(client.call("get_stats", json!({}))["counters"]["rejected"], 6);
}

#[test]
fn one_bad_event_keeps_an_atomic_batch_out() {
    let mut client = Client::start();
    let refusal = client.refusal("store_events", json!({"events": [{"ts": 1}, {"ts": "x"}], "atomic": true}));
    assert!(refusal.contains("nothing was stored") && refusal.contains("events[1].ts: got \"x\""), "{refusal}");
    assert_eq!(client.call("query_events", json!({}))["total_matched"], 0);
    assert_eq!(client.call("store_events", json!({"events": [{"ts": 1}], "atomic": true}))["stored"], 1);
}

#[test]
fn a_batch_counts_what_was_new_replaced_and_known() {
    let mut client = with_ten();
    let again = client.call("store_events", json!({"events": ten()}));
    assert_eq!((&again["stored"], &again["duplicates"]), (&json!(0), &json!(10)));
    let other = client.call("store_events", json!({"events": [{"id": "e0", "ts": -1000, "type": "other"}]}));
    assert_eq!((&other["replaced"], &other["stored"]), (&json!(1), &json!(0)));
}

#[test]
fn an_unknown_argument_is_refused_with_the_closest_name_and_a_call_that_works() {
    let mut client = Client::start();
    let refusal = client.refusal("query_events", json!({"sinse_timestamp": 5, "limit": -1, "order": "dsc"}));
    for told in [
        "sinse_timestamp: unknown argument. Did you mean \"since_timestamp\"?",
        "limit: got -1; expected an integer from 0 to 10000",
        "order: got \"dsc\"; expected one of \"asc\", \"desc\". Did you mean \"desc\"?",
        "A call that works: query_events {",
    ] {
        assert!(refusal.contains(told), "{told} in {refusal}");
    }
    let refusal = client.refusal("get_stats", json!({"verbose": true}));
    assert!(refusal.contains("takes none"), "{refusal}");
    let refusal = client.refusal("query_events", json!({"since_timestamp": "yesterday"}));
    assert!(refusal.starts_with("since_timestamp: got \"yesterday\"") && refusal.contains("\"-5s\""), "{refusal}");
    let refusal = client.refusal("query_events", json!({"fields": ["pdi"]}));
    assert!(refusal.contains("fields[0]: got \"pdi\"") && refusal.contains("Did you mean \"pid\"?"), "{refusal}");
    assert!(client.refusal("last_n_events_for_pid", json!({})).starts_with("pid: missing"));
    assert!(client.refusal("query_events", json!({"role": "sender"})).starts_with("role: narrows pid"));
}

#[test]
fn an_unknown_tool_or_a_malformed_call_is_invalid_params() {
    let mut client = Client::start();
    let reply = client.request("tools/call", json!({"name": "query_event"}));
    assert_eq!(reply["error"]["code"], -32602);
    let message = reply["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("Unknown tool: query_event. Available: store_event, "), "{message}");
    assert!(message.contains("Did you mean \"query_events\"?"), "{message}");
    let reply = client.request("tools/call", json!({"name": 5}));
    assert_eq!(reply["error"]["code"], -32602);
    assert!(reply["error"]["message"].as_str().unwrap().contains("params.name is not a string"));
    let reply = client.request("tools/run", json!({}));
    assert_eq!(
        (&reply["error"]["code"], &reply["error"]["message"]),
        (&json!(-32601), &json!("Method not found: tools/run"))
    );
}

#[test]
fn garbage_arguments_get_an_answer_each_and_the_server_stays_up() {
    let mut client = with_ten();
    let garbage = [
        json!(null),
        json!(5),
        json!("x"),
        json!([]),
        json!({"a": {}}),
        json!([[[]]]),
        json!(-1e300),
        json!("\u{0}\n"),
    ];
    let list = client.request("tools/list", json!({}));
    for tool in list["result"]["tools"].as_array().unwrap() {
        let name = tool["name"].as_str().unwrap();
        for argument in tool["inputSchema"]["properties"].as_object().unwrap().keys() {
            for value in &garbage {
                let reply = client
                    .request("tools/call", json!({"name": name, "arguments": {argument: value, "dry_run": true}}));
                assert!(reply["result"]["content"][0]["text"].is_string(), "{name} {argument} {value}: {reply}");
            }
        }
    }
    assert!(client.call("get_stats", json!({}))["total_events"].as_u64().unwrap() >= 10);
    client.finish();
}

#[test]
fn filters_combine_and_are_echoed_as_they_were_applied() {
    let mut client = with_ten();
    let arguments = json!({
        "pid": "0.1.0", "role": "subject", "event_type": ["FunctionEntry", "nothing"], "module": "Elixir.Bank",
        "arity": "2", "since_timestamp": "-800ns", "until_timestamp": -500, "format": "json",
    });
    let page = client.call("query_events", arguments);
    assert_eq!(ids(&page), ["e2", "e4"]);
    let expected = json!({
        "pid": "<0.1.0>", "role": "subject", "event_type": ["function_entry", "nothing"], "since_timestamp": -900,
        "until_timestamp": -500, "module": "Bank", "arity": 2,
    });
    assert_eq!(page["filters"], expected, "relative times are told as they were resolved");
    let text = client.text("query_events", json!({"pid": "0.1.0", "event_type": "call"}));
    assert!(text.contains("\nfilters: pid=<0.1.0> event_type=call\n"), "{text}");
}

#[test]
fn pages_reach_every_event_exactly_once_in_order() {
    let mut client = with_ten();
    let expected: Vec<String> = (0..10).map(|n| format!("e{n}")).collect();
    for (order, limit) in [("asc", 1), ("asc", 3), ("desc", 1), ("desc", 4), ("asc", 10)] {
        let mut seen = Vec::new();
        let mut arguments = json!({"format": "json", "limit": limit, "order": order});
        loop {
            let page = client.call("query_events", arguments.clone());
            assert_eq!(page["total_matched"], 10);
            seen.extend(ids(&page));
            assert_eq!(page["truncated"], page.get("next_cursor").is_some());
            let Some(cursor) = page.get("next_cursor") else { break };
            arguments["cursor"] = cursor.clone();
        }
        if order == "desc" {
            seen.reverse();
        }
        assert_eq!(seen, expected, "{order} by {limit}");
    }
    let page = client.call("query_events", json!({"limit": 2}));
    let refusal = client.refusal("query_events", json!({"cursor": page["next_cursor"], "pid": "x"}));
    assert!(refusal.starts_with("cursor: made for other filters"), "{refusal}");
}

#[test]
fn a_table_cut_by_its_budget_goes_on_at_the_event_it_was_cut_at() {
    let mut client = Client::start();
    let event = |n: i64| json!({"id": format!("long-{n:03}"), "ts": n, "data": {"text": "x".repeat(100 + n as usize)}});
    client.call("store_events", json!({"events": (0..200).map(event).collect::<Vec<_>>()}));
    let mut seen = Vec::new();
    let mut arguments = json!({"limit": 1000, "max_tokens": 500});
    loop {
        let result = client.result("query_events", arguments.clone());
        let page = &result["structuredContent"];
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.len() <= 2000, "{} bytes", text.len());
        let shown = column(page, "event_id");
        assert_eq!(page["returned"], shown.len());
        assert_eq!(page["total_matched"], 200);
        seen.extend(shown);
        let Some(cursor) = page.get("next_cursor") else { break };
        assert_eq!(page["truncated"], true);
        assert!(text.contains(&format!("truncated=true next_cursor={}\n", cursor.as_str().unwrap())), "{text}");
        assert!(seen.len() < 200, "a cut page never shows all");
        arguments["cursor"] = cursor.clone();
    }
    let all: Vec<String> = (0..200).map(|n| format!("long-{n:03}")).collect();
    assert_eq!(seen, all);
    let page = client.call("query_events", json!({"max_tokens": 1}));
    assert_eq!(page["returned"], 1, "at least one event is always shown");
    let page = client.call("query_events", json!({"max_tokens": 200, "format": "json", "limit": 1000}));
    assert!(page["truncated"] == true && page["returned"].as_u64().unwrap() < 10, "json keeps a budget it is given");
}

#[test]
fn a_table_says_once_what_is_the_same_in_every_row() {
    let mut client = with_ten();
    let page = client.call("query_events", json!({"pid": "<0.1.0>"}));
    let constants = json!({"pid": "<0.1.0>", "mfa": "Bank.pay/2", "node": "app@host"});
    assert_eq!(page["constants"], constants);
    assert_eq!(page["columns"], json!(["t_us", "event_id", "event_type", "call_id", "data"]));
    assert_eq!(page["t0"], -1000);
    assert_eq!(page["rows"][1], json!(["0.100", "e1", "function_exit", "1", "{\"args\":[1]}"]));
    let text = client.text("query_events", json!({"pid": "<0.1.0>"}));
    assert!(text.contains("\nconstants: pid=<0.1.0> mfa=Bank.pay/2 node=app@host\n"), "{text}");
    assert!(text.contains("\nt0=-1000 "), "{text}");
    assert!(
        text.contains("\nt_us\tevent_id\tevent_type\tcall_id\tdata\n0.000\te0\tfunction_entry\t0\t{\"args\":[0]}\n"),
        "{text}"
    );
    let fields = client.call("query_events", json!({"fields": ["timestamp", "pid"], "limit": 3}));
    assert_eq!(fields["columns"], json!(["timestamp"]));
    assert_eq!(fields["constants"], json!({"pid": "<0.1.0>"}));
    assert!(fields.get("t0").is_none());
    let one = client.call("query_events", json!({"limit": 1}));
    assert_eq!(one["constants"], json!({}), "one row has no constants");
}

#[test]
fn a_table_shows_the_same_cells_in_both_channels() {
    let mut client = Client::start();
    let events = json!([
        {"id": "a", "ts": 0, "type": "tab\there", "correlation_id": "line\nend", "data": {"s": "t\ta\nb", "p": " spaced  out "}},
        {"id": "b", "ts": 1, "type": "x", "data": {"long": "é".repeat(300)}},
        {"id": "c", "ts": 2, "type": "y"},
    ]);
    client.call("store_events", json!({"events": events}));
    let result = client.result("query_events", json!({}));
    let (text, page) = (result["content"][0]["text"].as_str().unwrap(), &result["structuredContent"]);
    let shown: Vec<Vec<&str>> =
        text.lines().skip_while(|line| !line.starts_with("t_us")).map(|line| line.split('\t').collect()).collect();
    assert_eq!(json!(shown[0]), page["columns"]);
    assert_eq!(json!(shown[1..]), page["rows"]);
    let data = column(page, "data");
    assert_eq!(data[0], r#"{"s":"t\ta\nb","p":" spaced  out "}"#);
    assert!(data[1].contains("\u{2026}+"), "what is cut is marked: {}", data[1]);
    assert_eq!(data[2], "");
}

#[test]
fn json_format_loses_nothing() {
    let mut client = Client::start();
    let data = json!({"text": "x".repeat(5000), "n": i64::MIN, "m": u64::MAX, "f": 0.1, "nested": {"z": 1, "a": [null, true]}});
    client.call("store_event", json!({"event": {"id": "a", "ts": i64::MIN, "data": data}}));
    let result = client.result("query_events", json!({"format": "json"}));
    let event = &result["structuredContent"]["events"][0];
    assert_eq!(*event, json!({"event_id": "a", "timestamp": i64::MIN, "data": data}));
    let text = result["content"][0]["text"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text.lines().last().unwrap()).unwrap(), *event);
    let picked = client.call("query_events", json!({"format": "json", "fields": ["event_id", "t_us", "seq"]}));
    assert_eq!(picked["events"][0], json!({"event_id": "a", "timestamp": i64::MIN, "seq": 0}));
}

#[test]
fn the_last_events_of_a_process_are_the_newest_shown_oldest_first() {
    let mut client = with_ten();
    let page = client.call("last_n_events_for_pid", json!({"pid": "0.1.0", "n": 3, "format": "json"}));
    assert_eq!(ids(&page), ["e2", "e3", "e4"]);
    assert_eq!(page["total_matched"], 5);
    let older = json!({"pid": "0.1.0", "n": 3, "format": "json", "cursor": page["next_cursor"]});
    assert_eq!(ids(&client.call("last_n_events_for_pid", older)), ["e0", "e1"], "the cursor goes on to older events");
    let page = client.call("last_n_events_for_pid", json!({"pid": "0.1.0", "n": 2, "order": "desc", "format": "json"}));
    assert_eq!(ids(&page), ["e4", "e3"]);
    let cut = client.call("last_n_events_for_pid", json!({"pid": "0.1.0", "max_tokens": 1}));
    assert_eq!(column(&cut, "event_id"), ["e4"], "the newest stay");
    let next = client.call("last_n_events_for_pid", json!({"pid": "0.1.0", "n": 1, "cursor": cut["next_cursor"]}));
    assert_eq!(column(&next, "event_id"), ["e3"]);
    let page = client.call("last_n_events_for_pid", json!({"pid": "0.1.0", "event_type": "function_exit"}));
    assert_eq!(page["total_matched"], 2, "other filters apply");
}

#[test]
fn events_are_found_by_their_place_in_the_source() {
    let mut client = Client::start();
    let events = json!([
        {"id": "a", "ts": 1, "ast_node_id": "Bank:pay:1"}, {"id": "b", "ts": 2, "data": {"ast_node_id": "Bank:pay:2"}},
    ]);
    client.call("store_events", json!({"events": events}));
    let page = client.call("query_events_by_ast_node", json!({"ast_node_id": "Bank:pay:2", "format": "json"}));
    assert_eq!(ids(&page), ["b"]);
    assert_eq!(client.call("query_events", json!({"ast_node_prefix": "Bank:pay"}))["total_matched"], 2);
    assert!(client.refusal("query_events_by_ast_node", json!({})).starts_with("ast_node_id: missing"));
}

#[test]
fn an_empty_answer_says_why() {
    let mut client = Client::start();
    assert!(client.text("query_events", json!({})).contains("the store is empty"));
    client.call("store_events", json!({"events": ten()}));
    let text = client.text("query_events", json!({"event_type": "functon_exit"}));
    assert!(
        text.contains("no event has event_type functon_exit; closest of the frequent ones: function_exit"),
        "{text}"
    );
    let text = client.text("query_events", json!({"since_timestamp": 5}));
    assert!(text.contains("stored events reach from -1000 to -100"), "{text}");
    let page = client.call("query_events", json!({"limit": 0}));
    assert_eq!((&page["returned"], &page["total_matched"]), (&json!(0), &json!(10)), "limit 0 only counts");
}

#[test]
fn a_dry_run_changes_nothing_and_foretells_the_run() {
    let mut client = with_ten();
    for (tool, what, removed) in [
        ("cleanup_old_events", json!({"before_timestamp": -900}), 1),
        ("cleanup_old_events", json!({"max_age": "600ns"}), 2),
        ("cleanup_old_events", json!({"max_age": 300}), 4),
        ("clear_events", json!({"event_type": "function_exit"}), 2),
        ("cleanup_old_events", json!({"max_events": 1}), 0),
        ("clear_events", json!({"all": true}), 1),
    ] {
        let before = client.call("query_events", json!({"limit": 0}))["total_matched"].as_u64().unwrap();
        let mut dry = what.clone();
        dry["dry_run"] = json!(true);
        let foretold = client.call(tool, dry);
        assert_eq!(client.call("query_events", json!({"limit": 0}))["total_matched"], before, "{tool} {what}");
        let mut done = client.call(tool, what.clone());
        assert_eq!(done["dry_run"], false);
        done["dry_run"] = json!(true);
        assert_eq!(done, foretold, "{tool} {what}");
        let expected = if removed == 0 { before - 1 } else { removed };
        assert_eq!(
            (&done["removed"], &done["remaining"]),
            (&json!(expected), &json!(before - expected)),
            "{tool} {what}"
        );
    }
}

#[test]
fn what_is_to_be_removed_must_be_said() {
    let mut client = with_ten();
    assert!(client.refusal("clear_events", json!({})).contains("filters, or all: true"));
    assert!(client.refusal("clear_events", json!({"all": false})).contains("filters, or all: true"));
    assert!(client.refusal("clear_events", json!({"all": true, "pid": "x"})).contains("one or the other"));
    assert!(client.refusal("cleanup_old_events", json!({})).contains("max_age or max_events"));
    assert!(client.refusal("cleanup_old_events", json!({"max_age": "-1s"})).starts_with("max_age: got \"-1s\""));
    assert_eq!(client.call("get_stats", json!({}))["total_events"], 10);
}

#[test]
fn an_answer_over_a_pruned_span_says_so() {
    let mut client = with_ten();
    client.call("cleanup_old_events", json!({"max_events": 8}));
    let page = client.call("query_events", json!({}));
    assert_eq!(page["gaps"], json!([{"since": -1000, "until": -900, "events": 2, "lost": "pruned"}]));
    assert!(client.text("query_events", json!({})).contains("gap: 2 events from -1000 to -900 were pruned"));
    assert_eq!(client.call("query_events", json!({"since_timestamp": -800}))["gaps"], json!([]));
}

#[test]
fn statistics_count_what_happened() {
    let mut client = with_ten();
    client.call("query_events", json!({}));
    let stats = client.call("get_stats", json!({}));
    assert_eq!(
        (&stats["total_events"], &stats["oldest_timestamp"], &stats["newest_timestamp"]),
        (&json!(10), &json!(-1000), &json!(-100))
    );
    assert_eq!(stats["counters"]["queries"], 1);
    assert_eq!(stats["top_functions"], json!([{"name": "Bank.pay/2", "events": 10}]));
    assert_eq!(stats["indexes"].as_array().unwrap().len(), 12);
    let process = stats["indexes"].as_array().unwrap().iter().find(|index| index["index"] == "process").unwrap();
    assert_eq!((&process["keys"], &process["entries"]), (&json!(2), &json!(10)));
    assert!(stats["memory"]["total_bytes"].as_u64().unwrap() > stats["memory"]["events_bytes"].as_u64().unwrap());
    assert!(
        client.text("get_stats", json!({})).starts_with("total_events=10 oldest_timestamp=-1000 newest_timestamp=-100")
    );
}

#[test]
fn a_plan_is_explained_and_its_work_measured() {
    let mut client = with_ten();
    let plan = client.call("explain_query", json!({"pid": "0.1.0", "event_type": "function_exit", "text": "args"}));
    assert_eq!((&plan["driver"], &plan["cardinality"], &plan["events"]), (&json!("process"), &json!(5), &json!(10)));
    assert_eq!(plan["filters"]["pid"], "<0.1.0>");
    assert!(plan["residual"].as_array().unwrap().contains(&json!("text")), "{plan}");
    assert!(plan.get("analysis").is_none());
    let plan = client.call("explain_query", json!({"pid": "0.1.0", "analyze": true, "limit": 2}));
    assert_eq!((&plan["analysis"]["returned"], &plan["analysis"]["total_matched"]), (&json!(2), &json!(5)));
}

#[test]
fn instrumentation_plans_are_kept_in_versions() {
    let mut client = Client::start();
    assert!(client.refusal("get_instrumentation_plan", json!({})).contains("store_instrumentation_plan"));
    assert_eq!(client.call("store_instrumentation_plan", json!({"plan": {"n": 1}}))["version"], 1);
    assert_eq!(client.call("store_instrumentation_plan", json!({"plan": {"n": 2}}))["version"], 2);
    let newest = client.call("get_instrumentation_plan", json!({}));
    assert_eq!((&newest["plan"], &newest["version"]), (&json!({"n": 2}), &json!(2)));
    assert!(newest["stored_at"].as_i64().unwrap() > 0);
    assert_eq!(client.call("get_instrumentation_plan", json!({"version": 1}))["plan"], json!({"n": 1}));
    assert!(client.refusal("get_instrumentation_plan", json!({"version": 9})).contains("versions 1 to 2"));
    assert!(
        client.refusal("store_instrumentation_plan", json!({"plan": 5})).starts_with("plan: got 5; expected an object")
    );
}
