//! What looks like trouble and is none is no finding; the same with the one thing that makes it trouble is one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at the first surprise"
)]

#[path = "support/answers.rs"]
mod answers;
#[path = "support/pipe.rs"]
mod pipe;

use answers::Recorded;
use serde_json::{Value, json};

const MS: i64 = 1_000_000;

/// A recording that is written event by event.
#[derive(Default)]
struct Story {
    events: Vec<Value>,
}

impl Story {
    fn add(&mut self, event_type: &str, at: i64, pid: &str, mut event: Value) -> String {
        let id = format!("e{}", self.events.len());
        event["id"] = json!(id);
        event["ts"] = json!(at);
        event["type"] = json!(event_type);
        event["pid"] = json!(pid);
        self.events.push(event);
        id
    }

    /// A call that returned, within another or after a message.
    fn call(&mut self, pid: &str, mfa: (&str, &[&str], &str), (from, to): (i64, i64), parent: Option<&str>) -> String {
        let (name, args, result) = mfa;
        let (module, function) = name.rsplit_once('.').unwrap();
        let call = format!("c{}", self.events.len());
        let mut entry = json!({"module": module, "function": function, "arity": args.len(), "call_id": call,
            "data": {"args": args}});
        if let Some(parent) = parent {
            entry["parent_id"] = json!(parent);
        }
        self.add("function_entry", from, pid, entry);
        self.events.last_mut().unwrap()["id"] = json!(call);
        self.add(
            "function_exit",
            to,
            pid,
            json!({"module": module, "function": function, "arity": args.len(),
            "call_id": call, "duration_ns": to - from, "data": {"exit_reason": "normal", "result": result}}),
        );
        call
    }

    fn send(&mut self, at: i64, (from, to): (&str, &str), message: &str, parent: Option<&str>) -> String {
        let mut event = json!({"data": {"message": message, "send_type": "info", "receiver_pid": to,
            "sent_from": "Hub.out/1 (hub.ex:3)"}});
        if let Some(parent) = parent {
            event["parent_id"] = json!(parent);
        }
        self.add("message_send", at, from, event)
    }

    /// Kinds of what is found.
    fn found(self) -> Vec<String> {
        self.sections().iter().map(|section| section["name"].as_str().unwrap().to_owned()).collect()
    }

    /// What is found: of each its kind, then its lines.
    fn found_lines(self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let lines = |section: &Value| section["lines"].as_array().unwrap().iter().map(text).collect::<Vec<_>>();
        self.sections().iter().flat_map(|section| [vec![text(&section["name"])], lines(section)].concat()).collect()
    }

    fn sections(mut self) -> Vec<Value> {
        self.events.sort_by_key(|event| event["ts"].as_i64());
        let mut server = pipe::Server::start(&["--script"]);
        let reply = server.call("store_events", &json!({ "events": self.events }));
        assert_eq!(reply["result"]["structuredContent"]["rejected"], json!([]), "{reply}");
        let answer = Recorded(server).ask("find_anomalies", &json!({"max_tokens": 10_000}));
        answer.structured["sections"].as_array().cloned().unwrap_or_default()
    }
}

/// Six requests at once: each looks for something, finds nothing, and does a work of 12 ms.
fn requests(
    look: (&str, &[&str], &str),
    work: (&str, &[&str], &str),
    then: impl Fn(&mut Story, &str, i64, &str),
) -> Story {
    let mut story = Story::default();
    for n in 0..6_i64 {
        let (pid, at) = (format!("<0.{}.0>", 100 + n), 10 * MS + n * 100_000);
        let request = n.to_string();
        let around = story.call(&pid, ("Web.page", &[&request], "\"<html>\""), (at, at + 20 * MS), None);
        story.call(&pid, look, (at + 1_000, at + 2_000), Some(&around));
        story.call(&pid, work, (at + 3_000, at + 15 * MS), Some(&around));
        then(&mut story, &pid, at, &around);
    }
    story
}

#[test]
fn equal_work_that_is_not_what_was_looked_for_or_is_done_by_one_is_no_stampede() {
    let (look, work) = (("Cache.get", &["\"home\""][..], "nil"), ("Loader.load", &["\"home\""][..], "{:page, 1}"));
    let put = |story: &mut Story, pid: &str, at: i64, around: &str| {
        let put = ("Cache.put", &["\"home\"", "{:page, 1}"][..], ":ok");
        story.call(pid, put, (at + 16 * MS, at + 17 * MS), Some(around));
    };
    assert_eq!(requests(look, work, put).found(), ["stampede"]);
    // Nothing is kept: nobody looked for it.
    assert_eq!(requests(look, work, |_, _, _, _| {}).found(), [""; 0]);
    // What came before and gave nothing was about something else.
    let flash = ("Web.flash", &[][..], "%{}");
    assert_eq!(requests(flash, ("Shop.products", &[], "[%Product{id: 1}]"), put).found(), [""; 0]);
    let option = ("Worker.option", &["[host: \"db\"]", ":proxy"][..], "nil");
    let connect = ("Db.connect", &["[host: \"db\"]"][..], "{:ok, \"db:5432\"}");
    assert_eq!(requests(option, connect, |_, _, _, _| {}).found(), [""; 0]);
    // All ask one process, which may do it once, and wait.
    let asks = |story: &mut Story, pid: &str, at: i64, around: &str| {
        put(story, pid, at, around);
        let reference = format!("#Reference<0.1.1.{at}>");
        let message = format!("{{:\"$gen_call\", {{#PID{pid}, [:alias | {reference}]}}, {{:load, \"home\"}}}}");
        let of_call = |message: &str, to: &str| {
            let kind = if message.contains("gen_call") { "call" } else { "reply" };
            json!({"correlation_id": reference, "data": {"message": message, "send_type": kind, "receiver_pid": to}})
        };
        story.add("message_send", at + 4_000, pid, of_call(&message, "<0.50.0>"));
        let answer = format!("{{[:alias | {reference}], {{:page, 1}}}}");
        let reply = story.add("message_send", at + 14 * MS, "<0.50.0>", of_call(&answer, pid));
        story.add(
            "message_receive",
            at + 14 * MS + 1_000,
            pid,
            json!({"correlation_id": reference,
            "data": {"message": answer, "receive_type": "reply", "message_id": reply, "sender_pid": "<0.50.0>"}}),
        );
    };
    assert_eq!(requests(look, work, asks).found(), [""; 0]);
}

/// Rounds of a process that sends itself the next: a look-up that fails, and what else a round does.
fn rounds(then: impl Fn(&mut Story, &str, i64, i64)) -> Story {
    let mut story = Story::default();
    let mut before: Option<String> = None;
    for n in 0..300_i64 {
        let at = n * 100_000;
        let taken = ("Feed.handle_info", &[":next", "%{n: 0}"][..], "{:noreply, %{n: 0}}");
        let round = story.call("<0.1.0>", taken, (at + 5_000, at + 50_000), before.as_deref());
        let dial = ("Gate.dial", &[":peer"][..], "{:error, :refused}");
        story.call("<0.1.0>", dial, (at + 6_000, at + 7_000), Some(&round));
        then(&mut story, &round, at, n);
        before = Some(story.send(at + 48_000, ("<0.1.0>", "<0.1.0>"), ":next", Some(&round)));
    }
    story
}

#[test]
fn rounds_that_get_on_are_no_hot_loop() {
    assert_eq!(rounds(|_, _, _, _| {}).found(), ["hot_loop"]);
    // Each round tells somebody something.
    let sends = |story: &mut Story, round: &str, at: i64, n: i64| {
        story.send(at + 8_000, ("<0.1.0>", "<0.2.0>"), &format!("{{:item, {n}}}"), Some(round));
    };
    assert_eq!(rounds(sends).found(), [""; 0]);
    // Each stores something else.
    let stores = |story: &mut Story, round: &str, at: i64, n: i64| {
        let n = n.to_string();
        story.call("<0.1.0>", ("Db.insert", &[&n], ":ok"), (at + 9_000, at + 40_000), Some(round));
    };
    assert_eq!(rounds(stores).found(), [""; 0]);
}

/// A sender tells one process everything twice, and another once.
fn copies(message: impl Fn(i64) -> String) -> Vec<String> {
    let mut story = Story::default();
    for n in 0..20_i64 {
        for (place, to) in ["<0.2.0>", "<0.2.0>", "<0.3.0>"].iter().enumerate() {
            story.send(n * 100 * MS + place as i64 * 1_000, ("<0.1.0>", to), &message(n), None);
        }
    }
    story.found()
}

#[test]
fn copies_that_may_differ_are_not_the_same() {
    assert_eq!(copies(|n| format!("{{:news, {n}, \"rain\"}}")), ["delivered_twice"]);
    for unseen in ["{:rows, {:truncated, 5000, \"abc\"}}", "{:event, \"[REDACTED]\"}", ""] {
        assert_eq!(copies(|_| unseen.to_owned()), [""; 0], "{unseen}");
    }
}

/// Two workers of one process that are killed, the second a moment after the first; and what else there is of them.
fn killed(more: impl Fn(&mut Story)) -> Vec<String> {
    let mut story = Story::default();
    let spawn = |story: &mut Story, at: i64, (parent, child): (&str, &str), args: &str| {
        story.add(
            "process_spawn",
            at,
            parent,
            json!({"data": {"parent_pid": parent, "spawned_pid": child,
            "spawn_module": ":proc_lib", "spawn_function": "init_p", "spawn_args": args}}),
        );
    };
    let of = |behaviour: &str, module: &str| {
        format!("[#PID<0.1.0>, [], :gen, :init_it, [{behaviour}, #PID<0.1.0>, #PID<0.1.0>, {module}, [], []]]")
    };
    spawn(&mut story, 1, ("<0.1.0>", "<0.2.0>"), &of(":supervisor", "Supervisor.Default"));
    for (n, pid) in ["<0.3.0>", "<0.4.0>"].iter().enumerate() {
        spawn(&mut story, 2 + n as i64, ("<0.2.0>", pid), &of(":gen_server", "Worker"));
        story.call(pid, ("Worker.init", &[":ok"], "{:ok, 0}"), (10 + n as i64, 20), None);
        story.add("process_exit", 10 * MS + n as i64 * MS, pid, json!({"data": {"exit_reason": ":killed"}}));
    }
    more(&mut story);
    story.found_lines()
}

#[test]
fn who_is_killed_is_told_where_it_is_missed_and_what_ended_with_it_where_they_were_linked() {
    assert_eq!(killed(|_| {}), [""; 0]);
    let one = |more: &dyn Fn(&mut Story)| {
        let told = killed(more);
        assert!(told.len() > 1 && told[0] == "crash" && told[1].contains("<0.3.0>"), "{told:?}");
        assert!(told[1].contains("ended of :killed"), "{told:?}");
        told
    };
    // It has a name.
    one(&|story| {
        story.add("process_register", 5, "<0.3.0>", json!({"data": {"registered_name": "Till"}}));
    });
    // A caller that lives waits for its answer.
    one(&|story| {
        let message = "{:\"$gen_call\", {#PID<0.9.0>, [:alias | #Reference<0.1.2.3>]}, :total}";
        story.add(
            "message_send",
            9 * MS,
            "<0.9.0>",
            json!({"correlation_id": "#Reference<0.1.2.3>",
            "data": {"message": message, "send_type": "call", "receiver_pid": "<0.3.0>"}}),
        );
    });
    // They were linked.
    let told = one(&|story| {
        story.add("process_link", 30, "<0.3.0>", json!({"data": {"target_pid": "<0.4.0>"}}));
    });
    assert!(told.iter().any(|line| line.contains("ended with it: <0.4.0> (Worker)")), "{told:?}");
    let unlinked = killed(|story| {
        story.add("process_link", 30, "<0.3.0>", json!({"data": {"target_pid": "<0.4.0>"}}));
        story.add("process_unlink", 40, "<0.4.0>", json!({"data": {"target_pid": "<0.3.0>"}}));
    });
    assert_eq!(unlinked, [""; 0]);
}

#[test]
fn who_gave_up_does_not_miss_the_killed_and_an_end_goes_through_the_link_it_came_by() {
    let reference = "#Reference<0.1.2.3>";
    let message = format!("{{:\"$gen_call\", {{#PID<0.9.0>, [:alias | {reference}]}}, :total}}");
    let gave_up = killed(|story| {
        let send = json!({"correlation_id": reference,
            "data": {"message": message, "send_type": "call", "receiver_pid": "<0.3.0>"}});
        story.add("message_send", 5 * MS, "<0.9.0>", send);
        // It goes on before the end.
        story.call("<0.9.0>", ("Web.retry", &[], ":ok"), (8 * MS, 9 * MS), None);
    });
    assert_eq!(gave_up[0], "call_timeout");
    assert!(!gave_up.contains(&"crash".to_owned()), "{gave_up:?}");
    // The third was linked to the first; the second ended for itself between them.
    let linked = killed(|story| {
        story.add("process_link", 30, "<0.3.0>", json!({"data": {"target_pid": "<0.6.0>"}}));
        story.call("<0.6.0>", ("Worker.init", &[":ok"], "{:ok, 0}"), (12, 20), None);
        story.add("process_exit", 13 * MS, "<0.6.0>", json!({"data": {"exit_reason": ":killed"}}));
    });
    assert!(linked.iter().any(|line| line.starts_with("<0.3.0> (Worker) ended of :killed")), "{linked:?}");
    assert!(linked.iter().any(|line| line.contains("ended with it: <0.6.0>")), "{linked:?}");
}

/// A server that is told goodbye by who ends at 10 ms, and gives up its three entries in this span; their monitors tell.
fn goodbye(span: (i64, i64)) -> Vec<String> {
    let mut story = Story::default();
    let references = [1, 2, 3].map(|n| format!("#Reference<0.1.2.{n}>"));
    let full = format!("%{{{}}}", references.each_ref().map(|one| format!("{one} => 1")).join(", "));
    let bye = story.call("<0.1.0>", ("Door.handle_cast", &[":bye", &full], "{:noreply, %{}}"), span, None);
    let diff = references.each_ref().map(|one| json!({"path": format!("[{one}]"), "old": "1"}));
    let data = json!({"state_diff": diff, "old_state": full, "new_state": "%{}"});
    story.add("state_change", span.1, "<0.1.0>", json!({"call_id": bye, "data": data}));
    story.add("process_exit", 10 * MS, "<0.2.0>", json!({"data": {"exit_reason": ":normal"}}));
    for (n, reference) in (0..).zip(&references) {
        let down = format!("{{:DOWN, {reference}, :process, #PID<0.2.0>, :normal}}");
        let receive = json!({"data": {"message": down, "receive_type": "down"}});
        story.add("message_receive", 10 * MS + 1_000 + n, "<0.1.0>", receive);
        let at = 20 * MS + n * 10_000;
        story.call("<0.1.0>", ("Door.handle_info", &[&down, "%{}"], "{:noreply, %{}}"), (at, at + 1_000), None);
    }
    story.found()
}

#[test]
fn entries_that_go_while_the_monitored_ends_are_no_leak() {
    assert_eq!(goodbye((MS, 2 * MS)), ["monitor_leak"]);
    // The monitors may be given back after the end has told them.
    assert_eq!(goodbye((9 * MS, 12 * MS)), [""; 0]);
    assert_eq!(goodbye((11 * MS, 12 * MS)), [""; 0]);
}

#[test]
fn a_child_that_its_supervisor_starts_again_is_missed() {
    let again = killed(|story| {
        let args = "[#PID<0.2.0>, [], :gen, :init_it, [:gen_server, #PID<0.2.0>, #PID<0.2.0>, Worker, [], []]]";
        story.add(
            "process_spawn",
            12 * MS,
            "<0.2.0>",
            json!({"data": {"parent_pid": "<0.2.0>",
            "spawned_pid": "<0.5.0>", "spawn_module": ":proc_lib", "spawn_function": "init_p", "spawn_args": args}}),
        );
    });
    assert!(again.iter().any(|line| line.contains(" and another ended of :killed")), "{again:?}");
}

/// A process that reads a count and, when it says what, writes one: at these milliseconds.
type Visit<'a> = (u8, (i64, i64), &'a str, &'a str);

/// Kinds of what is found where processes visit one page; `given`: what the call around read and write is given, and what a
/// write returns; `last`: what is read in the end.
fn visits(all: &[Visit<'_>], (given, wrote): (&str, &str), last: &str) -> Vec<String> {
    let mut story = Story::default();
    for (pid, (from, to), read, written) in all {
        let (pid, from, to) = (format!("<0.{pid}.0>"), from * MS, to * MS);
        let around = story.call(&pid, ("Page.visit", &[given], ":ok"), (from, to + 20_000), None);
        story.call(&pid, ("Hits.get", &[":home"], read), (from + 1_000, from + 2_000), Some(&around));
        if !written.is_empty() {
            story.call(&pid, ("Hits.put", &[":home", written], wrote), (to, to + 10_000), Some(&around));
        }
    }
    story.call("<0.99.0>", ("Hits.get", &[":home"], last), (1_000 * MS, 1_001 * MS), None);
    story.found()
}

#[test]
fn writes_after_a_read_that_lose_nothing_are_no_lost_updates() {
    const PLAIN: (&str, &str) = (":home", "true");
    let race = |from: &'static str, to: &'static str, before: &'static str| {
        [(1, (1, 2), before, from), (2, (10, 20), from, to), (3, (11, 21), from, to), (4, (12, 30), from, to)]
    };
    assert_eq!(visits(&race("3", "4", "2"), PLAIN, "4"), ["lost_update"]);
    // One after the other.
    let serial = [(1, (1, 2), "2", "3"), (2, (10, 11), "3", "4"), (3, (12, 13), "4", "5")];
    assert_eq!(visits(&serial, PLAIN, "5"), [""; 0]);
    // What was written is not what is read: it may be added, or be about something else.
    assert_eq!(visits(&race("3", "4", "2"), PLAIN, "9"), [""; 0]);
    // Who was not the first is refused.
    assert_eq!(visits(&race("3", "4", "2"), (":home", "false"), "4"), [""; 0]);
    assert_eq!(visits(&race("3", "4", "2"), (":home", "{:error, :stale}"), "4"), [""; 0]);
    // What is written is what the caller was told to write, or the time.
    assert_eq!(visits(&race("3", "4", "2"), ("4", "true"), "4"), [""; 0]);
    assert_eq!(visits(&race("1700000003", "1700000004", "1700000002"), PLAIN, "1700000004"), [""; 0]);
    // Nothing was there: who misses fills it.
    assert_eq!(visits(&race("nil", "\"page\"", "1"), PLAIN, "\"page\""), [""; 0]);
    assert_eq!(visits(&race("[]", "[1]", "[0]"), PLAIN, "[1]"), [""; 0]);
    // Steps that have nothing in common.
    let turns = [(1, (1, 2), "5", "7"), (2, (10, 20), "7", "2"), (3, (11, 21), "7", "2"), (4, (30, 31), "2", "3")];
    assert_eq!(visits(&turns, PLAIN, "3"), [""; 0]);
    // Each for itself.
    let own: Vec<Visit<'_>> = (1..=6)
        .flat_map(|pid| {
            let at = i64::from(pid);
            [(pid, (at, at + 10), "0", "1"), (pid, (at + 20, at + 30), "1", "2"), (pid, (at + 40, at + 50), "2", "3")]
        })
        .collect();
    assert_eq!(visits(&own, PLAIN, "0"), [""; 0]);
}

#[test]
fn what_is_to_be_the_same_whoever_writes_it_is_no_lost_update() {
    const PLAIN: (&str, &str) = (":home", "true");
    let mut flag = vec![(1, (1, 5), "0", "1"), (2, (2, 6), "0", "1"), (3, (3, 7), "0", "1"), (4, (4, 8), "0", "1")];
    assert_eq!(visits(&flag, PLAIN, "1"), ["lost_update"]);
    // Who comes later leaves it as it is.
    flag.push((5, (10, 11), "1", ""));
    assert_eq!(visits(&flag, PLAIN, "1"), [""; 0]);
    // Two write two keys of one map back, one of them as it had read it.
    let (read, one, other) =
        ("%{cart: \"tea\", name: \"Ann\"}", "%{cart: \"milk\", name: \"Ann\"}", "%{cart: \"tea\", name: \"Bob\"}");
    assert_eq!(visits(&[(1, (1, 5), read, one), (2, (2, 6), read, other)], PLAIN, other), ["lost_update"]);
    // Two tell how they are; one is as it was.
    let (read, one, other) = ("%{at: :a, up: true}", "%{at: :b, up: false}", "%{at: :c, up: true}");
    assert_eq!(visits(&[(1, (1, 5), read, one), (2, (2, 6), read, other)], PLAIN, other), [""; 0]);
}

/// What is other than in a flow that stopped.
#[derive(Clone, Copy, Debug, PartialEq)]
enum But {
    Nothing,
    /// There is no more.
    IsEmpty,
    /// The middle stage keeps what it does not pass on.
    Keeps,
    Pauses,
    /// The last stage is still at work.
    Works,
    /// The recording ends soon after the last ask.
    IsYoung,
    AsksByTimer,
    /// The middle stage asked another process something.
    AsksAnother,
    /// The middle stage told the last one that this was all.
    SaysAll,
    /// Nobody knows what the first stage holds.
    IsUntold,
    /// The first stage has not given all it was asked for.
    Owes,
}

impl Story {
    /// A callback that takes a message and leaves a state.
    fn handle(&mut self, at: (&str, &str, &str), message: &str, states: (&str, &str), span: (i64, i64)) -> String {
        let (pid, module, send) = at;
        let (name, result) = (format!("{module}.handle_info"), format!("{{:noreply, {}}}", states.1));
        let call = self.call(pid, (&name, &[message, states.0], &result), span, Some(send));
        if states.0 != states.1 {
            let data = json!({"old_state": states.0, "new_state": states.1});
            self.add("state_change", span.1, pid, json!({"call_id": call, "data": data}));
        }
        call
    }
}

/// A sink asks a sieve, and that a source, for ten and for five; every second is passed on, and nobody asks again.
fn flow(but: But) -> Vec<String> {
    let (source, sieve, sink) = ("<0.1.0>", "<0.2.0>", "<0.3.0>");
    let list = |items: std::ops::Range<i64>, step| format!("{:?}", items.step_by(step).collect::<Vec<_>>());
    let mut story = Story::default();
    let end = if but == But::IsEmpty { 16 } else { 101 };
    let (mut next, mut got) = (1, 0);
    let mut within: Option<String> = None;
    for (n, at) in [(10, MS), (5, 3 * MS)] {
        let asked = format!("{{:ask, {n}}}");
        if but == But::AsksByTimer {
            let tick = ("Sink.handle_info", &[":tick", "0"][..], "{:noreply, 0}");
            within = Some(story.call(sink, tick, (at - 1_000, at + 1_000), None));
        }
        let ask = story.send(at, (sink, sieve), &asked, within.as_deref());
        let had = if but == But::Keeps { list(2..next, 2) } else { format!("%{{seen: {next}}}") };
        let call = story.handle((sieve, "Sieve", &ask), &asked, (&had, &had), (at + 10_000, at + 50_000));
        let ask = story.send(at + 20_000, (sieve, source), &asked, Some(&call));
        let given = if but == But::Owes { n - 1 } else { n };
        let (old, new) = (list(next..end, 1), list(next + given..end, 1));
        let states = if but == But::IsUntold { ("0", "0") } else { (&*old, &*new) };
        let call = story.handle((source, "Source", &ask), &asked, states, (at + 60_000, at + 90_000));
        let items = format!("{{:items, {}}}", list(next..next + given, 1));
        let gift = story.send(at + 70_000, (source, sieve), &items, Some(&call));
        let has = if but == But::Keeps { list(2..next + given, 2) } else { format!("%{{seen: {}}}", next + given) };
        let call = story.handle((sieve, "Sieve", &gift), &items, (&had, &has), (at + 100_000, at + 150_000));
        let kept = list(next..next + given, 2);
        let items = format!("{{:items, {kept}}}");
        let gift = story.send(at + 120_000, (sieve, sink), &items, Some(&call));
        if but == But::AsksAnother && n == 5 {
            story.send(at + 130_000, (sieve, "<0.9.0>"), "{:check, 7}", Some(&call));
        }
        if but == But::SaysAll && n == 5 {
            story.send(at + 130_000, (sieve, sink), ":all", Some(&call));
        }
        let now = got + kept.split(',').count();
        let until = if but == But::AsksByTimer { at + 900_000 } else { at + 2 * MS + 10_000 };
        let states = (got.to_string(), now.to_string());
        within = Some(story.handle((sink, "Sink", &gift), &items, (&states.0, &states.1), (at + 160_000, until)));
        (next, got) = (next + given, now);
    }
    if but == But::Works {
        story.events.retain(|event| event["type"] != "function_exit" || event["call_id"] != json!(within));
    }
    if but == But::Pauses {
        let pause = story.send(3 * MS + 2_000, ("<0.4.0>", sieve), ":pause", None);
        let states = ("%{seen: 11}", "%{paused: true, seen: 11}");
        story.handle((sieve, "Sieve", &pause), ":pause", states, (3 * MS + 3_000, 3 * MS + 4_000));
    }
    let over = if but == But::IsYoung { 8 } else { 400 };
    story.call("<0.5.0>", ("Clock.tick", &[], ":ok"), (over * MS, over * MS + 1_000), None);
    story.found()
}

#[test]
fn a_flow_that_waits_with_reason_is_no_unmet_demand() {
    assert_eq!(flow(But::Nothing), ["unmet_demand"]);
    for but in [But::IsEmpty, But::Keeps, But::Pauses, But::Works, But::IsYoung, But::AsksByTimer] {
        assert_eq!(flow(but), [""; 0], "{but:?}");
    }
    for but in [But::AsksAnother, But::SaysAll, But::IsUntold, But::Owes] {
        assert_eq!(flow(but), [""; 0], "{but:?}");
    }
}
