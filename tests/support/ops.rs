//! Random events, filters and operations over a tiny key space, so that everything collides.

use std::collections::BTreeSet;

use elixir_scope_storage::{Filter, Role, Time};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;

use super::model::{Facts, Sent, Want, When};

/// Local pids have three spellings, the others one. The last is the first, as other nodes see it.
const PIDS: [&str; 9] = [
    "<0.1.0>",
    "<0.2.0>",
    "<0.3.0>",
    "<0.11.0>",
    "Bank.Teller",
    ":registered",
    "<9823.1.0>",
    "#PID<9823.1.0>",
    "<a@host.1.0>",
];
const ROLES: [(&str, &str); 14] = [
    ("sender_pid", "sender"),
    ("from_pid", "sender"),
    ("receiver_pid", "receiver"),
    ("to_pid", "receiver"),
    ("parent_pid", "parent"),
    ("spawned_pid", "child"),
    ("child_pid", "child"),
    ("server_pid", "server"),
    ("exited_pid", "exited"),
    ("crashed_pid", "exited"),
    ("caller_pid", "caller"),
    ("supervisor_pid", "supervisor"),
    ("target_pid", "target"),
    ("target", "target"),
];
const ROLE_NAMES: [&str; 10] =
    ["subject", "sender", "receiver", "parent", "child", "server", "exited", "caller", "supervisor", "target"];
const TYPES: [[&str; 3]; 4] = [
    ["call", "CALL", ":call"],
    ["function_entry", "FUNCTION_ENTRY", "FunctionEntry"],
    ["message_send", "MessageSend", "message-send"],
    ["error", "Error", "error"],
];
const MODULES: [[&str; 3]; 3] = [
    ["Bank", "Elixir.Bank", "Bank"],
    ["Bank.Teller", "Elixir.Bank.Teller", "Bank.Teller"],
    ["lists", "lists", "lists"],
];
const FUNCTIONS: [&str; 6] = ["pay", "open", "close", "handle_call", "init", "-pay/2-fun-0-"];
const ARITIES: [u8; 5] = [0, 1, 2, 7, 255];
const CORRELATIONS: [&str; 4] = ["c-1", "c-12", "17", "c-2"];
const CALLS: [&str; 3] = ["k1", "k2", "99"];
const SESSIONS: [&str; 2] = ["morning", "evening"];
const NODES: [&str; 2] = ["a@host", "b@host"];
const AST: [&str; 5] = ["bank:1", "bank:1:2", "bank:12", "bank", "\u{e9}cole"];
const PREFIXES: [&str; 6] = ["", "bank", "bank:1", "bank:1:", "\u{e9}", "zebra"];
const DURATIONS: [i64; 4] = [0, 5, 10, 1_000_000];
const TEXTS: [&str; 8] =
    ["note-1", "\"note\":", "id-3", "<0.2.0>", "\"arity\":2", "absent", "", "\"event_type\":\"call\",\"module\":\"B"];
pub(crate) const TIMES: [i64; 20] =
    [-1_000_000_000_000, -950, -900, -500, -499, -100, -3, -2, -1, 0, 1, 2, 3, 50, 51, 100, 200, 500, 1000, 1001];
/// Times of other clocks.
const EXTREMES: [i64; 6] =
    [i64::MIN, i64::MAX, 4_102_444_800_000_000_000, 4_102_444_800_000_000_300, 86_400_000_000_000, -86_400_000_000_000];

fn pid_as(pid: u8, spelling: u8) -> String {
    let pid = PIDS[usize::from(pid)];
    match (pid.strip_prefix("<0."), spelling) {
        (Some(_), 1) => format!("#PID{pid}"),
        (Some(_), 2) => pid.trim_matches(['<', '>']).to_owned(),
        _ => pid.to_owned(),
    }
}

/// A text that may look like a number is sent as one half of the time.
fn scalar(text: &str, bare: bool) -> String {
    if bare && text.parse::<i64>().is_ok() { text.to_owned() } else { format!("\"{text}\"") }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Stamp {
    Time(i64),
    Wall(i64),
    Both(i64, i64),
    Missing,
}

/// One generated event.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    id: Option<u8>,
    stamp: Stamp,
    spelling: u8,
    in_data: bool,
    reversed: bool,
    pid: Option<u8>,
    roles: Vec<(u8, u8)>,
    event_type: Option<u8>,
    module: Option<u8>,
    function: Option<u8>,
    arity: Option<u8>,
    correlation: Option<u8>,
    call: Option<u8>,
    session: Option<u8>,
    ast: Option<u8>,
    node: Option<u8>,
    duration: Option<u8>,
    note: Option<u8>,
}

impl Spec {
    /// The same event, its keys in that order.
    pub(crate) fn again(&self, reversed: bool) -> Self {
        Self { reversed, ..self.clone() }
    }

    /// The event as JSON, and what it says.
    pub(crate) fn write(&self) -> (String, Sent) {
        let mut top: Vec<(String, String)> = Vec::new();
        let mut data: Vec<(String, String)> = Vec::new();
        let mut facts = Facts::default();
        let add = |to: &mut Vec<(String, String)>, key: &str, json: String| to.push((key.to_owned(), json));
        let odd = self.spelling == 1;
        let id = self.id.map(|id| format!("id-{id}"));
        if let Some(id) = &id {
            add(&mut top, if odd { "id" } else { "event_id" }, format!("\"{id}\""));
        }
        let timestamp = match self.stamp {
            Stamp::Time(ns) | Stamp::Both(ns, _) => Some(ns),
            Stamp::Wall(_) | Stamp::Missing => None,
        };
        if let Some(ns) = timestamp {
            let key = ["timestamp", "ts", "timestamp_ns"][usize::from(self.spelling)];
            add(&mut top, key, if odd { format!("\"{ns}\"") } else { ns.to_string() });
        }
        if let Stamp::Wall(ns) | Stamp::Both(_, ns) = self.stamp {
            facts.wall_time = Some(ns);
            add(&mut top, "wall_time", ns.to_string());
        }
        if let Some(node) = self.node {
            facts.node = Some(NODES[usize::from(node)].to_owned());
            add(&mut top, "node", format!("\"{}\"", NODES[usize::from(node)]));
        }
        if let Some(pid) = self.pid {
            facts.pid = Some(pid_as(pid, 0));
            add(&mut top, "pid", format!("\"{}\"", pid_as(pid, self.spelling)));
        }
        if let Some(at) = self.event_type {
            let names = TYPES[usize::from(at)];
            facts.event_type = Some(names[0].to_owned());
            let key = ["event_type", "type", "kind"][usize::from(self.spelling)];
            add(&mut top, key, format!("\"{}\"", names[usize::from(self.spelling)]));
        }
        {
            let fields = if self.in_data { &mut data } else { &mut top };
            let mut text = |key: &str, field: &mut Option<String>, at: Option<u8>, all: &[&str]| {
                if let Some(at) = at {
                    *field = Some(all[usize::from(at)].to_owned());
                    add(fields, key, scalar(all[usize::from(at)], odd));
                }
            };
            text("function", &mut facts.function, self.function, &FUNCTIONS);
            text("correlation_id", &mut facts.correlation_id, self.correlation, &CORRELATIONS);
            text("call_id", &mut facts.call_id, self.call, &CALLS);
            text("session_id", &mut facts.session_id, self.session, &SESSIONS);
            text("ast_node_id", &mut facts.ast_node_id, self.ast, &AST);
            if let Some(at) = self.module {
                facts.module = Some(MODULES[usize::from(at)][0].to_owned());
                add(fields, "module", format!("\"{}\"", MODULES[usize::from(at)][usize::from(self.spelling)]));
            }
            if let Some(at) = self.arity {
                facts.arity = Some(ARITIES[usize::from(at)]);
                add(fields, "arity", ARITIES[usize::from(at)].to_string());
            }
            if let Some(at) = self.duration {
                facts.duration_ns = Some(DURATIONS[usize::from(at)]);
                add(fields, "duration_ns", DURATIONS[usize::from(at)].to_string());
            }
        }
        let mut extras: Vec<(String, String)> = Vec::new();
        let mut seen = BTreeSet::new();
        for (role, pid) in &self.roles {
            let (key, role) = ROLES[usize::from(*role)];
            if seen.insert(key) {
                facts.roles.insert((role, pid_as(*pid, 0)));
                let json = format!("\"{}\"", pid_as(*pid, self.spelling));
                add(if self.in_data { &mut data } else { &mut extras }, key, json);
            }
        }
        if let Some(note) = self.note {
            add(&mut data, "note", format!("\"note-{note}\""));
            add(&mut data, "big", format!("12345678901234567890123456789{note}"));
        }
        if self.reversed {
            data.reverse();
            extras.reverse();
        }
        let object = |members: &[(String, String)]| {
            let members: Vec<String> = members.iter().map(|(key, json)| format!("\"{key}\":{json}")).collect();
            format!("{{{}}}", members.join(","))
        };
        let mut all = top;
        all.extend(extras.iter().cloned());
        if !data.is_empty() || odd {
            all.push(("data".to_owned(), object(&data)));
        }
        if self.reversed {
            all.reverse();
            extras.reverse();
        }
        data.extend(extras);
        (object(&all), Sent { id, timestamp, facts, data })
    }
}

fn time() -> impl Strategy<Value = i64> {
    prop_oneof![20 => proptest::sample::select(TIMES.to_vec()), 1 => proptest::sample::select(EXTREMES.to_vec())]
}

fn stamp() -> impl Strategy<Value = Stamp> {
    prop_oneof![
        10 => time().prop_map(Stamp::Time),
        1 => time().prop_map(Stamp::Wall),
        2 => (time(), time()).prop_map(|(ns, wall)| Stamp::Both(ns, wall)),
        1 => Just(Stamp::Missing),
    ]
}

fn spec() -> impl Strategy<Value = Spec> {
    let shape = (weighted(0.85, 0..40_u8), stamp(), 0..3_u8, any::<bool>(), any::<bool>());
    let pids = (weighted(0.8, 0..9_u8), vec((0..14_u8, 0..9_u8), 0..3));
    let call = (weighted(0.9, 0..4_u8), weighted(0.6, 0..3_u8), weighted(0.6, 0..6_u8), weighted(0.5, 0..5_u8));
    let ids = (
        weighted(0.5, 0..4_u8),
        weighted(0.3, 0..3_u8),
        weighted(0.5, 0..2_u8),
        weighted(0.4, 0..5_u8),
        weighted(0.5, 0..2_u8),
    );
    let rest = (weighted(0.3, 0..4_u8), weighted(0.3, 0..3_u8));
    (shape, pids, call, ids, rest).prop_map(|(shape, pids, call, ids, rest)| {
        let (id, stamp, spelling, in_data, reversed) = shape;
        let (pid, roles) = pids;
        let (event_type, module, function, arity) = call;
        let (correlation, call, session, ast, host) = ids;
        let (duration, note) = rest;
        Spec {
            id,
            stamp,
            spelling,
            in_data,
            reversed,
            pid,
            roles,
            event_type,
            module,
            function,
            arity,
            correlation,
            call,
            session,
            ast,
            node: host,
            duration,
            note,
        }
    })
}

fn when() -> impl Strategy<Value = When> {
    prop_oneof![
        3 => time().prop_map(When::At),
        1 => proptest::sample::select(vec![0, 1, 3, 100, 600, 5_000_000]).prop_map(When::BeforeNewest),
    ]
}

/// A generated filter; the numbers choose from the same few keys the events have, and one more that none has.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) want: Want,
    spelling: u8,
}

impl Ask {
    /// The filter in some accepted spelling.
    pub(crate) fn filter(&self) -> Filter {
        let want = &self.want;
        let at = |all: &[[&str; 3]], name: &String| {
            let names = all.iter().find(|names| names[0] == name);
            names.map_or_else(|| name.clone(), |names| names[usize::from(self.spelling)].to_owned())
        };
        let pid = |pid: &String| {
            let known = PIDS.iter().position(|known| known == pid);
            known.map_or_else(|| pid.clone(), |known| pid_as(known as u8, self.spelling))
        };
        let mut event_types: Vec<String> = want.event_types.iter().map(|name| at(&TYPES, name)).collect();
        event_types.reverse();
        Filter {
            pid: want.pid.as_ref().map(pid),
            named: want.named.iter().map(pid).collect(),
            role: want.role.map(|name| name.parse::<Role>().unwrap()),
            node: want.node.clone(),
            event_types,
            since: want.since.map(lib_time),
            until: want.until.map(lib_time),
            correlation_id: want.correlation_id.clone(),
            ast_node_id: want.ast_node_id.clone(),
            ast_node_prefix: want.ast_node_prefix.clone(),
            module: want.module.as_ref().map(|name| at(&MODULES, name)),
            function: want.function.clone(),
            arity: want.arity,
            session_id: want.session_id.clone(),
            call_id: want.call_id.clone(),
            min_duration_ns: want.min_duration_ns,
            text: want.text.clone(),
        }
    }
}

pub(crate) fn lib_time(when: When) -> Time {
    match when {
        When::At(ns) => Time::At(ns),
        When::BeforeNewest(ns) => Time::BeforeNewest(ns),
    }
}

/// One of the names, or rarely one that no event has.
fn name(all: &[&'static str]) -> impl Strategy<Value = String> + use<> {
    prop_oneof![12 => proptest::sample::select(all.to_vec()), 1 => Just("unheard-of")].prop_map(str::to_owned)
}

fn ask() -> impl Strategy<Value = Ask> {
    const RARE: f64 = 0.1;
    let types: Vec<&str> = TYPES.iter().map(|names| names[0]).collect();
    let modules: Vec<&str> = MODULES.iter().map(|names| names[0]).collect();
    let named = prop_oneof![2 => Just(Vec::new()), 1 => vec(name(&PIDS), 1..4)];
    let pids = (weighted(0.3, name(&PIDS)), weighted(0.2, proptest::sample::select(ROLE_NAMES.to_vec())), named);
    let times = (weighted(0.2, when()), weighted(0.2, when()));
    let code = (
        weighted(0.25, name(&modules)),
        weighted(0.25, name(&FUNCTIONS)),
        weighted(0.2, proptest::sample::select(vec![0_u8, 1, 2, 3, 7, 254, 255])),
    );
    let ids = (
        weighted(RARE, name(&NODES)),
        weighted(RARE, name(&CORRELATIONS)),
        weighted(RARE, name(&AST)),
        weighted(RARE, proptest::sample::select(PREFIXES.to_vec())),
        weighted(RARE, name(&SESSIONS)),
        weighted(RARE, name(&CALLS)),
    );
    let rest = (
        prop_oneof![2 => Just(Vec::new()), 1 => vec(name(&types), 1..4)],
        weighted(0.05, proptest::sample::select(vec![-1_i64, 0, 5, 6, i64::MAX])),
        weighted(0.08, proptest::sample::select(TEXTS.to_vec())),
        0..3_u8,
    );
    (pids, times, code, ids, rest).prop_map(|(pids, times, code, ids, rest)| {
        let (event_types, min_duration_ns, text, spelling) = rest;
        let role = pids.1.filter(|_| pids.0.is_some());
        let named = if pids.0.is_some() { pids.2 } else { Vec::new() };
        let want = Want {
            pid: pids.0,
            named,
            role,
            node: ids.0,
            event_types,
            since: times.0,
            until: times.1,
            correlation_id: ids.1,
            ast_node_id: ids.2,
            ast_node_prefix: ids.3.map(str::to_owned),
            module: code.0,
            function: code.1,
            arity: code.2,
            session_id: ids.4,
            call_id: ids.5,
            min_duration_ns,
            text: text.map(str::to_owned),
        };
        Ask { want, spelling }
    })
}

#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) ask: Ask,
    pub(crate) desc: bool,
    pub(crate) limit: usize,
}

fn question() -> impl Strategy<Value = Question> {
    let limit = prop_oneof![1 => Just(0_usize), 6 => 1..6_usize, 2 => Just(100_usize)];
    (ask(), any::<bool>(), limit).prop_map(|(ask, desc, limit)| Question { ask, desc, limit })
}

#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// One batch.
    Store(Vec<Spec>),
    /// One call each.
    StoreEach(Vec<Spec>),
    /// Events sent before, again: from where, how many, in another key order.
    Retry(u16, u8, bool),
    Advance(i64),
    Enforce,
    Cleanup {
        before: Option<When>,
        max_age: Option<i64>,
        max_events: Option<u64>,
    },
    Clear(Box<Ask>),
    ClearAll,
}

#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) op: Op,
    pub(crate) questions: Vec<Question>,
}

fn op() -> impl Strategy<Value = Op> {
    let ages = || proptest::sample::select(vec![0_i64, 1, 10, 500, 1000, 2000]);
    prop_oneof![
        12 => vec(spec(), 1..6).prop_map(Op::Store),
        4 => vec(spec(), 6..30).prop_map(Op::Store),
        6 => vec(spec(), 1..4).prop_map(Op::StoreEach),
        3 => (any::<u16>(), 1..6_u8, any::<bool>()).prop_map(|(from, n, reversed)| Op::Retry(from, n, reversed)),
        2 => proptest::sample::select(vec![1_i64, 10, 300, -20]).prop_map(Op::Advance),
        1 => Just(Op::Enforce),
        2 => (weighted(0.5, when()), weighted(0.3, ages()), weighted(0.5, 0..40_u64))
            .prop_map(|(before, max_age, max_events)| Op::Cleanup { before, max_age, max_events }),
        3 => ask().prop_map(|ask| Op::Clear(Box::new(ask))),
        1 => prop_oneof![5 => Just(Op::Enforce), 1 => Just(Op::ClearAll)],
    ]
}

/// A store's limits and what is done to it.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) segment_rows: usize,
    pub(crate) max_events: Option<u64>,
    pub(crate) max_age: Option<i64>,
    pub(crate) steps: Vec<Step>,
}

/// A plan without steps.
pub(crate) fn settings() -> impl Strategy<Value = Plan> {
    let rows = proptest::sample::select(vec![1_usize, 2, 3, 8, 64, 65_536]);
    let ages = proptest::sample::select(vec![0_i64, 1, 300, 1000, 1500, 1_000_000_000]);
    (rows, weighted(0.3, 1..40_u64), weighted(0.2, ages)).prop_map(|(segment_rows, max_events, max_age)| Plan {
        segment_rows,
        max_events,
        max_age,
        steps: Vec::new(),
    })
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    (op(), vec(question(), 1..3)).prop_map(|(op, questions)| Step { op, questions })
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    (settings(), vec(step(), 1..45)).prop_map(|(plan, steps)| Plan { steps, ..plan })
}
