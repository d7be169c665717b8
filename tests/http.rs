//! The real server over HTTP: both eras, who is let in, one store beside stdio, and how it ends.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

#[path = "support/http.rs"]
mod http;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use assert_cmd::Command;
use http::{FREE, Server};
use serde_json::{Value, json};

const BANK: [&str; 5] = ["--http", "127.0.0.1:0", "--keep-running", "--import", "examples/recordings/bank.ndjson.gz"];

/// The program with none of its variables set.
fn program(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("elixir-scope-storage").unwrap();
    command.args(arguments).env_remove("ELIXIR_SCOPE_HTTP").env_remove("ELIXIR_SCOPE_HTTP_TOKEN");
    command
}

#[test]
fn a_stateless_client_calls_tools_and_reads_resources() {
    let mut server = Server::start(&BANK);
    let page = server.call("query_events", json!({"event_type": "process_exit", "limit": 2}));
    assert_eq!((&page["total_matched"], &page["returned"]), (&json!(86), &json!(2)));
    let reply = server.modern(&[], "resources/read", json!({"uri": "elixirscope://stats"}));
    let stats: Value =
        serde_json::from_str(reply.message()["result"]["contents"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(stats["total_events"], 10_000);
    let reply = server.modern(&[], "server/discover", json!({}));
    assert_eq!(reply.message()["result"]["resultType"], "complete", "{reply:?}");
    assert_eq!(reply.header("content-type"), "application/json");
}

#[test]
fn clients_that_shake_hands_have_sessions_over_the_same_store() {
    let mut server = Server::start(&FREE);
    let old = server.shake_hands("2025-03-26");
    let newer = server.shake_hands("2025-11-25");
    assert_ne!(old, newer);
    let event = json!({"name": "store_event", "arguments": {"event": {"ts": 1, "id": "e"}}});
    assert_eq!(server.in_session(&old, "tools/call", event)["isError"], false);
    let event = json!({"name": "get_event_by_id", "arguments": {"event_id": "e"}});
    assert_eq!(server.in_session(&newer, "tools/call", event)["structuredContent"]["timestamp"], 1);
    assert_eq!(server.call("get_event_by_id", json!({"event_id": "e"}))["timestamp"], 1);
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string();
    assert_eq!(server.post(&[("mcp-session-id", "made-up")], &ping).status, 404);
}

#[test]
fn a_session_and_a_listener_are_told_of_changes() {
    let mut server = Server::start(&FREE);
    let session = server.shake_hands("2025-06-18");
    let mut of_session = server.listen(&session);
    server.in_session(&session, "resources/subscribe", json!({"uri": "elixirscope://stats"}));
    let filter = json!({"notifications": {"resourceSubscriptions": ["elixirscope://stats"]}});
    let mut of_listener = server.modern_stream("subscriptions/listen", filter);
    assert_eq!(of_listener.next().unwrap()["method"], "notifications/subscriptions/acknowledged");
    server.call("store_event", json!({"event": {"ts": 1}}));
    for stream in [&mut of_session, &mut of_listener] {
        let update = stream.next().unwrap();
        assert_eq!(update["method"], "notifications/resources/updated", "{update}");
        assert_eq!(update["params"]["uri"], "elixirscope://stats");
    }

    // Neither keeps the server from ending, and the listener is told that it is over.
    server.terminate();
    let last = of_listener.next().unwrap();
    assert_eq!(last["result"]["resultType"], "complete", "{last}");
    assert_eq!(of_session.next(), None);
    assert_eq!(server.ended().0.code(), Some(0));
}

#[test]
fn a_page_in_a_browser_gets_nothing() {
    let server = Server::start(&FREE);
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string();
    for refused in [
        ("host", "evil.example"),
        ("host", "evil.example:80"),
        ("host", "127.0.0.1.evil.example"),
        ("origin", "http://evil.example"),
        ("origin", "https://localhost.evil.example"),
        ("origin", "null"),
    ] {
        assert_eq!(server.post(&[refused], &ping).status, 403, "{refused:?}");
    }
    for allowed in [
        ("host", "localhost"),
        ("host", "LOCALHOST:4040"),
        ("host", "[::1]:4040"),
        ("origin", "http://localhost:6274"),
        ("origin", "http://127.0.0.1:1"),
        ("origin", "https://[::1]:8443"),
    ] {
        // No session: the protocol refuses it, the guard does not.
        assert_eq!(server.post(&[allowed], &ping).status, 400, "{allowed:?}");
    }
}

#[test]
fn with_a_token_nobody_else_gets_in() {
    let mut server = Server::start(&[&FREE[..], &["--http-token", "s3cret~"]].concat());
    let list = |server: &mut Server, headers: &[(&str, &str)]| server.modern(headers, "tools/list", json!({}));
    let reply = list(&mut server, &[]);
    assert_eq!((reply.status, reply.header("www-authenticate")), (401, "Bearer realm=\"elixir-scope-storage\""));
    assert!(reply.body.contains("Authorization: Bearer"), "{}", reply.body);
    assert_eq!(reply.header("connection"), "close", "its body was not read: nobody should use the connection again");
    for wrong in ["Bearer s3cret", "Bearer s3cret~~", "Bearer", "Bearer ", "Basic s3cret~", "s3cret~"] {
        let reply = list(&mut server, &[("authorization", wrong)]);
        assert_eq!(reply.status, 401, "{wrong}");
        assert!(reply.header("www-authenticate").contains("invalid_token"), "{wrong}");
    }
    for right in ["Bearer s3cret~", "bearer s3cret~"] {
        assert_eq!(list(&mut server, &[("authorization", right)]).status, 200, "{right}");
    }
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string();
    let reply = server.post(&[("authorization", "Bearer s3cret~"), ("host", "evil.example")], &ping);
    assert_eq!(reply.status, 403, "the rest of the guard stays");
}

#[test]
fn an_address_others_can_reach_needs_a_token() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        let run = program(&["--http", address]).output().unwrap();
        let said = String::from_utf8(run.stderr).unwrap();
        assert_eq!((run.status.code(), run.stdout.len()), (Some(2), 0), "{said}");
        assert!(said.contains(address) && said.contains("ELIXIR_SCOPE_HTTP_TOKEN"), "{said}");
    }
    for token in ["", "two words", "ümlaut"] {
        let run = program(&["--http", "127.0.0.1:0", "--http-token", token]).output().unwrap();
        assert_eq!(run.status.code(), Some(2), "{token:?}");
    }
    let mut server = Server::start(&["--http", "0.0.0.0:0", "--http-token", "s3cret", "--keep-running"]);
    server.url = server.url.replace("0.0.0.0", "127.0.0.1");
    let headers = [("authorization", "Bearer s3cret"), ("host", "recorder.example:4040")];
    assert_eq!(server.modern(&headers, "tools/list", json!({})).status, 200, "any name will do, with the token");
    assert_eq!(server.modern(&headers[1..], "tools/list", json!({})).status, 401);
}

#[test]
fn the_token_is_in_no_help_text() {
    let run = program(&["--help"]).env("ELIXIR_SCOPE_HTTP_TOKEN", "s3cret").output().unwrap();
    let help = String::from_utf8(run.stdout).unwrap();
    assert!(help.contains("ELIXIR_SCOPE_HTTP_TOKEN") && !help.contains("s3cret"), "{help}");
}

#[test]
fn a_port_that_is_taken_costs_http_and_not_stdio() {
    let server = Server::start(&FREE);
    let told = format!("cannot serve HTTP on {}", server.address());
    let run = program(&["--http", server.address(), "--keep-running"]).output().unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(1), "who wants HTTP alone is not served: {said}");
    assert!(said.contains(&told), "{said}");

    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let run = program(&["--script", "--http", server.address()]).write_stdin(format!("{call}\n")).output().unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(0), "{said}");
    assert!(said.contains(&told), "{said}");
    let reply: Value = serde_json::from_slice(&run.stdout).unwrap();
    assert!(!reply["result"]["tools"].as_array().unwrap().is_empty(), "{reply}");
}

#[test]
fn a_server_ends_with_its_host_unless_it_is_told_to_go_on() {
    let mut server = Server::start_with(&FREE[..2], Stdio::piped(), Stdio::null());
    server.call("get_stats", json!({}));
    drop(server.child.stdin.take());
    let (status, said) = server.ended();
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
}

#[test]
fn numbers_of_a_payload_pass_the_protocol_layer_as_they_were_sent() {
    let mut server = Server::start(&FREE);
    let numbers =
        r#"{"a":1e999,"b":1180591620717411303424,"c":0.1234567890123456789,"d":-0,"e":[1.5,1.50,1E3,"1e999"]}"#;
    let meta =
        r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    for (tool, arguments) in [
        ("store_event", format!(r#"{{"event":{{"id":"one","ts":1,"data":{numbers}}}}}"#)),
        ("store_events", format!(r#"{{"events":[{{"id":"many","ts":1,"data":{numbers}}}]}}"#)),
    ] {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments},"_meta":{meta}}}}}"#
        );
        let headers = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", tool)];
        let reply = server.post(&headers, &body);
        assert_eq!((reply.status, &reply.message()["result"]["isError"]), (200, &json!(false)), "{reply:?}");
    }
    for id in ["one", "many"] {
        let call = json!({"name": "get_event_by_id", "arguments": {"event_id": id}});
        let reply = server.modern(&[], "tools/call", call).message();
        let text = reply["result"]["content"][0]["text"].as_str().unwrap();
        assert!(text.contains(numbers), "{id}: {text}");
    }
}

/// The status line and all that follows of a request that is written as it stands.
fn raw(server: &Server, request: &str) -> String {
    let mut connection = TcpStream::connect(server.address()).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    connection.read_to_string(&mut reply).unwrap();
    reply
}

#[test]
fn a_request_names_one_host_and_that_is_this_one() {
    let server = Server::start(&FREE);
    let close = "connection: close\r\ncontent-length: 0\r\n\r\n";
    for (request, status) in [
        ("GET /mcp HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\n", "400"),
        ("GET /mcp HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n", "400"),
        ("GET http://evil.example/mcp HTTP/1.1\r\nhost: localhost\r\n", "400"),
        ("POST http://evil.example/mcp HTTP/1.1\r\nhost: evil.example\r\n", "403"),
        ("POST /mcp HTTP/1.1\r\nhost: localhost\r\norigin: http://localhost\r\norigin: http://evil.example\r\n", "400"),
        (
            "OPTIONS /mcp HTTP/1.1\r\nhost: evil.example\r\norigin: http://localhost\r\naccess-control-request-method: POST\r\n",
            "403",
        ),
        ("GET http://localhost/elsewhere HTTP/1.1\r\nhost: localhost\r\n", "404"),
    ] {
        let reply = raw(&server, &format!("{request}{close}"));
        assert!(reply.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {reply}");
    }
}

#[test]
fn a_browser_is_told_which_pages_may_ask() {
    let server = Server::start(&[&FREE[..], &["--http-token", "s3cret"]].concat());
    let ask = |origin: &str| {
        raw(
            &server,
            &format!(
                "OPTIONS /mcp HTTP/1.1\r\nhost: {}\r\norigin: {origin}\r\naccess-control-request-method: POST\r\n\
                 access-control-request-headers: authorization,content-type,mcp-protocol-version\r\nconnection: \
                 close\r\n\r\n",
                server.address()
            ),
        )
        .to_lowercase()
    };
    let reply = ask("http://localhost:6274");
    assert!(reply.starts_with("http/1.1 204 "), "{reply}");
    for part in [
        "access-control-allow-origin: http://localhost:6274\r\n",
        "vary: origin\r\n",
        "mcp-protocol-version",
        "authorization",
        "post",
        "delete",
    ] {
        assert!(reply.contains(part), "{part}: {reply}");
    }
    for other in ["http://evil.example", "null", "http://localhost.evil.example"] {
        let reply = ask(other);
        assert!(reply.starts_with("http/1.1 403 ") && !reply.contains("access-control-allow"), "{other}: {reply}");
    }
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string();
    let reply = server.post(&[("origin", "http://localhost:6274")], &ping);
    assert_eq!(reply.status, 401);
    assert_eq!(reply.header("access-control-allow-origin"), "http://localhost:6274", "a page may read the refusal");
    let reply = server.post(&[("origin", "http://evil.example")], &ping);
    assert_eq!(reply.header("access-control-allow-origin"), "");
}

#[test]
fn connections_and_sessions_are_bounded_and_the_longest_idle_make_room() {
    let mut server = Server::start(&FREE);
    let first = server.shake_hands("2025-06-18");
    let idle: Vec<TcpStream> = (0..700).map(|_| TcpStream::connect(server.address()).unwrap()).collect();
    assert_eq!(server.call("get_stats", json!({}))["total_events"], 0, "idle connections lock nobody out");
    let ended = |mut stream: &TcpStream| {
        stream.set_nonblocking(true).unwrap();
        matches!(stream.read(&mut [0]), Ok(0))
    };
    while idle.iter().filter(|stream| ended(stream)).count() < 100 {
        server.call("get_stats", json!({}));
    }
    drop(idle);

    let mut last = String::new();
    for _ in 0..300 {
        last = server.shake_hands("2025-06-18");
    }
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string();
    assert_eq!(server.post(&[("mcp-session-id", &last)], &ping).status, 200);
    assert_eq!(server.post(&[("mcp-session-id", &first)], &ping).status, 404, "it shakes hands again");
}

#[test]
fn listeners_lock_nobody_out() {
    let mut server = Server::start(&FREE);
    let session = server.shake_hands("2025-06-18");
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({"notifications": {"resourceSubscriptions": ["elixirscope://stats"]}, "_meta": meta});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params}).to_string();
    let posted = format!(
        "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\naccept: application/json, \
         text/event-stream\r\nmcp-protocol-version: 2026-07-28\r\nmcp-method: subscriptions/listen\r\ncontent-length: \
         {}\r\n\r\n{body}",
        body.len()
    );
    let got = format!(
        "GET /mcp HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\nmcp-session-id: {session}\r\n\r\n"
    );
    let mut listeners = Vec::new();
    for at in 0..520 {
        let mut listener = TcpStream::connect(server.address()).unwrap();
        listener.write_all(if at % 100 == 0 { &got } else { &posted }.as_bytes()).unwrap();
        let mut start = [0; 12];
        listener.read_exact(&mut start).unwrap_or_else(|error| panic!("listener {at}: {error}"));
        assert!(start.starts_with(b"HTTP/1.1 "), "{}", String::from_utf8_lossy(&start));
        listeners.push(listener);
    }
    assert_eq!(server.call("get_stats", json!({}))["total_events"], 0, "they only listen");
}

#[test]
fn what_is_no_request_is_refused_and_the_next_is_answered() {
    let mut server = Server::start(&FREE);
    let reply = server.post(&[], "nonsense");
    assert!((400..500).contains(&reply.status), "{reply:?}");
    let reply = server.post(&[("content-type", "text/plain")], "{}");
    assert_eq!(reply.status, 415, "{reply:?}");
    let long = format!("{{\"jsonrpc\": \"2.0\", \"padding\": \"{}\"}}", "x".repeat(64 << 20));
    assert_eq!(server.post(&[], &long).status, 413);
    let elsewhere = server.url.replace("/mcp", "/");
    server.url = elsewhere;
    let reply = server.post(&[], "{}");
    assert_eq!(reply.status, 404);
    assert!(reply.body.contains("/mcp"), "{}", reply.body);
    server.url.push_str("mcp");
    assert_eq!(server.call("get_stats", json!({}))["total_events"], 0);
}

#[test]
fn a_read_only_server_is_read_only_over_http_too() {
    let mut server = Server::start(&[&FREE[..], &["--read-only"]].concat());
    let store = json!({"name": "store_event", "arguments": {"event": {"ts": 1}}});
    let refusal = server.modern(&[], "tools/call", store).message();
    assert_eq!(refusal["result"]["isError"], true, "{refusal}");
}

#[test]
fn a_producer_on_http_and_an_assistant_on_stdio_share_the_store() {
    let mut server = Server::start_with(&FREE, Stdio::piped(), Stdio::piped());
    let mut stdin = server.child.stdin.take().unwrap();
    let mut stdout = BufReader::new(server.child.stdout.take().unwrap());
    let mut ask = |request: Value| {
        writeln!(stdin, "{request}").unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        serde_json::from_str::<Value>(&line).unwrap()
    };
    let params =
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    ask(json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}));
    let stored = server.call("store_events", json!({"events": [{"ts": 1, "id": "by-http"}, {"ts": 2}]}));
    assert_eq!(stored["stored"], 2);
    let count = json!({"name": "query_events", "arguments": {}});
    let counted = ask(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": count}));
    assert_eq!(counted["result"]["structuredContent"]["total_matched"], 2);
    let event = json!({"name": "store_event", "arguments": {"event": {"ts": 3, "id": "by-stdio"}}});
    ask(json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": event}));
    assert_eq!(server.call("get_event_by_id", json!({"event_id": "by-stdio"}))["timestamp"], 3);

    // The assistant leaves; the producer does not notice.
    drop(stdin);
    assert_eq!(server.call("query_events", json!({}))["total_matched"], 3);
    server.terminate();
    assert_eq!(server.ended().0.code(), Some(0));
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "said after the last reply");
}

#[test]
fn a_signal_ends_both_transports_although_stdin_is_open() {
    let mut server = Server::start_with(&FREE, Stdio::piped(), Stdio::null());
    let _open = server.child.stdin.take();
    server.call("get_stats", json!({}));
    server.terminate();
    let (status, said) = server.ended();
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
}

#[test]
fn a_request_in_flight_at_the_signal_is_answered_and_no_other_is_taken() {
    let server = Server::start(&FREE);
    let body = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {
            "name": "store_events", "arguments": {"events": [{"ts": 1}, {"ts": 2}]},
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        },
    })
    .to_string();
    let (first, second) = body.split_at(40);
    let mut connection = TcpStream::connect(server.address()).unwrap();
    write!(
        connection,
        "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\naccept: application/json, \
         text/event-stream\r\nmcp-protocol-version: 2026-07-28\r\nmcp-method: tools/call\r\nmcp-name: store_events\r\n\
         expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .unwrap();
    // The server asks for the body once it reads it: from here on the request is in flight.
    let mut replies = BufReader::new(connection.try_clone().unwrap());
    let mut line = String::new();
    replies.read_line(&mut line).unwrap();
    assert!(line.contains("100 Continue"), "{line}");
    connection.write_all(first.as_bytes()).unwrap();
    server.terminate();
    while TcpStream::connect(server.address()).is_ok() {
        std::thread::yield_now();
    }
    connection.write_all(second.as_bytes()).unwrap();
    let mut reply = String::new();
    replies.read_to_string(&mut reply).unwrap();
    assert!(reply.contains("200 OK") && reply.contains("\"stored\":2"), "{reply}");
    let mut server = server;
    assert_eq!(server.ended().0.code(), Some(0));
}
