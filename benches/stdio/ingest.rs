//! What does an event cost, from the pipe to the last index?

use std::fmt::Write;
use std::time::{Duration, Instant};

use super::child::Child;
use super::events::{Events, Names, Row};
use super::rows::{Sqlite, cpu};
use super::{BATCH, tell};

/// As the generator makes them.
fn whole(_: &mut Row<'_>) {}

/// About 350 bytes: the same keys, a short payload.
fn lean(row: &mut Row<'_>) {
    let payload: serde_json::Value = serde_json::from_str(&row.data).expect("the generator writes JSON");
    let mut data = serde_json::Map::new();
    for (key, value) in payload.as_object().into_iter().flatten() {
        if key.ends_with("_pid") {
            data.insert(key.clone(), value.clone());
        }
    }
    data.insert("args".to_owned(), serde_json::json!(["1", ":timer"]));
    row.data = serde_json::Value::Object(data).to_string();
}

/// A line that stores these rows.
fn line(id: usize, rows: &[Row<'_>]) -> String {
    let mut line = format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"store_events","arguments":{{"events":["#
    );
    for (at, row) in rows.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        write!(line, "{comma}{}", row.json()).expect("a String takes everything");
    }
    line.push_str("]}}}\n");
    line
}

/// Stores events; some of their ids.
pub fn fill(child: &mut Child, names: &Names, events: usize) -> Vec<String> {
    let mut stream = Events::new(names);
    let mut ids = Vec::new();
    for id in 0..events / BATCH {
        let rows = stream.batch(BATCH);
        ids.push(rows[0].event_id.clone());
        let reply = child.ask(&line(id, &rows));
        assert!(reply.contains("\"stored\":1000,"), "{reply}");
    }
    ids
}

/// Time spent on a round.
#[derive(Clone, Copy)]
struct Spent {
    clock: Duration,
    cpu: Duration,
}

/// Lines to a server, written as fast as it reads them.
fn feed(child: &mut Child, lines: &[String]) -> Spent {
    let (cpu, started) = (child.cpu(), Instant::now());
    child.feed(lines, |reply| assert!(reply.contains("\"stored\":1000,"), "{reply}"));
    Spent { clock: started.elapsed(), cpu: child.cpu().saturating_sub(cpu) }
}

fn insert(db: &Sqlite, batches: &[Vec<Row<'_>>]) -> Spent {
    let (before, started) = (cpu(), Instant::now());
    for rows in batches {
        db.insert(rows);
    }
    Spent { clock: started.elapsed(), cpu: cpu().saturating_sub(before) }
}

/// Batches of one round.
const ROUND: usize = 50;

/// The three in turn, round by round, each with the same events: what slows the machine down slows all of them.
fn measure(names: &Names, events: usize, shape: fn(&mut Row<'_>)) -> (Vec<[Spent; 3]>, usize) {
    let (mut ours, mut stock, sqlite) = (Child::ours(), Child::stock(), Sqlite::new());
    let mut stream = Events::new(names);
    let mut bytes = 0;
    let rounds = events.div_ceil(ROUND * BATCH);
    let rounds = (0..rounds).map(|round| {
        let batches: Vec<Vec<Row<'_>>> = (0..ROUND)
            .map(|_| {
                let mut rows = stream.batch(BATCH);
                rows.iter_mut().for_each(shape);
                rows
            })
            .collect();
        let lines: Vec<String> = batches.iter().enumerate().map(|(at, rows)| line(round * ROUND + at, rows)).collect();
        bytes = lines.iter().map(String::len).sum::<usize>() / (ROUND * BATCH);
        [feed(&mut ours, &lines), feed(&mut stock, &lines), insert(&sqlite, &batches)]
    });
    (rounds.collect(), bytes)
}

/// The middle one.
fn median(of: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = of.collect();
    all.sort_unstable_by(f64::total_cmp);
    all[all.len() / 2]
}

pub fn run(names: &Names, events: usize) {
    for (what, shape) in [("lean", lean as fn(&mut Row<'_>)), ("whole", whole)] {
        let (rounds, size) = measure(names, events, shape);
        let us = |spent: Duration| spent.as_nanos() as f64 / 1e3 / (ROUND * BATCH) as f64;
        for (who, name) in ["ours", "rmcp's own stdio", "SQLite given rows"].into_iter().enumerate() {
            let clock = median(rounds.iter().map(|round| us(round[who].clock)));
            let slower = median(rounds.iter().map(|round| us(round[who].clock) / us(round[0].clock)));
            // Of all rounds: a server's is counted in hundredths of a second.
            let cpu = |who: usize| us(rounds.iter().map(|round| round[who].cpu).sum()) / rounds.len() as f64;
            let (cpu, more) = (cpu(who), cpu(who) / cpu(0));
            let costs = format!("{clock:.2} ({slower:.1}x), {cpu:.2} ({more:.1}x)");
            tell(&format!("{what} events of {size} bytes, {name}: clock, CPU, us"), costs);
        }
    }
}
