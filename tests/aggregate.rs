//! Figures of groups of events: `aggregate`, `profile`, `diff_windows`, and the neighbourhood of a moment.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

use std::collections::BTreeMap;

use elixir_scope_storage::{EventStore, Query, Settings, mcp};
use serde_json::{Value, json};

fn open(segment_rows: usize) -> EventStore {
    EventStore::open(Settings { segment_rows, ..Settings::UNBOUNDED }).unwrap()
}

fn store(store: &EventStore, events: &[Value]) {
    let texts: Vec<String> = events.iter().map(Value::to_string).collect();
    assert_eq!(store.store_json_events(&texts, false).rejected, []);
}

fn ask(store: &EventStore, tool: &str, arguments: &Value) -> (String, Value) {
    let reply = mcp::call(store, tool, &arguments.to_string()).unwrap();
    (reply.text.clone(), reply.structured.unwrap_or_else(|| panic!("{tool} {arguments}: {}", reply.text)))
}

fn refused(store: &EventStore, tool: &str, arguments: &Value) -> String {
    let reply = mcp::call(store, tool, &arguments.to_string()).unwrap();
    assert_eq!(reply.structured, None, "{}", reply.text);
    reply.text
}

/// The rows of a section, each by column; constant columns are in every row.
fn rows(answer: &Value, section: &str) -> Vec<BTreeMap<String, Value>> {
    let sections = answer["sections"].as_array().unwrap();
    let Some(section) = sections.iter().find(|one| one["name"] == section) else { return Vec::new() };
    let none = Vec::new();
    let columns = section["columns"].as_array().unwrap_or(&none);
    let constants = section["constants"].as_object().cloned().unwrap_or_default();
    let row = |row: &Value| {
        let cells = columns.iter().zip(row.as_array().unwrap());
        let cells = cells.map(|(column, cell)| (column.as_str().unwrap().to_owned(), cell.clone()));
        cells.chain(constants.clone()).collect()
    };
    section["rows"].as_array().unwrap_or(&none).iter().map(row).collect()
}

/// One row's figures in the order asked for.
fn figures(row: &BTreeMap<String, Value>, columns: &[&str]) -> Vec<Value> {
    columns.iter().map(|column| row.get(*column).cloned().unwrap_or_default()).collect()
}

/// A call as its end alone.
fn call(id: &str, pid: &str, function: &str, start: i64, end: i64) -> Value {
    json!({"id": id, "ts": end, "type": "function_exit", "pid": pid, "module": "Shop", "function": function, "arity": 1,
           "duration_ns": end - start, "data": {"exit_reason": "normal"}})
}

#[test]
fn groups_and_figures_are_those_counted_by_hand_whatever_the_segments() {
    // 2,000 events whose groups, durations and times are spread by small primes; every tenth is late.
    let events: Vec<Value> = (0..2_000_i64)
        .map(|n| {
            let time = n * 1_000 - if n % 10 == 0 { 300_000 } else { 0 };
            let mut event = json!({"id": format!("e{n}"), "ts": time, "type": format!("t{}", n % 3),
                                   "pid": format!("<0.{}.0>", n % 7), "data": {"kind": n % 5}});
            if n % 2 == 0 {
                event["duration_ns"] = json!((n * 7_919) % 1_009);
            }
            event
        })
        .collect();
    let mut groups: BTreeMap<(String, String), Vec<i64>> = BTreeMap::new();
    let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    for event in &events {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let key = (text(&event["type"]), text(&event["data"]["kind"]));
        *counts.entry(key.clone()).or_default() += 1;
        groups.entry(key).or_default().extend(event["duration_ns"].as_i64());
    }
    let mut texts = Vec::new();
    for segment_rows in [65_536, 100, 7] {
        let whole = open(segment_rows);
        store(&whole, &events);
        let metrics = ["count", "sum", "min", "max", "mean", "p50", "p95", "p99"];
        let arguments =
            json!({"group_by": ["event_type", "data.kind"], "metrics": metrics, "limit": 100, "max_tokens": 10_000});
        let (text, answer) = ask(&whole, "aggregate", &arguments);
        let found = rows(&answer, "groups");
        assert_eq!(found.len(), groups.len());
        for row in &found {
            let label = |name: &str| row[name].as_str().unwrap().to_owned();
            let key = (label("event_type"), label("data.kind"));
            let mut durations = groups[&key].clone();
            durations.sort_unstable();
            let rank = |percent: usize| durations[(durations.len() * percent).div_ceil(100) - 1];
            let sum: i64 = durations.iter().sum();
            let expected = vec![
                json!(counts[&key]),
                json!(sum),
                json!(durations[0]),
                json!(durations.last()),
                json!(sum / durations.len() as i64),
                json!(rank(50)),
                json!(rank(95)),
                json!(rank(99)),
            ];
            let columns = ["count", "sum_ns", "min_ns", "max_ns", "mean_ns", "p50_ns", "p95_ns", "p99_ns"];
            assert_eq!(figures(row, &columns), expected, "{key:?}");
        }
        let order: Vec<u64> = found.iter().map(|row| row["count"].as_u64().unwrap()).collect();
        assert!(order.is_sorted_by(|a, b| a >= b), "largest first: {order:?}");
        texts.push(text);
    }
    assert!(texts.iter().all(|text| *text == texts[0]), "the same answer whatever the segments");
}

#[test]
fn buckets_of_time_start_at_the_first_match_or_at_since_and_are_in_order() {
    let whole = open(65_536);
    let event = |n: i64, ts: i64| json!({"id": n, "ts": ts, "type": "tick"});
    store(&whole, &[event(1, -50), event(2, -41), event(3, -40), event(4, -5), event(5, 12)]);
    let series = |arguments: Value| {
        let (_, answer) = ask(&whole, "aggregate", &arguments);
        let t0 = answer["t0"].as_i64().unwrap();
        let row =
            |row: &BTreeMap<String, Value>| (t0 + row["from_ns"].as_i64().unwrap(), row["count"].as_u64().unwrap());
        rows(&answer, "groups").iter().map(row).collect::<Vec<_>>()
    };
    assert_eq!(
        series(json!({"group_by": "10ns", "metrics": ["count", "rate"]})),
        [(-50, 2), (-40, 1), (-10, 1), (10, 1)]
    );
    assert_eq!(
        series(json!({"group_by": ["10ns"], "metrics": ["count"], "since_timestamp": -45})),
        [(-45, 2), (-5, 1), (5, 1)]
    );
}

#[test]
fn what_is_not_shown_is_counted() {
    let whole = open(65_536);
    let events: Vec<Value> =
        (0..100).map(|n| json!({"id": n, "ts": n, "type": format!("t{}", n % 10 * (n % 10) / 9)})).collect();
    store(&whole, &events);
    let (text, answer) = ask(&whole, "aggregate", &json!({"limit": 2, "metrics": ["count"]}));
    let section = &answer["sections"][0];
    let shown: u64 = rows(&answer, "groups").iter().map(|row| row["count"].as_u64().unwrap()).sum();
    assert_eq!(section["facts"]["events_in_groups_not_shown"], json!(100 - shown));
    assert!(section["left_out"].as_u64().unwrap() > 0 && text.contains("more"), "{text}");
    assert_eq!(answer["truncated"], json!(false), "the limit asked for is no cut");
}

#[test]
fn self_time_excludes_calls_inside_and_total_counts_recursion_once() {
    let whole = open(65_536);
    // <0.1.0>: shop(0..100) calls price(10..40), which calls itself (20..30), and stock(50..70).
    // <0.2.0> runs price at the same time: another process is never inside.
    store(
        &whole,
        &[
            call("inner", "<0.1.0>", "price", 20, 30),
            call("outer", "<0.1.0>", "price", 10, 40),
            call("stock", "<0.1.0>", "stock", 50, 70),
            call("other", "<0.2.0>", "price", 0, 60),
            call("shop", "<0.1.0>", "shop", 0, 100),
        ],
    );
    let (_, answer) = ask(&whole, "profile", &json!({}));
    let found: BTreeMap<String, Vec<Value>> = rows(&answer, "functions")
        .iter()
        .map(|row| {
            let columns = ["calls", "total_ns", "self_ns", "p50_ns", "max_ns", "slowest"];
            (row["function"].as_str().unwrap().to_owned(), figures(row, &columns))
        })
        .collect();
    assert_eq!(found["Shop.price/1"], [json!(3), json!(90), json!(90), json!(30), json!(60), json!("other")]);
    assert_eq!(found["Shop.shop/1"], [json!(1), json!(100), json!(50), json!(100), json!(100), json!("shop")]);
    assert_eq!(found["Shop.stock/1"], [json!(1), json!(20), json!(20), json!(20), json!(20), json!("stock")]);
    let shares: f64 = rows(&answer, "functions").iter().map(|row| row["share"].as_f64().unwrap()).sum();
    assert!((shares - 1.0).abs() < 0.01, "{shares}");

    let (_, narrowed) = ask(&whole, "profile", &json!({"function": "shop"}));
    let row = &rows(&narrowed, "functions")[0];
    assert_eq!(row["self_ns"], json!(50), "a filter does not turn time inside into own time");
    let (_, by_process) = ask(&whole, "profile", &json!({"by": "process"}));
    let busy: Vec<Value> = rows(&by_process, "processes").iter().map(|row| row["total_ns"].clone()).collect();
    assert_eq!(busy, [json!(100), json!(60)]);
}

#[test]
fn anonymous_functions_are_time_of_the_function_they_are_written_in() {
    let whole = open(65_536);
    store(
        &whole,
        &[
            call("f1", "<0.1.0>", "-shop/1-fun-0-", 10, 30),
            call("f2", "<0.1.0>", "-shop/1-fun-0-", 40, 70),
            call("shop", "<0.1.0>", "shop", 0, 100),
            // Run elsewhere, as in a task: not inside, but still written there.
            call("f3", "<0.2.0>", "-shop/1-fun-0-", 0, 15),
        ],
    );
    let (_, folded) = ask(&whole, "profile", &json!({}));
    let found = rows(&folded, "functions");
    assert_eq!(found.len(), 1, "{found:?}");
    let columns = ["function", "calls", "anonymous", "total_ns", "self_ns", "max_ns"];
    let expected = [json!("Shop.shop/1"), json!(1), json!(3), json!(115), json!(115), json!(100)];
    assert_eq!(figures(&found[0], &columns), expected);
    let (_, apart) = ask(&whole, "profile", &json!({"fold_anonymous": false}));
    let own: Vec<Value> = rows(&apart, "functions").iter().map(|row| row["self_ns"].clone()).collect();
    assert_eq!(own, [json!(65), json!(50)]);
}

#[test]
fn the_call_that_stands_out_is_named_and_not_those_that_waited_for_it() {
    let whole = open(65_536);
    let mut events = Vec::new();
    for n in 0..20_i64 {
        let (start, took) = (n * 100_000, if n == 13 { 50_000 } else { 100 });
        let mut query = call(&format!("q{n}"), "<0.1.0>", "query", start, start + took);
        query["ast_node_id"] = json!(format!("Shop.list/1:line_{}", if n == 13 { 42 } else { 7 }));
        events.push(query);
        events.push(call(&format!("l{n}"), "<0.1.0>", "list", start, start + took + 50));
    }
    store(&whole, &events);
    let (text, answer) = ask(&whole, "profile", &json!({}));
    let out = rows(&answer, "outliers");
    assert_eq!(out.len(), 1, "{text}");
    let columns = ["function", "event", "median_self_ns", "slowest_self_ns", "times", "site"];
    let expected =
        [json!("Shop.query/1"), json!("q13"), json!(100), json!(50_000), json!(500.0), json!("Shop.list/1:line_42")];
    assert_eq!(figures(&out[0], &columns), expected);
    let (_, sites) = ask(&whole, "profile", &json!({"by": "call_site", "function": "query"}));
    let calls: Vec<Value> = rows(&sites, "call sites").iter().map(|row| row["calls"].clone()).collect();
    assert_eq!(calls, [json!(1), json!(19)], "most self time first");
    // Without the slow call nothing stands out.
    let even: Vec<Value> =
        events.iter().filter(|event| event["id"] != "q13" && event["id"] != "l13").cloned().collect();
    let control = open(65_536);
    store(&control, &even);
    assert_eq!(rows(&ask(&control, "profile", &json!({})).1, "outliers"), []);
}

#[test]
fn callbacks_are_profiled_by_the_message_they_handled() {
    let whole = open(65_536);
    let mut events = Vec::new();
    for (n, message) in ["{:add, 1}", ":total", "{:add, 2}"].iter().enumerate() {
        let (id, start) = (format!("c{n}"), n as i64 * 100);
        events.push(json!({"id": id, "ts": start, "type": "function_entry", "pid": "<0.1.0>", "module": "Cart",
            "function": "handle_call", "arity": 3, "call_id": id, "data": {"args": [message, "{#PID<0.9.0>, 1}", "%{}"]}}));
        events.push(
            json!({"id": format!("x{n}"), "ts": start + 10 + n as i64, "type": "function_exit", "pid": "<0.1.0>",
            "module": "Cart", "function": "handle_call", "arity": 3, "call_id": id, "duration_ns": 10 + n}),
        );
    }
    store(&whole, &events);
    let (_, answer) = ask(&whole, "profile", &json!({"by": "message"}));
    let found: Vec<Vec<Value>> =
        rows(&answer, "kinds of message").iter().map(|row| figures(row, &["message", "calls", "self_ns"])).collect();
    assert_eq!(
        found,
        [
            vec![json!("handle_call {:add, _}"), json!(2), json!(22)],
            vec![json!("handle_call :total"), json!(1), json!(11)]
        ]
    );
}

#[test]
fn messages_are_counted_by_their_kind_when_sent_received_and_handled() {
    let whole = open(65_536);
    let mut events = Vec::new();
    let sent = [
        ("call", "{:\"$gen_call\", {#PID<0.9.0>, [:alias | #Reference<0.1.2.3>]}, {:add, 1}}"),
        ("cast", "{:\"$gen_cast\", :tick}"),
        ("call", "{:\"$gen_call\", {#PID<0.9.0>, [:alias | #Reference<0.1.2.4>]}, {:add, 2}}"),
        ("reply", "{[:alias | #Reference<0.1.2.3>], {:ok, 5}}"),
    ];
    for (n, (how, message)) in sent.iter().enumerate() {
        let at = n as i64 * 10;
        events.push(json!({"id": format!("s{n}"), "ts": at, "type": "message_send", "pid": "<0.9.0>",
            "data": {"message": message, "send_type": how, "receiver_pid": "<0.1.0>"}}));
        if *how == "call" {
            events.push(json!({"id": format!("r{n}"), "ts": at + 1, "type": "message_receive", "pid": "<0.1.0>",
                "data": {"message": message, "receive_type": how, "message_id": format!("s{n}")}}));
        }
    }
    events.push(
        json!({"id": "c", "ts": 100, "type": "function_entry", "pid": "<0.1.0>", "module": "Cart", "call_id": "c",
        "function": "handle_call", "arity": 3, "data": {"args": ["{:add, 1}", "{#PID<0.9.0>, 1}", "%{}"]}}),
    );
    events.push(
        json!({"id": "x", "ts": 105, "type": "function_exit", "pid": "<0.1.0>", "module": "Cart", "call_id": "c",
        "function": "handle_call", "arity": 3, "duration_ns": 5}),
    );
    store(&whole, &events);
    let counted = |arguments: Value| -> Vec<(String, u64)> {
        let (_, answer) = ask(&whole, "aggregate", &arguments);
        let one = |row: &BTreeMap<String, Value>| {
            (row["message"].as_str().unwrap().to_owned(), row["count"].as_u64().unwrap())
        };
        rows(&answer, "groups").iter().map(one).collect()
    };
    let is = |all: &[(&str, u64)]| all.iter().map(|(kind, n)| ((*kind).to_owned(), *n)).collect::<Vec<_>>();
    assert_eq!(
        counted(json!({"group_by": "message", "metrics": ["count"], "event_type": "message_send"})),
        is(&[("send call {:add, _}", 2), ("send cast :tick", 1), ("send reply {:ok, _}", 1)])
    );
    assert_eq!(
        counted(json!({"group_by": "message", "metrics": ["count"]})),
        is(&[
            ("receive call {:add, _}", 2),
            ("send call {:add, _}", 2),
            ("handle_call {:add, _}", 1),
            ("send cast :tick", 1),
            ("send reply {:ok, _}", 1)
        ])
    );
}

/// Two windows of 40 calls a second: in the second one `pay` is slower and fails, `log` has gone, `retry` is new, and
/// `read` is as it was.
fn two_windows() -> EventStore {
    let whole = open(65_536);
    let mut events = Vec::new();
    for n in 0..40_i64 {
        for (window, from) in [(0, 0), (1, 10_000_000)] {
            let at = from + n * 100_000;
            let mut pay = call(&format!("pay{window}-{n}"), "<0.1.0>", "pay", at, at + 1_000 + window * 4_000 + n);
            if window == 1 && n % 4 == 0 {
                pay["data"]["exit_reason"] = json!("error");
            }
            events.push(pay);
            let read = format!("read{window}-{n}");
            events.push(call(&read, "<0.1.0>", "read", at + 20_000, at + 20_500 + (n * 37 + window * 11) % 90));
            let name = if window == 0 { "log" } else { "retry" };
            events.push(call(&format!("{name}-{n}"), "<0.1.0>", name, at + 30_000, at + 30_010));
        }
    }
    store(&whole, &events);
    whole
}

#[test]
fn windows_differ_in_what_was_made_different_and_in_nothing_else() {
    let whole = two_windows();
    let arguments = json!({"before": {"until_timestamp": 9_000_000}, "after": {"since_timestamp": 9_000_000}});
    let (text, answer) = ask(&whole, "diff_windows", &arguments);
    let what = |section: &str| -> Vec<Value> { rows(&answer, section).iter().map(|row| row["what"].clone()).collect() };
    assert_eq!(what("fails more"), [json!("Shop.pay/1")], "{text}");
    assert_eq!(what("slower"), [json!("Shop.pay/1")], "{text}");
    assert_eq!(what("appeared"), [json!("Shop.retry/1")], "{text}");
    assert_eq!(what("vanished"), [json!("Shop.log/1")], "{text}");
    for silent in ["faster", "fails less", "more often", "less often"] {
        assert_eq!(what(silent), Vec::<Value>::new(), "{text}");
    }
    let failing = &rows(&answer, "fails more")[0];
    let columns = ["before", "after", "failed_before", "failed_after", "example", "sure"];
    let expected = [json!(40), json!(40), json!(0), json!(10), json!("pay1-0"), json!("clear")];
    assert_eq!(figures(failing, &columns), expected);
    let slower = &rows(&answer, "slower")[0];
    assert_eq!(figures(slower, &["p50_before_ns", "p50_after_ns"]), [json!(1_019), json!(5_019)]);
    assert!(answer["answer"].as_str().unwrap().contains("1 of 4 unchanged"), "{text}");
}

#[test]
fn a_few_events_are_not_taken_for_proof() {
    let whole = open(65_536);
    store(
        &whole,
        &[
            call("a", "<0.1.0>", "pay", 0, 10),
            call("b", "<0.1.0>", "pay", 20, 30),
            call("c", "<0.1.0>", "pay", 1_000, 1_100),
            call("d", "<0.1.0>", "new", 1_200, 1_300),
        ],
    );
    let arguments = json!({"before": {"until_timestamp": 500}, "after": {"since_timestamp": 500}});
    let (text, answer) = ask(&whole, "diff_windows", &arguments);
    assert_eq!(rows(&answer, "slower")[0]["sure"], json!("few"));
    assert_eq!(rows(&answer, "appeared")[0]["sure"], json!("few"));
    assert!(text.contains("it may be chance"), "{text}");
    assert!(refused(&whole, "diff_windows", &json!({"before": {}, "after": {}})).contains("nothing to compare"));
    let typo = refused(&whole, "diff_windows", &json!({"before": {"untl_timestamp": 1}, "after": {}}));
    assert!(typo.contains("before.untl_timestamp: unknown argument. Did you mean \"until_timestamp\"?"), "{typo}");
}

#[test]
fn the_neighbourhood_of_an_event_is_what_the_whole_order_says() {
    for segment_rows in [65_536, 10] {
        let whole = open(segment_rows);
        let events: Vec<Value> = (0..200_i64)
            .map(|n| {
                let late = if n % 9 == 0 { 50 } else { 0 };
                json!({"id": format!("e{n}"), "ts": n / 3 - late, "type": "t", "pid": format!("<0.{}.0>", n % 4)})
            })
            .collect();
        store(&whole, &events);
        let all = whole.query_events(&Query { limit: 1_000, ..Query::default() }).unwrap().events;
        let order: Vec<&str> = all.iter().map(elixir_scope_storage::StoredEvent::event_id).collect();
        for middle in [0, 1, 57, 120, 199] {
            let arguments = json!({"event_id": order[middle], "before": 4, "after": 3});
            let (_, answer) = ask(&whole, "find_events_around", &arguments);
            let shown: Vec<String> =
                rows(&answer, "events").iter().map(|row| row["event_id"].as_str().unwrap().to_owned()).collect();
            assert_eq!(shown, order[middle.saturating_sub(4)..(middle + 4).min(200)], "around {middle}");
            let t0 =
                rows(&answer, "events").iter().find(|row| row["event_id"] == order[middle]).unwrap()["t_ns"].clone();
            assert_eq!(t0, json!(0));
        }
        let by_time = ask(&whole, "find_events_around", &json!({"at": 30, "before": 2, "after": 2, "pid": "<0.1.0>"}));
        let of_pid: Vec<_> = all.iter().filter(|event| event.pid() == Some("<0.1.0>")).collect();
        let split = of_pid.partition_point(|event| event.timestamp() < 30);
        let expected: Vec<&str> = of_pid[split - 2..split + 2].iter().map(|event| event.event_id()).collect();
        let shown: Vec<Value> = rows(&by_time.1, "events").iter().map(|row| row["event_id"].clone()).collect();
        assert_eq!(shown, expected);
    }
}

#[test]
fn a_small_budget_keeps_the_nearest_events() {
    let whole = open(65_536);
    let events: Vec<Value> =
        (0..400_i64).map(|n| json!({"id": format!("e{n}"), "ts": n, "type": format!("type{n}")})).collect();
    store(&whole, &events);
    let arguments = json!({"event_id": "e200", "before": 100, "after": 100, "max_tokens": 200});
    let (text, answer) = ask(&whole, "find_events_around", &arguments);
    assert!(text.len() <= 800, "{}", text.len());
    let shown: Vec<i64> = rows(&answer, "events").iter().map(|row| row["t_ns"].as_i64().unwrap()).collect();
    assert!(shown.len() > 4 && shown.is_sorted() && shown.contains(&0), "{shown:?}");
    assert!((shown[0] + shown[shown.len() - 1]).abs() <= 1, "both sides alike: {shown:?}");
    assert!(text.contains("left out to fit"), "{text}");
}

#[test]
fn an_answer_over_a_gap_says_so() {
    let whole = open(65_536);
    store(
        &whole,
        &[
            call("a", "<0.1.0>", "pay", 0, 10),
            json!({"id": "lost", "ts": 100, "type": "gap", "duration_ns": 50, "data": {"dropped": 7, "until": 150}}),
            call("b", "<0.1.0>", "pay", 200, 300),
        ],
    );
    for (tool, arguments) in [
        ("aggregate", json!({})),
        ("profile", json!({"since_timestamp": 120})),
        ("diff_windows", json!({"before": {"until_timestamp": 150}, "after": {"since_timestamp": 151}})),
    ] {
        let (text, answer) = ask(&whole, tool, &arguments);
        assert_eq!(answer["gaps"][0]["events"], json!(7), "{text}");
        assert_eq!(answer["gaps"][0]["event_id"], json!("lost"));
        assert!(text.contains("7 events from") && text.contains("dropped (lost)"), "{text}");
    }
    let (_, beyond) = ask(&whole, "profile", &json!({"since_timestamp": 160}));
    assert_eq!(beyond["gaps"], json!([]));
    store(&whole, &[json!({"id": "down", "ts": 400, "type": "gap", "duration_ns": 9})]);
    let (text, answer) = ask(&whole, "aggregate", &json!({"since_timestamp": 300}));
    assert_eq!((&answer["gaps"][0]["event_id"], &answer["gaps"][0]["events"]), (&json!("down"), &Value::Null));
    assert!(text.contains("from 400 to 409 the source was not connected"), "{text}");
}

#[test]
fn nothing_found_is_explained_and_a_wrong_word_is_put_right() {
    let whole = open(65_536);
    store(&whole, &[call("a", "<0.1.0>", "pay", 0, 10)]);
    let (text, _) = ask(&whole, "profile", &json!({"module": "Shp"}));
    assert!(text.contains("no call matches") && text.contains("closest of the frequent ones: Shop.pay/1"), "{text}");
    let (text, _) = ask(&whole, "profile", &json!({"by": "message"}));
    assert!(text.contains("no entry of handle_call"), "{text}");
    let wrong = refused(&whole, "aggregate", &json!({"group_by": ["modul"]}));
    assert!(wrong.contains("group_by[0]: got \"modul\"") && wrong.contains("Did you mean \"module\"?"), "{wrong}");
    assert!(refused(&whole, "aggregate", &json!({"metrics": ["p90"]})).contains("\"p95\""));
    assert!(refused(&whole, "find_events_around", &json!({})).contains("give event_id or at"));
    assert!(refused(&whole, "find_events_around", &json!({"event_id": "zzz"})).contains("no stored event"));
    let (text, _) = ask(&open(65_536), "aggregate", &json!({}));
    assert!(text.contains("the store is empty"), "{text}");
}
