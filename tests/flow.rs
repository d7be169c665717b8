//! Calls and messages are followed across processes, on recordings of real programs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at the first surprise"
)]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

#[path = "support/client.rs"]
mod client;
#[path = "support/recorded.rs"]
mod recorded;

use client::Client;
use recorded::{ask, events, recorded, serve, text};
use serde_json::{Map, Value, json};

/// The rows of a section, each by its columns, with those that are the same in all.
fn rows(answer: &Value, section: &str) -> Vec<Map<String, Value>> {
    let sections = answer["structuredContent"]["sections"].as_array().unwrap();
    let section = sections.iter().find(|one| one["name"] == section).unwrap_or_else(|| panic!("{answer}"));
    let columns = section["columns"].as_array().unwrap();
    let rows = section["rows"].as_array().unwrap().iter().map(|row| {
        let mut cells: Map<String, Value> = section["constants"].as_object().cloned().unwrap_or_default();
        for (name, cell) in columns.iter().zip(row.as_array().unwrap()) {
            cells.insert(name.as_str().unwrap().to_owned(), cell.clone());
        }
        cells
    });
    rows.collect()
}

fn tree(client: &mut Client, arguments: Value) -> Vec<Map<String, Value>> {
    rows(&ask(client, "call_tree", arguments), "calls")
}

fn int(row: &Map<String, Value>, column: &str) -> i64 {
    row.get(column).and_then(Value::as_i64).unwrap_or_default()
}

/// The event of the entry of a function.
fn entry(events: &[Value], module: &str, function: &str) -> String {
    let is_it = |event: &&Value| {
        event["event_type"] == "function_entry" && event["module"] == module && event["function"] == function
    };
    events.iter().find(is_it).unwrap()["event_id"].as_str().unwrap().to_owned()
}

#[test]
fn a_call_tree_crosses_processes_and_every_nanosecond_is_somebodys() {
    let events = events("tests/data/n_plus_one.trace.gz", None);
    let mut client = serve(&events);
    let root = entry(&events, "Order", "total");
    let rows = tree(&mut client, json!({"event_id": root}));
    let calls: Vec<&str> = rows.iter().map(|row| row["call"].as_str().unwrap()).collect();
    assert_eq!(calls, ["Order.total/1", ". Catalog.price/1", ". . [call] Catalog.handle_call/3"]);
    assert_eq!((int(&rows[0], "n"), int(&rows[1], "n"), int(&rows[2], "n")), (1, 25, 25));
    assert_eq!(int(&rows[0], "total_ns"), int(&rows[0], "self_ns") + int(&rows[1], "total_ns"));
    assert_eq!(int(&rows[1], "total_ns"), int(&rows[1], "self_ns") + int(&rows[1], "waited_ns"));
    assert!(int(&rows[2], "total_ns") < int(&rows[1], "waited_ns"), "the callee works while the caller waits");
    assert_ne!(rows[1]["process"], rows[2]["process"]);
    // The same figures from the events themselves.
    let exits = events.iter().filter(|event| event["event_type"] == "function_exit" && event["function"] == "price");
    let total: i64 = exits.map(|event| event["duration_ns"].as_i64().unwrap()).sum();
    assert_eq!(int(&rows[1], "total_ns"), total);
}

#[test]
fn an_unfolded_tree_has_a_row_for_each_call_and_its_anonymous_functions() {
    let events = events("tests/data/n_plus_one.trace.gz", None);
    let mut client = serve(&events);
    let root = entry(&events, "Order", "total");
    let rows = tree(&mut client, json!({"event_id": root, "fold": false, "max_tokens": 20_000}));
    let count = |part: &str| rows.iter().filter(|row| row["call"].as_str().unwrap().contains(part)).count();
    assert_eq!((count("Catalog.price/1"), count("Catalog.handle_call/3"), count("Order.-total/1-fun-")), (25, 25, 25));
    let shown: i64 = rows.iter().map(|row| int(row, "n")).sum();
    assert_eq!(shown as usize, rows.len());
}

#[test]
fn depth_and_least_duration_leave_out_what_they_say() {
    let events = events("tests/data/n_plus_one.trace.gz", None);
    let mut client = serve(&events);
    let root = entry(&events, "Order", "total");
    let shallow = ask(&mut client, "call_tree", json!({"event_id": root, "depth": 1}));
    assert_eq!(rows(&shallow, "calls").len(), 1);
    assert!(text(&shallow).contains("25 calls deeper than depth 1"), "{}", text(&shallow));
    let long = ask(&mut client, "call_tree", json!({"event_id": root, "min_duration_ns": 1_000_000_000}));
    assert!(text(&long).contains("1 call shorter than min_duration_ns"), "{}", text(&long));
}

#[test]
fn a_message_leads_to_the_call_it_was_sent_in_and_up_to_the_first_cause() {
    let events = events("tests/data/slow_server.trace.gz", None);
    let mut client = serve(&events);
    let send = events.iter().find(|event| event["data"]["send_type"] == "call").unwrap();
    let (id, correlation) = (send["event_id"].clone(), send["correlation_id"].clone());
    let by_event = ask(&mut client, "call_tree", json!({"event_id": id}));
    assert_eq!(ask(&mut client, "call_tree", json!({"correlation_id": correlation})), by_event);
    let calls = rows(&by_event, "calls");
    assert_eq!(calls[0]["call"], "Printer.status/0");
    assert!(calls[0]["note"].as_str().unwrap().contains(":timeout"));
    assert_eq!(calls[1]["call"], ". [call] Printer.handle_call/3");
    let above = &by_event["structuredContent"]["sections"][0];
    assert_eq!(above["name"], "led to by");
    let lines = above["lines"].as_array().unwrap();
    assert!(lines.last().unwrap().as_str().unwrap().starts_with("Main.run/0 in "), "{lines:?}");
}

#[test]
fn the_outermost_calls_of_a_process_are_found_by_its_name() {
    let mut client = recorded("tests/data/slow_server.trace.gz");
    let rows = tree(&mut client, json!({"pid": "Printer", "depth": 2}));
    let told: Vec<(&str, i64)> = rows.iter().map(|row| (row["call"].as_str().unwrap(), int(row, "n"))).collect();
    let expected = [
        ("Printer.init/1", 1),
        ("[cast] Printer.handle_cast/2", 60),
        (". Paper.feed/1", 60),
        ("[call] Printer.handle_call/3", 2),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_root_that_is_missing_or_ambiguous_is_refused_with_what_is_there() {
    let mut client = recorded("tests/data/slow_server.trace.gz");
    let refused = client.refusal("call_tree", json!({}));
    assert!(refused.contains("event_id, correlation_id or pid"), "{refused}");
    let refused = client.refusal("call_tree", json!({"pid": "Printer", "event_id": "e1"}));
    assert!(refused.contains("give one of them"), "{refused}");
    let refused = client.refusal("call_tree", json!({"pid": "Prnter"}));
    assert!(refused.contains("names: Printer"), "{refused}");
    let refused = client.refusal("mailbox", json!({"pid": "Printer", "bucket": "soon"}));
    assert!(refused.contains("such as \"10ms\""), "{refused}");
    let refused = client.refusal("mailbox", json!({"pid": "Printer", "bucket": "1us"}));
    assert!(refused.contains("at most 2000"), "{refused}");
    let refused = client.refusal("message_flow", json!({"between": ["Printer"]}));
    assert!(refused.contains("give two"), "{refused}");
}

#[test]
fn each_message_is_told_with_its_way_from_send_to_answer() {
    let events = events("tests/data/slow_server.trace.gz", None);
    let mut client = serve(&events);
    let answer = ask(&mut client, "message_flow", json!({"pid": "Printer", "max_tokens": 20_000}));
    let rows = rows(&answer, "messages");
    let casts: Vec<_> = rows.iter().filter(|row| row["kind"] == "cast").collect();
    assert_eq!(casts.len(), 60);
    for cast in casts {
        assert_eq!((&cast["to"], &cast["handled_by"]), (&json!("Printer"), &json!("Printer.handle_cast/2")));
        assert_eq!(cast["sent_at"], "Office.pages/1 (slow_server.exs:26)");
        let id = &cast["event"];
        let handled =
            events.iter().find(|event| event["data"]["message_id"] == *id && event["event_type"] == "function_entry");
        assert_eq!(cast["queued_ns"], handled.unwrap()["data"]["queue_time_ns"]);
    }
    let calls: Vec<&str> =
        rows.iter().filter(|row| row["kind"] == "call").map(|row| row["outcome"].as_str().unwrap()).collect();
    assert!(calls[0].ends_with("too late") && calls[1].starts_with("answered after "), "{calls:?}");
}

#[test]
fn messages_are_picked_by_what_became_of_them() {
    let count = |path: &str, only: &str| {
        let mut client = recorded(path);
        let answer = ask(&mut client, "message_flow", json!({"only": only}));
        text(&answer).split_whitespace().next().unwrap().parse::<usize>().unwrap()
    };
    assert_eq!(count("tests/data/stale_pid.trace.gz", "lost"), 4);
    assert_eq!(count("tests/data/stale_pid_fixed.trace.gz", "lost"), 0);
    assert_eq!(count("tests/data/unanswered.trace.gz", "unanswered"), 2);
    assert_eq!(count("tests/data/unanswered_fixed.trace.gz", "unanswered"), 0);
    assert_eq!(count("tests/data/slow_server.trace.gz", "late"), 1);
    assert_eq!(count("tests/data/slow_server_fixed.trace.gz", "late"), 0);
}

#[test]
fn a_sequence_diagram_has_an_arrow_for_each_message_and_each_reply() {
    let mut client = recorded("tests/data/deadlock.trace.gz");
    let answer = ask(&mut client, "message_flow", json!({"between": ["Left", "Right"], "format": "mermaid"}));
    let lines = &answer["structuredContent"]["sections"][0]["lines"];
    assert_eq!(
        *lines,
        json!([
            "sequenceDiagram",
            "  participant P0 as Left",
            "  participant P1 as Right",
            "  P0->>P1: :value",
            "  P1-xP0: :value (lost)"
        ])
    );
}

#[test]
fn a_mailbox_is_what_was_sent_and_not_yet_handled() {
    let events = events("tests/data/slow_server.trace.gz", None);
    let printer = &events.iter().find(|event| event["data"]["registered_name"] == "Printer").unwrap()["data"];
    let printer = printer["spawned_pid"].clone();
    let mut client = serve(&events);
    let answer = ask(&mut client, "mailbox", json!({"pid": "Printer", "bucket": "10ms"}));
    // The same from the events: every send to it is one more, every callback one less.
    let mut steps: Vec<(i64, i64)> = Vec::new();
    for event in &events {
        let at = event["timestamp"].as_i64().unwrap();
        let kind = event["data"]["send_type"].as_str().unwrap_or_default();
        if event["event_type"] == "message_send" && event["data"]["receiver_pid"] == printer && kind != "reply" {
            steps.push((at, 1));
        } else if event["event_type"] == "function_entry"
            && event["pid"] == printer
            && !event["data"]["message_id"].is_null()
        {
            steps.push((at, -1));
        }
    }
    let came = steps.iter().filter(|(_, step)| *step > 0).count();
    let (mut length, mut longest) = (0, 0);
    for (_, step) in &steps {
        length += step;
        longest = longest.max(length);
    }
    let rows = rows(&answer, "over time");
    assert_eq!(rows.iter().map(|row| int(row, "came")).sum::<i64>(), came as i64);
    assert_eq!(rows.iter().map(|row| int(row, "longest")).max(), Some(longest));
    assert_eq!(int(rows.last().unwrap(), "length"), length);
    for pair in rows.windows(2) {
        assert_eq!(int(&pair[1], "length"), int(&pair[0], "length") + int(&pair[1], "came") - int(&pair[1], "taken"));
    }
    assert!(
        text(&answer).starts_with(&format!("{came} messages went through the mailbox of Printer ")),
        "{}",
        text(&answer)
    );
}

#[test]
fn measured_lengths_stand_beside_the_reckoned_ones() {
    let mut events = events("tests/data/slow_server.trace.gz", None);
    let last = events.iter().find(|event| event["data"]["registered_name"] == "Printer").unwrap().clone();
    for (at, length) in [(1, 3), (20_000_000, 8), (60_000_000, 21)] {
        let timestamp = last["timestamp"].as_i64().unwrap() + at;
        events.push(json!({
            "event_id": format!("sample-{at}"), "timestamp": timestamp, "pid": last["data"]["spawned_pid"],
            "event_type": "process_sample", "session_id": "s", "data": {"message_queue_len": length},
        }));
    }
    let mut client = serve(&events);
    let answer = ask(&mut client, "mailbox", json!({"pid": "Printer", "bucket": "1s"}));
    assert_eq!(int(&rows(&answer, "over time")[0], "measured"), 21);
}

#[test]
fn calls_of_a_source_that_joins_nothing_are_joined_by_their_reference() {
    let event = |id: &str, at: i64, event_type: &str, pid: &str, message: &str, to: &str| {
        json!({"event_id": id, "timestamp": at, "event_type": event_type, "pid": pid,
               "data": {"message": message, "receiver_pid": to}})
    };
    let (ask_for, answer) =
        ("{:\"$gen_call\", {#PID<0.1.0>, #Reference<0.1.2.3>}, :ping}", "{#Reference<0.1.2.3>, :pong}");
    let mut client = serve(&[
        event("1", 0, "message_send", "<0.1.0>", ask_for, "<0.2.0>"),
        event("2", 5_000, "message_receive", "<0.2.0>", ask_for, "<0.2.0>"),
        event("3", 9_000_000, "message_send", "<0.2.0>", answer, "<0.1.0>"),
        event("4", 9_100_000, "message_receive", "<0.1.0>", answer, "<0.1.0>"),
        event("5", 9_200_000, "message_send", "<0.1.0>", ":next", "<0.3.0>"),
    ]);
    let flow = rows(&ask(&mut client, "message_flow", json!({})), "messages");
    let told: Vec<_> =
        flow.iter().map(|row| (row["message"].as_str().unwrap(), row["outcome"].as_str().unwrap())).collect();
    assert_eq!(told, [(":ping", "answered after 9.1ms"), (":next", "unknown")]);
    assert!(
        ask(&mut client, "find_anomalies", json!({}))["structuredContent"]["sections"].as_array().unwrap().is_empty()
    );
}

#[test]
fn another_reply_to_a_call_is_told_beside_the_call() {
    let reference = "#Reference<0.1.2.3>";
    let event = |id: &str, at: i64, event_type: &str, pid: &str, message: &str, to: &str| {
        json!({"event_id": id, "timestamp": at, "event_type": event_type, "pid": pid, "correlation_id": reference,
               "data": {"message": message, "receiver_pid": to}})
    };
    let call = format!("{{:\"$gen_call\", {{#PID<0.1.0>, [:alias | {reference}]}}, :ask}}");
    let reply = |n: u8| format!("{{[:alias | {reference}], {n}}}");
    let mut client = serve(&[
        event("call", 1_000, "message_send", "<0.1.0>", &call, "<0.2.0>"),
        event("first", 3_000, "message_send", "<0.2.0>", &reply(1), "<0.1.0>"),
        event("taken", 4_000, "message_receive", "<0.1.0>", &reply(1), "<0.1.0>"),
        event("second", 5_000, "message_send", "<0.2.0>", &reply(2), "<0.1.0>"),
        event("third", 6_000, "message_send", "<0.2.0>", &reply(2), "<0.1.0>"),
        event("comes", 7_000, "message_receive", "<0.1.0>", &reply(2), "<0.1.0>"),
    ]);
    let answer = ask(&mut client, "message_flow", json!({}));
    let told: Vec<_> = rows(&answer, "messages")
        .iter()
        .map(|row| (row["event"].as_str().unwrap().to_owned(), row["outcome"].as_str().unwrap().to_owned()))
        .collect();
    let is = |event: &str, outcome: &str| (event.to_owned(), outcome.to_owned());
    assert_eq!(
        told,
        [
            is("call", "answered after 3us"),
            is("second", "another reply to call, which first had answered; received"),
            is("third", "another reply to call, which first had answered"),
        ]
    );
    // They are no calls that wait, and nothing that was lost.
    for only in ["unanswered", "lost", "late"] {
        let picked = ask(&mut client, "message_flow", json!({ "only": only }));
        assert_eq!(picked["structuredContent"]["sections"], json!([]), "{only}: {picked}");
    }
}

#[test]
fn what_a_source_dropped_is_told_by_every_tool_that_looks_across_it() {
    let events = events("tests/data/crash_fixed.trace.gz", Some(40));
    let mut client = serve(&events);
    let root = entry(&events, "Main", "run");
    for (tool, arguments) in [
        ("call_tree", json!({"event_id": root})),
        ("message_flow", json!({})),
        ("mailbox", json!({"pid": "invoice_1"})),
    ] {
        let gaps = ask(&mut client, tool, arguments)["structuredContent"]["gaps"].clone();
        assert_eq!(gaps.as_array().unwrap().len(), 1, "{tool}: {gaps}");
        assert!(gaps.to_string().contains("17"), "{tool}: {gaps}");
    }
}

#[test]
fn callbacks_of_a_source_that_joins_nothing_are_joined_to_their_calls() {
    let mut client = Client::start_with(&client::BANK);
    let answer = ask(&mut client, "message_flow", json!({"max_tokens": 100_000}));
    let flow = rows(&answer, "messages");
    let calls: Vec<_> = flow.iter().filter(|row| row["kind"] == "call").collect();
    let handled = calls.iter().filter(|row| row["handled_by"] == "Bank.Account.handle_call/3").count();
    // The recording ends before some are.
    assert!(calls.len() > 30 && handled * 10 > calls.len() * 9, "{handled} of {}", calls.len());
    assert!(calls.iter().any(|row| row["outcome"].as_str().unwrap().starts_with("answered after ")));
}
