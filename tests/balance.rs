//! What is taken is given back: runs of a function that take something from a server and leave without giving it back, as
//! its other runs do, in two programs of different shape and their repaired twins, told by values.
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

/// The values of the findings of the law.
fn kept(name: &str) -> (Recorded, Vec<Value>) {
    let mut recorded = Recorded::data(&format!("reports/{name}"));
    let answer = recorded.ask("find_anomalies", &json!({"kinds": ["not_given_back"], "max_tokens": 10_000}));
    let sections = answer.structured["sections"].as_array().unwrap().clone();
    (recorded, sections.into_iter().map(|section| section["values"].clone()).collect())
}

#[test]
fn a_connection_that_an_exception_keeps_from_the_pool_is_told() {
    let (mut recorded, kept_there) = kept("pool_leak");
    let [leak] = &kept_there[..] else { panic!("{kept_there:?}") };
    let figures = &leak["figures"];
    assert_eq!(leak["confidence"], "high");
    assert_eq!((&figures["server"]["name"], &figures["function"]), (&json!("Pool"), &json!("Db.query/1")));
    assert_eq!((&figures["take"], &figures["give"]), (&json!(":checkout"), &json!("{:checkin, _}")));
    assert_eq!((&figures["good"], &figures["held"], &figures["failed"]), (&json!(5), &json!(3), &json!(3)));
    assert_eq!(figures["holders"].as_array().unwrap().len(), 1);
    assert_eq!(figures["holders"][0]["ended_next"], false, "it rescued the exception");
    // The node says the same: so many connections are busy in the end.
    let state = recorded.ask("state_at", &json!({"pid": "Pool", "path": "busy"})).structured;
    assert!(state["answer"].as_str().unwrap().contains("[3, 2, 1]"), "{}", state["answer"]);
    assert_eq!(kept("pool_leak_fixed").1, [Value::Null; 0]);
}

#[test]
fn a_lock_that_ends_with_its_holder_is_told_unless_the_server_watches_it() {
    let (mut recorded, kept_there) = kept("lock_kept");
    let [lock] = &kept_there[..] else { panic!("{kept_there:?}") };
    let figures = &lock["figures"];
    assert_eq!((&lock["confidence"], &figures["function"]), (&json!("medium"), &json!("Export.write/2")));
    assert_eq!((&figures["good"], &figures["held"]), (&json!(4), &json!(1)));
    assert_eq!(figures["reason"], ":badarith");
    assert_eq!(figures["holders"][0]["ended_next"], true);
    let took = recorded.ask("get_event_by_id", &json!({"event_id": lock["evidence"]["took"][0]})).structured;
    assert_eq!(took["pid"], figures["holders"][0]["pid"]);
    assert_eq!(kept("lock_kept_fixed").1, [Value::Null; 0]);
}
