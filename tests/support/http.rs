//! The real server over real HTTP: both eras, streams, signals.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};

use serde_json::{Value, json};
use ureq::http::Response;
use ureq::{Agent, Body};

/// Where a test's server is told to serve: a free port of this machine.
/// It goes on without anybody on stdin.
pub(crate) const FREE: [&str; 3] = ["--http", "127.0.0.1:0", "--keep-running"];

/// A running server; killed when dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    stderr: BufReader<ChildStderr>,
    /// `http://127.0.0.1:PORT/mcp`
    pub(crate) url: String,
    agent: Agent,
    last_id: u64,
}

/// What a request was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: ureq::http::HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The message in it, whether it came as JSON or as the last event of a stream.
    pub(crate) fn message(&self) -> Value {
        let data = self.body.lines().rev().find_map(|line| line.strip_prefix("data: {"));
        let text = data.map_or_else(|| self.body.clone(), |data| format!("{{{data}"));
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("no message: {self:?}"))
    }
}

impl Server {
    /// Starts a server whose stdin is empty, as that of a daemon.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, Stdio::null(), Stdio::null())
    }

    pub(crate) fn start_with(arguments: &[&str], stdin: Stdio, stdout: Stdio) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_elixir-scope-storage"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(arguments)
            .stdin(stdin)
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut stderr = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let url = loop {
            let mut line = String::new();
            assert_ne!(stderr.read_line(&mut line).expect("text"), 0, "the server left");
            if let Some(url) = line.trim_end().strip_prefix("listening on ") {
                break url.to_owned();
            }
        };
        let agent = Agent::config_builder().http_status_as_error(false).build().into();
        Self { child, stderr, url, agent, last_id: 0 }
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").and_then(|rest| rest.strip_suffix("/mcp")).expect("a URL")
    }

    /// Posts a body as an MCP client does, with more headers.
    pub(crate) fn post(&self, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut request = self
            .agent
            .post(&self.url)
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.send(body).expect("an answer"))
    }

    /// A request of 2026-07-28; its reply.
    pub(crate) fn modern(&mut self, headers: &[(&str, &str)], method: &str, params: Value) -> Reply {
        let (body, name) = self.modern_body(method, params);
        let mut all = vec![("mcp-protocol-version", "2026-07-28"), ("mcp-method", method)];
        if let Some(name) = &name {
            all.push(("mcp-name", name));
        }
        all.extend(headers);
        self.post(&all, &body)
    }

    fn modern_body(&mut self, method: &str, mut params: Value) -> (String, Option<String>) {
        self.last_id += 1;
        let name = params.get("name").or_else(|| params.get("uri")).and_then(Value::as_str).map(str::to_owned);
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let body = json!({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params});
        (body.to_string(), name)
    }

    /// A stream of 2026-07-28: what a request that goes on is answered, line by line.
    pub(crate) fn modern_stream(&mut self, method: &str, params: Value) -> Stream {
        let (body, _) = self.modern_body(method, params);
        let request = self
            .agent
            .post(&self.url)
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", method);
        Stream::new(request.send(body).expect("an answer"))
    }

    /// The stream of a legacy session.
    pub(crate) fn listen(&self, session: &str) -> Stream {
        let request = self.agent.get(&self.url).header("accept", "text/event-stream").header("mcp-session-id", session);
        Stream::new(request.call().expect("an answer"))
    }

    /// Calls a tool that must work, statelessly; its structured content.
    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let reply = self.modern(&[], "tools/call", json!({"name": tool, "arguments": arguments}));
        assert_eq!(reply.status, 200, "{reply:?}");
        let mut message = reply.message();
        assert_eq!(message["result"]["isError"], false, "{message}");
        message["result"]["structuredContent"].take()
    }

    /// Shakes hands as clients before 2026-07-28 do; the session's id.
    pub(crate) fn shake_hands(&self, version: &str) -> String {
        let params =
            json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
        let request = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
        let reply = self.post(&[], &request.to_string());
        assert_eq!(reply.message()["result"]["protocolVersion"], version, "{reply:?}");
        let session = reply.header("mcp-session-id").to_owned();
        let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert_eq!(self.post(&[("mcp-session-id", &session)], &initialized.to_string()).status, 202);
        session
    }

    /// A request in a session; its result.
    pub(crate) fn in_session(&self, session: &str, method: &str, params: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
        let reply = self.post(&[("mcp-session-id", session)], &request.to_string());
        assert_eq!(reply.status, 200, "{reply:?}");
        let mut message = reply.message();
        assert!(message.get("error").is_none(), "{message}");
        message["result"].take()
    }

    /// Asks the process to end, as `kill` does.
    pub(crate) fn terminate(&self) {
        let killed = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill runs");
        assert!(killed.success());
    }

    /// Waits for the end of the process; how it ended and what it still said on stderr.
    pub(crate) fn ended(&mut self) -> (ExitStatus, String) {
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).expect("text");
        (self.child.wait().expect("it ends"), said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn read(response: Response<Body>) -> Reply {
    let (parts, mut body) = response.into_parts();
    let body = body.read_to_string().expect("text");
    Reply { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// Messages as they come.
pub(crate) struct Stream(BufReader<ureq::BodyReader<'static>>);

impl Stream {
    fn new(response: Response<Body>) -> Self {
        assert_eq!(response.status(), 200, "no stream");
        Self(BufReader::new(response.into_body().into_reader()))
    }

    /// The next message; `None` when the stream has ended.
    pub(crate) fn next(&mut self) -> Option<Value> {
        loop {
            let mut line = String::new();
            // A stream that breaks off has ended too.
            if self.0.read_line(&mut line).unwrap_or_default() == 0 {
                return None;
            }
            if let Some(data) = line.trim_end().strip_prefix("data: ").filter(|data| data.starts_with('{')) {
                return Some(serde_json::from_str(data).expect("JSON"));
            }
        }
    }
}
