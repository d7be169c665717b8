//! `erl_crash.dump` as a recording: what it says of each process, and why the node ended.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

#[path = "support/client.rs"]
mod client;

use std::fmt::Write as _;
use std::path::PathBuf;

use client::Client;
use elixir_scope_storage::ingest::{Format, ImportReport, import};
use elixir_scope_storage::{EventStore, Filter, Query, Settings};
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

/// As OTP 25 writes it.
const NEW: &str = "=erl_crash_dump:0.5
Sun Nov 29 16:12:31 2026
Slogan: Kernel pid terminated (application_controller) ({application_start_failure,shop,bad})
System version: Erlang/OTP 25 [erts-13.1.5] [source] [64-bit] [smp:2:2]
Taints: crypto
Atoms: 9057
Calling Thread: scheduler:2
=scheduler:1
Current Process: <0.42.0>
Current Process Limited Stack Trace:
0x00007f029c665cf0:SReturn addr 0x5A473864 (lists:map/2 + 140)
=scheduler:2
Run Queue Max Length: 0
Current Process: <0.0.0>
Current Process State: Running
Current Process Limited Stack Trace:
0x00007f029c665cf0:SReturn addr 0x5A473864 (erlang:halt/1 + 140)
0x00007f029c665d90:SReturn addr 0x5A400C30 (<terminate process normally>)
=dirty_cpu_scheduler:3
Current Process: 
=memory
total: 14004712
processes: 4097184
=hash_table:atom_tab
size: 8192
=proc:<0.0.0>
State: Running
Name: init
Spawned as: erl_init:start/2
Spawned by: []
Message queue length: 0
Link list: [<0.9.0>, <0.42.0>]
Reductions: 5086
Stack+heap: 987
OldHeap: 1598
Memory: 21616
Program counter: 0x00007f025a408494 (init:boot_loop/2 + 92)
Internal State: ACT_PRIO_NORMAL | USR_PRIO_NORMAL
=proc:<0.85.0>
State: Waiting
Name: 'Elixir.Shop.Cart'
Spawned as: proc_lib:init_p/5
Current call: gen_server:loop/7
Spawned by: <0.9.0>
Message queue length: 1234
Number of heap fragments: 0
Link list: [<0.9.0>, #Port<0.3>, {to,<0.88.0>,#Ref<0.1.2.3>}, {from,<0.9.0>,#Ref<0.1.2.4>}]
Reductions: 20
Stack+heap: 233
Memory: 3256
Program counter: 0x00007f025a7ba570 (gen_server:loop/7 + 80)
arity = 0
=port:#Port<0.0>
State: CONNECTED
=ets:<0.42.0>
Table: logger
=ets:<0.50.0>
Table: tab
=timer:<0.51.0>
Message: refresh_timeout
=node:'shop@host'
=visible_node:7
Name: 'other@host'
=loaded_modules
=mod:init
Current size: 72832
=proc_stack:<0.85.0>
0x00007f0258fa1340:SReturn addr 0x5A400C30 (proc_lib:init_p_do_apply/3 + 196)
y0:N
0x00007f0258fa1348:SReturn addr 0x5A400C30 (<terminate process normally>)
=proc_heap:<0.85.0>
7F0258FC7508:t2:A2:ok,I1
=end
";

/// As R16 wrote it: in other words, without a thread, the queue and the dictionary in place, the stack below.
const OLD: &str = "=erl_crash_dump:0.1
Mon Jan  6 09:08:07 2014
Slogan: eheap_alloc: Cannot allocate 1140328500 bytes of memory (of type \"heap\").
System version: Erlang R16B03 (erts-5.10.4) [source] [64-bit]
Compiled: Tue Dec 31 10:00:00 2013
Taints: 
Atoms: 12345
=memory
total: 1
=proc:<0.30.0>
State: Scheduled
Name: shop_cart
Spawned as: proc_lib:init_p/5
Last scheduled in for: gen_server:loop/6
Spawned by: <0.29.0>
Started: Mon Jan  6 09:00:00 2014
Message queue length: 2
Message queue: [{password,secret},b]
Number of heap fragments: 0
Heap fragment data: 0
Dictionary: [{'$ancestors',[shop_sup]}]
Reductions: 99
Stack+heap: 610
OldHeap: 0
Heap unused: 12
OldHeap unused: 0
Stack dump:
Program counter: 0x00007f025a7ba570 (gen_server:loop/6 + 264)
CP: 0x0000000000000000 (invalid)
arity = 0

0x00007f0258fa1340 Return addr 0x5A400C30 (proc_lib:init_p_do_apply/3 + 56)
y(0)     []

=no_distribution
=end
";

struct Loaded {
    store: EventStore,
    report: ImportReport,
    _folder: TempDir,
    path: PathBuf,
}

fn load(text: &str) -> Loaded {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("erl_crash.dump");
    std::fs::write(&path, text).unwrap();
    let store = EventStore::open(Settings::UNBOUNDED).unwrap();
    let report = import(&store, &path, &mut |_| ()).unwrap();
    store.verify().unwrap();
    assert_eq!(report.recordings[0].format, Format::CrashDump);
    Loaded { store, report, _folder: folder, path }
}

impl Loaded {
    fn of_type(&self, event_type: &str) -> Vec<Value> {
        let filter = Filter { event_types: vec![event_type.to_owned()], ..Filter::default() };
        let page = self.store.query_events(&Query { limit: 10_000, ..Query::new(filter) }).unwrap();
        page.events.iter().map(|event| serde_json::from_str(&event.to_json()).unwrap()).collect()
    }

    fn sample(&self, pid: &str) -> Value {
        self.of_type("process_sample").into_iter().find(|event| event["pid"] == pid).unwrap()
    }
}

const AT: i64 = 1_795_968_751_000_000_000;

#[test]
fn each_process_is_told_with_all_that_is_known_of_it() {
    let loaded = load(NEW);
    assert_eq!((loaded.report.rejected, loaded.report.broken.len()), (0, 0), "{:?}", loaded.report);
    let cart = loaded.sample("<0.85.0>");
    assert_eq!(
        cart["data"],
        json!({
            "state": "Waiting", "registered_name": "Shop.Cart", "initial_call": ":proc_lib.init_p/5",
            "current_function": ":gen_server.loop/7", "parent_pid": "<0.9.0>", "message_queue_len": 1234,
            "number_of_heap_fragments": 0, "links": ["<0.9.0>", "#Port<0.3>"], "monitors": ["<0.88.0>"],
            "monitored_by": ["<0.9.0>"], "reductions": 20, "stack_heap_words": 233, "memory": 3256,
            "program_counter": ":gen_server.loop/7 + 80",
        })
    );
    assert_eq!((&cart["timestamp"], &cart["wall_time"], &cart["node"]), (&json!(AT), &json!(AT), &json!("shop@host")));
    let init = loaded.sample("<0.0.0>");
    // Which function a process that runs is in, its last place does not say.
    assert_eq!((init["data"].get("current_function"), init["data"].get("parent_pid")), (None, None));
    let stack = loaded.of_type("process_stack");
    assert_eq!(
        (&stack[0]["pid"], &stack[0]["data"]["stack"]),
        (&json!("<0.85.0>"), &json!([":proc_lib.init_p_do_apply/3"]))
    );
    let names = loaded.of_type("process_register");
    assert_eq!(names.len(), 2);
    let dump = &loaded.of_type("crash_dump")[0]["data"];
    assert_eq!(
        (&dump["atoms"], &dump["memory"]["total"], &dump["taints"]),
        (&json!(9057), &json!(14_004_712), &json!("crypto"))
    );
    let sections = &dump["sections"];
    assert_eq!(
        (&sections["proc"], &sections["ets"], &sections["port"], &sections["timer"]),
        (&json!(2), &json!(2), &json!(1), &json!(1))
    );
    assert_eq!(
        (&sections["node"], &sections["scheduler"], &sections["visible_node"]),
        (&json!(1), &json!(2), &json!(1))
    );
}

#[test]
fn the_slogan_is_the_end_of_the_process_that_ended_the_node() {
    let exit = &load(NEW).of_type("process_exit")[0];
    assert_eq!(exit["data"].get("ended_by_unknown"), None);
    assert_eq!(exit["pid"], "<0.0.0>");
    assert_eq!(
        exit["data"]["exit_reason"],
        "Kernel pid terminated (application_controller) ({application_start_failure,shop,bad})"
    );
    assert_eq!(
        (&exit["data"]["registered_name"], &exit["data"]["stack"]),
        (&json!(":init"), &json!([":erlang.halt/1"]))
    );
    // Of an old dump it is not told which process it was: all ended, the first with them.
    let loaded = load(OLD);
    let exit = &loaded.of_type("process_exit")[0];
    // Which process ended the node is not told there, and that is said.
    assert_eq!((&exit["pid"], &exit["data"]["ended_by_unknown"]), (&json!("<0.0.0>"), &json!(true)));
    let cart = loaded.sample("<0.30.0>");
    let data = &cart["data"];
    assert_eq!(
        (&data["current_function"], &data["stack"]),
        (&json!(":gen_server.loop/6"), &json!([":proc_lib.init_p_do_apply/3"]))
    );
    assert_eq!(
        (&data["registered_name"], &data["started"]),
        (&json!(":shop_cart"), &json!("Mon Jan  6 09:00:00 2014"))
    );
    assert_eq!(cart["timestamp"], 1_388_999_287_000_000_000_i64);
    assert!(!cart.to_string().contains("secret"), "{cart}");
    assert!(loaded.report.notes.iter().any(|note| note.text.contains("2 lines")), "{:?}", loaded.report.notes);
}

#[test]
fn an_assistant_finds_why_the_node_ended_and_the_long_mailbox() {
    let loaded = load(NEW);
    let mut client = Client::start_with(&["--import", loaded.path.to_str().unwrap()]);
    let slogan = "application_start_failure";
    let found = client.call("find_anomalies", json!({}));
    let findings = found.to_string();
    assert!(findings.contains("\"crash\"") && findings.contains(slogan), "{found}");
    assert!(client.text("overview", json!({})).contains(slogan));
    assert!(client.text("explain", json!({"target": "last_crash"})).contains(slogan));
    let mailbox = client.text("mailbox", json!({"pid": "Shop.Cart"}));
    assert!(mailbox.contains("1,234") || mailbox.contains("1234"), "{mailbox}");
}

#[test]
fn no_process_is_accused_of_ending_the_node_where_the_dump_names_none() {
    for (dump, is_named) in [(NEW, true), (OLD, false)] {
        let loaded = load(dump);
        let mut client = Client::start_with(&["--import", loaded.path.to_str().unwrap()]);
        let overview = client.text("overview", json!({}));
        assert_eq!(overview.contains("by which process is not known"), !is_named, "{overview}");
        let story = client.text("explain", json!({"target": "last_crash"}));
        let head = story.lines().next().unwrap();
        assert_eq!(head.starts_with("the node ended with") && !head.contains("<0.0.0>"), !is_named, "{head}");
        let found = client.text("find_anomalies", json!({}));
        assert_eq!(found.contains("which of its processes ended it is not known"), !is_named, "{found}");
        assert_eq!(found.contains("<0.0.0> ended"), is_named, "{found}");
    }
}

#[test]
fn a_dump_that_is_cut_tells_what_it_has_and_that_it_is_cut() {
    for end in [NEW.find("=port").unwrap(), NEW.find("Link list: [<0.9.0>, #Port").unwrap() + 20, 60] {
        let loaded = load(&NEW[..end]);
        assert_eq!(loaded.report.broken.len(), 1, "{:?}", loaded.report);
        assert_eq!(loaded.of_type("crash_dump")[0]["data"]["is_cut"], true);
    }
    let limited = NEW.replace("=proc_heap", "=abort:CRASH DUMP SIZE LIMIT REACHED\n=proc_heap").replace("=end\n", "");
    let loaded = load(&limited);
    assert_eq!(loaded.report.broken.len(), 0, "{:?}", loaded.report);
    assert!(loaded.report.notes.iter().any(|note| note.text.contains("limited")), "{:?}", loaded.report.notes);
    // Again, it is the same.
    let again = import(&loaded.store, &loaded.path, &mut |_| ()).unwrap();
    assert_eq!((again.stored, again.replaced), (0, 0), "{again:?}");
}

#[test]
fn no_date_is_made_up() {
    let loaded = load(&NEW.replace("Sun Nov 29 16:12:31 2026", "some day"));
    assert_eq!(loaded.of_type("crash_dump")[0].get("wall_time"), None);
    assert_eq!(loaded.report.timestamps_assigned, loaded.report.events);
    let dump = &load(NEW).of_type("crash_dump")[0];
    assert_eq!(
        (&dump["data"]["time_zone_unknown"], &dump["data"]["local_time"]),
        (&json!(true), &json!("Sun Nov 29 16:12:31 2026"))
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever processes there are, each is told as it was.
    #[test]
    fn every_process_is_told_as_it_was(
        processes in prop::collection::vec((any::<bool>(), 0..5_000_u32, 0..1_000_000_u32, 0..30_usize), 0..60),
        unknown in "[A-Z][a-z]{1,9}",
    ) {
        let mut text = "=erl_crash_dump:0.5\nThu Jan  1 00:00:01 1970\nSlogan: x\nSystem version: y\n".to_owned();
        for (at, (is_named, queue, memory, links)) in processes.iter().enumerate() {
            let links: Vec<String> = (0..*links).map(|link| format!("<0.{link}.7>")).collect();
            writeln!(text, "=proc:<0.{at}.0>\nState: Waiting").unwrap();
            if *is_named {
                writeln!(text, "Name: p{at}").unwrap();
            }
            writeln!(text, "Message queue length: {queue}\nLink list: [{}]\nMemory: {memory}", links.join(", ")).unwrap();
            writeln!(text, "X{unknown}: of a later version").unwrap();
        }
        text.push_str("=node:'n@h'\n=end\n");
        let loaded = load(&text);
        prop_assert_eq!(loaded.of_type("process_sample").len(), processes.len());
        let names = processes.iter().filter(|process| process.0).count();
        prop_assert_eq!(loaded.of_type("process_register").len(), names);
        for (at, (is_named, queue, memory, links)) in processes.iter().enumerate() {
            let data = &loaded.sample(&format!("<0.{at}.0>"))["data"];
            prop_assert_eq!(data["message_queue_len"].as_u64(), Some(u64::from(*queue)));
            prop_assert_eq!(data["memory"].as_u64(), Some(u64::from(*memory)));
            prop_assert_eq!(data["links"].as_array().map_or(0, Vec::len), *links);
            let name = is_named.then(|| format!(":p{at}"));
            prop_assert_eq!(data["registered_name"].as_str(), name.as_deref());
        }
    }
}
