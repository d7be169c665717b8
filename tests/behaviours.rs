//! The state of a process of each OTP behaviour, as `:sys.get_state/1` tells it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

#[path = "support/terms.rs"]
mod terms;

use elixir_scope_storage::etf::Term;
use elixir_scope_storage::trace::{Recorder, Session};
use elixir_scope_storage::{EventStore, Filter, Query, Settings};
use serde_json::{Value, json};
use terms::{Bytes, atom, int, list, map, mfa, mfa_arity, pid, reference, site, traced, tuple};

fn told(messages: &[Bytes]) -> Vec<Value> {
    let store = EventStore::open(Settings::default()).unwrap();
    let session = Session { id: "s".to_owned(), prefix: "e".to_owned(), ..Session::default() };
    let mut recorder = Recorder::new(session);
    for message in messages {
        recorder.take(Term::parse(&[&[131], &**message].concat()).unwrap());
    }
    recorder.finish();
    recorder.hand_over(|events| store.store_events(events));
    let page = store.query_events(&Query { limit: 1000, ..Query::new(Filter::default()) }).unwrap();
    page.events.iter().map(|event| serde_json::from_str(&event.to_json()).unwrap()).collect()
}

/// Who calls a callback.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    /// The module of a behaviour.
    Module(&'static str),
    /// The match specification did not ask.
    Unknown,
}

/// One call of a callback of the module `M`, and what it returns.
type Call = (&'static str, Vec<Bytes>, Bytes);

/// The states that these callbacks tell one after the other.
fn states(by: By, calls: &[Call]) -> Vec<String> {
    let mut at = 0;
    let mut messages = Vec::new();
    for (function, args, result) in calls {
        at += 10;
        let mut call = vec![mfa("Elixir.M", function, args)];
        if let By::Module(module) = by {
            call.push(site(module, "loop", 9, "b.erl", 7));
        }
        messages.push(traced(1, "call", &call, at));
        let back = [mfa_arity("Elixir.M", function, args.len() as i64), result.clone()];
        messages.push(traced(1, "return_from", &back, at + 5));
    }
    let events = told(&messages);
    let changes = events.iter().filter(|event| event["event_type"] == "state_change");
    changes.map(|change| change["data"]["new_state"].as_str().unwrap().to_owned()).collect()
}

fn n(n: i64) -> Bytes {
    map(&[(atom("n"), int(n))])
}

fn t(parts: &[Bytes]) -> Bytes {
    tuple(parts)
}

#[test]
fn a_state_machine_with_state_functions() {
    let (a, i) = (atom, int);
    let call = || t(&[a("call"), t(&[pid(2), reference(7)])]);
    let calls: Vec<Call> = vec![
        ("callback_mode", vec![], list(&[a("state_functions"), a("state_enter")])),
        ("init", vec![a("x")], t(&[a("ok"), a("off"), n(0)])),
        ("off", vec![a("enter"), a("off"), n(0)], t(&[a("keep_state"), n(1)])),
        ("off", vec![a("cast"), a("flip"), n(1)], t(&[a("next_state"), a("on"), n(2)])),
        ("on", vec![a("enter"), a("off"), n(2)], a("keep_state_and_data")),
        ("on", vec![call(), a("get"), n(2)], t(&[a("keep_state_and_data"), list(&[])])),
        ("on", vec![a("info"), a("later"), n(2)], t(&[a("keep_state"), n(2), list(&[a("postpone")])])),
        ("on", vec![a("state_timeout"), a("tick"), n(2)], t(&[a("repeat_state"), n(3)])),
        ("on", vec![t(&[a("timeout"), a("name")]), a("tick"), n(3)], t(&[a("next_state"), a("off"), n(4), list(&[])])),
        ("off", vec![a("info"), a("later"), n(4)], t(&[a("stop"), a("normal"), n(5)])),
        // A helper of the same module is no state.
        ("log", vec![a("warning"), a("text"), n(9)], t(&[a("keep_state"), n(8)])),
        ("log", vec![i(1), a("text"), n(9)], t(&[a("keep_state"), n(8)])),
    ];
    let expected = [
        "{:off, %{n: 0}}",
        "{:off, %{n: 1}}",
        "{:on, %{n: 2}}",
        "{:on, %{n: 3}}",
        "{:off, %{n: 4}}",
        "{:off, %{n: 5}}",
    ];
    for by in [By::Module("gen_statem"), By::Unknown] {
        assert_eq!(states(by, &calls), expected, "{by:?}");
    }
    // Who calls says it, even where `callback_mode/0` was called before the recording.
    assert_eq!(states(By::Module("gen_statem"), &calls[1..]), expected);
    // Nobody says that it is one.
    assert_eq!(states(By::Module("Elixir.Other"), &calls[2..]), [""; 0]);
    assert_eq!(states(By::Unknown, &calls[2..]), [""; 0]);
}

#[test]
fn a_state_machine_with_handle_event() {
    let a = atom;
    let calls: Vec<Call> = vec![
        ("init", vec![a("x")], t(&[a("ok"), t(&[a("open"), int(1)]), n(0), list(&[])])),
        (
            "handle_event",
            vec![a("cast"), a("flip"), t(&[a("open"), int(1)]), n(0)],
            t(&[a("next_state"), a("shut"), n(1)]),
        ),
        ("handle_event", vec![a("internal"), a("go"), a("shut"), n(1)], t(&[a("keep_state"), n(2)])),
        ("handle_event", vec![a("info"), a("go"), a("shut"), n(2)], t(&[a("stop_and_reply"), a("x"), list(&[]), n(3)])),
    ];
    let told = states(By::Module("gen_statem"), &calls);
    assert_eq!(told, ["{{:open, 1}, %{n: 0}}", "{:shut, %{n: 1}}", "{:shut, %{n: 2}}", "{:shut, %{n: 3}}"]);
    // A handler of telemetry has that name too.
    let handler: Call =
        ("handle_event", vec![list(&[a("my"), a("stop")]), n(0), n(1), n(2)], t(&[a("keep_state"), n(5)]));
    assert_eq!(states(By::Module("gen_statem"), &[handler]), [""; 0]);
}

#[test]
fn a_message_of_a_state_machine_has_its_sender() {
    let a = atom;
    let from = || t(&[pid(2), reference(7)]);
    let by = || site("gen_statem", "loop", 9, "b.erl", 7);
    let events = told(&[
        traced(2, "send", &[t(&[a("$gen_cast"), a("flip")]), pid(1)], 1),
        traced(1, "call", &[mfa("M", "off", &[a("cast"), a("flip"), n(0)]), by()], 2),
        traced(1, "return_from", &[mfa_arity("M", "off", 3), t(&[a("next_state"), a("on"), n(1)])], 3),
        traced(3, "send", &[t(&[a("$gen_call"), from(), a("get")]), pid(1)], 4),
        traced(1, "call", &[mfa("M", "on", &[t(&[a("call"), from()]), a("get"), n(1)]), by()], 9),
    ]);
    let change = events.iter().find(|event| event["event_type"] == "state_change").unwrap();
    assert_eq!(
        (&change["data"]["sender_pid"], &change["data"]["trigger_message"]),
        (&json!("<0.2.0>"), &json!(":flip"))
    );
    let diff = json!(["{0}: :off -> :on", "{1}.n: 0 -> 1"]);
    assert_eq!(change["data"]["state_diff"], diff);
    let entries: Vec<_> = events.iter().filter(|event| event["event_type"] == "function_entry").collect();
    let asked = &entries[1]["data"];
    assert_eq!((&asked["caller_pid"], &asked["queue_time_ns"]), (&json!("<0.3.0>"), &json!(5)));
    assert_eq!(entries[1]["correlation_id"], "#Reference<0.1.2.7>");
}

#[test]
fn every_result_of_a_server_tells_its_state() {
    let a = atom;
    let from = || t(&[pid(2), reference(7)]);
    let go = || t(&[a("continue"), a("go")]);
    for (nth, (start, state)) in [
        (t(&[a("ok"), int(1)]), "1"),
        (t(&[a("ok"), int(1), int(500)]), "1"),
        (t(&[a("ok"), int(1), a("hibernate")]), "1"),
        (t(&[a("ok"), int(1), a("infinity")]), "1"),
        (t(&[a("ok"), int(1), go()]), "1"),
    ]
    .into_iter()
    .enumerate()
    {
        for by in [By::Module("gen_server"), By::Unknown] {
            assert_eq!(states(by, &[("init", vec![a("x")], start.clone())]), [state], "{nth} {by:?}");
        }
    }
    let calls: Vec<Call> = vec![
        ("handle_call", vec![a("m"), from(), int(0)], t(&[a("reply"), a("r"), int(1)])),
        ("handle_call", vec![a("m"), from(), int(1)], t(&[a("reply"), a("r"), int(2), go()])),
        ("handle_call", vec![a("m"), from(), int(2)], t(&[a("noreply"), int(3), a("hibernate")])),
        ("handle_call", vec![a("m"), from(), int(3)], t(&[a("stop"), a("normal"), a("r"), int(4)])),
        ("handle_call", vec![a("m"), from(), int(4)], t(&[a("stop"), a("normal"), int(5)])),
        ("handle_cast", vec![a("m"), int(5)], t(&[a("noreply"), int(6), int(500)])),
        ("handle_info", vec![a("m"), int(6)], t(&[a("stop"), a("normal"), int(7)])),
        ("handle_continue", vec![a("m"), int(7)], t(&[a("noreply"), int(8), go()])),
    ];
    assert_eq!(states(By::Module("gen_server"), &calls), ["1", "2", "3", "4", "5", "6", "7", "8"]);
}

#[test]
fn what_a_handler_or_a_supervisor_starts_with_is_not_the_state_of_its_process() {
    for module in ["gen_event", "supervisor", "Elixir.DynamicSupervisor"] {
        let started: Call = ("init", vec![atom("x")], t(&[atom("ok"), n(0)]));
        assert_eq!(states(By::Module(module), &[started]), [""; 0], "{module}");
    }
}
