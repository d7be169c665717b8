//! A mailbox is told as far as the recording shows it: what callbacks handled, what a measured length refutes, what
//! nobody knows. `mailbox`, `overview`, `explain`, `message_flow` and `find_anomalies` say the same of it.

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

use recorded::{ask, serve, text};
use serde_json::{Value, json};

const SERVER: &str = "<0.2.0>";
const MS: i64 = 1_000_000;

/// A recording that is written event by event.
#[derive(Default)]
struct Story {
    at: i64,
    events: Vec<Value>,
}

impl Story {
    /// A `:gen_server` of a callback module, whose `init/1` was traced.
    fn of(callback_module: &str) -> Self {
        let mut story = Self::default();
        let args =
            format!("[#PID<0.1.0>, [], :gen, :init_it, [:gen_server, #PID<0.1.0>, :self, {callback_module}, 1, []]]");
        story.add(json!({"type": "process_spawn", "pid": "<0.1.0>", "parent_pid": "<0.1.0>", "spawned_pid": SERVER,
            "spawn_module": ":proc_lib", "spawn_function": "init_p", "spawn_args": args}));
        let init = story.enter("W", "init", 1, None);
        story.leave(&init, "W", "init", 1);
        story
    }

    fn add(&mut self, mut event: Value) -> String {
        self.at += MS;
        let id = format!("e{}", self.events.len());
        event["id"] = json!(id);
        event["ts"] = json!(self.at);
        self.events.push(event);
        id
    }

    fn send(&mut self, n: usize) -> Vec<String> {
        let send = |story: &mut Self| {
            story.add(json!({"type": "message_send", "pid": "<0.1.0>", "receiver_pid": SERVER, "send_type": "info",
                "message": format!("{{:job, {}}}", story.events.len())}))
        };
        (0..n).map(|_| send(self)).collect()
    }

    fn receive(&mut self, sends: &[String]) {
        for send in sends {
            self.add(json!({"type": "message_receive", "pid": SERVER, "receive_type": "info", "parent_id": send,
                "message": "{:job, 1}"}));
        }
    }

    fn enter(&mut self, module: &str, function: &str, arity: u8, message: Option<&str>) -> String {
        let mut event = json!({"type": "function_entry", "pid": SERVER, "module": module, "function": function,
            "arity": arity, "args": ["{:job, 1}", "0"]});
        if let Some(message) = message {
            event["parent_id"] = json!(message);
        }
        let id = format!("e{}", self.events.len());
        event["call_id"] = json!(id);
        self.add(event)
    }

    fn leave(&mut self, call: &str, module: &str, function: &str, arity: u8) {
        self.add(
            json!({"type": "function_exit", "pid": SERVER, "module": module, "function": function, "arity": arity,
            "call_id": call, "exit_reason": "normal", "result": "{:noreply, 0}", "duration_ns": MS}),
        );
    }

    fn handle(&mut self, sends: &[String]) {
        for send in sends {
            let call = self.enter("W", "handle_info", 2, Some(send));
            self.leave(&call, "W", "handle_info", 2);
        }
    }

    fn sample(&mut self, length: u64) {
        self.at += 10 * MS;
        self.add(json!({"type": "process_sample", "pid": SERVER, "message_queue_len": length}));
    }

    fn told(&self) -> Told {
        let mut client = serve(&self.events);
        let sections = |answer: &Value| answer["structuredContent"]["sections"].as_array().unwrap().clone();
        let mailbox = ask(&mut client, "mailbox", json!({"pid": SERVER}));
        let overview = ask(&mut client, "overview", json!({}));
        let found = ask(&mut client, "find_anomalies", json!({}));
        let growth = sections(&found).into_iter().find(|section| section["name"] == "mailbox_growth");
        let flow = ask(&mut client, "message_flow", json!({"pid": SERVER, "max_tokens": 100_000}));
        let story = ask(&mut client, "explain", json!({"target": SERVER}));
        Told {
            waiting: mailbox["structuredContent"]["facts"]["still_waiting"].clone(),
            overview: longest(&sections(&overview)),
            growth: growth.map(|section| section["lines"].to_string()).unwrap_or_default(),
            queued: queued(&sections(&flow)),
            story: text(&story).to_owned(),
            mailbox: text(&mailbox).to_owned(),
        }
    }
}

/// Messages that are told to be in the mailbox still.
fn queued(sections: &[Value]) -> usize {
    let section = sections.iter().find(|section| section["name"] == "messages").unwrap();
    let waits = |cell: &Value| cell == "still in the mailbox";
    let rows = section["rows"].as_array().unwrap();
    match section["columns"].as_array().unwrap().iter().position(|column| column == "outcome") {
        Some(at) => rows.iter().filter(|row| waits(&row[at])).count(),
        None if waits(&section["constants"]["outcome"]) => rows.len(),
        None => 0,
    }
}

/// What `overview` says of the longest mailbox of the process.
fn longest(sections: &[Value]) -> Value {
    let section = sections.iter().find(|section| section["name"] == "processes").unwrap();
    let at = |name: &str| section["columns"].as_array().unwrap().iter().position(|column| column == name);
    if let Some(constant) = section["constants"].get("mailbox") {
        return constant.clone();
    }
    let (Some(process), Some(mailbox)) = (at("process"), at("mailbox")) else { return Value::Null };
    let row = section["rows"].as_array().unwrap().iter().find(|row| row[process].as_str().unwrap().contains(SERVER));
    row.map(|row| row[mailbox].clone()).filter(|cell| cell != "").unwrap_or_default()
}

/// What the tools say of the mailbox.
struct Told {
    waiting: Value,
    overview: Value,
    growth: String,
    queued: usize,
    story: String,
    mailbox: String,
}

impl Told {
    #[track_caller]
    fn claims_nothing(&self) {
        assert_eq!((&self.waiting, self.queued), (&json!("unknown"), 0), "{}", self.mailbox);
        assert!(!self.growth.contains("handled"), "{}", self.growth);
        assert!(!self.story.contains("unhandled") && !self.story.contains("grew to"), "{}", self.story);
    }
}

#[test]
fn what_waits_for_a_traced_server_is_counted_alike_by_all() {
    let mut story = Story::of("W");
    let first = story.send(3);
    story.handle(&first);
    let jobs = story.send(31);
    story.receive(&jobs[..5]);
    story.enter("W", "handle_info", 2, Some(&jobs[0]));
    let told = story.told();
    assert_eq!((told.waiting, told.overview, told.queued), (json!(30), json!(31), 30), "{}", told.mailbox);
    assert!(
        told.story.contains("grew to 31 messages") && told.story.contains("30 messages unhandled"),
        "{}",
        told.story
    );
    // The process measures as many.
    story.sample(30);
    let told = story.told();
    assert_eq!((told.waiting, told.queued), (json!(30), 30), "{}", told.mailbox);
}

#[test]
fn init_alone_makes_no_traced_server() {
    let mut story = Story::of("W");
    let jobs = story.send(40);
    story.receive(&jobs);
    let told = story.told();
    told.claims_nothing();
    assert_eq!(told.overview, Value::Null);
    // Nor where its receives are not traced.
    let mut story = Story::of("W");
    story.send(40);
    story.told().claims_nothing();
    // In `init/1` still, it has taken nothing.
    let mut story = Story::of("W");
    story.events.pop();
    story.send(12);
    let told = story.told();
    assert_eq!((told.waiting, told.queued), (json!(12), 12), "{}", told.mailbox);
}

#[test]
fn a_new_capture_or_a_gap_ends_what_callbacks_prove() {
    for seam in [
        vec![json!({"type": "capture_end"}), json!({"type": "capture_start"})],
        vec![json!({"type": "gap", "dropped": 10, "duration_ns": 10})],
    ] {
        let mut story = Story::of("W");
        let first = story.send(5);
        story.handle(&first);
        // Sent before, and perhaps handled unseen.
        story.send(2);
        for event in &seam {
            story.add(event.clone());
        }
        let jobs = story.send(50);
        story.receive(&jobs);
        let told = story.told();
        told.claims_nothing();
        assert_eq!(told.overview, json!(5), "what is known is told");
        assert!(told.mailbox.contains("52"), "{}", told.mailbox);
        // Callbacks are seen again.
        story.handle(&jobs[..1]);
        let told = story.told();
        assert_eq!(told.queued, 49, "{}", told.mailbox);
        assert_eq!(told.waiting, json!("unknown"), "two are not known");
    }
}

#[test]
fn a_measured_length_refutes_a_computed_one() {
    let mut story = Story::of("W");
    let first = story.send(2);
    story.handle(&first);
    let jobs = story.send(40);
    story.enter("W", "handle_info", 2, Some(&jobs[0]));
    assert_eq!(story.told().queued, 39);
    story.sample(3);
    let told = story.told();
    told.claims_nothing();
    assert!(told.mailbox.contains("longest measured length is 3"), "{}", told.mailbox);
}

#[test]
fn a_loop_of_its_own_takes_messages_that_no_callback_sees() {
    for module in ["GenStage", "ThousandIsland.Handler"] {
        let mut story = Story::of(module);
        let first = story.send(2);
        story.handle(&first);
        story.send(40);
        story.told().claims_nothing();
    }
    // What its callbacks call is traced, they are not.
    let mut story = Story::of("W");
    let jobs = story.send(20);
    story.handle(&jobs[..2]);
    story.receive(&jobs[2..]);
    let call = story.enter("Impl", "on", 1, None);
    story.leave(&call, "Impl", "on", 1);
    story.told().claims_nothing();
}

#[test]
fn what_a_callback_may_have_received_itself_is_not_said_to_wait() {
    let mut story = Story::of("W");
    let jobs = story.send(1);
    let call = story.enter("W", "handle_info", 2, Some(&jobs[0]));
    let inner = story.send(10);
    story.receive(&inner);
    story.leave(&call, "W", "handle_info", 2);
    story.told().claims_nothing();
    // A reply is taken by who waits for it.
    let mut story = Story::of("W");
    let jobs = story.send(1);
    let call = story.enter("W", "handle_info", 2, Some(&jobs[0]));
    for _ in 0..30 {
        story.add(json!({"type": "message_send", "pid": "<0.1.0>", "receiver_pid": SERVER, "send_type": "reply",
            "message": "{#Reference<0.1.2.3>, :ok}"}));
    }
    story.leave(&call, "W", "handle_info", 2);
    let told = story.told();
    assert_eq!((told.waiting, told.overview, told.queued), (json!(0), json!(1), 0), "{}", told.mailbox);
    assert!(!told.story.contains("unhandled") && !told.story.contains("grew to"), "{}", told.story);
}

#[test]
fn a_mailbox_grows_from_the_message_that_found_it_empty() {
    let mut story = Story::of("W");
    let first = story.send(1);
    story.handle(&first);
    // Nothing comes for more than a second; then twelve at once, each handled slowly.
    story.at += 1_400 * MS;
    let jobs = story.send(12);
    for job in &jobs {
        let call = story.enter("W", "handle_info", 2, Some(job));
        story.at += 10 * MS;
        story.leave(&call, "W", "handle_info", 2);
    }
    let told = story.told();
    assert!(told.growth.contains("grew to 12 messages in 11ms: 12 came, 0 were handled"), "{}", told.growth);
}
