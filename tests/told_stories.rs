//! A story tells facts, bounds or that something is not known, and never a default as a fact.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]
#![allow(clippy::needless_pass_by_value, reason = "a test writes json!(..) in place")]

use elixir_scope_storage::{EventStore, Settings, mcp};
use serde_json::{Value, json};

const SERVER: &str = "<0.2.0>";
const CLIENT: &str = "<0.9.0>";
const BOSS: &str = "<0.1.0>";
const MS: i64 = 1_000_000;

/// Events of a recording, which get their ids by their places.
#[derive(Default)]
struct Recording(Vec<Value>);

impl Recording {
    fn push(&mut self, at: i64, event_type: &str, pid: &str, data: Value) -> &mut Value {
        let id = format!("e{}", self.0.len());
        self.0.push(json!({"id": id, "ts": at, "type": event_type, "pid": pid, "session_id": "a", "node": "n@h",
            "data": data}));
        self.0.last_mut().unwrap()
    }

    /// The start of a call of a server, and its id.
    fn entry(&mut self, at: i64, pid: &str, (module, function, arity): (&str, &str, u8), data: Value) -> String {
        let event = self.push(at, "function_entry", pid, data);
        for (name, value) in [("module", json!(module)), ("function", json!(function)), ("arity", json!(arity))] {
            event[name] = value;
        }
        event["call_id"] = event["id"].clone();
        event["id"].as_str().unwrap().to_owned()
    }

    fn exit(&mut self, at: i64, pid: &str, (module, function, arity): (&str, &str, u8), call: &str, data: Value) {
        let event = self.push(at, "function_exit", pid, data);
        for (name, value) in [("module", json!(module)), ("function", json!(function)), ("arity", json!(arity))] {
            event[name] = value;
        }
        event["call_id"] = call.into();
    }

    fn send(&mut self, at: i64, (from, to): (&str, &str), kind: &str, message: &str, exchange: Option<&str>) -> String {
        let event =
            self.push(at, "message_send", from, json!({"message": message, "send_type": kind, "receiver_pid": to}));
        if let Some(exchange) = exchange {
            event["correlation_id"] = exchange.into();
        }
        event["id"].as_str().unwrap().to_owned()
    }

    /// A call of a server, which gives up after 100 ms, its exit being at 200 ms.
    fn gave_up(&mut self) {
        self.send(100 * MS, (CLIENT, SERVER), "call", &request(), Some("asked"));
        let reason = json!({"exit_reason": "{:timeout, {GenServer, :call, [#PID<0.2.0>, :get, 100]}}"});
        self.push(200 * MS, "process_exit", CLIENT, reason);
    }

    /// Messages that were dropped in the 10 ms up to then.
    fn gap(&mut self, at: i64) {
        self.push(at, "gap", BOSS, json!({"dropped": 3}))["duration_ns"] = (10 * MS).into();
    }

    /// A message that a callback of the server handles, returning after 1 ms unless it is said not to.
    fn handled(&mut self, at: i64, data: Value, result: Option<Value>) -> String {
        let send = self.send(at, (BOSS, SERVER), "cast", "{:\"$gen_cast\", :tick}", None);
        let mut data = data;
        data["message_id"] = send.as_str().into();
        let call = self.entry(at + 1, SERVER, CAST, data);
        self.0.last_mut().unwrap()["parent_id"] = send.into();
        if let Some(result) = result {
            self.exit(at + MS, SERVER, CAST, &call, result);
        }
        call
    }

    fn store(&self) -> EventStore {
        let store = EventStore::open(Settings::UNBOUNDED).unwrap();
        let texts: Vec<String> = self.0.iter().map(Value::to_string).collect();
        assert_eq!(store.store_json_events(&texts, false).rejected, []);
        store
    }

    fn explain(&self, target: &str) -> Story {
        let arguments = json!({"target": target, "max_tokens": 20_000});
        let reply = mcp::call(&self.store(), "explain", &arguments.to_string()).unwrap();
        let told = reply.structured.clone().unwrap_or_else(|| panic!("{target}: {}", reply.text));
        Story { told, text: reply.text }
    }
}

const CAST: (&str, &str, u8) = ("Srv", "handle_cast", 2);
const CALL: (&str, &str, u8) = ("Srv", "handle_call", 3);
const STATE: (&str, &str, u8) = ("Door", "locked", 3);

fn request() -> String {
    format!("{{:\"$gen_call\", {{#PID{CLIENT}, [:alias | #Reference<0.0.0.1>]}}, :get}}")
}

fn done() -> Value {
    json!({"result": "{:noreply, 1}", "exit_reason": "normal"})
}

struct Story {
    told: Value,
    text: String,
}

impl Story {
    /// Values of this sort, in a part of the story.
    fn values(&self, part: &str, sort: &str, kind: &str) -> Vec<Value> {
        let parts = self.told["sections"].as_array().unwrap();
        let Some(part) = parts.iter().find(|one| one["name"] == part) else { return Vec::new() };
        let told = part["values"]["told"].as_array().unwrap().iter();
        told.filter_map(|value| {
            let of = &value[sort];
            if of == kind { Some(json!(null)) } else { of.get(kind).cloned() }
        })
        .collect()
    }

    fn callee(&self, kind: &str) -> Vec<Value> {
        self.values("the process called", "waiting", kind)
    }

    fn one(&self, part: &str, sort: &str, kind: &str) -> Value {
        let found = self.values(part, sort, kind);
        assert_eq!(found.len(), 1, "{part} {sort} {kind}: {}\n{:#}", self.text, self.told["sections"]);
        found[0].clone()
    }
}

#[test]
fn a_callee_is_idle_only_where_its_callbacks_are_traced_and_nothing_is_hidden() {
    let is_idle = |recording: &Recording| {
        let story = recording.explain(CLIENT);
        let (idle, unseen) = (story.callee("idle").len(), story.callee("unseen").len());
        assert_eq!(idle + unseen, 1, "{}", story.text);
        idle == 1
    };
    let mut traced = Recording::default();
    traced.handled(10 * MS, json!({"args": [":tick", "1"]}), Some(done()));
    let mut hidden = Recording(traced.0.clone());
    traced.gave_up();
    assert!(is_idle(&traced), "its last callback had returned");

    hidden.gap(50 * MS);
    hidden.gave_up();
    assert!(!is_idle(&hidden), "what was dropped may have been the start of another");

    let mut untraced = Recording::default();
    untraced.entry(10 * MS, SERVER, ("Srv", "work", 1), json!({"args": ["1"]}));
    untraced.gave_up();
    assert!(!is_idle(&untraced));
}

#[test]
fn a_callback_without_a_told_end_is_not_said_to_go_on_to_the_end() {
    let lasts = |entry: Value, exit: Option<Value>, others: bool| {
        let mut recording = Recording::default();
        if others {
            recording.handled(10 * MS, json!({"args": [":tick", "1"]}), Some(done()));
        }
        let call = recording.handled(50 * MS, entry, None);
        recording.gave_up();
        if let Some(exit) = exit {
            recording.exit(350 * MS, SERVER, CAST, &call, exit);
        }
        let story = recording.explain(CLIENT);
        let busy = story.callee("busy");
        assert_eq!(busy.len(), 1, "{}", story.text);
        (busy[0]["lasts"].clone(), busy[0]["message"].clone())
    };
    let args = json!({"args": [":slow", "1"]});
    assert_eq!(lasts(args.clone(), None, true), (json!("to_the_end"), json!(":slow")));
    assert_eq!(lasts(args.clone(), None, false).0, json!("unrecorded"), "no ends are recorded at all");
    assert_eq!(lasts(args, Some(done()), true).0, json!({"ns": 300 * MS - 1}), "an end without a duration");
    assert_eq!(lasts(json!({}), None, true), (json!("unrecorded"), json!(null)));
}

#[test]
fn what_calls_without_an_end_took_is_not_recorded() {
    let mut recording = Recording::default();
    for n in 0..3 {
        recording.handled((10 + n) * MS, json!({"args": [":tick", "1"]}), None);
    }
    recording.gave_up();
    let story = recording.explain(CLIENT);
    let takes = story.callee("takes");
    assert_eq!(takes.len(), 1, "{}", story.text);
    assert_eq!((&takes[0]["count"], &takes[0]["endless"]), (&json!(3), &json!(3)));
    assert_eq!((&takes[0]["mean_ns"], &takes[0]["longest_ns"]), (&json!(null), &json!(null)));
    let kind = recording.explain(SERVER).one("handled", "handled", "kind");
    assert_eq!((&kind["total_ns"], &kind["longest_ns"]), (&json!(null), &json!(null)));

    // One that ended tells of itself, and the others of nothing.
    recording.handled(60 * MS, json!({"args": [":tick", "1"]}), Some(done()));
    let story = recording.explain(CLIENT);
    let takes = &story.callee("takes")[0];
    assert_eq!((&takes["count"], &takes["endless"]), (&json!(4), &json!(3)), "{}", story.text);
    assert_eq!((&takes["mean_ns"], &takes["longest_ns"]), (&json!(MS - 1), &json!(MS - 1)));
    assert_eq!(takes["of_newest"], json!(null));
}

#[test]
fn a_long_mailbox_of_calls_without_an_end_tells_no_time() {
    let mut recording = Recording::default();
    recording.handled(MS, json!({"args": [":tick", "1"]}), None);
    for n in 0..20 {
        recording.send((10 + n) * MS, (BOSS, SERVER), "cast", "{:\"$gen_cast\", :tick}", None);
    }
    let mailbox = recording.explain(SERVER).one("trouble", "trouble", "mailbox");
    assert_eq!(mailbox["took_ns"], json!(null));
}

#[test]
fn figures_of_the_newest_calls_say_so() {
    let mut recording = Recording::default();
    for n in 0..210 {
        recording.handled(n * 2 * MS - 500 * MS, json!({"args": [":tick", "1"]}), Some(done()));
    }
    recording.gave_up();
    let story = recording.explain(CLIENT);
    assert_eq!(story.callee("takes")[0]["of_newest"], json!(200), "{}", story.text);
    let newest = recording.explain(SERVER).one("handled", "handled", "newest");
    assert_eq!((&newest["looked_at"], &newest["of"]["count"]), (&json!(200), &json!(210)));
}

#[test]
fn messages_without_values_have_no_pattern() {
    let mut recording = Recording::default();
    recording.handled(10 * MS, json!({}), Some(done()));
    let story = recording.explain(SERVER);
    let kind = story.one("handled", "handled", "kind");
    assert_eq!(kind["pattern"], json!(null));
    assert!(story.text.contains("a message that was not recorded: "), "{}", story.text);
}

#[test]
fn replies_are_no_messages_that_came() {
    let mut recording = Recording::default();
    recording.handled(110 * MS, json!({"args": [":tick", "1"]}), Some(done()));
    for n in 0..5 {
        let message = format!("{{[:alias | #Reference<0.0.7.{n}>], 1}}");
        recording.send((120 + n) * MS, (BOSS, SERVER), "reply", &message, Some(&format!("own{n}")));
    }
    recording.gave_up();
    let story = recording.explain(CLIENT);
    let rate = story.callee("rate");
    assert_eq!(rate[0]["came"], json!({"count": 2, "bound": "exact"}), "{}", story.text);
}

#[test]
fn callbacks_of_a_state_machine_are_not_told_as_none() {
    let handled = |function: Option<(&str, &str, u8)>| {
        let mut recording = Recording::default();
        recording.push(5 * MS, "process_spawn", SERVER, json!({"spawned_pid": SERVER, "parent_pid": BOSS}));
        if let Some(function) = function {
            let data = json!({"args": [":cast", ":push", "1"], "caller": ":gen_statem.loop_state_callback/11"});
            let call = recording.entry(110 * MS, SERVER, function, data);
            recording.exit(111 * MS, SERVER, function, &call, json!({"result": ":keep_state_and_data"}));
        }
        recording.gave_up();
        let story = recording.explain(CLIENT);
        story.callee("rate")[0]["handled"].clone()
    };
    assert_eq!(handled(Some(STATE)), "uncounted");
    assert_eq!(handled(Some(("Door", "handle_event", 4))), "uncounted");
    assert_eq!(handled(None), "untraced");
    assert_eq!(handled(Some(("Door", "code", 0))), "untraced");
}

/// A call that misses a table, after so many calls that failed and, since the last that went well, so many ends.
fn missing_table(failed: usize, well: bool, ends: usize) -> Story {
    let get = ("Cache", "get", 1);
    let mut recording = Recording::default();
    let mut at = 0;
    let mut call = |recording: &mut Recording, pid: &str, data: Value| {
        at += MS;
        let call = recording.entry(at, pid, get, json!({"args": [":k"]}));
        recording.exit(at + 1, pid, get, &call, data);
        at
    };
    if well {
        call(&mut recording, "<0.50.0>", json!({"result": "1", "exit_reason": "normal"}));
    }
    for n in 0..ends {
        let pid = format!("<0.{}.1>", 100 + n);
        recording.push(MS + 10 + n as i64, "process_exit", &pid, json!({"exit_reason": ":normal"}));
    }
    let reason = "{:badarg, [{:ets, :lookup, [:cache, :k], [error_info: %{cause: :id, module: :erl_stdlib_errors}]}, \
                  {Cache, :get, 1, [file: ~c\"cache.ex\", line: 3]}]}";
    for _ in 0..failed {
        call(&mut recording, "<0.50.0>", json!({"exit_reason": "error", "reason": ":badarg"}));
    }
    let end = call(&mut recording, SERVER, json!({"exit_reason": "error", "reason": reason}));
    recording.push(
        end + 10,
        "process_exit",
        SERVER,
        json!({"exit_reason": reason, "error": ":badarg", "stacktrace":
            [":ets.lookup(:cache, :k) [error_info: %{cause: :id, module: :erl_stdlib_errors}]", "Cache.get/1 (cache.ex:3)"]}),
    );
    recording.explain(SERVER)
}

#[test]
fn a_table_that_was_missing_is_told_of_with_how_many_were_looked_at() {
    let never = |story: Story| story.one("table", "cause", "never_well")["of_newest"].clone();
    assert_eq!(never(missing_table(3, false, 0)), json!(null));
    let story = missing_table(250, true, 0);
    assert!(!story.text.contains("may not have been made"), "{}", story.text);
    assert_eq!(never(story), json!(200));
    let since = |ends| missing_table(1, true, ends).one("table", "cause", "ended_since");
    assert_eq!((&since(5)["beyond"], &since(5)["bound"]), (&json!(2), &json!("exact")));
    let many = missing_table(1, true, 300);
    assert!(many.text.contains("and at least 197 more"), "{}", many.text);
}

/// A child among others of its supervisor, which is started again if that is said: before and after it so many others.
fn child(before: usize, after: usize, is_restarted: bool) -> Story {
    let mut recording = Recording::default();
    let mut at = 0;
    let mut spawn = |recording: &mut Recording, pid: &str, args: &str| {
        at += MS;
        let data = json!({"spawned_pid": pid, "parent_pid": BOSS, "spawn_module": ":proc_lib", "spawn_function": "init_p",
            "spawn_args": args});
        recording.push(at, "process_spawn", BOSS, data);
        at
    };
    let own = "[#PID<0.1.0>, [], :gen, :init_it, [:gen_server, #PID<0.1.0>, #PID<0.1.0>, Srv, 1, []]]";
    let others = "[#PID<0.1.0>, [], :gen, :init_it, [:gen_server, #PID<0.1.0>, #PID<0.1.0>, Other, 1, []]]";
    for n in 0..before {
        spawn(&mut recording, &format!("<0.{}.1>", 100 + n), others);
    }
    let end = spawn(&mut recording, SERVER, own);
    recording.push(end + 1, "process_exit", SERVER, json!({"exit_reason": ":boom"}));
    recording.push(end + 2, "message_receive", BOSS, json!({"message": "{:EXIT, #PID<0.2.0>, :boom}"}));
    if is_restarted {
        spawn(&mut recording, "<0.3.0>", own);
    }
    for n in 0..after {
        spawn(&mut recording, &format!("<0.{}.2>", 100 + n), others);
    }
    recording.explain(SERVER)
}

#[test]
fn a_restart_is_found_however_many_were_started_before() {
    let after = |before, after, is_restarted| {
        let story = child(before, after, is_restarted);
        let started = story.one("supervision", "supervision", "started_by");
        started["after"].clone()
    };
    for before in [3, 600] {
        let told = after(before, 0, true);
        assert_eq!(told["next"]["started"]["new"]["pid"], "<0.3.0>", "{told}");
        let expected = if before == 3 { json!({"nth": 1, "of": 2, "bound": "exact"}) } else { json!(null) };
        assert_eq!(told["place"], expected);
        assert_eq!(after(before, 0, false)["next"], "nothing");
    }
    assert_eq!(after(3, 600, false)["next"], json!({"not_among": 500}));
    assert_eq!(after(3, 600, true)["place"], json!({"nth": 1, "of": 2, "bound": "at_least"}));
}

#[test]
fn no_reply_is_said_to_have_been_sent_only_where_none_can_be_unseen() {
    let may_be_unseen = |exit: Value, seam: bool| {
        let mut recording = Recording::default();
        recording.push(0, "capture_start", "", json!({}));
        let send = recording.send(100 * MS, (CLIENT, SERVER), "call", &request(), Some("asked"));
        let data = json!({"args": [":get", "from", "1"], "message_id": send});
        let call = recording.entry(101 * MS, SERVER, CALL, data);
        recording.0.last_mut().unwrap()["correlation_id"] = "asked".into();
        recording.exit(102 * MS, SERVER, CALL, &call, exit);
        if seam {
            recording.gap(150 * MS);
        }
        let reason = json!({"exit_reason": "{:timeout, {GenServer, :call, [#PID<0.2.0>, :get, 100]}}"});
        recording.push(200 * MS, "process_exit", CLIENT, reason);
        recording.push(300 * MS, "capture_end", "", json!({"reason": ":stopped"}));
        let story = recording.explain(CLIENT);
        let told = story.one("waited for", "answer", "no_reply")["may_be_unseen"].clone();
        assert_eq!(story.text.contains("no reply was sent: "), told == false, "{}", story.text);
        told.as_bool().unwrap()
    };
    let result = |text: &str| json!({"result": text, "exit_reason": "normal"});
    assert!(!may_be_unseen(result("{:noreply, 1}"), false));
    assert!(may_be_unseen(result("{:noreply, 1}"), true));
    for replied in ["{:reply, 1, 1}", "{:stop, :normal, 1, 1}", "{:keep_state, 1, [{:reply, from, 1}]}"] {
        assert!(may_be_unseen(result(replied), false), "{replied}");
    }
    assert!(may_be_unseen(json!({}), false), "its result is not recorded");
    assert!(may_be_unseen(json!({"closed_by": "e9"}), false));
}

/// The end of a server that a client waited for, which ended so after it.
fn crash_of_server(client: &str, casts: usize) -> Story {
    let mut recording = Recording::default();
    recording.push(1, "process_register", SERVER, json!({"registered_name": ":cart"}));
    for n in 0..casts {
        recording.send(2 + n as i64, (BOSS, SERVER), "cast", "{:\"$gen_cast\", :tick}", None);
    }
    recording.send(MS, (CLIENT, SERVER), "call", &request(), Some("asked"));
    recording.push(2 * MS, "process_exit", SERVER, json!({"exit_reason": "{:badarith, [{Cart, :total, 1, []}]}"}));
    recording.push(3 * MS, "process_exit", CLIENT, json!({"exit_reason": client}));
    recording.explain(SERVER)
}

#[test]
fn a_caller_crashed_of_that_only_if_its_exit_tells_so() {
    let callee = |inner: &str, target: &str, request: &str| {
        format!("{{{inner}, {{GenServer, :call, [{target}, {request}, 5000]}}}}")
    };
    let own = "{:badarith, [{Cart, :total, 1, [file: ~c\"cart.ex\"]}]}";
    let of_that = |client: String| {
        let became = crash_of_server(&client, 0).one("affected", "affected", "caller")["became"].clone();
        assert!(became.get("crashed_of_that").is_some() || became.get("crashed").is_some(), "{became}");
        became.get("crashed_of_that").is_some()
    };
    assert!(of_that(callee(own, ":cart", ":get")));
    assert!(of_that(callee(own, "#PID<0.2.0>", ":get")));
    assert!(of_that(callee(":noproc", ":cart", ":get")));
    assert!(!of_that(callee(own, "#PID<0.7.0>", ":get")), "it called another");
    assert!(!of_that(callee(":noproc", "#PID<0.7.0>", ":get")));
    assert!(!of_that(callee("{:badmatch, [{Cart, :total, 1, []}]}", ":cart", ":get")), "of another reason");
    assert!(!of_that(callee(own, ":cart", ":total")), "of another call");
}

#[test]
fn callers_among_the_newest_messages_are_told_as_such() {
    let of_newest = |casts| {
        let story = crash_of_server(":boom", casts);
        let all = story.values("affected", "affected", "of_newest");
        let unanswered = story.values("trouble", "trouble", "unanswered");
        assert!(unanswered.is_empty(), "{}", story.text);
        all
    };
    assert_eq!(of_newest(5), Vec::<Value>::new());
    assert_eq!(of_newest(120), [json!(100)]);

    // Few of the messages looked at are calls without a reply, and all the same there are more messages.
    let mut recording = Recording::default();
    for n in 0..120 {
        recording.send(n, (BOSS, SERVER), "cast", "{:\"$gen_cast\", :tick}", None);
    }
    recording.send(MS, (CLIENT, SERVER), "call", &request(), Some("asked"));
    recording.push(2 * MS, "process_spawn", SERVER, json!({"spawned_pid": "<0.77.0>", "parent_pid": SERVER}));
    let unanswered = recording.explain(SERVER).one("trouble", "trouble", "unanswered");
    assert_eq!((&unanswered["count"], &unanswered["is_of_newest"]), (&json!(1), &json!(true)));
}

#[test]
fn who_asks_it_is_told_with_how_many_were_looked_at() {
    let newest = |sends: i64| {
        let mut recording = Recording::default();
        for n in 0..sends {
            recording.send(n, (BOSS, SERVER), "cast", "{:\"$gen_cast\", :tick}", None);
        }
        recording.explain(SERVER).values("asked by", "asked_by", "newest")
    };
    assert_eq!(newest(20), Vec::<Value>::new());
    assert_eq!(newest(520), [json!({"looked_at": 500, "of": 520})]);
}

#[test]
fn what_was_not_recorded_leaves_no_hole_in_a_sentence() {
    // A message that failed, and one that another is in.
    let mut recording = Recording::default();
    let call = recording.handled(10 * MS, json!({}), None);
    recording.exit(11 * MS, SERVER, CAST, &call, json!({"exit_reason": "error", "reason": ":badarith"}));
    recording.push(12 * MS, "process_exit", SERVER, json!({"exit_reason": "{:badarith, [{Srv, :x, 1, []}]}"}));
    let story = recording.explain(SERVER);
    assert_eq!(story.one("message", "crash", "handling")["message"], json!(null));
    assert!(story.text.contains("a message that was not recorded in Srv.handle_cast/2"), "{}", story.text);

    let mut recording = Recording::default();
    recording.push(1, "process_spawn", BOSS, json!({}));
    let story = recording.explain("e0");
    assert!(story.text.contains("spawned a process whose pid was not recorded"), "{}", story.text);

    let mut recording = Recording::default();
    recording.push(1, "message_send", BOSS, json!({"receiver_pid": SERVER, "send_type": "cast"}));
    let place = recording.explain(SERVER).one("asked by", "asked_by", "place");
    assert_eq!(place["pattern"], "?");
}

#[test]
fn a_change_across_a_gap_is_not_told_as_the_messages() {
    let change = |data: Value| {
        let mut recording = Recording::default();
        let call = recording.handled(10 * MS, json!({"args": [":tick", "1"]}), Some(done()));
        recording.push(10 * MS + 1, "state_change", SERVER, data)["call_id"] = call.into();
        let story = recording.explain(SERVER);
        let rows = story.values("last", "last", "row");
        let change = rows.iter().map(|row| row["what"]["one"]["handled"]["change"].clone()).find(|it| !it.is_null());
        change.unwrap_or_else(|| panic!("{}", story.text))
    };
    assert_eq!(change(json!({"old_state": "1", "new_state": "9"})), json!({"from": "1 -> 9"}));
    assert_eq!(change(json!({"new_state": "9", "spans_gap": true})), json!({"to": "9"}));
    assert_eq!(change(json!({"old_state": "1", "new_state": "9", "spans_gap": true})), json!({"to": "9"}));
}

#[test]
fn an_untold_end_is_not_one_that_took_the_message() {
    let taken = |exit: Value| {
        let mut recording = Recording::default();
        recording.handled(10 * MS, json!({"args": [":tick", "1"]}), Some(exit));
        let call = recording.handled(20 * MS, json!({"args": [":tick", "2"]}), None);
        let reason = "{:function_clause, [{Srv, :handle_cast, [:tick, 2], []}]}";
        recording.exit(21 * MS, SERVER, CAST, &call, json!({"exit_reason": "error", "reason": reason}));
        let data = json!({"exit_reason": reason, "error": ":function_clause", "stacktrace": ["Srv.handle_cast/2"]});
        recording.push(22 * MS, "process_exit", SERVER, data);
        let story = recording.explain(SERVER);
        let head = &story.told["values"]["head"]["crash"]["because"];
        head["bad_value"]["no_clause"]["taken"].as_u64().unwrap_or_else(|| panic!("{}", story.text))
    };
    assert_eq!(taken(done()), 1);
    assert_eq!(taken(json!({"closed_by": "e9"})), 0);
    assert_eq!(taken(json!({"exit_reason": "normal", "spans_gap": true})), 0);
}

/// A crash of a value that a function gave, which so many others called, without values.
fn crash_of_a_value(others: usize) -> Value {
    let rate = ("Tax", "rate", 1);
    let mut recording = Recording::default();
    for n in 0..others {
        let call = recording.entry(n as i64, CLIENT, rate, json!({}));
        recording.exit(n as i64, CLIENT, rate, &call, json!({"result": "20"}));
    }
    let cast = recording.handled(10 * MS, json!({"args": [":mars", "%{rate: 0}"]}), None);
    let call = recording.entry(10 * MS + 2, SERVER, rate, json!({"args": ["\"mars\""]}));
    recording.exit(10 * MS + 3, SERVER, rate, &call, json!({"result": "nil"}));
    recording.exit(11 * MS, SERVER, CAST, &cast, json!({"result": "{:noreply, %{rate: nil}}"}));
    let change = json!({"old_state": "%{rate: 0}", "new_state": "%{rate: nil}", "trigger_message": ":mars"});
    recording.push(11 * MS, "state_change", SERVER, change)["call_id"] = cast.into();
    let call = recording.handled(20 * MS, json!({"args": [":total", "%{rate: nil}"]}), None);
    recording.exit(21 * MS, SERVER, CAST, &call, json!({"exit_reason": "error", "reason": ":badarith"}));
    let stack = json!([":erlang.*/2 [360, nil]", "Srv.handle_cast/2 (srv.ex:3)"]);
    let data = json!({"exit_reason": "{:badarith, []}", "error": ":badarith", "stacktrace": stack});
    recording.push(22 * MS, "process_exit", SERVER, data);
    recording.explain(SERVER).one("elsewhere", "elsewhere", "function")
}

#[test]
fn what_a_function_gave_elsewhere_says_of_how_many_and_what_was_not_recorded() {
    let told = crash_of_a_value(3);
    assert_eq!(told["results"], json!([{"args": null, "result": "20", "count": 3}]));
    assert_eq!(told["of_newest"], json!(null));
    assert_eq!(crash_of_a_value(310)["of_newest"], json!(300));
}

#[test]
fn failed_calls_are_told_with_how_many_were_looked_at() {
    let bound = |others: i64| {
        let mut recording = Recording::default();
        for n in 0..=others {
            let call = recording.entry(n, SERVER, STATE, json!({"args": ["1"]}));
            let failed = if n == others { json!({"exit_reason": "error", "reason": ":badarith"}) } else { done() };
            recording.exit(n, SERVER, STATE, &call, failed);
        }
        let failed = recording.explain(SERVER).one("trouble", "trouble", "failed");
        assert_eq!(failed["count"], 1);
        failed["bound"].clone()
    };
    assert_eq!(bound(5), "exact");
    assert_eq!(bound(510), "at_least");
}
