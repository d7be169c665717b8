//! Trace messages arrive side by side, some long after others that happened later: the events are what happened.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

#[path = "support/terms.rs"]
mod terms;

use elixir_scope_storage::etf::Term;
use elixir_scope_storage::trace::{Recorder, Session};
use elixir_scope_storage::{EventStore, Filter, Query, Settings, mcp};
use serde_json::{Value, json};
use terms::{Bytes, atom, mfa, mfa_arity, pid, reference, traced, tuple};

const CLIENT: u32 = 1;
const SERVER: u32 = 2;

fn recorder() -> Recorder {
    Recorder::new(Session { id: "s".to_owned(), prefix: "e".to_owned(), ..Session::default() })
}

fn take(recorder: &mut Recorder, message: &Bytes) {
    recorder.take(Term::parse(&[&[131], &**message].concat()).unwrap());
}

fn stored(mut recorder: Recorder) -> EventStore {
    let store = EventStore::open(Settings::UNBOUNDED).unwrap();
    recorder.finish();
    recorder.hand_over(|events| store.store_events(events));
    store
}

fn ask(store: &EventStore, tool: &str, arguments: &Value) -> Value {
    let reply = mcp::call(store, tool, &arguments.to_string()).unwrap();
    reply.structured.unwrap_or_else(|| panic!("{tool} {arguments}: {}", reply.text))
}

/// A call of the server: its send, and what follows.
fn exchange(at: i64) -> (Bytes, Vec<Bytes>) {
    let (tag, state) = (|| reference(7 + at as u32), || atom("state"));
    let from = || tuple(&[pid(CLIENT), tag()]);
    let request = || tuple(&[atom("$gen_call"), from(), atom("get")]);
    let reply = || tuple(&[tag(), atom("ok")]);
    let sent = traced(CLIENT, "send", &[request(), pid(SERVER)], at);
    let answer = tuple(&[atom("reply"), atom("ok"), state()]);
    let rest = vec![
        traced(SERVER, "receive", &[request()], at + 1),
        traced(SERVER, "call", &[mfa("m", "handle_call", &[atom("get"), from(), state()])], at + 2),
        traced(SERVER, "return_from", &[mfa_arity("m", "handle_call", 3), answer], at + 3),
        traced(SERVER, "send", &[reply(), pid(CLIENT)], at + 4),
        traced(CLIENT, "receive", &[reply()], at + 5),
    ];
    (sent, rest)
}

#[test]
fn a_send_that_arrives_thousands_of_records_after_its_receive_is_joined() {
    let mut recorder = recorder();
    let (sent, rest) = exchange(10);
    for message in &rest {
        take(&mut recorder, message);
    }
    for n in 0..3_000 {
        take(&mut recorder, &traced(3, "call", &[mfa("m", "busy", &[])], 20 + n));
    }
    take(&mut recorder, &sent);
    let store = stored(recorder);
    let query = Query { limit: 10, ..Query::new(Filter { pid: Some("<0.2.0>".to_owned()), ..Filter::default() }) };
    let page = store.query_events(&query).unwrap();
    let events: Vec<Value> = page.events.iter().map(|event| serde_json::from_str(&event.to_json()).unwrap()).collect();
    let id = |kind: &str| &events.iter().find(|event| event["event_type"] == kind).unwrap()["event_id"];
    let entry = events.iter().find(|event| event["event_type"] == "function_entry").unwrap();
    let receive = events.iter().find(|event| event["event_type"] == "message_receive").unwrap();
    assert_eq!((&receive["parent_id"], &entry["parent_id"]), (id("message_send"), id("message_send")));
    assert_eq!(entry["data"]["queue_time_ns"], 2);
}

#[test]
fn a_call_whose_send_arrives_when_nobody_waits_for_it_was_answered_all_the_same() {
    let mut recorder = recorder();
    for n in 0..20 {
        let (sent, rest) = exchange(100 * n);
        for message in &rest {
            take(&mut recorder, message);
        }
        recorder.settle();
        take(&mut recorder, &sent);
        recorder.settle();
    }
    let store = stored(recorder);
    let flow = ask(&store, "message_flow", &json!({}));
    let section = flow["sections"].as_array().unwrap().iter().find(|section| section["name"] == "messages").unwrap();
    assert_eq!(section["rows"].as_array().unwrap().len(), 20, "{flow}");
    let same = section["constants"].as_object().unwrap();
    assert_eq!(
        (&same["outcome"], &same["handled_by"]),
        (&json!("answered after 5ns"), &json!(":m.handle_call/3")),
        "{flow}"
    );
    assert_eq!(same["queued_ns"], 2, "{flow}");
    let mailbox = ask(&store, "mailbox", &json!({"pid": "<0.2.0>"}));
    assert_eq!(mailbox["facts"]["still_waiting"], 0, "{mailbox}");
}
