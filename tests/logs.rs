//! Logs as recordings: the same entry in the words of each logger is the same event, and what an entry does not say is not
//! made up.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

#[path = "support/client.rs"]
mod client;

use client::Client;
use elixir_scope_storage::ingest::{Format, ImportReport, import};
use elixir_scope_storage::{EventStore, Filter, Query, Settings};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// Whether a text is read as a log; one that is refused is none.
fn is_log(text: &str) -> bool {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("app.log");
    std::fs::write(&path, text).unwrap();
    let store = EventStore::open(Settings::UNBOUNDED).unwrap();
    import(&store, &path, &mut |_| ()).is_ok_and(|report| report.recordings[0].format == Format::Log)
}

fn load(text: &str) -> (Vec<Value>, ImportReport) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("app.log");
    std::fs::write(&path, text).unwrap();
    let store = EventStore::open(Settings::UNBOUNDED).unwrap();
    let report = import(&store, &path, &mut |_| ()).unwrap();
    store.verify().unwrap();
    let page = store.query_events(&Query { limit: 10_000, ..Query::new(Filter::default()) }).unwrap();
    (page.events.iter().map(|event| serde_json::from_str(&event.to_json()).unwrap()).collect(), report)
}

fn logs(text: &str) -> Vec<Value> {
    let (events, report) = load(text);
    assert_eq!(report.recordings[0].format, Format::Log, "{text}");
    assert_eq!(report.rejected, 0, "{report:?}");
    events.into_iter().filter(|event| event["event_type"] == "log").collect()
}

/// `2024-01-01T12:00:00.123456Z`
const AT: i64 = 1_704_110_400_123_456_000;

/// What an event says of its place.
fn place(event: &Value) -> (Value, Value, Value, Value, Value, Value) {
    let data = &event["data"];
    let of = |value: &Value| value.clone();
    (
        of(&event["pid"]),
        of(&event["module"]),
        of(&event["function"]),
        of(&event["arity"]),
        of(&data["file"]),
        of(&data["line"]),
    )
}

fn expected_place() -> (Value, Value, Value, Value, Value, Value) {
    (json!("<0.150.0>"), json!("Shop.Cart"), json!("add"), json!(2), json!("lib/shop/cart.ex"), json!(16))
}

#[test]
fn each_logger_says_the_same_in_its_own_words() {
    let logger_json = json!({"time": "2024-01-01T12:00:00.123456Z", "severity": "error", "message": "no stock", "metadata": {
        "pid": "#PID<0.150.0>", "module": "Elixir.Shop.Cart", "function": "add/2", "file": "lib/shop/cart.ex", "line": 16,
        "request_id": "r1"}});
    let google = json!({"time": "2024-01-01T12:00:00.123456Z", "severity": "ERROR", "message": "no stock",
        "logging.googleapis.com/sourceLocation": {"file": "lib/shop/cart.ex", "line": 16, "function": "Elixir.Shop.Cart.add/2"},
        "logging.googleapis.com/operation": {"pid": "#PID<0.150.0>"}});
    let datadog = json!({"message": "no stock", "syslog": {"hostname": "h", "severity": "error", "timestamp": "2024-01-01T12:00:00.123456Z"},
        "logger": {"thread_name": "#PID<0.150.0>", "method_name": "Elixir.Shop.Cart.add/2", "file_name": "lib/shop/cart.ex", "line": 16}});
    let ecs_flat = json!({"@timestamp": "2024-01-01T12:00:00.123456Z", "log.level": "error", "message": "no stock", "ecs.version": "8.11.0",
        "pid": "<0.150.0>", "log.logger": "Elixir.Shop.Cart", "log.origin": {"file.name": "lib/shop/cart.ex", "file.line": 16, "function": "add/2"}});
    let ecs_nested = json!({"ecs": {"version": "8.11.0"}, "message": "no stock", "@timestamp": "2024-01-01T12:00:00.123456Z", "pid": "<0.150.0>",
        "log": {"level": "error", "logger": "Elixir.Shop.Cart", "origin": {"file": {"name": "lib/shop/cart.ex", "line": 16}, "function": "add/2"}}});
    let gelf = json!({"version": "1.1", "host": "h", "short_message": "no stock", "timestamp": 1_704_110_400.123_456, "level": 3,
        "_pid": "<0.150.0>", "_module": "Elixir.Shop.Cart", "_function": "add/2", "_file": "lib/shop/cart.ex", "_line": 16});
    let with_mfa = json!({"level": "error", "ts": 1_704_110_400_123_456_i64, "msg": "no stock", "pid": "<0.150.0>", "mfa": ["Elixir.Shop.Cart", "add", 2],
        "file": "lib/shop/cart.ex", "line": 16});
    for entry in [logger_json, google, datadog, ecs_flat, ecs_nested, gelf, with_mfa] {
        let Value::Object(members) = &entry else { panic!("{entry}") };
        // Whatever the order of members.
        let backwards: Map<String, Value> = members.clone().into_iter().rev().collect();
        for text in [entry.to_string(), Value::Object(backwards).to_string(), format!("\n {entry}\r\n")] {
            let events = logs(&text);
            let event = &events[0];
            assert_eq!(events.len(), 1, "{events:?}");
            assert_eq!(place(event), expected_place(), "{text}");
            assert_eq!((&event["timestamp"], &event["wall_time"]), (&json!(AT), &json!(AT)), "{text}");
            assert_eq!(
                (&event["data"]["level"], &event["data"]["message"]),
                (&json!("error"), &json!("no stock")),
                "{text}"
            );
            assert_eq!(event["ast_node_id"], "Shop.Cart.add/2:line_16");
        }
    }
}

#[test]
fn the_process_of_another_runtime_is_none_of_the_beam() {
    let events = logs(r#"{"level":50,"time":1531171074631,"pid":657,"hostname":"h","msg":"hello"}"#);
    assert_eq!((events[0].get("pid"), &events[0]["data"]["fields"]["pid"]), (None, &json!(657)));
    assert_eq!(
        (&events[0]["data"]["level"], &events[0]["timestamp"]),
        (&json!("error"), &json!(1_531_171_074_631_000_000_i64))
    );
}

#[test]
fn texts_of_elixir_and_erlang_are_read() {
    let metadata = "pid=<0.150.0> mfa=Shop.Cart.add/2 file=lib/shop/cart.ex line=16";
    for text in [
        format!("2024-01-01 12:00:00.123456Z {metadata} [error] no stock\n"),
        format!("2024-01-01T12:00:00.123456Z [error] {metadata} no stock\n"),
        format!("\u{1b}[31m2024-01-01T13:00:00.123456+01:00 [error]  no stock {metadata}\n\u{1b}[0m"),
        "2024-01-01T12:00:00.123456+00:00 <0.150.0> mfa=Shop.Cart.add/2 file=lib/shop/cart.ex line=16 error: no stock"
            .to_owned(),
    ] {
        let event = &logs(&text)[0];
        assert_eq!(place(event), expected_place(), "{text}");
        assert_eq!((&event["timestamp"], &event["data"]["message"]), (&json!(AT), &json!("no stock")), "{text}");
        assert_eq!(event["data"].get("time_zone_unknown"), None);
    }
    let event = &logs("=ERROR REPORT==== 1-Jan-2024::12:00:00.123456 ===\nno\nstock\n")[0];
    assert_eq!((&event["timestamp"], &event["data"]["message"]), (&json!(AT), &json!("no\nstock")));
    assert_eq!((&event["data"]["report"], &event["data"]["time_zone_unknown"]), (&json!("ERROR REPORT"), &json!(true)));
}

#[test]
fn a_time_of_day_is_not_told_as_a_date() {
    let text = "23:59:59.500 [info] first\nof two lines\n\n00:00:00.250 pid=<0.1.0> [warn] next day\n";
    let (events, report) = load(text);
    assert_eq!(events.len(), 2, "{events:?}");
    let of = |event: &Value| (event["timestamp"].clone(), event.get("wall_time").cloned(), event["data"].clone());
    assert_eq!(
        of(&events[0]),
        (
            json!(86_399_500_000_000_i64),
            None,
            json!({"level": "info", "message": "first\nof two lines", "date_unknown": true})
        )
    );
    assert_eq!(events[1]["timestamp"], json!(86_400_250_000_000_i64));
    assert_eq!(events[1]["data"]["level"], "warning");
    assert!(report.notes.iter().any(|note| note.text.contains("names no date")), "{:?}", report.notes);
}

#[test]
fn an_entry_without_a_time_is_stamped_on_arrival_and_counted() {
    let (events, report) = load("[info] GET /carts\n[debug] Processing with Shop.index/2\n  Parameters: %{}\n");
    assert_eq!((events.len(), report.timestamps_assigned, report.recordings[0].format), (2, 2, Format::Log));
    assert_eq!(events[1]["data"]["message"], "Processing with Shop.index/2\n  Parameters: %{}");
}

const CRASH: &str = "12:34:55.000 [info] started
12:34:56.789 pid=<0.150.0> [error] GenServer Shop.Cart terminating
** (RuntimeError) no stock
    (shop 0.1.0) lib/shop/cart.ex:16: Shop.Cart.handle_call/3
    (stdlib 4.2) gen_server.erl:1149: :gen_server.try_handle_call/4
Last message (from #PID<0.9.0>): :add
State: %{}
12:34:57.000 [info] and on
";

#[test]
fn an_entry_that_tells_the_end_of_a_process_is_found_as_a_crash() {
    let (events, _) = load(CRASH);
    let exit = events.iter().find(|event| event["event_type"] == "process_exit").unwrap();
    assert_eq!((&exit["pid"], &exit["data"]["registered_name"]), (&json!("<0.150.0>"), &json!("Shop.Cart")));
    assert_eq!(
        (&exit["data"]["exit_reason"], &exit["data"]["crash_site"]),
        (&json!("(RuntimeError) no stock"), &json!("lib/shop/cart.ex:16"))
    );
    assert_eq!(exit["parent_id"], events[1]["event_id"]);
    assert_eq!(events.iter().filter(|event| event["event_type"] == "log").count(), 3);

    let folder = TempDir::new().unwrap();
    let path = folder.path().join("app.log");
    std::fs::write(&path, CRASH).unwrap();
    let mut client = Client::start_with(&["--import", path.to_str().unwrap()]);
    let found = client.call("find_anomalies", json!({})).to_string();
    assert!(found.contains("\"crash\"") && found.contains("no stock"), "{found}");
    assert!(client.text("explain", json!({"target": "last_crash"})).contains("no stock"));
}

#[test]
fn one_end_told_by_two_reports_is_one() {
    let text = "=ERROR REPORT==== 29-Nov-2026::16:12:31.123456 ===
** Generic server shop_cart terminating
** Last message in was add
** When Server state == []
** Reason for termination ==
** {badarith,[{shop_cart,handle_call,3,[{file,\"shop_cart.erl\"},{line,16}]}]}
=CRASH REPORT==== 29-Nov-2026::16:12:31.123500 ===
  crasher:
    initial call: shop_cart:init/1
    pid: <0.150.0>
    registered_name: shop_cart
    exception error: an error occurred when evaluating an arithmetic expression
=SUPERVISOR REPORT==== 29-Nov-2026::16:12:31.123600 ===
    supervisor: {local,shop_sup}
    errorContext: child_terminated
    reason: {badarith,[]}
";
    let (events, report) = load(text);
    assert_eq!(events.iter().filter(|event| event["event_type"] == "log").count(), 3, "{report:?}");
    let exits: Vec<&Value> = events.iter().filter(|event| event["event_type"] == "process_exit").collect();
    assert_eq!(exits.len(), 1, "{exits:?}");
    assert_eq!((&exits[0]["pid"], &exits[0]["data"]["registered_name"]), (&json!("<0.150.0>"), &json!(":shop_cart")));
    assert!(exits[0]["data"]["exit_reason"].as_str().unwrap().starts_with("{badarith"), "{exits:?}");
}

#[test]
fn what_is_no_log_is_not_read_as_one() {
    for text in [
        r#"{"timestamp": 1, "event_type": "log", "message": "m", "level": "info"}"#,
        r#"{"time": 1, "message": "no level"}"#,
        r#"{"ts": 1, "type": "error", "level": "error", "message": "an event by its type"}"#,
        r#"{"time": 1, "level": 7, "msg": "a level of no scale that is known"}"#,
        "hello\nworld\n",
        "12:34:56 hello\n",
    ] {
        assert!(!is_log(text), "{text}");
    }
    // An event of this server's own among entries is an event.
    let text = "{\"level\":30,\"time\":1531171074631,\"msg\":\"a\"}\n{\"event_type\":\"own\",\"timestamp\":1531171074632000000}\n";
    let (events, report) = load(text);
    assert_eq!((events.len(), &events[1]["event_type"]), (2, &json!("own")), "{report:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Entries of any number of lines, in any of the texts: each is told once, whole, in order.
    #[test]
    fn every_entry_is_told_once_and_whole(
        entries in prop::collection::vec((0..4_u8, 0..5_usize, prop::collection::vec("[a-z ]{1,30}", 1..4)), 1..40),
        style in 0..3_u8,
    ) {
        let levels = ["debug", "info", "warning", "error"];
        let mut text = String::new();
        let mut expected = Vec::new();
        for (at, (level, pid, lines)) in entries.iter().enumerate() {
            let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).filter(|line| !line.trim().is_empty()).collect();
            let (minute, level) = (at % 60, levels[usize::from(*level)]);
            let first = match style {
                0 => format!("01:{minute:02}:00.000 pid=<0.{pid}.0> [{level}] "),
                1 => format!("2024-01-01T01:{minute:02}:00.000000+00:00 <0.{pid}.0> {level}: "),
                _ => format!("2024-01-01 01:{minute:02}:00.000 [{level}] <0.{pid}.0> "),
            };
            text.push_str(&first);
            text.push_str(&lines.join("\n"));
            text.push('\n');
            expected.push((level.to_owned(), format!("<0.{pid}.0>"), lines.join("\n").trim().to_owned()));
        }
        let events = logs(&text);
        let told: Vec<(String, String, String)> = events
            .iter()
            .map(|event| {
                let of = |value: &Value| value.as_str().unwrap().to_owned();
                (of(&event["data"]["level"]), of(&event["pid"]), of(&event["data"]["message"]))
            })
            .collect();
        prop_assert_eq!(told, expected);
    }
}
