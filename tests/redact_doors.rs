//! No secret comes through any door, and none is in any answer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

#[path = "support/client.rs"]
mod client;
#[path = "support/secrets.rs"]
mod secrets;
#[path = "support/terms.rs"]
mod terms;

use std::io::Write;
use std::net::TcpStream;

use assert_cmd::Command;
use client::Client;
use elixir_scope_storage::etf::Term;
use elixir_scope_storage::ingest::{ImportOptions, import, import_watched};
use elixir_scope_storage::redact::{MARK, Rules};
use elixir_scope_storage::trace::{Counters, Recorder, Session};
use elixir_scope_storage::{EventStore, Filter, Query, Settings, Unwatched};
use secrets::{NEEDLE, json_shapes, term_shapes, text_shapes};
use serde_json::{Value, json};
use tempfile::TempDir;
use terms::{Bytes, atom, binary, int, list, map, mfa, mfa_arity, pid, reference, traced, tuple};

fn store(settings: Settings) -> EventStore {
    EventStore::open(settings).unwrap()
}

/// The events of some trace messages.
fn told(messages: &[Bytes], redact: Rules) -> (Vec<Value>, Counters) {
    let session = Session { id: "s".to_owned(), prefix: "e".to_owned(), redact, ..Session::default() };
    let mut recorder = Recorder::new(session);
    let store = store(Settings::UNBOUNDED);
    for message in messages {
        let bytes = [&[131], &**message].concat();
        recorder.take(Term::parse(&bytes).unwrap());
    }
    recorder.finish();
    recorder.hand_over(|events| store.store_events(events));
    (all(&store), recorder.counters().clone())
}

fn all(store: &EventStore) -> Vec<Value> {
    let page = store.query_events(&Query { limit: 10_000, ..Query::new(Filter::default()) }).unwrap();
    page.events.iter().map(|event| serde_json::from_str(&event.to_json()).unwrap()).collect()
}

fn holds(store: &EventStore, text: &str) -> u64 {
    let filter = Filter { text: Some(text.to_owned()), ..Filter::default() };
    store.query_events(&Query::new(filter)).unwrap().total_matched.unwrap()
}

/// Every kind of message that carries a value, with this one.
fn messages(secret: &Bytes) -> Vec<Bytes> {
    let state = |secret: &Bytes, n| map(&[(atom("n"), int(n)), (atom("inside"), secret.clone())]);
    let cast = tuple(&[atom("$gen_cast"), secret.clone()]);
    let handle = |state: Bytes| mfa("Elixir.Cart", "handle_cast", &[secret.clone(), state]);
    let stack = list(&[tuple(&[atom("m"), atom("f"), list(std::slice::from_ref(secret)), list(&[])])]);
    let with_fields = |name: &str, rest: &[Bytes]| traced(1, name, rest, 1);
    vec![
        with_fields("call", &[mfa("Elixir.Cart", "f", &[secret.clone(), int(1)])]),
        with_fields("return_from", &[mfa_arity("Elixir.Cart", "f", 2), tuple(&[atom("ok"), secret.clone()])]),
        with_fields("call", &[mfa("Elixir.Cart", "g", &[])]),
        with_fields("exception_from", &[mfa_arity("Elixir.Cart", "g", 0), tuple(&[atom("error"), secret.clone()])]),
        with_fields("send", &[secret.clone(), pid(2)]),
        with_fields("receive", std::slice::from_ref(secret)),
        with_fields(
            "send",
            &[tuple(&[atom("$gen_call"), tuple(&[pid(1), reference(1)]), secret.clone()]), atom("name")],
        ),
        traced(2, "send", &[cast.clone(), pid(1)], 2),
        with_fields("receive", &[cast]),
        with_fields("call", &[handle(state(secret, 1))]),
        with_fields(
            "return_from",
            &[mfa_arity("Elixir.Cart", "handle_cast", 2), tuple(&[atom("noreply"), state(&atom("gone"), 2)])],
        ),
        with_fields("call", &[handle(state(&atom("gone"), 2))]),
        with_fields(
            "return_from",
            &[mfa_arity("Elixir.Cart", "handle_cast", 2), tuple(&[atom("noreply"), state(secret, 3)])],
        ),
        with_fields("spawn", &[pid(3), mfa("m", "f", std::slice::from_ref(secret))]),
        with_fields("link", std::slice::from_ref(secret)),
        with_fields("open", &[pid(1), secret.clone()]),
        with_fields("unheard_of", std::slice::from_ref(secret)),
        tuple(&[atom("seq_trace"), secret.clone(), tuple(&[atom("send"), int(1), pid(1), pid(2), secret.clone()])]),
        tuple(&[atom("scope"), atom("bye"), secret.clone()]),
        traced(1, "exit", &[tuple(&[tuple(&[atom("badmatch"), secret.clone()]), stack])], 9),
    ]
}

#[test]
fn no_secret_of_a_trace_is_in_an_event_in_any_message() {
    let mut missed = Vec::new();
    for (what, secret) in term_shapes() {
        let (events, counters) = told(&messages(&secret), Rules::default());
        assert!(events.len() >= 20, "{what}: {}", events.len());
        missed.extend(
            events
                .iter()
                .map(Value::to_string)
                .filter(|text| text.contains(NEEDLE))
                .map(|text| format!("{what}: {text}")),
        );
        assert!(counters.redacted >= 12, "{what}: {}", counters.redacted);
    }
    assert!(missed.is_empty(), "{}\n{}", missed.len(), missed.join("\n"));
    let (events, counters) = told(&messages(&map(&[(atom("password"), binary(NEEDLE))])), Rules::NONE);
    assert!(events.iter().any(|event| event.to_string().contains(NEEDLE)));
    assert_eq!(counters.redacted, 0);
}

#[test]
fn a_changed_secret_is_told_as_changed_and_not_what_it_was() {
    let state =
        |password: &str, n| map(&[(atom("n"), int(n)), (atom("login"), map(&[(atom("password"), binary(password))]))]);
    let call = mfa("Elixir.Cart", "handle_cast", &[atom("x"), state("one", 1)]);
    let done = tuple(&[atom("noreply"), state("two", 2)]);
    let (events, _) = told(
        &[
            traced(1, "call", &[call], 1),
            traced(1, "return_from", &[mfa_arity("Elixir.Cart", "handle_cast", 2), done], 2),
        ],
        Rules::default(),
    );
    let change = events.iter().find(|event| event["event_type"] == "state_change").unwrap();
    let hidden = r#""[REDACTED]""#;
    assert_eq!(
        change["data"]["state_diff"],
        json!([{"path": "n", "old": "1", "new": "2"}, {"path": "login.password", "old": hidden, "new": hidden}])
    );
    assert_eq!(change["data"]["new_state"], r#"%{n: 2, login: %{password: "[REDACTED]"}}"#);
}

#[test]
fn a_connection_is_shown_short_and_a_function_that_works_on_secrets_without_texts() {
    let call = |function: &str, args: &[Bytes]| traced(1, "call", &[mfa("shop_login", function, args)], 1);
    let returned =
        |function: &str, value: Bytes| traced(1, "return_from", &[mfa_arity("shop_login", function, 3), value], 2);
    let messages = [
        call("f", &[secrets::conn()]),
        call("check_password", &[binary("joe"), binary(NEEDLE), int(3)]),
        returned("check_password", atom("true")),
        call("get_password_s", &[binary("joe"), binary("localhost"), atom("nil")]),
        returned("get_password_s", tuple(&[atom("ok"), binary(NEEDLE)])),
    ];
    let (events, counters) = told(&messages, Rules::default());
    let data = |at: usize, member: &str| events[at]["data"][member].clone();
    assert_eq!(
        data(0, "args"),
        json!([
            r#"%Plug.Conn{host: "example.org", method: "POST", request_path: "/login", status: 500, redacted: "[REDACTED]"}"#
        ])
    );
    assert_eq!(data(1, "args"), json!([r#""[REDACTED]""#, r#""[REDACTED]""#, "3"]));
    // Calls come before returns: these are of one moment.
    assert_eq!((data(3, "result"), data(4, "result")), (json!("true"), json!(r#"{:ok, "[REDACTED]"}"#)));
    assert_eq!(counters.redacted, 6);
}

#[test]
fn what_was_asked_for_by_the_name_of_a_secret_is_not_shown() {
    let module = "Elixir.ShopWeb.Endpoint";
    let call = |at: i64, function: &str, args: &[Bytes]| traced(1, "call", &[mfa(module, function, args)], at);
    let returned = |at: i64, function: &str, arity: i64, value: Bytes| {
        traced(1, "return_from", &[mfa_arity(module, function, arity), value], at)
    };
    let needle = || binary(NEEDLE);
    let found = || tuple(&[atom("ok"), tuple(&[atom("found"), list(&[tuple(&[atom("a"), needle()])])])]);
    let mut messages = Vec::new();
    let keys = [atom("secret_key_base"), binary("x-api-key"), terms::charlist("db_password")];
    for (round, key) in (0_i64..).zip(keys) {
        for (n, value) in (0_i64..).zip([needle(), found(), map(&[(atom("part"), needle())]), list(&[needle()])]) {
            let at = 100 * round + 10 * n;
            messages.push(call(at, "config", std::slice::from_ref(&key)));
            messages.push(call(at + 1, "config", &[key.clone(), atom("nil")]));
            // It is not given the name.
            messages.push(call(at + 2, "read", &[int(1)]));
            messages.push(returned(at + 3, "read", 1, value.clone()));
            messages.push(returned(at + 4, "config", 2, value.clone()));
            messages.push(returned(at + 5, "config", 1, value));
        }
    }
    // One that raised is over; so is one whose process ended. What is asked for by another name is shown.
    messages.push(call(900, "config", &[atom("token")]));
    messages.push(traced(
        1,
        "exception_from",
        &[mfa_arity(module, "config", 1), tuple(&[atom("error"), atom("badarg")])],
        901,
    ));
    messages.push(call(902, "config", &[atom("port")]));
    messages.push(returned(903, "config", 1, binary("hay")));
    let (events, counters) = told(&messages, Rules::default());
    let left: Vec<String> = events.iter().map(Value::to_string).filter(|text| text.contains(NEEDLE)).collect();
    assert!(left.is_empty(), "{}", left.join("\n"));
    assert_eq!(events.last().unwrap()["data"]["result"], r#""hay""#);
    assert!(counters.redacted >= 36, "{}", counters.redacted);

    // A map that was given and is returned changed is looked at by its own names; the state of a server, too.
    let state = || map(&[(atom("n"), binary("hay")), (atom("password"), needle())]);
    let messages = [
        call(1, "put", &[map(&[]), atom("password"), needle()]),
        returned(2, "put", 3, state()),
        call(3, "handle_call", &[atom("token"), pid(2), state()]),
        returned(4, "handle_call", 3, tuple(&[atom("reply"), needle(), state()])),
    ];
    let shown: Vec<String> = told(&messages, Rules::default()).0.iter().map(Value::to_string).collect();
    assert!(shown.iter().all(|event| !event.contains(NEEDLE)), "{shown:#?}");
    assert!(shown.iter().filter(|event| event.contains("result") && event.contains("hay")).count() == 2, "{shown:#?}");
}

#[test]
fn of_what_reads_cookies_and_forms_nothing_is_shown_at_any_door() {
    let tail = &NEEDLE[3..];
    for (module, function) in [
        ("Elixir.Plug.Conn.Cookies", "decode_value"),
        ("Elixir.Plug.Session.COOKIE", "derive"),
        ("Elixir.Plug.Conn.Query", "decode_www_form"),
        ("Elixir.URI", "decode_query"),
        ("cow_cookie", "parse_cookie"),
    ] {
        let stack = list(&[tuple(&[atom(module), atom(function), list(&[binary(tail)]), list(&[])])]);
        let messages = [
            traced(1, "call", &[mfa(module, function, &[binary(tail), terms::charlist(tail)])], 1),
            traced(1, "return_from", &[mfa_arity(module, function, 2), map(&[(atom("x"), binary(tail))])], 2),
            traced(1, "exit", &[tuple(&[tuple(&[atom("badarg"), int(1)]), stack])], 3),
        ];
        let (events, _) = told(&messages, Rules::default());
        let left: Vec<String> = events.iter().map(Value::to_string).filter(|text| text.contains(tail)).collect();
        assert!(events.len() == 3 && left.is_empty(), "{}", left.join("\n"));

        let kept = store(Settings { redact: Rules::default(), ..Settings::UNBOUNDED });
        let data = json!({"args": [tail, "112"], "result": {"x": tail}});
        let event = json!({"event_id": "e", "timestamp": 1, "event_type": "function_exit", "module": module,
                           "function": function, "data": data});
        kept.store_json_event(&event.to_string()).unwrap();
        assert_eq!((holds(&kept, tail), holds(&kept, "112")), (0, 0), "{module}");
    }
    // Of the same modules, what reads none.
    let (events, _) = told(&[traced(1, "call", &[mfa("Elixir.URI", "parse", &[binary("hay")])], 1)], Rules::default());
    assert_eq!(events[0]["data"]["args"], json!([r#""hay""#]));
}

#[test]
fn an_event_with_arguments_and_result_hides_what_was_asked_for() {
    let rules = Rules::default();
    for args in [json!([":secret_key_base"]), json!(["\"api_key\"", "1"]), json!(["~c\"pwd\""]), json!(["password"])] {
        for result in
            [json!(format!("{NEEDLE:?}")), json!(NEEDLE), json!(format!("%{{a: {NEEDLE:?}}}")), json!([NEEDLE])]
        {
            // Whichever comes first.
            let first = format!(r#"{{"args":{args},"result":{result},"n":"hay"}}"#);
            let last = format!(r#"{{"result":{result},"n":"hay","arguments":{args}}}"#);
            for text in [first, last] {
                let (left, _) = rules.json(&text, None, None).unwrap();
                assert!(!left.contains(NEEDLE) && left.contains("hay"), "{left}");
                assert!(rules.json(&left, None, None).is_none_or(|(again, _)| again == left), "{left}");
            }
        }
    }
    for kept in [
        json!({"args": [":port"], "result": "\"hay\""}),
        json!({"args": ["MyApp.Token"], "result": "\"hay\""}),
        json!({"args": [":token"], "result": ":ok"}),
    ] {
        assert_eq!(rules.json(&kept.to_string(), None, None), None, "{kept}");
    }
}

#[test]
fn what_a_source_says_of_itself_is_looked_at_too() {
    let secret = map(&[(atom("password"), binary(NEEDLE)), (atom("n"), int(1))]);
    let stamp = || tuple(&[int(1), int(1)]);
    let scope = |name: &str, part: Bytes| tuple(&[atom("scope"), atom(name), part, stamp()]);
    let (events, counters) = told(&[scope("note", secret.clone()), scope("bye", secret)], Rules::default());
    assert!(events.len() == 2 && events.iter().all(|event| !event.to_string().contains(NEEDLE)), "{events:#?}");
    assert!(events[0].to_string().contains(MARK) && counters.redacted == 2, "{counters:?}");
}

#[test]
fn calls_are_joined_to_their_messages_by_what_was_said_and_not_by_what_is_shown() {
    let login = |password: &str| tuple(&[atom("$gen_cast"), tuple(&[atom("password"), binary(password)])]);
    let messages = [
        traced(2, "send", &[login("one"), pid(1)], 1),
        traced(3, "send", &[login("two"), pid(1)], 2),
        traced(1, "receive", &[login("two")], 3),
    ];
    let (events, _) = told(&messages, Rules::default());
    assert_eq!(events[2]["data"]["message_id"], events[1]["event_id"]);
}

#[test]
fn recordings_are_redacted_and_the_report_says_how_much() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("events.ndjson");
    let mut lines = String::new();
    let shapes: Vec<(String, Value)> = json_shapes();
    let texts = text_shapes();
    for (at, (_, value)) in shapes.iter().enumerate() {
        lines += &json!({"event_id": format!("j{at}"), "timestamp": at, "event_type": "x", "data": value}).to_string();
        lines.push('\n');
        // A flat one.
        lines += &json!({"event_id": format!("f{at}"), "timestamp": at, "type": "x", "password": NEEDLE, "v": value})
            .to_string();
        lines.push('\n');
    }
    for (at, (_, text)) in texts.iter().enumerate() {
        lines += &json!({"event_id": format!("t{at}"), "timestamp": at, "event_type": "x", "data": {"message": text}})
            .to_string();
        lines.push('\n');
    }
    lines += "{\"event_type\": \"x\", \"timestamp\": \"password=N33dle5x\"}\n";
    std::fs::write(&path, &lines).unwrap();

    let kept = store(Settings::UNBOUNDED);
    let report = import(&kept, &path, &mut |_| ()).unwrap();
    let left: Vec<String> = all(&kept).iter().map(Value::to_string).filter(|text| text.contains(NEEDLE)).collect();
    assert!(left.is_empty(), "{}", left.join("\n"));
    assert_eq!(holds(&kept, NEEDLE), 0);
    assert!(holds(&kept, MARK) as usize >= 2 * shapes.len() + texts.len() - 1);
    assert!(report.redacted as usize >= 2 * shapes.len() + texts.len(), "{}", report.redacted);
    assert_eq!((report.rejected, kept.get_stats().counters.redacted), (1, report.redacted));
    assert!(!report.first_errors[0].to_string().contains(NEEDLE), "{}", report.first_errors[0]);
    // Again they are the same events.
    let again = import(&kept, &path, &mut |_| ()).unwrap();
    assert_eq!((again.stored, again.replaced, again.duplicates), (0, 0, report.stored));
    kept.verify().unwrap();

    let mut options = ImportOptions::default();
    options.redact = Rules::NONE;
    let open = store(Settings::UNBOUNDED);
    let report = import_watched(&open, &path, &options, &Unwatched).unwrap();
    assert_eq!(report.redacted, 0);
    assert!(holds(&open, NEEDLE) > 0);
}

#[test]
fn calls_store_what_was_sent_unless_they_are_told_to_redact() {
    let event =
        json!({"event_id": "e", "timestamp": 1, "event_type": "x", "data": {"password": NEEDLE, "n": 1}}).to_string();
    let open = store(Settings::UNBOUNDED);
    open.store_json_event(&event).unwrap();
    assert_eq!((holds(&open, NEEDLE), open.counters().redacted), (1, 0));

    let settings = Settings { redact: Rules::default(), ..Settings::UNBOUNDED };
    let kept = store(settings);
    kept.store_json_event(&event).unwrap();
    let report = kept.store_json_events(&[event.as_str()], false);
    assert_eq!(report.duplicates, 1);
    let array = format!("[{event}]");
    let batch = serde_json::from_str(&array).unwrap();
    assert_eq!(kept.store_batch(batch, true).duplicates, 1);
    assert_eq!((holds(&kept, NEEDLE), kept.counters().redacted), (0, 3));
    assert_eq!(all(&kept)[0]["data"], json!({"password": MARK, "n": 1}));
}

fn packet(term: &[u8]) -> Bytes {
    let length = (term.len() as u32 + 1).to_be_bytes();
    [&length[..], &[131], term].concat()
}

/// Asks until so many events are stored.
fn until_stored(client: &mut Client, events: u64) {
    while client.call("get_stats", json!({}))["total_events"].as_u64().unwrap() < events {
        std::thread::yield_now();
    }
}

#[test]
fn no_answer_of_a_server_holds_a_secret_that_came_over_a_socket() {
    let mut client = Client::start();
    let address = client.call("start_capture", json!({"listen": "0"}))["source"].as_str().unwrap().to_owned();
    let mut terms = TcpStream::connect(&address).unwrap();
    let mut sent = 0;
    for (_, secret) in term_shapes().into_iter().step_by(23) {
        for message in messages(&secret) {
            terms.write_all(&packet(&message)).unwrap();
            sent += 1;
        }
    }
    let mut lines = TcpStream::connect(&address).unwrap();
    for (_, value) in json_shapes() {
        writeln!(lines, "{}", json!({"event_type": "x", "timestamp": 5, "pid": "<0.1.0>", "data": value})).unwrap();
        sent += 1;
    }
    writeln!(lines, "{}", json!({"event_type": "x", "timestamp": format!("token={NEEDLE}")})).unwrap();
    drop((terms, lines));
    until_stored(&mut client, sent);
    let status = client.call("capture_status", json!({}));
    assert!(status["sources"][0]["redacted"].as_u64().unwrap() > 100, "{status:#}");

    let page = client.call("query_events", json!({"limit": 10_000, "format": "json", "max_tokens": 1_000_000}));
    let ids: Vec<String> =
        page["events"].as_array().unwrap().iter().map(|event| event["event_id"].as_str().unwrap().to_owned()).collect();
    assert!(ids.len() as u64 >= sent);
    let mut answers = vec![status.to_string(), page.to_string()];
    for (tool, arguments) in [
        ("query_events", json!({"limit": 1000})),
        ("query_events", json!({"text": NEEDLE})),
        ("overview", json!({})),
        ("get_stats", json!({})),
        ("find_anomalies", json!({})),
        ("explain", json!({"target": "last_crash"})),
        ("explain", json!({"target": "<0.1.0>"})),
        ("state_history", json!({"pid": "<0.1.0>"})),
        ("message_flow", json!({})),
        ("mailbox", json!({"pid": "<0.1.0>"})),
        ("profile", json!({})),
        ("call_tree", json!({"pid": "<0.1.0>"})),
        ("last_n_events_for_pid", json!({"pid": "<0.1.0>", "n": 1000})),
    ] {
        let answer = client.request("tools/call", json!({"name": tool, "arguments": arguments}));
        // What was asked for may be said again.
        answers.push(answer["result"].to_string().replace(&format!("text={NEEDLE}"), ""));
    }
    for id in ids.iter().step_by(3) {
        answers.push(client.call("get_event_by_id", json!({"event_id": id})).to_string());
    }
    for uri in ["elixirscope://stats", "elixirscope://guide"] {
        answers.push(client.ask("resources/read", json!({"uri": uri})).to_string());
    }
    for prompt in ["debug_crash", "who_changed_state", "why_slow", "what_happened_around"] {
        let arguments = json!({"pid": "<0.1.0>", "function": "Cart.f/2", "timestamp": "5", "event_id": ids[0]});
        answers
            .push(client.request("prompts/get", json!({"name": prompt, "arguments": arguments}))["result"].to_string());
    }
    let asked = client.call("query_events", json!({"text": NEEDLE}));
    assert_eq!(asked["total_matched"], 0);
    for answer in answers.iter().filter(|answer| !answer.contains("\"text\":\"N33dle5x\"")) {
        assert!(!answer.contains(NEEDLE), "{}", &answer[..answer.len().min(4000)]);
    }
}

#[test]
fn the_command_line_says_what_is_hidden_and_that_nothing_is() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("events.ndjson");
    let event =
        json!({"event_id": "e", "timestamp": 1, "event_type": "x", "data": {"password": NEEDLE, "pin": "4711x"}});
    std::fs::write(&path, format!("{event}\n{{\"timestamp\":\"secret={NEEDLE}\"}}\n")).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_elixir-scope-storage"));
        command.env_remove("ELIXIR_SCOPE_REDACT").args(arguments).arg("import").arg(&path).write_stdin("");
        let output = command.output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (out, err) = run(&[]);
    assert!(out.contains("1 secrets hidden") || out.contains("1 secret hidden"), "{out}");
    assert!(!format!("{out}{err}").contains(NEEDLE), "{out}{err}");
    let (out, _) = run(&["--redact", "+pin"]);
    assert!(out.contains("2 secrets hidden"), "{out}");
    let (out, err) = run(&["--redact", "none"]);
    assert!(!out.contains("hidden"), "{out}");
    assert_eq!(err.lines().filter(|line| line.contains("--redact none")).count(), 1, "{err}");
}
