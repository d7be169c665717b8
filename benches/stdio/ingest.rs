//! What does an event cost, from the pipe to the last index?

use std::fmt::Write;
use std::time::{Duration, Instant};

use super::child::Child;
use super::events::{Events, Names, Row};
use super::{BATCH, rows, tell};

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

struct Cost {
    cpu: Duration,
    wall: Duration,
    bytes: usize,
}

/// One call after the other, the lines made before.
fn measure(mut child: Child, names: &Names, events: usize, shape: fn(&mut Row<'_>)) -> Cost {
    let mut stream = Events::new(names);
    let mut cost = Cost { cpu: Duration::ZERO, wall: Duration::ZERO, bytes: 0 };
    for first in (0..events / BATCH).step_by(50) {
        let lines: Vec<String> = (0..50)
            .map(|at| {
                let mut rows = stream.batch(BATCH);
                rows.iter_mut().for_each(shape);
                line(first + at, &rows)
            })
            .collect();
        let (cpu, started) = (child.cpu(), Instant::now());
        for line in &lines {
            let reply = child.ask(line);
            assert!(reply.contains("\"stored\":1000,"), "{reply}");
        }
        cost.wall += started.elapsed();
        cost.cpu += child.cpu().saturating_sub(cpu);
        cost.bytes += lines.iter().map(String::len).sum::<usize>();
    }
    cost
}

pub fn run(names: &Names, events: usize) {
    let few = (events / 5).next_multiple_of(50 * BATCH);
    let many = events.next_multiple_of(50 * BATCH);
    for (what, shape) in [("lean", lean as fn(&mut Row<'_>)), ("whole", whole)] {
        let us = |spent: Duration, events: usize| spent.as_nanos() as f64 / 1e3 / events as f64;
        let ours = measure(Child::ours(), names, many, shape);
        let stock = measure(Child::stock(), names, few, shape);
        let sqlite = rows::sqlite(names, few, shape);
        let size = ours.bytes / many;
        let (a, b, c) = (us(ours.cpu, many), us(stock.cpu, few), us(sqlite, few));
        tell(&format!("{what} events of {size} bytes: CPU an event, us"), format!("{a:.2}"));
        tell("the same in events a second, by the clock", format!("{:.0}", many as f64 / ours.wall.as_secs_f64()));
        tell("the same on rmcp's own stdio, CPU, us", format!("{b:.2} ({:.1}x)", b / a));
        tell("SQLite given rows, CPU, us", format!("{c:.2} ({:.1}x)", c / a));
    }
}
