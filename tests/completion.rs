//! Completions of the real server, checked against what the recorded bank holds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

#[path = "support/client.rs"]
mod client;

use std::collections::BTreeMap;

use client::{BANK, Client};
use serde_json::{Value, json};

fn prompt(name: &str) -> Value {
    json!({"type": "ref/prompt", "name": name})
}

fn template(uri: &str) -> Value {
    json!({"type": "ref/resource", "uri": uri})
}

fn complete(client: &mut Client, of: Value, name: &str, value: &str) -> Value {
    let params = json!({"ref": of, "argument": {"name": name, "value": value}});
    client.ask("completion/complete", params)["completion"].take()
}

fn values(completion: &Value) -> Vec<&str> {
    completion["values"].as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect()
}

/// Every event of the bank that matches, as whole objects.
fn events(client: &mut Client, filter: Value) -> Vec<Value> {
    let mut arguments = filter;
    arguments["format"] = "json".into();
    arguments["limit"] = 10_000.into();
    let mut events = Vec::new();
    loop {
        let page = client.call("query_events", arguments.clone());
        events.extend(page["events"].as_array().unwrap().iter().cloned());
        match page.get("next_cursor") {
            Some(cursor) => arguments["cursor"] = cursor.clone(),
            None => return events,
        }
    }
}

/// Values of a member, the most frequent first.
fn ranked(events: &[Value], member: &str) -> Vec<String> {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    for value in events.iter().filter_map(|event| event[member].as_str()) {
        *counts.entry(value).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, events)| -events);
    counts.into_iter().map(|(value, _)| value.to_owned()).collect()
}

#[test]
fn values_come_from_the_index_the_most_frequent_first() {
    let mut client = Client::start_with(&BANK);
    let all = events(&mut client, json!({}));
    assert_eq!(all.len(), 10_000);
    for (of, name, member) in [
        (prompt("why_slow"), "module", "module"),
        (prompt("why_slow"), "function", "function"),
        (prompt("what_happened_around"), "event_type", "event_type"),
        (template("elixirscope://ast/{ast_node_id}"), "ast_node_id", "ast_node_id"),
    ] {
        let completion = complete(&mut client, of, name, "");
        let expected = ranked(&all, member);
        assert_eq!(values(&completion), expected, "{member}");
        assert_eq!((&completion["total"], &completion["hasMore"]), (&json!(expected.len()), &json!(false)));
    }
}

#[test]
fn at_most_a_hundred_values_are_given_and_the_rest_is_counted() {
    let mut client = Client::start_with(&BANK);
    let stats = client.call("get_stats", json!({}));
    let pids = stats["indexes"].as_array().unwrap().iter().find(|index| index["index"] == "process").unwrap();
    let completion = complete(&mut client, prompt("debug_crash"), "pid", "");
    assert_eq!(values(&completion).len(), 100);
    assert_eq!((&completion["total"], &completion["hasMore"]), (&pids["keys"], &json!(true)));
    let top: Vec<&str> =
        stats["top_pids"].as_array().unwrap().iter().map(|pid| pid["name"].as_str().unwrap()).collect();
    assert_eq!(values(&completion)[..top.len()], top);
}

#[test]
fn a_function_is_completed_within_its_module() {
    let mut client = Client::start_with(&BANK);
    let of_account = ranked(&events(&mut client, json!({"module": "Bank.Account"})), "function");
    for module in ["Bank.Account", "Elixir.Bank.Account"] {
        let params = json!({
            "ref": prompt("why_slow"), "argument": {"name": "function", "value": ""},
            "context": {"arguments": {"module": module}},
        });
        let completion = client.ask("completion/complete", params)["completion"].take();
        assert_eq!(values(&completion), of_account);
    }
    assert!(of_account.len() < values(&complete(&mut client, prompt("why_slow"), "function", "")).len());
}

#[test]
fn what_starts_with_the_text_comes_before_what_contains_it_in_any_case() {
    let mut client = Client::start_with(&BANK);
    let mut given = |value: &str| {
        let completion = complete(&mut client, prompt("what_happened_around"), "event_type", value);
        values(&completion).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(given("FUNCTION_E"), ["function_entry", "function_exit"]);
    assert_eq!(given("link"), ["process_getting_linked", "process_link", "process_getting_unlinked"]);
    assert_eq!(given("process_l"), ["process_link"]);
    assert_eq!(given("exit"), ["function_exit", "process_exit"]);
    assert_eq!(given("nothing like it"), [""; 0]);
}

#[test]
fn a_pid_is_given_as_the_place_takes_it() {
    let mut client = Client::start_with(&BANK);
    for typed in ["0.162", "<0.162", "#PID<0.162"] {
        assert_eq!(values(&complete(&mut client, prompt("debug_crash"), "pid", typed)), ["<0.162.0>"], "{typed}");
        let completion = complete(&mut client, template("elixirscope://pid/{pid}"), "pid", typed);
        assert_eq!(values(&completion), ["0.162.0"], "{typed}");
    }
    let completion = complete(&mut client, template("elixirscope://pid/{pid}"), "pid", "coll");
    assert_eq!(values(&completion), [":collector"]);
}

#[test]
fn event_ids_are_the_newest_that_start_with_the_text() {
    let mut client = Client::start_with(&BANK);
    let page =
        client.call("query_events", json!({"order": "desc", "limit": 100, "fields": ["event_id"], "format": "json"}));
    let newest: Vec<&str> =
        page["events"].as_array().unwrap().iter().map(|event| event["event_id"].as_str().unwrap()).collect();
    let completion = complete(&mut client, template("elixirscope://event/{event_id}"), "event_id", "");
    assert_eq!(values(&completion), newest);
    assert_eq!((completion.get("total"), &completion["hasMore"]), (None, &json!(true)), "nobody counted the others");
    let completion = complete(&mut client, prompt("what_happened_around"), "moment", "evt-25");
    assert_eq!(values(&completion), ["evt-25"], "an id that is whole is found however old it is");
}

#[test]
fn what_is_stored_is_offered_at_once_and_no_longer_when_it_is_gone() {
    let mut client = Client::start();
    let modules = |client: &mut Client| {
        values(&complete(client, prompt("why_slow"), "module", "")).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(modules(&mut client), [""; 0]);
    let events = json!([{"module": "A"}, {"module": "Elixir.B"}, {"module": "B"}]);
    client.call("store_events", json!({"events": events}));
    assert_eq!(modules(&mut client), ["B", "A"]);
    client.call("clear_events", json!({"module": "B"}));
    assert_eq!(modules(&mut client), ["A"]);
}

#[test]
fn a_free_argument_has_no_values() {
    let mut client = Client::start_with(&BANK);
    let completion = complete(&mut client, prompt("what_happened_around"), "window", "1");
    assert_eq!(completion, json!({"values": []}));
}

#[test]
fn a_wrong_reference_or_argument_is_told_what_is_right() {
    let mut client = Client::start();
    for (of, name, told) in [
        (prompt("why_slo"), "module", "ref.name: \"why_slo\" is not a prompt; known: debug_crash, why_slow, "),
        (prompt("why_slo"), "module", "Did you mean \"why_slow\"?"),
        (prompt("why_slow"), "modul", "argument.name: \"modul\" is not an argument of why_slow; known: module, "),
        (template("elixirscope://pid/{id}"), "pid", "Did you mean \"elixirscope://pid/{pid}\"?"),
        (template("elixirscope://stats"), "pid", "is not a resource template"),
        (template("elixirscope://pid/{pid}"), "id", "known: pid."),
    ] {
        let params = json!({"ref": of, "argument": {"name": name, "value": ""}});
        let (code, message) = client.error("completion/complete", params);
        assert_eq!(code, -32602);
        assert!(message.contains(told), "{message}");
    }
}
