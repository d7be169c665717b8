//! A server in a process of its own: what it is sent, what it says, what it costs.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{self, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// Clock ticks a second in `/proc/PID/stat`.
const TICKS: u64 = 100;

pub struct Child {
    process: process::Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    line: String,
}

impl Child {
    /// This program, greeted.
    pub fn ours() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_elixir-scope-storage"));
        command.args(["--max-events", "none", "--max-bytes", "none"]);
        Self::greet(command)
    }

    /// The same handler on rmcp's transport, greeted.
    pub fn stock() -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
        command.arg("--serve-stock");
        Self::greet(command)
    }

    fn greet(mut command: Command) -> Self {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the server starts");
        let stdin = process.stdin.take().expect("stdin is piped");
        let stdout = BufReader::with_capacity(1 << 20, process.stdout.take().expect("stdout is piped"));
        let mut child = Self { process, stdin, stdout, line: String::new() };
        let client = json!({"name": "bench", "version": "1"});
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
        let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
        assert!(child.ask(&format!("{hello}\n")).contains("\"result\""));
        child.write("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n");
        child
    }

    pub fn write(&mut self, lines: &str) {
        self.stdin.write_all(lines.as_bytes()).expect("the server reads");
    }

    pub fn line(&mut self) -> &str {
        self.line.clear();
        assert!(self.stdout.read_line(&mut self.line).expect("it writes text") > 0, "the server left");
        &self.line
    }

    /// One line there, one line back.
    pub fn ask(&mut self, line: &str) -> &str {
        self.write(line);
        self.line()
    }

    /// Lines, written while their replies are read.
    pub fn feed(&mut self, lines: &[String], check: impl Fn(&str)) {
        let Self { stdin, stdout, line, .. } = self;
        std::thread::scope(|scope| {
            scope.spawn(|| lines.iter().for_each(|line| stdin.write_all(line.as_bytes()).expect("the server reads")));
            for _ in lines {
                line.clear();
                assert!(stdout.read_line(line).expect("it writes text") > 0, "the server left");
                check(line);
            }
        });
    }

    /// CPU time since it began, in user mode and in the kernel.
    pub fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).expect("it runs");
        let fields = stat.rsplit(')').next().expect("the name is in brackets");
        let ticks: u64 = fields.split_whitespace().skip(11).take(2).map(|n| n.parse::<u64>().expect("a number")).sum();
        Duration::from_millis(ticks * 1000 / TICKS)
    }

    /// Resident bytes now.
    pub fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells it");
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") * 1024
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _gone_already = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// The line of a call.
pub fn call(id: usize, tool: &str, arguments: &Value) -> String {
    let params = json!({"name": tool, "arguments": arguments});
    format!("{}\n", json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}))
}
