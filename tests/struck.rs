//! Whose failure is it? A process that is ended by the error of another raised nothing, a caller that is ended by the end
//! of another did not give up, and a value that came with the message is not the state's.
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

/// The values of the findings of a kind.
fn values(recorded: &mut Recorded, kind: &str) -> Vec<Value> {
    let answer = recorded.ask("find_anomalies", &json!({"kinds": [kind], "max_tokens": 10_000}));
    let sections = answer.structured["sections"].as_array().cloned().unwrap_or_default();
    sections.into_iter().map(|section| section["values"].clone()).collect()
}

/// The ends of processes, in their order.
fn ends(recorded: &mut Recorded) -> Vec<Value> {
    let ends = recorded.ask("query_events", &json!({"event_type": "process_exit", "format": "json", "order": "asc"}));
    ends.structured["events"].as_array().unwrap().clone()
}

#[test]
fn who_is_taken_along_by_a_link_raised_nothing() {
    // In a call to a server, and in an await of a task: of both the VM tells the calls as left by the reason of the other.
    for (name, site, function) in [
        ("linked_in_call", "linked_in_call.exs:18", "Socket.decode"),
        ("awaited_task", "awaited_task.exs:5", "Geo.locate"),
    ] {
        let mut recorded = report(name);
        let failed: Vec<Value> =
            ends(&mut recorded).into_iter().filter(|end| end["data"]["crash_site"] == site).collect();
        let (root, victim) = (&failed[0], &failed[1]);
        assert_eq!(root["data"]["exit_reason"], victim["data"]["exit_reason"], "{name}");
        // The newest crash is that of the one that failed.
        let last = recorded.ask("explain", &json!({"target": "last_crash", "max_tokens": 5_000}));
        let pid = |event: &Value| event["pid"].as_str().unwrap().to_owned();
        assert!(last.text.starts_with(&pid(root)), "{name}: {}", last.text);
        assert!(last.text.contains(&format!("{function}(")), "{name}: {}", last.text);
        // The other is told with whom it was linked to, and with no line of its own.
        let story = recorded.ask("explain", &json!({"target": pid(victim), "max_tokens": 5_000}));
        assert!(story.text.contains(&format!("taken along by {}", pid(root))), "{name}: {}", story.text);
        assert!(story.text.contains(root["event_id"].as_str().unwrap()), "{name}: {}", story.text);
        for untrue in [" raised ", "because", "crashed with"] {
            let first = story.text.lines().next().unwrap();
            assert!(!first.contains(untrue), "{name}: {first}");
        }
        assert!(!story.text.contains(" raised {") && !story.text.contains(" raised :"), "{name}: {}", story.text);
        // One crash, and its consequences.
        let overview = recorded.ask("overview", &json!({}));
        assert!(overview.text.lines().next().unwrap().contains(": 1 crash,"), "{name}: {}", overview.text);
        let crashes = recorded.ask("find_anomalies", &json!({"kinds": ["crash"]}));
        assert!(crashes.text.contains(&format!("{site} in {function}/")), "{name}: {}", crashes.text);
    }
}

#[test]
fn a_value_that_came_with_the_message_is_not_said_to_be_the_states() {
    let mut recorded = report("coincidence");
    let bad = ["{:share, 0}", "{:name, nil}", "{:item, 7}"];
    let failed = ends(&mut recorded).into_iter().filter(|end| end["data"]["crash_site"].is_string());
    // Each server, then its caller.
    let servers: Vec<Value> = failed.step_by(2).collect();
    assert_eq!(servers.len(), bad.len());
    for (server, message) in servers.iter().zip(bad) {
        let story = recorded.ask("explain", &json!({"target": server["pid"], "max_tokens": 5_000}));
        let first = story.text.lines().next().unwrap();
        assert!(first.contains("[1] of the message was") && !first.contains("because"), "{first}");
        for part in ["guests", "table", "paid", "refunds"] {
            assert!(!first.contains(part), "{first}");
        }
        assert!(story.text.contains(message), "{}", story.text);
        assert!(!story.text.contains("[state_history"), "{}", story.text);
    }
}

#[test]
fn a_process_that_stops_another_waits_for_its_end() {
    let mut recorded = report("stop_circle");
    let circles = values(&mut recorded, "deadlock");
    assert_eq!(circles.len(), 1);
    let mut waits = circles[0]["figures"]["waits"].as_array().unwrap().clone();
    // Which of the two waited first is a matter of microseconds.
    waits.sort_by_key(|wait| wait["waiter"]["name"] == "Topology");
    let who = |wait: &Value, role: &str| wait[role]["module"].as_str().unwrap().to_owned();
    let roles: Vec<(String, String)> = waits.iter().map(|wait| (who(wait, "waiter"), who(wait, "waits_for"))).collect();
    assert_eq!(roles, [("Watch".to_owned(), "Topology".to_owned()), ("Topology".to_owned(), "Watch".to_owned())]);
    assert!(waits[0]["what"]["answer"]["message"].as_str().unwrap().starts_with("{:description, :fast, "));
    assert!(waits[1]["what"]["stop"].is_object());
    let ns = circles[0]["figures"]["lasted"]["for"]["ns"].as_i64().unwrap();
    assert!((350_000_000..450_000_000).contains(&ns), "{ns}");
    // The one that stopped the other had no timeout: it got the reason of that one's.
    let story = recorded.ask("explain", &json!({"target": "Topology", "max_tokens": 5_000}));
    let first = story.text.lines().next().unwrap();
    assert!(first.contains("because it waited for ") && !first.contains("had not answered"), "{first}");
    // The story of the one that gave up knows the circle, too.
    let crash = recorded.ask("explain", &json!({"target": "last_crash"}));
    let circle = &crash.structured["values"]["head"]["crash"]["because"]["no_answer"]["circle"];
    let names: Vec<&Value> = circle.as_array().unwrap().iter().map(|process| &process["module"]).collect();
    assert_eq!(names, ["Watch", "Topology"]);
    let overview = recorded.ask("overview", &json!({}));
    assert!(overview.text.lines().next().unwrap().contains("1 call timeout,"), "{}", overview.text);
    assert!(!story.text.contains("it went on"), "{}", story.text);

    assert_eq!(values(&mut report("stop_circle_fixed"), "deadlock"), [json!(null); 0]);
}

#[test]
fn a_callee_that_is_starting_is_in_its_init() {
    let mut recorded = report("waits_in_init");
    let story = recorded.ask("explain", &json!({"target": "last_crash", "max_tokens": 5_000}));
    assert!(story.text.contains("was in Warm.init/1 with nil since"), "{}", story.text);
    assert!(!story.text.contains("in no callback"), "{}", story.text);
}
