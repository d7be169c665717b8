//! Findings beside what was asked: `overview` lists all, `explain` those of its target.

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

use answers::{Answer, Recorded};
use serde_json::{Value, json};

/// Kind, confidence and first event of each finding, as `find_anomalies` tells them.
fn found(recorded: &mut Recorded) -> Vec<(String, String, String)> {
    let answer = recorded.ask("find_anomalies", &json!({"max_tokens": 100_000}));
    let sections = answer.structured["sections"].as_array().unwrap();
    let one = |section: &Value| {
        let mut lines = section["lines"].as_array().unwrap().iter().filter_map(Value::as_str);
        let evidence = lines.find_map(|line| line.strip_prefix("evidence: ")).unwrap();
        let first = evidence.split_whitespace().next().unwrap().split_once('=').unwrap().1;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&section["name"]), text(&section["facts"]["confidence"]), first.to_owned())
    };
    sections.iter().map(one).collect()
}

/// The same of the findings beside an answer.
fn beside(answer: &Answer) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rows = answer.rows("findings");
    rows.iter().map(|row| (text(&row["kind"]), text(&row["confidence"]), text(&row["event"]))).collect()
}

fn asks_for_them(answer: &Answer) -> bool {
    answer.structured["next"].as_array().unwrap().iter().any(|next| next["tool"] == "find_anomalies")
}

#[test]
fn overview_lists_what_find_anomalies_finds() {
    for name in ["deadlock", "stale_pid", "restart_storm", "state_growth", "swallowed"] {
        let mut recorded = Recorded::data(name);
        let mut all = found(&mut recorded);
        assert!(!all.is_empty(), "{name}");
        let overview = recorded.ask("overview", &json!({}));
        // A crash is told among the troubles.
        let has_crashes = overview.rows("trouble").iter().any(|row| row["what"] == "crash");
        all.retain(|(kind, ..)| kind != "crash" || !has_crashes);
        assert_eq!(beside(&overview), all, "{name}:\n{}", overview.text);
        assert!(asks_for_them(&overview), "{}", overview.text);

        let mut repaired = Recorded::data(&format!("{name}_fixed"));
        let overview = repaired.ask("overview", &json!({}));
        assert_eq!((beside(&overview), asks_for_them(&overview)), (Vec::new(), false), "{name}:\n{}", overview.text);
    }
}

#[test]
fn explain_lists_the_findings_of_its_target_and_no_others() {
    let mut recorded = Recorded::data("deadlock");
    let all = found(&mut recorded);
    let kinds: Vec<&str> = all.iter().map(|(kind, ..)| &**kind).collect();
    assert!(kinds.contains(&"deadlock"), "{kinds:?}");
    let evidence = all.iter().find(|(kind, ..)| kind == "deadlock").unwrap().2.clone();
    // By the event, by the process it happened in, and by whom it named.
    let of_event = recorded.explain(&evidence);
    assert!(beside(&of_event).iter().any(|(kind, ..)| kind == "deadlock"), "{}", of_event.text);
    let event = recorded.ask("get_event_by_id", &json!({"event_id": evidence}));
    for pid in [&event.structured["pid"], &event.structured["data"]["receiver_pid"]] {
        let Some(pid) = pid.as_str() else { continue };
        let of_process = recorded.explain(pid);
        assert!(beside(&of_process).iter().any(|(kind, ..)| kind == "deadlock"), "{pid}:\n{}", of_process.text);
    }
    // The program's main process has no part in it.
    let main = recorded.ask("query_events", &json!({"limit": 1, "format": "json"}));
    let main = main.structured["events"][0]["pid"].as_str().unwrap().to_owned();
    let story = recorded.explain(&main);
    assert_eq!(beside(&story), [], "{}", story.text);

    // A crash is told whole; what else it is part of is listed.
    let mut crashed = Recorded::data("crash");
    let story = crashed.explain("last_crash");
    assert!(beside(&story).iter().all(|(kind, ..)| kind != "crash"), "{}", story.text);
}

/// Where looking for them would take long, nothing is looked for, and how to ask is told.
#[test]
fn what_takes_long_is_not_looked_for() {
    let mut server = pipe::Server::start(&["--script"]);
    let event = |n: usize| json!({"id": format!("e{n}"), "ts": n, "type": "log", "pid": "<0.1.0>"});
    for batch in 0..5 {
        let events: Vec<Value> = (batch * 10_000..(batch + 1) * 10_000).map(event).collect();
        server.call("store_events", &json!({ "events": events }));
    }
    let mut recorded = Recorded(server);
    let overview = recorded.ask("overview", &json!({}));
    assert!(asks_for_them(&overview), "{}", overview.text);
    assert!(asks_for_them(&recorded.explain("<0.1.0>")));
    let part = recorded.ask("overview", &json!({"until_timestamp": 20_000}));
    assert!(!asks_for_them(&part), "nothing is wrong in it:\n{}", part.text);
}
