//! What a script may rely on: order, one reply per request, nothing lost at the end. The real binary over real pipes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

#[path = "support/pipe.rs"]
mod pipe;

use pipe::{Server, call, initialize, lines, meta, request, run};
use serde_json::{Value, json};

fn ids(replies: &[Value]) -> Vec<Value> {
    replies.iter().map(|reply| reply["id"].clone()).collect()
}

fn code(reply: &Value) -> i64 {
    reply["error"]["code"].as_i64().unwrap_or_else(|| panic!("no error: {reply}"))
}

fn message(reply: &Value) -> &str {
    reply["error"]["message"].as_str().unwrap_or_else(|| panic!("no error: {reply}"))
}

#[test]
fn two_hundred_pairs_written_at_once_are_answered_in_order_and_none_reads_stale() {
    let mut script = vec![initialize(0, "2025-11-25")];
    for n in 0..200 {
        script.push(call(2 * n + 1, "store_events", &json!({"events": [{"ts": n}, {"ts": n}, {"ts": n}]})));
        script.push(call(2 * n + 2, "query_events", &json!({"limit": 0})));
    }
    let script = lines(&script);
    for _ in 0..10 {
        let run = run(&[], script.trim_end().as_bytes());
        assert_eq!(run.status.code(), Some(0));
        assert_eq!(ids(&run.replies), (0..=400).map(Value::from).collect::<Vec<_>>());
        for n in 0..200 {
            let counted = &run.replies[2 * n + 2]["result"]["structuredContent"]["total_matched"];
            assert_eq!(*counted, 3 * (n + 1), "a query sees every store before it");
        }
    }
}

/// Events of a batch so large that the next line is read while it is stored; the first of them is always the same one.
fn large_batch(n: usize) -> Value {
    let event = |at: usize| json!({"id": format!("e{n}-{at}"), "ts": n, "data": {"n": n}});
    let mut events: Vec<Value> = (1..400).map(event).collect();
    events.insert(0, json!({"id": "same", "ts": 0, "data": {"n": n}}));
    json!({ "events": events })
}

#[test]
fn batches_that_are_read_while_others_are_stored_take_effect_in_the_order_sent() {
    let mut script = Vec::new();
    for n in 0..30 {
        let of_the_usual_form = call(2 * n, "store_events", &large_batch(n));
        script.push(match n % 10 {
            // Read as events at first, and then not: an unknown argument, half a batch.
            3 => of_the_usual_form.to_string().replace(r#""arguments":{"#, r#""arguments":{"evnets":[],"#),
            7 => of_the_usual_form.to_string().replacen("}}]}", "}}", 1),
            _ => of_the_usual_form.to_string(),
        });
        // Every third batch is followed by the next one at once.
        if n % 3 > 0 {
            script.push(call(2 * n + 1, "get_event_by_id", &json!({"event_id": "same"})).to_string());
        }
    }
    script.push(call("count", "query_events", &json!({"limit": 0})).to_string());
    for _ in 0..5 {
        let run = run(&["--script"], script.join("\n").as_bytes());
        assert_eq!((run.status.code(), run.replies.len()), (Some(0), script.len()));
        let (mut stored, mut latest) = (0, None);
        for (reply, line) in run.replies.iter().zip(&script) {
            let Ok(line) = serde_json::from_str::<Value>(line) else {
                assert_eq!(code(reply), -32700);
                continue;
            };
            assert_eq!(reply["id"], line["id"]);
            let result = &reply["result"];
            match line["params"]["name"].as_str().unwrap() {
                "store_events" if line["params"]["arguments"]["evnets"].is_null() => {
                    assert_eq!(result["structuredContent"]["rejected"], json!([]), "{reply}");
                    let n = line["id"].as_u64().unwrap() / 2;
                    (stored, latest) = (stored + 399, Some(n));
                }
                "store_events" => assert_eq!(result["isError"], true, "{reply}"),
                "get_event_by_id" => assert_eq!(result["structuredContent"]["data"]["n"], json!(latest)),
                _ => assert_eq!(result["structuredContent"]["total_matched"], stored + 1),
            }
        }
        assert_eq!(stored, 399 * 24);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_client_that_sends_batches_gets_a_larger_pipe_and_others_do_not() {
    let holds = |few_or_many: usize| {
        let mut server = Server::script();
        let events: Vec<Value> = (0..few_or_many).map(|n| json!({"ts": n, "data": {"x": "x".repeat(200)}})).collect();
        server.call("store_events", &json!({ "events": events }));
        rustix::pipe::fcntl_getpipe_size(server.take_stdin()).unwrap()
    };
    let most: usize = std::fs::read_to_string("/proc/sys/fs/pipe-max-size").unwrap().trim().parse().unwrap();
    let (usual, larger) = (holds(50), holds(5_000));
    assert!(usual < larger && larger <= most, "{usual} {larger} {most}");
}

#[test]
fn what_is_not_json_is_answered_with_its_position_and_the_next_call_works() {
    let mut input = lines(&[initialize(0, "2025-11-25")]).into_bytes();
    let deep = format!(r#"{{"jsonrpc":"2.0","id":5,"method":"ping","params":{}"#, "[".repeat(500));
    let garbage: [&[u8]; 6] = [
        br#"{"jsonrpc":"2.0","id":1,"method""#,
        b"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"\xff\xfe\"}",
        br#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"store_events","arguments":{"events":[{"data":{"x":"\ud800"}}]}}}"#,
        br#"{"jsonrpc":"2.0","id":4,"method":"ping","params":{"x":NaN}}"#,
        deep.as_bytes(),
        b"hello",
    ];
    for line in garbage {
        input.extend_from_slice(line);
        input.push(b'\n');
    }
    input.extend_from_slice(request("next", "ping").to_string().as_bytes());
    let run = run(&[], &input);
    assert_eq!(run.status.code(), Some(0));
    assert_eq!(run.replies.len(), 8);
    for reply in &run.replies[1..7] {
        assert_eq!((code(reply), &reply["id"]), (-32700, &Value::Null));
        assert!(message(reply).starts_with("Parse error: ") && message(reply).contains("line 1 column "), "{reply}");
    }
    assert_eq!(run.replies[7], json!({"jsonrpc": "2.0", "id": "next", "result": {}}));
}

#[test]
fn what_is_no_request_is_answered_with_its_id_where_it_can_be_read() {
    let bad = [
        (json!({"id": 1, "method": "ping"}), json!(1)),
        (json!({"jsonrpc": "1.0", "id": 2, "method": "ping"}), json!(2)),
        (json!({"jsonrpc": "2.0", "id": "three"}), json!("three")),
        (json!({"jsonrpc": "2.0", "id": 4, "method": 5}), json!(4)),
        (json!({"jsonrpc": "2.0", "id": null, "method": "ping"}), Value::Null),
        (json!({"jsonrpc": "2.0", "id": 1.5, "method": "ping"}), json!(1.5)),
        (json!({"jsonrpc": "2.0", "id": 18_446_744_073_709_551_615_u64, "method": "ping"}), json!(u64::MAX)),
        (json!({"jsonrpc": "2.0", "id": [8], "method": "ping"}), Value::Null),
        (json!(9), Value::Null),
        (json!("ping"), Value::Null),
    ];
    let script: Vec<Value> = bad.iter().map(|(line, _)| line.clone()).collect();
    let run = run(&[], lines(&script).as_bytes());
    assert_eq!(run.replies.len(), bad.len());
    for (reply, (line, id)) in run.replies.iter().zip(&bad) {
        assert_eq!((code(reply), &reply["id"]), (-32600, id), "{line}");
    }
}

#[test]
fn a_malformed_call_and_an_unknown_method_are_told_apart() {
    let params = |params: Value| json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let run = run(
        &["--script"],
        lines(&[
            request(1, "tools/call"),
            params(json!({"arguments": {}})),
            params(json!({"name": 5})),
            params(json!({"name": "store_events", "arguments": [1]})),
            params(json!({"name": "nope"})),
            request(2, "foo/bar"),
        ])
        .as_bytes(),
    );
    let told: Vec<(i64, &str)> = run.replies.iter().map(|reply| (code(reply), message(reply))).collect();
    for (told, (code, what)) in told.iter().zip([
        (-32602, "tools/call: params are missing"),
        (-32602, "params.name is missing"),
        (-32602, "params.name is not a string"),
        (-32602, "params.arguments is not an object"),
        (-32602, "Unknown tool: nope"),
        (-32601, "Method not found: foo/bar"),
    ]) {
        assert!(told.0 == code && told.1.contains(what), "{told:?}: {code} {what}");
    }
    assert_eq!(told.len(), 6);
}

#[test]
fn a_batch_is_answered_with_one_array_in_order() {
    let batch = json!([
        call(1, "store_event", &json!({"event": {"id": "a"}})),
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        5,
        call(2, "query_events", &json!({"limit": 0})),
    ]);
    let only_notifications = json!([{"jsonrpc": "2.0", "method": "notifications/initialized"}]);
    let run = run(&["--script"], lines(&[batch, only_notifications, json!([]), request(3, "ping")]).as_bytes());
    assert_eq!(run.replies.len(), 3, "a batch of notifications is not answered");
    let replies = run.replies[0].as_array().unwrap();
    assert_eq!(ids(replies), [json!(1), Value::Null, json!(2)]);
    assert_eq!(code(&replies[1]), -32600);
    assert_eq!(replies[2]["result"]["structuredContent"]["total_matched"], 1);
    assert_eq!(code(&run.replies[1]), -32600, "an empty batch");
    assert_eq!(run.replies[2]["id"], 3);
}

#[test]
fn a_line_that_is_too_long_is_refused_and_the_next_is_read() {
    let long = call(1, "store_event", &json!({"event": {"data": {"x": "y".repeat(100_000)}}}));
    let run = run(&["--script", "--max-line", "64KiB"], lines(&[long, request(2, "ping")]).as_bytes());
    assert_eq!(run.replies.len(), 2);
    assert_eq!((code(&run.replies[0]), &run.replies[0]["id"]), (-32600, &Value::Null));
    assert!(message(&run.replies[0]).contains("65536 bytes"), "{}", run.replies[0]);
    assert_eq!(run.replies[1]["id"], 2);
}

#[test]
fn two_requests_with_one_id_get_two_replies() {
    let run = run(
        &["--script"],
        lines(&[
            call(1, "store_event", &json!({"event": {"ts": 1}})),
            call(1, "query_events", &json!({"limit": 0})),
            request(1, "ping"),
        ])
        .as_bytes(),
    );
    assert_eq!(ids(&run.replies), [1, 1, 1].map(Value::from));
    assert_eq!(run.replies[1]["result"]["structuredContent"]["total_matched"], 1);
}

#[test]
fn marks_blank_lines_and_line_ends_of_other_systems_do_no_harm() {
    let mut input = b"\xef\xbb\xbf".to_vec();
    input.extend_from_slice(format!("{}\r\n\r\n\n   \n", request(1, "ping")).as_bytes());
    input.extend_from_slice(format!("  {}  ", request(2, "ping")).as_bytes());
    let run = run(&[], &input);
    assert_eq!(ids(&run.replies), [1, 2].map(Value::from));
    assert_eq!(run.status.code(), Some(0));
}

#[test]
fn a_notification_before_the_handshake_is_ignored() {
    let notification = |method: &str| json!({"jsonrpc": "2.0", "method": method});
    let run = run(
        &[],
        lines(&[
            notification("notifications/initialized"),
            notification("notifications/cancelled"),
            notification("made/up"),
            json!({"jsonrpc": "2.0", "id": 5, "result": {}}),
            initialize(1, "2025-06-18"),
            request(2, "tools/list"),
        ])
        .as_bytes(),
    );
    assert_eq!(ids(&run.replies), [1, 2].map(Value::from));
}

#[test]
fn every_version_with_a_handshake_is_spoken_as_asked() {
    let tools: Value = serde_json::from_str(include_str!("../tools.json")).unwrap();
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let run = run(&[], lines(&[initialize(1, version), request(2, "tools/list")]).as_bytes());
        assert_eq!(run.replies[0]["result"]["protocolVersion"], version);
        let list = &run.replies[1]["result"];
        assert_eq!(list["tools"].as_array().unwrap().len(), tools["tools"].as_array().unwrap().len());
        for modern in ["resultType", "ttlMs", "cacheScope", "_meta"] {
            assert_eq!(list.get(modern), None, "{version}: {modern}");
        }
    }
    let run = run(&[], lines(&[initialize(1, "1999-01-01")]).as_bytes());
    assert_eq!(run.replies[0]["result"]["protocolVersion"], "2025-11-25", "the newest with a handshake");
}

#[test]
fn stateless_requests_need_no_handshake_and_both_eras_share_a_pipe() {
    let with = |mut request: Value, version: &str| {
        request["params"]["_meta"] = meta(version);
        request
    };
    let modern = "2026-07-28";
    let run = run(
        &[],
        lines(&[
            with(request(1, "server/discover"), modern),
            with(call(2, "store_events", &json!({"events": [{"ts": 1}]})), modern),
            with(request(3, "tools/list"), modern),
            with(request(4, "tools/list"), "2030-01-01"),
            request(5, "tools/list"),
            initialize(6, "2025-11-25"),
            call(7, "query_events", &json!({"limit": 0})),
            with(call(8, "query_events", &json!({"limit": 0})), modern),
        ])
        .as_bytes(),
    );
    let result = |at: usize| &run.replies[at]["result"];
    assert_eq!(ids(&run.replies), (1..=8).map(Value::from).collect::<Vec<_>>());
    assert!(result(0)["supportedVersions"].as_array().unwrap().contains(&modern.into()));
    for at in [0, 1, 2, 7] {
        assert_eq!(result(at)["resultType"], "complete", "{at}");
        let about = &result(at)["_meta"]["io.modelcontextprotocol/serverInfo"];
        assert_eq!(about["name"], "elixir-scope-storage", "{at}");
    }
    for at in [0, 2] {
        assert!(result(at)["ttlMs"].is_u64() && result(at)["cacheScope"].is_string(), "{}", result(at));
    }
    assert_eq!(code(&run.replies[3]), -32022);
    assert!(run.replies[3]["error"]["data"]["supported"].is_array());
    assert_eq!(code(&run.replies[4]), -32602);
    assert!(message(&run.replies[4]).contains("--script"), "{}", run.replies[4]);
    assert!(message(&run.replies[4]).contains("io.modelcontextprotocol/protocolVersion"), "{}", run.replies[4]);
    assert_eq!(result(6).get("resultType"), None, "after the handshake, requests without _meta are the handshake's");
    assert_eq!(result(7)["structuredContent"]["total_matched"], 1);
}

#[test]
fn a_script_may_skip_the_handshake() {
    let script = lines(&[request(1, "tools/list"), call(2, "get_stats", &json!({}))]);
    let bare = run(&["--script"], script.as_bytes());
    assert_eq!(bare.replies.len(), 2);
    for reply in &bare.replies {
        assert!(reply["result"].is_object() && reply["result"].get("resultType").is_none(), "{reply}");
    }
    let mut command = pipe::command(&[]);
    command.env("ELIXIR_SCOPE_SCRIPT", "1");
    let (code, printed) = pipe::output(command, script.as_bytes());
    assert_eq!((code, printed.lines().count()), (Some(0), 2));
    assert!(printed.lines().all(|reply| reply.contains("\"result\":{")), "{printed}");
}

#[test]
fn in_a_script_the_version_agreed_upon_rules_the_shape_of_replies() {
    let run = run(&["--script"], lines(&[initialize(1, "2026-07-28"), request(2, "tools/list")]).as_bytes());
    assert_eq!(run.replies[0]["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(run.replies[1]["result"].get("resultType"), None);
}

#[test]
fn an_idle_server_ends_with_its_input() {
    assert_eq!(Server::start(&[]).finish().status.code(), Some(0));
    let mut server = Server::start(&[]);
    server.send(&initialize(1, "2025-11-25"));
    assert_eq!(server.next()["id"], 1);
    let run = server.finish();
    assert_eq!((run.status.code(), run.replies.len()), (Some(0), 0));
}

/// Many events with a payload that takes a while to search.
fn fill(server: &mut Server, batches: usize) {
    let batch = |from: usize| -> Value {
        let payload = "lorem ipsum dolor sit amet ".repeat(8);
        (from..from + 2000).map(|n| json!({"ts": n, "type": "tick", "data": {"x": payload, "n": n}})).collect()
    };
    for n in 0..batches {
        let reply = server.call("store_events", &json!({"events": batch(2000 * n)}));
        assert_eq!(reply["result"]["structuredContent"]["stored"], 2000, "{reply}");
    }
}

/// A query that reads every payload.
fn long_query(id: impl Into<Value>) -> Value {
    call(id, "query_events", &json!({"text": "no payload holds this", "limit": 1}))
}

#[test]
fn everything_asked_before_the_end_of_input_is_answered_also_with_progress() {
    let mut server = Server::script();
    fill(&mut server, 40);
    let mut asked = Vec::new();
    for id in 0..20 {
        let mut query = long_query(id);
        query["params"]["_meta"] = json!({"progressToken": format!("p{id}")});
        asked.push(query);
    }
    server.write(lines(&asked).trim_end().as_bytes());
    let run = server.finish();
    assert_eq!(run.status.code(), Some(0));
    let (progress, replies): (Vec<Value>, Vec<Value>) =
        run.replies.into_iter().partition(|message| message["method"] == "notifications/progress");
    assert_eq!(ids(&replies), (0..20).map(Value::from).collect::<Vec<_>>());
    assert!(replies.iter().all(|reply| reply["result"]["structuredContent"]["total_matched"] == 0), "{replies:?}");
    assert!(!progress.is_empty(), "long queries tell how far they are");
}

#[test]
fn progress_rises_and_ends_with_the_reply() {
    let mut server = Server::script();
    fill(&mut server, 40);
    let mut query = long_query(7);
    query["params"]["_meta"] = json!({"progressToken": "p"});
    server.send(&query);
    let mut before = None;
    loop {
        let message = server.next();
        if message["id"] == 7 {
            break;
        }
        assert_eq!(message["method"], "notifications/progress");
        let params = &message["params"];
        assert_eq!(params["progressToken"], "p");
        assert!(params["message"].as_str().unwrap().starts_with("query_events: "), "{message}");
        let progress = params["progress"].as_f64().unwrap();
        assert!(progress <= params["total"].as_f64().unwrap(), "{message}");
        assert!(before.is_none_or(|before| before < progress), "{message}");
        before = Some(progress);
    }
    assert!(before.is_some());
    assert!(server.finish().replies.is_empty(), "nothing follows the reply");
}

fn cancel(id: impl Into<Value>) -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id.into()}})
}

#[test]
fn a_cancelled_request_is_not_answered_and_the_next_is() {
    let mut server = Server::script();
    fill(&mut server, 40);
    server.write(lines(&[long_query("long"), cancel("long"), request("next", "ping")]).as_bytes());
    assert_eq!(server.next()["id"], "next");
    let clear = call("clear", "clear_events", &json!({"text": "lorem", "dry_run": true}));
    server.write(lines(&[clear, cancel("clear"), long_query("again")]).as_bytes());
    assert_eq!(server.next()["id"], "again");
    assert!(server.finish().replies.is_empty());
}

#[test]
fn a_waiting_request_can_be_cancelled_and_then_has_no_effect() {
    let mut server = Server::script();
    fill(&mut server, 40);
    let script = [
        long_query(1),
        call(2, "clear_events", &json!({"all": true})),
        call("batch", "store_events", &large_batch(0)),
        call(3, "query_events", &json!({"limit": 0})),
        cancel(2),
        cancel("batch"),
        cancel("unknown"),
    ];
    server.write(lines(&script).as_bytes());
    let run = server.finish();
    assert_eq!(ids(&run.replies), [1, 3].map(Value::from));
    assert_eq!(run.replies[1]["result"]["structuredContent"]["total_matched"], 80_000);
}

#[test]
fn a_signal_lets_what_was_read_finish() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::script();
        fill(&mut server, 40);
        let script = lines(&(0..20).map(long_query).collect::<Vec<_>>());
        // Written in one piece, and so read in one: once the first is answered, all have been read.
        assert!(script.len() < 4096);
        server.write(script.as_bytes());
        assert_eq!(server.next()["id"], 0);
        server.signal(signal);
        let run = server.end();
        assert_eq!(run.status.code(), Some(0), "{signal}");
        assert_eq!(ids(&run.replies), (1..20).map(Value::from).collect::<Vec<_>>(), "{signal}");
    }
}

#[test]
fn an_idle_server_ends_at_a_signal() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::script();
        server.send(&request(1, "ping"));
        assert_eq!(server.next()["id"], 1);
        server.signal(signal);
        assert_eq!(server.end().status.code(), Some(0), "{signal}");
    }
}

#[test]
fn a_server_nobody_reads_ends() {
    let mut server = Server::script();
    server.send(&request(1, "ping"));
    assert_eq!(server.next()["id"], 1);
    server.close_stdout();
    // The thread that reads stdout sees this line and goes; after it, nobody is there.
    server.send(&request(2, "ping"));
    assert_eq!(server.end().status.code(), Some(0), "its stdin is still open");
}

#[test]
fn a_client_that_never_reads_is_not_kept_in_memory() {
    let mut server = Server::of(pipe::command(&["--script"]));
    fill(&mut server, 5);
    let base = server.resident();
    let mut command = pipe::command(&["--script"]);
    command.stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Its stdout is open and unread.
    let stdout = child.stdout.take().unwrap();
    let event = json!({"ts": 1, "data": {"x": "y".repeat(100_000)}});
    let store = call(0, "store_events", &json!({"events": [event, event, event, event]}));
    let query = call(1, "query_events", &json!({"format": "json"}));
    let (blocked, is_blocked) = std::sync::mpsc::channel();
    let writer = std::thread::spawn(move || {
        use std::io::Write;
        let mut sent = 0;
        while writeln!(stdin, "{}", if sent == 0 { &store } else { &query }).is_ok() {
            sent += 1;
            let _nobody_asks_any_more = blocked.send(sent);
        }
    });
    // When no line is taken any more, the server waits for its client.
    while is_blocked.recv_timeout(std::time::Duration::from_secs(3)).is_ok() {}
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").trim().parse().unwrap();
    assert!(peak * 1024 < 150 << 20, "{peak} kB; an idle one with events has {base} bytes");
    child.kill().unwrap();
    child.wait().unwrap();
    writer.join().unwrap();
    drop(stdout);
}

#[test]
fn digits_beyond_64_bits_are_kept_whatever_the_order_of_keys() {
    let digits = "123456789012345678901234567890.12345678901234567890";
    let mut server = Server::script();
    for (id, line) in [
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"store_events","arguments":{{"events":[{{"id":"a","data":{{"n":{digits}}}}}]}}}}}}"#
        ),
        format!(
            r#"{{"params":{{"arguments":{{"atomic":true,"events":[{{"data":{{"n":{digits}}},"id":"b"}}]}},"name":"store_events"}},"method":"tools/call","id":1,"jsonrpc":"2.0"}}"#
        ),
        format!(
            r#"{{"params":{{"_meta":{{}},"arguments":{{"event":{{"n":{digits},"id":"c"}}}},"name":"store_event"}},"method":"tools/call","id":1,"jsonrpc":"2.0"}}"#
        ),
    ]
    .iter()
    .enumerate()
    .map(|(at, line)| (["a", "b", "c"][at], line))
    {
        server.write(format!("{line}\n").as_bytes());
        assert_eq!(server.next()["result"]["isError"], false, "{line}");
        let event = server.call("get_event_by_id", &json!({"event_id": id}));
        let text = event["result"]["content"][0]["text"].as_str().unwrap();
        assert!(text.contains(digits), "{text}");
    }
}

#[test]
fn a_storing_call_that_is_not_of_the_usual_form_is_put_right_or_taught() {
    let mut server = Server::script();
    let stored = |reply: &Value| reply["result"]["structuredContent"]["stored"].clone();
    let text = |reply: &Value| reply["result"]["content"][0]["text"].as_str().unwrap().to_owned();
    let reply = server.call("store_events", &json!({"events": "[{\"ts\": 1}]", "atomic": "true"}));
    assert_eq!(stored(&reply), 1);
    let reply = server.call("store_events", &json!({"events": {"ts": 2}, "atomic": null}));
    assert_eq!(stored(&reply), 1);
    let reply = server.call("store_events", &json!({"evnts": []}));
    assert!(text(&reply).contains("Did you mean \"events\"?"), "{reply}");
    let reply = server.call("store_events", &json!({"events": [{"ts": 3}, {"ts": "soon"}, 5, [6]]}));
    assert_eq!(stored(&reply), 1);
    assert!(text(&reply).contains("events[2]: expected a JSON object, got a number"), "{reply}");
    let reply = server.call("store_event", &json!({"event": 5}));
    assert_eq!(reply["result"]["isError"], true);
    assert!(text(&reply).starts_with("event: got 5; expected an object"), "{reply}");
    let reply = server.call("store_event", &json!({"event": {"ts": "soon"}}));
    assert!(text(&reply).starts_with("event.ts: got \"soon\""), "{reply}");
}

#[test]
fn the_script_in_the_readme_runs_as_it_stands() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let section = readme.split("\n## In a script\n").nth(1).unwrap();
    let script = section.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_elixir-scope-storage")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let run = std::process::Command::new("sh").args(["-c", script]).env("PATH", path).output().unwrap();
    assert_eq!(run.status.code(), Some(0));
    let printed = String::from_utf8(run.stdout).unwrap();
    let replies: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(ids(&replies), [1, 2].map(Value::from));
    assert_eq!(replies[0]["result"]["structuredContent"]["stored"], 2);
    assert_eq!(replies[1]["result"]["structuredContent"]["total_matched"], 2);
}
