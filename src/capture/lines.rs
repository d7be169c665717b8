//! One connection that carries JSON, an event a line: which events, and what is wrong with the others?

use super::Hub;
use super::reader::{Filled, Patience, Reader};
use super::status::{Counts, Ledger};
use crate::event::Event;
use crate::ingest::MAX_EVENT_BYTES;

/// Events stored in one step.
const BATCH_EVENTS: usize = 1000;

/// A connection being read.
pub(super) struct Lines<'a> {
    hub: &'a Hub,
    ledger: &'a Ledger,
    reader: Reader<'a>,
    number: u64,
    /// Session of the events that name none.
    session_id: String,
    /// Lines before.
    lines: u64,
}

impl<'a> Lines<'a> {
    /// `lines` were passed over already.
    pub(super) fn new(hub: &'a Hub, ledger: &'a Ledger, reader: Reader<'a>, lines: u64) -> Self {
        let (number, session_id) = ledger.begin();
        Self { hub, ledger, reader, number, session_id, lines }
    }

    /// Reads to the end; what was wrong with the connection, if something was.
    pub(super) fn run(mut self) -> Option<String> {
        // No line ends among so many of the first bytes; only what came since is looked through.
        let mut searched = 0;
        loop {
            let bytes = self.reader.bytes();
            if let Some(end) = memchr::memrchr(b'\n', &bytes[searched..]).map(|end| searched + end) {
                self.store(end + 1);
            } else if bytes.len() > MAX_EVENT_BYTES {
                return Some(format!(
                    "line {}, byte {}: the line has no end within {MAX_EVENT_BYTES} bytes",
                    self.lines + 1,
                    self.reader.offset()
                ));
            }
            searched = self.reader.bytes().len();
            match self.reader.fill(Patience::Endless) {
                Filled::Bytes | Filled::Quiet => {}
                Filled::Full(busy) => {
                    if let Some(error) = self.pass_over(&busy) {
                        return Some(error);
                    }
                    searched = 0;
                }
                Filled::End => {
                    self.store_last();
                    return None;
                }
                Filled::Failed(error) => {
                    self.store_last();
                    return Some(error);
                }
            }
        }
    }

    /// The last line needs no line end; one that was cut is told.
    fn store_last(&mut self) {
        self.store(self.reader.bytes().len());
    }

    /// Passes over a line that there is no room for, and says so; what was wrong with the connection meanwhile.
    fn pass_over(&mut self, busy: &str) -> Option<String> {
        let start = self.reader.offset();
        self.lines += 1;
        self.hub.complain(self.ledger, &format!("line {}, byte {start}: passed over: {busy}", self.lines));
        self.hub.store.count_rejected(1);
        self.ledger.took(self.number, Counts { records: 1, rejected: 1, ..Counts::default() }, None);
        loop {
            let bytes = self.reader.bytes();
            if let Some(end) = memchr::memchr(b'\n', bytes) {
                self.reader.take(end + 1);
                return None;
            }
            self.reader.take(bytes.len());
            match self.reader.fill(Patience::Endless) {
                Filled::Bytes | Filled::Quiet => {}
                Filled::End => return None,
                Filled::Failed(error) | Filled::Full(error) => return Some(error),
            }
        }
    }

    /// Stores the events of the lines in the next so many bytes, and takes them.
    fn store(&mut self, bytes: usize) {
        let mut events = Vec::new();
        let (mut counts, mut at) = (Counts::default(), self.reader.offset());
        for line in self.reader.bytes()[..bytes].split_inclusive(|byte| *byte == b'\n') {
            self.lines += 1;
            let start = at;
            at += line.len() as u64;
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            counts.records += 1;
            match read(line) {
                Ok(mut event) => {
                    counts.redacted += event.redact(&self.hub.redact);
                    let is_named = event.session_id.is_some();
                    events.push(if is_named { event } else { event.session_id(self.session_id.clone()) });
                }
                Err(error) => {
                    counts.rejected += 1;
                    self.hub.complain(self.ledger, &format!("line {}, byte {start}: {error}", self.lines));
                }
            }
            if events.len() == BATCH_EVENTS {
                self.hand_over(&mut events, &mut counts);
            }
        }
        self.hand_over(&mut events, &mut counts);
        drop(events);
        self.reader.take(bytes);
    }

    fn hand_over(&self, events: &mut Vec<Event<'_>>, counts: &mut Counts) {
        if *counts == Counts::default() {
            return;
        }
        let last_ns = events.iter().filter_map(|event| event.timestamp.or(event.wall_time)).max();
        self.hub.store.count_rejected(counts.rejected);
        self.hub.store.count_redacted(counts.redacted);
        let report = self.hub.store.store_events(events);
        for rejected in &report.rejected {
            self.hub.complain(self.ledger, &format!("line {} or before: {}", self.lines, rejected.error));
        }
        counts.events += events.len() as u64;
        counts.duplicates += report.duplicates;
        counts.rejected += report.rejected.len() as u64;
        self.ledger.took(self.number, *counts, last_ns);
        events.clear();
        *counts = Counts::default();
    }
}

fn read(line: &[u8]) -> Result<Event<'_>, String> {
    let text = str::from_utf8(line).map_err(|error| format!("not UTF-8 text after byte {}", error.valid_up_to()))?;
    // The parser saw one line only; its "line 1" is not the stream's.
    Event::parse(text).map_err(|error| error.to_string().replace(" at line 1 column ", " at column "))
}
