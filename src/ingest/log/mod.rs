//! Logs: which events are the entries of a log, written as text or as a JSON object a line?
//!
//! An entry is a `log` event. Lines that begin none belong to the entry before them. Where an entry tells that a process
//! ended by an error, its `process_exit` is an event, too.

mod crash;
mod entry;
mod json;
mod level;
mod text;
mod when;

use std::collections::HashSet;

use super::batch::Batch;
use super::input::Input;
use super::job::{Job, Stop};
use super::report::Place;
use super::trace_file::fingerprint;
use super::{Found, MAX_EVENT_BYTES, cut_short, lines};
use crash::Crash;
use entry::Entry;
use when::When;

/// Lines of a file that may stand before its first entry: what a program says when it is started.
const MAX_BEFORE: usize = 20;

/// Bytes of one entry; of more lines the number is told.
const MAX_BYTES: usize = 1 << 20;

/// Processes whose end was told that are remembered: one end may be told by several entries.
const MAX_ENDED: usize = 1 << 16;

/// A time of day so much earlier than the one before is one of the next day.
const HALF_A_DAY_NS: i64 = 43_200_000_000_000;

/// Whether a file starts like a log.
pub(super) fn is_one(head: &[u8]) -> bool {
    let whole = |line: &&[u8]| !line.trim_ascii().is_empty();
    let mut lines = head.split(|byte| *byte == b'\n').filter(whole).take(MAX_BEFORE);
    match head.trim_ascii_start().first() {
        Some(b'{') => lines.next().is_some_and(|line| json::read(line.trim_ascii()).is_some()),
        // JSON of another kind, or nothing.
        Some(b'"') | None => false,
        Some(_) => lines.any(|line| text::begin(&String::from_utf8_lossy(line)).is_some()),
    }
}

/// Reads the whole file.
pub(super) fn read(job: &mut Job<'_>, input: &mut Input, batch: &mut Batch, name: &str) -> Result<(), Stop> {
    let mut log = Log::new(name);
    let outcome = log.lines(job, input, batch);
    let end = match outcome {
        Err(Stop::Cancelled) => Ok(()),
        _ => log.finish(job, input, batch),
    };
    log.tell(job);
    outcome.and(end)
}

/// An entry whose lines are being read.
struct Open {
    found: Found,
    entry: Entry,
    is_json: bool,
}

/// A log, as far as it was read.
struct Log<'n> {
    name: &'n str,
    /// Start of its ids, once its first entry was read.
    mark: Option<String>,
    open: Option<Open>,
    entries: u64,
    before: u64,
    /// The last time of day, and the days before it.
    of_day: Option<i64>,
    days: i64,
    is_local: bool,
    ended: HashSet<String>,
    /// The last entry, if it tells the end of a process without its pid: the entry, its number, the days before it.
    unnamed: Option<(Found, Entry, u64, i64, Crash)>,
}

impl<'n> Log<'n> {
    fn new(name: &'n str) -> Self {
        Self {
            name,
            mark: None,
            open: None,
            entries: 0,
            before: 0,
            of_day: None,
            days: 0,
            is_local: false,
            ended: HashSet::new(),
            unnamed: None,
        }
    }

    fn lines(&mut self, job: &mut Job<'_>, input: &mut Input, batch: &mut Batch) -> Result<(), Stop> {
        let mut bytes = Vec::new();
        while let Some(found) = lines::next(input, &mut bytes).map_err(cut_short)? {
            if found.bytes > MAX_EVENT_BYTES as u64 {
                job.reject(
                    Place::Line(found.line),
                    format!("{} bytes; a line is at most {MAX_EVENT_BYTES}", found.bytes),
                );
                continue;
            }
            let line = bytes.trim_ascii_end();
            let is_json = line.trim_ascii_start().first() == Some(&b'{');
            let begun = if is_json { json::read(line) } else { text::begin(&String::from_utf8_lossy(line)) };
            match begun {
                Some(entry) => {
                    self.close(job, input, batch)?;
                    self.mark.get_or_insert_with(|| fingerprint(line));
                    self.open = Some(Open { found, entry, is_json });
                }
                // An event among the entries, or an object that is none: whoever reads events says which.
                None if is_json && self.open.as_ref().is_none_or(|open| open.is_json) => {
                    self.close(job, input, batch)?;
                    batch.push_as_it_is(job, input, found, line)?;
                }
                None => self.follow(line),
            }
        }
        Ok(())
    }

    /// A line that begins no entry is of the one before.
    fn follow(&mut self, line: &[u8]) {
        let Some(Open { entry, .. }) = &mut self.open else {
            self.before += 1;
            return;
        };
        if entry.message.len() + line.len() >= MAX_BYTES {
            entry.lines_left_out += 1;
            return;
        }
        if !entry.message.is_empty() {
            entry.message.push('\n');
        }
        entry.message.push_str(&text::without_colours(&String::from_utf8_lossy(line)));
    }

    /// The entry is whole: its events.
    fn close(&mut self, job: &mut Job<'_>, input: &Input, batch: &mut Batch) -> Result<(), Stop> {
        let Some(Open { found, entry, .. }) = self.open.take() else { return Ok(()) };
        self.entries += 1;
        match entry.when {
            Some(When::OfDay(ns)) => {
                if self.of_day.is_some_and(|last| last.saturating_sub(ns) > HALF_A_DAY_NS) {
                    self.days += 1;
                }
                self.of_day = Some(ns);
            }
            Some(When::Local(_)) => self.is_local = true,
            _ => {}
        }
        let is_grave = matches!(&*entry.level, "error" | "critical" | "alert" | "emergency");
        let text =
            entry.error.as_ref().map_or_else(|| entry.message.clone(), |error| format!("{}\n{error}", entry.message));
        let crash = if is_grave { Crash::read(&text, entry.pid.as_deref()) } else { None };
        let crash = crash.filter(|crash| self.is_first(crash));
        let mark = self.mark.clone().unwrap_or_default();
        batch.session_id.get_or_insert_with(|| format!("{}-{mark}", self.name));
        let place = (&*mark, self.entries, self.days);
        batch.push(job, input, found, entry.log(place).as_bytes())?;
        // What has only a name until here may be told with its pid by the very next entry: the report of the same end.
        if let Some((found, earlier, number, days, mut end)) = self.unnamed.take() {
            let same = crash.as_ref().filter(|crash| crash.name == end.name);
            end.pid = same.and_then(|crash| crash.pid.clone());
            batch.push(job, input, found, earlier.exit((&mark, number, days), &end).as_bytes())?;
            if same.is_some() {
                return Ok(());
            }
        }
        match crash {
            Some(crash) if crash.pid.is_none() => {
                self.unnamed = Some((found, entry, self.entries, self.days, crash));
            }
            Some(crash) => batch.push(job, input, found, entry.exit(place, &crash).as_bytes())?,
            None => {}
        }
        Ok(())
    }

    /// No entry comes any more.
    fn finish(&mut self, job: &mut Job<'_>, input: &Input, batch: &mut Batch) -> Result<(), Stop> {
        self.close(job, input, batch)?;
        let mark = self.mark.clone().unwrap_or_default();
        let Some((found, entry, number, days, crash)) = self.unnamed.take() else { return Ok(()) };
        batch.push(job, input, found, entry.exit((&mark, number, days), &crash).as_bytes())
    }

    /// Whether it is the first that tells the end of this process.
    fn is_first(&mut self, crash: &Crash) -> bool {
        // A name is taken again by the next process that has it.
        let Some(pid) = &crash.pid else { return true };
        if self.ended.len() >= MAX_ENDED {
            self.ended.clear();
        }
        self.ended.insert(pid.clone())
    }

    fn tell(&self, job: &mut Job<'_>) {
        if self.before > 0 {
            job.note_file(format!("{} lines before the first entry were not read", self.before));
        }
        if self.of_day.is_some() {
            job.note_file("the log names no date: times count from midnight of its first day".to_owned());
        }
        if self.is_local {
            job.note_file("the log names no time zone: its times were read as UTC".to_owned());
        }
    }
}
