//! A message that a timer sent is told as that: set where, by whom, for when.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at the first surprise"
)]

#[path = "support/answers.rs"]
mod answers;
#[path = "support/pipe.rs"]
mod pipe;

use answers::Recorded;
use serde_json::{Value, json};

const MS: i64 = 1_000_000;

/// Calls that set a timer, and 100 ms after the first moment a crash in the callback that takes `message`.
fn crash_of(message: &str, others: &[Value]) -> Recorded {
    let server = "<0.1.0>";
    let mut events = vec![
        json!({"id": "register", "ts": 0, "type": "process_register", "pid": server, "data": {"registered_name": "Captain"}}),
        json!({"id": "send", "ts": 1, "type": "message_send", "pid": "<0.2.0>",
            "data": {"message": ":hello", "send_type": "info", "receiver_pid": server}}),
        json!({"id": "receive", "ts": 2, "type": "message_receive", "pid": server,
            "data": {"message": ":hello", "receive_type": "info", "message_id": "send", "sender_pid": "<0.2.0>"}}),
        json!({"id": "entry", "ts": 100 * MS, "type": "function_entry", "pid": server, "call_id": "entry",
            "module": "Captain", "function": "handle_info", "arity": 2, "data": {"args": [message, "%{timers: %{}}"]}}),
        json!({"id": "exit", "ts": 101 * MS, "type": "function_exit", "pid": server, "call_id": "entry",
            "module": "Captain", "function": "handle_info", "arity": 2, "duration_ns": MS,
            "data": {"exit_reason": "error", "reason": "{:badkey, :beat}"}}),
        json!({"id": "end", "ts": 102 * MS, "type": "process_exit", "pid": server,
            "data": {"exited_pid": server, "exit_reason": "{{:badkey, :beat}, [{Captain, :pop, 2, [file: ~c\"captain.ex\", line: 9]}]}"}}),
    ];
    events.extend_from_slice(others);
    let mut server = pipe::Server::start(&["--script"]);
    let reply = server.call("store_events", &json!({ "events": events }));
    assert_eq!(reply["result"]["structuredContent"]["rejected"], json!([]), "{reply}");
    Recorded(server)
}

/// A call of a process that sets a timer.
fn setter(id: &str, at: i64, pid: &str, (module, function): (&str, &str), args: &[&str]) -> Value {
    json!({"id": id, "ts": at, "type": "function_entry", "pid": pid, "call_id": id, "module": module, "function": function,
        "arity": args.len(), "data": {"args": args, "caller": "Captain.arm/2", "call_site": "captain.ex:33"}})
}

fn told(recorded: &mut Recorded) -> String {
    let message = recorded.explain("last_crash").section("message");
    message.lines().last().unwrap().to_owned()
}

#[test]
fn a_timer_is_told_with_its_place_and_its_time() {
    let own = ("Process", "send_after");
    let beat = "{:timer, :beat}";
    let place = "at Captain.arm/2 (captain.ex:33)";
    for (setters, expected) in [
        (
            vec![setter("set", 60 * MS, "<0.1.0>", own, &["#PID<0.1.0>", beat, "40"])],
            format!("most likely a timer sent it, set by itself for 40ms at -41ms (set), {place}"),
        ),
        // By its name, of another process, by Erlang's own function.
        (
            vec![setter("set", 10 * MS, "<0.2.0>", (":erlang", "send_after"), &["50", "Captain", beat])],
            format!("most likely a timer sent it, set by <0.2.0> for 50ms at -91ms (set), {place}"),
        ),
        // One that is not due yet, one for another, and one with another message are not it.
        (
            vec![
                setter("late", 90 * MS, "<0.1.0>", own, &["#PID<0.1.0>", beat, "40"]),
                setter("other", 70 * MS, "<0.1.0>", own, &["#PID<0.2.0>", beat, "1"]),
                setter("tick", 80 * MS, "<0.1.0>", own, &["#PID<0.1.0>", ":tick", "1"]),
                setter("set", 60 * MS, "<0.1.0>", own, &["#PID<0.1.0>", beat, "40"]),
            ],
            format!("most likely a timer sent it, set by itself for 40ms at -41ms (set), {place}"),
        ),
        // Of several it may be another.
        (
            vec![
                setter("set", 60 * MS, "<0.1.0>", own, &["#PID<0.1.0>", beat, "40"]),
                setter("before", 20 * MS, "<0.1.0>", own, &["#PID<0.1.0>", beat, "40"]),
            ],
            format!(
                "most likely a timer sent it, one of 2 that may have, set by itself for 40ms at -41ms (set), {place}"
            ),
        ),
    ] {
        assert_eq!(told(&mut crash_of(beat, &setters)), expected);
    }
}

#[test]
fn a_timer_that_is_over_sends_nothing() {
    let (own, beat) = (("Process", "send_after"), "{:timer, :beat}");
    let set = setter("set", 10 * MS, "<0.1.0>", own, &["#PID<0.1.0>", beat, "40"]);
    // It was handled before.
    let handled = json!({"id": "handled", "ts": 51 * MS, "type": "function_entry", "pid": "<0.1.0>", "call_id": "handled",
        "module": "Captain", "function": "handle_info", "arity": 2, "data": {"args": [beat, "%{}"]}});
    assert!(told(&mut crash_of(beat, &[set.clone(), handled])).starts_with("no send of it"));
    // It was cancelled.
    let cancelled = [
        set,
        json!({"id": "set-exit", "ts": 11 * MS, "type": "function_exit", "pid": "<0.1.0>", "call_id": "set",
            "module": "Process", "function": "send_after", "arity": 3,
            "data": {"exit_reason": "normal", "result": "#Reference<0.1.2.3>"}}),
        setter("cancel", 20 * MS, "<0.1.0>", ("Process", "cancel_timer"), &["#Reference<0.1.2.3>"]),
    ];
    assert!(told(&mut crash_of(beat, &cancelled)).starts_with("no send of it"));
    // A number in the message is no time.
    let number = setter("set", 90 * MS, "<0.1.0>", own, &["#PID<0.1.0>", "4", "800"]);
    assert!(told(&mut crash_of("4", &[number])).starts_with("no send of it"));
}

#[test]
fn a_timer_that_was_started_is_known_by_its_reference() {
    let start = (":erlang", "start_timer");
    let result = |id: &str, at: i64, reference: &str| {
        json!({"id": format!("{id}-exit"), "ts": at, "type": "function_exit", "pid": "<0.1.0>", "call_id": id,
            "module": ":erlang", "function": "start_timer", "arity": 3, "data": {"exit_reason": "normal", "result": reference}})
    };
    let message = "{:timeout, #Reference<0.1.2.3>, :beat}";
    let mut recorded = crash_of(
        message,
        &[
            setter("set", 20 * MS, "<0.1.0>", start, &["40", "#PID<0.1.0>", ":beat"]),
            result("set", 21 * MS, "#Reference<0.1.2.3>"),
            setter("after", 30 * MS, "<0.1.0>", start, &["40", "#PID<0.1.0>", ":beat"]),
            result("after", 31 * MS, "#Reference<0.1.2.4>"),
        ],
    );
    let expected = "a timer sent it, set by itself for 40ms at -81ms (set), at Captain.arm/2 (captain.ex:33)";
    assert_eq!(told(&mut recorded), expected);
    assert_eq!(told(&mut crash_of(message, &[])), "the runtime sent it: a timer that start_timer had set");
}

#[test]
fn what_no_send_of_was_recorded_may_be_of_a_timer() {
    let line = told(&mut crash_of("{:timer, :beat}", &[]));
    assert!(line.starts_with("no send of it was recorded: a timer sent it, or a process that is not traced"), "{line}");
    // One that is not joined to it may be it, whatever timers there are.
    let send = json!({"id": "sent", "ts": 90 * MS, "type": "message_send", "pid": "<0.2.0>",
        "data": {"message": "{:timer, :beat}", "send_type": "info", "receiver_pid": "<0.1.0>"}});
    let timer = setter("set", 60 * MS, "<0.1.0>", ("Process", "send_after"), &["#PID<0.1.0>", "{:timer, :beat}", "40"]);
    assert_eq!(told(&mut crash_of("{:timer, :beat}", &[send, timer])), "who sent it was not recorded");
    // What was dropped may have been its send.
    let gap = json!({"id": "gap", "ts": 2, "type": "gap", "data": {"dropped": 3}});
    assert_eq!(told(&mut crash_of("{:timer, :beat}", &[gap])), "who sent it was not recorded");
}
