//! Tracing that ended is a state of its source: when, why, by whom, and what was left out before.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may stop at the first surprise")]

#[path = "support/client.rs"]
mod client;
#[path = "support/terms.rs"]
mod terms;

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use client::Client;
use serde_json::{Value, json};
use terms::{Bytes, atom, binary, int, list, map, pid_of, tuple};

/// Only keeps a hang from lasting for ever.
const HANG: Duration = Duration::from_mins(2);

const BOOT: i64 = -576_460_751_000_000_000;

fn packet(term: &[u8]) -> Bytes {
    [&(term.len() as u32 + 1).to_be_bytes()[..], &[131], term].concat()
}

fn stamp(at: i64) -> Bytes {
    tuple(&[int(BOOT + at), int(at)])
}

fn hello() -> Bytes {
    let about = [
        (atom("node"), atom("shop@host")),
        (atom("os_pid"), binary("77")),
        (atom("time_offset_ns"), int(-BOOT)),
        (atom("mono_ns"), int(BOOT)),
        (atom("names"), list(&[])),
    ];
    tuple(&[atom("scope"), atom("hello"), map(&about)])
}

fn exit(at: i64) -> Bytes {
    tuple(&[atom("trace_ts"), pid_of("shop@host", 9), atom("exit"), atom("normal"), stamp(at)])
}

fn note(why: &str, at: i64) -> Bytes {
    let about = map(&[
        (atom("left_out"), atom("values")),
        (atom("why"), atom(why)),
        (atom("module"), atom("Elixir.Cart")),
        (atom("arity"), int(3)),
    ]);
    tuple(&[atom("scope"), atom("note"), about, stamp(at)])
}

fn bye(reason: &str, about: Option<Bytes>, at: i64) -> Bytes {
    let told = [atom("scope"), atom("bye"), atom(reason), stamp(at)];
    tuple(&[&told[..], &about.into_iter().collect::<Vec<_>>()].concat())
}

/// Sends these over one connection; the session, once it is as wanted.
fn session(client: &mut Client, address: &str, said: &[Bytes], wanted: impl Fn(&Value) -> bool) -> Value {
    let bytes: Bytes = said.iter().flat_map(|term| packet(term)).collect();
    TcpStream::connect(address).unwrap().write_all(&bytes).unwrap();
    let started = Instant::now();
    loop {
        let status = client.call("capture_status", json!({}));
        let session = status["sources"][0]["sessions"][0].clone();
        if wanted(&session) {
            return session;
        }
        assert!(started.elapsed() < HANG, "never came to be: {status:#}");
        std::thread::yield_now();
    }
}

fn listening() -> (Client, String) {
    let mut client = Client::start();
    let address = client.call("start_capture", json!({"listen": "0"}))["source"].as_str().unwrap().to_owned();
    (client, address)
}

#[test]
fn a_source_that_says_goodbye_has_ended_for_its_reason() {
    let about = map(&[
        (atom("by"), binary("iex@host")),
        (atom("dropped"), int(12)),
        (atom("left_out"), map(&[(atom("values"), int(3))])),
    ]);
    for (about, told) in [(None, ":max_rate"), (Some(about), ":max_rate %{")] {
        let (mut client, address) = listening();
        let is_whole = about.is_some();
        let said = [hello(), exit(10), note("memory", 20), bye("max_rate", about, 30)];
        let session = session(&mut client, &address, &said, |session| session["ended_at"] == BOOT + 30);
        assert!(session["ended_because"].as_str().unwrap().starts_with(told), "{session}");
        assert_eq!((&session["notes_total"], session["notes"].as_array().unwrap().len()), (&json!(1), 1));
        assert_eq!(session["unknown"], 0);

        let page =
            client.call("query_events", json!({"format": "json", "event_type": ["capture_note", "capture_end"]}));
        let events = page["events"].as_array().unwrap();
        assert_eq!(events[0]["data"], json!({"left_out": ":values", "why": ":memory", "module": "Cart", "arity": 3}));
        assert_eq!(events[1]["data"]["reason"], ":max_rate");
        if is_whole {
            let about = &events[1]["data"];
            assert_eq!((&about["by"], &about["dropped"]), (&json!("iex@host"), &json!(12)));
            assert_eq!(about["left_out"], json!({"values": 3}));
        }
        let overview = client.text("overview", json!({}));
        assert!(overview.contains("tracing had ended: :max_rate"), "{overview}");
    }
}

#[test]
fn a_source_that_vanishes_has_ended_and_nobody_knows_why_until_it_is_there_again() {
    let (mut client, address) = listening();
    let gone = session(&mut client, &address, &[hello(), exit(10)], |session| session["ended_because"].is_string());
    assert_eq!(gone["ended_at"], BOOT + 10);
    assert!(gone["ended_because"].as_str().unwrap().contains("did not say why"), "{gone}");
    let overview = client.text("overview", json!({}));
    assert!(!overview.contains("tracing had ended"), "{overview}");

    // It is there again: the same process, so the same session.
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.write_all(&[packet(&hello()), packet(&exit(50))].concat()).unwrap();
    let started = Instant::now();
    loop {
        let status = client.call("capture_status", json!({}));
        let session = &status["sources"][0]["sessions"][0];
        if session["events"].as_u64() >= Some(4) {
            assert_eq!(session.get("ended_because"), None, "{status}");
            break;
        }
        assert!(started.elapsed() < HANG, "{status:#}");
        std::thread::yield_now();
    }
    drop(stream);
}

#[test]
fn only_the_newest_notes_are_told_and_all_are_counted() {
    let (mut client, address) = listening();
    let notes = (1..=9).map(|n| note(&format!("why{n}"), n));
    let said: Vec<Bytes> = [hello()].into_iter().chain(notes).collect();
    let session = session(&mut client, &address, &said, |session| session["notes_total"] == 9);
    let told = session["notes"].as_array().unwrap();
    assert_eq!(told.len(), 5);
    assert!(told[4].as_str().unwrap().contains(":why9"), "{session}");
}
