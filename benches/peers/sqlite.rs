//! SQLite in memory, as somebody who knows it would set it up for this.
//!
//! One connection without its own mutex, no journal, prepared statements, typed columns bound from ready-made rows,
//! one transaction per batch. Five indexes like ours: order of time, process, function, correlation, AST node; and
//! the unique event id. Each ends with the time, so that the newest of a key are read in order.

use parking_lot::FairMutex;
use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, OpenFlags, Params, Row as Answer, params_from_iter};

use super::measure::{Figures, Laps, Stopwatch, resident, us};
use super::ours::in_turn;
use super::queries::LIMIT;
use super::stall::stall;
use super::{BATCH, PRUNE_ROUNDS, SAMPLED_IDS, STALL_BATCH};
use crate::events::{Events, Function, Hot, Names, Row};

/// How a table keeps the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Rows by `seq`, an index on `(ts, seq)`.
    Rowid,
    /// Rows by `(ts, seq)`: no index on time is needed, the others point to it.
    Clustered,
}

/// Rows deleted under one lock: between two chunks others go on, for the lock is fair.
const PRUNE_CHUNK: u64 = 5_000;

const COLUMNS: &str =
    "seq, id, ts, wall, node, pid, type, module, function, arity, correlation, call, ast_node, duration, data";

const INSERT: &str = "INSERT INTO events
    (seq, id, ts, wall, node, pid, type, module, function, arity, correlation, call, ast_node, duration, data)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

impl Layout {
    const fn schema(self) -> &'static str {
        match self {
            Self::Rowid => {
                "CREATE TABLE events (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, ts INTEGER NOT NULL, wall INTEGER,
                    node TEXT, pid TEXT, type TEXT, module TEXT, function TEXT, arity INTEGER, correlation TEXT,
                    call TEXT, ast_node TEXT, duration INTEGER, data TEXT);
                 CREATE UNIQUE INDEX by_id ON events(id);
                 CREATE INDEX by_ts ON events(ts);
                 CREATE INDEX by_pid ON events(pid, ts);
                 CREATE INDEX by_function ON events(module, function, arity, ts) WHERE module IS NOT NULL;
                 CREATE INDEX by_correlation ON events(correlation, ts);
                 CREATE INDEX by_ast_node ON events(ast_node, ts) WHERE ast_node IS NOT NULL;"
            }
            Self::Clustered => {
                "CREATE TABLE events (seq INTEGER NOT NULL, id TEXT NOT NULL, ts INTEGER NOT NULL, wall INTEGER,
                    node TEXT, pid TEXT, type TEXT, module TEXT, function TEXT, arity INTEGER, correlation TEXT,
                    call TEXT, ast_node TEXT, duration INTEGER, data TEXT, PRIMARY KEY (ts, seq)) WITHOUT ROWID;
                 CREATE UNIQUE INDEX by_id ON events(id);
                 CREATE INDEX by_pid ON events(pid, ts, seq);
                 CREATE INDEX by_function ON events(module, function, arity, ts, seq) WHERE module IS NOT NULL;
                 CREATE INDEX by_correlation ON events(correlation, ts, seq);
                 CREATE INDEX by_ast_node ON events(ast_node, ts, seq) WHERE ast_node IS NOT NULL;"
            }
        }
    }
}

fn open(layout: Layout) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(":memory:", flags).expect("SQLite opens");
    db.set_prepared_statement_cache_capacity(64);
    db.execute_batch(
        "PRAGMA page_size = 8192; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
         PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -1000000;",
    )
    .expect("pragmas are known");
    db.execute_batch(layout.schema()).expect("the schema is valid");
    db
}

fn insert(statement: &mut CachedStatement<'_>, seq: usize, row: &Row<'_>) {
    let Row { event_id, timestamp, wall_time, node, pid, event_type, function, .. } = row;
    let Row { correlation_id, call_id, ast_node_id, duration_ns, data, .. } = row;
    let (module, name, arity) = match function {
        Some(Function { module, name, arity }) => (Some(module), Some(name), Some(arity)),
        None => (None, None, None),
    };
    let one = statement
        .execute((
            seq as i64,
            event_id,
            timestamp,
            wall_time,
            node,
            pid,
            event_type,
            module,
            name,
            arity,
            correlation_id,
            call_id,
            ast_node_id,
            duration_ns,
            data,
        ))
        .expect("the row is new");
    assert_eq!(one, 1);
}

fn insert_batch(db: &Connection, first: usize, rows: &[Row<'_>]) {
    db.prepare_cached("BEGIN").and_then(|mut begin| begin.execute([])).expect("a transaction begins");
    insert_rows(db, first, rows);
    db.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([])).expect("it commits");
}

fn insert_rows(db: &Connection, first: usize, rows: &[Row<'_>]) {
    let mut statement = db.prepare_cached(INSERT).expect("the statement is valid");
    for (at, row) in rows.iter().enumerate() {
        insert(&mut statement, first + at, row);
    }
}

/// A whole event, copied out as ours are.
#[derive(Debug)]
struct Copied {
    seq: i64,
    id: String,
    ts: i64,
    _rest: (Option<i64>, [Option<String>; 8], Option<i64>, Option<i64>),
}

impl Copied {
    fn read(row: &Answer<'_>) -> rusqlite::Result<Self> {
        let text = |at: usize| row.get::<_, Option<String>>(at);
        let texts = [text(4)?, text(5)?, text(6)?, text(7)?, text(8)?, text(10)?, text(11)?, text(14)?];
        let rest = (row.get(3)?, texts, row.get(9)?, row.get(13)?);
        let _ast_node = text(12)?;
        Ok(Self { seq: row.get(0)?, id: row.get(1)?, ts: row.get(2)?, _rest: rest })
    }
}

/// One question: how its page is read, how its matches are counted.
struct Sql {
    page: String,
    count: String,
    bound: Vec<Value>,
    /// Bound in the page only, after `bound`.
    cursor: Vec<Value>,
}

impl Sql {
    fn ask(&self, db: &Connection) -> (u64, Vec<Copied>) {
        let total = count(db, &self.count, params_from_iter(&self.bound));
        let mut page = db.prepare_cached(&self.page).expect("the statement is valid");
        let rows = page.query_map(params_from_iter(self.bound.iter().chain(&self.cursor)), Copied::read);
        (total, rows.expect("it runs").collect::<Result<_, _>>().expect("columns have their types"))
    }
}

fn count(db: &Connection, sql: &str, bound: impl Params) -> u64 {
    let mut count = db.prepare_cached(sql).expect("the statement is valid");
    count.query_row(bound, |row| row.get::<_, i64>(0)).expect("it counts") as u64
}

/// The rows of a key lie in the order of time: read them as they come.
fn in_order(condition: &str, order: &str, bound: Vec<Value>) -> Sql {
    Sql {
        page: format!("SELECT {COLUMNS} FROM events WHERE {condition} ORDER BY ts {order}, seq {order} LIMIT {LIMIT}"),
        count: format!("SELECT count(*) FROM events WHERE {condition}"),
        bound,
        cursor: Vec::new(),
    }
}

/// They do not: sort keys from the index alone, then fetch the hundred.
fn sorted(condition: &str, order: &str, bound: Vec<Value>) -> Sql {
    let inner = format!("SELECT ts, seq FROM events WHERE {condition} ORDER BY ts {order}, seq {order} LIMIT {LIMIT}");
    Sql {
        page: format!(
            "SELECT {COLUMNS} FROM ({inner}) CROSS JOIN events USING (ts, seq) ORDER BY ts {order}, seq {order}"
        ),
        ..in_order(condition, order, bound)
    }
}

fn questions(db: &Connection, hot: &Hot<'_>) -> Vec<(&'static str, Sql)> {
    let text = |text: &str| Value::from(text.to_owned());
    let Function { module, name, arity } = hot.function;
    let (pid, range) = (text(hot.pid), vec![Value::from(hot.since), Value::from(hot.until)]);
    // The first string above every one with the prefix: ':' is followed by ';'.
    let beyond = format!("{};", hot.ast_prefix.trim_end_matches(':'));
    let mut page2 = in_order("pid = ?1", "DESC", vec![pid.clone()]);
    let last = page2.ask(db).1.pop().expect("a hot key has a page");
    page2.page = page2.page.replace("pid = ?1", "pid = ?1 AND (ts, seq) < (?2, ?3)");
    page2.cursor = vec![last.ts.into(), last.seq.into()];
    vec![
        ("pid_newest", in_order("pid = ?1", "DESC", vec![pid.clone()])),
        ("pid_oldest", in_order("pid = ?1", "ASC", vec![pid.clone()])),
        ("pid_page2", page2),
        ("pid_type", in_order("pid = ?1 AND +type = ?2", "DESC", vec![pid.clone(), text(hot.event_type)])),
        (
            "mfa",
            in_order(
                "module = ?1 AND function = ?2 AND arity = ?3",
                "DESC",
                vec![text(module), text(name), Value::from(i64::from(*arity))],
            ),
        ),
        ("module", sorted("module = ?1", "DESC", vec![text(module)])),
        ("function", in_order("function = ?1", "DESC", vec![text(name)])),
        ("correlation", in_order("correlation = ?1", "ASC", vec![text(hot.correlation_id)])),
        ("ast_node", in_order("ast_node = ?1", "DESC", vec![text(hot.ast_node_id)])),
        ("ast_prefix", sorted("ast_node >= ?1 AND ast_node < ?2", "DESC", vec![text(&hot.ast_prefix), text(&beyond)])),
        ("range", in_order("ts BETWEEN ?1 AND ?2", "ASC", range.clone())),
        ("range_pid", in_order("pid = ?3 AND ts BETWEEN ?1 AND ?2", "ASC", [range, vec![pid]].concat())),
        ("event_type", in_order("type = ?1", "DESC", vec![text(hot.event_type)])),
        ("min_duration", in_order("duration >= ?1", "DESC", vec![hot.min_duration_ns.into()])),
    ]
}

pub fn run(events: usize, layout: Layout) -> Figures {
    let mut figures = Figures::default();
    let names = Names::new();
    let hot = Hot::new(&names, events);
    let watch = Stopwatch::new();
    let (empty, _) = resident();

    let db = open(layout);
    let mut stream = Events::new(&names);
    let mut ids = Vec::with_capacity(SAMPLED_IDS);
    let mut inserts = Laps::default();
    for first in (0..events).step_by(BATCH) {
        let rows = stream.batch(BATCH.min(events - first));
        if ids.len() * events / SAMPLED_IDS <= first {
            ids.push(rows[0].event_id.clone());
        }
        let ((), lap) = watch.time(|| insert_batch(&db, first, &rows));
        inserts.push(lap);
    }
    figures.tell("insert_batch_us", inserts.per_event_us(BATCH));
    figures.tell("insert_batch_median_us", inserts.median_us() / BATCH as f64);
    figures.tell("insert_batch_worst_ms", inserts.longest_ms());
    let (full, peak) = resident();
    assert_eq!(count(&db, "SELECT count(*) FROM events", []) as usize, events);
    figures.tell("bytes_per_event", (full - empty) as f64 / events as f64);
    figures.tell("process_mb", full as f64 / 1e6);
    figures.tell("peak_mb", peak as f64 / 1e6);

    figures.tell_query("by_id", &Laps::of(&watch, |run| by_id(&db, &ids[run % ids.len()]).expect("it is stored")));
    for (name, sql) in questions(&db, &hot) {
        figures.tell_query(name, &Laps::of(&watch, |_| sql.ask(&db)));
        let (total, page) = sql.ask(&db);
        figures.tell_answer(name, total, page.iter().map(|event| event.id.as_str()));
    }

    prune(&mut figures, &FairMutex::new(db), stream, &hot, &ids, events);
    small_writes(&mut figures, &names, events, layout);
    figures
}

fn by_id(db: &Connection, id: &str) -> Option<Copied> {
    let mut one = db.prepare_cached(&format!("SELECT {COLUMNS} FROM events WHERE id = ?1")).expect("valid");
    one.query_row([id], Copied::read).ok()
}

fn prune(
    figures: &mut Figures,
    db: &FairMutex<Connection>,
    stream: Events<'_>,
    hot: &Hot<'_>,
    ids: &[String],
    events: usize,
) {
    let share = (events / 10) as u64;
    let mut stream = stream;
    let mut seq = events;
    let mut newest = in_order("pid = ?1", "DESC", vec![hot.pid.to_owned().into()]);
    newest.page = newest.page.replace("LIMIT 100", "LIMIT 10");
    let lock = || db.lock();
    let (mut times, mut reads, mut writes) = (Laps::default(), Laps::default(), Laps::default());
    for round in 0..PRUNE_ROUNDS {
        let (before, _) = resident();
        let mut at = 0;
        let read = || {
            at += 1;
            if at % 2 == 0 {
                assert_eq!(newest.ask(&lock()).1.len(), 10);
            } else {
                let _pruned_or_not = by_id(&lock(), &ids[at % ids.len()]);
            }
        };
        let write = || {
            let rows = stream.batch(STALL_BATCH);
            let first = seq;
            seq += rows.len();
            move || insert_batch(&lock(), first, &rows)
        };
        let seen = stall(read, write, || {
            for _ in 0..share.div_ceil(PRUNE_CHUNK) {
                let db = lock();
                let mut delete = db
                    .prepare_cached(
                        "DELETE FROM events WHERE (ts, seq) <
                         (SELECT ts, seq FROM events ORDER BY ts, seq LIMIT 1 OFFSET ?1)",
                    )
                    .expect("the statement is valid");
                let removed = delete.execute([PRUNE_CHUNK.min(share) as i64]).expect("it deletes");
                assert_eq!(removed as u64, PRUNE_CHUNK.min(share));
            }
        });
        times.push(seen.prune);
        reads.push_longest(&seen.reads);
        writes.push_longest(&seen.writes);
        if round == 0 {
            std::thread::sleep(std::time::Duration::from_millis(100));
            let (after, _) = resident();
            figures.tell("prune_rss_before_mb", before as f64 / 1e6);
            figures.tell("prune_rss_after_mb", after as f64 / 1e6);
        }
    }
    figures.tell("prune_ms", times.median_us() / 1e3);
    figures.tell("prune_read_stall_ms", reads.median_ms());
    figures.tell("prune_read_stall_worst_ms", reads.longest_ms());
    figures.tell("prune_write_stall_ms", writes.median_ms());
    figures.tell("prune_write_stall_worst_ms", writes.longest_ms());
}

/// One by one (a transaction each), and two writers in turn: on fresh databases, with rows made beforehand.
fn small_writes(figures: &mut Figures, names: &Names, events: usize, layout: Layout) {
    let few = events.min(super::FEW);
    let watch = Stopwatch::new();
    let rows = Events::new(names).batch(few);

    let db = open(layout);
    let mut ones = Laps::default();
    for (chunk, first) in rows.chunks(BATCH).zip((0..).step_by(BATCH)) {
        let ((), lap) = watch.time(|| {
            for (at, row) in chunk.iter().enumerate() {
                insert_rows(&db, first + at, std::slice::from_ref(row));
            }
        });
        ones.push(lap);
    }
    assert_eq!(count(&db, "SELECT count(*) FROM events", []) as usize, few);
    figures.tell("insert_one_us", ones.per_event_us(BATCH));

    let db = FairMutex::new(open(layout));
    let batches: Vec<&[Row<'_>]> = rows.chunks(BATCH).collect();
    let insert = |at: usize| insert_batch(&db.lock(), at * BATCH, batches[at]);
    let spent = in_turn(batches.len(), insert);
    figures.tell("insert_two_writers_us", us(spent) / few as f64);
}

/// `3.51.2`, say.
pub fn version() -> String {
    rusqlite::version().to_owned()
}
