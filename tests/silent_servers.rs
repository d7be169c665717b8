//! Laws that hold of timeouts, replies and restarts do not fire on programs that keep them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

use elixir_scope_storage::{EventStore, Settings, mcp};
use serde_json::{Value, json};

const MS: i64 = 1_000_000;
const SERVER: &str = "<0.2.0>";
const CLIENT: &str = "<0.3.0>";

/// Values of the findings of a kind.
fn found(events: &[Value], kind: &str) -> Vec<Value> {
    let store = EventStore::open(Settings::UNBOUNDED).unwrap();
    let texts: Vec<String> = events.iter().map(Value::to_string).collect();
    assert_eq!(store.store_json_events(&texts, false).rejected, []);
    let reply = mcp::call(&store, "find_anomalies", &json!({"kinds": [kind]}).to_string()).unwrap();
    let told = reply.structured.clone().unwrap_or_else(|| panic!("{}", reply.text));
    let sections = told["sections"].as_array().cloned().unwrap_or_default();
    sections.into_iter().map(|section| section["values"].clone()).collect()
}

fn event(event_type: &str, at: i64, pid: &str, data: Value) -> Value {
    json!({"id": format!("{event_type}-{pid}-{at}"), "ts": at, "type": event_type, "session_id": "s", "pid": pid,
        "data": data})
}

fn mark(event_type: &str, at: i64) -> Value {
    json!({"id": format!("{event_type}-{at}"), "ts": at, "type": event_type, "session_id": "s", "data": {}})
}

fn of(mut event: Value, function: &str, arity: u8, call: &str) -> Value {
    for (key, value) in
        [("module", json!("Log")), ("function", json!(function)), ("arity", json!(arity)), ("call_id", json!(call))]
    {
        event[key] = value;
    }
    event
}

/// Behaviour and callback module of a process.
type Runs = (&'static str, &'static str);

const LOG: Runs = (":gen_server", "Log");

/// A process of a behaviour.
fn spawned(pid: &str, (behaviour, module): Runs, at: i64) -> Value {
    let args = format!("[{behaviour}, #PID<0.1.0>, #PID<0.1.0>, {module}, [], []]");
    event(
        "process_spawn",
        at,
        pid,
        json!({"spawn_module": ":proc_lib", "spawn_function": "init_p",
        "spawn_args": format!("[#PID<0.1.0>, [], :gen, :init_it, {args}]"), "child_pid": pid}),
    )
}

/// What a server does with a message.
struct Turn<'a> {
    at: i64,
    pid: &'a str,
    callback: &'a str,
    message: &'a str,
    /// `None`: of a timer.
    from: Option<&'a str>,
    returned: String,
    old: &'a str,
    new: String,
    diff: Value,
}

/// Its events; a message of nobody but the runtime is a receive alone.
fn turn(turn: &Turn<'_>) -> Vec<Value> {
    let Turn { at, pid, callback, message, .. } = *turn;
    let call = format!("call-{pid}-{at}");
    let kind = if callback == "handle_cast" { "cast" } else { "info" };
    let mut events = Vec::new();
    let mut receive = event("message_receive", at + 1000, pid, json!({"message": message, "receive_type": kind}));
    if let Some(from) = turn.from {
        let sent = event("message_send", at, from, json!({"message": message, "send_type": kind, "receiver_pid": pid}));
        receive["data"]["message_id"] = sent["id"].clone();
        receive["parent_id"] = sent["id"].clone();
        events.push(sent);
    }
    let mut entry = of(
        event(
            "function_entry",
            at + 2000,
            pid,
            json!({"args": [message, turn.old], "caller": ":gen_server.try_dispatch/4"}),
        ),
        callback,
        2,
        &call,
    );
    if let Some(sent) = events.first() {
        entry["parent_id"] = sent["id"].clone();
    }
    let mut change = event(
        "state_change",
        at + 3000,
        pid,
        json!({"old_state": turn.old, "new_state": turn.new,
        "callback": format!("Log.{callback}/2"), "state_diff": turn.diff}),
    );
    change["call_id"] = json!(call);
    let exit = of(
        event("function_exit", at + 2500, pid, json!({"result": turn.returned, "exit_reason": "normal"})),
        callback,
        2,
        &call,
    );
    events.extend([receive, entry, exit, change]);
    events
}

fn list(length: usize) -> String {
    format!("[{}]", vec!["1"; length].join(", "))
}

/// A state with a reference kept under a name, and how it differs from the one before.
fn keeps(name: &str, n: usize) -> (String, Value) {
    let reference = |n: usize| format!("#Reference<0.1.2.{n}>");
    let state = format!("%{{{name}: {}, history: {}}}", reference(n), list(n + 1));
    (state, json!([{"path": name, "old": reference(n + 100), "new": reference(n)}]))
}

/// A server that keeps a new reference at each of 40 messages, 20 ms apart, and collects.
fn keeping(name: &str, callback: &str, message: &str, from: Option<&str>) -> Vec<Value> {
    let mut events = vec![spawned(SERVER, LOG, 1)];
    for n in 0..40 {
        let (new, diff) = keeps(name, n);
        let at = (n as i64 + 1) * 20 * MS;
        let returned = format!("{{:noreply, {new}}}");
        events.extend(turn(&Turn { at, pid: SERVER, callback, message, from, returned, old: "%{}", new, diff }));
    }
    events
}

#[test]
fn a_tick_that_keeps_its_timer_comes() {
    assert_eq!(found(&keeping("timer", "handle_info", ":tick", None), "starved_timeout"), [Value::Null; 0]);
    // The debounced flush does not.
    assert_eq!(found(&keeping("timer", "handle_cast", ":log", Some(CLIENT)), "starved_timeout").len(), 1);
}

#[test]
fn a_reference_of_no_timer_is_no_timeout() {
    let mut events = keeping("task_ref", "handle_cast", ":log", Some(CLIENT));
    assert_eq!(found(&events, "starved_timeout"), [Value::Null; 0]);
    // A call that set one returned it.
    let at = 40 * 20 * MS + 2100;
    let mut setter = of(
        event("function_entry", at, SERVER, json!({"args": ["#PID<0.2.0>", ":flush", "50"]})),
        "send_after",
        3,
        "set",
    );
    let mut done = of(
        event("function_exit", at + 100, SERVER, json!({"result": "#Reference<0.1.2.39>", "exit_reason": "normal"})),
        "send_after",
        3,
        "set",
    );
    for event in [&mut setter, &mut done] {
        event["module"] = json!("Process");
    }
    events.extend([setter, done]);
    assert_eq!(found(&events, "starved_timeout").len(), 1);
}

/// Casts, each of which returns a timeout of 20 ms, at these times; the list in the state grows.
fn asking(runs: Runs, returned: fn(&str) -> String, times: &[i64]) -> Vec<Value> {
    let mut events = vec![spawned(SERVER, runs, 1)];
    for (n, at) in times.iter().enumerate() {
        let new = list(n + 1);
        let old = list(n);
        let returned = returned(&new);
        let diff = json!([]);
        events.extend(turn(&Turn {
            at: *at,
            pid: SERVER,
            callback: "handle_cast",
            message: ":log",
            from: Some(CLIENT),
            returned,
            old: &old,
            new,
            diff,
        }));
    }
    events
}

fn noreply(state: &str) -> String {
    format!("{{:noreply, {state}, 20}}")
}

/// The timeout itself, which takes away what was collected.
fn timeout(at: i64, pid: &str) -> Vec<Value> {
    let old = list(3);
    turn(&Turn {
        at,
        pid,
        callback: "handle_info",
        message: ":timeout",
        from: None,
        returned: "{:noreply, []}".to_owned(),
        old: &old,
        new: "[]".to_owned(),
        diff: json!([]),
    })
}

/// Forty, 5 ms apart.
fn steady() -> Vec<i64> {
    (1..=40).map(|n| n * 5 * MS).collect()
}

#[test]
fn a_timeout_that_comes_in_each_pause_is_not_starved() {
    let bursts: Vec<i64> = (1..=10).flat_map(|burst| [0, 1, 2].map(|n| (burst * 50 + n) * MS)).collect();
    let mut events = asking(LOG, noreply, &bursts);
    // Its callback was not recorded: it came all the same.
    assert_eq!(found(&events, "starved_timeout"), [Value::Null; 0]);
    events.extend((1..=10).flat_map(|burst| timeout((burst * 50 + 25) * MS, SERVER)));
    assert_eq!(found(&events, "starved_timeout"), [Value::Null; 0]);
    // After a long burst, too.
    let mut events = asking(LOG, noreply, &steady());
    events.extend(timeout(230 * MS, SERVER));
    assert_eq!(found(&events, "starved_timeout"), [Value::Null; 0]);
}

#[test]
fn what_grows_beside_a_timeout_may_be_no_work_of_it() {
    let mut events = asking(LOG, noreply, &steady());
    let told = found(&events, "starved_timeout");
    assert_eq!((told.len(), &told[0]["confidence"]), (1, &json!("low")), "{told:?}");
    // In another process of the module it takes that away.
    events.push(spawned("<0.9.0>", LOG, 2));
    events.extend(timeout(30 * MS, "<0.9.0>"));
    assert_eq!(found(&events, "starved_timeout")[0]["confidence"], "medium");
}

#[test]
fn the_integer_state_of_another_behaviour_is_no_timeout() {
    let stage = |state: &str| format!("{{:noreply, {state}, 20}}");
    let mut events = asking((":gen_server", "GenStage"), stage, &steady());
    assert_eq!(found(&events, "starved_timeout"), [Value::Null; 0]);
    events.remove(0);
    for event in &mut events {
        if event["data"].get("caller").is_some() {
            event["data"]["caller"] = json!("GenStage.noreply_callback/3");
        }
    }
    assert_eq!(found(&events, "starved_timeout"), [Value::Null; 0]);
    let data = |_: &str| "{:keep_state, 20}".to_owned();
    assert_eq!(found(&asking((":gen_statem", "Log"), data, &steady()), "starved_timeout"), [Value::Null; 0]);
}

#[test]
fn a_timeout_may_have_come_where_the_recording_has_a_seam() {
    let mut events = asking(LOG, noreply, &steady());
    assert_eq!(found(&events, "starved_timeout").len(), 1);
    for n in [10, 20, 30] {
        events.push(mark("capture_start", (n * 5 + 1) * MS));
    }
    assert_eq!(found(&events, "starved_timeout"), [Value::Null; 0]);
}

/// A call, and two replies: the callback's and one sent in it; what the callback returned, and the shape of replies.
fn answered(returned: &str, reply: fn(&str) -> String, node_of_second: Option<&str>) -> Vec<Value> {
    let reference = "#Reference<0.5.6.7>";
    let request = format!("{{:\"$gen_call\", {{#PID<0.3.0>, {reference}}}, :price}}");
    let ask = event(
        "message_send",
        10 * MS,
        CLIENT,
        json!({"message": request, "send_type": "call", "receiver_pid": SERVER}),
    );
    let mut entry = of(
        event(
            "function_entry",
            11 * MS,
            SERVER,
            json!({"args": [":price", format!("{{#PID<0.3.0>, {reference}}}"), "[]"]}),
        ),
        "handle_call",
        3,
        "call",
    );
    entry["parent_id"] = ask["id"].clone();
    let exit = of(
        event("function_exit", 13 * MS, SERVER, json!({"result": returned, "exit_reason": "normal"})),
        "handle_call",
        3,
        "call",
    );
    let sent = |at: i64, pid: &str, answer: &str| {
        event("message_send", at, pid, json!({"message": reply(answer), "send_type": "reply", "receiver_pid": CLIENT}))
    };
    let mut second = sent(14 * MS, if node_of_second.is_some() { "<0.8.0>" } else { SERVER }, ":two");
    let mut events = vec![ask, entry, sent(12 * MS, SERVER, ":one"), exit];
    if let Some(node) = node_of_second {
        for event in &mut events {
            event["node"] = json!("a@host");
        }
        second["node"] = json!(node);
        second["data"]["receiver_pid"] = json!("<a@host.3.0>");
    }
    events.push(second);
    events
}

fn gen_reply(answer: &str) -> String {
    format!("{{#Reference<0.5.6.7>, {answer}}}")
}

#[test]
fn a_second_reply_is_said_to_be_returned_only_where_it_was() {
    let told = found(&answered("{:reply, :two, []}", gen_reply, None), "second_reply");
    assert_eq!((told.len(), &told[0]["confidence"]), (1, &json!("high")));
    assert_eq!(told[0]["figures"]["second"]["sent"], Value::Null);
    let told = found(&answered("{:noreply, []}", gen_reply, None), "second_reply");
    assert_ne!(told[0]["figures"]["second"]["sent"], Value::Null, "{told:?}");
    // Two parts of an answer.
    let own = |answer: &str| format!("{{#Reference<0.5.6.7>, :part, {answer}}}");
    assert_eq!(found(&answered("{:noreply, []}", own, None), "second_reply")[0]["confidence"], "medium");
}

#[test]
fn replies_of_two_nodes_have_no_time_between_them() {
    let one = found(&answered("{:noreply, []}", gen_reply, None), "second_reply");
    assert_eq!(one[0]["figures"]["after_ns"], 2 * MS);
    for told in found(&answered("{:noreply, []}", gen_reply, Some("b@host")), "second_reply") {
        assert_eq!(told["figures"].get("after_ns"), None, "{told}");
    }
}

#[test]
fn a_hand_made_supervisor_that_traps_exits_makes_a_storm() {
    let parent = SERVER;
    let mut events = vec![spawned(parent, LOG, 1)];
    for n in 0..4_i64 {
        let (pid, at) = (format!("<0.{}.0>", 50 + n), (n + 1) * 100 * MS);
        events.push(event(
            "process_spawn",
            at,
            parent,
            json!({"child_pid": pid, "parent_pid": parent,
            "callback_module": "Worker", "spawn_module": "Worker", "spawn_function": "run", "spawn_args": "[]"}),
        ));
        let reason = "{:boom, [{Worker, :run, 0, []}]}";
        events.push(event("process_exit", at + 10 * MS, &pid, json!({"exited_pid": pid, "exit_reason": reason})));
        let told = format!("{{:EXIT, #PID{pid}, {reason}}}");
        events.push(event("message_receive", at + 11 * MS, parent, json!({"message": told, "receive_type": "exit"})));
    }
    // It takes other messages as well.
    events.extend(turn(&Turn {
        at: 20 * MS,
        pid: parent,
        callback: "handle_cast",
        message: ":log",
        from: Some(CLIENT),
        returned: "{:noreply, []}".to_owned(),
        old: "[]",
        new: "[]".to_owned(),
        diff: json!([]),
    }));
    assert_eq!(found(&events, "restart_storm").len(), 1);
    // One that is not told of an end starts its children for other reasons.
    events.retain(|event| event["data"]["receive_type"] != "exit");
    assert_eq!(found(&events, "restart_storm"), [Value::Null; 0]);
}
