//! Programs with the mechanisms of public reports, and small ones that answers were wrong about: what is said is so.
//!
//! The programs are in tests/beam/reports; their recordings were made by tests/beam/record.exs.

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

fn report(name: &str) -> Recorded {
    Recorded::data(&format!("reports/{name}"))
}

/// Kinds of findings, in the order told.
fn found(recorded: &mut Recorded) -> Vec<String> {
    let answer = recorded.ask("find_anomalies", &json!({}));
    let sections = answer.structured["sections"].as_array().cloned().unwrap_or_default();
    sections.iter().map(|section| section["name"].as_str().unwrap().to_owned()).collect()
}

/// The sentence an answer begins with.
fn head(answer: &answers::Answer) -> &str {
    answer.text.lines().next().unwrap()
}

/// Whether a part is told at all.
fn has_section(answer: &answers::Answer, name: &str) -> bool {
    answer.structured["sections"].as_array().unwrap().iter().any(|section| section["name"] == name)
}

#[test]
fn replies_taken_inside_a_callback_do_not_wait_in_the_mailbox() {
    let mut recorded = report("false_mailbox");
    let mailbox = recorded.ask("mailbox", &json!({"pid": "Shop"}));
    assert_eq!(mailbox.structured["facts"]["still_waiting"], 0);
    assert!(head(&mailbox).ends_with("it held at most 1"), "{}", mailbox.text);
    assert!(!has_section(&recorded.explain("Shop"), "trouble"));
    let overview = recorded.ask("overview", &json!({}));
    assert!(!overview.text.contains("why its mailbox is long"), "{}", overview.text);
    assert_eq!(found(&mut recorded), [""; 0]);
}

#[test]
fn a_caller_that_was_stopped_while_it_waited_neither_gave_up_nor_crashed() {
    for (name, caller, callee, asked, ended_by) in [
        ("client_shutdown", "<0.111.0>", "Store <0.109.0>", "{:load, 1}", "most likely its starter <0.110.0>"),
        ("killed_caller", "<0.110.0>", "Slow <0.109.0>", ":work", "who ended it is not recorded"),
    ] {
        let mut recorded = report(name);
        let story = recorded.explain(caller);
        assert!(head(&story).contains("ended with :shutdown"), "{}", story.text);
        assert!(head(&story).contains(&format!("for {callee} to answer {asked}.")), "{}", story.text);
        assert!(story.section("ended by").starts_with(ended_by), "{}", story.text);
        assert!(!story.text.contains("gave up") && !story.text.contains("crashed"), "{}", story.text);
        // The answer that came after its end is nobody's loss.
        assert!(!has_section(&story, "trouble"), "{}", story.text);
        assert_eq!(found(&mut recorded), [""; 0]);
        let overview = recorded.ask("overview", &json!({}));
        assert!(!overview.text.contains("crash,") && !overview.text.contains("timeout"), "{}", overview.text);
    }
}

#[test]
fn a_process_that_waits_when_the_recording_ends_is_said_to() {
    let mut recorded = report("stuck");
    let story = recorded.explain("client");
    assert!(head(&story).contains("waiting for Mute <0.109.0> to answer :ask, for 2.5s to the end"), "{}", story.text);
    let waits = story.section("waits for");
    assert!(waits.contains("Mute.ask()") && waits.contains("no reply was sent: the callback returned"), "{waits}");
    let overview = recorded.ask("overview", &json!({}));
    assert!(head(&overview).ends_with("1 call not answered to the end"), "{}", overview.text);
    let trouble = overview.rows("trouble");
    assert_eq!((trouble.len(), &trouble[0]["pid"]), (1, &json!("<0.110.0>")));
    assert_eq!(found(&mut recorded), ["never_answered"]);
    // One that works does not wait.
    assert!(!has_section(&recorded.explain("Mute"), "waits for"));
}

#[test]
fn a_call_that_was_answered_is_not_what_a_caller_waited_for() {
    let story = report("noproc").explain("last_crash");
    assert!(head(&story).ends_with("Desk was not there."), "{}", story.text);
    assert!(!has_section(&story, "waited for"), "{}", story.text);
    let callee = story.section("the process called");
    assert!(callee.starts_with("Desk <0.109.0> had ended at") && callee.contains(": :normal"), "{callee}");
}

#[test]
fn a_message_without_a_clause_is_the_cause_and_not_the_state() {
    let mut recorded = report("task_pileup");
    let story = recorded.explain("last_crash");
    assert!(head(&story).contains("because no clause of Api.handle_info/2 took {:DOWN, "), "{}", story.text);
    assert!(!head(&story).contains("the state was"), "{}", story.text);
    let message = story.section("message");
    assert!(message.contains("a monitor told that <0.110.0> (Task) had ended"), "{message}");
    // What a callback takes is not what came to it otherwise.
    let answer = recorded.ask("find_anomalies", &json!({}));
    assert!(!answer.text.contains("code_server"), "{}", answer.text);

    let story = report("no_clause").explain("last_crash");
    assert!(
        head(&story)
            .ends_with("because no clause of Shelf.handle_info/2 took {:take, 3}; it had taken none like it before."),
        "{}",
        story.text
    );
}

#[test]
fn who_sent_the_result_of_a_task_is_found_by_its_reference() {
    let story = report("24_no_clause_buggy").explain("last_crash");
    assert!(head(&story).contains("no clause of Gossip.handle_info/2 took {#Reference<"), "{}", story.text);
    let message = story.section("message");
    assert!(message.contains("from <0.118.0> (Task)"), "{message}");
    assert!(message.contains("it is the result of a task that this process had started at -31ms"), "{message}");
}

#[test]
fn the_message_in_work_does_not_wait() {
    let story = report("busy_before").explain("last_crash");
    let callee = story.section("the process called");
    assert!(callee.contains("was in Mill.handle_call/3 with {:grind, 400}"), "{callee}");
    assert!(!callee.contains("waited before"), "{callee}");
}

#[test]
fn an_exception_is_told_where_it_was_raised_however_many_calls_it_went_through() {
    let mut recorded = report("self_stop");
    let story = recorded.explain("last_crash");
    assert!(story.section("crash").starts_with("Loop.run(0) raised "), "{}", story.text);
    let overview = recorded.ask("overview", &json!({}));
    assert!(head(&overview).ends_with("1 crash, 1 exception"), "{}", overview.text);
}

#[test]
fn starting_a_process_is_waiting_for_it() {
    for (name, starter, started, site) in [
        ("start_deadlock", "Boss <0.112.0>", "<0.114.0> (Kid)", "start_deadlock.exs:20"),
        ("15_nested_start_buggy", "Desk <0.115.0>", "<0.118.0> (Talk)", "15_nested_start_buggy.exs:22"),
    ] {
        let mut recorded = report(name);
        assert_eq!(found(&mut recorded)[0], "deadlock");
        let answer = recorded.ask("find_anomalies", &json!({"kinds": ["deadlock"]}));
        let deadlock = answer.section("deadlock");
        assert!(
            deadlock.starts_with(&format!("{starter} -> {started} -> {starter} wait for each other")),
            "{deadlock}"
        );
        assert!(deadlock.contains(site), "{deadlock}");
        let (name, _) = starter.split_once(' ').unwrap();
        let story = recorded.explain(name);
        let circle = format!("{starter} and {started} wait for each other: a deadlock");
        assert!(head(&story).contains(&circle), "{}", story.text);
    }
    // Who asked one of them is told of the circle.
    let story = report("start_deadlock").explain("last_crash");
    assert!(head(&story).contains("Boss <0.112.0> and <0.114.0> (Kid) wait for each other"), "{}", story.text);
    assert_eq!(found(&mut report("15_nested_start_fixed")), [""; 0]);
}

#[test]
fn nothing_an_answer_names_is_missing() {
    for name in ["stuck", "task_pileup", "start_deadlock"] {
        let mut recorded = report(name);
        let answer = recorded.ask("find_anomalies", &json!({}));
        let ids: Vec<String> = answer.event_ids();
        assert!(!ids.is_empty());
        for id in ids {
            let event: Value = recorded.ask("get_event_by_id", &json!({ "event_id": id })).structured;
            assert_eq!(event["event_id"], json!(id));
        }
    }
}

#[test]
fn a_wait_is_told_only_where_it_is_known() {
    let event = |id: &str, ms: i64, pid: &str, kind: &str, more: Value| {
        let mut event = json!({"id": id, "ts": ms * 1_000_000, "type": kind, "pid": pid, "session_id": "s"});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let exchange = "#Reference<0.1.2.3>";
    let call = json!({"receiver_pid": "<0.3.0>", "send_type": "call", "correlation_id": exchange,
        "message": format!("{{:\"$gen_call\", {{#PID<0.2.0>, {exchange}}}, :work}}")});
    let run = json!({"module": "Shop", "function": "run", "arity": 0, "call_id": "in"});
    let base = || {
        vec![
            event("in", 1, "<0.2.0>", "function_entry", run.clone()),
            event("ask", 2, "<0.2.0>", "message_send", call.clone()),
            event("got", 3, "<0.3.0>", "message_receive", json!({"message": ":tick", "receive_type": "info"})),
            // Another waited for the one that waits.
            event(
                "other",
                4,
                "<0.5.0>",
                "message_send",
                json!({"receiver_pid": "<0.2.0>", "send_type": "call",
                "correlation_id": "#Reference<0.1.2.4>",
                "message": "{:\"$gen_call\", {#PID<0.5.0>, #Reference<0.1.2.4>}, :ready}"}),
            ),
            event(
                "dies",
                2_900,
                "<0.5.0>",
                "process_exit",
                json!({
                "exit_reason": "{:timeout, {GenServer, :call, [#PID<0.2.0>, :ready, 2896]}}"}),
            ),
            event("late", 3_000, "<0.4.0>", "function_entry", json!({"module": "M", "function": "f", "arity": 0})),
        ]
    };
    let returned = json!({"module": "Shop", "function": "run", "arity": 0, "call_id": "in", "exit_reason": "normal"});
    let reply = json!({"receiver_pid": "<0.2.0>", "send_type": "reply", "correlation_id": exchange,
        "message": format!("{{{exchange}, :ok}}")});
    let with = |more: Value| [base(), vec![more]].concat();
    let table = [
        ("nothing came", base(), true),
        (
            "a capture that ends with the recording",
            with(event("end", 3_000, "<0.0.0>", "capture_end", json!({}))),
            true,
        ),
        ("receives are not traced", base().into_iter().filter(|event| event["id"] != "got").collect(), false),
        ("something was lost", with(event("gap", 500, "<0.0.0>", "gap", json!({"dropped": 7}))), false),
        ("a capture ended meanwhile", with(event("end", 500, "<0.0.0>", "capture_end", json!({}))), false),
        ("it came back", with(event("out", 500, "<0.2.0>", "function_exit", returned)), false),
        ("it was answered", with(event("re", 500, "<0.3.0>", "message_send", reply)), false),
    ];
    for (name, events, waits) in table {
        let mut recorded = Recorded(pipe::Server::script());
        recorded.0.call("store_events", &json!({ "events": events }));
        let story = recorded.explain("<0.2.0>");
        assert_eq!(has_section(&story, "waits for"), waits, "{name}: {}", story.text);
        let overview = recorded.ask("overview", &json!({}));
        assert_eq!(head(&overview).contains("1 call not answered to the end"), waits, "{name}: {}", overview.text);
        let story = recorded.explain("<0.5.0>");
        assert_eq!(story.text.contains("it was itself waiting for"), waits, "{name}: {}", story.text);
    }
}

#[test]
fn a_reply_that_comes_late_is_told_by_what_it_answers() {
    let server = |id: &str, ms: i64, kind: &str, more: Value| {
        let mut event = json!({"id": id, "ts": ms * 1_000_000, "type": kind, "pid": "<0.2.0>"});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let exchange = "#Reference<0.1.2.3>";
    let message = format!("{{{exchange}, :ok}}");
    let info = json!({"module": "Shop", "function": "handle_info", "arity": 2, "call_id": "in"});
    let mut called = info.clone();
    called["args"] = json!([message, "%{}"]);
    let mut failed = info;
    failed
        .as_object_mut()
        .unwrap()
        .extend(json!({"exit_reason": "error", "reason": ":function_clause"}).as_object().unwrap().clone());
    // A child that is no task: what it sends is no result of one.
    let events = json!([
        server("start", 1, "process_spawn", json!({"spawned_pid": "<0.3.0>", "spawn_module": "Child",
            "spawn_function": "run", "spawn_args": "[]"})),
        server("ask", 2, "message_send", json!({"receiver_pid": "<0.3.0>", "send_type": "call", "correlation_id": exchange,
            "message": format!("{{:\"$gen_call\", {{#PID<0.2.0>, {exchange}}}, :work}}")})),
        {"id": "re", "ts": 400_000_000, "type": "message_send", "pid": "<0.3.0>", "receiver_pid": "<0.2.0>",
            "send_type": "reply", "correlation_id": exchange, "message": message},
        server("in", 401, "function_entry", called),
        server("out", 402, "function_exit", failed),
        server("end", 403, "process_exit", json!({"exit_reason": "{:function_clause, []}", "error": ":function_clause"})),
    ]);
    let mut recorded = Recorded(pipe::Server::script());
    recorded.0.call("store_events", &json!({ "events": events }));
    let message = recorded.explain("last_crash").section("message");
    assert!(message.contains("reply (re) from <0.3.0>"), "{message}");
    assert!(message.contains("it answers a call of this process at -400ms (ask)"), "{message}");
    assert!(!message.contains("task"), "{message}");
}
