//! A table that is gone: the story of who misses it tells whose end took it along.
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

/// The head of the story of the crash, and what it tells of the table.
fn story(name: &str) -> (Recorded, Value, Vec<Value>) {
    let mut recorded = Recorded::data(&format!("reports/{name}"));
    let answer = recorded.explain("last_crash");
    let sections = answer.structured["sections"].as_array().unwrap();
    let table = sections.iter().find(|section| section["name"] == "table").unwrap();
    let told = table["values"]["told"].as_array().unwrap().iter().map(|line| line["cause"].clone()).collect();
    (recorded, answer.structured["values"]["head"]["crash"].clone(), told)
}

#[test]
fn the_process_that_made_a_table_has_ended() {
    let (mut recorded, head, told) = story("table_gone");
    assert_eq!(head["who"]["name"], "Till");
    assert_eq!(head["because"], json!({"bad_value": {"no_table": {"table": ":rates"}}}));
    let well = &told[0]["went_well"];
    assert_eq!((&well["function"], told.len()), (&json!("Rates.rate/1"), 1));
    assert_eq!((&well["by"], &well["ended"]["process"]), (&well["ended"]["process"], &well["by"]));
    assert_eq!(well["ended"]["reason"], ":normal");
    let exit = recorded.ask("get_event_by_id", &json!({"event_id": well["ended"]["event"]})).structured;
    assert_eq!((&exit["event_type"], &exit["pid"]), (&json!("process_exit"), &well["by"]["pid"]));
    assert!(exit["timestamp"].as_i64() > well["at"].as_i64());
}

#[test]
fn who_ended_since_a_table_was_there_is_told_with_the_reason() {
    let (_, head, told) = story("table_owner");
    assert_eq!(head["who"]["name"], "Web");
    assert_eq!(head["because"], json!({"bad_value": {"no_table": {"table": ":sessions"}}}));
    assert_eq!((&told[0]["went_well"]["by"]["name"], &told[0]["went_well"]["ended"]), (&json!("Web"), &Value::Null));
    let ends = told[1]["ended_since"]["ends"].as_array().unwrap();
    assert_eq!(ends.len(), 1);
    assert_eq!((&ends[0]["process"]["name"], &ends[0]["reason"]), (&json!("Sessions"), &json!("{:badmatch, []}")));
}

#[test]
fn a_table_that_stays_is_no_news() {
    for name in ["table_gone_fixed", "table_owner_fixed"] {
        let mut recorded = Recorded::data(&format!("reports/{name}"));
        assert!(recorded.explain("last_crash").is_error, "{name}: nothing crashed");
        let found = recorded.ask("find_anomalies", &json!({})).structured;
        assert_eq!(found["sections"], json!([]), "{name}");
    }
}
