//! A state is known while the capture that told it goes on: not after its end, and not before it began.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

use elixir_scope_storage::{EventStore, Settings, mcp};
use serde_json::{Value, json};

const PID: &str = "<0.2.0>";

fn mark(session: &str, event_type: &str, at: i64) -> Value {
    json!({"id": format!("{session}-{event_type}"), "ts": at, "type": event_type, "session_id": session,
        "node": "shop@host", "data": {}})
}

/// What a process did, in a session.
fn act(session: &str, pid: &str, event_type: &str, at: i64, data: Value) -> Value {
    json!({"id": format!("{session}-{event_type}-{at}"), "ts": at, "type": event_type, "session_id": session,
        "node": "shop@host", "pid": pid, "data": data})
}

/// A callback that was called with a state.
fn called(session: &str, at: i64, state: &str) -> Value {
    let mut entry = act(session, PID, "function_entry", at, json!({"args": [":get", "{from, tag}", state]}));
    for (name, value) in [("module", json!("Counter")), ("function", json!("handle_call")), ("arity", json!(3))] {
        entry[name] = value;
    }
    entry
}

fn changed(session: &str, at: i64, old: &str, new: &str) -> Value {
    act(
        session,
        PID,
        "state_change",
        at,
        json!({"old_state": old, "new_state": new, "callback": "Counter.handle_cast/2"}),
    )
}

/// That another process of the node did something.
fn other(session: &str, at: i64) -> Value {
    act(session, "<0.3.0>", "process_spawn", at, json!({}))
}

fn store(events: &[Value]) -> EventStore {
    let store = EventStore::open(Settings::UNBOUNDED).unwrap();
    let texts: Vec<String> = events.iter().map(Value::to_string).collect();
    assert_eq!(store.store_json_events(&texts, false).rejected, []);
    store
}

fn ask(store: &EventStore, tool: &str, arguments: &Value) -> Value {
    let reply = mcp::call(store, tool, &arguments.to_string()).unwrap();
    reply.structured.clone().unwrap_or_else(|| panic!("{tool} {arguments}: {}", reply.text))
}

/// The state at a time, or at the end: `None` where it is said to be unknown.
fn state_at(store: &EventStore, at: Option<i64>) -> Option<String> {
    let mut arguments = json!({"pid": PID});
    if let Some(at) = at {
        arguments["at"] = at.into();
    }
    let reply = mcp::call(store, "state_at", &arguments.to_string()).unwrap();
    let Some(told) = reply.structured else {
        assert!(reply.text.contains("not known"), "{}", reply.text);
        return None;
    };
    let answer = told["answer"].as_str().unwrap();
    match answer.rsplit_once(" was ") {
        Some((_, state)) => Some(state.to_owned()),
        None => {
            assert!(answer.contains(" is unknown"), "{answer}");
            None
        }
    }
}

/// The state that `explain` tells, or `None` where it says that it is unknown.
fn explained(store: &EventStore) -> Option<String> {
    let told = ask(store, "explain", &json!({"target": PID}));
    let parts = told["sections"].as_array().unwrap();
    let part = parts.iter().find(|part| part["name"] == "state").unwrap_or_else(|| panic!("{told}"));
    let values = part["values"]["told"].as_array().unwrap();
    let is_unknown = values.iter().any(|value| value["state"].get("unknown").is_some());
    let state = values.iter().find_map(|value| value["state"]["is"].as_str().map(str::to_owned));
    assert_eq!(is_unknown, state.is_none(), "{part}");
    state
}

fn assert_states(events: &[Value], expected: &[(Option<i64>, Option<&str>)]) {
    let store = store(events);
    for (at, state) in expected {
        assert_eq!(state_at(&store, *at).as_deref(), *state, "at {at:?} of {events:#?}");
    }
    if let Some((_, state)) = expected.iter().find(|(at, _)| at.is_none()) {
        assert_eq!(explained(&store).as_deref(), *state);
    }
}

/// A capture from 0 to 100 in which the state becomes 5.
fn first() -> Vec<Value> {
    vec![mark("a", "capture_start", 0), changed("a", 10, "4", "5"), other("a", 90), mark("a", "capture_end", 100)]
}

#[test]
fn to_the_end_of_its_capture_a_state_is_known() {
    assert_states(&first(), &[(Some(10), Some("5")), (Some(99), Some("5")), (Some(100), Some("5")), (None, Some("5"))]);
}

#[test]
fn after_its_capture_a_state_is_not_known_until_another_tells_it() {
    let mut events = first();
    events.extend([mark("b", "capture_start", 200), act("b", PID, "process_spawn", 290, json!({})), other("b", 400)]);
    assert_states(&events, &[(Some(100), Some("5")), (Some(150), None), (Some(250), None), (None, None)]);

    let mut told = events.clone();
    told.push(called("b", 300, "505"));
    let told_from =
        |state| [(Some(100), Some("5")), (Some(150), None), (Some(250), Some(state)), (Some(350), Some(state))];
    assert_states(&told, &told_from("505"));
    assert_states(&told, &[(None, Some("505"))]);

    let mut changes = events.clone();
    changes.push(changed("b", 300, "505", "506"));
    assert_states(&changes, &told_from("505")[..3]);
    assert_states(&changes, &[(Some(350), Some("506")), (None, Some("506"))]);

    // The other one ends as well, and a third tells nothing.
    told.extend([mark("b", "capture_end", 410), mark("c", "capture_start", 500), other("c", 600)]);
    assert_states(&told, &[(Some(410), Some("505")), (Some(550), None), (None, None)]);
}

#[test]
fn a_capture_that_did_not_say_its_end_is_over_with_the_next_of_its_node() {
    let mut events = first();
    events.pop();
    assert_states(&events, &[(Some(90), Some("5")), (None, Some("5"))]);
    events.extend([mark("b", "capture_start", 200), other("b", 400)]);
    assert_states(&events, &[(Some(90), Some("5")), (Some(250), None), (None, None)]);
    // It was seen by the next one, which does not say its node.
    let mut nameless = first();
    nameless.pop();
    let mut start = mark("b", "capture_start", 200);
    start.as_object_mut().unwrap().remove("node");
    nameless.extend([start, act("b", PID, "process_spawn", 290, json!({})), other("b", 400)]);
    assert_states(&nameless, &[(Some(90), Some("5")), (Some(300), None), (None, None)]);
}

#[test]
fn before_the_capture_that_tells_it_a_state_is_not_known() {
    let events = [other("z", 0), mark("b", "capture_start", 200), called("b", 300, "7"), changed("b", 310, "7", "8")];
    assert_states(&events, &[(Some(100), None), (Some(200), Some("7")), (Some(250), Some("7")), (None, Some("8"))]);
}

#[test]
fn what_others_capture_ends_nothing() {
    // Another node's capture begins and ends; somebody stores events of the process in a session of their own; another
    // capture of the node begins while the first goes on.
    let mut start = mark("n", "capture_start", 20);
    let mut end = mark("n", "capture_end", 30);
    for mark in [&mut start, &mut end] {
        mark["node"] = "cart@host".into();
    }
    let mut events = first();
    events.truncate(3);
    events.extend([start, end, act("client", PID, "process_spawn", 40, json!({})), mark("b", "capture_start", 50)]);
    events.extend([act("b", PID, "process_spawn", 60, json!({})), other("b", 95)]);
    assert_states(&events, &[(Some(35), Some("5")), (Some(45), Some("5")), (Some(80), Some("5")), (None, Some("5"))]);
}

#[test]
fn what_another_node_tells_later_says_nothing_of_this_one() {
    let mut events = first();
    let mut other = other("n", 200);
    (other["node"], other["pid"]) = ("cart@host".into(), "<0.9.0>".into());
    events.push(other);
    let store = store(&events);
    let told = ask(&store, "state_at", &json!({"pid": PID, "node": "shop@host"}));
    assert!(told["answer"].as_str().unwrap().ends_with(" was 5"), "{told}");
    assert_eq!(told["t0"], 100);
    let later = ask(&store, "state_at", &json!({"pid": PID, "node": "shop@host", "at": 150}));
    assert!(later["answer"].as_str().unwrap().contains("is unknown since"), "{later}");
}

#[test]
fn the_last_state_of_one_that_ended_before_its_capture_stays_known() {
    let mut events = first();
    events.insert(2, act("a", PID, "process_exit", 80, json!({"reason": ":normal"})));
    events.extend([mark("b", "capture_start", 200), other("b", 400)]);
    assert_states(&events, &[(Some(50), Some("5")), (Some(90), Some("5")), (Some(300), Some("5")), (None, Some("5"))]);
}

#[test]
fn the_handlers_of_an_event_manager_are_known_as_long() {
    let mut events = first();
    events[1]["data"]["handler"] = "Audit".into();
    events[1]["data"]["callback"] = "Audit.handle_event/2".into();
    events.extend([mark("b", "capture_start", 200), act("b", PID, "process_spawn", 290, json!({})), other("b", 400)]);
    let store = store(&events);
    for (at, wanted) in
        [(90, "Audit was 5"), (100, "Audit was 5"), (150, "Audit is unknown since"), (350, "Audit is unknown since")]
    {
        let told = ask(&store, "state_at", &json!({"pid": PID, "at": at}));
        let lines = told["sections"].as_array().unwrap().iter().find(|part| part["name"] == "handlers").unwrap();
        let line = lines["lines"][0].as_str().unwrap();
        assert!(line.starts_with(wanted), "{at}: {line}");
    }
}

#[test]
fn a_difference_across_the_end_of_a_capture_is_not_known() {
    let mut events = first();
    events.extend([mark("b", "capture_start", 200), other("b", 400)]);
    let told = ask(&store(&events), "state_at", &json!({"pid": PID, "at": 300, "diff_with": 50}));
    let part = told["sections"].as_array().unwrap().iter().find(|part| part["name"] == "difference").unwrap();
    assert_eq!(part["lines"], json!(["unknown"]), "{told}");
}

#[test]
fn what_ran_when_a_capture_ended_is_not_said_to_run_after_it() {
    let mut events = first();
    events.insert(2, called("a", 95, "5"));
    events.extend([mark("b", "capture_start", 200), called("b", 300, "505"), other("b", 400)]);
    let store = store(&events);
    let running = |at: i64| {
        let told = ask(&store, "state_at", &json!({"pid": PID, "at": at}));
        told["notes"].as_array().is_some_and(|notes| {
            notes.iter().any(|note| note.as_str().is_some_and(|note| note.contains("at that moment it was in")))
        })
    };
    assert_eq!([98, 150, 250, 350].map(running), [true, false, false, true]);
}
