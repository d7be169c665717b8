//! Waiting is not own time: what a call waited for a reply is told as `waited`, what it may have waited for any other
//! message as a bound, in `profile`, `aggregate` and `call_tree`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

use std::collections::BTreeMap;

use elixir_scope_storage::{EventStore, Settings, mcp};
use proptest::prelude::*;
use serde_json::{Value, json};

const PID: &str = "<0.100.0>";
const SERVER: &str = "<0.200.0>";

/// What a function does next.
#[derive(Clone, Debug)]
enum Step {
    Works(i64),
    /// Asks a server and waits for its reply; what else comes meanwhile.
    Asks(i64, Vec<Noise>),
    /// Asks, works in another function and only then waits.
    AsksEarly(i64, i64),
    /// Works, then waits for a message.
    Receives(i64, i64),
    /// Waits until a timeout.
    TimesOut(i64),
    Calls(Function),
    /// Works while messages come that its loop gives to callbacks.
    Interrupted(i64, Noise),
}

#[derive(Clone, Copy, Debug)]
enum Noise {
    Cast,
    Call,
    Info,
}

#[derive(Clone, Debug)]
struct Function(Vec<Step>);

/// What is recorded, and what is true.
#[derive(Default)]
struct Process {
    now: i64,
    /// Whether the source tells kinds of messages and joins them.
    is_typed: bool,
    events: Vec<Value>,
    messages: usize,
    functions: usize,
    /// How long each function waited itself, and how long it ran without those inside.
    waited: BTreeMap<String, i64>,
    own: BTreeMap<String, i64>,
}

impl Process {
    fn record(&mut self, kind: &str, more: Value) {
        let mut event = json!({"id": format!("e{}", self.events.len()), "ts": self.now, "type": kind, "pid": PID});
        let Value::Object(more) = more else { panic!("an object") };
        event.as_object_mut().unwrap().extend(more);
        self.events.push(event);
    }

    fn arrives(&mut self, kind: &str, message: &str, reference: Option<&str>) {
        let mut data = json!({"message": message, "receiver_pid": PID});
        if self.is_typed {
            data["receive_type"] = kind.into();
        }
        let mut more = json!({"data": data});
        if let Some(reference) = reference.filter(|_| self.is_typed) {
            more["correlation_id"] = reference.into();
        }
        self.record("message_receive", more);
    }

    fn noise(&mut self, noise: Noise) {
        match noise {
            Noise::Cast => self.arrives("cast", "{:\"$gen_cast\", :tick}", None),
            Noise::Call => {
                let message = "{:\"$gen_call\", {#PID<0.9.0>, [:alias | #Reference<0.9.9.9>]}, :get}";
                self.arrives("call", message, Some("#Reference<0.9.9.9>"));
            }
            Noise::Info => self.arrives("info", ":tick", None),
        }
    }

    fn asks(&mut self) -> String {
        self.messages += 1;
        let reference = format!("#Reference<0.1.2.{}>", self.messages);
        let message = format!("{{:\"$gen_call\", {{#PID{PID}, [:alias | {reference}]}}, :get}}");
        let mut more = json!({"data": {"message": message, "receiver_pid": SERVER}});
        if self.is_typed {
            more["correlation_id"] = reference.clone().into();
            more["data"]["send_type"] = "call".into();
        }
        self.record("message_send", more);
        reference
    }

    fn answered(&mut self, reference: &str) {
        let message = format!("{{[:alias | {reference}], :ok}}");
        self.arrives("reply", &message, Some(reference));
    }

    fn run(&mut self, function: &Function) {
        let name = format!("f{}", self.functions);
        self.functions += 1;
        let of = json!({"module": "M", "function": name, "arity": 0, "call_id": name});
        self.record("function_entry", of.clone());
        let start = self.now;
        let (mut waited, mut inside) = (0, 0);
        for step in &function.0 {
            match step {
                Step::Works(time) => self.now += time,
                Step::Asks(time, noises) => {
                    let reference = self.asks();
                    for noise in noises {
                        self.now += time;
                        self.noise(*noise);
                    }
                    self.now += time;
                    self.answered(&reference);
                    waited += time * (1 + noises.len() as i64);
                }
                Step::AsksEarly(work, time) => {
                    let reference = self.asks();
                    let before = self.now;
                    self.run(&Function(vec![Step::Works(*work)]));
                    inside += self.now - before;
                    self.now += time;
                    self.answered(&reference);
                    waited += time;
                }
                Step::Receives(work, time) => {
                    self.now += work + time;
                    self.arrives("info", "{:done, 1}", None);
                    waited += time;
                }
                Step::TimesOut(time) => {
                    self.now += time;
                    self.arrives("info", ":timeout", None);
                    waited += time;
                }
                Step::Calls(function) => {
                    let before = self.now;
                    self.run(function);
                    inside += self.now - before;
                }
                Step::Interrupted(work, noise) => {
                    self.now += work;
                    self.noise(*noise);
                }
            }
            self.now += 1;
        }
        let mut of = of;
        of["duration_ns"] = (self.now - start).into();
        of["data"] = json!({"exit_reason": "normal"});
        self.record("function_exit", of);
        self.own.insert(name.clone(), self.now - start - inside - waited);
        self.waited.insert(name, waited);
    }
}

fn recorded(function: &Function, is_typed: bool) -> (Process, EventStore) {
    let mut process = Process { now: 1_000, is_typed, ..Process::default() };
    process.run(function);
    let store = EventStore::open(Settings::UNBOUNDED).unwrap();
    let texts: Vec<String> = process.events.iter().map(Value::to_string).collect();
    assert_eq!(store.store_json_events(&texts, false).rejected, []);
    (process, store)
}

fn ask(store: &EventStore, tool: &str, arguments: &Value) -> Value {
    let reply = mcp::call(store, tool, &arguments.to_string()).unwrap();
    reply.structured.unwrap_or_else(|| panic!("{tool} {arguments}: {}", reply.text))
}

/// The rows of a section, each by column.
fn rows(answer: &Value, section: &str) -> Vec<BTreeMap<String, Value>> {
    let sections = answer["sections"].as_array().unwrap();
    let section = sections.iter().find(|one| one["name"] == section).unwrap();
    let constants = section["constants"].as_object().cloned().unwrap_or_default();
    let row = |row: &Value| {
        let cells = section["columns"].as_array().unwrap().iter().zip(row.as_array().unwrap());
        let cells = cells.map(|(column, cell)| (column.as_str().unwrap().to_owned(), cell.clone()));
        cells.chain(constants.clone()).collect()
    };
    section["rows"].as_array().unwrap().iter().map(row).collect()
}

/// Self, waited and maybe waited of each function, as a tool tells them.
fn told(store: &EventStore, tool: &str, arguments: &Value, section: &str) -> BTreeMap<String, (i64, i64, i64)> {
    let answer = ask(store, tool, arguments);
    let figure = |row: &BTreeMap<String, Value>, name: &str| {
        let value = row.get(name).or_else(|| row.get(&format!("{name}_ns")));
        value.and_then(Value::as_i64).unwrap_or_default()
    };
    let name = |row: &BTreeMap<String, Value>| {
        let name = row.get("function").or_else(|| row.get("call")).unwrap().as_str().unwrap();
        name.trim_start_matches(". ").trim_start_matches("M.").trim_end_matches("/0").to_owned()
    };
    let rows = rows(&answer, section);
    rows.iter()
        .map(|row| (name(row), (figure(row, "self"), figure(row, "waited"), figure(row, "maybe_waited"))))
        .collect()
}

fn all_told(store: &EventStore) -> [BTreeMap<String, (i64, i64, i64)>; 3] {
    let metrics = ["self", "waited", "maybe_waited"];
    let grouped = json!({"group_by": "function", "event_type": "function_exit", "metrics": metrics, "limit": 100});
    [
        told(store, "profile", &json!({"limit": 100}), "functions"),
        told(store, "aggregate", &grouped, "groups"),
        told(store, "call_tree", &json!({"pid": PID, "depth": 50, "fold": false}), "calls"),
    ]
}

fn function() -> impl Strategy<Value = Function> {
    let noise = prop_oneof![Just(Noise::Cast), Just(Noise::Call), Just(Noise::Info)];
    let step = prop_oneof![
        (1..50_i64).prop_map(Step::Works),
        (1..50_i64, prop::collection::vec(noise.clone(), 0..3)).prop_map(|(time, noise)| Step::Asks(time, noise)),
        (1..50_i64, 1..50_i64).prop_map(|(work, time)| Step::AsksEarly(work, time)),
        (0..50_i64, 1..50_i64).prop_map(|(work, time)| Step::Receives(work, time)),
        (1..50_i64).prop_map(Step::TimesOut),
        (1..50_i64, noise).prop_map(|(work, noise)| Step::Interrupted(work, noise)),
    ];
    let leaf = prop::collection::vec(step.clone(), 0..4).prop_map(Function);
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let step = prop_oneof![2 => step.clone(), 1 => inner.prop_map(Step::Calls)];
        prop::collection::vec(step, 0..5).prop_map(Function)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_is_told_as_waited_was_and_no_more_than_the_bound(function in function(), is_typed in any::<bool>()) {
        let (process, store) = recorded(&function, is_typed);
        for told in all_told(&store) {
            prop_assert_eq!(told.len(), process.functions);
            for (name, (own, waited, maybe)) in told {
                let (true_own, true_waited) = (process.own[&name], process.waited[&name]);
                prop_assert!(waited <= true_waited, "{} waited {} of {}", name, waited, true_waited);
                prop_assert!(waited + maybe >= true_waited, "{} waited {}..+{} of {}", name, waited, maybe, true_waited);
                prop_assert_eq!(own + waited, true_own + true_waited);
            }
        }
    }
}

#[test]
fn replies_are_waited_for_exactly_whatever_else_comes() {
    let asks = |time| Step::Asks(time, vec![Noise::Cast, Noise::Info, Noise::Call]);
    let inner = Function(vec![Step::Works(7), asks(20), Step::Works(5)]);
    let (process, store) = recorded(&Function(vec![asks(10), Step::Calls(inner), Step::Works(100)]), true);
    for told in all_told(&store) {
        for (name, (own, waited, maybe)) in told {
            assert_eq!((own, waited, maybe), (process.own[&name], process.waited[&name], 0), "{name}");
        }
    }
    for (name, (own, ..)) in told(&store, "overview", &json!({}), "functions") {
        assert_eq!(own, process.own[&name], "{name}");
    }
}

#[test]
fn a_message_that_a_callback_takes_was_not_waited_for() {
    let events = [
        json!({"id": "e1", "ts": 1_000, "type": "function_entry", "pid": PID, "module": "S", "function": "handle_call",
               "arity": 3, "call_id": "c1"}),
        json!({"id": "e2", "ts": 1_500, "type": "message_receive", "pid": PID,
               "data": {"message": ":tick", "receive_type": "info", "receiver_pid": PID}}),
        json!({"id": "e3", "ts": 2_000, "type": "function_exit", "pid": PID, "module": "S", "function": "handle_call",
               "arity": 3, "call_id": "c1", "duration_ns": 1_000, "data": {"exit_reason": "normal"}}),
        json!({"id": "e4", "ts": 2_100, "type": "function_entry", "pid": PID, "module": "S", "function": "handle_info",
               "arity": 2, "call_id": "c2", "parent_id": "e2"}),
        json!({"id": "e5", "ts": 2_200, "type": "function_exit", "pid": PID, "module": "S", "function": "handle_info",
               "arity": 2, "call_id": "c2", "duration_ns": 100, "data": {"exit_reason": "normal"}}),
    ];
    let store = EventStore::open(Settings::UNBOUNDED).unwrap();
    let texts: Vec<String> = events.iter().map(Value::to_string).collect();
    assert_eq!(store.store_json_events(&texts, false).rejected, []);
    let figures = told(&store, "profile", &json!({}), "functions");
    assert_eq!(figures["S.handle_call/3"], (1_000, 0, 0));
    let figures = told(&store, "call_tree", &json!({"pid": PID}), "calls");
    assert_eq!(figures["S.handle_call/3"], (1_000, 0, 0));
}

#[test]
fn a_sleep_is_no_work_and_without_messages_waiting_is_not_known() {
    let end = |id: &str, module: &str, function: &str, start: i64, end: i64| {
        json!({"id": id, "ts": end, "type": "function_exit", "pid": PID, "module": module, "function": function,
               "arity": 1, "duration_ns": end - start, "data": {"exit_reason": "normal"}})
    };
    let events = [end("e1", "Process", "sleep", 1_100, 1_900), end("e2", "Shop", "buy", 1_000, 2_000)];
    let store = EventStore::open(Settings::UNBOUNDED).unwrap();
    let texts: Vec<String> = events.iter().map(Value::to_string).collect();
    assert_eq!(store.store_json_events(&texts, false).rejected, []);
    let answer = ask(&store, "profile", &json!({}));
    let figures = told(&store, "profile", &json!({}), "functions");
    assert_eq!((figures["Process.sleep/1"], figures["Shop.buy/1"]), ((0, 800, 0), (200, 0, 0)));
    let notes = answer["notes"].as_array().unwrap();
    assert!(notes.iter().any(|note| note.as_str().unwrap().starts_with("self includes waiting")), "{answer}");
}
