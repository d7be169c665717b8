//! An answer takes 1,500 tokens unless more is asked for.

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

/// Bytes of 1,500 tokens.
const MOST: usize = 6_000;

/// Whatever asks about a process or an event asks about one that has much to tell.
fn questions(recorded: &mut Recorded) -> Vec<(&'static str, Value)> {
    let busiest = recorded.ask("aggregate", &json!({"group_by": ["pid"], "metrics": ["count"], "limit": 1}));
    let pid = busiest.rows("groups")[0]["pid"].clone();
    let of_it = recorded.ask("query_events", &json!({"pid": pid, "limit": 1, "order": "desc", "format": "json"}));
    let event = of_it.structured["events"][0].clone();
    let id = if event["event_id"].is_null() { event["id"].clone() } else { event["event_id"].clone() };
    vec![
        ("overview", json!({})),
        ("find_anomalies", json!({})),
        ("explain", json!({"target": pid})),
        ("explain", json!({"target": id})),
        ("explain", json!({"target": "last_crash"})),
        ("query_events", json!({})),
        ("query_events", json!({"pid": pid, "order": "desc"})),
        ("last_n_events_for_pid", json!({"pid": pid})),
        ("query_events_by_ast_node", json!({"ast_node_prefix": "M"})),
        ("find_events_around", json!({"event_id": id})),
        ("aggregate", json!({"group_by": ["function", "pid"]})),
        ("profile", json!({})),
        ("profile", json!({"by": "call_site"})),
        ("call_tree", json!({"pid": pid})),
        ("message_flow", json!({"pid": pid})),
        ("mailbox", json!({"pid": pid})),
        ("state_at", json!({"pid": pid})),
        ("state_history", json!({"pid": pid})),
        ("explain_query", json!({"pid": pid, "analyze": true})),
        ("get_stats", json!({})),
        ("capture_status", json!({})),
    ]
}

#[test]
fn no_answer_is_larger_than_it_may_be_unless_asked() {
    for file in [
        "examples/recordings/s1_race.trace.gz",
        "tests/data/restart_storm.trace.gz",
        "tests/data/n_plus_one.trace.gz",
        "tests/data/web_error.trace.gz",
        "tests/data/reports/task_pileup.trace.gz",
    ] {
        let mut recorded = Recorded::open(file);
        for (tool, arguments) in questions(&mut recorded) {
            let answer = recorded.ask(tool, &arguments);
            assert!(answer.text.len() <= MOST, "{file}: {tool} {arguments}: {}", answer.text);
        }
    }
    // As many events as are asked for have more room.
    let mut recorded = Recorded::data("restart_storm");
    let asked = recorded.ask("query_events", &json!({"limit": 100}));
    let unasked = recorded.ask("query_events", &json!({}));
    assert!(asked.text.len() > unasked.text.len(), "{}", asked.text);
    assert!(unasked.structured["next_cursor"].is_string(), "what was cut goes on:\n{}", unasked.text);
}
