//! Chrome traces: which events are the entries of a trace event file?
//!
//! Entries may come in any order: what a thread is called often comes last. So they are kept until the file ends, or until
//! [`HELD_BYTES`] of them are there, and made into events in the order of their times.

mod entry;
pub(super) mod micros;
mod names;
mod open;

use std::ops::Range;

use super::Found;
use super::input::Input;
use super::job::Stop;
use super::object::{Members, Object};
use super::out::Out;
use entry::{OpenSpans, When};
use names::Names;

/// Text of entries that is kept until their order is known. A file with more is read in parts of so much.
const HELD_BYTES: usize = 128 << 20;

/// Entries after which it is asked whether somebody still wants them.
const ENTRIES_A_STEP: usize = 1024;

/// One entry that is kept; its text is with the others'.
#[derive(Debug)]
struct Held {
    found: Found,
    text: Range<usize>,
    when: When,
    number: u64,
    /// What the file says besides its entries: under this name.
    around: Option<String>,
}

/// What was read of a file's entries.
#[derive(Debug, Default)]
pub(super) struct Chrome {
    text: String,
    held: Vec<Held>,
    names: Names,
    open: OpenSpans,
    read: u64,
    /// The smallest time so far.
    first: Option<i64>,
    parts: u64,
}

impl Chrome {
    /// One entry.
    pub(super) fn entry(
        &mut self,
        out: &mut Out<'_, '_>,
        input: &Input,
        found: Found,
        text: &[u8],
    ) -> Result<(), Stop> {
        out.mark(text);
        let Some(json) = out.json(found, text, "trace event") else { return Ok(()) };
        let entry: Members<'_> = match serde_json::from_str(json) {
            Ok(entry) => entry,
            Err(error) => {
                out.reject(found, format!("no trace event: {}", at_column(&error)));
                return Ok(());
            }
        };
        // Writers that put a comma before each entry begin with an empty one.
        if entry.0.is_empty() {
            return Ok(());
        }
        match entry::when(&entry) {
            Ok(when) => {
                if entry.text("ph").as_deref() == Some("M") {
                    self.names.learn(&entry);
                }
                self.hold(out, input, found, json, when, None)
            }
            Err(message) => {
                out.reject(found, message);
                Ok(())
            }
        }
    }

    /// What the file says besides its entries.
    pub(super) fn around(
        &mut self,
        out: &mut Out<'_, '_>,
        input: &Input,
        found: Found,
        (name, value): (&str, &[u8]),
    ) -> Result<(), Stop> {
        let Some(json) = out.json(found, value, name) else { return Ok(()) };
        out.mark(value);
        let when = When { at: None, lasted: None };
        self.hold(out, input, found, json, when, Some(name.to_owned()))
    }

    fn hold(
        &mut self,
        out: &mut Out<'_, '_>,
        input: &Input,
        found: Found,
        json: &str,
        when: When,
        around: Option<String>,
    ) -> Result<(), Stop> {
        let start = self.text.len();
        self.text.push_str(json);
        self.first = self.first.into_iter().chain(when.at).min();
        self.held.push(Held { found, text: start..self.text.len(), when, number: self.read, around });
        self.read += 1;
        if self.text.len() >= HELD_BYTES {
            return self.flush(out, input);
        }
        if self.held.len().is_multiple_of(ENTRIES_A_STEP) {
            return out.job.go_on(input);
        }
        Ok(())
    }

    /// Makes events of what is kept.
    pub(super) fn flush(&mut self, out: &mut Out<'_, '_>, input: &Input) -> Result<(), Stop> {
        if self.held.is_empty() {
            return Ok(());
        }
        self.parts += 1;
        let mark = out.mark(b"");
        let mut held = std::mem::take(&mut self.held);
        // What has no time comes first. Of whole spans that begin at one time, the longer ones are around the others.
        held.sort_by_key(|one| (one.when.at, one.when.lasted.map_or(i64::MIN, |ns| -ns)));
        let text = std::mem::take(&mut self.text);
        for one in &held {
            let json = text.get(one.text.clone()).unwrap_or_default();
            let id = format!("{mark}-{}", one.number);
            let made = match &one.around {
                Some(name) => Ok(self.metadata(&id, name, json)),
                None => serde_json::from_str::<Members<'_>>(json)
                    .map_err(|error| at_column(&error))
                    .and_then(|entry| entry::event(&entry, (&id, self.first), &self.names, &mut self.open)),
            };
            match made {
                Ok(event) => out.push(input, one.found, &event.close())?,
                Err(message) => out.reject(one.found, message),
            }
        }
        Ok(())
    }

    fn metadata(&self, id: &str, name: &str, value: &str) -> Object {
        let mut data = Object::new();
        data.text("name", name);
        data.raw("value", value);
        let mut event = Object::new();
        event.text("event_id", id);
        event.text("event_type", "metadata");
        if let Some(ns) = self.first {
            event.number("timestamp", ns);
        }
        event.raw("data", &data.close());
        event
    }

    /// What whoever reads the recording should know of how it was read.
    pub(super) fn note(&self) -> Option<String> {
        (self.parts > 1).then(|| {
            format!(
                "read in {} parts of {HELD_BYTES} bytes: what one part tells of threads and ends of spans that an earlier \
                 part holds is not joined",
                self.parts
            )
        })
    }
}

/// The parser saw one entry only; its line is not the file's.
fn at_column(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}
