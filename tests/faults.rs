//! Faults through every door: a panic in a call, on a connection or in an import, and work that is given up, cost that call
//! alone. The server stays up, what was stored is whole, and the same asked again works.
//!
//! The fault is a clock, which the store asks in calls that read and in calls that write: the server that runs in a child
//! process is this program's own test of the last name below, told so by its environment, on a store whose clock fails while a file is there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use elixir_scope_storage::capture::{Asked, Capture, Reach, Target};
use elixir_scope_storage::clock::{Clock, SystemClock};
use elixir_scope_storage::ingest::{ImportOptions, import_watched};
use elixir_scope_storage::mcp::{Ends, HttpNews, HttpOptions, ImportRoots, ServeOptions, serve};
use elixir_scope_storage::{EventStore, Filter, Query, Settings, Watch};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A clock that fails while a file is there.
#[derive(Debug)]
struct Faulty(PathBuf);

impl Clock for Faulty {
    fn now_ns(&self) -> i64 {
        assert!(!self.0.exists(), "a fault that a test asked for");
        SystemClock.now_ns()
    }
}

/// Long enough for any machine: only a server that hangs takes it.
const HANGS: Duration = Duration::from_mins(1);

/// A server in a child process, with every door open.
struct Server {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    http: String,
    listening: String,
    folder: TempDir,
    last_id: u64,
}

impl Server {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_server_whose_clock_fails", "--nocapture"])
            .env("FAULTS_FOLDER", folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut told = |start: &str| loop {
            let mut line = String::new();
            assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "the server left");
            if let Some(rest) = line.trim_end().strip_prefix(start) {
                return rest.to_owned();
            }
        };
        let (listening, http) = (told("LISTENS "), told("SERVES "));
        // What it says of its panics must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        let (stdin, stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut server = Self { child, stdin, stdout, http, listening, folder, last_id: 0 };
        let handshake = json!({
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "faults", "version": "1"},
        });
        server.stdio("initialize", handshake);
        server.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        server
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.stdin, "{message}").unwrap();
    }

    fn stdio(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let mut line = String::new();
            assert_ne!(self.stdout.read_line(&mut line).unwrap(), 0, "the server left");
            // The harness around it says things of its own.
            let Some(reply) = line.find('{').and_then(|at| serde_json::from_str::<Value>(&line[at..]).ok()) else {
                continue;
            };
            if reply["id"] == id {
                return reply;
            }
        }
    }

    fn http(&mut self, method: &str, mut params: Value) -> Value {
        self.last_id += 1;
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let name = params["name"].as_str().unwrap_or_default().to_owned();
        let body = json!({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}).to_string();
        let mut stream = TcpStream::connect(&self.http).unwrap();
        stream.set_read_timeout(Some(HANGS)).unwrap();
        write!(
            stream,
            "POST /mcp HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\nmcp-protocol-version: 2026-07-28\r\nmcp-method: {method}\r\n\
             mcp-name: {name}\r\ncontent-length: {}\r\n\r\n{body}",
            self.http,
            body.len()
        )
        .unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        let start = reply.find("{\"jsonrpc\"").unwrap_or_else(|| panic!("no message: {reply}"));
        serde_json::Deserializer::from_str(&reply[start..]).into_iter().next().unwrap().unwrap()
    }

    fn arm(&self, is_armed: bool) {
        let fault = self.folder.path().join("fault");
        if is_armed {
            std::fs::write(fault, "").unwrap();
        } else {
            std::fs::remove_file(fault).unwrap();
        }
    }

    fn total(&mut self) -> u64 {
        let reply = self.stdio("tools/call", json!({"name": "query_events", "arguments": {"limit": 1}}));
        reply["result"]["structuredContent"]["total_matched"].as_u64().unwrap_or_else(|| panic!("{reply}"))
    }

    /// Waits until so many events are there.
    fn await_total(&mut self, total: u64) {
        let since = Instant::now();
        while self.total() != total {
            assert!(since.elapsed() < HANGS, "{} events, not {total}", self.total());
        }
    }

    /// Ends it as a supervisor does; it verifies its store last.
    fn end(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        drop(self.stdin);
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success(), "{rest}");
    }
}

fn events(first: u64, n: u64) -> Value {
    let event =
        |at: u64| json!({"event_id": format!("e{at}"), "timestamp": at, "event_type": "tick", "pid": "<0.1.0>"});
    (first..first + n).map(event).collect()
}

/// Whether a call was answered with a failure that is the server's own.
fn has_failed(reply: &Value) -> bool {
    let result = &reply["result"];
    result["isError"] == true
        && result["content"][0]["text"].as_str().is_some_and(|text| text.contains("the server failed"))
}

type Door = fn(&mut Server, &str, Value) -> Value;

#[test]
fn a_panic_in_a_call_costs_that_call_at_every_door() {
    let mut server = Server::start();
    let doors: [(&str, Door); 2] = [("stdio", Server::stdio), ("http", Server::http)];
    let mut stored = 0;
    for (name, door) in doors {
        let store = json!({"name": "store_events", "arguments": {"events": events(stored, 10)}});
        let ask = json!({"name": "explain_query", "arguments": {"analyze": true}});
        assert_eq!(door(&mut server, "tools/call", store)["result"]["structuredContent"]["stored"], 10, "{name}");
        stored += 10;
        let more = json!({"name": "store_events", "arguments": {"events": events(stored, 10)}});
        for call in [&ask, &more, &ask] {
            server.arm(true);
            let reply = door(&mut server, "tools/call", call.clone());
            assert!(has_failed(&reply), "{name} {call}: {reply}");
            // What needs no clock is answered meanwhile.
            assert!(door(&mut server, "tools/list", json!({}))["result"]["tools"].is_array(), "{name}");
            server.arm(false);
            assert!(door(&mut server, "tools/call", ask.clone())["result"]["structuredContent"].is_object(), "{name}");
        }
        // Asked again, it is done once.
        door(&mut server, "tools/call", more);
        stored += 10;
        assert_eq!(server.total(), stored, "{name}");
    }
    // Where it fails when its work is done, the work is done.
    let clean = json!({"name": "cleanup_old_events", "arguments": {"before_timestamp": 20}});
    server.arm(true);
    let reply = server.stdio("tools/call", clean.clone());
    assert!(has_failed(&reply), "{reply}");
    server.arm(false);
    assert_eq!(server.stdio("tools/call", clean)["result"]["isError"], false);
    assert_eq!(server.total(), stored - 20);
    server.end();
}

#[test]
fn a_panic_on_a_connection_costs_that_connection() {
    let mut server = Server::start();
    let line = |at: u64| format!("{}\n", events(at, 1)[0]);
    for round in 0..3 {
        server.arm(true);
        let mut failing = TcpStream::connect(&server.listening).unwrap();
        failing.set_read_timeout(Some(HANGS)).unwrap();
        // It may be closed before all of it is written.
        let _written = (0..50).try_for_each(|at| failing.write_all(line(1000 + at).as_bytes()));
        let _end = failing.shutdown(std::net::Shutdown::Write);
        // Closed by the server: it was read, and has failed.
        let _closed = failing.read_to_end(&mut Vec::new());
        server.arm(false);
        let before = server.total();
        let mut healthy = TcpStream::connect(&server.listening).unwrap();
        (0..20).for_each(|at| healthy.write_all(line(round * 20 + at).as_bytes()).unwrap());
        drop(healthy);
        server.await_total(before + 20);
    }
    server.end();
}

#[test]
fn a_panic_in_an_import_costs_that_import() {
    let mut server = Server::start();
    let path = server.folder.path().join("recordings").join("in.ndjson");
    let lines: Vec<String> = events(0, 5_000).as_array().unwrap().iter().map(Value::to_string).collect();
    std::fs::write(&path, lines.join("\n")).unwrap();
    let import = json!({"name": "import_events", "arguments": {"path": path}});
    let doors: [Door; 2] = [Server::stdio, Server::http];
    for door in doors {
        server.arm(true);
        let reply = door(&mut server, "tools/call", import.clone());
        assert!(has_failed(&reply), "{reply}");
        server.arm(false);
        let reply = door(&mut server, "tools/call", import.clone());
        assert_eq!(reply["result"]["isError"], false, "{reply}");
        assert_eq!(server.total(), 5_000);
    }
    server.end();
}

/// Fails, or gives up, when it has been asked so often.
struct Fault {
    after: AtomicI64,
    panics: bool,
}

impl Watch for Fault {
    fn is_cancelled(&self) -> bool {
        let is_due = self.after.fetch_sub(1, Ordering::SeqCst) <= 0;
        assert!(!(is_due && self.panics), "a fault that a test asked for");
        is_due
    }
}

/// Does some work with a fault at each place where it asks whether it goes on; how many there are.
fn at_each_place(mut work: impl FnMut(&Fault), mut check: impl FnMut()) -> usize {
    let mut places = 0;
    for panics in [true, false] {
        for after in 0.. {
            assert!(after < 10_000, "it never ends");
            let fault = Fault { after: AtomicI64::new(after), panics };
            let outcome = catch_unwind(AssertUnwindSafe(|| work(&fault)));
            check();
            if outcome.is_ok() && fault.after.load(Ordering::SeqCst) >= 0 {
                break;
            }
            places += 1;
        }
    }
    places
}

fn recordings(folder: &Path) -> Vec<PathBuf> {
    let lines: Vec<String> = events(0, 3_000).as_array().unwrap().iter().map(Value::to_string).collect();
    let log: Vec<String> = (0..3_000).map(|at| format!("12:00:{:02}.000 [error] line {at}", at % 60)).collect();
    let process = |at: u32| format!("=proc:<0.{at}.0>\nName: p{at}\nState: Waiting\n");
    let dump: String = (0..3_000).map(process).collect();
    let dump =
        format!("=erl_crash_dump:0.5\nSun Nov 29 16:12:31 2026\nSlogan: x\nSystem version: y\n{dump}=node:a@b\n=end\n");
    for (name, text) in [("in.ndjson", lines.join("\n")), ("app.log", log.join("\n")), ("erl_crash.dump", dump)] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let own = ["in.ndjson", "app.log", "erl_crash.dump"].map(|name| folder.join(name));
    own.into_iter().chain(["state_growth.trace.gz", "chrome.json", "otlp.jsonl"].map(|name| data.join(name))).collect()
}

#[test]
fn an_import_that_fails_or_is_given_up_anywhere_leaves_a_whole_store_and_can_be_done_again() {
    let folder = TempDir::new().unwrap();
    for path in recordings(folder.path()) {
        let options = ImportOptions::default();
        let whole = EventStore::open(Settings::UNBOUNDED).unwrap();
        import_watched(&whole, &path, &options, &elixir_scope_storage::Unwatched).unwrap();
        let store = EventStore::open(Settings::UNBOUNDED).unwrap();
        let places =
            at_each_place(|fault| drop(import_watched(&store, &path, &options, fault)), || store.verify().unwrap());
        assert!(places > 0, "{}: it never asks whether it goes on", path.display());
        assert_eq!(store.len(), whole.len(), "{}", path.display());
    }
}

#[test]
fn a_visit_that_fails_or_is_given_up_anywhere_leaves_the_store_usable() {
    let store = EventStore::open(Settings { segment_rows: 64, ..Settings::UNBOUNDED }).unwrap();
    let lines: Vec<String> = events(0, 20_000).as_array().unwrap().iter().map(Value::to_string).collect();
    store.store_json_events(&lines, false);
    let mut seen = 0;
    let visit = |fault: &Fault| {
        drop(store.visit(&Filter::default(), fault, |_| {
            seen += 1;
            std::ops::ControlFlow::Continue(())
        }));
    };
    let places = at_each_place(visit, || {
        assert_eq!(store.query_events(&Query { limit: 1, ..Query::default() }).unwrap().total_matched, Some(20_000));
    });
    assert!(places > 0 && seen >= 20_000, "{places} places, {seen} events");
    store.verify().unwrap();
}

/// The server of the others; asked for by nobody, it has nothing to do.
#[test]
fn a_server_whose_clock_fails() {
    let Some(folder) = std::env::var_os("FAULTS_FOLDER").map(PathBuf::from) else { return };
    let recordings = folder.join("recordings");
    std::fs::create_dir(&recordings).unwrap();
    let store = EventStore::open_with(Settings::default(), Arc::new(Faulty(folder.join("fault")))).unwrap();
    let told = Arc::new(|line: &str| eprintln!("{line}"));
    let capture = Capture::new(store.clone(), Reach::default(), &ImportOptions::default(), told);
    let (source, _) = capture.start(&Target::Listen("127.0.0.1:0".to_owned()), Asked::AtStart).unwrap();
    eprintln!("LISTENS {}", source.source.rsplit(' ').next().unwrap());
    let mut options = ServeOptions::default();
    options.http = Some(HttpOptions::new("127.0.0.1:0".parse().unwrap(), None).unwrap());
    options.capture = Some(capture.clone());
    options.import_roots = ImportRoots::new([recordings]).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime
        .block_on(async {
            let ends = Ends::listen().unwrap();
            let heard = |news| match news {
                HttpNews::Listening(address) => eprintln!("SERVES {address}"),
                HttpNews::Trouble(trouble) => eprintln!("{trouble}"),
            };
            serve(store.clone(), options, ends, heard).await
        })
        .unwrap();
    runtime.shutdown_background();
    capture.stop(None).unwrap();
    store.verify().unwrap();
}
