//! Chrome traces: which events are the entries of a trace event file?
//!
//! `{"traceEvents": [...]}` or the bare array, which by its definition needs no end. One entry is in memory at a time.

mod entry;
mod micros;

use super::batch::Batch;
use super::input::Input;
use super::job::{Job, Stop};
use super::object::Object;
use super::report::Place;
use super::{Found, MAX_EVENT_BYTES, cut_short, json};
use entry::{Entries, Made};

/// Entries without a time that wait for one; more than so many are stamped on arrival.
const MAX_WAITING: usize = 4096;

/// Reads the whole file.
pub(super) fn read(job: &mut Job<'_>, input: &mut Input, batch: &mut Batch, name: &str) -> Result<(), Stop> {
    let mut reader = Reader { job, input, batch, entries: Entries::new(name), waiting: Vec::new(), time: None };
    let outcome = reader.file();
    reader.flush_waiting().and(outcome)
}

struct Reader<'r, 'j> {
    job: &'r mut Job<'j>,
    input: &'r mut Input,
    batch: &'r mut Batch,
    entries: Entries,
    /// Entries that carry no time (names of processes and threads, mostly ahead of all others): they get that of the
    /// first that does.
    waiting: Vec<(Found, Object)>,
    /// Time of the newest entry that carries one.
    time: Option<i64>,
}

impl Reader<'_, '_> {
    fn file(&mut self) -> Result<(), Stop> {
        if !json::take(self.input, b'{')? {
            return self.array(true);
        }
        let (mut text, mut is_first) = (Vec::new(), true);
        while json::more(self.input, b'}', &mut is_first)? {
            let name = json::name(self.input, &mut text)?;
            if name == "traceEvents" {
                self.array(false)?;
                continue;
            }
            let found = json::value(self.input, &mut text)?;
            self.around(found, &name, &text)?;
        }
        Ok(())
    }

    /// What the file says besides its entries.
    fn around(&mut self, found: Found, name: &str, text: &[u8]) -> Result<(), Stop> {
        let value =
            str::from_utf8(text).ok().filter(|value| serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok());
        let Some(value) = value else {
            self.job.reject(Place::Line(found.line), format!("{name}: no JSON, or above {MAX_EVENT_BYTES} bytes"));
            return Ok(());
        };
        let event = self.entries.around(name, value.trim());
        self.push(found, event)
    }

    fn array(&mut self, is_bare: bool) -> Result<(), Stop> {
        if !json::take(self.input, b'[')? {
            return Err(Stop::Here("expected an array of trace events".to_owned()));
        }
        let (mut text, mut is_first) = (Vec::new(), true);
        loop {
            if is_bare && self.is_at_end()? || !json::more(self.input, b']', &mut is_first)? {
                return Ok(());
            }
            // A writer that was stopped leaves a comma last.
            if is_bare && self.is_at_end()? || json::take(self.input, b']')? {
                return Ok(());
            }
            let found = json::value(self.input, &mut text)?;
            if found.bytes > MAX_EVENT_BYTES as u64 {
                self.batch.push(self.job, self.input, found, &text)?;
                continue;
            }
            match self.entries.take(&text) {
                Ok(made) => self.push(found, made)?,
                Err(message) => self.job.reject(Place::Line(found.line), message),
            }
        }
    }

    fn is_at_end(&mut self) -> Result<bool, Stop> {
        self.input.skip_space().map_err(cut_short)?;
        Ok(self.input.peek_byte().map_err(cut_short)?.is_none())
    }

    fn push(&mut self, found: Found, made: Made) -> Result<(), Stop> {
        if self.batch.session_id.is_none() {
            self.batch.session_id = self.entries.session_id();
        }
        let Made { mut event, time } = made;
        if time.is_some() {
            self.time = time;
            self.flush_waiting()?;
        } else if let Some(ns) = self.time {
            event.number("timestamp", ns);
        } else if self.waiting.len() < MAX_WAITING {
            self.waiting.push((found, event));
            return Ok(());
        }
        self.batch.push(self.job, self.input, found, event.close().as_bytes())
    }

    fn flush_waiting(&mut self) -> Result<(), Stop> {
        for (found, mut event) in std::mem::take(&mut self.waiting) {
            if let Some(ns) = self.time {
                event.number("timestamp", ns);
            }
            self.batch.push(self.job, self.input, found, event.close().as_bytes())?;
        }
        Ok(())
    }
}
