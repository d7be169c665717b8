//! What is wrong in a recording is named, with its events; a recording of the repaired program is silent.
//!
//! The programs are in tests/beam/programs; tests/beam/record made the recordings.

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

use std::collections::BTreeMap;

use client::Client;
use recorded::{ask, events, recorded, serve, text};
use serde_json::{Value, json};

/// What an assistant may spend on it.
const MAX_TOKENS: usize = 1_200;

/// One finding of an answer.
struct Finding {
    kind: String,
    confidence: String,
    lines: String,
    evidence: BTreeMap<String, String>,
}

fn find(client: &mut Client, arguments: Value) -> Vec<Finding> {
    let answer = ask(client, "find_anomalies", arguments);
    assert!(text(&answer).len() / 4 <= MAX_TOKENS, "{}", text(&answer));
    let sections = answer["structuredContent"]["sections"].as_array().unwrap();
    sections.iter().map(finding).collect()
}

fn finding(section: &Value) -> Finding {
    let lines: Vec<&str> = section["lines"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let evidence = lines.iter().find_map(|line| line.strip_prefix("evidence: ")).unwrap_or_default();
    let evidence = evidence.split_whitespace().map(|pair| {
        let (role, id) = pair.split_once('=').unwrap();
        (role.to_owned(), id.to_owned())
    });
    assert!(lines.iter().any(|line| line.starts_with("refuted by: ")), "{lines:?}");
    Finding {
        kind: section["name"].as_str().unwrap().to_owned(),
        confidence: section["facts"]["confidence"].as_str().unwrap().to_owned(),
        evidence: evidence.collect(),
        lines: lines.join("\n"),
    }
}

impl Finding {
    /// The event that has this role in it.
    fn event(&self, client: &mut Client, role: &str) -> Value {
        let id = self.evidence.get(role).unwrap_or_else(|| panic!("no {role} in {}", self.lines));
        client.call("get_event_by_id", json!({"event_id": id}))
    }

    fn says(&self, facts: &[&str]) {
        for fact in facts {
            assert!(self.lines.contains(fact), "{}: {fact} is not in:\n{}", self.kind, self.lines);
        }
    }
}

/// The only finding of a recording.
fn only(path: &str, kind: &str) -> (Client, Finding) {
    let mut client = recorded(path);
    let mut found = find(&mut client, json!({}));
    let kinds: Vec<&str> = found.iter().map(|finding| &*finding.kind).collect();
    assert_eq!(kinds, [kind], "{path}");
    (client, found.remove(0))
}

/// The finding of a kind, among the others a recording has.
fn among(path: &str, kind: &str, others: &[&str]) -> (Client, Finding) {
    let mut client = recorded(path);
    let mut found = find(&mut client, json!({}));
    for finding in &found {
        assert!(finding.kind == kind || others.contains(&&*finding.kind), "{path}: {} {}", finding.kind, finding.lines);
    }
    let at = found.iter().position(|finding| finding.kind == kind);
    (client, found.remove(at.unwrap_or_else(|| panic!("{path}: no {kind}"))))
}

#[test]
fn a_lost_update_is_told_with_the_overlapping_reads_and_writes_and_the_call_site() {
    let (mut client, lost) = only("examples/recordings/s1_race.trace.gz", "lost_update");
    assert_eq!(lost.confidence, "high");
    lost.says(&["Account", "`balance`", "Teller.deposit/1 (s1_race.exs:15)", "19 of 20", "+190"]);
    let (read, other, stale) = (
        lost.event(&mut client, "read"),
        lost.event(&mut client, "other_write"),
        lost.event(&mut client, "stale_write"),
    );
    for event in [&read, &other, &stale] {
        assert_eq!((&event["event_type"], &event["function"]), (&json!("function_entry"), &json!("handle_call")));
        assert_eq!(event["module"], "Account");
    }
    assert_eq!(read["data"]["args"][0], ":balance");
    assert!(other["data"]["args"][0].as_str().unwrap().starts_with("{:set_balance, "));
    assert!(stale["data"]["args"][0].as_str().unwrap().starts_with("{:set_balance, "));
    // The reader writes last, the other in between.
    assert_eq!(read["data"]["caller_pid"], stale["data"]["caller_pid"]);
    assert_ne!(read["data"]["caller_pid"], other["data"]["caller_pid"]);
    let at = |event: &Value| event["timestamp"].as_i64().unwrap();
    assert!(at(&read) < at(&other) && at(&other) < at(&stale));
    let caller = lost.event(&mut client, "caller");
    assert_eq!((&caller["module"], &caller["function"]), (&json!("Teller"), &json!("deposit")));
    assert_eq!(caller["pid"], stale["data"]["caller_pid"]);
}

#[test]
fn an_update_is_lost_within_a_nested_state_and_by_casts_too() {
    let (mut client, lost) = only("tests/data/lost_update.trace.gz", "lost_update");
    lost.says(&[
        "Stock",
        "`items[\"apple\"]`",
        "5 of 6",
        "Shop.buy/2 (lost_update.exs:17)",
        "Shop.buy/2 (lost_update.exs:19)",
    ]);
    let stale = lost.event(&mut client, "stale_write");
    assert_eq!(
        (&stale["function"], &stale["data"]["args"][0]),
        (&json!("handle_cast"), &json!("{:put, \"apple\", 95}"))
    );
}

#[test]
fn writes_are_counted_by_their_kind_however_long_they_are() {
    let long = format!("apple{}", "x".repeat(200));
    let events = events("tests/data/lost_update.trace.gz", None);
    let renamed = events.iter().map(|event| serde_json::from_str(&event.to_string().replace("apple", &long)).unwrap());
    let mut client = serve(&renamed.collect::<Vec<_>>());
    let found = find(&mut client, json!({}));
    let [lost] = &found[..] else { panic!("{} findings", found.len()) };
    lost.says(&["5 of 6 {:put, _, _} writes"]);
}

#[test]
fn a_crash_is_told_once_with_its_place_its_message_and_whom_it_took_along() {
    for (path, name, place, function) in [
        ("examples/recordings/s3_badstate.trace.gz", "cart_4", "s3_badstate.exs:16", "Cart.compute/1"),
        ("tests/data/crash.trace.gz", "invoice_2", "crash.exs:14", "Invoice.sum/1"),
    ] {
        let (mut client, crash) = only(path, "crash");
        crash.says(&[name, place, function, ":badarith", ":total", "ended with it: <0."]);
        let exit = crash.event(&mut client, "exit");
        assert_eq!((&exit["event_type"], &exit["data"]["error"]), (&json!("process_exit"), &json!(":badarith")));
        assert_eq!(crash.event(&mut client, "failed_call")["event_type"], "function_entry");
        assert_eq!(crash.event(&mut client, "message")["event_type"], "message_send");
    }
}

#[test]
fn a_call_that_times_out_is_told_with_what_kept_the_callee() {
    let path = "tests/data/slow_server.trace.gz";
    let (mut client, timeout) = among(path, "call_timeout", &["mailbox_growth", "late_reply"]);
    assert_eq!(timeout.confidence, "high");
    timeout.says(&[
        "Printer",
        ":status",
        "Printer.status/0",
        "waited behind 39 messages",
        "Paper.feed/1",
        "slow_server.exs:11",
    ]);
    let call = timeout.event(&mut client, "call");
    assert_eq!((&call["event_type"], &call["data"]["send_type"]), (&json!("message_send"), &json!("call")));
    let gave_up = timeout.event(&mut client, "gave_up");
    assert!(gave_up["data"]["reason"].as_str().unwrap().starts_with("{:timeout, {GenServer, :call"));
    assert_eq!(timeout.event(&mut client, "busy_with")["function"], "feed");
}

#[test]
fn a_mailbox_that_grows_is_told_with_both_rates_and_where_the_time_went() {
    let path = "tests/data/slow_server.trace.gz";
    let (mut client, growth) = among(path, "mailbox_growth", &["call_timeout", "late_reply"]);
    growth.says(&[
        "Printer",
        "grew to 40 messages",
        "59 came, 19 were handled",
        "Paper.feed/1",
        "Office.pages/1 (slow_server.exs:26)",
    ]);
    assert_eq!(growth.event(&mut client, "first_message")["data"]["send_type"], "cast");
}

#[test]
fn a_mailbox_of_a_process_without_callbacks_is_told_from_its_receives() {
    let (mut client, growth) = only("tests/data/slow_loop.trace.gz", "mailbox_growth");
    assert_eq!(growth.confidence, "medium", "a receive is only when the process looked");
    growth.says(&["Shredder", "Shredder.cut/1", "Main.run/0 (slow_loop.exs:30)"]);
    assert_eq!(growth.event(&mut client, "busy_with")["function"], "cut");
}

#[test]
fn a_late_reply_is_told_with_how_late_it_was() {
    let path = "tests/data/slow_server.trace.gz";
    let (mut client, late) = among(path, "late_reply", &["call_timeout", "mailbox_growth"]);
    let (call, reply) = (late.event(&mut client, "call"), late.event(&mut client, "reply"));
    assert_eq!(call["correlation_id"], reply["correlation_id"]);
    let waited = reply["timestamp"].as_i64().unwrap() - call["timestamp"].as_i64().unwrap();
    assert!(waited > 120_000_000, "the caller waited 120 ms");
}

#[test]
fn messages_to_a_restarted_process_are_told_with_its_successor() {
    let (mut client, stale) = only("tests/data/stale_pid.trace.gz", "stale_pid");
    stale.says(&["4 messages", "Counter", "Main.run/0 (stale_pid.exs:24)", ":hit", ":shutdown"]);
    let (exit, successor) = (stale.event(&mut client, "exit"), stale.event(&mut client, "successor"));
    let (first, last) = (stale.event(&mut client, "first_lost"), stale.event(&mut client, "last_lost"));
    assert_eq!((&exit["event_type"], &exit["data"]["registered_name"]), (&json!("process_exit"), &json!("Counter")));
    assert_eq!(successor["data"]["registered_name"], "Counter");
    assert_ne!(successor["data"]["spawned_pid"], exit["pid"]);
    for lost in [first, last] {
        assert_eq!((&lost["data"]["receiver_pid"], &lost["data"]["undeliverable"]), (&exit["pid"], &json!(true)));
    }
}

#[test]
fn messages_to_nobody_are_told_by_pid_and_by_name() {
    let mut client = recorded("tests/data/dead_letter.trace.gz");
    let found = find(&mut client, json!({}));
    let kinds: Vec<(&str, &str)> = found.iter().map(|one| (&*one.kind, &*one.confidence)).collect();
    assert_eq!(kinds, [("dead_letter", "high"), ("dead_letter", "low")]);
    found[0].says(&["3 messages", "Main.run/0 (dead_letter.exs:12)", "{:news, \"issue 1\"}"]);
    found[1].says(&["the name log", "Main.run/0 (dead_letter.exs:13)"]);
    assert_eq!(found[1].event(&mut client, "first_lost")["data"]["receiver_name"], ":log");
}

#[test]
fn a_deadlock_is_told_with_every_call_of_the_circle() {
    let (mut client, deadlock) = among("tests/data/deadlock.trace.gz", "deadlock", &["call_timeout"]);
    deadlock.says(&["Left", "Right", "Left.handle_call/3 (deadlock.exs:9)", "Right.handle_call/3 (deadlock.exs:21)"]);
    assert_eq!(deadlock.confidence, "high");
    let last = deadlock.event(&mut client, "call");
    assert_eq!(last["data"]["send_type"], "call");
}

#[test]
fn a_restart_storm_is_told_with_its_cause_and_the_end_of_the_supervisor() {
    let (mut client, storm) = among("tests/data/restart_storm.trace.gz", "restart_storm", &["crash"]);
    storm.says(&["Feed", "4 times", ":function_clause at restart_storm.exs:8", "the parent gave up"]);
    let parent = storm.event(&mut client, "parent_exit");
    assert_eq!(parent["data"]["exit_reason"], ":shutdown");
}

#[test]
fn a_call_nobody_answers_is_told_with_the_callback_that_returned() {
    let (mut client, unanswered) = among("tests/data/unanswered.trace.gz", "never_answered", &["call_timeout"]);
    unanswered.says(&["Lobby", "2 calls", "Lobby.handle_call/3", ":wait"]);
    let returned = unanswered.event(&mut client, "returned");
    assert_eq!(returned["data"]["result"], "{:noreply, []}");
}

#[test]
fn questions_asked_one_by_one_are_told_with_the_caller() {
    let (mut client, repeated) = only("tests/data/n_plus_one.trace.gz", "repeated_calls");
    repeated.says(&["Order.total/1", "25 questions", "Catalog.price/1", "{:price, _}", "n_plus_one.exs:16"]);
    assert_eq!(repeated.event(&mut client, "caller")["function"], "total");
}

#[test]
fn a_function_that_is_slow_from_one_place_is_told_with_the_place() {
    let (mut client, outlier) = only("tests/data/slow_site.trace.gz", "duration_outlier");
    outlier.says(&["Archive.newest/1", "Main.run/0 (slow_site.exs:13)", "median of 5 calls", "median of 60"]);
    let slow = outlier.event(&mut client, "slow");
    assert_eq!(slow["data"]["args"], json!(["2000000"]));
}

#[test]
fn a_state_that_only_grows_is_told_with_what_grows() {
    let (mut client, growth) = only("tests/data/state_growth.trace.gz", "state_growth");
    growth.says(&["Meter", "`samples`", "Meter.handle_cast/2", "Main.run/0 (state_growth.exs:18)"]);
    assert_eq!(growth.event(&mut client, "last_change")["event_type"], "state_change");
}

#[test]
fn an_exception_that_nobody_hears_of_is_told_with_what_was_returned() {
    let (mut client, swallowed) = only("tests/data/swallowed.trace.gz", "swallowed_exception");
    swallowed.says(&["Rows.store/1", ":badarg", "Rows.row/1 returned :ok", "2 times", "swallowed.exs:5"]);
    assert_eq!(swallowed.event(&mut client, "failed")["data"]["exit_reason"], "error");
    assert_eq!(swallowed.event(&mut client, "returned")["data"]["result"], ":ok");
}

#[test]
fn answers_of_500_are_told_though_no_process_ends() {
    let (mut client, error) = only("tests/data/web_error.trace.gz", "http_error");
    assert_eq!(error.confidence, "high");
    error.says(&["4 of 44 answers", "HTTP 500", "ArithmeticError", "web_error.exs:26", "Shop.gross/1"]);
    error.says(&["GET /items/_ 4 of 40", "caught in Web.Server.serve/1"]);
    let raised = error.event(&mut client, "raised");
    assert_eq!((&raised["function"], &raised["data"]["reason"]), (&json!("gross"), &json!(":badarith")));
    let answer = error.event(&mut client, "answer");
    // The rest of the conn is not recorded.
    assert_eq!(
        answer["data"]["result"].as_str().unwrap().split("status: ").nth(1),
        Some("500, redacted: \"[REDACTED]\"}")
    );
}

#[test]
fn a_gap_is_told_wherever_else_nothing_is_wrong() {
    let mut client = serve(&events("tests/data/crash_fixed.trace.gz", Some(40)));
    let found = find(&mut client, json!({}));
    let kinds: Vec<&str> = found.iter().map(|one| &*one.kind).collect();
    assert_eq!(kinds, ["gap"]);
    found[0].says(&["17 trace messages in 1 gap"]);
    assert_eq!(found[0].event(&mut client, "first")["data"]["dropped"], 17);
}

#[test]
fn the_repaired_programs_are_silent() {
    let mut seen = 0;
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut names: Vec<String> =
        std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    for name in names.iter().filter(|name| name.ends_with("_fixed.trace.gz")) {
        let mut client = recorded(&format!("tests/data/{name}"));
        let answer = ask(&mut client, "find_anomalies", json!({}));
        assert_eq!(answer["structuredContent"]["sections"], json!([]), "{name}: {}", text(&answer));
        assert!(text(&answer).starts_with("nothing found among "), "{name}");
        seen += 1;
    }
    assert_eq!(seen, 15);
}

#[test]
fn an_answer_is_the_same_every_time_and_in_every_order_of_arrival() {
    for path in ["tests/data/slow_server.trace.gz", "examples/recordings/s1_race.trace.gz"] {
        let mut shuffled = events(path, None);
        let mut client = serve(&shuffled);
        let first = ask(&mut client, "find_anomalies", json!({}));
        assert_eq!(ask(&mut client, "find_anomalies", json!({})), first);
        // Equal timestamps keep their order; everything else may come late.
        shuffled.sort_by_key(|event| std::cmp::Reverse(event["timestamp"].as_i64().unwrap()));
        let mut by_time: BTreeMap<i64, usize> = BTreeMap::new();
        for event in &shuffled {
            *by_time.entry(event["timestamp"].as_i64().unwrap()).or_default() += 1;
        }
        let distinct: Vec<Value> =
            shuffled.into_iter().filter(|event| by_time[&event["timestamp"].as_i64().unwrap()] == 1).collect();
        let told = |events: &[Value]| {
            let mut client = serve(events);
            client.call("find_anomalies", json!({}))
        };
        let reversed: Vec<Value> = distinct.iter().rev().cloned().collect();
        assert_eq!(told(&distinct), told(&reversed), "{path}");
    }
}

#[test]
fn kinds_narrow_a_small_budget_cuts_and_both_are_said() {
    let mut client = recorded("tests/data/slow_server.trace.gz");
    let found = find(&mut client, json!({"kinds": ["late_reply", "deadlock"]}));
    assert_eq!(found.iter().map(|one| &*one.kind).collect::<Vec<_>>(), ["late_reply"]);
    let cut = ask(&mut client, "find_anomalies", json!({"max_tokens": 150}));
    assert!(text(&cut).len() <= 600, "{}", text(&cut));
    assert_eq!(cut["structuredContent"]["truncated"], true);
    assert!(text(&cut).contains("cut by max_tokens"));
    let refused = client.refusal("find_anomalies", json!({"kinds": ["dedlock"]}));
    assert!(refused.contains("Did you mean \"deadlock\"?"), "{refused}");
}

#[test]
fn a_recording_that_joins_nothing_is_taken_as_it_is() {
    let mut client = Client::start_with(&client::BANK);
    let found = find(&mut client, json!({}));
    assert!(found.is_empty(), "{:?}", found.iter().map(|one| &one.lines).collect::<Vec<_>>());
    let mailbox = client.text("mailbox", json!({"pid": "<0.120.0>"}));
    assert!(mailbox.contains("lower bounds"), "{mailbox}");
}

#[test]
fn the_same_trouble_in_many_processes_is_told_once_and_recordings_are_kept_apart() {
    let first = events("tests/data/lost_update.trace.gz", None);
    // The same pids, references and times in another recording.
    let again = first.iter().map(|event| {
        let text = event.to_string().replace("\"session_id\":\"s\"", "\"session_id\":\"t\"");
        let mut other = String::new();
        for (at, part) in text.split("\"e").enumerate() {
            let is_id = part.starts_with(|c: char| c.is_ascii_digit());
            other.push_str(if at == 0 {
                ""
            } else if is_id {
                "\"f"
            } else {
                "\"e"
            });
            other.push_str(part);
        }
        serde_json::from_str::<Value>(&other).unwrap()
    });
    let mut client = serve(&first.iter().cloned().chain(again).collect::<Vec<_>>());
    let found = find(&mut client, json!({}));
    let [lost] = &found[..] else { panic!("{} findings", found.len()) };
    lost.says(&["5 of 6", "1 more like it"]);
    let of_one = find(&mut client, json!({"session_id": "t"}));
    assert!(of_one[0].evidence["read"].starts_with('f') && !of_one[0].lines.contains("more like it"));
}
