//! Doors under hostile hands: producers that stay silent or never end a line, a host that does not read stderr, paths
//! that are no files. The real binary, or the library where a bound is set low.

#![cfg(unix)]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use elixir_scope_storage::budget::Budget;
use elixir_scope_storage::capture::{Asked, Capture, Reach, Target};
use elixir_scope_storage::ingest::{Access, ImportOptions, import, import_watched};
use elixir_scope_storage::{EventStore, Settings, Unwatched};
use serde_json::{Value, json};

/// Only keeps a hang from lasting for ever.
const HANG: Duration = Duration::from_mins(2);

fn open() -> EventStore {
    EventStore::open(Settings::UNBOUNDED).unwrap()
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < HANG, "never: {what}");
        std::thread::yield_now();
    }
}

/// A server that takes bare requests, and what it says on stderr.
struct Server {
    child: Child,
    stdin: ChildStdin,
    replies: Receiver<String>,
    stderr: BufReader<std::process::ChildStderr>,
}

impl Server {
    fn start(arguments: &[&str], folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_elixir-scope-storage"));
        command.arg("--script").args(arguments).current_dir(folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (send, replies) = channel();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        Self { child, stdin, replies, stderr }
    }

    /// The address it says it listens on.
    fn address(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        line.trim().strip_prefix("listening on ").unwrap().to_owned()
    }

    fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}});
        writeln!(self.stdin, "{request}").unwrap();
        let line = self.replies.recv_timeout(HANG).expect("it answers");
        let mut reply: Value = serde_json::from_str(&line).unwrap();
        reply["result"].take()
    }

    fn total(&mut self) -> u64 {
        self.call("get_stats", json!({}))["structuredContent"]["total_events"].as_u64().unwrap()
    }

    /// Ends it; what stderr still held.
    fn end(self) -> (Option<i32>, String) {
        let Self { mut child, stdin, mut stderr, .. } = self;
        drop(stdin);
        let mut said = String::new();
        stderr.read_to_string(&mut said).unwrap();
        (child.wait().unwrap().code(), said)
    }
}

#[test]
fn a_host_that_does_not_read_stderr_stops_nobody_and_no_value_is_said() {
    let mut server = Server::start(&["--listen", "127.0.0.1:0"], Path::new("."));
    let address = server.address();
    let mut stream = TcpStream::connect(&address).unwrap();
    let mut text = String::new();
    for line in 0..20_000 {
        writeln!(text, r#"{{"id": {line}, "ts": "s3cret-{line}", "arity": "s3cret", "x": "\u001b[2J"}}"#).unwrap();
    }
    writeln!(text, r#"{{"id": "good", "ts": 7}}"#).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    drop(stream);
    until("the good line is stored", || server.total() == 1);
    let (code, said) = server.end();
    assert_eq!(code, Some(0));
    assert!(said.lines().count() < 100, "a few lines, and how many more: {said}");
    assert!(said.contains("more lines were left out"), "{said}");
    assert!(said.contains("line 1, byte 0"), "the place is told: {said}");
    assert!(!said.contains("s3cret") && !said.contains('\u{1b}'), "{said}");
}

#[test]
fn an_import_says_on_stderr_where_it_is_wrong_and_not_what() {
    let folder = tempfile::tempdir().unwrap();
    let bad = "{\"ts\": \"s3cret\"}\n{\"arity\": 4711, \"ts\": 1}\n{\"ts\": s3cret}\n{\"ts\": 1, \"type\": 5}\n";
    std::fs::write(folder.path().join("bad.ndjson"), bad).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_elixir-scope-storage"))
        .args(["import", "bad.ndjson"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("bad.ndjson, line 1: ts: got"), "{said}");
    assert!(!said.contains("s3cret") && !said.contains("4711"), "{said}");
}

#[test]
fn idle_producers_lock_nobody_out_and_no_first_line_is_lost() {
    let mut server = Server::start(&["--listen", "127.0.0.1:0"], Path::new("."));
    let address = server.address();
    let idle: Vec<TcpStream> = (0..560).map(|_| TcpStream::connect(&address).unwrap()).collect();
    for producer in 0..300 {
        let mut stream = TcpStream::connect(&address).unwrap();
        writeln!(stream, r#"{{"id": "p{producer}", "ts": {producer}}}"#).unwrap();
    }
    until("every short producer is heard", || server.total() == 300);
    drop(idle);
    for producer in 0..2_000 {
        let mut stream = TcpStream::connect(&address).unwrap();
        writeln!(stream, r#"{{"id": "q{producer}", "ts": {producer}}}"#).unwrap();
    }
    until("and every one of many", || server.total() == 2_300);
    let (_, said) = server.end();
    assert!(!said.contains("turned away"), "{said}");
}

#[test]
fn lines_that_never_end_are_bounded_together_and_the_next_line_is_read() {
    let store = open();
    let budget = Budget::new(24 << 20);
    let tell = Arc::new(|_: &str| ());
    let capture = Capture::within(store.clone(), Reach::default(), &ImportOptions::default(), tell, budget.clone());
    let (source, _) = capture.start(&Target::Listen("127.0.0.1:0".to_owned()), Asked::AtStart).unwrap();
    let part = vec![b'x'; 6 << 20];
    let mut streams: Vec<TcpStream> = (0..6)
        .map(|at| {
            let mut stream = TcpStream::connect(&source.source).unwrap();
            write!(stream, r#"{{"id": "long-{at}", "ts": 1, "data": {{"x": ""#).unwrap();
            stream.write_all(&part).unwrap();
            stream
        })
        .collect();
    let passed_over = || capture.status()[0].counts.rejected;
    until("there is no room for all of them", || passed_over() > 0);
    for stream in &mut streams {
        writeln!(stream, "\"}}}}").unwrap();
        writeln!(stream, r#"{{"event_type": "next", "ts": 2}}"#).unwrap();
    }
    drop(streams);
    until("each line is stored or told", || store.len() + passed_over() == 12);
    assert!(budget.most_held() <= 24 << 20);
    until("memory is given back", || budget.held() == 0);
    let long = (0..6).filter(|at| store.get_event_by_id(&format!("long-{at}")).is_ok()).count() as u64;
    assert_eq!(store.len(), 6 + long, "every next line is there");
    capture.stop(None).unwrap();
}

#[test]
fn bytes_that_come_one_by_one_are_looked_at_once() {
    let mut server = Server::start(&["--listen", "127.0.0.1:0"], Path::new("."));
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_nodelay(true).unwrap();
    write!(stream, r#"{{"id": "slow", "ts": 1, "data": {{"x": "{}"#, "x".repeat(24 << 20)).unwrap();
    for _ in 0..3_000 {
        stream.write_all(b"y").unwrap();
    }
    stream.write_all(b"\"}}\n").unwrap();
    until("the line is stored", || server.total() == 1);
}

#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Command::new("mkfifo").arg(folder.path().join("fifo")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("zero")).unwrap();
    std::fs::write(folder.path().join("good.ndjson"), "{\"ts\": 1}\n").unwrap();

    let mut server = Server::start(&[], folder.path());
    for path in ["fifo", "socket"] {
        let result = server.call("import_events", json!({"path": path}));
        assert_eq!(result["isError"], true, "{path}: {result}");
        assert!(result["content"][0]["text"].as_str().unwrap().contains("not a regular file"), "{path}: {result}");
    }
    for path in ["fifo", "socket", "zero", "/dev/null"] {
        let output = Command::new(env!("CARGO_BIN_EXE_elixir-scope-storage"))
            .args(["--import", path])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{path}");
    }
    // What is handed over as a pipe is read as before.
    let mut child = Command::new(env!("CARGO_BIN_EXE_elixir-scope-storage"))
        .args(["import", "/dev/stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"{\"ts\": 1}\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stdout).unwrap().contains("1 event read"));
    // In a folder it is passed by.
    std::fs::remove_file(folder.path().join("zero")).unwrap();
    let result = server.call("import_events", json!({"path": "."}));
    assert_eq!(result["structuredContent"]["stored"], 1, "{result}");
}

#[test]
fn a_folder_of_many_files_is_summed_up() {
    let folder = tempfile::tempdir().unwrap();
    for at in 0..1_500 {
        std::fs::write(folder.path().join(format!("part{at}.ndjson")), format!("{{\"ts\": {at}}}\n")).unwrap();
        std::fs::write(folder.path().join(format!("note{at}.txt")), "no events\n").unwrap();
    }
    let mut server = Server::start(&[], folder.path());
    let result = server.call("import_events", json!({"path": "."}));
    let reply = &result["structuredContent"];
    assert_eq!(reply["stored"], 1_500, "{reply}");
    let told = |key: &str| reply[key].as_array().unwrap().len() as u64;
    assert_eq!(told("recordings") + reply["more"]["recordings"].as_u64().unwrap(), 1_500);
    assert_eq!(told("notes") + reply["more"]["notes"].as_u64().unwrap(), 1_500);
    assert!(result.to_string().len() < 20_000, "{} bytes", result.to_string().len());
}

#[test]
fn one_record_that_is_a_list_is_stored_in_steps() {
    // A list of small integers: each becomes an event hundreds of times its size.
    const MESSAGES: u32 = 200_000;
    let mut term = vec![131, 108];
    term.extend(MESSAGES.to_be_bytes());
    term.extend([97, 1].repeat(MESSAGES as usize));
    term.push(106);
    let mut file = (term.len() as u32).to_be_bytes().to_vec();
    file.extend(&term);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list");
    std::fs::write(&path, &file).unwrap();
    let store = EventStore::open(Settings { max_events: Some(1_000), ..Settings::UNBOUNDED }).unwrap();
    let mut steps = 0;
    let report = import(&store, &path, &mut |_| steps += 1).unwrap();
    assert_eq!((report.stored, report.unknown), (MESSAGES.into(), MESSAGES.into()));
    assert!(steps >= MESSAGES / 20_000, "stored and asked whether to go on {steps} times");
    assert_eq!(store.len(), 1_000);
}

#[test]
fn a_file_that_is_swapped_for_a_link_stays_in_its_root() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().canonicalize().unwrap();
    std::fs::create_dir(base.join("root")).unwrap();
    std::fs::write(base.join("outside.ndjson"), "{\"ts\": 1}\n").unwrap();
    std::fs::write(base.join("root/inside.ndjson"), "{\"ts\": 1}\n").unwrap();
    std::os::unix::fs::symlink(base.join("outside.ndjson"), base.join("root/link.ndjson")).unwrap();
    let mut options = ImportOptions::default();
    options.access = Access::within(vec![base.join("root")]);
    let read = |name: &str| import_watched(&open(), &base.join("root").join(name), &options, &Unwatched);
    assert_eq!(read("inside.ndjson").unwrap().stored, 1);
    assert!(read("link.ndjson").is_err());
    assert_eq!(read("").unwrap().stored, 1, "of the folder, what lies in it");
}

/// A number that no float holds, or none that a reader would get back as it was sent.
const NUMBERS: &str = r#"{"a":1e999,"b":1180591620717411303424,"c":0.1234567890123456789,"d":-0,"e":[1E3,1.50]}"#;

#[test]
fn numbers_of_a_payload_come_back_as_they_were_sent_through_every_door() {
    let folder = tempfile::tempdir().unwrap();
    let event = |id: &str| format!(r#"{{"event_id":"{id}","timestamp":1,"data":{NUMBERS}}}"#);
    std::fs::write(folder.path().join("numbers.ndjson"), event("imported")).unwrap();
    let mut server = Server::start(&["--listen", "127.0.0.1:0"], folder.path());
    let mut stream = TcpStream::connect(server.address()).unwrap();
    writeln!(stream, "{}", event("heard")).unwrap();
    until("it is heard", || server.total() == 1);
    server.call("import_events", json!({"path": "numbers.ndjson"}));
    for (id, arguments) in [
        ("one", format!(r#"{{"name":"store_event","arguments":{{"event":{}}}}}"#, event("one"))),
        ("many", format!(r#"{{"name":"store_events","arguments":{{"events":[{}]}}}}"#, event("many"))),
        ("other", format!(r#"{{"arguments":{{"atomic":true,"events":[{}]}},"name":"store_events"}}"#, event("other"))),
    ] {
        writeln!(server.stdin, r#"{{"jsonrpc":"2.0","id":"{id}","method":"tools/call","params":{arguments}}}"#)
            .unwrap();
        let reply = server.replies.recv_timeout(HANG).unwrap();
        assert!(reply.contains(r#""isError":false"#), "{reply}");
    }
    for id in ["heard", "imported", "one", "many", "other"] {
        let result = server.call("get_event_by_id", json!({"event_id": id}));
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.contains(NUMBERS), "{id}: {text}");
        // What a client's parser would change is text there.
        let data = &result["structuredContent"]["data"];
        assert_eq!(data["a"], "1e999", "{id}");
        assert_eq!(data["b"], "1180591620717411303424", "{id}");
        assert_eq!(data["c"], "0.1234567890123456789", "{id}");
        assert!(data["d"].as_f64().unwrap().is_sign_negative(), "{id}: {data}");
        assert_eq!(data["e"], json!([1000.0, 1.5]), "{id}");
    }
    let result = server.call("query_events", json!({"format": "json"}));
    assert_eq!(result["content"][0]["text"].as_str().unwrap().matches(NUMBERS).count(), 5);
}

#[test]
fn no_text_acts_on_the_screen_of_who_reads_it() {
    const HOSTILE: &str = "a\u{1b}[2J\u{202e}b\u{9b}\u{2066}\u{7f}\u{feff}";
    let mut server = Server::start(&[], Path::new("."));
    let types = ["function_entry", "message_send", "process_exit", "state_change"];
    let events: Vec<Value> = (0..40)
        .map(|at| {
            json!({"event_id": format!("{HOSTILE}{at}"), "timestamp": at, "pid": HOSTILE, "node": HOSTILE,
                "event_type": types[at % 4], "module": HOSTILE, "function": HOSTILE, "arity": 1,
                "correlation_id": HOSTILE, "session_id": HOSTILE, "call_id": HOSTILE, "ast_node_id": HOSTILE,
                "data": {HOSTILE: HOSTILE, "reason": HOSTILE, "message": HOSTILE, "state": HOSTILE}})
        })
        .collect();
    server.call("store_events", json!({"events": events}));
    for (tool, arguments) in [
        ("query_events", json!({})),
        ("query_events", json!({"format": "json"})),
        ("query_events", json!({"pid": HOSTILE, "module": HOSTILE, "text": HOSTILE})),
        ("last_n_events_for_pid", json!({"pid": HOSTILE})),
        ("get_event_by_id", json!({"event_id": format!("{HOSTILE}1")})),
        ("get_event_by_id", json!({"event_id": format!("{HOSTILE}none")})),
        ("get_stats", json!({})),
        ("overview", json!({})),
        ("aggregate", json!({"group_by": ["module", "pid"]})),
        ("find_anomalies", json!({})),
        ("explain", json!({"target": HOSTILE})),
        ("state_at", json!({"pid": HOSTILE, "at": 30})),
        ("profile", json!({})),
        ("call_tree", json!({"pid": HOSTILE})),
        ("mailbox", json!({"pid": HOSTILE})),
        ("explain_query", json!({"pid": HOSTILE})),
        ("import_events", json!({"path": HOSTILE})),
        (HOSTILE, json!({})),
    ] {
        writeln!(
            server.stdin,
            "{}",
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}})
        )
        .unwrap();
        let line = server.replies.recv_timeout(HANG).unwrap();
        let reply: Value = serde_json::from_str(&line).unwrap();
        let text = match reply["result"]["content"][0]["text"].as_str() {
            Some(text) => text.to_owned(),
            None => continue,
        };
        let hidden: Vec<char> = text
            .chars()
            .filter(|c| !matches!(c, '\n' | '\t') && elixir_scope_storage::visible::is_hidden(*c))
            .collect();
        assert_eq!(hidden, [], "{tool} {arguments}: {text:?}");
    }
}

#[test]
fn keys_that_are_long_are_shortened_in_texts() {
    let mut server = Server::start(&[], Path::new("."));
    let long = "k".repeat(30_000);
    let event = json!({"timestamp": 1, "event_id": "e", "pid": long, "event_type": "call", "module": long,
        "function": long, "arity": 1, "session_id": long});
    server.call("store_event", json!({"event": event}));
    for (tool, arguments) in [
        ("query_events", json!({})),
        ("query_events", json!({"pid": long})),
        ("get_stats", json!({})),
        ("overview", json!({})),
        ("aggregate", json!({"group_by": ["module"]})),
    ] {
        let result = server.call(tool, arguments);
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.len() < 6_000, "{tool}: {} bytes", text.len());
    }
}

/// A server that may hold few descriptors, and the address it serves on.
fn with_few_descriptors(option: &str) -> (Child, BufReader<std::process::ChildStderr>, String) {
    let run =
        format!("ulimit -n 60; exec '{}' --script {option} 127.0.0.1:0", env!("CARGO_BIN_EXE_elixir-scope-storage"));
    let mut child = Command::new("sh")
        .args(["-c", &run])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on ").unwrap();
    let address = address.trim_start_matches("http://").trim_end_matches("/mcp").to_owned();
    (child, stderr, address)
}

#[test]
fn being_out_of_descriptors_is_told_and_survived() {
    for option in ["--http", "--listen"] {
        let (mut child, mut stderr, address) = with_few_descriptors(option);
        let idle: Vec<TcpStream> = (0..100).map_while(|_| TcpStream::connect(&address).ok()).collect();
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert!(line.contains("cannot accept a connection"), "{option}: {line}");
        // Who has been idle longest makes room, so a new one is answered while the others stay.
        if option == "--http" {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.write_all(b"GET /elsewhere HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
            let mut reply = String::new();
            stream.read_to_string(&mut reply).unwrap();
            assert!(reply.starts_with("HTTP/1.1 404"), "{reply}");
        }
        drop(idle);
        drop(child.stdin.take());
        std::io::copy(&mut stderr, &mut std::io::sink()).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{option}");
    }
}
