//! A registered name stands wherever a pid does: for every process that had it.

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

/// The processes a name stands for in a recording, by the registrations it tells.
fn owners(recorded: &mut Recorded, name: &str) -> Vec<String> {
    let page = recorded.ask(
        "query_events",
        &json!({"event_type": "process_register", "format": "json", "limit": 1000, "max_tokens": 100_000}),
    );
    let events = page.structured["events"].as_array().unwrap();
    let is_its = |event: &&Value| event["data"]["registered_name"] == name;
    events.iter().filter(is_its).map(|event| event["pid"].as_str().unwrap().to_owned()).collect()
}

/// Ids of the events of a filter.
fn ids(recorded: &mut Recorded, filter: &Value) -> Vec<String> {
    let mut arguments = filter.clone();
    arguments["limit"] = json!(10_000);
    arguments["max_tokens"] = json!(1_000_000);
    let page = asked(recorded, "query_events", arguments);
    events(&page).collect()
}

/// A page of whole events, of each its id.
fn asked(recorded: &mut Recorded, tool: &str, mut arguments: Value) -> answers::Answer {
    arguments["fields"] = json!(["event_id"]);
    arguments["format"] = json!("json");
    recorded.ask(tool, &arguments)
}

fn events(page: &answers::Answer) -> impl Iterator<Item = String> {
    let events = page.structured["events"].as_array().unwrap_or_else(|| panic!("{}", page.text));
    events.iter().map(|event| event["id"].as_str().or(event["event_id"].as_str()).unwrap().to_owned())
}

#[test]
fn a_name_is_every_process_that_had_it() {
    for (file, name) in [("restart_storm", "Feed"), ("reports/stuck", "Mute"), ("reports/stuck", ":client")] {
        let mut recorded = Recorded::data(file);
        let pids = owners(&mut recorded, name);
        assert!(!pids.is_empty(), "{file}: {name}");
        // In the order of time, and each once, whichever of them it names.
        let mut all = ids(&mut recorded, &json!({}));
        let mut of_any: Vec<String> = Vec::new();
        for pid in &pids {
            of_any.extend(ids(&mut recorded, &json!({"pid": pid})));
        }
        all.retain(|id| of_any.contains(id));
        assert_eq!(ids(&mut recorded, &json!({"pid": name})), all, "{file}: {name}");
        // By the name without what tells an atom from an alias, too, and by a role.
        assert_eq!(ids(&mut recorded, &json!({"pid": name.trim_start_matches(':')})), all);
        let subject = ids(&mut recorded, &json!({"pid": name, "role": "subject"}));
        assert!(!subject.is_empty() && subject.len() < all.len(), "{file}: {name}");

        let counted = recorded.ask("aggregate", &json!({"pid": name, "group_by": "pid"}));
        let sum: u64 = counted.rows("groups").iter().map(|group| group["count"].as_u64().unwrap()).sum();
        assert_eq!(sum, all.len() as u64, "{}", counted.text);
        assert_eq!(counted.structured["filters"]["processes"], json!(pids));
        let around = recorded
            .ask("find_events_around", &json!({"event_id": all[0], "pid": name, "after": 1000, "max_tokens": 100_000}));
        assert_eq!(around.rows("events").len(), all.len(), "{}", around.text);
        let last = asked(&mut recorded, "last_n_events_for_pid", json!({"pid": name, "n": 1}));
        assert_eq!(events(&last).collect::<Vec<_>>(), all[all.len() - 1..]);
        let gone = recorded.ask("clear_events", &json!({"pid": name, "dry_run": true}));
        assert_eq!(gone.structured["removed"], json!(all.len()), "{}", gone.text);
    }
}

#[test]
fn pages_of_a_name_go_on() {
    let mut recorded = Recorded::data("restart_storm");
    let all = ids(&mut recorded, &json!({"pid": "Feed"}));
    let mut paged: Vec<String> = Vec::new();
    let mut arguments = json!({"pid": "Feed", "limit": 7});
    loop {
        let page = asked(&mut recorded, "query_events", arguments.clone());
        paged.extend(events(&page));
        match page.structured.get("next_cursor").filter(|cursor| !cursor.is_null()) {
            Some(cursor) => arguments["cursor"] = cursor.clone(),
            None => break,
        }
    }
    assert_eq!(paged, all);
}

#[test]
fn what_is_no_name_is_said_not_to_be_there() {
    let mut recorded = Recorded::data("reports/stuck");
    let page = recorded.ask("query_events", &json!({"pid": "Muet"}));
    assert_eq!(page.structured["total_matched"], 0);
    assert!(page.text.contains("Mute"), "{}", page.text);
}
