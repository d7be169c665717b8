//! A client of the real binary over real pipes: sends a request, waits for the reply with its id.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// A running server; killed when dropped.
pub(crate) struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    last_id: u64,
}

impl Client {
    /// Starts the server and shakes hands.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts the server with arguments and shakes hands.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let mut client = Self::connect(arguments);
        client.request("initialize", handshake());
        client.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        client
    }

    /// Starts the server with arguments and says nothing yet.
    pub(crate) fn connect(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_elixir-scope-storage"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Self { child, stdin, stdout, last_id: 0 }
    }

    /// Writes one line.
    pub(crate) fn send(&mut self, message: &Value) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        writeln!(stdin, "{message}").expect("the server reads");
        stdin.flush().expect("the server reads");
    }

    /// Sends a request and gives back the whole reply. Every line before it must be JSON-RPC too.
    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let message = self.next();
            if message["id"] == id {
                return message;
            }
        }
    }

    /// The next message the server sends; waits for it.
    pub(crate) fn next(&mut self) -> Value {
        let mut line = String::new();
        assert_ne!(self.stdout.read_line(&mut line).expect("stdout is text"), 0, "the server left");
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        assert_eq!(message["jsonrpc"], "2.0", "not JSON-RPC: {line}");
        message
    }

    /// Sends a request that must be refused by the protocol; code and message of the error.
    pub(crate) fn error(&mut self, method: &str, params: Value) -> (i64, String) {
        let reply = self.request(method, params);
        let error = reply.get("error").unwrap_or_else(|| panic!("{method} took it: {reply}"));
        (error["code"].as_i64().expect("a code"), error["message"].as_str().expect("a message").to_owned())
    }

    /// Sends a request that must work; its result.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        let mut reply = self.request(method, params);
        assert!(reply.get("error").is_none(), "{method}: {reply}");
        reply["result"].take()
    }

    /// Closes stdin; what the server still said, once it has ended well.
    pub(crate) fn rest(mut self) -> Vec<Value> {
        drop(self.stdin.take());
        let mut rest = Vec::new();
        for line in self.stdout.by_ref().lines() {
            rest.push(serde_json::from_str(&line.expect("stdout is text")).expect("JSON"));
        }
        assert!(self.child.wait().expect("the server ends").success());
        rest
    }

    /// Calls a tool and gives back its result, an error result too.
    pub(crate) fn result(&mut self, tool: &str, arguments: Value) -> Value {
        let mut reply = self.request("tools/call", json!({"name": tool, "arguments": arguments}));
        assert!(reply.get("error").is_none(), "{tool}: {reply}");
        reply["result"].take()
    }

    /// Calls a tool that must work; its structured content.
    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let mut result = self.result(tool, arguments);
        assert_eq!(result["isError"], false, "{tool}: {}", result["content"][0]["text"]);
        result["structuredContent"].take()
    }

    /// Calls a tool that must work; its text.
    pub(crate) fn text(&mut self, tool: &str, arguments: Value) -> String {
        let result = self.result(tool, arguments);
        assert_eq!(result["isError"], false, "{tool}: {}", result["content"][0]["text"]);
        result["content"][0]["text"].as_str().expect("a text").to_owned()
    }

    /// Calls a tool that must refuse; the text of the refusal.
    pub(crate) fn refusal(&mut self, tool: &str, arguments: Value) -> String {
        let result = self.result(tool, arguments);
        assert_eq!(result["isError"], true, "{tool} took it: {result}");
        assert!(result.get("structuredContent").is_none(), "a refusal has text only");
        result["content"][0]["text"].as_str().expect("a text").to_owned()
    }

    /// Closes stdin; the server must end well and say nothing more.
    pub(crate) fn finish(mut self) {
        drop(self.stdin.take());
        let mut rest = String::new();
        while self.stdout.read_line(&mut rest).expect("stdout is text") > 0 {}
        assert_eq!(rest, "", "said after the last reply");
        assert!(self.child.wait().expect("the server ends").success());
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Arguments that load the recorded bank.
pub(crate) const BANK: [&str; 2] = ["--import", "examples/recordings/bank.ndjson.gz"];

/// What a request of 2026-07-28 carries.
pub(crate) fn modern(mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    params
}

/// Parameters of `initialize`.
pub(crate) fn handshake() -> Value {
    json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}})
}
