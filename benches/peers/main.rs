//! This store beside ETS and SQLite: the same stream, the same questions, one run.
//!
//! `cargo bench --bench peers -- --events 1000000`; without `--events`, 100,000 and then 1,000,000. `--quick` for a
//! few thousand. Every engine runs in a process of its own, so that its memory is its own: this program starts itself
//! again with `--engine`. The answers of this store and of SQLite are compared, event for event, before any figure
//! is shown. Prints a markdown table.
//!
//! The allocator is the system's, as in the binary. ETS brings its own.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::print_stdout,
    clippy::expect_used,
    clippy::doc_markdown,
    clippy::panic,
    reason = "a program that measures, prints, and stops at the first surprise; SQLite is a name, not code"
)]

#[path = "../events/mod.rs"]
mod events;

mod ets;
mod measure;
mod ours;
mod queries;
mod sqlite;
mod stall;
mod table;

use std::process::{Command, Stdio};

use clap::{Parser, ValueEnum};
use measure::Figures;

/// Events of one call.
const BATCH: usize = 1_000;

/// Events of one call while old ones are pruned.
const STALL_BATCH: usize = 10;

/// Prunes of a tenth each.
const PRUNE_ROUNDS: usize = 5;

/// Ids to ask for, spread over the recording.
const SAMPLED_IDS: usize = 1_000;

/// Events of the smaller measurements: one by one, two writers, from JSON.
const FEW: usize = 100_000;

/// Events of a run that only shows that everything works.
const QUICK: usize = 20_000;

/// Beyond, ETS and SQLite do not fit an ordinary machine.
const PEERS_UP_TO: usize = 2_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Engine {
    Ours,
    Sqlite,
    SqliteClustered,
    Ets,
}

#[derive(Debug, Parser)]
struct Args {
    /// Events in the store; may be given several times
    #[arg(long)]
    events: Vec<usize>,
    /// A small run that only shows that everything works
    #[arg(long)]
    quick: bool,
    /// Only these engines; all up to two million events, beyond only ours
    #[arg(long, value_delimiter = ',')]
    engines: Vec<Engine>,
    /// Measure one engine in this process and print its figures
    #[arg(long)]
    engine: Option<Engine>,
    /// Given by `cargo bench`; without it (`cargo test`) the run is quick
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let mut args = Args::parse();
    if args.quick || !args.bench {
        args.events = vec![QUICK];
    } else if args.events.is_empty() {
        args.events = vec![100_000, 1_000_000];
    }
    if let Some(engine) = args.engine {
        for events in args.events {
            let _printed = measure_here(engine, events);
        }
        return;
    }
    for events in &args.events {
        compare(*events, &args);
    }
}

fn measure_here(engine: Engine, events: usize) -> Figures {
    match engine {
        Engine::Ours => ours::run(events),
        Engine::Sqlite => sqlite::run(events, sqlite::Layout::Rowid),
        Engine::SqliteClustered => sqlite::run(events, sqlite::Layout::Clustered),
        Engine::Ets => panic!("ETS has a script of its own"),
    }
}

fn measure_in_child(engine: Engine, events: usize) -> Figures {
    let value = engine.to_possible_value().expect("no variant is skipped");
    eprintln!("{}, {events} events", value.get_name());
    let output = Command::new(std::env::current_exe().expect("it is running"))
        .args(["--bench", "--engine", value.get_name(), "--events", &events.to_string()])
        .stderr(Stdio::inherit())
        .output()
        .expect("this program starts again");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{engine:?} failed:\n{text}");
    Figures::read(&text)
}

fn compare(events: usize, args: &Args) {
    let wanted = |engine: Engine| match &args.engines[..] {
        [] => engine != Engine::SqliteClustered && (engine == Engine::Ours || events <= PEERS_UP_TO),
        engines => engines.contains(&engine),
    };
    let child = |engine: Engine| wanted(engine).then(|| measure_in_child(engine, events));
    let ours = child(Engine::Ours);
    let sqlite = child(Engine::Sqlite).or_else(|| child(Engine::SqliteClustered));
    let ets = if wanted(Engine::Ets) { ets::run(events) } else { None };
    if let (Some(ours), Some(sqlite)) = (&ours, &sqlite) {
        table::assert_same_answers(ours, sqlite);
    }
    let (ets, notes) = ets.unzip();
    print!("{}", table::markdown(events, ours.as_ref(), ets.as_ref(), sqlite.as_ref(), notes.as_deref()));
}
