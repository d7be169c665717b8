//! From a symptom to its cause: `explain`, `state_at`, `state_history` and `overview` on recordings of real programs,
//! asked over a pipe. What is checked are the facts in the answer, their evidence and its size, not the wording.

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
use pipe::Server;
use serde_json::{Value, json};

/// Bytes of a token in budgets.
const TOKEN: usize = 4;

#[test]
fn one_call_leads_from_a_crash_to_the_value_that_was_bad_and_to_who_made_it_so() {
    let mut recorded = Recorded::example("s3_badstate.trace.gz");
    let answer = recorded.explain("last_crash");
    assert!(answer.text.len() <= 800 * TOKEN, "{} bytes", answer.text.len());
    // The error and its line; the consequence is not taken for the cause.
    answer.says(&[":cart_4 <0.123.0>", "ArithmeticError", ":badarith", "s3_badstate.exs:16", "[360, nil]"]);
    assert!(answer.section("crash").contains("<0.135.0>"), "the caller's crash is a consequence");
    // The message and its caller.
    let message = answer.section("message");
    for fact in [":total", "Cart.handle_call/3", "<0.135.0>", "Cart.total(:cart_4) < Checkout.pay(:cart_4)"] {
        assert!(message.contains(fact), "{fact}: {message}");
    }
    // The change that made the state bad, and where its value came from.
    let state = answer.section("state");
    for fact in [
        "discount: 0 -> nil at -50",
        "{:coupon, \"SPRNG\"}",
        "Cart.handle_cast/2",
        "Checkout.shop/3 (s3_badstate.exs:26)",
        "Coupons.percent(\"SPRNG\") -> nil (s3_badstate.exs:13",
    ] {
        assert!(state.contains(fact), "{fact}: {state}");
    }
    // Where it went well.
    let elsewhere = answer.section("elsewhere");
    for fact in ["0 -> 20 in :cart_3, :cart_6", "0 -> 10 in :cart_2", "\"SPRING\" -> 10", "\"VIP\" -> 20"] {
        assert!(elsewhere.contains(fact), "{fact}: {elsewhere}");
    }
    assert!(answer.section("affected").contains("it crashed of that"));
    assert!(answer.section("supervision").contains("not restarted"));
}

#[test]
fn every_event_a_story_names_can_be_asked_for() {
    let recordings = ["crash", "slow_server", "stale_pid", "restart_storm", "deadlock", "swallowed", "unanswered"];
    for name in recordings {
        let mut recorded = Recorded::data(name);
        for target in ["last_crash", "Counter", "Printer", "Feed"] {
            let answer = recorded.explain(target);
            let ids = answer.event_ids();
            assert!(answer.is_error || !ids.is_empty(), "{name} {target}: {}", answer.text);
            for id in ids {
                let event = recorded.ask("get_event_by_id", &json!({ "event_id": id }));
                assert!(!event.is_error, "{name} {target}: {id} in {}", answer.text);
                let told = recorded.explain(&id);
                assert!(!told.is_error, "{name}: explain {id}: {}", told.text);
            }
        }
    }
}

#[test]
fn the_same_recording_gives_the_same_answer_to_the_byte() {
    let asked = || {
        let mut recorded = Recorded::example("s3_badstate.trace.gz");
        let mut text = recorded.explain("last_crash").text;
        text += &recorded.explain("cart_2").text;
        text += &recorded.ask("overview", &json!({})).text;
        text += &recorded.ask("state_history", &json!({ "pid": "cart_4" })).text;
        text
    };
    assert_eq!(asked(), asked());
}

#[test]
fn a_crash_whose_stack_tells_no_operands_still_names_the_value() {
    let answer = Recorded::data("crash").explain("last_crash");
    answer.says(&[
        ":invoice_2",
        "ArithmeticError",
        "crash.exs:14",
        "rate: 0 -> nil",
        "{:region, \"mars\"}",
        "crash.exs:27",
        "Tax.rate(\"mars\") -> nil",
        "0 -> 20 in :invoice_1",
    ]);
    assert!(answer.text.len() <= 800 * TOKEN);
}

#[test]
fn a_call_timeout_leads_to_the_slow_server_its_mailbox_and_the_late_reply() {
    let mut recorded = Recorded::data("slow_server");
    let answer = recorded.explain("last_crash");
    answer.says(&[
        "a call timeout",
        "Printer had not answered within 120ms",
        "Printer.handle_cast/2 with {:print, 39}",
        "39 messages waited before this one",
        "61 messages came, 39 were handled",
        "too late",
    ]);
    assert!(answer.text.len() <= 800 * TOKEN);
    // Asked by its name, the server tells the same.
    let server = recorded.explain("Printer");
    let trouble = server.section("trouble");
    assert!(trouble.contains("grew to 40 messages") && trouble.contains("one came every 1.99ms"), "{trouble}");
    server.says(&["{:print, _} x60", "Office.-pages/1-fun-0-/2 (slow_server.exs:26) x60"]);
}

#[test]
fn a_server_whose_clients_undo_each_other_tells_the_reads_and_writes_that_overlap() {
    let mut recorded = Recorded::example("s1_race.trace.gz");
    let answer = recorded.explain("Account");
    let anomalies = recorded.ask("find_anomalies", &json!({}));
    assert!(answer.text.len() + anomalies.text.len() <= 1_200 * TOKEN);
    let lost = answer.section("lost update");
    for fact in ["`balance`", "19 of 20 {:set_balance, _}", "Teller.deposit/1 (s1_race.exs:15)", "stale_write="] {
        assert!(lost.contains(fact), "{fact}: {lost}");
    }
    answer.says(&["{:set_balance, _} from Account.set_balance/1 in Teller.deposit/1 x20"]);
    for id in answer.event_ids() {
        assert!(!recorded.ask("get_event_by_id", &json!({ "event_id": id })).is_error, "{id}");
    }
    let fixed = Recorded::data("account_fixed").explain("Account");
    assert!(!fixed.text.contains("[lost update]"), "{}", fixed.text);
}

#[test]
fn messages_to_a_stale_pid_are_told_with_the_place_they_are_sent_from() {
    let mut recorded = Recorded::data("stale_pid");
    let overview = recorded.ask("overview", &json!({}));
    overview.says(&["4 messages to nobody", "stale_pid.exs:24"]);
    let answer = recorded.explain("Counter");
    answer.says(&[
        "the last of 2 processes",
        "4 messages lost",
        ":hit sent from",
        "stale_pid.exs:24",
        "x4 by <0.111.0>",
    ]);
    assert!(answer.section("lives").lines().count() == 2, "{}", answer.text);
}

#[test]
fn callers_that_wait_for_each_other_are_told_to_be_a_deadlock() {
    let answer = Recorded::data("deadlock").explain("last_crash");
    answer.says(&["deadlock", "Left", "Right", "deadlock.exs:9", "deadlock.exs:21"]);
}

#[test]
fn a_swallowed_exception_is_what_is_left_to_explain_where_nothing_crashed() {
    let answer = Recorded::data("swallowed").explain("last_crash");
    answer.says(&["ArgumentError", "the process went on", "Rows.store(\"fünf\")", "Rows.row(\"fünf\")"]);
    let nothing = Recorded::data("slow_site_fixed").explain("last_crash");
    assert!(nothing.is_error, "{}", nothing.text);
    nothing.says(&["nothing crashed", "overview"]);
}

#[test]
fn a_restart_storm_tells_which_start_it_was_and_that_the_supervisor_gave_up() {
    let answer = Recorded::data("restart_storm").explain("last_crash");
    answer.says(&["FunctionClauseError", "Feed.host(nil)", "url", "start 4 of 4", "its starter ended"]);
}

#[test]
fn a_call_that_was_handled_and_never_answered_says_what_the_callback_returned() {
    let answer = Recorded::data("unanswered").explain("last_crash");
    answer.says(&["Lobby had not answered", "no reply was sent", "{:noreply, []}"]);
}

#[test]
fn the_history_of_a_path_has_a_row_for_each_value_and_no_other() {
    let mut recorded = Recorded::example("s3_badstate.trace.gz");
    for name in ["cart_4", ":cart_4", "<0.123.0>", "0.123.0"] {
        let answer = recorded.ask("state_history", &json!({ "pid": name, "path": "discount" }));
        let rows = answer.rows("changes");
        assert_eq!(rows.len(), 2, "{name}: {}", answer.text);
        assert_eq!((&rows[0]["from"], &rows[0]["to"]), (&json!("(start)"), &json!("0")));
        assert_eq!((&rows[1]["from"], &rows[1]["to"]), (&json!("0"), &json!("nil")));
        assert_eq!(rows[1]["message"], "{:coupon, \"SPRNG\"}");
        assert_eq!(rows[1]["sent_at"], "Checkout.shop/3 (s3_badstate.exs:26)");
    }
    let whole = recorded.ask("state_history", &json!({ "pid": "cart_4" }));
    let rows = whole.rows("changes");
    assert_eq!(rows.len(), 10);
    assert_eq!(rows[8]["change"], "items: +{\"sku8\", 80} at [0], 8 items");
}

#[test]
fn the_state_at_a_time_is_what_the_last_callback_before_left() {
    let mut recorded = Recorded::example("s3_badstate.trace.gz");
    let history = recorded.ask("state_history", &json!({ "pid": "cart_4" }));
    let t0 = history.structured["t0"].as_i64().unwrap();
    for row in history.rows("changes") {
        let at = t0 + row["at_ns"].as_i64().unwrap();
        let event = row["event"].as_str().unwrap();
        for moment in [json!(at), json!(at + 1), json!(event)] {
            let answer = recorded.ask("state_at", &json!({ "pid": "cart_4", "at": moment }));
            answer.says(&[event]);
        }
        let before = recorded.ask("state_at", &json!({ "pid": "cart_4", "at": at - 1 }));
        if row["change"].as_str().unwrap().starts_with("(start)") {
            assert!(before.is_error, "{}", before.text);
            before.says(&["its first state is set later"]);
            continue;
        }
        assert!(!before.section("changes").contains(&format!("last set 0 ({event})")), "{}", before.text);
    }
    let discount = |recorded: &mut Recorded, at: i64| {
        let arguments = json!({ "pid": "cart_4", "path": "discount", "at": at });
        recorded.ask("state_at", &arguments).structured["answer"].as_str().unwrap().to_owned()
    };
    assert!(discount(&mut recorded, t0).ends_with("was nil"));
    assert!(discount(&mut recorded, t0 - 1).ends_with("was 0"));
    let difference = recorded.ask("state_at", &json!({ "pid": "cart_4", "at": t0, "diff_with": t0 - 1 }));
    assert_eq!(difference.section("difference"), "discount: 0 -> nil");
}

#[test]
fn a_part_of_a_state_names_the_change_that_set_it_not_the_last_one() {
    let mut recorded = Recorded::example("s3_badstate.trace.gz");
    let answer = recorded.ask("state_at", &json!({ "pid": "cart_4", "path": "items[0]" }));
    answer.says(&["{\"sku8\", 80}", "this part was set", "{:add, \"sku8\", 80}", "{:coupon, \"SPRNG\"}"]);
}

#[test]
fn a_recording_without_state_changes_is_read_from_its_callbacks() {
    let mut recorded = Recorded::example("bank.ndjson.gz");
    let answer = recorded.ask("state_history", &json!({ "pid": "<0.125.0>", "path": "balance" }));
    answer.says(&["read from the arguments and results of callbacks"]);
    assert!(answer.rows("changes").len() > 1, "{}", answer.text);
}

#[test]
fn a_name_or_a_path_that_is_not_there_is_refused_with_what_is() {
    let mut recorded = Recorded::example("s3_badstate.trace.gz");
    let refused = |recorded: &mut Recorded, tool: &str, arguments: Value, says: &[&str]| {
        let answer = recorded.ask(tool, &arguments);
        assert!(answer.is_error, "{}", answer.text);
        answer.says(says);
    };
    refused(&mut recorded, "explain", json!({"target": "cart_9"}), &["cart_9", ":cart_1", "Did you mean"]);
    refused(&mut recorded, "explain", json!({"target": "Cart"}), &["callback module of <0.120.0>"]);
    refused(&mut recorded, "explain", json!({"target": "<0.9999.0>"}), &["no stored event names <0.9999.0>"]);
    refused(&mut recorded, "state_at", json!({"pid": "cart_4", "path": "discont"}), &["discont", "discount"]);
    refused(&mut recorded, "state_at", json!({"pid": "cart_4", "path": "a..b"}), &["a key is missing", "items[0]"]);
    refused(&mut recorded, "state_at", json!({"pid": "cart_4", "at": "yesterday"}), &["yesterday", "event id"]);
    refused(&mut recorded, "state_history", json!({"pid": "<0.119.0>"}), &["handle_call"]);
    let mut empty = Recorded(Server::script());
    refused(&mut empty, "explain", json!({"target": "last_crash"}), &["nothing crashed"]);
    refused(&mut empty, "state_at", json!({"pid": "x"}), &["no name was registered"]);
    empty.ask("overview", &json!({})).says(&["0 events"]);
}

#[test]
fn a_small_budget_keeps_the_answer_and_says_what_it_left_out() {
    let mut recorded = Recorded::example("s3_badstate.trace.gz");
    let answer = recorded.ask("explain", &json!({ "target": "last_crash", "max_tokens": 300 }));
    assert!(answer.text.len() <= 300 * TOKEN, "{}", answer.text.len());
    answer.says(&["ArithmeticError", "s3_badstate.exs:16", "because discount was nil", "cut by max_tokens"]);
    assert_eq!(answer.structured["truncated"], true);
}

#[test]
fn an_event_is_followed_back_to_its_cause_over_processes() {
    let mut recorded = Recorded::example("s3_badstate.trace.gz");
    let history = recorded.ask("state_history", &json!({ "pid": "cart_4", "path": "discount" }));
    let change = history.rows("changes")[1]["event"].as_str().unwrap().to_owned();
    let answer = recorded.explain(&change);
    let causes = answer.section("led to by");
    let causes: Vec<&str> = causes.lines().collect();
    assert!(causes[0].contains("Cart.handle_cast"), "{causes:?}");
    assert!(causes[1].contains("sent cast {:coupon, \"SPRNG\"} to :cart_4"), "{causes:?}");
    assert!(causes[2].contains("called Cart.apply_coupon"), "{causes:?}");
    assert!(causes[3].contains("called Checkout.shop"), "{causes:?}");
}

#[test]
fn an_overview_tells_troubles_busy_processes_and_slow_functions_with_their_events() {
    let mut recorded = Recorded::example("s3_badstate.trace.gz");
    let answer = recorded.ask("overview", &json!({}));
    answer.says(&["961 events", "1 crash", ":cart_4", "s3_badstate.exs:16", "function_entry 247"]);
    let trouble = answer.rows("trouble");
    assert_eq!(trouble.iter().filter(|row| row["what"] == "crash").count(), 1);
    let processes = answer.rows("processes");
    assert!(processes[0]["process"].as_str().unwrap().starts_with(":cart_4"), "what crashed stands first");
    let functions = answer.rows("functions");
    assert!(functions.iter().any(|row| row["function"] == "Checkout.shop/3" && row["calls"] == 6));
    assert!(answer.structured["next"].as_array().unwrap().iter().any(|next| next["tool"] == "explain"));
    // A span of it.
    let end = recorded.ask("overview", &json!({ "since_timestamp": "-1ms" }));
    end.says(&["no crash"]);
}
