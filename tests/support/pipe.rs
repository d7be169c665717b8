//! The real binary over raw pipes: what is written is what it reads, byte for byte.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// Long enough for the slowest machine; it only keeps a hang from lasting for ever.
const HANG: Duration = Duration::from_mins(2);

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Option<Receiver<String>>,
}

/// How a server ended, and every line it wrote.
pub(crate) struct Run {
    pub(crate) status: ExitStatus,
    pub(crate) replies: Vec<Value>,
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_elixir-scope-storage"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    for variable in ["ELIXIR_SCOPE_SCRIPT", "ELIXIR_SCOPE_MAX_LINE", "ELIXIR_SCOPE_IMPORT"] {
        command.env_remove(variable);
    }
    command
}

impl Server {
    /// Starts the server; nothing is said yet.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::of(command(arguments))
    }

    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the server starts");
        let stdin = child.stdin.take();
        let lines = child.stdout.take().map(reader);
        Self { child, stdin, lines }
    }

    /// A server that takes bare requests.
    pub(crate) fn script() -> Self {
        Self::start(&["--script"])
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        stdin.write_all(bytes).and_then(|()| stdin.flush()).expect("the server reads");
    }

    pub(crate) fn send(&mut self, message: &Value) {
        self.write(format!("{message}\n").as_bytes());
    }

    /// Stdin, to be written by another thread.
    pub(crate) fn take_stdin(&mut self) -> ChildStdin {
        self.stdin.take().expect("stdin is open")
    }

    /// What it says beside its replies, where that is piped.
    pub(crate) fn take_stderr(&mut self) -> ChildStderr {
        self.child.stderr.take().expect("stderr is piped")
    }

    /// How it ended, if it has.
    pub(crate) fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is a child")
    }

    /// The next line of stdout.
    pub(crate) fn next(&mut self) -> Value {
        let lines = self.lines.as_ref().expect("stdout is read");
        let line = lines.recv_timeout(HANG).expect("the server writes a line");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"))
    }

    /// Calls a tool; what it answered.
    pub(crate) fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        self.send(&call(0, tool, arguments));
        self.next()
    }

    /// Nobody reads stdout any more.
    pub(crate) fn close_stdout(&mut self) {
        self.lines = None;
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status();
        assert!(sent.expect("kill runs").success());
    }

    pub(crate) fn close_stdin(&mut self) {
        drop(self.stdin.take());
    }

    /// Waits for the end, stdin left as it is.
    pub(crate) fn end(mut self) -> Run {
        let mut replies = Vec::new();
        if let Some(lines) = self.lines.take() {
            loop {
                match lines.recv_timeout(HANG) {
                    Ok(line) => {
                        replies.push(serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}")));
                    }
                    Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                    Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("the server hangs"),
                }
            }
        }
        Run { status: self.child.wait().expect("it ends"), replies }
    }

    /// Closes stdin and waits for the end.
    pub(crate) fn finish(mut self) -> Run {
        self.close_stdin();
        self.end()
    }

    /// Resident memory now, in bytes.
    pub(crate) fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells it");
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Lines as they come, from a thread of its own.
fn reader(stdout: ChildStdout) -> Receiver<String> {
    let (found, lines) = channel();
    std::thread::spawn(move || {
        let mut stdout = BufReader::new(stdout);
        loop {
            let mut line = String::new();
            match stdout.read_line(&mut line) {
                Ok(bytes) if bytes > 0 => {}
                _ => break,
            }
            if found.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// Runs the server on all of its input at once.
pub(crate) fn run(arguments: &[&str], input: &[u8]) -> Run {
    let mut server = Server::start(arguments);
    let mut stdin = server.take_stdin();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input).expect("the server reads"));
    let run = server.end();
    writer.join().expect("all is written");
    run
}

/// A request that calls a tool.
pub(crate) fn call(id: impl Into<Value>, tool: &str, arguments: &Value) -> Value {
    json!({
        "jsonrpc": "2.0", "id": id.into(), "method": "tools/call", "params": {"name": tool, "arguments": arguments},
    })
}

/// A request without parameters.
pub(crate) fn request(id: impl Into<Value>, method: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": method})
}

pub(crate) fn initialize(id: impl Into<Value>, version: &str) -> Value {
    let client = json!({"name": "test", "version": "1"});
    let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": client});
    json!({"jsonrpc": "2.0", "id": id.into(), "method": "initialize", "params": params})
}

/// `_meta` of a stateless request.
pub(crate) fn meta(version: &str) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

/// Lines of a script.
pub(crate) fn lines(messages: &[Value]) -> String {
    messages.iter().map(Value::to_string).collect::<Vec<_>>().join("\n") + "\n"
}

/// Everything a command prints.
pub(crate) fn output(mut command: Command, input: &[u8]) -> (Option<i32>, String) {
    let mut child = command.spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let mut printed = String::new();
    child.stdout.take().expect("stdout is piped").read_to_string(&mut printed).expect("it prints text");
    writer.join().expect("it is written");
    (child.wait().expect("it ends").code(), printed)
}
