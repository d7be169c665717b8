//! How a process ended is one thing to every tool: what is a crash, what was the plan, who did it, and what came next.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at the first surprise"
)]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

#[path = "support/client.rs"]
mod client;
#[path = "support/recorded.rs"]
mod recorded;

use client::Client;
use recorded::{ask, serve, text};
use serde_json::{Value, json};

const STACK: &str = "[{Cart, :total, 1, [file: ~c\"cart.ex\", line: 3]}]";

fn spawn(at: i64, parent: &str, child: &str, module: &str, function: &str, args: &str) -> Value {
    json!({"id": format!("spawn{at}"), "ts": at, "type": "process_spawn", "pid": parent, "parent_pid": parent,
        "spawned_pid": child, "spawn_module": module, "spawn_function": function, "spawn_args": args})
}

fn exit(at: i64, pid: &str, reason: &str) -> Value {
    json!({"id": format!("exit{at}"), "ts": at, "type": "process_exit", "pid": pid, "exited_pid": pid,
        "exit_reason": reason})
}

fn named(at: i64, pid: &str, name: &str) -> Value {
    json!({"id": format!("name{at}"), "ts": at, "type": "process_register", "pid": pid, "registered_name": name})
}

/// What each tool says of the only end there is: whether something is wrong.
fn verdicts(client: &mut Client) -> [bool; 4] {
    let overview = ask(client, "overview", json!({}));
    let sections = overview["structuredContent"]["sections"].as_array().unwrap().clone();
    let anomalies = ask(client, "find_anomalies", json!({}));
    let findings = anomalies["structuredContent"]["sections"].as_array().unwrap().clone();
    let story = client.request("tools/call", json!({"name": "explain", "arguments": {"target": "last_crash"}}));
    let prompt = client.request("prompts/get", json!({"name": "debug_crash", "arguments": {}}));
    let prompt = prompt["result"]["messages"][0]["content"]["text"].as_str().unwrap().to_owned();
    [
        sections.iter().any(|section| section["name"] == "trouble"),
        findings.iter().any(|section| section["name"] == "crash"),
        story["result"]["isError"] == false,
        prompt.contains("The newest abnormal ends"),
    ]
}

#[test]
fn all_tools_agree_on_what_is_a_crash() {
    let program = ("Shop", "run");
    let failed = format!("{{:badarith, {STACK}}}");
    let by_callee = "{:shutdown, {GenServer, :call, [Gone, :x, 5000]}}";
    let by_callee_of_erlang = "{{:shutdown, :closed}, {:gen_server, :call, [Gone, :x, 5000]}}";
    let of_erpc = format!("{{#Reference<0.1.2.3>, :error, :badarith, {STACK}}}");
    let table: [(&str, (&str, &str), bool); 21] = [
        (":normal", program, false),
        ("normal", program, false),
        (":shutdown", program, false),
        ("{:shutdown, :closed}", program, false),
        ("{shutdown,closed}", program, false),
        ("{:ok, 1}", program, false),
        ("{#Reference<0.1.2.3>, :return, :ok}", program, false),
        ("{#Reference<b@host.1.2.3>, :return, {:a, 1}}", (":erts_internal", "dist_spawn_init"), false),
        ("{#Reference<0.1.2.3>, :exit, :normal}", program, false),
        (":connection_closed", (":inet_tcp_dist", "do_setup"), false),
        (":disconnect", (":inet_tls_dist", "do_setup"), false),
        (":setup_timer_timeout", (":dist_util", "setup_timer"), false),
        (":closed", ("Scope.Sender", "init"), false),
        (":connection_closed", program, true),
        (":boom", program, true),
        (":killed", program, true),
        ("{:nocatch, :x}", program, true),
        (&failed, program, true),
        (&of_erpc, (":erts_internal", "dist_spawn_init"), true),
        (by_callee, program, true),
        (by_callee_of_erlang, program, true),
    ];
    let mut client = Client::start();
    for (reason, (module, function), is_crash) in table {
        client.call("clear_events", json!({"all": true}));
        let events = [
            spawn(1, "<0.1.0>", "<0.2.0>", module, function, "[]"),
            named(2, "<0.2.0>", ":it"),
            exit(3, "<0.2.0>", reason),
        ];
        client.call("store_events", json!({"events": events}));
        assert_eq!(verdicts(&mut client), [is_crash; 4], "{reason} of {module}.{function}");
    }
}

#[test]
fn a_reason_alone_is_told_as_it_is_and_not_as_a_crash() {
    for (reason, says) in
        [(":boom", "ended with :boom"), (":killed", "was killed"), ("{:shutdown, :x}", "ended with {:shutdown, :x}")]
    {
        let mut client = serve(&[spawn(1, "<0.1.0>", "<0.2.0>", "Shop", "run", "[]"), exit(3, "<0.2.0>", reason)]);
        let story = ask(&mut client, "explain", json!({"target": "<0.2.0>"}));
        assert!(text(&story).contains(says) && !text(&story).contains("crashed"), "{}", text(&story));
        let overview = ask(&mut client, "overview", json!({}));
        let head = text(&overview).lines().next().unwrap();
        assert!(!head.contains("1 crash"), "{head}");
    }
}

#[test]
fn a_caller_that_is_told_to_end_neither_failed_nor_gave_up() {
    let request = "{:\"$gen_call\", {#PID<0.2.0>, #Reference<0.1.2.3>}, :work}";
    for (reason, is_wrong) in [(":shutdown", false), ("{:shutdown, :x}", false), (":normal", false), (":boom", true)] {
        let events = [
            spawn(1, "<0.1.0>", "<0.2.0>", "Shop", "run", "[]"),
            json!({"id": "in", "ts": 2_000_000, "type": "function_entry", "pid": "<0.2.0>", "module": "Shop",
                "function": "run", "arity": 0, "call_id": "in"}),
            json!({"id": "ask", "ts": 3_000_000, "type": "message_send", "pid": "<0.2.0>", "receiver_pid": "<0.3.0>",
                "send_type": "call", "correlation_id": "#Reference<0.1.2.3>", "message": request}),
            json!({"id": "out", "ts": 90_000_000, "type": "function_exit", "pid": "<0.2.0>", "module": "Shop",
                "function": "run", "arity": 0, "call_id": "in", "exit_reason": "exit", "reason": reason}),
            exit(90_000_001, "<0.2.0>", reason),
            json!({"id": "re", "ts": 99_000_000, "type": "message_send", "pid": "<0.3.0>", "receiver_pid": "<0.2.0>",
                "send_type": "reply", "correlation_id": "#Reference<0.1.2.3>", "message": "{#Reference<0.1.2.3>, :ok}"}),
        ];
        let mut client = serve(&events);
        let overview = ask(&mut client, "overview", json!({}));
        let head = text(&overview).lines().next().unwrap();
        assert_eq!((head.contains("1 exception"), head.contains("late")), (is_wrong, false), "{head}");
        let story = client.request("tools/call", json!({"name": "explain", "arguments": {"target": "last_crash"}}));
        assert_eq!(story["result"]["isError"], !is_wrong, "{reason}: {story}");
        assert!(!story.to_string().contains("ended itself"), "{story}");
        if !is_wrong {
            let found = ask(&mut client, "find_anomalies", json!({}));
            assert!(found["structuredContent"]["sections"].as_array().unwrap().is_empty(), "{}", text(&found));
        }
    }
}

#[test]
fn the_calls_of_a_process_that_is_killed_raise_nothing() {
    let call = |id: &str, ts: i64, kind: &str, end: Value| {
        let mut event = json!({"id": id, "ts": ts, "type": kind, "pid": "<0.2.0>", "module": "Shop", "function": "run",
            "arity": 0, "call_id": "in"});
        event.as_object_mut().unwrap().extend(end.as_object().unwrap().clone());
        event
    };
    let mut client = serve(&[
        spawn(1, "<0.1.0>", "<0.2.0>", "Shop", "run", "[]"),
        call("in", 2_000_000, "function_entry", json!({})),
        call("out", 90_000_000, "function_exit", json!({"exit_reason": "exit", "reason": ":killed"})),
        exit(90_000_001, "<0.2.0>", ":killed"),
    ]);
    let overview = ask(&mut client, "overview", json!({}));
    let head = text(&overview).lines().next().unwrap();
    assert!(head.ends_with(": 1 abnormal end"), "{head}");
    let story = ask(&mut client, "explain", json!({"target": "<0.2.0>"}));
    assert!(text(&story).starts_with("<0.2.0> (Shop.run) was killed."), "{}", text(&story));
    assert_eq!(story["structuredContent"]["notes"], json!([]), "there is no failure that could be missing");
}

/// The line of a story that says who ended a process.
fn ended_by(events: &[Value], pid: &str) -> String {
    let mut client = serve(events);
    let story = ask(&mut client, "explain", json!({"target": pid}));
    let sections = story["structuredContent"]["sections"].as_array().unwrap();
    let section = sections.iter().find(|section| section["name"] == "ended by");
    section.map_or_else(String::new, |section| section["lines"][0].as_str().unwrap().to_owned())
}

#[test]
fn who_ended_a_process_is_told_with_the_event_that_shows_it_or_not_at_all() {
    let start = spawn(1, "<0.1.0>", "<0.2.0>", ":proc_lib", "init_p", "[]");
    let tie = |at: i64, event_type: &str, pid: &str, other: &str| json!({"id": format!("tie{at}"), "ts": at, "type": event_type, "pid": pid, "target_pid": other});
    let received = |at: i64, message: &str| json!({"id": format!("got{at}"), "ts": at, "type": "message_receive", "pid": "<0.2.0>", "message": message});
    let with = |more: Vec<Value>, reason: &str| {
        let mut events = vec![start.clone(), tie(2, "process_link", "<0.1.0>", "<0.2.0>")];
        events.extend(more);
        events.push(exit(9, "<0.2.0>", reason));
        ended_by(&events, "<0.2.0>")
    };
    let nobody = with(vec![], ":shutdown");
    assert!(nobody.contains("not recorded") && !nobody.contains("<0."), "{nobody}");
    assert_eq!(with(vec![], ":normal"), "");

    let stop = vec![
        json!({"id": "in", "ts": 4, "type": "function_entry", "pid": "<0.2.0>", "module": "W", "function": "handle_cast",
            "arity": 2, "call_id": "in", "args": [":bye", "1"]}),
        json!({"id": "out", "ts": 5, "type": "function_exit", "pid": "<0.2.0>", "module": "W", "function": "handle_cast",
            "arity": 2, "call_id": "in", "exit_reason": "normal", "result": "{:stop, {:shutdown, :closed}, 1}"}),
    ];
    let own = with(stop.clone(), "{:shutdown, :closed}");
    assert!(own.contains("W.handle_cast/2") && own.contains("(out)"), "{own}");
    // What it stopped with is another reason.
    assert!(with(stop, ":killed").contains("not recorded"));

    let signal = json!({"id": "sig", "ts": 5, "type": "function_entry", "pid": "<0.7.0>", "module": ":erlang",
        "function": "exit", "arity": 2, "args": ["#PID<0.2.0>", ":kill"]});
    let by = with(vec![signal], ":killed");
    assert!(by.contains("<0.7.0>") && by.contains("(sig)"), "{by}");

    let by = with(vec![received(5, "{:EXIT, #PID<0.8.0>, :shutdown}")], ":shutdown");
    assert!(by.contains("<0.8.0>") && by.contains("(got5)"), "{by}");
    let by = with(vec![received(5, "{:EXIT, #PID<0.8.0>, :other}")], ":shutdown");
    assert!(by.contains("not recorded"), "{by}");
    let by =
        with(vec![received(5, "{:system, {#PID<0.8.0>, #Reference<0.1.2.3>}, {:terminate, :shutdown}}")], ":shutdown");
    assert!(by.contains("<0.8.0>") && by.contains("(got5)"), "{by}");

    let by = with(vec![tie(6, "process_unlink", "<0.1.0>", "<0.2.0>")], ":shutdown");
    assert!(by.contains("<0.1.0>") && by.contains("(tie6)") && by.contains("most likely"), "{by}");
    // One that is not its starter lets go of it: that ends nobody.
    let by = with(vec![tie(6, "process_unlink", "<0.5.0>", "<0.2.0>")], ":shutdown");
    assert!(by.contains("not recorded"), "{by}");

    let partner = vec![tie(3, "process_link", "<0.2.0>", "<0.6.0>"), exit(6, "<0.6.0>", ":boom")];
    let by = with(partner.clone(), ":boom");
    assert!(by.contains("<0.6.0>") && by.contains("(exit6)"), "{by}");
    assert!(with(partner.clone(), ":killed").contains("not recorded"));
    let apart = [partner[0].clone(), tie(4, "process_unlink", "<0.2.0>", "<0.6.0>"), partner[1].clone()];
    assert!(with(apart.to_vec(), ":boom").contains("not recorded"));
}

const SERVER: &str = "[#PID<0.1.0>, [], :gen, :init_it, [:gen_server, #PID<0.1.0>, #PID<0.1.0>, ";

/// What the story of `<0.2.0>` says of a start in its place.
fn supervision(events: &[Value]) -> String {
    let mut client = serve(events);
    let story = ask(&mut client, "explain", json!({"target": "<0.2.0>"}));
    let sections = story["structuredContent"]["sections"].as_array().unwrap().clone();
    let section = sections.iter().find(|section| section["name"] == "supervision").unwrap();
    section["lines"][0].as_str().unwrap().to_owned()
}

#[test]
fn a_process_is_restarted_where_its_starter_was_told_of_its_end_and_nobody_asked() {
    for name in ["", "{:via, Registry, {Reg, 2}}, ", "{:global, :w}, "] {
        let args = format!("{SERVER}{name}W, 1, []]]");
        let start = |at, pid| spawn(at, "<0.1.0>", pid, ":proc_lib", "init_p", &args);
        let got = |at: i64, message: &str| json!({"id": format!("got{at}"), "ts": at, "type": "message_receive", "pid": "<0.1.0>", "message": message});
        let told = |at, pid: &str| got(at, &format!("{{:EXIT, #PID{pid}, :boom}}"));
        let answered = |at: i64, pid: &str| {
            json!({"id": format!("re{at}"), "ts": at, "type": "message_send", "pid": "<0.1.0>", "receiver_pid": "<0.9.0>",
                "send_type": "reply", "message": format!("{{[:alias | #Reference<0.1.2.3>], {{:ok, #PID{pid}}}}}")})
        };
        let line =
            supervision(&[start(1, "<0.2.0>"), exit(3, "<0.2.0>", ":boom"), told(4, "<0.2.0>"), start(5, "<0.3.0>")]);
        assert!(
            line.contains("restarted as <0.3.0>") && line.contains("(spawn5)") && line.contains("(got4)"),
            "{name}: {line}"
        );

        // A temporary child: the next one is somebody's wish.
        let events = [
            start(1, "<0.2.0>"),
            exit(3, "<0.2.0>", ":boom"),
            told(4, "<0.2.0>"),
            start(5, "<0.3.0>"),
            answered(6, "<0.3.0>"),
        ];
        let line = supervision(&events);
        assert!(!line.contains("restarted as") && line.contains("<0.9.0>") && line.contains("(re6)"), "{name}: {line}");

        // Both at once: one wished for, then the restart.
        let events = [
            start(1, "<0.2.0>"),
            exit(3, "<0.2.0>", ":boom"),
            start(4, "<0.3.0>"),
            answered(5, "<0.3.0>"),
            told(6, "<0.2.0>"),
            start(7, "<0.4.0>"),
        ];
        assert!(supervision(&events).contains("restarted as <0.4.0>"), "{name}");

        // Two of a kind end: each has a place of its own.
        let events = [
            start(1, "<0.5.0>"),
            start(2, "<0.2.0>"),
            exit(3, "<0.5.0>", ":boom"),
            exit(4, "<0.2.0>", ":boom"),
            told(5, "<0.5.0>"),
            told(6, "<0.2.0>"),
            start(7, "<0.6.0>"),
            start(8, "<0.7.0>"),
        ];
        assert!(supervision(&events).contains("restarted as <0.7.0>"), "{name}");

        // What the starter was told is not recorded.
        let line = supervision(&[start(1, "<0.2.0>"), exit(3, "<0.2.0>", ":boom"), start(5, "<0.3.0>")]);
        assert!(!line.contains("restarted as") && line.contains("not recorded") && line.contains("<0.3.0>"), "{line}");
    }
    // What they were started with was cut: nobody knows whether it was the same.
    let cut = format!("{SERVER}W, \"a\u{2039}cut: 900 bytes\u{203a}, []]]");
    let start = |at, pid| spawn(at, "<0.1.0>", pid, ":proc_lib", "init_p", &cut);
    let told = json!({"id": "t", "ts": 4, "type": "message_receive", "pid": "<0.1.0>", "message": "{:EXIT, #PID<0.2.0>, :boom}"});
    let line = supervision(&[start(1, "<0.2.0>"), exit(3, "<0.2.0>", ":boom"), told, start(5, "<0.3.0>")]);
    assert!(!line.contains("restarted as") && line.contains("<0.3.0>"), "{line}");
}
