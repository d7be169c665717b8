//! A recording never spans more than it lasted: every event of a source lies on the source's one clock, whatever came
//! before the first message that carries a time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may stop at the first surprise")]

#[path = "support/client.rs"]
mod client;
#[path = "support/terms.rs"]
mod terms;

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use client::Client;
use serde_json::{Value, json};
use terms::{Bytes, atom, binary, int, list, map, pid_of, tuple};

/// Only keeps a hang from lasting for ever.
const HANG: Duration = Duration::from_mins(2);

/// Start of the clock of every BEAM.
const BOOT: i64 = -576_460_751_000_000_000;

/// Half a minute: no test lasts longer, and no mistake of clocks is shorter.
const SOON: i64 = 30_000_000_000;

/// What `scope.exs` says first.
fn hello(mono_ns: i64, offset_ns: i64) -> Bytes {
    let about = [
        (atom("node"), atom("shop@host")),
        (atom("os_pid"), binary("77")),
        (atom("time_offset_ns"), int(offset_ns)),
        (atom("mono_ns"), int(mono_ns)),
        (atom("names"), list(&[tuple(&[atom("cart"), pid_of("shop@host", 4)])])),
    ];
    tuple(&[atom("scope"), atom("hello"), map(&about)])
}

/// How a message carries its time.
#[derive(Clone, Copy, Debug)]
enum Stamped {
    Never,
    Own(i64),
    Wall(i64),
}

fn exit(process: u32, stamped: Stamped) -> Bytes {
    let told = [pid_of("shop@host", process), atom("exit"), atom("normal")];
    match stamped {
        Stamped::Never => tuple(&[&[atom("trace")], &told[..]].concat()),
        Stamped::Own(ns) => tuple(&[&[atom("trace_ts")], &told[..], &[int(ns)]].concat()),
        Stamped::Wall(ns) => {
            let micros = ns / 1_000;
            let parts = [micros / 1_000_000_000_000, micros / 1_000_000 % 1_000_000, micros % 1_000_000].map(int);
            tuple(&[&[atom("trace_ts")], &told[..], &[tuple(&parts)]].concat())
        }
    }
}

/// A term as `{packet, 4}` sends it.
fn packet(term: &[u8]) -> Bytes {
    [&(term.len() as u32 + 1).to_be_bytes()[..], &[131], term].concat()
}

/// A term as a trace port sends it.
fn record(term: &[u8]) -> Bytes {
    [vec![0], packet(term)].concat()
}

fn wall_now() -> i64 {
    i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos()).unwrap()
}

/// The events there are, once so many are.
fn events(client: &mut Client, count: u64) -> Vec<Value> {
    let started = Instant::now();
    loop {
        let page = client.call("query_events", json!({"format": "json", "limit": 1000}));
        if page["total_matched"] == count {
            return page["events"].as_array().unwrap().clone();
        }
        assert!(started.elapsed() < HANG, "never came to be: {page:#}");
        std::thread::yield_now();
    }
}

fn times(events: &[Value]) -> Vec<i64> {
    events.iter().map(|event| event["timestamp"].as_i64().unwrap()).collect()
}

fn span(events: &[Value]) -> i64 {
    let times = times(events);
    times.iter().max().unwrap() - times.iter().min().unwrap()
}

#[test]
fn what_a_producer_says_first_has_the_time_of_its_start_live_and_from_a_file() {
    let offset = wall_now() - BOOT;
    let said = [hello(BOOT, offset), exit(9, Stamped::Own(BOOT + 1_000)), exit(10, Stamped::Own(BOOT + 2_000))];
    let bytes: Bytes = said.iter().flat_map(|term| packet(term)).collect();
    let check = |events: &[Value]| {
        assert_eq!(times(events), [BOOT, BOOT, BOOT + 1_000, BOOT + 2_000], "{events:#?}");
        assert_eq!(events[0]["event_type"], "capture_start");
        assert_eq!((&events[1]["event_type"], &events[1]["pid"]), (&json!("process_register"), &json!("<0.4.0>")));
    };

    let mut client = Client::start();
    let address = client.call("start_capture", json!({"listen": "0"}))["source"].as_str().unwrap().to_owned();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(&bytes[..packet(&said[0]).len()]).unwrap();
    // It is told before anything was traced.
    assert_eq!(times(&events(&mut client, 2)), [BOOT, BOOT]);
    stream.write_all(&bytes[packet(&said[0]).len()..]).unwrap();
    check(&events(&mut client, 4));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rec.scope");
    std::fs::write(&path, &bytes).unwrap();
    let mut client = Client::start_with(&["--import", path.to_str().unwrap()]);
    check(&events(&mut client, 4));
}

#[test]
fn the_events_of_a_file_lie_together_whichever_of_them_carry_a_time() {
    use Stamped::{Never, Own, Wall};
    let wall = wall_now();
    for stamps in [
        vec![Never, Never, Own(BOOT), Own(BOOT + 1_000)],
        vec![Never, Wall(wall), Never],
        vec![Own(BOOT), Wall(wall), Own(BOOT + 1_000), Wall(wall + 5_000), Never],
        vec![Wall(wall), Never, Own(BOOT), Wall(wall + 5_000)],
        vec![Never; 5],
    ] {
        let bytes: Bytes =
            stamps.iter().zip(20..).flat_map(|(stamped, process)| record(&exit(process, *stamped))).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rec.trace");
        std::fs::write(&path, &bytes).unwrap();
        let mut client = Client::start_with(&["--import", path.to_str().unwrap()]);
        let told = events(&mut client, stamps.len() as u64);
        assert!(span(&told) < SOON, "{stamps:?}: {:?}", times(&told));
    }
}

#[test]
fn more_than_fits_a_batch_may_come_before_the_first_time() {
    let early = (0..5_000).map(|n| exit(20 + n, Stamped::Never));
    let bytes: Bytes = early.chain([exit(9, Stamped::Own(BOOT))]).flat_map(|term| record(&term)).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rec.trace");
    std::fs::write(&path, &bytes).unwrap();
    let mut client = Client::start_with(&["--import", path.to_str().unwrap()]);
    let told = client.call("query_events", json!({"format": "json", "since_timestamp": BOOT, "until_timestamp": BOOT}));
    assert_eq!(told["total_matched"], 5_001, "{told}");
}

#[test]
fn the_events_of_a_trace_port_lie_together_whichever_of_them_carry_a_time() {
    use Stamped::{Never, Own, Wall};
    let wall = wall_now();
    for stamps in [[Never, Own(BOOT), Never], [Never, Wall(wall), Own(BOOT)], [Own(BOOT), Never, Wall(wall)]] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = Client::start_with(&["--dbg", &listener.local_addr().unwrap().to_string()]);
        let (mut stream, _) = listener.accept().unwrap();
        let mut told = Vec::new();
        // Each is stored before the next is sent.
        for (stamped, process) in stamps.iter().zip(20..) {
            stream.write_all(&record(&exit(process, *stamped))).unwrap();
            told = events(&mut client, u64::from(process - 19));
        }
        assert!(span(&told) < SOON, "{stamps:?}: {:?}", times(&told));
    }
}

#[test]
fn sources_with_and_without_clocks_lie_together() {
    use Stamped::{Never, Own, Wall};
    let wall = wall_now();
    let offset = wall - BOOT;
    let kinds = [exit(20, Never), exit(20, Wall(wall)), exit(20, Own(BOOT)), hello(BOOT, offset)];
    for (first, one) in kinds.iter().enumerate() {
        for (second, other) in kinds.iter().enumerate().filter(|(second, _)| *second != first) {
            let mut client = Client::start();
            let started = client.call("start_capture", json!({"listen": "0"}));
            let address = started["source"].as_str().unwrap();
            let mut count = 0;
            let mut told = Vec::new();
            for said in [one, other] {
                count += if *said == kinds[3] { 2 } else { 1 };
                TcpStream::connect(address).unwrap().write_all(&packet(said)).unwrap();
                told = events(&mut client, count);
            }
            assert!(span(&told) < SOON, "{first} and {second}: {:?}", times(&told));
        }
    }
}
