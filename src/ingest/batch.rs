//! What has been read and not yet stored? Hands it to the store and adds up what became of it.

use std::borrow::Cow;
use std::ops::Range;

use super::{Complaint, Found, ImportReport, MAX_COMPLAINTS, MAX_EVENT_BYTES};
use crate::error::Error;
use crate::event::Event;
use crate::store::EventStore;

/// Events stored in one step: enough that the store's lock is taken rarely, few enough that the limits are kept
/// closely. The measured rate is flat from 500 on.
const BATCH_EVENTS: usize = 1000;

/// Text at which a batch is stored before it has [`BATCH_EVENTS`], so that large events do not pile up.
const BATCH_BYTES: usize = 8 << 20;

/// Events on their way from a file to the store.
pub(super) struct Batch<'s> {
    store: &'s EventStore,
    /// Session of the events that name none.
    session: Option<String>,
    /// The good texts, one after the other.
    text: String,
    read: Vec<Read>,
    pub(super) report: ImportReport,
}

/// One event read: its line, and its text or why it has none.
struct Read {
    line: u64,
    text: Result<Range<usize>, String>,
}

impl<'s> Batch<'s> {
    pub(super) fn new(store: &'s EventStore, session: Option<String>) -> Self {
        Self { store, session, text: String::new(), read: Vec::new(), report: ImportReport::default() }
    }

    /// Takes one event. Says whether it is time to flush.
    pub(super) fn push(&mut self, found: Found, text: &[u8]) -> bool {
        let text = if found.bytes > MAX_EVENT_BYTES as u64 {
            Err(format!("{} bytes; an event in a file is at most {MAX_EVENT_BYTES}", found.bytes))
        } else {
            self.keep(text)
        };
        self.read.push(Read { line: found.line, text });
        self.read.len() >= BATCH_EVENTS || self.text.len() >= BATCH_BYTES
    }

    fn keep(&mut self, text: &[u8]) -> Result<Range<usize>, String> {
        let text =
            str::from_utf8(text).map_err(|error| format!("not UTF-8 text after byte {}", error.valid_up_to()))?;
        let start = self.text.len();
        self.text.push_str(text.trim_ascii());
        Ok(start..self.text.len())
    }

    /// Stores what was taken.
    pub(super) fn flush(&mut self) {
        let mut events = Vec::with_capacity(self.read.len());
        let mut bad = Vec::new();
        for Read { line, text } in &self.read {
            let text = text.clone().map(|range| self.text.get(range).unwrap_or_default());
            match text.map_err(Error::invalid).and_then(Event::parse) {
                Ok(event) => events.push(self.in_session(event)),
                Err(error) => bad.push((*line, error)),
            }
        }
        let accepted = events.iter().filter_map(|event| event.timestamp.or(event.wall_time));
        let span = accepted.fold(self.report.span, |span, ns| {
            Some(span.map_or((ns, ns), |(first, last)| (first.min(ns), last.max(ns))))
        });
        let stored = self.store.store_events(&events);
        self.store.count_rejected(bad.len() as u64);

        let report = &mut self.report;
        report.events += self.read.len() as u64;
        report.stored += stored.stored;
        report.replaced += stored.replaced;
        report.duplicates += stored.duplicates;
        report.rejected += (bad.len() + stored.rejected.len()) as u64;
        report.timestamps_assigned += stored.timestamps_assigned;
        report.pruned += stored.pruned;
        report.span = span;
        let room = MAX_COMPLAINTS.saturating_sub(report.first_errors.len());
        let complaints = bad.into_iter().take(room);
        report.first_errors.extend(complaints.map(|(line, error)| {
            // The parser saw one line only; its "line 1" is not the file's.
            let message = error.to_string().replace(" at line 1 column ", " at column ");
            Complaint { line, message }
        }));
        self.text.clear();
        self.read.clear();
    }

    fn in_session<'e>(&self, event: Event<'e>) -> Event<'e> {
        match &self.session {
            Some(session) if event.session_id.is_none() => event.session_id(Cow::Owned(session.clone())),
            _ => event,
        }
    }
}
