//! Which recording is a text file? What it holds is known by its structure, document by document, in whatever order.

mod object;
mod walk;

use super::chrome::Chrome;
use super::format::{Bytes, Format, KNOWN};
use super::framing::{Framing, framing};
use super::input::Input;
use super::job::Stop;
use super::kind;
use super::otlp::{self, Otlp};
use super::out::Out;
use super::parts::{Part, Small};
use super::report::Place;
use super::{Found, MAX_EVENT_BYTES, crash_dump, cut_short, lines, log};

/// Arrays in arrays that are read.
const MAX_NESTED: usize = 2;

/// Complaints that are kept until it is known whether the file holds anything that is read.
const MAX_WAITING: usize = 1 << 10;

/// What was read of a file.
#[derive(Debug, Default)]
pub(super) struct Documents {
    otlp: Otlp,
    chrome: Chrome,
    /// What the file was found to hold, in the order found.
    pub(super) formats: Vec<Format>,
    /// What the file is, where it is nothing that is read.
    foreign: Option<String>,
    /// What is wrong with what came before anything was known; the rest of it is counted.
    waiting: Vec<(Place, String)>,
    more_waiting: u64,
    is_array: bool,
    /// Whether events lie in an array, or in an object around one: nothing else is read.
    only_arrays: bool,
    /// Members that no event takes.
    left: otlp::NotKept,
}

impl Documents {
    /// Nothing read, of a file that holds an array of events or an object around one, and nothing else.
    pub(super) fn of_array() -> Self {
        Self { only_arrays: true, ..Self::default() }
    }

    /// Reads a file to its end, of which the first bytes say this.
    pub(super) fn read(&mut self, out: &mut Out<'_, '_>, input: &mut Input, bytes: Bytes) -> Result<(), Stop> {
        let read = match bytes {
            Bytes::Proto => otlp::read_proto(&mut self.otlp, out, input),
            Bytes::Blocks => otlp::read_blocks(&mut self.otlp, out, input),
            Bytes::Text | Bytes::Terms(_) => self.text(out, input),
        };
        if matches!(bytes, Bytes::Proto | Bytes::Blocks) {
            self.known(out, Format::Otlp);
        }
        if self.is_array && self.formats.is_empty() && self.waiting.is_empty() && self.foreign.is_none() {
            self.formats.push(Format::Array);
        }
        let flushed = self.chrome.flush(out, input);
        for note in self.chrome.note().into_iter().chain(self.note()) {
            out.job.note_file(note);
        }
        read.and(flushed)
    }

    /// What was left out of the file.
    fn note(&mut self) -> Option<String> {
        self.left.add(std::mem::take(&mut self.otlp.not_kept));
        let of = if self.formats.contains(&Format::Otlp) { "; of OTLP only spans and their resources are" } else { "" };
        Some(format!("not kept: {}{of}", self.left.told()?))
    }

    /// What the file is instead, if it holds nothing that is read.
    pub(super) fn refusal(&self) -> Option<String> {
        if self.formats.iter().all(|format| *format == Format::Otlp) {
            if let Some(told) = self.otlp.has_no_traces() {
                return Some(told);
            }
        }
        let is_nothing = self.formats.is_empty() && (!self.waiting.is_empty() || self.foreign.is_some());
        let what = || self.foreign.clone().unwrap_or_else(|| "holds JSON without any field of an event".to_owned());
        is_nothing.then(|| format!("{}; {KNOWN}", what()))
    }

    fn text(&mut self, out: &mut Out<'_, '_>, input: &mut Input) -> Result<(), Stop> {
        input.skip_byte_order_mark().map_err(cut_short)?;
        skip_space(out, input)?;
        let head = input.peek().map_err(cut_short)?;
        if self.only_arrays {
            let is_one = matches!(head.first(), Some(b'[' | b'{'));
            return if is_one { self.documents(out, input) } else { Err(Stop::Here(NO_ARRAY.to_owned())) };
        }
        if crash_dump::is_one(head) {
            self.known(out, Format::CrashDump);
            return crash_dump::read(out.job, input, out.batch, out.name);
        }
        if log::is_one(head) {
            self.known(out, Format::Log);
            return log::read(out.job, input, out.batch, out.name);
        }
        match framing(head) {
            Framing::Text => {
                self.foreign = Some(format!("is {}", kind::of_text(head)));
                Ok(())
            }
            Framing::Lines => self.lines(out, input),
            Framing::Documents => self.documents(out, input),
        }
    }

    /// An object on each line.
    fn lines(&mut self, out: &mut Out<'_, '_>, input: &mut Input) -> Result<(), Stop> {
        let mut text = Vec::new();
        loop {
            skip_space(out, input)?;
            let Some(found) = lines::next(input, &mut text).map_err(cut_short)? else { return Ok(()) };
            // An array that is written line by line, with or without its brackets.
            let line = text.trim_ascii();
            let line = line.strip_suffix(b",").filter(|line| line.ends_with(b"}")).unwrap_or(line);
            if matches!(line, b"[" | b"]") {
                continue;
            }
            if self.is_simple() || found.bytes > MAX_EVENT_BYTES as u64 {
                self.object(out, input, found, line)?;
                continue;
            }
            // Known parts first: of an export there may be one a line, wrapped or not.
            match Self::whole(found, line) {
                Ok(_) => match self.walk(out, &mut input.within(line.to_vec(), found.line)) {
                    Err(Stop::Here(message) | Stop::At(_, message)) => self.wrong(out, found, message),
                    other => drop(other?),
                },
                Err(message) => self.wrong(out, found, message),
            }
        }
    }

    fn documents(&mut self, out: &mut Out<'_, '_>, input: &mut Input) -> Result<(), Stop> {
        let mut is_sequence = false;
        loop {
            skip_space(out, input)?;
            let line = input.line;
            match input.peek_byte().map_err(cut_short)? {
                None => return Ok(()),
                Some(b'{') => {
                    let has_parts = self.walk(out, input)?;
                    // One long line may be followed by others, each for itself.
                    let is_line = !has_parts && !is_sequence && input.line == line;
                    if is_line && input.peek_byte().map_err(cut_short)? == Some(b'\n') {
                        return self.lines(out, input);
                    }
                }
                Some(b'[') => {
                    self.is_array = true;
                    self.array(out, input, MAX_NESTED)?;
                }
                // Of a JSON text sequence.
                Some(0x1e) => {
                    is_sequence = true;
                    input.take(1, 0);
                }
                Some(_) if self.formats.is_empty() => {
                    self.foreign.get_or_insert_with(|| "is no JSON after its first document".to_owned());
                    return Ok(());
                }
                Some(_) => return Err(Stop::Here("expected nothing, or another JSON document".to_owned())),
            }
        }
    }

    /// The file holds this.
    fn known(&mut self, out: &mut Out<'_, '_>, format: Format) {
        if self.formats.contains(&format) {
            return;
        }
        self.formats.push(format);
        self.complain(out);
    }

    /// Tells what was wrong before anything was known.
    pub(super) fn complain(&mut self, out: &mut Out<'_, '_>) {
        for (place, message) in std::mem::take(&mut self.waiting) {
            out.job.reject(place, message);
        }
        out.job.reject_more(std::mem::take(&mut self.more_waiting));
    }

    /// Something that should be an event is none.
    fn wrong(&mut self, out: &mut Out<'_, '_>, found: Found, message: impl Into<String>) {
        if !self.formats.is_empty() {
            out.reject(found, message);
        } else if self.waiting.len() < MAX_WAITING {
            self.waiting.push((Place::Line(found.line), message.into()));
        } else {
            self.more_waiting += 1;
        }
    }
}

const NO_ARRAY: &str = "expected an array of events, or an object with \"events\"";

/// Skips space, of which there may be a great deal.
fn skip_space(out: &mut Out<'_, '_>, input: &mut Input) -> Result<(), Stop> {
    while input.skip_some_space().map_err(cut_short)? {
        out.job.go_on(input)?;
    }
    Ok(())
}

/// What an object without any field of an event is told.
pub(super) const NO_FIELD: &str = "no event: it has no field that events have, such as event_type or timestamp";

/// Reads one export of OTLP.
pub(super) fn export(otlp: &mut Otlp, out: &mut Out<'_, '_>, input: &mut Input) -> Result<(), Stop> {
    super::walk::members(input, &mut |input, name| otlp.member(out, input, name))
}
