//! One reply a call, each answer for its own question, and a timeout that can come: of each law two programs of different
//! shape and their repaired twins, told by values.
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

/// The values of all findings of a recording.
fn found(name: &str) -> (Recorded, Vec<Value>) {
    let mut recorded = Recorded::data(&format!("reports/{name}"));
    let answer = recorded.ask("find_anomalies", &json!({"max_tokens": 10_000}));
    let sections = answer.structured["sections"].as_array().cloned().unwrap_or_default();
    (recorded, sections.into_iter().map(|section| section["values"].clone()).collect())
}

/// The values of the only finding.
#[track_caller]
fn only(name: &str, kind: &str) -> (Recorded, Value) {
    let (recorded, mut found) = found(name);
    assert_eq!(found.len(), 1, "{name}: {found:?}");
    assert_eq!(found[0]["kind"], kind, "{name}");
    (recorded, found.remove(0))
}

#[track_caller]
fn silent(name: &str) {
    assert_eq!(found(name).1, [Value::Null; 0], "{name}");
}

fn event(recorded: &mut Recorded, finding: &Value, role: &str) -> Value {
    recorded.ask("get_event_by_id", &json!({ "event_id": finding["evidence"][role][0] })).structured
}

#[test]
fn a_call_that_is_answered_twice_is_told_with_both_replies() {
    let (mut recorded, prices) = only("double_reply", "second_reply");
    let figures = &prices["figures"];
    assert_eq!(prices["confidence"], "high");
    assert_eq!((&figures["calls"], &figures["function"]), (&json!(2), &json!("Prices.handle_call/3")));
    assert_eq!((&figures["asked"], &figures["asker"]["name"]), (&json!("{:price, \"cake\"}"), &json!("Till")));
    assert_eq!((&figures["first"]["content"], &figures["second"]["content"]), (&json!(":unknown"), &json!("nil")));
    assert_eq!(figures["second"]["sent"], Value::Null, "the callback returned it");
    assert_eq!(figures["first"]["by"]["name"], "Prices");
    let (first, second) = (event(&mut recorded, &prices, "reply"), event(&mut recorded, &prices, "second_reply"));
    assert_eq!(first["correlation_id"], second["correlation_id"]);
    assert!(first["timestamp"].as_i64() < second["timestamp"].as_i64());
    silent("double_reply_fixed");

    // By another process than the one that was called.
    let (_, desk) = only("answered_by_two", "second_reply");
    let by = |reply: &str| desk["figures"][reply]["by"]["pid"].clone();
    assert_ne!(by("first"), by("second"));
    silent("answered_by_two_fixed");
}

#[test]
fn an_answer_to_an_earlier_question_is_told_with_what_it_was_taken_for() {
    let (mut recorded, client) = only("stale_answer", "mistaken_reply");
    let figures = &client["figures"];
    assert_eq!((&client["confidence"], &figures["times"]), (&json!("high"), &json!(3)));
    assert_eq!(figures["function"], "Client.ask/2");
    assert_eq!(
        (&figures["answer"], &figures["returned"]),
        (&json!("{:forecast, \"snow\"}"), &json!("{:ok, \"snow\"}"))
    );
    assert!(figures["earlier"].as_str().unwrap().contains("Oslo"), "{figures}");
    assert!(figures["question"].as_str().unwrap().contains("Cork"), "{figures}");
    let returned = event(&mut recorded, &client, "returned");
    assert_eq!(returned["data"]["result"], "{:ok, \"snow\"}");
    silent("stale_answer_fixed");

    let (_, till) = only("late_quote", "mistaken_reply");
    assert_eq!(till["figures"]["function"], "Till.quote/2");
    silent("late_quote_fixed");
}

#[test]
fn a_timeout_that_is_put_off_each_time_is_told_with_what_is_left_undone() {
    let (mut recorded, audit) = only("debounce", "starved_timeout");
    let figures = &audit["figures"];
    assert_eq!((&audit["confidence"], &figures["process"]["name"]), (&json!("medium"), &json!("Audit")));
    assert_eq!((&figures["turns"], &figures["asking"]["kept"]["path"]), (&json!(39), &json!("timer")));
    assert_eq!(figures["why"]["grew"], json!({"path": "pending", "from": 2, "to": 40}));
    let last = event(&mut recorded, &audit, "last_asked");
    assert_eq!((&last["module"], &last["function"]), (&json!("Audit"), &json!("handle_cast")));
    silent("debounce_fixed");

    // By the timeout of a callback's result, and a message of its own that is more frequent.
    let (_, meter) = only("idle_flush", "starved_timeout");
    let figures = &meter["figures"];
    assert_eq!(figures["asking"]["after"]["longest_ns"], 60_000_000);
    assert_eq!(figures["why"]["own"]["pattern"], ":sample");
    assert!(figures["why"]["own"]["every_ns"].as_i64().unwrap() < 60_000_000);
    silent("idle_flush_fixed");
}
