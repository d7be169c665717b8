//! The state of a process of each OTP behaviour, as `:sys.get_state/1` tells it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

#[path = "support/callbacks.rs"]
mod callbacks;
#[path = "support/terms.rs"]
mod terms;

use callbacks::{By, Call, n, states, t, told};
use serde_json::json;
use terms::{atom, int, list, mfa, mfa_arity, pid, reference, site, traced};

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
    let diff = json!([{"path": "{0}", "old": ":off", "new": ":on"}, {"path": "{1}.n", "old": "0", "new": "1"}]);
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
fn what_a_supervisor_starts_with_is_not_the_state_of_its_process() {
    for module in ["supervisor", "Elixir.DynamicSupervisor"] {
        let started: Call = ("init", vec![atom("x")], t(&[atom("ok"), n(0)]));
        assert_eq!(states(By::Module(module), &[started]), [""; 0], "{module}");
    }
}

#[test]
fn a_function_called_in_the_place_of_a_state_function_is_no_state() {
    let a = atom;
    let by = || site("gen_statem", "loop", 9, "b.erl", 7);
    let returned = t(&[a("keep_state"), n(2)]);
    let events = told(&[
        traced(1, "call", &[mfa("M", "off", &[a("cast"), a("x"), n(0)]), by()], 1),
        traced(1, "return_from", &[mfa_arity("M", "off", 3), a("keep_state_and_data")], 2),
        traced(1, "call", &[mfa("M", "off", &[a("cast"), a("y"), n(0)]), by()], 3),
        traced(1, "call", &[mfa("M", "common", &[a("cast"), a("y"), n(1)]), by()], 4),
        traced(1, "return_from", &[mfa_arity("M", "common", 3), returned.clone()], 5),
        traced(1, "return_from", &[mfa_arity("M", "off", 3), returned], 6),
    ]);
    let changes: Vec<_> = events.iter().filter(|event| event["event_type"] == "state_change").collect();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0]["data"]["new_state"], "{:off, %{n: 2}}");
}

#[test]
fn what_a_callback_throws_is_its_result() {
    let a = atom;
    let by = || site("gen_server", "try_handle_call", 4, "b.erl", 7);
    let thrown = t(&[a("reply"), a("r"), n(2)]);
    for (class, expected) in [("throw", 1), ("error", 0)] {
        let events = told(&[
            traced(1, "call", &[mfa("M", "handle_call", &[a("m"), t(&[pid(2), reference(7)]), n(1)]), by()], 1),
            traced(1, "exception_from", &[mfa_arity("M", "handle_call", 3), t(&[a(class), thrown.clone()])], 2),
        ]);
        let changes: Vec<_> = events.iter().filter(|event| event["event_type"] == "state_change").collect();
        assert_eq!(changes.len(), expected, "{class}");
    }
}

#[test]
fn a_function_that_only_has_the_name_of_a_callback_tells_no_state() {
    let calls: Vec<Call> = vec![
        ("handle_info", vec![atom("m"), n(0)], t(&[atom("noreply"), n(1)])),
        ("handle_call", vec![atom("m"), atom("from"), n(1)], t(&[atom("reply"), atom("r"), n(2)])),
        ("handle_event", vec![atom("m"), n(2)], t(&[atom("ok"), n(3)])),
        ("handle_event", vec![atom("m"), n(3), n(3)], t(&[atom("noreply"), n(4)])),
        ("init", vec![n(4)], t(&[atom("ok"), n(5)])),
    ];
    assert_eq!(states(By::Module("Elixir.Helper"), &calls), [""; 0]);
    // Nor the first function of its process, which nothing calls.
    assert_eq!(states(By::Nothing, &calls), [""; 0]);
}

#[test]
fn the_state_of_a_stage_is_that_of_its_module() {
    let a = atom;
    let events = || list(&[a("e")]);
    let calls: Vec<Call> = vec![
        ("init", vec![a("x")], t(&[a("producer_consumer"), n(0), list(&[])])),
        ("handle_subscribe", vec![a("producer"), list(&[]), a("from"), n(0)], t(&[a("manual"), n(1)])),
        ("handle_demand", vec![int(5), n(1)], t(&[a("noreply"), events(), n(2)])),
        ("handle_events", vec![events(), a("from"), n(2)], t(&[a("noreply"), list(&[]), n(3), a("hibernate")])),
        ("handle_call", vec![a("m"), a("from"), n(3)], t(&[a("reply"), a("r"), events(), n(4)])),
        ("handle_info", vec![a("m"), n(4)], t(&[a("noreply"), list(&[]), n(5)])),
        ("handle_cancel", vec![a("down"), a("from"), n(5)], t(&[a("stop"), a("normal"), n(6)])),
    ];
    let expected: Vec<String> = (0..7).map(|at| format!("%{{n: {at}}}")).collect();
    assert_eq!(states(By::Module("Elixir.GenStage"), &calls), expected);
    assert_eq!(states(By::Unknown, &calls), expected);
    // A list, then a number: the state of a stage, or that of a server and its timeout.
    let either: Call = ("handle_info", vec![a("m"), int(0)], t(&[a("noreply"), events(), int(500)]));
    assert_eq!(states(By::Unknown, std::slice::from_ref(&either)), [""; 0]);
    assert_eq!(states(By::Module("Elixir.GenStage"), std::slice::from_ref(&either)), ["500"]);
    assert_eq!(states(By::Module("gen_server"), &[either]), ["[:e]"]);
}

#[test]
fn the_socket_is_the_state_of_a_channel_and_of_a_view_but_not_of_a_component() {
    let a = atom;
    let socket = |entries: &[(&str, terms::Bytes)]| {
        let entries: Vec<_> = entries.iter().map(|(key, value)| (a(key), value.clone())).collect();
        terms::map(&entries)
    };
    let channel = |n: i64| socket(&[("__struct__", a("Elixir.Phoenix.Socket")), ("n", int(n))]);
    let calls: Vec<Call> = vec![
        ("join", vec![a("topic"), n(0), channel(0)], t(&[a("ok"), n(9), channel(1)])),
        ("handle_in", vec![a("event"), n(0), channel(1)], t(&[a("reply"), a("ok"), channel(2)])),
        ("handle_info", vec![a("m"), channel(2)], t(&[a("noreply"), channel(3)])),
    ];
    // What is in a socket is hidden before it is stored: how often it changed is told.
    for by in [By::Module("Elixir.Phoenix.Channel.Server"), By::Unknown] {
        let found = states(by, &calls);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found.iter().all(|state| state.starts_with("%Phoenix.Socket{")), "{found:?}");
    }

    let view = |n: i64, transport: &str, assigns: terms::Bytes, view: &str| {
        let name = a("Elixir.Phoenix.LiveView.Socket");
        let of = [("__struct__", name), ("view", a(view)), ("transport_pid", a(transport)), ("assigns", assigns)];
        socket(&[&of[..], &[("n", int(n))]].concat())
    };
    let own = |n: i64| view(n, "there", socket(&[]), "Elixir.M");
    let called = |socket: &dyn Fn(i64) -> terms::Bytes| -> Vec<Call> {
        vec![
            ("mount", vec![a("x"), a("y"), socket(0)], t(&[a("ok"), socket(1), list(&[])])),
            ("handle_event", vec![a("up"), n(0), socket(1)], t(&[a("noreply"), socket(2)])),
            ("handle_params", vec![a("up"), n(0), socket(2)], t(&[a("noreply"), socket(3)])),
        ]
    };
    let by = By::Module("Elixir.Phoenix.LiveView.Channel");
    assert_eq!(states(by, &called(&own)).len(), 3);
    let component = |n: i64| view(n, "there", socket(&[("myself", int(1))]), "Elixir.M");
    assert_eq!(states(by, &called(&component)), [""; 0]);
    let of_another = |n: i64| view(n, "there", socket(&[]), "Elixir.Other");
    assert_eq!(states(by, &called(&of_another)), [""; 0]);
    let only_rendered = |n: i64| view(n, "nil", socket(&[]), "Elixir.M");
    assert_eq!(states(by, &called(&only_rendered)), [""; 0]);
}
