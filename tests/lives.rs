//! What is wrong with lives: what a process knew is lost with it, and what it had started goes on without it.
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

use findings::{kinds, only, report};
use serde_json::json;

#[test]
fn subscribers_that_the_successor_does_not_know_are_told_with_what_they_miss() {
    let (mut recorded, lost) = only("lost_readers", "lost_at_restart", &["crash"]);
    assert_eq!(lost.confidence, "high");
    lost.says(&["Newsroom <0.113.0> knew ann <0.114.0>, ben <0.115.0>, cleo <0.116.0> when it ended with {:badmatch,"]);
    lost.says(&["its successor Newsroom <0.117.0> does not, though they live"]);
    lost.says(&["sent {:headline, _} when Newsroom.handle_cast/2 handled {:publish, _}, 5 times at least"]);
    lost.says(&["the successor handled as many as 7 times and sent them nothing"]);
    // The state in which it failed still held them.
    let knew = lost.event(&mut recorded, "knew");
    assert_eq!((&knew["function"], &knew["pid"]), (&json!("handle_cast"), &json!("<0.113.0>")));
    assert!(knew["data"]["args"][1].as_str().unwrap().contains("#PID<0.115.0>"), "{knew}");
    let newest = lost.event(&mut recorded, "last_told");
    assert_eq!((&newest["pid"], &newest["data"]["message"]), (&json!("<0.113.0>"), &json!("{:headline, \"story 5\"}")));
    let since = lost.event(&mut recorded, "told_nobody");
    let args = json!(["{:publish, \"story 6\"}", "%{published: 0, readers: %MapSet{map: %{}, version: 2}}"]);
    assert_eq!((&since["pid"], &since["data"]["args"]), (&json!("<0.117.0>"), &args));

    // They watch it, and subscribe again.
    assert_eq!(kinds(&mut report("lost_readers_fixed")), ["crash"]);
}

#[test]
fn who_registered_once_and_is_not_found_any_more_is_told_with_both_answers() {
    let (mut recorded, lost) = only("lost_lamps", "lost_at_restart", &["crash"]);
    assert_eq!(lost.confidence, "high");
    lost.says(&["Directory <0.116.0> knew <0.117.0> (Lamp), <0.118.0> (Lamp)", "successor Directory <0.119.0>"]);
    lost.says(&["Directory.handle_call/3 answered {:whereis, :hall} with #PID<0.117.0>; the successor answered nil"]);
    lost.says(&["answered nil, 2 times in all"]);
    let (given, missing) = (lost.event(&mut recorded, "given"), lost.event(&mut recorded, "missing"));
    assert_eq!((&given["pid"], &missing["pid"]), (&json!("<0.116.0>"), &json!("<0.119.0>")));
    assert!(given["data"]["message"].as_str().unwrap().ends_with("#PID<0.117.0>}"), "{given}");
    assert!(missing["data"]["message"].as_str().unwrap().ends_with(", nil}"), "{missing}");

    // They are started again with it.
    assert_eq!(kinds(&mut report("lost_lamps_fixed")), ["crash"]);
}

#[test]
fn a_worker_that_outlives_its_starter_is_told_with_the_one_that_does_the_same() {
    let (mut recorded, poller) = only("orphan_poller", "orphan", &["crash"]);
    assert_eq!(poller.confidence, "high");
    poller.says(&["<0.118.0> (fn in Station) goes on after the end of Station <0.117.0>"]);
    poller.says(&["Station <0.119.0> took its place and started <0.120.0> (fn in Station) with the same function"]);
    poller.says(&["both send {:reading, _} to Board <0.116.0>: <0.118.0> 12 times and <0.120.0> 13 times within"]);
    poller.says(&["Station <0.117.0> had ended with :badarith; no link between the two was recorded"]);
    let (started, again) = (poller.event(&mut recorded, "started"), poller.event(&mut recorded, "started_again"));
    assert_eq!((&started["pid"], &again["pid"]), (&json!("<0.117.0>"), &json!("<0.119.0>")));
    assert_eq!(started["data"]["spawn_args"], again["data"]["spawn_args"]);
    let exit = poller.event(&mut recorded, "starter_exit");
    assert_eq!((&exit["event_type"], &exit["pid"]), (&json!("process_exit"), &json!("<0.117.0>")));

    // A server without a link, of one without a name that was killed.
    let (_, metronome) = only("orphan_clock", "orphan", &["crash"]);
    assert_eq!(metronome.confidence, "high");
    metronome.says(&["<0.118.0> (Metronome) goes on after the end of <0.117.0> (Conductor)", "<0.120.0> (Metronome)"]);
    metronome.says(&["both send {:beat, _} to orchestra <0.115.0>", "had ended with :killed; no link"]);

    // With a link; and with a monitor.
    assert_eq!(kinds(&mut report("orphan_poller_fixed")), ["crash"]);
    assert_eq!(kinds(&mut report("orphan_clock_fixed")), ["crash"]);
}
