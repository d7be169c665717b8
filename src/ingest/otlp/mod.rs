//! OTLP/JSON traces: which events are the spans of a collector's file?
//!
//! The file is walked, one span of it in memory at a time: it may be one export per line, or one export altogether.

mod attributes;
mod span;

use std::collections::{BTreeMap, HashSet};

use super::batch::Batch;
use super::input::Input;
use super::job::{Job, Stop};
use super::object::Members;
use super::report::Place;
use super::trace_file::fingerprint;
use super::{Found, json};
use span::Around;

/// Resources remembered as told; of more than so many, some are told again.
const MAX_RESOURCES: usize = 1 << 16;

/// Names of members not kept that are remembered.
const MAX_NAMES: usize = 20;

/// Reads every export of the file.
pub(super) fn read(job: &mut Job<'_>, input: &mut Input, batch: &mut Batch, name: &str) -> Result<(), Stop> {
    let mut reader = Reader {
        job,
        input,
        batch,
        name,
        text: Vec::new(),
        mark: None,
        around: Around::default(),
        told: HashSet::new(),
        not_kept: BTreeMap::new(),
    };
    let outcome = reader.exports();
    let not_kept: Vec<String> = reader.not_kept.iter().map(|(name, times)| format!("{name} ({times}x)")).collect();
    if !not_kept.is_empty() {
        job.note_file(format!("not kept: {}; of OTLP only spans and their resources are", not_kept.join(", ")));
    }
    outcome
}

/// Where in the file the walk is, and what it has seen.
struct Reader<'r, 'j> {
    job: &'r mut Job<'j>,
    input: &'r mut Input,
    batch: &'r mut Batch,
    name: &'r str,
    text: Vec<u8>,
    /// Tells this file's ids and session from others', once its first span is read.
    mark: Option<String>,
    /// What the spans here are of.
    around: Around,
    /// Ids of the resources that are events already.
    told: HashSet<String>,
    /// Members no event takes, and how often they came.
    not_kept: BTreeMap<String, u64>,
}

impl Reader<'_, '_> {
    fn exports(&mut self) -> Result<(), Stop> {
        loop {
            self.input.skip_space().map_err(super::cut_short)?;
            if self.input.peek_byte().map_err(super::cut_short)?.is_none() {
                return Ok(());
            }
            self.members(|reader, name| match name {
                "resourceSpans" => reader.items(Self::resource_spans),
                other => reader.leave(other),
            })?;
        }
    }

    fn resource_spans(&mut self) -> Result<(), Stop> {
        self.around = Around::default();
        let mut had_spans = false;
        self.members(|reader, name| match name {
            "resource" if !had_spans => {
                let text = reader.value()?;
                reader.around.resource(&text);
                Ok(())
            }
            "resource" => reader.leave("resource after its spans"),
            // The older name is of OTLP before 0.15.
            "scopeSpans" | "instrumentationLibrarySpans" => {
                had_spans = true;
                reader.items(Self::scope_spans)
            }
            other => reader.leave(other),
        })
    }

    fn scope_spans(&mut self) -> Result<(), Stop> {
        self.around.scope = None;
        self.members(|reader, name| match name {
            "scope" | "instrumentationLibrary" => {
                let text = reader.value()?;
                reader.around.scope = Some(text).filter(|text| text != "{}");
                Ok(())
            }
            "spans" => reader.items(Self::span),
            other => reader.leave(other),
        })
    }

    fn span(&mut self) -> Result<(), Stop> {
        let found = json::value(self.input, &mut self.text)?;
        let text = std::mem::take(&mut self.text);
        let pushed = self.push(found, &text);
        self.text = text;
        pushed
    }

    fn push(&mut self, found: Found, text: &[u8]) -> Result<(), Stop> {
        if found.bytes > super::MAX_EVENT_BYTES as u64 {
            return self.batch.push(self.job, self.input, found, text);
        }
        let mark = self.mark.get_or_insert_with(|| fingerprint(text));
        self.batch.session_id.get_or_insert_with(|| format!("{}-{mark}", self.name));
        let parsed = serde_json::from_slice::<Members<'_>>(text).map_err(|error| format!("no span: {error}"));
        match parsed.and_then(|members| span::events(&members, &self.around, mark)) {
            Ok(events) => {
                if let Some((id, event)) = events.resource {
                    if self.told.len() < MAX_RESOURCES && self.told.insert(id) {
                        self.batch.push(self.job, self.input, found, event.as_bytes())?;
                    }
                }
                for event in events.events {
                    self.batch.push(self.job, self.input, found, event.as_bytes())?;
                }
            }
            Err(message) => self.job.reject(Place::Line(found.line), message),
        }
        Ok(())
    }

    /// Reads a value whole.
    fn value(&mut self) -> Result<String, Stop> {
        json::value(self.input, &mut self.text)?;
        Ok(String::from_utf8_lossy(self.text.trim_ascii()).into_owned())
    }

    /// Reads past a value, and remembers that it was not kept.
    fn leave(&mut self, name: &str) -> Result<(), Stop> {
        json::skip(self.input)?;
        if self.not_kept.len() < MAX_NAMES || self.not_kept.contains_key(name) {
            *self.not_kept.entry(name.to_owned()).or_default() += 1;
        }
        Ok(())
    }

    /// Walks an object.
    fn members(&mut self, mut each: impl FnMut(&mut Self, &str) -> Result<(), Stop>) -> Result<(), Stop> {
        if !json::take(self.input, b'{')? {
            return Err(Stop::Here("expected an object of an OTLP export".to_owned()));
        }
        let mut is_first = true;
        while json::more(self.input, b'}', &mut is_first)? {
            let name = json::name(self.input, &mut self.text)?;
            each(self, &name)?;
        }
        Ok(())
    }

    /// Walks an array.
    fn items(&mut self, mut each: impl FnMut(&mut Self) -> Result<(), Stop>) -> Result<(), Stop> {
        if !json::take(self.input, b'[')? {
            return Err(Stop::Here("expected an array of an OTLP export".to_owned()));
        }
        let mut is_first = true;
        while json::more(self.input, b']', &mut is_first)? {
            each(self)?;
        }
        Ok(())
    }
}
