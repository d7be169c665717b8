//! What do the benchmarks store?
//!
//! A deterministic stream shaped like a recording of a BEAM system: a few hot processes and functions, calls whose
//! entry and exit are paired, messages that name two processes, late and simultaneous timestamps. The same seed
//! gives the same events to every engine.

use std::fmt::Write;

use elixir_scope_storage::{Event, Time};

/// Seed of every stream.
pub const SEED: u64 = 0x5eed_e11c_5c09_e001;

/// Distinct processes.
pub const PIDS: usize = 1_000;

/// Distinct functions, spread over [`MODULES`].
pub const FUNCTIONS: usize = 2_000;

/// Distinct modules.
pub const MODULES: usize = 200;

/// Distinct AST nodes; each lies in one module.
pub const AST_NODES: usize = 5_000;

/// Distinct correlation ids.
pub const CORRELATIONS: usize = 50_000;

/// Skew of processes, functions and AST nodes.
const SKEW: f64 = 1.0;

/// Skew of correlation ids: a few requests are chatty, most are alike.
const CORRELATION_SKEW: f64 = 0.5;

/// First timestamp: BEAM monotonic time starts near -2^59.
const START_NS: i64 = -576_460_751_564_576_952;

/// Wall clock minus monotonic clock.
const TIME_OFFSET_NS: i64 = 2_371_908_936_615_563_644;

/// Average time between events.
const STEP_NS: i64 = 1_500;

/// One event in so many is late, by up to [`LATE_NS`].
const LATE_ONE_IN: u64 = 20;

/// How late a late event is at most: about a thousand events.
const LATE_NS: u64 = 2_000_000;

/// One event in so many has the timestamp of the one before.
const SAME_TIME_ONE_IN: u64 = 200;

/// Calls that are open at one time.
const OPEN_CALLS: usize = 64;

/// The one node.
const NODE: &str = "shop@host";

/// Kinds with their share in a hundred.
const KINDS: [(Kind, &str, u64); 10] = [
    (Kind::Entry, "function_entry", 26),
    (Kind::Exit, "function_exit", 24),
    (Kind::Send, "message_send", 13),
    (Kind::Receive, "message_receive", 13),
    (Kind::Expression, "expression_value", 11),
    (Kind::Bindings, "variable_snapshot", 4),
    (Kind::State, "state_change", 4),
    (Kind::Spawn, "process_spawn", 2),
    (Kind::Death, "process_exit", 2),
    (Kind::Error, "error_raised", 1),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Entry,
    Exit,
    Send,
    Receive,
    Expression,
    Bindings,
    State,
    Spawn,
    Death,
    Error,
}

/// splitmix64: good enough, and the same everywhere.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A stream of its own per seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `bound - 1`.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// Ranks with probability proportional to `1 / rank^skew`.
#[derive(Debug)]
struct Zipf(Vec<u64>);

impl Zipf {
    fn new(ranks: usize, skew: f64) -> Self {
        let weights: Vec<f64> = (1..=ranks).map(|rank| (rank as f64).powf(-skew)).collect();
        let whole: f64 = weights.iter().sum();
        let mut sum = 0.0;
        let upto = |weight: &f64| {
            sum += weight;
            (sum / whole * u64::MAX as f64) as u64
        };
        Self(weights.iter().map(upto).collect())
    }

    fn rank(&self, random: &mut Random) -> usize {
        let at = random.next();
        self.0.partition_point(|upto| *upto < at).min(self.0.len() - 1)
    }
}

/// `Module.function/arity`.
#[derive(Debug)]
pub struct Function {
    /// Module.
    pub module: String,
    /// Name; other modules may have the same.
    pub name: String,
    /// Arity.
    pub arity: u8,
}

/// Every key of the stream; the first of each is the hottest.
#[derive(Debug)]
pub struct Names {
    /// Processes.
    pub pids: Vec<String>,
    /// Functions.
    pub functions: Vec<Function>,
    /// AST nodes.
    pub ast_nodes: Vec<String>,
    /// Correlation ids.
    pub correlations: Vec<String>,
    pid_ranks: Zipf,
    function_ranks: Zipf,
    ast_ranks: Zipf,
    correlation_ranks: Zipf,
}

const CONTEXTS: [&str; 10] =
    ["Accounts", "Billing", "Catalog", "Cart", "Shipping", "Search", "Reports", "Mailer", "Stock", "Web"];
const PARTS: [&str; 20] = [
    "Server",
    "Worker",
    "Cache",
    "Supervisor",
    "Registry",
    "Repo",
    "Query",
    "Schema",
    "Policy",
    "Notifier",
    "Importer",
    "Exporter",
    "Session",
    "Router",
    "Channel",
    "Presence",
    "Limiter",
    "Pool",
    "Clock",
    "Audit",
];
const VERBS: [&str; 10] =
    ["handle_call", "fetch", "update", "handle_info", "validate", "insert", "render", "broadcast", "delete", "init"];
const NOUNS: [&str; 30] = [
    "account", "order", "user", "item", "balance", "price", "address", "session", "token", "invoice", "payment",
    "product", "basket", "parcel", "route", "report", "email", "stock", "shelf", "voucher", "tax", "page", "query",
    "event", "batch", "lease", "quota", "cursor", "schema", "audit",
];

impl Names {
    /// The same every time.
    pub fn new() -> Self {
        let module = |at: usize| format!("Shop.{}.{}", CONTEXTS[at % 10], PARTS[at / 10 % 20]);
        let function = |at: usize| Function {
            module: module(at % MODULES),
            name: format!("{}_{}", VERBS[at / MODULES], NOUNS[at % 30]),
            arity: (at % 5) as u8,
        };
        let node = |at: usize| {
            let shape = ["call", "expr", "match", "case"][at / MODULES % 4];
            let (name, line) = (NOUNS[at % 30], 10 + at * 7 % 900);
            format!("{}:{name}:{}:line_{line}:{shape}_{}", module(at % MODULES), at % 5, at / MODULES)
        };
        let mut random = Random::new(SEED ^ 1);
        Self {
            pids: (0..PIDS).map(|at| format!("<0.{}.0>", 120 + at * 3)).collect(),
            functions: (0..FUNCTIONS).map(function).collect(),
            ast_nodes: (0..AST_NODES).map(node).collect(),
            correlations: (0..CORRELATIONS).map(|_| request(&mut random)).collect(),
            pid_ranks: Zipf::new(PIDS, SKEW),
            function_ranks: Zipf::new(FUNCTIONS, SKEW),
            ast_ranks: Zipf::new(AST_NODES, SKEW),
            correlation_ranks: Zipf::new(CORRELATIONS, CORRELATION_SKEW),
        }
    }
}

/// 36 characters.
fn uuid(random: &mut Random) -> String {
    let (high, low) = (random.next(), random.next());
    let (a, b, c) = (high >> 32, high >> 16 & 0xffff, high & 0xfff);
    format!("{a:08x}-{b:04x}-4{c:03x}-{:04x}-{:012x}", low >> 50 | 0x8000, low & 0xffff_ffff_ffff)
}

/// 20 characters, as Phoenix gives every request.
fn request(random: &mut Random) -> String {
    format!("F{:016X}AAE", random.next())
}

/// One event as a producer would hand it over, ready for any engine.
#[derive(Clone, Debug)]
pub struct Row<'n> {
    /// Unique.
    pub event_id: String,
    /// Monotonic.
    pub timestamp: i64,
    /// Wall clock.
    pub wall_time: i64,
    /// Node.
    pub node: &'static str,
    /// Subject.
    pub pid: &'n str,
    /// Type.
    pub event_type: &'static str,
    /// Function, where there is one.
    pub function: Option<&'n Function>,
    /// On every event.
    pub correlation_id: &'n str,
    /// On the entry and the exit of a call.
    pub call_id: Option<String>,
    /// Where the code is instrumented.
    pub ast_node_id: Option<&'n str>,
    /// On exits.
    pub duration_ns: Option<i64>,
    /// JSON object; messages, spawns and exits name pids in it.
    pub data: String,
}

impl Row<'_> {
    /// For the library.
    pub fn event(&self) -> Event<'_> {
        let mut event = Event::new(self.event_type)
            .event_id(&*self.event_id)
            .timestamp(self.timestamp)
            .wall_time(self.wall_time)
            .node(self.node)
            .pid(self.pid)
            .correlation_id(self.correlation_id);
        if let Some(Function { module, name, arity }) = self.function {
            event = event.module(&**module).function(&**name).arity(*arity);
        }
        if let Some(call) = &self.call_id {
            event = event.call_id(&**call);
        }
        if let Some(node) = self.ast_node_id {
            event = event.ast_node_id(node);
        }
        if let Some(ns) = self.duration_ns {
            event = event.duration_ns(ns);
        }
        event.data(&self.data).expect("the generator writes JSON")
    }

    /// As a line of a recording.
    pub fn json(&self) -> String {
        let Self { event_id, timestamp, wall_time, node, pid, event_type, correlation_id, data, .. } = self;
        let mut json = format!(
            r#"{{"event_id":"{event_id}","timestamp":{timestamp},"wall_time":{wall_time},"node":"{node}","pid":"{pid}","event_type":"{event_type}","correlation_id":"{correlation_id}""#
        );
        let mut put = |text: std::fmt::Arguments<'_>| json.write_fmt(text).expect("a String takes everything");
        if let Some(Function { module, name, arity }) = self.function {
            put(format_args!(r#","module":"{module}","function":"{name}","arity":{arity}"#));
        }
        if let Some(call) = &self.call_id {
            put(format_args!(r#","call_id":"{call}""#));
        }
        if let Some(node) = self.ast_node_id {
            put(format_args!(r#","ast_node_id":"{node}""#));
        }
        if let Some(ns) = self.duration_ns {
            put(format_args!(r#","duration_ns":{ns}"#));
        }
        put(format_args!(r#","data":{data}}}"#));
        json
    }
}

/// A call that has been entered.
#[derive(Debug)]
struct Open<'n> {
    call_id: String,
    pid: &'n str,
    function: &'n Function,
    correlation_id: &'n str,
    ast_node_id: &'n str,
    entered: i64,
}

/// The endless stream.
#[derive(Debug)]
pub struct Events<'n> {
    names: &'n Names,
    random: Random,
    now: i64,
    open: Vec<Open<'n>>,
}

impl<'n> Events<'n> {
    /// From its start.
    pub fn new(names: &'n Names) -> Self {
        Self { names, random: Random::new(SEED), now: START_NS, open: Vec::with_capacity(OPEN_CALLS) }
    }

    /// The next `rows` events.
    pub fn batch(&mut self, rows: usize) -> Vec<Row<'n>> {
        self.take(rows).collect()
    }

    fn kind(&mut self) -> (Kind, &'static str) {
        let mut at = self.random.below(100);
        for (kind, name, share) in KINDS {
            if at < share {
                let exit_of_nothing = kind == Kind::Exit && self.open.is_empty();
                let one_too_many = kind == Kind::Entry && self.open.len() == OPEN_CALLS;
                return match kind {
                    _ if exit_of_nothing => (Kind::Entry, KINDS[0].1),
                    _ if one_too_many => (Kind::Exit, KINDS[1].1),
                    _ => (kind, name),
                };
            }
            at -= share;
        }
        unreachable!("shares add up to a hundred")
    }

    fn timestamp(&mut self) -> i64 {
        if self.random.below(SAME_TIME_ONE_IN) != 0 {
            self.now += 1 + self.random.below(2 * STEP_NS as u64) as i64;
        }
        if self.random.below(LATE_ONE_IN) == 0 { self.now - self.random.below(LATE_NS) as i64 } else { self.now }
    }

    /// What the program worked on: 60 to 90 characters of terms.
    fn terms(&mut self) -> String {
        let (a, b, c) = (self.random.below(100_000), self.random.below(1_000), self.random.next() >> 40);
        let noun = NOUNS[(c % 30) as usize];
        format!("%{{id: {a}, {noun}: {b}, retries: 0, status: :active, version: {}, token: \\\"{c:06x}\\\"}}", a % 17)
    }

    fn data(&mut self, kind: Kind, pid: &str, other: &str) -> String {
        let terms = self.terms();
        let few = self.random.below(600);
        match kind {
            Kind::Entry => format!(
                r#"{{"args":["{terms}",":timer","{few}"],"caller":"Shop.Web.Router.dispatch/{}","stack_depth":{},"reductions":{}}}"#,
                few % 4,
                few % 23,
                few * 211
            ),
            Kind::Exit => format!(
                r#"{{"result":"{{:ok, {terms}}}","exit_reason":"normal","reductions":{},"heap_words":{}}}"#,
                few * 211,
                few * 987
            ),
            Kind::Send => format!(
                r#"{{"sender_pid":"{pid}","receiver_pid":"{other}","message":"{{:'$gen_call', {terms}}}","message_bytes":{few},"queue_len":{}}}"#,
                few % 9
            ),
            Kind::Receive => format!(
                r#"{{"sender_pid":"{other}","receiver_pid":"{pid}","message":"{{:reply, {terms}}}","message_bytes":{few},"queue_len":{}}}"#,
                few % 9
            ),
            Kind::Expression => format!(
                r#"{{"expression":"Map.update!(acc, key, &(&1 + {few}))","value":"{terms}","line":{},"bindings":["acc","key","order"]}}"#,
                few + 10
            ),
            Kind::Bindings => {
                format!(
                    r#"{{"variables":{{"acc":"{terms}","key":":order_{few}","limit":"{few}"}},"line":{},"scope":"function_body"}}"#,
                    few + 10
                )
            }
            Kind::State => format!(
                r#"{{"server_pid":"{pid}","callback":"handle_call","old_state":"{terms}","new_state":"%{{counter: {few}, pending: []}}"}}"#
            ),
            Kind::Spawn => format!(
                r#"{{"parent_pid":"{pid}","spawned_pid":"{other}","initial_call":"Shop.Stock.Worker.init/1","args":"{terms}","registered":"worker_{few}"}}"#
            ),
            Kind::Death => format!(
                r#"{{"exited_pid":"{pid}","reason":"{{:shutdown, {terms}}}","lifetime_ms":{few},"links":2,"message_queue_len":{}}}"#,
                few % 5
            ),
            Kind::Error => format!(
                r#"{{"error":"%KeyError{{key: :order_{few}, term: {terms}}}","stacktrace":["lib/shop/stock.ex:{few}","lib/shop/web/router.ex:88"]}}"#
            ),
        }
    }
}

impl<'n> Iterator for Events<'n> {
    type Item = Row<'n>;

    fn next(&mut self) -> Option<Row<'n>> {
        let names = self.names;
        let (kind, event_type) = self.kind();
        let mut timestamp = self.timestamp();
        let random = &mut self.random;
        let mut pid = &*names.pids[names.pid_ranks.rank(random)];
        let other = &*names.pids[names.pid_ranks.rank(random)];
        let mut function = &names.functions[names.function_ranks.rank(random)];
        let mut ast_node_id = &*names.ast_nodes[names.ast_ranks.rank(random)];
        let mut correlation_id = &*names.correlations[names.correlation_ranks.rank(random)];
        let (mut call_id, mut duration_ns) = (None, None);
        match kind {
            Kind::Entry => {
                let id = format!("call-{pid}-{timestamp}");
                call_id = Some(id.clone());
                self.open.push(Open { call_id: id, pid, function, correlation_id, ast_node_id, entered: timestamp });
            }
            Kind::Exit => {
                let at = random.below(self.open.len() as u64) as usize;
                let open = self.open.swap_remove(at);
                (pid, function, ast_node_id, correlation_id) =
                    (open.pid, open.function, open.ast_node_id, open.correlation_id);
                timestamp = timestamp.max(open.entered + 1);
                duration_ns = Some(timestamp - open.entered);
                call_id = Some(open.call_id);
            }
            _ => {}
        }
        let has_code = !matches!(kind, Kind::Send | Kind::Receive | Kind::Spawn | Kind::Death);
        let event_id = uuid(&mut self.random);
        let data = self.data(kind, pid, other);
        Some(Row {
            event_id,
            timestamp,
            wall_time: timestamp + TIME_OFFSET_NS,
            node: NODE,
            pid,
            event_type,
            function: has_code.then_some(function),
            correlation_id,
            call_id,
            ast_node_id: has_code.then_some(ast_node_id),
            duration_ns,
            data,
        })
    }
}

/// Hot keys and bounds to ask for in a stream of known length.
#[derive(Clone, Debug)]
pub struct Hot<'n> {
    /// The busiest process.
    pub pid: &'n str,
    /// The most frequent type.
    pub event_type: &'static str,
    /// The hottest function.
    pub function: &'n Function,
    /// The chattiest correlation.
    pub correlation_id: &'n str,
    /// The hottest AST node.
    pub ast_node_id: &'n str,
    /// All nodes of the hottest module.
    pub ast_prefix: String,
    /// Start of one hundredth of the recording, in its middle.
    pub since: i64,
    /// Its end.
    pub until: i64,
    /// About the slowest tenth of the calls.
    pub min_duration_ns: i64,
}

impl<'n> Hot<'n> {
    /// Of the first `events` of the stream.
    pub fn new(names: &'n Names, events: usize) -> Self {
        let function = &names.functions[0];
        let since = START_NS + events as i64 / 2 * STEP_NS;
        Self {
            pid: &names.pids[0],
            event_type: KINDS[0].1,
            function,
            correlation_id: &names.correlations[0],
            ast_node_id: &names.ast_nodes[0],
            ast_prefix: format!("{}:", function.module),
            since,
            until: since + events as i64 / 100 * STEP_NS,
            min_duration_ns: 780_000,
        }
    }

    /// The range as a filter takes it.
    pub const fn range(&self) -> (Option<Time>, Option<Time>) {
        (Some(Time::At(self.since)), Some(Time::At(self.until)))
    }
}

/// Average bytes of JSON, and of the id and the payload in it, over the first events of the stream.
pub fn average_bytes(names: &Names) -> (usize, usize) {
    const SAMPLE: usize = 10_000;
    let rows = Events::new(names).batch(SAMPLE);
    let json: usize = rows.iter().map(|row| row.json().len()).sum();
    let payload: usize = rows.iter().map(|row| row.event_id.len() + row.data.len()).sum();
    (json / SAMPLE, payload / SAMPLE)
}
