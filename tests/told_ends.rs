//! What is told of ends, of what was lost and of what was not recorded is so, or is said not to be known.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

use elixir_scope_storage::{EventStore, Settings, mcp};
use serde_json::{Value, json};

const MS: i64 = 1_000_000;
const PID: &str = "<0.2.0>";

fn act(pid: &str, event_type: &str, at: i64, data: Value) -> Value {
    json!({"id": format!("{event_type}{at}{pid}"), "ts": at, "type": event_type, "pid": pid, "data": data})
}

/// A call's begin or end.
fn call(pid: &str, event_type: &str, at: i64, (module, function, arity): (&str, &str, i64), data: Value) -> Value {
    let mut event = act(pid, event_type, at, data);
    for (name, value) in [("module", json!(module)), ("function", json!(function)), ("arity", json!(arity))] {
        event[name] = value;
    }
    event
}

fn exit(pid: &str, at: i64, reason: &str) -> Value {
    act(pid, "process_exit", at, json!({"exited_pid": pid, "exit_reason": reason}))
}

fn spawn(parent: &str, pid: &str, at: i64, module: &str) -> Value {
    act(parent, "process_spawn", at, json!({"parent_pid": parent, "spawned_pid": pid, "callback_module": module}))
}

fn store(events: &[Value]) -> EventStore {
    let store = EventStore::open(Settings::UNBOUNDED).unwrap();
    let texts: Vec<String> = events.iter().map(Value::to_string).collect();
    assert_eq!(store.store_json_events(&texts, false).rejected, []);
    store
}

/// An answer, as it is read.
fn told(events: &[Value], tool: &str, arguments: Value) -> String {
    mcp::call(&store(events), tool, &arguments.to_string()).unwrap().text
}

/// A section of the story of a process.
fn section(events: &[Value], target: &str, name: &str) -> Vec<String> {
    let reply = mcp::call(&store(events), "explain", &json!({"target": target}).to_string()).unwrap();
    let told = reply.structured.clone().unwrap_or_else(|| panic!("{}", reply.text));
    let sections = told["sections"].as_array().unwrap();
    let section = sections.iter().find(|section| section["name"] == name);
    let lines = section.map(|section| section["lines"].as_array().unwrap().clone()).unwrap_or_default();
    lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

/// Who ended a process that began at 1 and ended at 90.
fn ended_by(between: &[Value], reason: &str) -> String {
    let mut events = vec![spawn("<0.1.0>", PID, 1, "W")];
    events.extend_from_slice(between);
    events.push(exit(PID, 90, reason));
    section(&events, PID, "ended by").join("\n")
}

fn signal(from: &str, at: i64, reason: &str) -> Value {
    call(from, "function_entry", at, (":erlang", "exit", 2), json!({"args": [format!("#PID{PID}"), reason]}))
}

fn called(at: i64, function: (&str, &str, i64)) -> Value {
    call(PID, "function_entry", at, function, json!({"args": []}))
}

#[test]
fn a_signal_ended_a_process_only_where_its_reason_gives_this_end_and_nothing_came_between() {
    for (sent, reason, is_it) in [
        (":kill", ":killed", true),
        (":shutdown", ":shutdown", true),
        ("{:shutdown, :bye}", "{:shutdown, :bye}", true),
        (":normal", ":shutdown", false),
        (":normal", ":killed", false),
        (":kill", ":shutdown", false),
        (":shutdown", ":killed", false),
        ("{:shutdown, :bye}", "{:shutdown, :other}", false),
    ] {
        let by = ended_by(&[signal("<0.7.0>", 10, sent)], reason);
        assert_eq!(by.contains("<0.7.0>"), is_it, "{sent} {reason}: {by}");
        assert_eq!(by.contains("not recorded"), !is_it, "{sent} {reason}: {by}");
    }
    let later = called(50, ("W", "handle_cast", 2));
    let by = ended_by(&[signal("<0.7.0>", 10, ":shutdown"), later.clone()], ":shutdown");
    assert!(!by.contains("<0.7.0>"), "it trapped the signal and went on: {by}");
    let by = ended_by(&[signal("<0.7.0>", 10, ":shutdown"), called(40, ("W", "terminate", 2)), later], ":shutdown");
    assert!(by.contains("<0.7.0>"), "what terminate/2 does is its end: {by}");
    let by = ended_by(&[signal("<0.7.0>", 10, ":kill"), signal("<0.8.0>", 20, ":kill")], ":killed");
    assert!(by.contains("<0.7.0>"), "the first: {by}");
    let before = [spawn("<0.1.0>", PID, -9, "W"), signal("<0.7.0>", -5, ":kill"), exit(PID, -4, ":killed")];
    let by = ended_by(&before, ":killed");
    assert!(!by.contains("<0.7.0>"), "it was sent to the one before with this pid: {by}");
}

#[test]
fn an_exit_that_was_trapped_and_survived_ended_nobody() {
    let got = |at| act(PID, "message_receive", at, json!({"message": "{:EXIT, #PID<0.8.0>, :shutdown}"}));
    let info = [
        called(11, ("W", "handle_info", 2)),
        call(PID, "function_exit", 12, ("W", "handle_info", 2), json!({"result": "{:noreply, 1}"})),
    ];
    let mut survived = vec![got(10)];
    survived.extend(info);
    let by = ended_by(&survived, ":shutdown");
    assert!(!by.contains("<0.8.0>") && by.contains("not recorded"), "{by}");
    let by = ended_by(&[got(10), act(PID, "message_receive", 20, json!({"message": ":tick"}))], ":shutdown");
    assert!(!by.contains("<0.8.0>"), "{by}");
    for after in [vec![], vec![called(20, ("W", "terminate", 2)), called(30, ("File", "close", 1))]] {
        let by = ended_by(&[vec![got(10)], after].concat(), ":shutdown");
        assert!(by.contains("<0.8.0>"), "{by}");
    }
}

fn lost(at: i64, dropped: Option<u64>) -> Value {
    let data = dropped.map_or_else(|| json!({"disconnected": true}), |dropped| json!({"dropped": dropped}));
    let mut gap = act("", "gap", at, data);
    gap.as_object_mut().unwrap().remove("pid");
    gap["duration_ns"] = json!(5);
    gap
}

#[test]
fn what_nobody_counted_is_not_told_as_none() {
    let uncounted = ["the source was not connected"];
    let counted = [" were dropped"];
    let both = ["dropped", "not connected"];
    for (losses, says) in [
        (vec![lost(20, None)], &uncounted[..]),
        (vec![lost(20, None), lost(40, None)], &uncounted),
        (vec![lost(20, Some(7))], &counted),
        (vec![lost(20, Some(7)), lost(40, None)], &both),
    ] {
        let all_counted = says == counted;
        let events = [vec![spawn("<0.1.0>", PID, 1, "W")], losses, vec![exit(PID, 90, ":shutdown")]].concat();
        for text in [told(&events, "explain", json!({"target": PID})), told(&events, "find_anomalies", json!({}))] {
            assert!(says.iter().all(|says| text.contains(says)) && !text.contains("0 trace"), "{says:?}: {text}");
            assert_eq!(all_counted, !text.contains("not connected"), "{text}");
            assert!(all_counted || !text.contains("counted what it dropped"), "{text}");
        }
    }
    let events = [spawn("<0.1.0>", PID, 1, "W"), lost(20, Some(1)), exit(PID, 90, ":shutdown")];
    let text = told(&events, "explain", json!({"target": PID}));
    assert!(text.contains("1 event from -70ns to -65ns was dropped"), "{text}");
}

#[test]
fn a_parent_that_ended_later_is_not_said_to_have_given_up() {
    let mut events = Vec::new();
    for n in 0..4 {
        let (pid, at) = (format!("<0.{}.0>", 20 + n), 1 + n * 10 * MS);
        events.extend([spawn("<0.1.0>", &pid, at, "Feed"), exit(&pid, at + MS, "{:boom, []}")]);
    }
    events.push(exit("<0.1.0>", 3_600_000 * MS, ":shutdown"));
    let text = told(&events, "find_anomalies", json!({}));
    assert!(text.contains("restart_storm") && text.contains("the parent ended "), "{text}");
    assert!(!text.contains("gave up") && !text.contains("other child"), "{text}");
}

/// Calls that are answered too late by callbacks whose values were left out; before them one that tells all, or not.
fn late_calls(is_one_whole: bool) -> Vec<Value> {
    let mut events = Vec::new();
    for n in i64::from(!is_one_whole)..3 {
        let (is_whole, at) = (n == 0, 1 + n * 1_000 * MS);
        let client = format!("<0.{}.0>", 100 + n);
        let reference = format!("#Reference<0.1.2.{n}>");
        let request = format!("{{:\"$gen_call\", {{#PID{client}, [:alias | {reference}]}}, :get}}");
        let reply = format!("{{[:alias | {reference}], 1}}");
        let mut with = |mut event: Value, more: &[(&str, Value)]| {
            for (name, value) in more {
                event[*name] = value.clone();
            }
            events.push(event);
        };
        let of = |call: &str| ("call_id", json!(format!("{call}{n}")));
        let exchange = ("correlation_id", json!(reference));
        let (get, handle) = (("Client", "get", 0), ("Server", "handle_call", 3));
        with(call(&client, "function_entry", at, get, json!({"args": []})), &[of("c")]);
        let data = json!({"message": request, "send_type": "call", "receiver_pid": PID});
        let send = ("id", json!(format!("s{n}")));
        with(act(&client, "message_send", at + 1, data), &[exchange.clone(), send.clone()]);
        let (took, args) = if is_whole { (3, json!({"args": [":get", "from", "1"]})) } else { (120 * MS, json!({})) };
        let joined = [of("h"), exchange.clone(), ("parent_id", send.1)];
        with(call(PID, "function_entry", at + 2, handle, args), if is_whole { &joined } else { &joined[..1] });
        if !is_whole {
            let reason = "{:timeout, {GenServer, :call, [Server, :get, 100]}}";
            let failed = json!({"exit_reason": "exit", "reason": reason});
            with(call(&client, "function_exit", at + 100 * MS, get, failed), &[of("c")]);
            with(act(&client, "process_spawn", at + 101 * MS, json!({})), &[]);
        }
        with(call(PID, "function_exit", at + took, handle, json!({"exit_reason": "normal"})), &[of("h")]);
        let data = json!({"message": reply, "send_type": "reply", "receiver_pid": client});
        with(act(PID, "message_send", at + took + 1, data), &[exchange]);
    }
    events
}

#[test]
fn a_call_that_was_answered_late_is_not_said_to_have_never_been_handled() {
    for is_one_whole in [false, true] {
        let text = told(&late_calls(is_one_whole), "find_anomalies", json!({"kinds": ["call_timeout"]}));
        assert!(text.contains("2 calls to") && text.contains("too late"), "{text}");
        assert!(text.contains("when the callee handled it, if it did, is not recorded"), "{text}");
        assert!(!text.contains("never handled") && !text.contains("not traced"), "{text}");
    }
}

#[test]
fn a_life_without_a_recorded_end_is_not_said_to_run() {
    let register = |pid: &str, at| act(pid, "process_register", at, json!({"registered_name": "Desk"}));
    let events = [register("<0.2.0>", 10), register("<0.3.0>", 20), exit("<0.3.0>", 30, ":shutdown")];
    let lives = section(&events, "Desk", "lives");
    assert_eq!(lives.len(), 2, "{lives:?}");
    assert!(lives[0].contains("no end recorded") && lives[1].contains(":shutdown"), "{lives:?}");
    assert!(!lives.iter().any(|life| life.contains("running") || life.contains("before the recording")), "{lives:?}");
}

#[test]
fn a_last_state_is_told_only_where_a_change_set_it() {
    let at_end = |event: Value| {
        let events = [event, exit(PID, 90, ":shutdown"), spawn("<0.1.0>", "<0.9.0>", 95, "W")];
        told(&events, "state_at", json!({"pid": PID}))
    };
    let change = json!({"old_state": "1", "new_state": "2", "callback": "W.handle_cast/2"});
    let set = at_end(act(PID, "state_change", 10, change));
    assert!(set.contains("had ended by then") && set.contains("this is its last state"), "{set}");
    let entry = call(PID, "function_entry", 10, ("W", "handle_call", 3), json!({"args": [":get", "from", "2"]}));
    let called_with = at_end(entry);
    assert!(called_with.contains("had ended by then") && !called_with.contains("last state"), "{called_with}");
}

/// Every way in which the end of a process is told.
fn told_of_its_end(data: Value) -> Vec<String> {
    let end = act(PID, "process_exit", 90, data);
    let change = json!({"old_state": "1", "new_state": "2", "callback": "W.handle_cast/2"});
    let down = "{:DOWN, #Reference<0.1.2.3>, :process, #PID<0.2.0>, :gone}";
    let failed = ("W", "handle_info", 2);
    let joined = |mut event: Value| {
        event["call_id"] = json!("h");
        event
    };
    let events = [
        spawn("<0.1.0>", PID, 1, "W"),
        act(PID, "process_register", 2, json!({"registered_name": "Desk"})),
        act(PID, "state_change", 10, change),
        end.clone(),
        spawn("<0.1.0>", "<0.3.0>", 95, "W"),
        act("<0.3.0>", "process_register", 96, json!({"registered_name": "Desk"})),
        joined(call("<0.4.0>", "function_entry", 97, failed, json!({"args": [down, "1"]}))),
        joined(call("<0.4.0>", "function_exit", 98, failed, json!({"exit_reason": "error", "reason": ":boom"}))),
        exit("<0.4.0>", 99, "{:boom, []}"),
    ];
    vec![
        section(&events, "Desk", "lives").join("\n"),
        told(&events, "explain", json!({"target": "<0.4.0>"})),
        told(&events, "explain", json!({"target": PID})),
        told(&events, "explain", json!({"target": end["id"]})),
        told(&events, "state_at", json!({"pid": PID})),
        told(&events, "state_history", json!({"pid": PID})),
    ]
}

#[test]
fn a_reason_is_told_under_either_name_and_where_none_was_recorded_in_one_way() {
    for name in ["exit_reason", "reason"] {
        for (at, told) in told_of_its_end(json!({"exited_pid": PID, name: "{:shutdown, :closing}"})).iter().enumerate()
        {
            assert!(told.contains("{:shutdown, :closing}"), "{name} {at}: {told}");
            assert!(!told.contains("no reason recorded"), "{name}: {told}");
        }
    }
    for told in told_of_its_end(json!({"exited_pid": PID})) {
        assert!(told.contains("(no reason recorded)"), "{told}");
        assert!(!told.contains("reason was not recorded") && !told.contains(": ?"), "{told}");
    }
}

#[test]
fn one_is_told_in_the_singular_and_a_figure_that_is_not_there_not_at_all() {
    let mut sent =
        act(PID, "message_send", 1, json!({"message": ":hi", "send_type": "info", "receiver_pid": "<0.3.0>"}));
    sent["id"] = json!("sent");
    let mut back = call(PID, "function_exit", 9, ("W", "run", 0), json!({"exit_reason": "normal"}));
    back["duration_ns"] = json!(5);
    let flow = told(&[sent.clone()], "message_flow", json!({}));
    assert!(flow.contains("1 message of 1 traced"), "{flow}");
    let profile = told(&[back], "profile", json!({}));
    assert!(profile.contains("1 call of 1 function took"), "{profile}");
    let rate = told(&[sent.clone()], "aggregate", json!({"metrics": ["rate"]}));
    assert!(rate.contains("with 1 event") && !rate.contains("1 events"), "{rate}");
    let figure = told(&[sent], "aggregate", json!({"metrics": ["p95"]}));
    assert!(!figure.contains("first by"), "{figure}");
}
