//! The peer that is given rows: SQLite in memory, with the five indexes and the id that it needs for the same questions.

use std::time::Duration;

use rusqlite::Connection;

use crate::events::{Function, Row};

const SCHEMA: &str = "
    PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA temp_store = MEMORY; PRAGMA cache_size = -1000000;
    CREATE TABLE events (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, ts INTEGER NOT NULL, wall INTEGER,
        node TEXT, pid TEXT, type TEXT, module TEXT, function TEXT, arity INTEGER, correlation TEXT,
        call TEXT, ast_node TEXT, duration INTEGER, data TEXT);
    CREATE UNIQUE INDEX by_id ON events(id);
    CREATE INDEX by_ts ON events(ts);
    CREATE INDEX by_pid ON events(pid, ts);
    CREATE INDEX by_function ON events(module, function, arity, ts) WHERE module IS NOT NULL;
    CREATE INDEX by_correlation ON events(correlation, ts);
    CREATE INDEX by_ast_node ON events(ast_node, ts) WHERE ast_node IS NOT NULL;";

const INSERT: &str = "INSERT INTO events
    (id, ts, wall, node, pid, type, module, function, arity, correlation, call, ast_node, duration, data)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// A database that rows go into.
pub struct Sqlite(Connection);

impl Sqlite {
    pub fn new() -> Self {
        let db = Connection::open_in_memory().expect("SQLite opens");
        db.execute_batch(SCHEMA).expect("the schema is valid");
        Self(db)
    }

    /// Inserts a batch in one transaction.
    pub fn insert(&self, rows: &[Row<'_>]) {
        let Self(db) = self;
        db.execute_batch("BEGIN").expect("a transaction begins");
        let mut statement = db.prepare_cached(INSERT).expect("the statement is valid");
        for row in rows {
            let Row { event_id, timestamp, wall_time, node, pid, event_type, correlation_id, .. } = row;
            let Row { call_id, ast_node_id, duration_ns, data, .. } = row;
            let (module, name, arity) = match row.function {
                Some(Function { module, name, arity }) => (Some(module), Some(name), Some(arity)),
                None => (None, None, None),
            };
            let who = (event_id, timestamp, wall_time, node, pid, event_type);
            let (id, ts, wall, node, pid, kind) = who;
            let inserted = statement.execute((
                id,
                ts,
                wall,
                node,
                pid,
                kind,
                module,
                name,
                arity,
                correlation_id,
                call_id,
                ast_node_id,
                duration_ns,
                data,
            ));
            assert_eq!(inserted.expect("the row is new"), 1);
        }
        drop(statement);
        db.execute_batch("COMMIT").expect("it commits");
    }
}

/// CPU time of this thread.
pub fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells it");
    Duration::from_nanos(text.split_whitespace().next().and_then(|ns| ns.parse().ok()).expect("a number"))
}
