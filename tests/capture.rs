//! Live sources: the real binary, real sockets, producers played by the test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

#[path = "support/client.rs"]
mod client;
#[path = "support/recording.rs"]
mod recording;
#[path = "support/terms.rs"]
mod terms;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use client::Client;
use recording::Recording;
use serde_json::{Value, json};
use terms::{Bytes, atom, binary, int, list, pid, tuple};

/// Only keeps a hang from lasting for ever.
const HANG: Duration = Duration::from_mins(2);

/// Start of the clock of every BEAM.
const BOOT: i64 = -576_460_751_000_000_000;

const MILLI: i64 = 1_000_000;

/// Asks for the status of the sources until it is as wanted.
fn until(client: &mut Client, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let started = Instant::now();
    loop {
        let status = client.call("capture_status", json!({}));
        let sources = status["sources"].as_array().unwrap();
        if wanted(sources) {
            return sources.clone();
        }
        assert!(started.elapsed() < HANG, "never came to be: {status:#}");
        std::thread::yield_now();
    }
}

/// The only source, once it is as wanted.
fn source(client: &mut Client, wanted: impl Fn(&Value) -> bool) -> Value {
    until(client, |sources| sources.len() == 1 && wanted(&sources[0])).remove(0)
}

/// A server that listens on a free port, and the port's address.
fn listening() -> (Client, String) {
    let mut client = Client::start();
    let started = client.call("start_capture", json!({"listen": "0"}));
    assert_eq!((&started["started"], &started["state"]), (&json!(true), &json!("listening")));
    let address = started["source"].as_str().unwrap().to_owned();
    (client, address)
}

fn say(address: &str, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(bytes).unwrap();
    stream
}

/// A term as `{packet, 4}` sends it.
fn packet(term: &[u8]) -> Bytes {
    let length = (term.len() as u32 + 1).to_be_bytes();
    [&length[..], &[131], term].concat()
}

/// A term as a trace port sends it.
fn record(term: &[u8]) -> Bytes {
    [vec![0], packet(term)].concat()
}

fn dropped(messages: u32) -> Bytes {
    [&[1][..], &messages.to_be_bytes()].concat()
}

/// A call traced so many milliseconds after the boot, as the so-manieth message of its node.
fn call(millis: i64, unique: i64) -> Bytes {
    let mfa = tuple(&[atom("Elixir.Bank"), atom("pay"), list(&[int(unique)])]);
    let stamp = tuple(&[int(BOOT + millis * MILLI), int(unique)]);
    tuple(&[atom("trace_ts"), pid(100), atom("call"), mfa, stamp])
}

fn calls(times: std::ops::Range<i64>) -> Bytes {
    times.flat_map(|time| record(&call(time, time))).collect()
}

fn hello(os_pid: &str, time_offset_ns: i64) -> Bytes {
    let about = [
        (atom("version"), int(1)),
        (atom("node"), atom("shop@host")),
        (atom("os_pid"), binary(os_pid)),
        (atom("time_offset_ns"), int(time_offset_ns)),
        (atom("names"), list(&[])),
    ];
    tuple(&[atom("scope"), atom("hello"), terms::map(&about)])
}

/// A trace port played by the test, and a server that reads it.
fn traced() -> (Client, TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let client = Client::start_with(&["--dbg", &address]);
    (client, listener, address)
}

fn serve(listener: &TcpListener, bytes: &[u8]) -> TcpStream {
    let (mut stream, _) = listener.accept().unwrap();
    stream.write_all(bytes).unwrap();
    stream
}

fn total(client: &mut Client, filters: Value) -> u64 {
    let mut filters = filters;
    filters["limit"] = json!(0);
    client.call("query_events", filters)["total_matched"].as_u64().unwrap()
}

#[test]
fn producers_of_lines_are_heard_at_once_each_in_its_own_session() {
    let (mut client, address) = listening();
    let mut producers: Vec<TcpStream> = (0..3).map(|_| TcpStream::connect(&address).unwrap()).collect();
    for n in 0..20 {
        for (which, producer) in producers.iter_mut().enumerate() {
            writeln!(producer, r#"{{"id": "{which}-{n}", "ts": {n}, "type": "call"}}"#).unwrap();
        }
    }
    writeln!(producers[0], r#"{{"id": "own", "ts": 99, "session_id": "mine"}}"#).unwrap();
    let seen = source(&mut client, |source| source["events"] == 61);
    assert_eq!((&seen["connections"], &seen["sessions_total"], &seen["rejected"]), (&json!(3), &json!(3), &json!(0)));
    for session in seen["sessions"].as_array().unwrap() {
        let id = session["session_id"].as_str().unwrap();
        assert!(id.starts_with(&format!("{address}#")), "{id}");
        assert_eq!(total(&mut client, json!({"session_id": id})), 20);
    }
    assert_eq!(total(&mut client, json!({"session_id": "mine"})), 1);
    drop(producers);
    source(&mut client, |source| source["connections"] == 0);
}

#[test]
fn a_bad_line_costs_itself_and_says_where_it_is() {
    let (mut client, address) = listening();
    let text = "\u{feff}\n{\"ts\": 1}\n{\"ts\": \"soon\"}\n\n{\"ts\": 2}\n{\"ts\": 3, \"type\":";
    drop(say(&address, text.as_bytes()));
    let seen = source(&mut client, |source| source["rejected"] == 2);
    assert_eq!((&seen["events"], &seen["records"]), (&json!(2), &json!(4)));
    let error = seen["last_error"].as_str().unwrap();
    assert!(error.starts_with("line 6, byte 40: not valid JSON"), "the last line has no end: {error}");
    assert_eq!(client.call("get_stats", json!({}))["counters"]["rejected"], 2);
    drop(say(&address, b"{\"ts\": 4}"));
    source(&mut client, |source| source["events"] == 3);
}

#[test]
fn what_is_neither_lines_nor_terms_is_told_what_is_expected() {
    let (mut client, address) = listening();
    for (bytes, told) in [
        (&b"[{\"ts\": 1}]\n"[..], "one event a line"),
        (b"GET / HTTP/1.1\r\n\r\n", "byte 0: G: expected JSON events"),
        (b"\xff\xff\xff\xff\x83", "{packet, 4}"),
    ] {
        let _stream = say(&address, bytes);
        source(&mut client, |source| source["last_error"].as_str().is_some_and(|error| error.contains(told)));
    }
    let seen = source(&mut client, |source| source["connections"] == 0);
    assert_eq!((&seen["state"], &seen["events"]), (&json!("listening"), &json!(0)));
}

#[test]
fn a_recording_sent_as_packets_is_all_there() {
    let (mut client, address) = listening();
    let recording = Recording::open("s3_badstate");
    let packets: Bytes = recording.records().flat_map(|term| packet(&term[1..])).collect();
    drop(say(&address, &packets));
    let seen = source(&mut client, |source| source["records"] == 922 && source["connections"] == 0);
    for none in ["rejected", "unknown", "dropped", "gaps", "duplicates"] {
        assert_eq!(seen[none], 0, "{none}");
    }
    assert_eq!(seen["last_error"], Value::Null);
    assert_eq!(seen["sessions"][0]["node"], "nonode@nohost");
    assert_eq!(total(&mut client, json!({})), seen["events"].as_u64().unwrap());
    let coupon = client.call("query_events", json!({"text": "SPRNG", "event_type": "message_send", "format": "json"}));
    let coupon = &coupon["events"][0];
    assert_eq!(coupon["data"]["receiver_name"], ":cart_4");
    assert!(coupon["wall_time"].is_i64(), "{coupon}");
}

#[test]
fn a_producer_that_says_who_it_is_goes_on_in_its_session_and_another_process_has_its_own() {
    let (mut client, address) = listening();
    let offset = 1_700_000_000_000_000_000 - BOOT;
    let list = |from: i64, to: i64| packet(&list(&(from..to).map(|n| call(n, n)).collect::<Vec<_>>()));
    drop(say(&address, &[packet(&hello("77", offset)), list(0, 10)].concat()));
    source(&mut client, |source| source["records"] == 11 && source["connections"] == 0);
    drop(say(&address, &[packet(&hello("77", offset)), list(20, 25)].concat()));
    let seen = source(&mut client, |source| source["records"] == 17 && source["connections"] == 0);
    assert_eq!(seen["sessions_total"], 1, "{seen:#}");
    // The same pid in another container, started two seconds later.
    drop(say(&address, &[packet(&hello("77", offset + 2000 * MILLI)), list(0, 5)].concat()));
    let seen = source(&mut client, |source| source["records"] == 23 && source["connections"] == 0);
    let sessions = seen["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    assert_eq!((&sessions[1]["os_pid"], &sessions[1]["node"]), (&json!("77"), &json!("shop@host")));
    let apart = sessions[1]["shift_ns"].as_i64().unwrap() - sessions[0]["shift_ns"].as_i64().unwrap();
    assert_eq!(apart, 2000 * MILLI);
    let newest = client.call("query_events", json!({"order": "desc", "limit": 1, "format": "json"}));
    assert_eq!(newest["events"][0]["session_id"], format!("{address}#2"), "what happened later lies later");
}

#[test]
fn a_connection_that_ends_inside_a_record_keeps_what_came_before() {
    let (mut client, address) = listening();
    let whole: Bytes = (0..3).flat_map(|n| packet(&call(n, n))).collect();
    let cut = packet(&call(3, 3));
    drop(say(&address, &[&whole[..], &cut[..20]].concat()));
    let seen = source(&mut client, |source| source["connections"] == 0 && source["records"] == 3);
    let error = seen["last_error"].as_str().unwrap();
    let told = format!("byte {}: the connection ended inside a record: 20 of {} bytes came", whole.len(), cut.len());
    assert!(error.contains(&told), "{error}");
    assert_eq!(total(&mut client, json!({"event_type": "function_entry"})), 3);
}

#[test]
fn a_length_no_record_has_ends_the_connection_with_its_place_and_what_came_before_is_kept() {
    let (mut client, listener, _) = traced();
    let whole = calls(0..3);
    let first = serve(&listener, &[&whole[..], &[0, 255, 255, 255, 255, 131]].concat());
    let told = format!("byte {}: a record of 4294967295 bytes; at most", whole.len());
    source(&mut client, |source| source["last_error"].as_str().is_some_and(|error| error.contains(&told)));
    drop(first);
    assert_eq!(total(&mut client, json!({"event_type": "function_entry"})), 3);
    let second = serve(&listener, &calls(3..5));
    source(&mut client, |source| source["records"] == 5);
    drop(second);
}

#[test]
fn a_record_that_is_no_term_is_passed_over_and_counted() {
    let (mut client, address) = listening();
    let bytes = [packet(&call(0, 0)), vec![0, 0, 0, 3, 131, 104, 9], packet(&call(1, 1))].concat();
    let _stream = say(&address, &bytes);
    let seen = source(&mut client, |source| source["records"] == 3);
    assert_eq!((&seen["rejected"], &seen["events"]), (&json!(1), &json!(2)));
    let place = packet(&call(0, 0)).len() + 4;
    let error = seen["last_error"].as_str().unwrap();
    assert!(error.contains("no term") && error.contains(&format!("byte {}:", place + 1)), "{place}: {error}");
}

#[test]
fn a_port_that_is_there_again_goes_on_in_its_session_and_answers_tell_that_it_was_away() {
    let (mut client, listener, address) = traced();
    drop(serve(&listener, &calls(0..100)));
    source(&mut client, |source| source["interruptions_total"] == 1);
    let second = serve(&listener, &calls(110..150));
    let seen = source(&mut client, |source| source["records"] == 140);
    assert_eq!((&seen["sessions_total"], &seen["state"], &seen["gaps"]), (&json!(1), &json!("connected"), &json!(1)));
    assert!(seen["interruptions"][0]["until"].is_i64());
    let page = client.call("query_events", json!({"module": "Bank", "limit": 0}));
    let expected = json!([{
        "since": BOOT + 99 * MILLI, "until": BOOT + 110 * MILLI, "lost": "disconnected",
        "event_id": page["gaps"][0]["event_id"],
    }]);
    assert_eq!(page["gaps"], expected);
    let told = client.call("get_event_by_id", json!({"event_id": page["gaps"][0]["event_id"]}));
    assert_eq!(told["session_id"], format!("{address}#1"));
    drop(second);
}

#[test]
fn a_restarted_application_is_another_session_that_lies_after_the_one_before() {
    let (mut client, listener, address) = traced();
    drop(serve(&listener, &calls(0..50)));
    source(&mut client, |source| source["records"] == 50 && source["connections"] == 0);
    let second = serve(&listener, &calls(0..50));
    let seen = source(&mut client, |source| source["records"] == 100);
    assert_eq!((&seen["sessions_total"], &seen["duplicates"], &seen["gaps"]), (&json!(2), &json!(0), &json!(0)));
    assert_eq!(total(&mut client, json!({})), 100, "no id of one is an id of the other");
    let order = client.call("query_events", json!({"fields": ["session_id"], "format": "json", "limit": 100}));
    let of = |at: usize| order["events"][at]["session_id"].as_str().unwrap().to_owned();
    assert!((0..50).all(|at| of(at) == format!("{address}#1")), "{order}");
    assert!((50..100).all(|at| of(at) == format!("{address}#2")), "{order}");
    drop(second);
}

#[test]
fn live_events_lie_after_a_recording_whose_clock_is_ahead() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut client = Client::start_with(&[&client::BANK[..], &["--max-events", "1000", "--dbg", &address]].concat());
    let newest = client.call("get_stats", json!({}))["newest_timestamp"].as_i64().unwrap();
    let stream = serve(&listener, &(0..20).flat_map(|n| record(&call(n - 1000, n))).collect::<Bytes>());
    source(&mut client, |source| source["records"] == 20);
    let page = client.call("query_events", json!({"session_id": format!("{address}#1"), "format": "json"}));
    assert_eq!(page["returned"], 20, "retention took none of them");
    assert!(page["events"][0]["timestamp"].as_i64().unwrap() > newest);
    drop(stream);
}

#[test]
fn what_the_port_dropped_is_told_by_every_answer_over_that_span_and_by_no_other() {
    let (mut client, listener, address) = traced();
    let stream = serve(&listener, &[calls(0..10), dropped(1234), calls(20..30)].concat());
    let seen = source(&mut client, |source| source["records"] == 20);
    assert_eq!((&seen["dropped"], &seen["gaps"]), (&json!(1234), &json!(1)));
    let id =
        client.call("query_events", json!({"event_type": "gap", "format": "json"}))["events"][0]["event_id"].clone();
    let gap = json!([{
        "since": BOOT + 9 * MILLI, "until": BOOT + 20 * MILLI, "events": 1234, "lost": "dropped", "event_id": id,
    }]);
    for filters in [
        json!({}),
        json!({"module": "Bank", "limit": 0}),
        json!({"pid": "<0.9.9>"}),
        json!({"since_timestamp": BOOT + 12 * MILLI, "until_timestamp": BOOT + 13 * MILLI}),
        json!({"session_id": format!("{address}#1"), "format": "json"}),
    ] {
        assert_eq!(client.call("query_events", filters.clone())["gaps"], gap, "{filters}");
        let text = client.text("query_events", filters);
        assert!(text.contains("gap: 1234 events from") && text.contains("were dropped"), "{text}");
    }
    assert_eq!(client.call("last_n_events_for_pid", json!({"pid": "<0.100.0>", "n": 1}))["gaps"], gap);
    for filters in [
        json!({"until_timestamp": BOOT + 8 * MILLI}),
        json!({"since_timestamp": BOOT + 21 * MILLI}),
        json!({"session_id": "another"}),
    ] {
        assert_eq!(client.call("query_events", filters.clone())["gaps"], json!([]), "{filters}");
    }
    let stats = client.call("get_stats", json!({}));
    assert_eq!(stats["lost"], json!({"gaps": 1, "uncounted_gaps": 0, "events": 1234}));
    assert!(client.text("get_stats", json!({})).contains("lost: gaps=1 uncounted_gaps=0 events=1234"));
    drop(stream);
}

#[test]
fn a_loss_after_which_nothing_came_is_told_at_once_and_once() {
    let (mut client, listener, _) = traced();
    let mut stream = serve(&listener, &[calls(0..10), dropped(7)].concat());
    let seen = source(&mut client, |source| source["gaps"] == 1);
    assert_eq!((&seen["dropped"], &seen["events"]), (&json!(7), &json!(11)));
    let open = client.call("query_events", json!({"since_timestamp": BOOT + 9 * MILLI}))["gaps"].clone();
    assert_eq!((&open[0]["events"], &open[0]["since"]), (&json!(7), &json!(BOOT + 9 * MILLI)));
    stream.write_all(&calls(5000..5001)).unwrap();
    source(&mut client, |source| source["records"] == 11);
    let page = client.call("query_events", json!({}));
    let closed = json!([{
        "since": BOOT + 9 * MILLI, "until": BOOT + 5000 * MILLI, "events": 7, "lost": "dropped",
        "event_id": open[0]["event_id"],
    }]);
    assert_eq!((&page["gaps"], &page["total_matched"]), (&closed, &json!(12)));
    let seen = source(&mut client, |_| true);
    assert_eq!((&seen["gaps"], &seen["events"]), (&json!(1), &json!(12)));
    stream.write_all(&dropped(3)).unwrap();
    source(&mut client, |source| source["gaps"] == 2);
    client.call("stop_capture", json!({"all": true}));
    let stats = client.call("get_stats", json!({}));
    assert_eq!(stats["lost"], json!({"gaps": 2, "uncounted_gaps": 0, "events": 10}));
}

#[test]
fn a_stream_that_begins_inside_a_record_is_read_from_the_next_and_the_cut_one_is_counted() {
    let (mut client, listener, _) = traced();
    let cut = record(&call(0, 0));
    let stream = serve(&listener, &[&cut[11..], &calls(1..6)].concat());
    let seen = source(&mut client, |source| source["records"] == 5);
    assert_eq!((&seen["dropped"], &seen["rejected"]), (&json!(1), &json!(0)));
    let error = seen["last_error"].as_str().unwrap();
    assert!(error.contains(&format!("{} bytes passed over", cut.len() - 11)), "{error}");
    drop(stream);
}

#[test]
fn a_port_that_is_none_is_told_and_tried_again() {
    let (mut client, listener, _) = traced();
    drop(serve(&listener, b"SSH-2.0-OpenSSH_9.9\r\n"));
    source(&mut client, |source| {
        source["last_error"].as_str().is_some_and(|error| error.contains("without a trace record"))
    });
    let stream = serve(&listener, &calls(0..3));
    source(&mut client, |source| source["records"] == 3);
    drop(stream);
}

#[test]
fn sources_are_started_and_stopped_by_calls() {
    let (mut client, address) = listening();
    assert_eq!(client.call("start_capture", json!({"listen": address}))["started"], false);
    let stream = say(&address, b"{\"ts\": 1}\n");
    source(&mut client, |source| source["events"] == 1);
    let stopped = client.call("stop_capture", json!({"source": address}));
    assert_eq!((&stopped["stopped"][0]["state"], &stopped["stopped"][0]["events"]), (&json!("stopped"), &json!(1)));
    assert_eq!(stopped["stopped"][0]["connections"], 0);
    drop(stream);
    let again = client.call("start_capture", json!({"listen": address}));
    assert_eq!((&again["started"], &again["events"]), (&json!(true), &json!(1)), "its figures stay");
    drop(say(&address, b"{\"ts\": 2}\n"));
    let seen = source(&mut client, |source| source["events"] == 2);
    assert_eq!(seen["sessions"][1]["session_id"], format!("{address}#2"), "and its sessions are counted on");
    assert_eq!(client.call("stop_capture", json!({"all": true}))["stopped"].as_array().unwrap().len(), 1);
    assert!(client.refusal("stop_capture", json!({"source": "1.2.3.4:5"})).contains(&address));
    assert!(client.refusal("stop_capture", json!({})).contains("all: true"));
    client.finish();
}

#[test]
fn a_call_is_not_led_to_other_machines() {
    let mut client = Client::start();
    for (arguments, told) in [
        (json!({"dbg": "10.1.2.3:4711"}), "--capture-host"),
        (json!({"dbg": "example.com:4711"}), "--capture-host"),
        (json!({"dbg": "nonsense"}), "127.0.0.1:4711"),
        (json!({"listen": "0.0.0.0:0"}), "--listen-any"),
        (json!({"listen": "x"}), "127.0.0.1:4712"),
        (json!({}), "one of them"),
        (json!({"dbg": "127.0.0.1:1", "listen": "0"}), "one of them"),
    ] {
        let refusal = client.refusal("start_capture", arguments.clone());
        assert!(refusal.contains(told), "{arguments}: {refusal}");
    }
    assert_eq!(client.call("capture_status", json!({}))["sources"], json!([]));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert!(client.refusal("start_capture", json!({"listen": address})).contains("cannot listen on"));
    let mut open = Client::start_with(&["--capture-host", "nowhere.invalid", "--listen-any"]);
    assert_eq!(open.call("start_capture", json!({"dbg": "nowhere.invalid:4711"}))["started"], true);
    source(&mut open, |source| source["last_error"].as_str().is_some_and(|error| error.contains("cannot connect")));
    open.call("start_capture", json!({"listen": "0.0.0.0:0"}));
    open.finish();
}

#[test]
fn only_files_under_an_import_root_are_imported() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("good.ndjson"), "{\"id\": 1, \"ts\": 1}\n{\"ts\": \"x\"}\n{\"id\": 2, \"ts\": 2}\n")
        .unwrap();
    std::fs::write(folder.path().join("secret.ndjson"), "{\"ts\": 1}\n").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.path().join("secret.ndjson"), root.join("link.ndjson")).unwrap();
    let mut client = Client::start_with(&["--import-root", root.to_str().unwrap()]);
    let secret = folder.path().join("secret.ndjson");
    for path in ["../secret.ndjson", "link.ndjson", secret.to_str().unwrap(), "/etc/passwd", "Cargo.toml"] {
        let refusal = client.refusal("import_events", json!({"path": path}));
        let is_told = refusal.contains("--import-root") && refusal.contains("root");
        assert!(is_told, "{path}: {refusal}");
    }
    #[cfg(unix)]
    {
        let refusal = client.refusal("import_events", json!({"path": root.to_str().unwrap()}));
        assert!(refusal.contains("link.ndjson"), "not through a folder either: {refusal}");
    }
    assert!(client.refusal("import_events", json!({"path": "none.ndjson"})).contains("no such file"));
    assert_eq!(client.call("get_stats", json!({}))["total_events"], 0);
    let answer = client.call("import_events", json!({"path": "good.ndjson"}));
    assert_eq!((&answer["stored"], &answer["rejected"]), (&json!(2), &json!(1)), "{answer}");
    assert_eq!((&answer["since"], &answer["until"]), (&json!(1), &json!(2)));
    assert!(answer["first_errors"][0].as_str().unwrap().contains("line 2"), "{answer}");
    assert_eq!(
        (&answer["cancelled"], &answer["recordings"][0]["format"]),
        (&json!(false), &json!("events, one per line"))
    );
    let again = client.call("import_events", json!({"path": root.join("good.ndjson").to_str().unwrap()}));
    assert_eq!((&again["stored"], &again["duplicates"]), (&json!(0), &json!(2)));
}

#[test]
fn the_current_folder_is_the_import_root_unless_others_are_given() {
    let mut client = Client::start();
    let answer = client.call("import_events", json!({"path": client::BANK[1]}));
    assert_eq!(answer["stored"], 10_000);
    assert!(client.refusal("import_events", json!({"path": "/etc/passwd"})).contains(env!("CARGO_MANIFEST_DIR")));
    let trace = "examples/recordings/s3_badstate.trace.gz";
    let answer = client.call("import_events", json!({"path": trace, "max_value_bytes": 100}));
    assert_eq!((&answer["records"], &answer["unknown"], &answer["dropped"]), (&json!(922), &json!(0), &json!(0)));
    let session = answer["recordings"][0]["session_id"].as_str().unwrap();
    assert_eq!(total(&mut client, json!({"session_id": session})), answer["events"].as_u64().unwrap());
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_elixir-scope-storage"));
    for variable in ["DBG", "LISTEN", "LISTEN_ANY", "IMPORT", "IMPORT_ROOT", "CAPTURE_HOST"] {
        command.env_remove(format!("ELIXIR_SCOPE_{variable}"));
    }
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn a_signal_is_heard_as_soon_as_an_address_is_told() {
    for option in ["--listen", "--http"].repeat(10) {
        let mut child = command(&["--script", option, "127.0.0.1:0"]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("listening on "), "{line}");
        assert!(Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{option}");
    }
}

#[test]
fn the_address_listened_on_is_told_on_stderr_and_a_signal_ends_sources_that_are_being_sent_to() {
    let mut server = command(&["--script"]);
    server.env("ELIXIR_SCOPE_LISTEN", "127.0.0.1:0, 0");
    let mut child = server.spawn().unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let told = stderr.lines().map(|line| line.unwrap().strip_prefix("listening on ").unwrap().to_owned());
    let addresses: Vec<String> = told.take(2).collect();
    let streams: Vec<TcpStream> = addresses.iter().map(|address| say(address, b"{\"ts\": 1}\n")).collect();
    assert!(Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    for address in &addresses {
        TcpStream::connect(address).unwrap_err();
    }
    drop(streams);
}

#[test]
fn addresses_that_cannot_be_meant_are_errors_of_usage() {
    for (arguments, told) in [
        (["--dbg", "nonsense"], "HOST:PORT"),
        (["--listen", "0.0.0.0:4712"], "--listen-any"),
        (["--listen", "x"], "127.0.0.1:4712"),
        (["--import-root", "/no/such/folder"], "/no/such/folder"),
    ] {
        let output = command(&arguments).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(told) && stderr.contains(arguments[0]), "{stderr}");
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let output = command(&["--listen", &taken.local_addr().unwrap().to_string()]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "it cannot be served on");
}
