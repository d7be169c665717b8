//! HTTP as its bytes: a request can be cut anywhere, a reply is read to its end and no further.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

/// Long enough for the slowest machine; it only keeps a hang from lasting for ever.
const HANG: Duration = Duration::from_mins(2);

/// One connection.
pub(crate) struct Wire(BufReader<TcpStream>);

/// What a request was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    /// The message in it, whether it came as JSON or as the last event of a stream.
    pub(crate) fn message(&self) -> Option<Value> {
        let event = self.body.lines().rev().find_map(|line| line.strip_prefix("data: "));
        serde_json::from_str(event.unwrap_or(&self.body)).ok()
    }
}

/// How a connection is cut: with a goodbye, or without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    Fin,
    Reset,
}

/// Ends a connection.
pub(crate) fn cut(stream: TcpStream, how: Cut) {
    if how == Cut::Reset {
        rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).expect("it is a socket");
    }
    drop(stream);
}

impl Wire {
    pub(crate) fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("the server accepts");
        stream.set_read_timeout(Some(HANG)).expect("it is a socket");
        stream.set_nodelay(true).expect("it is a socket");
        Self(BufReader::new(stream))
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes)
    }

    /// The next reply. An error: the connection ended before its end.
    pub(crate) fn reply(&mut self) -> io::Result<Reply> {
        let head = self.head()?;
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let status = head.get(9..12).and_then(|status| status.parse().ok()).expect("a status line");
        let mut body = Vec::new();
        if field("transfer-encoding:") == Some("chunked") {
            while self.chunk(&mut body)? {}
        } else {
            let length = field("content-length:").map_or(0, |length| length.parse().expect("a length"));
            body.resize(length, 0);
            self.0.read_exact(&mut body)?;
        }
        Ok(Reply { status, body: String::from_utf8(body).expect("text"), head })
    }

    /// The head of a reply, read to its blank line.
    pub(crate) fn head(&mut self) -> io::Result<String> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(head)
    }

    /// Reads one chunk of a body; whether there are more.
    fn chunk(&mut self, into: &mut Vec<u8>) -> io::Result<bool> {
        let mut size = String::new();
        if self.0.read_line(&mut size)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let (size, before) = (usize::from_str_radix(size.trim(), 16).expect("a size"), into.len());
        into.resize(before + size + 2, 0);
        self.0.read_exact(&mut into[before..])?;
        into.truncate(before + size);
        Ok(size > 0)
    }

    /// Reads so many bytes of what comes, or fewer where it ends.
    pub(crate) fn skim(&mut self, bytes: usize) {
        let _ended = io::copy(&mut self.0.by_ref().take(bytes as u64), &mut io::sink());
    }

    /// What still comes after the client has said that it asks no more.
    pub(crate) fn rest(mut self) -> Vec<u8> {
        self.0.get_ref().shutdown(Shutdown::Write).expect("it is open");
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).expect("it is closed in peace");
        rest
    }

    pub(crate) fn cut(self, how: Cut) {
        cut(self.0.into_inner(), how);
    }
}

/// A request as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Request {
    /// Asks statelessly, or in a session.
    pub(crate) fn new(session: Option<&str>, id: u64, method: &str, mut params: Value) -> Self {
        let who = if let Some(session) = session {
            format!("mcp-session-id: {session}\r\n")
        } else {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            });
            let name = params["name"].as_str().map(|name| format!("mcp-name: {name}\r\n")).unwrap_or_default();
            format!("mcp-protocol-version: 2026-07-28\r\nmcp-method: {method}\r\n{name}")
        };
        Self::posted(&who, json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
    }

    pub(crate) fn call(session: Option<&str>, id: u64, tool: &str, arguments: Value) -> Self {
        Self::new(session, id, "tools/call", json!({"name": tool, "arguments": arguments}))
    }

    /// Says something in a session that has no reply.
    pub(crate) fn notify(session: &str, method: &str, params: Value) -> Self {
        let who = format!("mcp-session-id: {session}\r\n");
        Self::posted(&who, json!({"jsonrpc": "2.0", "method": method, "params": params}))
    }

    /// Asks for a session's stream, or for its end.
    pub(crate) fn of_session(verb: &str, session: &str) -> Self {
        let head = format!(
            "{verb} /mcp HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\nmcp-session-id: {session}\r\n\r\n"
        );
        Self { head, body: String::new() }
    }

    pub(crate) fn posted(headers: &str, message: Value) -> Self {
        let body = message.to_string();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\naccept: application/json, \
             text/event-stream\r\n{headers}content-length: {}\r\n\r\n",
            body.len()
        );
        Self { head, body }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        format!("{}{}", self.head, self.body).into_bytes()
    }

    /// Sends it on a connection; its reply.
    pub(crate) fn ask(&self, wire: &mut Wire) -> io::Result<Reply> {
        wire.send(&self.bytes())?;
        wire.reply()
    }
}

/// Shakes hands as clients before 2026-07-28 do; the session's id.
pub(crate) fn shake_hands(wire: &mut Wire) -> String {
    let params =
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
    let reply = Request::posted("", hello).ask(wire).expect("a reply");
    let session = reply.head.lines().find_map(|line| line.strip_prefix("mcp-session-id: "));
    let session = session.unwrap_or_else(|| panic!("no session: {reply:?}")).to_owned();
    let ready = Request::notify(&session, "notifications/initialized", json!({}));
    assert_eq!(ready.ask(wire).expect("a reply").status, 202);
    session
}
