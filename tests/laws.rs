//! What is wrong by a law that any program keeps: restarts have a limit, a retry has a pause, a message has an effect,
//! one subscription is one delivery, a change stays until another was made of it. Of each law the program of a report, a
//! neighbour of another shape, and repaired ones.
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
#[path = "support/findings.rs"]
mod findings;
#[path = "support/pipe.rs"]
mod pipe;

use findings::{Found, found, kinds, only, report, silent};
use serde_json::{Value, json};

#[test]
fn a_supervisor_that_restarts_too_often_is_told_with_all_it_took_along() {
    let (_, storm) = only("storm_shutdown", "supervisor_gave_up", &[]);
    assert_eq!(storm.confidence, "high");
    storm.says(&[
        "<0.109.0> (supervisor) gave up",
        "for the 4th time",
        "Kid x4",
        "{:shutdown, :idle}",
        "3 times within 5s",
    ]);
    storm.says(&["no child failed", "<0.113.0> ended with {:shutdown, :idle}", "not started again"]);

    let (mut recorded, lounge) = only("20_normal_ends_buggy", "supervisor_gave_up", &["crash"]);
    assert_eq!(lounge.confidence, "high");
    lounge.says(&["Lounge <0.116.0> gave up", "for the 4th time", ":guest1, :guest2, :guest3, :guest4"]);
    lounge.says(&["each ended with {:shutdown, :expired}", "it took 6 children with it: :vip <0.117.0>"]);
    let exit = lounge.event(&mut recorded, "supervisor_exit");
    assert_eq!((&exit["pid"], &exit["data"]["exit_reason"]), (&json!("<0.116.0>"), &json!(":shutdown")));
    let last = lounge.event(&mut recorded, "last_end");
    assert_eq!((&last["event_type"], &last["pid"]), (&json!("process_exit"), &json!("<0.121.0>")));

    // Different children, one end each, of which one was on purpose.
    let (_, plant) = only("gave_up_mixed", "supervisor_gave_up", &["crash"]);
    plant.says(&[
        "Plant <0.121.0> gave up",
        "3rd time",
        "(Pump, Gauge, Valve; ",
        "2 times within 3s",
        "Clerk <0.122.0>",
    ]);
    assert!(!plant.text.contains("no child failed"), "{}", plant.text);

    silent("20_normal_ends_fixed");
    // More often is allowed; in the end its starter stops it, just after another failure.
    assert!(kinds(&mut report("gave_up_mixed_fixed")).iter().all(|kind| kind == "crash"));
}

#[test]
fn who_ended_with_a_supervisor_is_told_why_that_gave_up() {
    let mut recorded = report("20_normal_ends_buggy");
    let cause = ["its supervisor: Lounge <0.116.0> gave up", ":guest4; each ended with {:shutdown, :expired}", ":vip"];
    let vip = recorded.explain(":vip").section("ended by");
    let called = recorded.explain("last_crash").section("the process called");
    for text in [vip, called] {
        for one in cause {
            assert!(text.contains(one), "{one:?} is not in:\n{text}");
        }
    }
    let lounge = recorded.explain("<0.116.0>").section("ended by");
    assert!(lounge.starts_with("Lounge <0.116.0> gave up"), "{lounge}");
    // Stopped by another, whatever came before.
    let story = report("gave_up_mixed_fixed").explain("Plant").section("ended by");
    assert!(!story.contains("gave up") && story.contains("asked it to stop"), "{story}");
}

#[test]
fn a_retry_without_a_pause_is_told_with_the_place_that_asks_again() {
    let (mut recorded, feed) = only("18_no_backoff_buggy", "hot_loop", &[]);
    feed.says(&["Feed <", "called Gate.dial/0", "{:error, :refused}", "by a message to itself, :connect", "exs:26"]);
    let round = feed.event(&mut recorded, "round");
    assert_eq!((&round["function"], &round["data"]["args"][0]), (&json!("handle_info"), &json!(":connect")));
    let failed = feed.event(&mut recorded, "first_error");
    assert_eq!((&failed["module"], &failed["data"]["result"]), (&json!("Gate"), &json!("{:error, :refused}")));

    // By recursion, with tries that are counted; and by handle_continue.
    let mut recorded = report("hot_retry");
    let found = found(&mut recorded);
    let loops: Vec<&Found> = found.iter().filter(|found| found.kind == "hot_loop").collect();
    let has = |texts: &[&str]| loops.iter().any(|one| texts.iter().all(|text| one.text.contains(text)));
    assert!(has(&["Clerk.attempt/1", "{:error, \"no paper for page 7\"}", "Clerk.copy/2 calls itself"]));
    assert!(has(&["Lift <", "Motor.run/0", "returned :error", "Lift.handle_continue/2 follows itself"]));
    assert_eq!(loops.len(), 2);

    // With a pause; and quick loops that are told an error in each round because they have work to do.
    silent("18_no_backoff_fixed");
    silent("hot_retry_fixed");
}

#[test]
fn one_who_is_sent_everything_twice_is_told_with_what_put_it_there_again() {
    let (mut recorded, hub) = only("05_double_subscription_buggy", "delivered_twice", &[]);
    assert_eq!(hub.confidence, "high");
    hub.says(&["Hub <", "till_b <", "{:news, _, _} twice", "16 times", "2 others"]);
    hub.says(&["{:subscribe, :orders}", "double_subscription_buggy.exs:32", "2 times"]);
    let (first, again) = (hub.event(&mut recorded, "first"), hub.event(&mut recorded, "again"));
    assert_eq!(first["data"]["message"], again["data"]["message"]);
    assert_eq!(first["data"]["receiver_pid"], again["data"]["receiver_pid"]);
    assert_ne!(first["event_id"], again["event_id"]);
    let asked = hub.event(&mut recorded, "asked_again");
    assert_eq!((&asked["event_type"], &asked["pid"]), (&json!("message_send"), &first["data"]["receiver_pid"]));

    // By casts, from a function of the one who is told.
    let (_, bell) = only("twice_listed", "delivered_twice", &[]);
    assert_eq!(bell.confidence, "medium");
    bell.says(&["Bell <", "night <", "{:bell, _} twice", "5 times", "1 other", "{:sign_up, #PID<", "2 times"]);

    silent("05_double_subscription_fixed");
    silent("twice_listed_fixed");
}

#[test]
fn a_message_that_falls_into_the_clause_for_all_others_is_told_beside_one_of_its_kind() {
    let (mut recorded, stock) = only("23_ignored_message_buggy", "ignored_message", &[]);
    // What is not traced may have had an effect.
    assert_eq!(stock.confidence, "low");
    stock.says(&["10 {:sold, _, _} messages to Stock <", "Stock.handle_info/2 returned the state as it was"]);
    stock.says(&["{:sold, _} did something 30 of 30 times", "Counter.sell/2", "exs:23"]);
    let first = stock.event(&mut recorded, "first");
    assert_eq!((&first["function"], &first["data"]["args"][0]), (&json!("handle_info"), &json!("{:sold, :tea, 2}")));

    let mut recorded = report("wrong_shape");
    let found = found(&mut recorded);
    let kinds: Vec<&str> = found.iter().map(|found| &*found.kind).collect();
    assert_eq!(kinds, ["ignored_message"; 2]);
    // Where a callback of another kind has the clause; and where only the keys of a map are of another kind.
    let has = |texts: &[&str]| found.iter().any(|one| texts.iter().all(|text| one.text.contains(text)));
    assert!(has(&["4 {:parcel, _} messages", "Depot.handle_cast/2 returned", "8 of 8 times (Depot.handle_info/2)"]));
    assert!(has(&["4 {:note, _} messages", "the first was {:note, %{\"text\" => \"late van 1\"}}", "8 of 8 times"]));

    silent("23_ignored_message_fixed");
    silent("wrong_shape_fixed");
}

#[test]
fn equal_work_that_many_do_at_once_is_told_where_its_result_is_kept() {
    let (mut recorded, rates) = only("08_stampede_buggy", "stampede", &[]);
    assert_eq!(rates.confidence, "high");
    rates.says(&[
        "15 processes",
        "Rates.load(:eur)",
        "{:eur, 117}",
        "3 times, 45 calls in all",
        "Shelf.get/1",
        "got nil",
    ]);
    let missed = rates.event(&mut recorded, "missed");
    assert_eq!((&missed["module"], &missed["function"]), (&json!("Shelf"), &json!("get")));

    // What is looked into is not traced: that it is kept shows when it is there.
    let (mut recorded, artist) = only("ets_stampede", "stampede", &[]);
    artist.says(&["8 processes", "Artist.draw(\"home\", 4)", "%{lines: 12, name: \"home\"}", "without it"]);
    assert_eq!(artist.event(&mut recorded, "first")["function"], "draw");

    // Misses against hits are no outlier either.
    silent("08_stampede_fixed");
    silent("ets_stampede_fixed");
}

#[test]
fn what_ended_without_giving_back_is_told_beside_what_did() {
    let (mut recorded, guests) = only("03_no_terminate_buggy", "terminate_skipped", &[]);
    guests.says(&[
        "Guest processes ended with :shutdown and their terminate/2 did not run",
        "in the 2 others told Seats",
    ]);
    guests.says(&["{:give_back, _}", "they had told it {:take, _} and not that", "Guest.terminate/2"]);
    let (ended, back) = (guests.event(&mut recorded, "ended"), guests.event(&mut recorded, "gave_back"));
    assert_eq!((&ended["event_type"], &ended["data"]["exit_reason"]), (&json!("process_exit"), &json!(":shutdown")));
    assert_eq!((&back["event_type"], &back["function"]), (&json!("function_entry"), &json!("terminate")));
    assert_ne!(ended["pid"], back["pid"]);

    // Killed, having taken something by cast in the middle of their lives.
    let (_, workers) = only("lent_tools", "terminate_skipped", &[]);
    workers.says(&["2 of 5 Worker processes ended with :killed", "in the 3 others told Shed"]);
    workers.says(&["{:bring, _}", "they had told it {:take, _, _} and not that"]);
    assert_eq!(workers.confidence, "medium");

    silent("03_no_terminate_fixed");
    // A monitor gives it back; what stops as a whole holds nothing.
    silent("lent_tools_fixed");
}

#[test]
fn monitors_that_outlive_their_entries_are_told_when_the_monitored_ends() {
    let (mut recorded, roster) = only("01_monitor_leak_buggy", "monitor_leak", &[]);
    assert_eq!(roster.confidence, "high");
    roster.says(&["Roster <0.112.0> had monitored wire_a <0.113.0> 61 times", "got 61 :DOWN", "references of 60 of"]);
    roster.says(&["comes into the state by Roster.handle_call/3 with {:enter, _}", "buggy.exs:29", "(60 times)"]);
    roster.says(&["goes out by Roster.handle_cast/2 with {:forget, _}", "buggy.exs:28", "does not end the monitor"]);
    let (first, last) = (roster.event(&mut recorded, "first_down"), roster.event(&mut recorded, "last_down"));
    for down in [&first, &last] {
        let message = down["data"]["message"].as_str().unwrap();
        assert!(message.starts_with("{:DOWN, #Reference<") && message.contains("#PID<0.113.0>"), "{message}");
    }
    assert_ne!(first["data"]["message"], last["data"]["message"]);
    let taken_out = roster.event(&mut recorded, "taken_out");
    assert_eq!((&taken_out["module"], &taken_out["function"]), (&json!("Roster"), &json!("handle_cast")));

    // The reference within an entry that is written anew. Who is monitored once for each of many entries is no leak.
    let (mut recorded, board) = only("joined_again", "monitor_leak", &[]);
    board.says(&["8 times", "got 8 :DOWN", "references of 7 of", "goes out by Board.handle_info/2 with {:join, _, _}"]);
    let put_in = board.event(&mut recorded, "put_in");
    assert_eq!(
        (&put_in["function"], &put_in["data"]["args"][0].as_str().unwrap()[..7]),
        (&json!("handle_info"), "{:join,")
    );

    silent("01_monitor_leak_fixed");
    silent("joined_again_fixed");
}

#[test]
fn a_callee_that_works_for_one_who_is_gone_is_told_with_who_gave_it_away() {
    let (_, timeout) = only("07_busy_in_pool_buggy", "call_timeout", &[]);
    let cause = [
        "at work on {:job, 600} for <0.119.0> (fn in Main), which was killed",
        "Crew <0.115.0> put it into free all the same, in Crew.handle_info/2 with {:DOWN, _, _, _, _}",
    ];
    timeout.says(&cause);
    let called = report("07_busy_in_pool_buggy").explain("last_crash").section("the process called");
    for one in cause {
        assert!(called.contains(one), "{one:?} is not in:\n{called}");
    }
    // Who is killed because nobody wants it any more is nobody's trouble.
    silent("07_busy_in_pool_fixed");
}

#[test]
fn a_message_without_a_send_is_not_said_to_be_of_an_untraced_process() {
    let (_, crash) = only("12_stale_timer_buggy", "crash", &[]);
    crash.says(&["it was handling info {:timer, :beat} whose sender is not known"]);
    assert!(!crash.text.contains("untraced"), "{}", crash.text);
    let mut recorded = report("12_stale_timer_buggy");
    let story = recorded.explain("last_crash");
    assert!(story.section("state").contains("by :step_down in Captain.handle_cast/2"), "{}", story.section("state"));
    silent("12_stale_timer_fixed");
}

#[test]
fn a_change_that_is_overwritten_by_who_had_read_before_it_is_told_where_no_server_shows_it() {
    // In a table: two functions, of which only the calls are known.
    let (mut recorded, hits) = only("lost_ets", "lost_update", &[]);
    hits.says(&["at least 19 updates of what Hits.get/1 reads and Hits.put/2 writes for :home were lost, unless all"]);
    hits.says(&["in Hits.hit/1: read at Hits.hit/1 (", "lost_ets.exs:7), written at Hits.hit/1;"]);
    hits.says(&[
        "each changed what it had read by +1, and all had read 0",
        "to change it by +19; later <0.108.0> read 1 (",
    ]);
    // What may be meant to be 1 whatever it was.
    assert_eq!(hits.confidence, "low");
    let (read, other, stale) = (
        hits.event(&mut recorded, "read"),
        hits.event(&mut recorded, "other_write"),
        hits.event(&mut recorded, "stale_write"),
    );
    assert_eq!((&read["function"], &read["data"]["args"]), (&json!("get"), &json!([":home"])));
    for write in [&other, &stale] {
        assert_eq!((&write["function"], &write["data"]["args"]), (&json!("put"), &json!([":home", "1"])));
    }
    assert_eq!(read["pid"], stale["pid"]);
    assert_ne!(other["pid"], stale["pid"]);
    let at = |event: &Value| event["timestamp"].as_i64().unwrap();
    assert!(at(&read) < at(&other) && at(&other) < at(&stale));

    // Maps that have their key in them, through two modules.
    let (mut recorded, stock) = only("lost_stock", "lost_update", &[]);
    assert_eq!(stock.confidence, "medium");
    stock.says(&[
        " updates of `left` of what Shelf.item/1 reads and Depot.store/1 writes for \"tea\" were lost",
        "of 8 writes",
    ]);
    stock.says(&["in Order.take/2: read at Order.take/2 (", "lost_stock.exs:14), written at Order.take/2 ("]);
    stock.says(&["each changed what it had read by what the call around was given"]);
    let caller = stock.event(&mut recorded, "caller");
    assert_eq!((&caller["module"], &caller["function"]), (&json!("Order"), &json!("take")));

    // What many do to a table and lose nothing by it.
    silent("lost_ets_fixed");
    silent("lost_stock_fixed");
}

#[test]
fn a_change_of_an_agent_that_is_overwritten_is_told_with_what_its_functions_made_of_its_state() {
    let (mut recorded, purse) = only("lost_agent", "lost_update", &[]);
    assert_eq!(purse.confidence, "medium");
    purse.says(&[
        "at least 19 updates of the state of Purse <",
        "were lost, unless all were to write the same: so many of 20",
    ]);
    purse.says(&[
        "outside of the agent, in Purse.add/1: read at Purse.add/1 (",
        "lost_agent.exs:7), written at Purse.set/1",
    ]);
    purse.says(&["Purse.balance/0 -> 0 (", "Purse.set/1: 0 -> 10 (", "to change it by +190"]);
    let (read, other, stale) = (
        purse.event(&mut recorded, "read"),
        purse.event(&mut recorded, "other_write"),
        purse.event(&mut recorded, "stale_write"),
    );
    assert_eq!((&read["data"]["args"], &other["data"]["args"]), (&json!(["0"]), &json!(["0", "10"])));
    assert_eq!(stale["data"]["args"], json!(["10", "10"]));
    let story = recorded.explain("Purse").section("lost update");
    assert!(story.contains("so many of 20 put"), "{story}");

    // One key of a map, by casts.
    let (mut recorded, basket) = only("lost_basket", "lost_update", &[]);
    assert_eq!(basket.confidence, "high");
    basket.says(&["at least 4 updates of the state of Basket <", "at `apple` were lost: so many of 12 put"]);
    basket.says(&["each changed what it had read by what the call around was given", "Basket.count/1 -> 50 ("]);
    let stale = basket.event(&mut recorded, "stale_write");
    assert_eq!(stale["data"]["args"], json!(["%{apple: 49, pear: 28}", ":apple", "60"]));

    silent("lost_agent_fixed");
    silent("lost_basket_fixed");
}

#[test]
fn what_was_asked_for_and_never_comes_is_told_with_the_stage_that_asks_for_no_more() {
    let (mut recorded, sink) = only("09_demand_lost_buggy", "unmet_demand", &[]);
    assert_eq!(sink.confidence, "medium");
    sink.says(&["Sink <0.117.0> waits for 8 more", "it asked Sieve <0.116.0> for 15 and was given 7"]);
    sink.says(&["Sieve was given all 15 that it had asked Source <0.115.0> for, passed on 7 and asks for no more"]);
    sink.says(&["while Source still holds 185", "Sieve.handle_cast/2 of Sieve took 10 and passed on 5"]);
    sink.says(&["Sieve.handle_cast/2 (09_demand_lost_buggy.exs:31)", "the 8 that are missing"]);
    sink.says(&["Sieve asked Source for 15 in 2 messages, {:ask, _}", "it was given 15 in 2, {:items, _}"]);
    let (asked, given) = (sink.event(&mut recorded, "last_ask"), sink.event(&mut recorded, "last_given"));
    assert_eq!(asked["data"]["message"], r#"{:"$gen_cast", {:ask, 5}}"#);
    assert_eq!(given["data"]["message"], r#"{:"$gen_cast", {:items, [12, 14]}}"#);
    let holds = sink.event(&mut recorded, "holds");
    assert_eq!((&holds["event_type"], &holds["pid"]), (&json!("state_change"), &json!("<0.115.0>")));

    // Over four stages, one of which passes on what it is given: it waits, too, and is not the one that drops.
    let (mut recorded, mason) = only("short_orders", "unmet_demand", &[]);
    assert_eq!(mason.confidence, "medium");
    mason.says(&[
        "Cart <",
        "waits for 8 more",
        "for 24 and was given 16",
        "Sorter was given all 24 that it had asked Quarry <",
    ]);
    mason.says(&[
        "while Quarry still holds 36",
        "Quarry holds the 36 in `stones`",
        "Sorter.handle_call/3 of Sorter took ",
    ]);
    mason.says(&["Mason asked Cart for 24 in 7 messages, {:order, _, _}", "it was given 16 in 6, {:stones, _, _}"]);
    let dropped = mason.event(&mut recorded, "dropped_in");
    assert_eq!((&dropped["module"], &dropped["function"]), (&json!("Sorter"), &json!("handle_call")));

    // What is dropped is asked for again, until there is no more: then all wait, too.
    silent("09_demand_lost_fixed");
    silent("short_orders_fixed");
}

#[test]
fn news_that_was_overtaken_on_its_way_is_told_where_it_took_the_place_of_newer() {
    let (mut recorded, board) = only("overtaken", "overtaken", &[]);
    assert_eq!(board.confidence, "high");
    board.says(&[
        "of 7 messages {:show, _, _} that Feed <",
        "passed on to Board <",
        "2 came after one that was passed",
    ]);
    board.says(&["first {:show, :tea, 95}, then {:show, :tea, 100}: `prices.tea` went from 95 to 100"]);
    board.says(&["one of such values stands to the end", "sent at Board.show/2 in Feed.handle_cast/2"]);
    let (newer, older) = (board.event(&mut recorded, "newer"), board.event(&mut recorded, "older"));
    let starts = ["older_started", "newer_started"].map(|role| board.event(&mut recorded, role));
    assert_eq!([&starts[0]["data"]["spawned_pid"], &starts[1]["data"]["spawned_pid"]], [&older["pid"], &newer["pid"]]);
    let at = |event: &Value| event["timestamp"].as_i64().unwrap();
    assert!(at(&starts[0]) < at(&starts[1]) && at(&newer) < at(&older));
    let set_back = board.event(&mut recorded, "set_back");
    assert_eq!(set_back["data"]["state_diff"][0], json!({"path": "prices.tea", "old": "95", "new": "100"}));

    // From a loop of its own, by calls, to one whose whole value it is.
    let (_, attic) = only("overtaken_rooms", "overtaken", &[]);
    assert_eq!(attic.confidence, "medium");
    attic.says(&["of 4 messages {:is_at, _}", "passed on to attic <", "1 came after one that was passed on later"]);
    attic.says(&["`degrees` went from 24 to 28", "Gateway.pass_on/2"]);

    // The receiver keeps the newest; and a collector, clients that race, and a listener, which keep no order.
    silent("overtaken_fixed");
    silent("overtaken_meant");
}

#[test]
fn runs_of_a_job_that_its_timer_starts_before_the_last_is_over_are_told() {
    let (mut recorded, reports) = only("overlapping_runs", "overlapping_runs", &[]);
    assert_eq!(reports.confidence, "medium");
    reports.says(&["Scheduler <", "starts Report.build/1 every 41ms though a run takes 131ms: 12 of 13 runs began"]);
    reports.says(&[
        "up to 4 were at once",
        "each on :tick, which no process was seen to send, given :daily",
        "3 runs not over",
    ]);
    let events = ["at_it", "started_again", "first_ended"].map(|role| reports.event(&mut recorded, role));
    let at = |event: &Value| event["timestamp"].as_i64().unwrap();
    assert!(at(&events[0]) < at(&events[1]) && at(&events[1]) < at(&events[2]));
    assert_eq!(events[0]["data"]["spawned_pid"], events[2]["pid"]);

    // By a loop of its own and `:timer.send_interval`, each in the way of the next.
    let (_, sweeps) = only("overlapping_sweep", "overlapping_runs", &["mailbox_growth"]);
    assert_eq!(sweeps.confidence, "high");
    sweeps.says(&[
        "starts Sweeper.sweep/0 every 31ms though a run takes 117ms",
        "each on :sweep, which no process was seen to send, given nothing",
        "more and more",
    ]);

    // No second one is begun; and requests, a heartbeat, a pool that grows, and runs that find another and end.
    silent("overlapping_runs_fixed");
    silent("overlapping_meant");
}
