//! Which texts have been read and not yet stored?

use std::borrow::Cow;
use std::ops::Range;

use super::documents::NO_FIELD;
use super::job::{BATCH_BYTES, BATCH_EVENTS, Job, Stop};
use super::report::Place;
use super::tape::Tape;
use super::times::{DOUBTFUL, Times, is_doubtful};
use super::{Found, Input, MAX_EVENT_BYTES};
use crate::error::Error;
use crate::event::{Event, is_field};

/// Events on their way from a text file to the store.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Session of the events that name none.
    pub(super) session_id: Option<String>,
    /// The good texts, one after the other.
    text: String,
    read: Vec<Read>,
    times: Times,
    /// The last time that was read as nanoseconds.
    before: Option<i64>,
    is_doubt_told: bool,
}

/// One event read: its line, and its text or why it has none.
#[derive(Debug)]
struct Read {
    line: u64,
    text: Result<Range<usize>, String>,
}

impl Batch {
    pub(super) fn new(session_id: Option<String>) -> Self {
        Self { session_id, ..Self::default() }
    }

    /// Takes one event as its file has it; stores the batch when it is time.
    pub(super) fn push_as_it_is(
        &mut self,
        job: &mut Job<'_>,
        input: &Input,
        found: Found,
        text: &[u8],
    ) -> Result<(), Stop> {
        let mut told = None;
        let text = match str::from_utf8(text) {
            Ok(text) => self.times.settle(text.trim_ascii(), &mut told),
            Err(_) => return self.push(job, input, found, text),
        };
        if let Some(told) = told {
            job.note_file(told);
        }
        self.push(job, input, found, text.as_bytes())
    }

    /// Takes one event; stores the batch when it is time.
    pub(super) fn push(&mut self, job: &mut Job<'_>, input: &Input, found: Found, text: &[u8]) -> Result<(), Stop> {
        let text = if found.bytes > MAX_EVENT_BYTES as u64 {
            Err(format!("{} bytes; an event in a file is at most {MAX_EVENT_BYTES}", found.bytes))
        } else {
            self.keep(text)
        };
        self.read.push(Read { line: found.line, text });
        if self.read.len() < BATCH_EVENTS && self.text.len() < BATCH_BYTES {
            return Ok(());
        }
        self.flush(job);
        job.go_on(input)
    }

    fn keep(&mut self, text: &[u8]) -> Result<Range<usize>, String> {
        let text =
            str::from_utf8(text).map_err(|error| format!("not UTF-8 text after byte {}", error.valid_up_to()))?;
        let start = self.text.len();
        self.text.push_str(text.trim_ascii());
        Ok(start..self.text.len())
    }

    /// Stores what was taken.
    pub(super) fn flush(&mut self, job: &mut Job<'_>) {
        let mut events = Vec::with_capacity(self.read.len());
        let mut lines = Vec::with_capacity(self.read.len());
        let (mut before, mut is_doubtful) = (self.before, false);
        for Read { line, text } in &self.read {
            let text = text.clone().map(|range| self.text.get(range).unwrap_or_default());
            match text.map_err(Error::invalid).and_then(event) {
                Ok(event) => {
                    is_doubtful |= self.is_doubtful(&event, &mut before);
                    let mut event = self.in_session(event);
                    job.hid(event.redact(&job.options.redact));
                    events.push(event);
                    lines.push(*line);
                }
                // The parser saw one line only; its "line 1" is not the file's.
                Err(error) => {
                    let message = error.to_string().replace(" at line 1 column ", " at column ");
                    job.reject(Place::Line(*line), message);
                }
            }
        }
        job.store(&events, |index| Place::Line(lines.get(index).copied().unwrap_or_default()));
        drop(events);
        self.text.clear();
        self.read.clear();
        self.before = before;
        if is_doubtful && !std::mem::replace(&mut self.is_doubt_told, true) {
            job.note_file(DOUBTFUL.to_owned());
        }
    }

    /// Whether the time of an event of a file that writes nanoseconds may be meant otherwise.
    fn is_doubtful(&self, event: &Event<'_>, before: &mut Option<i64>) -> bool {
        let Some(ns) = event.timestamp.filter(|_| self.times == Times::Plain && event.wall_time.is_none()) else {
            return false;
        };
        before.replace(ns).is_some_and(|before| is_doubtful(ns, before))
    }

    fn in_session<'e>(&self, event: Event<'e>) -> Event<'e> {
        match &self.session_id {
            Some(session) if event.session_id.is_none() => event.session_id(Cow::Owned(session.clone())),
            _ => event,
        }
    }
}

/// An event; an object without any of its fields is none.
fn event(text: &str) -> crate::error::Result<Event<'_>> {
    let event = Event::parse(text)?;
    if event.is_bare() && !Tape::read(text).root().members().into_iter().flatten().any(|(name, _)| is_field(&name)) {
        return Err(Error::invalid(NO_FIELD));
    }
    Ok(event)
}
