//! The figures side by side, as DESIGN.md shows them.

use std::fmt::Write;
use std::fs;

use super::measure::Figures;
use super::queries::QUESTIONS;
use super::{PRUNE_ROUNDS, ets, sqlite};
use crate::events::{Names, average_bytes};

/// Every question must have the same matches and the same page in both.
pub fn assert_same_answers(ours: &Figures, sqlite: &Figures) {
    for question in QUESTIONS.iter().filter(|question| question.name != "by_id") {
        for part in ["total", "returned", "digest"] {
            let figure = format!("q.{}.{part}", question.name);
            let (a, b) = (ours.get(&figure), sqlite.get(&figure));
            assert!(a.is_some() && a == b, "{figure}: ours {a:?}, SQLite {b:?}");
        }
    }
}

/// Three figures that mean something, and no more.
fn short(value: f64) -> String {
    match value.abs() {
        below_ten if below_ten < 10.0 => format!("{value:.2}"),
        below_hundred if below_hundred < 100.0 => format!("{value:.1}"),
        _ => {
            let digits = format!("{value:.0}");
            let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|g| str::from_utf8(g).ok()).collect();
            groups.join(",")
        }
    }
}

struct Table<'f> {
    text: String,
    engines: [Option<&'f Figures>; 3],
}

impl Table<'_> {
    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        writeln!(self.text, "{text}").expect("a String takes everything");
    }

    /// One figure of the three engines, and how many times smaller ours is.
    fn row(&mut self, label: &str, figure: &str) {
        let [ours, ets, sqlite] = self.engines.map(|engine| engine.and_then(|figures| figures.get(figure)));
        let cell = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), short);
        let ratio = |theirs: Option<f64>| {
            theirs
                .zip(ours)
                .filter(|(_, ours)| *ours > 0.0)
                .map_or_else(|| "-".to_owned(), |(a, b)| format!("{}x", short(a / b)))
        };
        let p99 = self.engines[0].and_then(|ours| ours.get(&figure.replace("p50", "p99")));
        let p99 = if figure.ends_with("p50_us") { cell(p99) } else { String::new() };
        self.line(format_args!(
            "| {label} | {} | {p99} | {} | {} | {} | {} |",
            cell(ours),
            cell(ets),
            cell(sqlite),
            ratio(ets),
            ratio(sqlite)
        ));
    }
}

pub fn markdown(
    events: usize,
    ours: Option<&Figures>,
    ets: Option<&Figures>,
    sqlite: Option<&Figures>,
    ets_notes: Option<&str>,
) -> String {
    let mut table = Table { text: String::new(), engines: [ours, ets, sqlite] };
    let (json, payload) = average_bytes(&Names::new());
    table.line(format_args!(
        "\n### {} events of {json} bytes JSON, {payload} of them id and payload\n",
        short(events as f64)
    ));
    table.line(format_args!("`cargo bench --bench peers -- --events {events}` on {}.\n", machine()));
    table.line(format_args!("| | ours | p99 | ETS | SQLite | ETS / ours | SQLite / ours |"));
    table.line(format_args!("|---|---|---|---|---|---|---|"));
    table.row("insert, batches of 1,000, µs an event", "insert_batch_us");
    table.row("the same in the median batch, µs an event", "insert_batch_median_us");
    table.row("insert, one by one, µs", "insert_one_us");
    table.row("insert, two writers in turn, batches of 1,000, µs an event", "insert_two_writers_us");
    table.row("insert from JSON text, batches of 1,000, µs an event", "insert_json_us");
    table.row("longest batch, ms", "insert_batch_worst_ms");
    table.row("resident memory, bytes an event", "bytes_per_event");
    table.row("resident memory of the process, MB", "process_mb");
    for question in QUESTIONS {
        let mark = if question.peers_index { "" } else { " †" };
        table.row(&format!("{}{mark}, µs", question.label), &format!("q.{}.p50_us", question.name));
    }
    table.row("prune the oldest tenth, ms", "prune_ms");
    table.row("longest wait of a reader meanwhile, ms", "prune_read_stall_ms");
    table.row("the same, worst of all rounds, ms", "prune_read_stall_worst_ms");
    table.row("longest wait of a writer meanwhile, ms", "prune_write_stall_ms");
    table.row("the same, worst of all rounds, ms", "prune_write_stall_worst_ms");
    table.row("resident memory before, MB", "prune_rss_before_mb");
    table.row("resident memory after, MB", "prune_rss_after_mb");
    table.line(format_args!(
        "\nMedians; every question has limit 100 and the exact number of matches. † no index in the peers. Pids: ours \
         match in any role, the peers' the subject. Times leave out what a thread spent ready but without a core, \
         for the machine was shared (ETS: not in its waits); waits are the median of {PRUNE_ROUNDS} rounds, the worst of each."
    ));
    if let Some(ours) = ours {
        let figure = |name: &str| short(ours.get(name).unwrap_or(f64::NAN));
        table.line(format_args!(
            "Ours: {} bytes an event by its own count, {} MB at the peak; without a prune the reader's longest wait is \
             {} ms, the writer's {} ms.",
            figure("accounted_bytes_per_event"),
            figure("peak_mb"),
            figure("idle_read_worst_ms"),
            figure("idle_write_worst_ms")
        ));
    }
    if let Some(notes) = ets_notes {
        table.line(format_args!("ETS: per figure the best of {notes}."));
    }
    table.text
}

fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?").to_owned();
    let otp = ets::version().map_or_else(|| "no Erlang".to_owned(), |otp| format!("OTP {otp}"));
    format!("{cores} cores of {model} (load {load}), {otp}, SQLite {}", sqlite::version())
}
