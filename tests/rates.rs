//! Of how many requests some failed is told where the others were seen as well, and as not recorded where they were not:
//! of recordings without values, and of those in which values were left out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at the first surprise"
)]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

use elixir_scope_storage::{EventStore, Settings, mcp};
use serde_json::{Value, json};

/// A web server, as it is recorded without values: only what raises tells its arguments.
#[derive(Default)]
struct Server {
    events: Vec<Value>,
    now: i64,
}

impl Server {
    fn add(&mut self, mut event: Value) -> String {
        self.now += 1_000;
        let id = format!("e{}", self.events.len());
        event["id"] = json!(id);
        event["ts"] = json!(self.now);
        event["session_id"] = json!("s");
        self.events.push(event);
        id
    }

    fn enter(&mut self, process: u32, function: &str, arity: u8, parent: Option<&String>, args: Value) -> String {
        let (module, name) = function.rsplit_once('.').unwrap();
        let mut event = json!({"type": "function_entry", "pid": format!("<0.{process}.0>"), "module": module,
            "function": name, "arity": arity, "call_id": format!("e{}", self.events.len()), "parent_id": parent});
        if !args.is_null() {
            event["args"] = args;
        }
        self.add(event)
    }

    /// The end of a call; of what it failed, if that is told.
    fn leave(&mut self, process: u32, function: &str, call: &str, data: Value) {
        let (module, name) = function.rsplit_once('.').unwrap();
        self.add(json!({"type": "function_exit", "pid": format!("<0.{process}.0>"), "module": module,
            "function": name, "arity": 2, "call_id": call, "duration_ns": 1_000, "data": data}));
    }

    /// Raises a request that is wrapped: the call of `:erlang.raise/3` and its end.
    fn raise(&mut self, process: u32, parent: Option<&String>, site: &str, wrapped: &str) {
        let call = self.enter(process, ":erlang.raise", 3, parent, json!([":error", wrapped, "[]"]));
        self.events.last_mut().unwrap()["ast_node_id"] = json!(site);
        self.leave(process, ":erlang.raise", &call, failed(wrapped));
    }

    /// A note of what is left out from now on.
    fn left_out(&mut self, mut note: Value) -> String {
        note["type"] = json!("capture_note");
        self.add(note)
    }

    fn ask(&self) -> Vec<String> {
        let answer = self.answer().1;
        let lines = |section: &Value| {
            let lines = section["lines"].as_array().unwrap().iter().map(|line| line.as_str().unwrap());
            lines.collect::<Vec<_>>().join("\n")
        };
        answer["sections"].as_array().unwrap().iter().map(lines).collect()
    }

    fn answer(&self) -> (String, Value) {
        let store = EventStore::open(Settings::UNBOUNDED).unwrap();
        let texts: Vec<String> = self.events.iter().map(Value::to_string).collect();
        assert_eq!(store.store_json_events(&texts, false).rejected, []);
        let reply = mcp::call(&store, "find_anomalies", r#"{"kinds": ["http_error"]}"#).unwrap();
        (reply.text, reply.structured.unwrap())
    }
}

fn untold() -> Value {
    json!({"closed_by": "return_to"})
}

fn failed(reason: &str) -> Value {
    json!({"closed_by": "return_to", "exit_reason": "error", "reason": reason})
}

fn conn(id: u32, status: &str) -> String {
    let state = if status == "nil" { ":unset" } else { ":sent" };
    format!("%Plug.Conn{{method: \"GET\", request_path: \"/boom/{id}\", state: {state}, status: {status}}}")
}

fn wrapped(id: u32, status: &str) -> String {
    let stack = r#"[{Shop, :price, 1, [file: ~c"lib/shop.ex", line: 12]}]"#;
    format!("%Plug.Conn.WrapperError{{conn: {}, kind: :error, reason: :badarith, stack: {stack}}}", conn(id, status))
}

#[track_caller]
fn says(told: &str, facts: &[&str], not: &[&str]) {
    for fact in facts {
        assert!(told.contains(fact), "{fact} is not in:\n{told}");
    }
    for fact in not {
        assert!(!told.contains(fact), "{fact} is in:\n{told}");
    }
}

/// How a server without values is recorded.
#[derive(Clone, Copy)]
struct Level {
    /// The endpoint and the router, the router alone, or neither.
    traced: usize,
    /// Whether the end of the router tells of what it failed.
    tells_ends: bool,
    /// Requests of one connection.
    kept: u32,
    /// Times an exception is raised again.
    again: usize,
    /// Whether all requests are of one path.
    is_one_path: bool,
}

/// Fifty requests, of which every tenth fails.
fn bare(level: Level) -> Server {
    let Level { traced, tells_ends, kept, again, is_one_path } = level;
    let mut server = Server::default();
    for id in 0..50_u32 {
        let pid = 100 + id / kept;
        let endpoint = (traced == 2).then(|| server.enter(pid, "ShopWeb.Endpoint.call", 2, None, Value::Null));
        let router = (traced > 0).then(|| server.enter(pid, "ShopWeb.Router.call", 2, endpoint.as_ref(), Value::Null));
        let wrapped = wrapped(if is_one_path { 1 } else { id }, "nil");
        let fails = id % 10 == 3;
        if fails {
            server.raise(pid, router.as_ref(), "reraise/4:1", &wrapped);
        }
        if let Some(router) = &router {
            let data = if fails && tells_ends { failed(&wrapped) } else { untold() };
            server.leave(pid, "ShopWeb.Router.call", router, data);
        }
        for n in (0..again).filter(|_| fails) {
            server.raise(pid, endpoint.as_ref(), &format!("reraise/1:{n}"), &wrapped);
        }
        if let Some(endpoint) = &endpoint {
            server.leave(pid, "ShopWeb.Endpoint.call", endpoint, untold());
        }
    }
    server
}

#[test]
fn a_request_whose_exception_is_raised_again_is_one_and_no_rate_is_made_of_failures_alone() {
    for (traced, again) in [(2, 0), (2, 1), (2, 3), (1, 1), (1, 3), (0, 0), (0, 1)] {
        for tells_ends in [true, false] {
            for (kept, is_one_path) in [(1, false), (1, true), (50, false), (50, true)] {
                let level = Level { traced, tells_ends, kept, again, is_one_path };
                let told = bare(level).ask();
                let [told] = &told[..] else { panic!("{told:?}") };
                says(
                    told,
                    &[
                        "5 requests ended by an exception, the answer is not shown: ",
                        "lib/shop.ex:12",
                        "route: GET /boom/_ 5\n",
                        "how many requests there were is not recorded",
                    ],
                    &[" of 5", " of 10", "answers to more"],
                );
                let called = "ShopWeb.Endpoint.call/2, the outermost recorded call around them, was called 50 times";
                assert_eq!(told.contains(called), traced == 2, "{told}");
            }
        }
    }
}

#[test]
fn a_status_that_only_exceptions_show_has_no_rate_either() {
    let mut server = Server::default();
    for id in 0..4 {
        let endpoint = server.enter(7, "ShopWeb.Endpoint.call", 2, None, Value::Null);
        server.raise(7, Some(&endpoint), "a", &wrapped(id, "500"));
        server.raise(7, Some(&endpoint), "b", &wrapped(id, "500"));
        server.leave(7, "ShopWeb.Endpoint.call", &endpoint, untold());
        let other = server.enter(7, "ShopWeb.Endpoint.call", 2, None, Value::Null);
        server.leave(7, "ShopWeb.Endpoint.call", &other, untold());
    }
    let told = server.ask();
    let [told] = &told[..] else { panic!("{told:?}") };
    says(told, &["4 requests failed with HTTP 500: ", "GET /boom/_ 4\n", "was called 8 times"], &["4 of", "answers"]);
}

/// Thirty requests with values, of which three fail, then `later` of which nothing but the calls is recorded.
fn left_out(note: &Value, later: u32) -> (Server, String) {
    let mut server = Server::default();
    let mut id_of_note = String::new();
    for id in 0..30 + later {
        if id == 30 {
            id_of_note = server.left_out(note.clone());
        }
        let args = if id < 30 { json!([conn(id, "nil"), "[]"]) } else { Value::Null };
        let endpoint = server.enter(7, "ShopWeb.Endpoint.call", 2, None, args);
        let status = if id % 10 == 3 { "500" } else { "200" };
        let data = if id < 30 { json!({"exit_reason": "normal", "result": conn(id, status)}) } else { untold() };
        server.leave(7, "ShopWeb.Endpoint.call", &endpoint, data);
    }
    (server, id_of_note)
}

#[test]
fn a_rate_of_the_time_before_values_were_left_out_says_so() {
    let of_endpoint = json!({"left_out": ":values", "why": ":large_values", "module": "ShopWeb.Endpoint",
        "function": ":call", "arity": 2});
    let notes = [
        (json!({"left_out": ":values", "why": ":memory"}), "values were left out from", "(memory, "),
        (json!({"left_out": ":some_values", "why": ":burst"}), "values of some calls were left out from", "(burst, "),
        (of_endpoint, "values of ShopWeb.Endpoint.call/2 were left out from", "(large_values, "),
    ];
    for (note, what, why) in notes {
        let (server, id) = left_out(&note, 200);
        let told = server.ask();
        let [told] = &told[..] else { panic!("{told:?}") };
        says(
            told,
            &[
                "3 of 30 answers seen while values were recorded were HTTP 500",
                "GET /boom/_ 3 of 30",
                &format!("{what} 60us after the oldest event on {why}{id})"),
                "how many requests there were since then, and how they were answered, is not fully recorded",
            ],
            &["are not shown"],
        );
    }
    // Where nothing failed before, the answer says no less.
    let mut server = Server::default();
    let note = server.left_out(json!({"left_out": ":values", "why": ":memory"}));
    let call = server.enter(7, "Shop.buy", 2, None, Value::Null);
    server.leave(7, "Shop.buy", &call, untold());
    let (text, _) = server.answer();
    says(&text, &["nothing found", &format!("values were left out (memory) from {note} on")], &[]);
    // Of what shows no request, or of samples, nothing is said.
    let of_other = json!({"left_out": ":values", "why": ":large_values", "module": "Shop", "function": ":load",
        "arity": 1});
    for note in [of_other, json!({"left_out": ":samples", "why": ":memory"})] {
        let told = left_out(&note, 1).0.ask();
        says(&told[0], &["3 of 30 answers were HTTP 500"], &["left out", "while values"]);
    }
}
