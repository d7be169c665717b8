//! The handlers of an event manager, each with a state of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at the first surprise"
)]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

#[path = "support/callbacks.rs"]
mod callbacks;
#[path = "support/client.rs"]
mod client;
#[path = "support/terms.rs"]
mod terms;

use callbacks::{n, t, told};
use client::Client;
use serde_json::{Value, json};
use terms::{Bytes, atom, mfa, mfa_arity, site, traced};

/// A callback of a handler's module, called by `gen_event`.
fn called(at: i64, module: &str, function: &str, args: &[Bytes], result: Bytes) -> Vec<Bytes> {
    let by = site("gen_event", "server_update", 4, "b.erl", 7);
    let back = [mfa_arity(module, function, args.len() as i64), result];
    vec![traced(1, "call", &[mfa(module, function, args), by], at), traced(1, "return_from", &back, at + 5)]
}

fn ok(state: Bytes) -> Bytes {
    t(&[atom("ok"), state])
}

/// The changes told: whose, and the state, or nothing where it was removed.
fn changes(events: &[Value]) -> Vec<(String, Option<String>)> {
    let changes = events.iter().filter(|event| event["event_type"] == "state_change");
    let text = |value: &Value| value.as_str().map(str::to_owned);
    changes.map(|change| (text(&change["data"]["handler"]).unwrap(), text(&change["data"]["new_state"]))).collect()
}

fn change(handler: &str, state: &str) -> (String, Option<String>) {
    (handler.to_owned(), Some(state.to_owned()))
}

/// Two modules, one of them twice; one handler leaves.
fn recording() -> Vec<Bytes> {
    let a = atom;
    let (count, audit) = ("Elixir.Count", "Elixir.Audit");
    [
        called(10, count, "init", &[a("x")], ok(n(0))),
        called(20, audit, "init", &[a("x")], ok(n(100))),
        called(30, audit, "init", &[a("y")], ok(n(200))),
        called(40, count, "handle_event", &[a("e"), n(0)], t(&[a("ok"), n(1), a("hibernate")])),
        called(50, audit, "handle_event", &[a("e"), n(200)], ok(n(201))),
        called(60, audit, "handle_event", &[a("e"), n(100)], ok(n(101))),
        called(70, audit, "handle_call", &[a("q"), n(201)], t(&[a("ok"), a("reply"), n(202)])),
        called(80, count, "handle_info", &[a("m"), n(1)], ok(n(2))),
        called(90, audit, "handle_event", &[a("leave"), n(101)], a("remove_handler")),
        called(95, audit, "terminate", &[a("remove_handler"), n(101)], a("ok")),
    ]
    .concat()
}

#[test]
fn each_handler_has_its_own_state() {
    let expected = [
        change("Count", "%{n: 0}"),
        change("Audit", "%{n: 100}"),
        change("Audit #2", "%{n: 200}"),
        change("Count", "%{n: 1}"),
        change("Audit #2", "%{n: 201}"),
        change("Audit", "%{n: 101}"),
        change("Audit #2", "%{n: 202}"),
        change("Count", "%{n: 2}"),
        ("Audit".to_owned(), None),
    ];
    assert_eq!(changes(&told(&recording())), expected);
}

#[test]
fn every_end_of_a_handler_is_told() {
    let a = atom;
    let swap = t(&[a("swap_handler"), a("x"), n(1), a("Other"), a("y")]);
    let removed = t(&[a("remove_handler"), a("reply")]);
    for (function, args, result) in [
        ("handle_event", vec![a("e"), n(0)], a("remove_handler")),
        ("handle_event", vec![a("e"), n(0)], swap),
        ("handle_event", vec![a("e"), n(0)], a("nonsense")),
        ("handle_call", vec![a("e"), n(0)], removed),
        ("terminate", vec![a("stop"), n(0)], ok(n(9))),
    ] {
        let start = called(1, "M", "init", &[a("x")], ok(n(0)));
        let messages = [start, called(10, "M", function, &args, result)].concat();
        assert_eq!(changes(&told(&messages)), [change(":M", "%{n: 0}"), (":M".to_owned(), None)], "{function}");
    }
    let by = site("gen_event", "server_update", 4, "b.erl", 7);
    let raised = [
        called(1, "M", "init", &[a("x")], ok(n(0))),
        vec![
            traced(1, "call", &[mfa("M", "handle_event", &[a("e"), n(0)]), by], 10),
            traced(1, "exception_from", &[mfa_arity("M", "handle_event", 2), t(&[a("error"), a("badarg")])], 11),
        ],
    ];
    assert_eq!(changes(&told(&raised.concat())), [change(":M", "%{n: 0}"), (":M".to_owned(), None)]);
}

#[test]
fn which_of_several_in_the_same_state_it_is_is_not_claimed() {
    let a = atom;
    let messages = [
        called(10, "M", "init", &[a("x")], ok(n(0))),
        called(20, "M", "init", &[a("y")], ok(n(0))),
        called(30, "M", "handle_event", &[a("e"), n(0)], ok(n(1))),
        called(40, "M", "handle_event", &[a("e"), n(0)], ok(n(1))),
    ]
    .concat();
    let events = told(&messages);
    let alike: Vec<_> = events
        .iter()
        .filter(|event| event["event_type"] == "state_change")
        .map(|change| change["data"]["handlers_alike"].as_i64())
        .collect();
    assert_eq!(alike, [None, None, Some(2), None]);
}

fn ask(client: &mut Client, tool: &str, arguments: Value) -> Value {
    let reply = client.request("tools/call", json!({"name": tool, "arguments": arguments}));
    assert_eq!(reply["result"]["isError"], json!(false), "{reply}");
    reply["result"]["structuredContent"].clone()
}

fn serve(messages: &[Bytes]) -> Client {
    let mut client = Client::start();
    let stored = client.request("tools/call", json!({"name": "store_events", "arguments": {"events": told(messages)}}));
    assert_eq!(stored["result"]["structuredContent"]["rejected"], json!([]), "{stored}");
    client
}

fn handlers(state: &Value) -> Vec<String> {
    let sections = state["sections"].as_array().unwrap();
    let section = sections.iter().find(|section| section["name"] == "handlers");
    let lines = section.and_then(|section| section["lines"].as_array()).cloned().unwrap_or_default();
    lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

#[test]
fn state_at_tells_the_state_of_each_handler() {
    let mut client = serve(&recording());
    let mut at = |at: i64| handlers(&ask(&mut client, "state_at", json!({"pid": "<0.1.0>", "at": at})));
    assert_eq!(at(26), ["Audit was %{n: 100}", "Count was %{n: 0}"]);
    assert_eq!(at(66), ["Audit was %{n: 101}", "Audit #2 was %{n: 201}", "Count was %{n: 1}"]);
    assert_eq!(at(200), ["Audit #2 was %{n: 202}", "Count was %{n: 2}"]);
}

#[test]
fn a_handler_whose_callback_was_called_without_values_is_unknown_since() {
    let by = site("gen_event", "server_update", 4, "b.erl", 7);
    let bare = traced(1, "call", &[mfa_arity("Elixir.Count", "handle_event", 2), by], 300);
    let messages = [recording(), vec![bare]].concat();
    let found = handlers(&ask(&mut serve(&messages), "state_at", json!({"pid": "<0.1.0>"})));
    assert_eq!(found[0], "Audit #2 was %{n: 202}");
    assert!(found[1].starts_with("Count is unknown since"), "{found:?}");
}

#[test]
fn the_history_names_the_handler() {
    let history = ask(&mut serve(&recording()), "state_history", json!({"pid": "<0.1.0>"}));
    let table = history["sections"].as_array().unwrap().iter().find(|section| section["name"] == "changes").unwrap();
    assert!(table["columns"].as_array().unwrap().contains(&json!("handler")), "{table}");
    assert_eq!(table["rows"].as_array().unwrap().len(), 9);
}
