//! Nothing is taken across a gap or from a value that was cut: no duration, no state, no time in a queue, no cause.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

#[path = "support/client.rs"]
mod client;
#[path = "support/recorded.rs"]
mod recorded;
#[path = "support/terms.rs"]
mod terms;

use elixir_scope_storage::etf::Term;
use elixir_scope_storage::trace::{Recorder, Session};
use elixir_scope_storage::{EventStore, Filter, Query, Settings};
use recorded::{ask, serve, text};
use serde_json::{Value, json};
use terms::{Bytes, atom, binary, improper, int, list, map, mfa, mfa_arity, pid, reference, traced, tuple};

/// What a source says, or that it said something that was lost.
enum Said {
    Message(Bytes),
    Dropped(u64),
}
use Said::{Dropped, Message};

/// The events of what a source says.
fn told(said: Vec<Said>) -> Vec<Value> {
    let store = EventStore::open(Settings::default()).unwrap();
    let session = Session { id: "s".to_owned(), prefix: "e".to_owned(), ..Session::default() };
    let mut recorder = Recorder::new(session);
    for one in said {
        match one {
            Message(message) => recorder.take(Term::parse(&[&[131], &*message].concat()).unwrap()),
            Dropped(messages) => recorder.dropped(messages),
        }
    }
    recorder.finish();
    recorder.hand_over(|events| store.store_events(events));
    let query = Query { limit: 1000, ..Query::new(Filter::default()) };
    let page = store.query_events(&query).unwrap();
    page.events.iter().map(|event| serde_json::from_str(&event.to_json()).unwrap()).collect()
}

fn all<'a>(events: &'a [Value], event_type: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event_type"] == event_type).collect()
}

fn call(function: &str, args: &[Bytes], at: i64) -> Said {
    Message(traced(1, "call", &[mfa("m", function, args)], at))
}

fn back(function: &str, arity: i64, value: Bytes, at: i64) -> Said {
    Message(traced(1, "return_from", &[mfa_arity("m", function, arity), value], at))
}

fn noreply(state: Bytes) -> Bytes {
    tuple(&[atom("noreply"), state])
}

fn cast(content: &str) -> Bytes {
    tuple(&[atom("$gen_cast"), atom(content)])
}

fn cut(size: i64) -> Bytes {
    tuple(&[atom("truncated"), int(size), binary("list with 2000 elements")])
}

#[test]
fn every_kind_of_end_across_a_gap_has_no_duration() {
    let sizes = || list(&[tuple(&[atom("heap_size"), int(1)])]);
    let events = told(vec![
        call("f", &[], 10),
        call("g", &[], 20),
        Message(traced(2, "in", &[mfa_arity("m", "f", 0)], 30)),
        Message(traced(3, "gc_minor_start", &[sizes()], 40)),
        Dropped(5),
        Message(traced(3, "gc_minor_end", &[sizes()], 100)),
        Message(traced(2, "out", &[mfa_arity("m", "f", 0)], 110)),
        back("g", 0, atom("ok"), 120),
        Message(traced(1, "exception_from", &[mfa_arity("m", "f", 0), tuple(&[atom("error"), atom("badarg")])], 130)),
        // What begins after it is whole again.
        call("f", &[], 140),
        back("f", 0, atom("ok"), 150),
    ]);
    let ends: Vec<&Value> = all(&events, "function_exit");
    for end in &ends[..2] {
        assert_eq!((&end["data"]["spans_gap"], &end["duration_ns"]), (&json!(true), &Value::Null), "{end}");
    }
    assert_eq!((&ends[2]["data"]["spans_gap"], &ends[2]["duration_ns"]), (&Value::Null, &json!(10)));
    for kind in ["garbage_collection", "schedule_out"] {
        assert_eq!(all(&events, kind)[0]["duration_ns"], Value::Null, "{kind}");
    }
}

#[test]
fn what_a_process_does_after_a_gap_is_not_laid_to_a_call_from_before() {
    let events = told(vec![
        call("handle_cast", &[atom("a"), int(1)], 10),
        Dropped(5),
        Message(traced(1, "send", &[atom("hi"), pid(2)], 20)),
        call("helper", &[], 30),
        // Back in its loop: the callback from before has ended.
        call("handle_cast", &[atom("b"), int(1)], 40),
        back("handle_cast", 2, noreply(int(1)), 50),
        back("handle_cast", 2, noreply(int(1)), 60),
    ]);
    let send = all(&events, "message_send")[0];
    assert_eq!((&send["parent_id"], &send["data"]["sent_in"]), (&Value::Null, &Value::Null));
    let entries = all(&events, "function_entry");
    assert_eq!(entries[1]["parent_id"], Value::Null);
    let ends = all(&events, "function_exit");
    assert_eq!((&ends[0]["call_id"], &ends[0]["duration_ns"]), (&entries[2]["event_id"], &json!(10)));
    assert_eq!(ends[1]["call_id"], Value::Null, "nobody knows whose end it is");
}

#[test]
fn no_time_in_a_queue_and_no_sender_is_taken_across_a_gap() {
    let handled = |at| call("handle_cast", &[atom("go"), int(1)], at);
    // Sent before and handled after: the one that is handled may be another one.
    for received in [true, false] {
        let mut said = vec![Message(traced(2, "send", &[cast("go"), pid(1)], 10))];
        if received {
            said.push(Message(traced(1, "receive", &[cast("go")], 15)));
        }
        said.extend([Dropped(1), handled(30)]);
        let events = told(said);
        let entry = all(&events, "function_entry")[0];
        assert_eq!((&entry["data"]["queue_time_ns"], &entry["data"]["message_id"]), (&Value::Null, &Value::Null));
    }
    // A reference says which message it is; how long it waited is not known all the same.
    let from = || tuple(&[pid(2), reference(7)]);
    let request = || tuple(&[atom("$gen_call"), from(), atom("get")]);
    let events = told(vec![
        Message(traced(2, "send", &[request(), pid(1)], 10)),
        Dropped(1),
        call("handle_call", &[atom("get"), from(), int(1)], 30),
    ]);
    let entry = all(&events, "function_entry")[0];
    assert_eq!((&entry["data"]["caller_pid"], &entry["data"]["queue_time_ns"]), (&json!("<0.2.0>"), &Value::Null));
}

/// A server with a state of 1, then 2; dropped messages; then with a state of 5, then 6.
fn states_around_a_gap() -> Vec<Value> {
    told(vec![
        call("handle_cast", &[atom("a"), int(1)], 1000),
        back("handle_cast", 2, noreply(int(2)), 2000),
        // The last before.
        Message(traced(9, "exit", &[atom("normal")], 3000)),
        Dropped(50),
        // The first after.
        Message(traced(8, "exit", &[atom("normal")], 5000)),
        call("handle_cast", &[atom("b"), int(5)], 7000),
        back("handle_cast", 2, noreply(int(6)), 8000),
    ])
}

#[test]
fn a_state_is_unknown_from_a_gap_until_it_is_told_again() {
    let events = states_around_a_gap();
    let changes = all(&events, "state_change");
    let seen: Vec<_> = changes
        .iter()
        .map(|change| (change["data"]["old_state"].clone(), change["data"]["new_state"].clone()))
        .collect();
    assert_eq!(seen, [(json!("1"), json!("2")), (Value::Null, json!("5")), (json!("5"), json!("6"))]);
    let across = &changes[1]["data"];
    assert_eq!((&across["spans_gap"], &across["old_state_unknown_since"]), (&json!(true), &json!(3000)));
    assert_eq!(across["trigger_message"], Value::Null, "what changed it is not known");

    let mut client = serve(&events);
    let at = |client: &mut _, at: i64| {
        let answer = ask(client, "state_at", json!({"pid": "<0.1.0>", "at": at}));
        text(&answer).lines().next().unwrap().to_owned()
    };
    for (when, known) in [(1500, "1"), (2000, "2"), (3000, "2"), (5000, "5"), (6000, "5"), (7500, "5"), (8000, "6")] {
        let line = at(&mut client, when);
        assert!(line.ends_with(&format!("was {known}")), "{when}: {line}");
    }
    let gaps = |at: i64| json!({"pid": "<0.1.0>", "at": at});
    let lost = ask(&mut client, "state_at", gaps(4000))["structuredContent"]["gaps"].clone();
    assert_eq!((&lost[0]["lost"], &lost[0]["events"]), (&json!("dropped"), &json!(50)), "{lost}");
    assert_eq!(ask(&mut client, "state_at", gaps(2000))["structuredContent"]["gaps"], json!([]));
    let line = at(&mut client, 4000);
    assert!(line.contains("unknown since") && !line.contains("was 2"), "{line}");
    let history = ask(&mut client, "state_history", json!({"pid": "<0.1.0>"}));
    assert!(text(&history).contains("unknown (events before it were lost) -> 5"), "{}", text(&history));
}

#[test]
fn a_state_that_nothing_tells_after_a_gap_stays_unknown() {
    let mut said = vec![
        call("init", &[int(0)], 500),
        back("init", 1, tuple(&[atom("ok"), int(1)]), 1000),
        Message(traced(9, "exit", &[atom("normal")], 3000)),
        Dropped(50),
    ];
    said.push(Message(traced(8, "exit", &[atom("normal")], 5000)));
    let mut client = serve(&told(said));
    let answer = ask(&mut client, "state_at", json!({"pid": "<0.1.0>", "at": 5000}));
    assert!(text(&answer).lines().next().unwrap().contains("unknown since"), "{}", text(&answer));
}

#[test]
fn a_return_across_a_gap_tells_the_new_state_and_claims_no_old_one() {
    let events = told(vec![
        call("handle_cast", &[atom("a"), int(1)], 10),
        Dropped(3),
        back("handle_cast", 2, noreply(int(9)), 20),
    ]);
    let changes = all(&events, "state_change");
    assert_eq!(changes.len(), 1);
    let data = &changes[0]["data"];
    assert_eq!((&data["new_state"], &data["spans_gap"]), (&json!("9"), &json!(true)));
    for claim in ["old_state", "trigger_message", "sender_pid"] {
        assert_eq!(data[claim], Value::Null, "{claim}");
    }
}

#[test]
fn values_that_were_cut_are_neither_equal_nor_different() {
    let state = |big: Bytes, id: i64| map(&[(atom("big"), big), (atom("id"), int(id))]);
    let events = told(vec![
        call("handle_cast", &[atom("a"), state(cut(5000), 1)], 10),
        back("handle_cast", 2, noreply(state(cut(5000), 2)), 20),
        call("handle_cast", &[atom("b"), state(cut(5000), 2)], 30),
        back("handle_cast", 2, noreply(state(list(&[int(1)]), 2)), 40),
        call("handle_cast", &[atom("b"), cut(9000)], 50),
        back("handle_cast", 2, noreply(cut(9500)), 60),
    ]);
    let diffs: Vec<_> =
        all(&events, "state_change").iter().map(|change| change["data"]["state_diff"].clone()).collect();
    let unknown = "unknown (cut when recorded)";
    let big = json!({"path": "big", "unknown": true});
    assert_eq!(diffs, [json!([big, {"path": "id", "old": "1", "new": "2"}]), json!([big]), json!([{"unknown": true}])]);
    let mut client = serve(&events);
    let answer = ask(&mut client, "state_history", json!({"pid": "<0.1.0>"}));
    assert_eq!(text(&answer).matches(unknown).count(), 3, "{}", text(&answer));
}

#[test]
fn a_spawn_keeps_its_parent_whatever_of_it_was_cut() {
    let whats = [
        tuple(&[atom("Elixir.B"), atom("run"), cut(4000)]),
        tuple(&[atom("Elixir.B"), atom("run"), improper(int(1), int(2))]),
        tuple(&[atom("Elixir.B"), cut(4000), list(&[])]),
        cut(4000),
        tuple(&[atom("Elixir.B"), atom("run"), int(1)]),
    ];
    for (n, what) in whats.iter().enumerate() {
        for by_child in [false, true] {
            let message = if by_child {
                traced(7, "spawned", &[pid(1), what.clone()], 10)
            } else {
                traced(1, "spawn", &[pid(7), what.clone()], 10)
            };
            let events = told(vec![Message(message)]);
            assert_eq!(all(&events, "unknown_trace").len(), 0, "{n}");
            let data = &all(&events, "process_spawn")[0]["data"];
            let parties = (&data["parent_pid"], &data["spawned_pid"]);
            assert_eq!(parties, (&json!("<0.1.0>"), &json!("<0.7.0>")), "{n}");
            let module = if n == 3 { Value::Null } else { json!("B") };
            assert_eq!(data["spawn_module"], module, "{n}");
        }
    }
}
