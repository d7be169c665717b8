//! A state is known from what was recorded of this process: not past a callback whose result was not, not before it had
//! one, and not from another process that had the pid.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

use elixir_scope_storage::{EventStore, Settings, mcp};
use serde_json::{Value, json};

const PID: &str = "<0.2.0>";

fn act(event_type: &str, at: i64, data: Value) -> Value {
    json!({"id": format!("{event_type}-{at}"), "ts": at, "type": event_type, "pid": PID, "data": data})
}

/// A callback that is called with a state, and what its end tells; its end may not be recorded.
fn callback(function: &str, at: i64, state: &str, end: Option<(i64, Value)>) -> Vec<Value> {
    let args = match function {
        "handle_call" => json!([":m", "{from, tag}", state]),
        "init" => json!([state]),
        _ => json!([":m", state]),
    };
    let of = |mut event: Value| {
        event["module"] = "Srv".into();
        event["function"] = function.into();
        event["arity"] = args.as_array().unwrap().len().into();
        event["call_id"] = format!("call-{at}").into();
        event
    };
    let entry = of(act("function_entry", at, json!({"args": args})));
    let exit = end.map(|(at, data)| of(act("function_exit", at, data)));
    [Some(entry), exit].into_iter().flatten().collect()
}

fn noreply(state: &str) -> Value {
    json!({"result": format!("{{:noreply, {state}}}"), "exit_reason": "normal"})
}

fn spawned(at: i64) -> Value {
    json!({"id": format!("spawn-{at}"), "ts": at, "type": "process_spawn", "pid": "<0.1.0>",
        "data": {"parent_pid": "<0.1.0>", "spawned_pid": PID}})
}

fn store(events: &[Vec<Value>]) -> EventStore {
    let store = EventStore::open(Settings::UNBOUNDED).unwrap();
    let texts: Vec<String> = events.iter().flatten().map(Value::to_string).collect();
    assert_eq!(store.store_json_events(&texts, false).rejected, []);
    store
}

/// The state at a time; `None` where it is not known.
fn state_at(store: &EventStore, at: i64) -> Option<String> {
    let reply = mcp::call(store, "state_at", &json!({"pid": PID, "at": at}).to_string()).unwrap();
    let Some(told) = reply.structured else {
        let is_said = ["not known", "spawned only later", "is known"].iter().any(|said| reply.text.contains(said));
        assert!(is_said, "{}", reply.text);
        return None;
    };
    let answer = told["answer"].as_str().unwrap();
    if answer.contains(" is unknown") {
        return None;
    }
    Some(answer.rsplit_once(" was ").unwrap_or_else(|| panic!("{answer}")).1.to_owned())
}

fn assert_states(store: &EventStore, expected: &[(i64, Option<&str>)]) {
    for (at, state) in expected {
        assert_eq!(state_at(store, *at).as_deref(), *state, "at {at}");
    }
}

#[test]
fn past_the_return_of_a_callback_without_its_result_the_next_tells() {
    let end = |at| Some((at, json!({"exit_reason": "normal"})));
    let events = [callback("handle_cast", 10, "0", end(12)), callback("handle_cast", 20, "1", end(22))];
    let all = store(&events);
    assert_states(
        &all,
        &[(10, Some("0")), (11, Some("0")), (15, Some("1")), (20, Some("1")), (21, Some("1")), (30, None)],
    );
}

#[test]
fn where_no_end_is_recorded_the_state_is_known_only_if_it_did_not_change() {
    let calls =
        |second: &str| store(&[callback("handle_cast", 10, "0", None), callback("handle_cast", 20, second, None)]);
    assert_states(&calls("1"), &[(10, None), (15, None), (20, Some("1")), (25, Some("1"))]);
    assert_states(&calls("0"), &[(10, Some("0")), (15, Some("0")), (20, Some("0")), (25, Some("0"))]);
}

#[test]
fn a_callback_that_returned_its_result_tells_the_state_from_then_on() {
    let events = [
        callback("handle_cast", 10, "0", Some((12, noreply("1")))),
        callback("handle_cast", 20, "1", Some((22, noreply("1")))),
    ];
    assert_states(&store(&events), &[(11, Some("0")), (12, Some("1")), (25, Some("1"))]);
}

#[test]
fn before_its_first_state_and_before_it_was_there_a_process_has_none() {
    let init = callback("init", 11, ":args", Some((13, json!({"result": "{:ok, 0}", "exit_reason": "normal"}))));
    let events = [vec![spawned(10)], init, callback("handle_cast", 20, "0", Some((22, noreply("1"))))];
    assert_states(&store(&events), &[(5, None), (12, None), (13, Some("0")), (22, Some("1"))]);
}

#[test]
fn a_callback_that_was_cut_in_two_by_the_begin_leaves_the_state_before_unknown() {
    let cut = callback("handle_cast", 1, "0", Some((12, json!({"exit_reason": "normal"})))).split_off(1);
    let events = [cut, callback("handle_cast", 20, "7", Some((22, noreply("8"))))];
    assert_states(&store(&events), &[(5, None), (15, Some("7")), (22, Some("8"))]);
}

#[test]
fn what_another_process_had_that_had_the_pid_is_not_told_of_this_one() {
    let exit = act("process_exit", 40, json!({"exit_reason": ":boom"}));
    let events = [
        vec![spawned(1)],
        callback("handle_cast", 10, "5", Some((12, noreply("6")))),
        vec![exit, spawned(100)],
        callback("handle_cast", 120, "50", Some((122, noreply("51")))),
    ];
    let all = store(&events);
    assert_states(&all, &[(12, Some("6")), (50, Some("6")), (122, Some("51"))]);
    assert_ne!(state_at(&all, 105).as_deref(), Some("6"));
    let story = mcp::call(&all, "explain", &json!({"target": PID}).to_string()).unwrap().text;
    assert!(story.contains("no end of it was recorded") && !story.contains("after its end"), "{story}");
    let sends = json!({"id": "s", "ts": 130, "type": "message_send", "pid": "<0.1.0>",
        "data": {"message": ":hi", "send_type": "info", "receiver_pid": PID}});
    let all = store(&[events.concat(), vec![sends]]);
    let told = mcp::call(&all, "overview", "{}").unwrap().structured.unwrap();
    assert!(!told["answer"].as_str().unwrap().contains("ended process"), "{told}");
}

#[test]
fn a_change_that_is_no_start_is_not_told_as_one() {
    let mut events =
        callback("handle_call", 10, "4", Some((12, json!({"result": "{:reply, :ok, 5}", "exit_reason": "normal"}))));
    events.remove(0);
    let told = mcp::call(&store(&[events]), "state_history", &json!({"pid": PID}).to_string()).unwrap();
    assert!(!told.text.contains("(start)"), "{}", told.text);
}

#[test]
fn of_a_process_that_failed_and_was_not_seen_again_it_is_not_said_that_it_went_on() {
    let failed = json!({"exit_reason": "error", "reason": ":badarith"});
    let calls = callback("handle_cast", 10, "0", Some((12, failed)));
    let head = |all: &EventStore| mcp::call(all, "explain", r#"{"target": "last_crash"}"#).unwrap().text;
    let unseen = head(&store(std::slice::from_ref(&calls)));
    assert!(!unseen.contains("went on"), "{unseen}");
    let went_on = head(&store(&[calls, callback("handle_cast", 20, "0", None)]));
    assert!(went_on.contains("went on"), "{went_on}");
}

#[test]
fn of_callbacks_without_values_it_is_not_said_that_a_state_is_set_later() {
    let mut events = callback("handle_cast", 10, "0", Some((12, json!({"exit_reason": "normal"}))));
    events[0]["data"] = json!({});
    let reply = mcp::call(&store(&[events]), "state_at", &json!({"pid": PID}).to_string()).unwrap();
    assert!(reply.structured.is_none() && !reply.text.contains("set later"), "{}", reply.text);
}
