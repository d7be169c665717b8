//! Trace messages of a BEAM become events that say what belongs together.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may stop at the first surprise")]

#[path = "support/recording.rs"]
mod recording;
#[path = "support/terms.rs"]
mod terms;

use elixir_scope_storage::etf::Term;
use elixir_scope_storage::trace::{Counters, Recorder, Session};
use elixir_scope_storage::{EventStore, Filter, Order, Query, Settings, StoredEvent};
use recording::Recording;
use serde_json::{Value, json};
use terms::{
    Bytes, alias, atom, binary, charlist, int, list, map, mfa, mfa_arity, pid, reference, site, traced, tuple,
};

fn session() -> Session {
    Session { id: "s".to_owned(), prefix: "e".to_owned(), ..Session::default() }
}

/// The events of some trace messages, as JSON.
fn told(messages: &[Bytes]) -> (Vec<Value>, Counters) {
    told_by(Recorder::new(session()), messages)
}

fn told_by(mut recorder: Recorder, messages: &[Bytes]) -> (Vec<Value>, Counters) {
    let store = EventStore::open(Settings::default()).unwrap();
    for message in messages {
        let bytes = [&[131], &**message].concat();
        recorder.take(Term::parse(&bytes).unwrap());
    }
    recorder.finish();
    let report = recorder.hand_over(|events| store.store_events(events));
    assert_eq!(report.stored, recorder.counters().events, "{report:?}");
    let events =
        all(&store, Filter::default()).into_iter().map(|event| serde_json::from_str(&event.to_json()).unwrap());
    (events.collect(), recorder.counters().clone())
}

fn all(store: &EventStore, filter: Filter) -> Vec<StoredEvent> {
    let query = Query { limit: 10_000, order: Order::Asc, ..Query::new(filter) };
    store.query_events(&query).unwrap().events
}

fn recorded(name: &str) -> (EventStore, Counters) {
    let store = EventStore::open(Settings::default()).unwrap();
    let mut recorder = Recorder::new(session());
    for record in Recording::open(name).records() {
        recorder.take(Term::parse(record).unwrap());
    }
    recorder.finish();
    let report = recorder.hand_over(|events| store.store_events(events));
    assert_eq!((report.rejected.len(), report.stored), (0, recorder.counters().events));
    let counters = recorder.counters().clone();
    (store, counters)
}

fn of_type(event_type: &str) -> Filter {
    Filter { event_types: vec![event_type.to_owned()], ..Filter::default() }
}

fn data(event: &StoredEvent) -> Value {
    serde_json::from_str(event.data()).unwrap()
}

#[test]
fn every_message_of_a_recording_is_told_once() {
    for (name, records, merged) in [("s1_race", 693, 22), ("s3_badstate", 922, 19)] {
        let (store, counters) = recorded(name);
        assert_eq!((counters.records, counters.unknown, counters.dropped), (records, 0, 0), "{name}");
        assert_eq!(counters.merged, merged, "{name}: the spawns both sides told");
        let changes = all(&store, of_type("state_change")).len() as u64;
        assert_eq!(counters.events, records - merged + changes, "{name}");
        assert_eq!(store.get_stats().total_events, counters.events);
    }
}

#[test]
fn the_crash_of_a_process_is_told_with_its_name_reason_and_stack() {
    let (store, _) = recorded("s3_badstate");
    let exits = all(&store, of_type("process_exit"));
    let crash = exits.iter().find(|exit| data(exit)["registered_name"] == ":cart_4").unwrap();
    assert_eq!(crash.pid(), Some("<0.123.0>"));
    let told = data(crash);
    assert_eq!((&told["error"], &told["crash_site"]), (&json!(":badarith"), &json!("s3_badstate.exs:16")));
    let call = store.get_event_by_id(crash.parent_id().unwrap()).unwrap();
    assert_eq!((call.function(), data(&call)["args"][0].as_str()), (Some("handle_call"), Some(":total")));
    assert_eq!(told["stacktrace"][0], ":erlang.*/2 [360, nil]");
    assert_eq!(told["stacktrace"][1], "Cart.compute/1 (s3_badstate.exs:16)");
    assert!(told["exit_reason"].as_str().unwrap().starts_with("{:badarith, [{:erlang, :*, [360, nil], "));
}

#[test]
fn a_cast_is_followed_from_its_call_site_to_the_change_it_made() {
    let (store, _) = recorded("s3_badstate");
    let sends = all(&store, Filter { text: Some("SPRNG".to_owned()), ..of_type("message_send") });
    let [cast] = &sends[..] else { panic!("{sends:?}") };
    assert_eq!(cast.pid(), Some("<0.129.0>"));
    assert_eq!(
        data(cast),
        json!({
            "message": "{:\"$gen_cast\", {:coupon, \"SPRNG\"}}",
            "send_type": "cast",
            "receiver_pid": "<0.123.0>",
            "receiver_name": ":cart_4",
            "sent_in": "Cart.apply_coupon/2",
            "sent_from": "Checkout.shop/3 (s3_badstate.exs:26)",
        })
    );
    assert_eq!(cast.ast_node_id(), Some("Checkout.shop/3:line_26"));

    let pid = Some("<0.123.0>".to_owned());
    let changes = all(&store, Filter { pid, ..of_type("state_change") });
    let change = changes.iter().find(|change| data(change)["message_id"] == cast.event_id()).unwrap();
    let told = data(change);
    assert_eq!(told["state_diff"], json!([{"path": "discount", "old": "0", "new": "nil"}]));
    assert_eq!(told["trigger_message"], "{:coupon, \"SPRNG\"}");
    assert_eq!((&told["sender_pid"], &told["callback"]), (&json!("<0.129.0>"), &json!("Cart.handle_cast/2")));
    assert_eq!(told["sent_from"], "Checkout.shop/3 (s3_badstate.exs:26)");
    assert_eq!(change.correlation_id(), Some(cast.event_id()));

    let chain = all(&store, Filter { correlation_id: Some(cast.event_id().to_owned()), ..Filter::default() });
    let types: Vec<_> = chain.iter().map(|event| event.event_type().unwrap()).collect();
    assert_eq!(
        types,
        [
            "message_send",
            "message_receive",
            "function_entry",
            "function_entry",
            "function_exit",
            "function_exit",
            "state_change"
        ]
    );
    assert_eq!(chain[3].function(), Some("percent"));
}

#[test]
fn a_call_is_joined_by_its_reference_from_request_to_reply() {
    let from = tuple(&[pid(1), alias(7)]);
    let request = tuple(&[atom("$gen_call"), from.clone(), atom("total")]);
    let reply = tuple(&[alias(7), int(40)]);
    let state = map(&[(atom("n"), int(1))]);
    let after = map(&[(atom("n"), int(2))]);
    let (events, counters) = told(&[
        traced(1, "call", &[mfa("Elixir.Cart", "total", &[]), site("Elixir.Checkout", "pay", 1, "c.exs", 9)], 10),
        traced(1, "send", &[request.clone(), pid(2)], 20),
        traced(2, "receive", &[request], 30),
        traced(2, "call", &[mfa("Elixir.Cart", "handle_call", &[atom("total"), from, state])], 40),
        traced(2, "call", &[mfa("Elixir.Cart", "compute", &[])], 45),
        traced(2, "return_from", &[mfa_arity("Elixir.Cart", "compute", 0), int(40)], 47),
        traced(
            2,
            "return_from",
            &[mfa_arity("Elixir.Cart", "handle_call", 3), tuple(&[atom("reply"), int(40), after])],
            50,
        ),
        traced(2, "send", &[reply.clone(), reference(7)], 60),
        traced(1, "receive", &[reply], 70),
        traced(1, "return_from", &[mfa_arity("Elixir.Cart", "total", 0), int(40)], 90),
    ]);
    assert_eq!((counters.unknown, events.len()), (0, 11));
    let reference = "#Reference<0.1.2.7>";
    for event in &events[1..10] {
        assert_eq!(event["correlation_id"], reference, "{event}");
    }
    let (entry, exit, change, answer, got) = (&events[3], &events[6], &events[7], &events[8], &events[9]);
    assert_eq!((&entry["parent_id"], &entry["data"]["message_id"]), (&json!("e2"), &json!("e2")));
    assert_eq!((&entry["data"]["caller_pid"], &entry["data"]["queue_time_ns"]), (&json!("<0.1.0>"), &json!(20)));
    assert_eq!((&exit["duration_ns"], &exit["call_id"]), (&json!(10), &json!("e4")));
    assert_eq!(
        (&change["event_id"], &change["data"]["state_diff"]),
        (&json!("e7s"), &json!([{"path": "n", "old": "1", "new": "2"}]))
    );
    assert_eq!(answer["data"]["receiver_pid"], "<0.1.0>", "the alias is the caller's");
    assert_eq!((&got["data"]["sender_pid"], &got["parent_id"]), (&json!("<0.2.0>"), &json!("e8")));
    assert_eq!(
        (&events[0]["ast_node_id"], &events[10]["ast_node_id"]),
        (&json!("Checkout.pay/1:line_9"), &events[0]["ast_node_id"])
    );
    assert_eq!(events[10]["duration_ns"], 80);
}

#[test]
fn a_return_closes_the_innermost_call_of_its_function_and_those_above_it() {
    let call = |function: &str, at| traced(1, "call", &[mfa("m", function, &[])], at);
    let back = |function: &str, at| traced(1, "return_from", &[mfa_arity("m", function, 0), atom("ok")], at);
    let (events, _) = told(&[
        call("a", 1),
        call("b", 2),
        call("b", 3),
        back("b", 5),
        // The return of the outer `b` is lost.
        back("a", 10),
        call("c", 11),
        // Nobody saw this call begin.
        back("a", 12),
        back("c", 13),
    ]);
    let told: Vec<_> =
        events.iter().map(|event| (&event["call_id"], &event["duration_ns"], &event["parent_id"])).collect();
    let null = &Value::Null;
    assert_eq!(told[2], (&json!("e3"), null, &json!("e2")));
    assert_eq!(told[3], (&json!("e3"), &json!(2), &json!("e2")));
    assert_eq!(told[4], (&json!("e1"), &json!(9), null));
    assert_eq!(told[6], (null, null, null));
    assert_eq!(told[7], (&json!("e6"), &json!(2), null));
}

#[test]
fn a_receive_that_arrives_before_its_send_is_joined_all_the_same() {
    let (events, _) =
        told(&[traced(2, "receive", &[atom("hello")], 20), traced(1, "send", &[atom("hello"), pid(2)], 10)]);
    assert_eq!((&events[0]["event_id"], &events[1]["parent_id"]), (&json!("e2"), &json!("e2")));
    assert_eq!(events[1]["data"]["sender_pid"], "<0.1.0>");
}

#[test]
fn equal_messages_are_joined_in_the_order_sent() {
    let (events, _) = told(&[
        traced(1, "send", &[atom("tick"), pid(3)], 1),
        traced(2, "send", &[atom("tick"), pid(3)], 2),
        traced(3, "receive", &[atom("tick")], 3),
        traced(3, "receive", &[atom("tick")], 4),
        traced(3, "receive", &[atom("tick")], 5),
    ]);
    let senders: Vec<_> = events[2..].iter().map(|event| &event["data"]["sender_pid"]).collect();
    assert_eq!(senders, [&json!("<0.1.0>"), &json!("<0.2.0>"), &Value::Null]);
}

#[test]
fn a_name_is_resolved_while_its_process_has_it() {
    let (events, _) = told(&[
        traced(2, "register", &[atom("cart")], 1),
        traced(1, "send", &[atom("a"), atom("cart")], 2),
        traced(2, "unregister", &[atom("cart")], 3),
        traced(1, "send", &[atom("b"), atom("cart")], 4),
        traced(1, "send_to_non_existing_process", &[atom("c"), pid(9)], 5),
    ]);
    assert_eq!(events[0]["data"]["registered_name"], ":cart");
    assert_eq!(
        (&events[1]["data"]["receiver_pid"], &events[1]["data"]["receiver_name"]),
        (&json!("<0.2.0>"), &json!(":cart"))
    );
    assert_eq!(events[3]["data"]["receiver_pid"], Value::Null);
    assert_eq!(
        (&events[4]["data"]["undeliverable"], &events[4]["data"]["receiver_pid"]),
        (&json!(true), &json!("<0.9.0>"))
    );
}

#[test]
fn drops_are_a_gap_with_its_span_and_calls_across_it_say_so() {
    let mut recorder = Recorder::new(session());
    let bytes = |message: Bytes| [&[131], &*message].concat();
    recorder.take(Term::parse(&bytes(traced(1, "call", &[mfa("m", "f", &[])], 100))).unwrap());
    recorder.dropped(5);
    recorder.dropped(2);
    let rest = [tuple(&[atom("drop"), int(3)]), traced(1, "return_from", &[mfa_arity("m", "f", 0), atom("ok")], 400)];
    let (events, counters) = told_by(recorder, &rest);
    assert_eq!((counters.dropped, counters.gaps), (10, 1));
    let gap = &events[1];
    assert_eq!((&gap["event_type"], &gap["timestamp"], &gap["duration_ns"]), (&json!("gap"), &json!(100), &json!(300)));
    assert_eq!(gap["data"], json!({"dropped": 10, "until": 400}));
    assert_eq!(events[2]["data"]["spans_gap"], true);
}

#[test]
fn a_process_of_another_node_is_told_with_its_node_everywhere() {
    let far = || terms::pid_of("other@host", 5);
    let label =
        tuple(&[atom("seq_trace"), far(), tuple(&[atom("send"), tuple(&[int(0), int(1)]), pid(1), far(), atom("hi")])]);
    let (events, _) = told(&[traced(1, "send", &[atom("hi"), far()], 1), label]);
    for event in &events {
        assert_eq!(event["data"]["receiver_pid"], "<other@host.5.0>", "{event}");
    }
    assert_eq!(events[1]["correlation_id"], "<other@host.5.0>");
    let (events, _) = told(&[traced(1, "send", &[atom("hi"), terms::pid_of("a\n\"b", 5)], 1)]);
    assert_eq!(events[0]["data"]["receiver_pid"], "<a??b.5.0>", "a payload is JSON whatever a node is called");
}

#[test]
fn a_message_of_an_unknown_kind_is_kept_and_counted() {
    let (events, counters) = told(&[traced(1, "teleported", &[pid(2)], 5), atom("hello")]);
    assert_eq!(counters.unknown, 2);
    assert_eq!((&events[0]["event_type"], &events[0]["timestamp"]), (&json!("unknown_trace"), &json!(5)));
    assert!(events[0]["data"]["term"].as_str().unwrap().contains(":teleported, #PID<0.2.0>"));
}

#[test]
fn collections_and_time_on_a_scheduler_have_durations() {
    let sizes = |words| list(&[tuple(&[atom("heap_size"), int(words)])]);
    let (events, counters) = told(&[
        traced(1, "gc_minor_start", &[sizes(600)], 10),
        traced(1, "gc_minor_end", &[sizes(200)], 17),
        traced(1, "in", &[mfa_arity("m", "f", 0)], 20),
        traced(1, "out", &[int(0)], 29),
    ]);
    assert_eq!((counters.merged, events.len()), (1, 3));
    assert_eq!((&events[0]["duration_ns"], &events[2]["duration_ns"]), (&json!(7), &json!(9)));
    assert_eq!(events[0]["data"], json!({"gc_type": "minor", "heap_size_before": 600, "heap_size_after": 200}));
}

#[test]
fn a_producer_says_who_it_is_which_names_there_are_and_how_long_mailboxes_are() {
    let about = map(&[
        (atom("node"), atom("app@host")),
        (atom("os_pid"), charlist("4711")),
        (atom("time_offset_ns"), int(5_000_000_000)),
        (atom("names"), list(&[tuple(&[atom("cart"), terms::pid_of("app@host", 4)])])),
    ]);
    let hello = tuple(&[atom("scope"), atom("hello"), about]);
    let stamp = tuple(&[int(9), int(1)]);
    let sample = tuple(&[
        atom("scope"),
        atom("sample"),
        terms::pid_of("app@host", 4),
        stamp.clone(),
        list(&[tuple(&[atom("message_queue_len"), int(3)])]),
    ]);
    let bye = tuple(&[atom("scope"), atom("bye"), atom("rate"), stamp]);
    let (events, counters) = told(&[hello, list(&[sample, bye])]);
    assert_eq!((counters.records, counters.unknown), (3, 0));
    let types: Vec<_> = events.iter().map(|event| event["event_type"].as_str().unwrap()).collect();
    assert_eq!(types.len(), 4, "{types:?}");
    let find = |event_type: &str| events.iter().find(|event| event["event_type"] == event_type).unwrap();
    assert_eq!(find("process_register")["pid"], "<0.4.0>");
    assert_eq!(
        (&find("process_sample")["data"], &find("process_sample")["timestamp"]),
        (&json!({"message_queue_len": 3}), &json!(9))
    );
    assert_eq!(find("capture_end")["data"]["reason"], ":rate");
    assert_eq!(find("capture_start")["node"], "app@host");
}

#[test]
fn sources_with_clocks_of_their_own_stand_on_one() {
    let session = Session { shift_ns: 1000, wall_offset_ns: Some(5000), ..session() };
    let (events, _) = told_by(Recorder::new(session), &[traced(1, "exit", &[atom("normal")], 7)]);
    assert_eq!((&events[0]["timestamp"], &events[0]["wall_time"]), (&json!(1007), &json!(5007)));
}

#[test]
fn a_value_longer_than_allowed_is_cut_and_says_so() {
    let session = Session { max_value_bytes: 64, ..session() };
    let long = binary(&"x".repeat(10_000));
    let (events, counters) = told_by(Recorder::new(session), &[traced(1, "send", &[long, pid(2)], 7)]);
    assert_eq!(counters.cut, 1);
    assert_eq!(events[0]["data"]["truncated"], true);
    let shown = events[0]["data"]["message"].as_str().unwrap();
    assert!(shown.len() < 120 && shown.contains("cut: 10005 bytes"), "{shown}");
}

#[test]
fn a_callback_whose_arguments_are_small_integers_tells_its_state_too() {
    // Erlang sends a list of bytes as a string.
    let string = |bytes: &[u8]| [&[107, 0, bytes.len() as u8], bytes].concat();
    let called =
        |function: &str, args: &[u8], at| traced(1, "call", &[tuple(&[atom("m"), atom(function), string(args)])], at);
    let back = |function: &str, arity, tag: &str, state, at| {
        traced(1, "return_from", &[mfa_arity("m", function, arity), tuple(&[atom(tag), int(state)])], at)
    };
    let (events, _) = told(&[
        called("init", &[7], 1),
        back("init", 1, "ok", 7, 2),
        traced(2, "send", &[tuple(&[atom("$gen_cast"), vec![97, 5]]), pid(1)], 3),
        called("handle_cast", &[5, 7], 4),
        back("handle_cast", 2, "noreply", 12, 5),
    ]);
    let changes: Vec<_> = events.iter().filter(|event| event["event_type"] == "state_change").collect();
    assert_eq!((&changes[0]["data"]["initial"], changes[0]["data"].get("state_diff")), (&json!(true), None));
    assert_eq!(changes[1]["data"]["state_diff"], json!([{"old": "7", "new": "12"}]));
    assert_eq!(changes[1]["data"].get("initial"), None);
    assert_eq!(changes[1]["data"]["sender_pid"], "<0.2.0>");
}

#[test]
fn nested_changes_of_a_state_are_told_by_their_path() {
    let state = |discount: Bytes, extra: &[(Bytes, Bytes)]| {
        let cart = map(&[&[(atom("discount"), discount)], extra].concat());
        map(&[(atom("cart"), cart), (atom("id"), int(4))])
    };
    let old = state(int(0), &[(atom("gone"), int(1))]);
    let new = state(atom("nil"), &[(binary("k"), tuple(&[int(1)]))]);
    let (events, _) = told(&[
        traced(1, "call", &[mfa("m", "handle_cast", &[atom("x"), old])], 1),
        traced(1, "return_from", &[mfa_arity("m", "handle_cast", 2), tuple(&[atom("noreply"), new])], 2),
    ]);
    assert_eq!(
        events[2]["data"]["state_diff"],
        json!([
            {"path": "cart.discount", "old": "0", "new": "nil"},
            {"path": "cart[\"k\"]", "new": "{1}"},
            {"path": "cart.gone", "old": "1"},
        ])
    );
}

#[test]
fn values_of_a_difference_are_told_apart_whatever_they_say() {
    let (arrow, colon) = (binary("a -> b"), binary("x: 1 -> y: 2"));
    let state = |note: &Bytes, at: i64| map(&[(atom("note"), note.clone()), (arrow.clone(), int(at))]);
    let (events, _) = told(&[
        traced(1, "call", &[mfa("m", "handle_cast", &[atom("x"), state(&arrow, 1)])], 1),
        traced(1, "return_from", &[mfa_arity("m", "handle_cast", 2), tuple(&[atom("noreply"), state(&colon, 2)])], 2),
    ]);
    assert_eq!(
        events[2]["data"]["state_diff"],
        json!([
            {"path": "note", "old": "\"a -> b\"", "new": "\"x: 1 -> y: 2\""},
            {"path": "[\"a -> b\"]", "old": "1", "new": "2"},
        ])
    );
}

#[test]
fn differences_beyond_those_told_are_counted() {
    let state = |by: i64| map(&(0..40).map(|at| (int(at), int(at + by))).collect::<Vec<_>>());
    let (events, _) = told(&[
        traced(1, "call", &[mfa("m", "handle_cast", &[atom("x"), state(0)])], 1),
        traced(1, "return_from", &[mfa_arity("m", "handle_cast", 2), tuple(&[atom("noreply"), state(1)])], 2),
    ]);
    let change = &events[2]["data"];
    assert_eq!((change["state_diff"].as_array().unwrap().len(), &change["state_diff_more"]), (32, &json!(8)));
}
