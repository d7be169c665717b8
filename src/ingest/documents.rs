//! Which recording is a text file? What it holds is known by its structure, document by document, in whatever order.

use std::ops::Range;

use serde_json::value::RawValue;

use super::chrome::Chrome;
use super::format::{Format, KNOWN};
use super::framing::{Framing, framing};
use super::input::Input;
use super::job::Stop;
use super::kind::{self, Kind};
use super::otlp::{self, Otlp};
use super::out::Out;
use super::report::Place;
use super::tape::Tape;
use super::{Found, MAX_EVENT_BYTES, cut_short, jaeger, json, lines, walk, zipkin};

/// Arrays in arrays that are read.
const MAX_NESTED: usize = 2;

/// Complaints that are kept until it is known whether the file holds anything that is read.
const MAX_WAITING: usize = 1 << 10;

/// What was read of a file.
#[derive(Debug, Default)]
pub(super) struct Documents {
    pub(super) otlp: Otlp,
    chrome: Chrome,
    /// What the file was found to hold, in the order found.
    pub(super) formats: Vec<Format>,
    /// What the file is, where it is nothing that is read.
    foreign: Option<String>,
    /// What is wrong with what came before anything was known; the rest of it is counted.
    waiting: Vec<(Place, String)>,
    more_waiting: u64,
    is_array: bool,
    /// Members that no event takes.
    left: otlp::NotKept,
}

impl Documents {
    /// Reads a text to its end.
    pub(super) fn read(&mut self, out: &mut Out<'_, '_>, input: &mut Input) -> Result<(), Stop> {
        let read = self.text(out, input);
        let flushed = self.chrome.flush(out, input);
        for note in self.chrome.note().into_iter().chain(self.note()) {
            out.job.note_file(note);
        }
        read.and(flushed)
    }

    /// What was left out of the file.
    pub(super) fn note(&mut self) -> Option<String> {
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
            match self.whole(found, line) {
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

    /// The items of an array.
    fn array(&mut self, out: &mut Out<'_, '_>, input: &mut Input, nested: usize) -> Result<(), Stop> {
        json::take(input, b'[')?;
        let (mut text, mut is_first) = (Vec::new(), true);
        loop {
            let line = input.line;
            if self.needs_no_end() && json::is_at_end(input)? {
                return Ok(());
            }
            match json::more(input, b']', &mut is_first) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                // A line each, and no comma between.
                Err(_) if input.line > line && input.peek_byte().map_err(cut_short)? == Some(b'{') => {}
                Err(message) if json::is_at_end(input)? => return Err(message.into()),
                // What stands there is none of the array's; the next item is.
                Err(message) => {
                    let found = json::skip(input)?;
                    if found.bytes == 0 {
                        return Err(message.into());
                    }
                    self.wrong(out, found, message);
                    continue;
                }
            }
            // A writer that was stopped leaves a comma last.
            if self.needs_no_end() && (json::is_at_end(input)? || json::take(input, b']')?) {
                return Ok(());
            }
            input.skip_space().map_err(cut_short)?;
            match input.peek_byte().map_err(cut_short)? {
                Some(b'[') if nested > 0 => self.array(out, input, nested - 1)?,
                Some(b'{') if !self.is_simple() => {
                    self.walk(out, input)?;
                }
                _ => {
                    let found = json::value(input, &mut text)?;
                    self.object(out, input, found, text.trim_ascii())?;
                }
            }
        }
    }

    /// An array of trace events may end anywhere, by its definition.
    fn needs_no_end(&self) -> bool {
        self.formats.contains(&Format::ChromeTrace)
    }

    /// Whether what was found so far has no large parts of its own.
    fn is_simple(&self) -> bool {
        matches!(self.formats.as_slice(), [Format::Array | Format::Lines | Format::ChromeTrace | Format::Zipkin])
    }

    /// Walks an object whose parts may be large; whether it had such parts.
    fn walk(&mut self, out: &mut Out<'_, '_>, input: &mut Input) -> Result<bool, Stop> {
        input.skip_space().map_err(cut_short)?;
        let mut small = Small::begin(input.line);
        let (mut part, mut is_first) = (None, true);
        let (mut quoted, mut text) = (Vec::new(), Vec::new());
        json::take(input, b'{')?;
        while json::more(input, b'}', &mut is_first)? {
            let name = json::long_name(input, &mut quoted)?;
            input.skip_space().map_err(cut_short)?;
            let first = input.peek_byte().map_err(cut_short)?.unwrap_or_default();
            if let Some(of) = Part::of(&small, &name, first) {
                self.before(out, input, part.is_none().then_some(of), &small)?;
                part = Some(of);
                self.part(out, input, of, &name)?;
                continue;
            }
            let found = if name == "data" && first == b'[' && part.is_none() {
                match self.list(out, input, &small, &mut text)? {
                    Some(found) => found,
                    None => {
                        part = Some(Part::Traces);
                        continue;
                    }
                }
            } else {
                json::value(input, &mut text)?
            };
            let value = text.trim_ascii();
            if part.is_none() && is_wrapper(&small, &name, value) {
                self.before(out, input, Some(Part::Export), &small)?;
                part = Some(Part::Export);
                self.walk(out, &mut input.within(value.to_vec(), found.line))?;
                continue;
            }
            match part {
                Some(of) => self.around(out, input, of, (&name, found), value)?,
                None => small.take(&quoted, name, found, value),
            }
        }
        if part.is_none() {
            let (found, raw) = small.close();
            self.object(out, input, found, &raw)?;
        }
        Ok(part.is_some())
    }

    /// A large part of an object: the input stands at its value.
    fn part(&mut self, out: &mut Out<'_, '_>, input: &mut Input, part: Part, name: &str) -> Result<(), Stop> {
        self.known(out, part.format());
        match part {
            Part::Export => self.otlp.member(out, input, name),
            Part::TraceEvents | Part::Events | Part::Traces => self.array(out, input, 0),
        }
    }

    /// What stands in an object before its first large part.
    fn before(&mut self, out: &mut Out<'_, '_>, input: &Input, part: Option<Part>, small: &Small) -> Result<(), Stop> {
        let Some(part) = part else { return Ok(()) };
        self.known(out, part.format());
        small.members.iter().try_for_each(|member| {
            let value = small.raw.get(member.value.clone()).unwrap_or_default();
            self.around(out, input, part, (&member.name, member.found), value)
        })
    }

    /// What stands beside the large parts of an object.
    fn around(
        &mut self,
        out: &mut Out<'_, '_>,
        input: &Input,
        part: Part,
        (name, found): (&str, Found),
        value: &[u8],
    ) -> Result<(), Stop> {
        match part {
            Part::TraceEvents => return self.chrome.around(out, input, found, (name, value)),
            Part::Events if name == "session_id" => {
                out.batch.session_id = serde_json::from_slice(value).ok().or(out.batch.session_id.take());
            }
            // What Jaeger's API says of the list itself.
            Part::Traces if matches!(name, "total" | "limit" | "offset" | "errors") => {}
            Part::Export | Part::Events | Part::Traces => self.left.count(name, 1),
        }
        Ok(())
    }

    /// The list under `data`: of traces, which are read; else `text` is the list.
    fn list(
        &mut self,
        out: &mut Out<'_, '_>,
        input: &mut Input,
        small: &Small,
        text: &mut Vec<u8>,
    ) -> Result<Option<Found>, Stop> {
        let line = input.line;
        json::take(input, b'[')?;
        let (mut item, mut is_first) = (Vec::new(), true);
        text.clear();
        text.push(b'[');
        let mut bytes = 2;
        let mut is_traces = false;
        while json::more(input, b']', &mut is_first)? {
            let found = json::value(input, &mut item)?;
            if bytes == 2 && !small.is_event() && is_trace(kind_of(item.trim_ascii())) {
                is_traces = true;
                self.before(out, input, Some(Part::Traces), small)?;
            }
            if is_traces {
                self.object(out, input, found, item.trim_ascii())?;
                continue;
            }
            if bytes > 2 {
                text.push(b',');
            }
            bytes += found.bytes + 1;
            text.extend_from_slice(&item);
            if bytes > MAX_EVENT_BYTES as u64 {
                text.clear();
            }
        }
        text.push(b']');
        Ok((!is_traces).then_some(Found { line, bytes }))
    }

    /// An object that is small enough to be had whole, or what stands in its place.
    fn object(&mut self, out: &mut Out<'_, '_>, input: &Input, found: Found, text: &[u8]) -> Result<(), Stop> {
        match self.formats.as_slice() {
            [Format::Lines | Format::Array] => return out.batch.push_as_it_is(out.job, input, found, text),
            [Format::ChromeTrace] => return self.chrome.entry(out, input, found, text),
            [Format::Zipkin] => return zipkin::span(out, input, found, text),
            _ => {}
        }
        let kind = match self.whole(found, text) {
            Ok(kind) => kind,
            Err(message) => {
                self.wrong(out, found, message);
                return Ok(());
            }
        };
        if let Some(format) = kind.format() {
            self.known(out, if self.is_array && format == Format::Lines { Format::Array } else { format });
        }
        match kind {
            Kind::Event => out.batch.push_as_it_is(out.job, input, found, text),
            Kind::ChromeEntry => self.chrome.entry(out, input, found, text),
            Kind::Export => self.walk(out, &mut input.within(text.to_vec(), found.line)).map(|_| ()),
            Kind::ResourceSpans => self.otlp.resource_spans(out, &mut input.within(text.to_vec(), found.line)),
            Kind::OtlpSpan => self.otlp.bare_span(out, input, found, text),
            Kind::JaegerTrace => jaeger::trace(out, input, found, text),
            Kind::JaegerSpan => jaeger::span(out, input, found, text),
            Kind::ZipkinSpan => zipkin::span(out, input, found, text),
            Kind::Foreign(what) => {
                self.foreign.get_or_insert_with(|| format!("is {what}"));
                self.wrong(out, found, format!("{what}; {KNOWN}"));
                Ok(())
            }
            Kind::Unknown => {
                self.wrong(out, found, NO_FIELD);
                Ok(())
            }
        }
    }

    /// What an object is, if it is one.
    fn whole(&self, found: Found, text: &[u8]) -> Result<Kind, String> {
        if found.bytes > MAX_EVENT_BYTES as u64 {
            return Err(format!("{} bytes; an event in a file is at most {MAX_EVENT_BYTES}", found.bytes));
        }
        if let Err(error) = serde_json::from_slice::<&RawValue>(text) {
            // The parser saw one value only; its line is not the file's.
            let error = error.to_string().replace(" at line 1 column ", " at column ");
            return Err(format!("not valid JSON: {error}"));
        }
        if text.starts_with(b"{") { Ok(kind_of(text)) } else { Err("expected a JSON object".to_owned()) }
    }

    /// The file holds this.
    fn known(&mut self, out: &mut Out<'_, '_>, format: Format) {
        if self.formats.contains(&format) {
            return;
        }
        self.formats.push(format);
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

/// Skips space, of which there may be a great deal.
fn skip_space(out: &mut Out<'_, '_>, input: &mut Input) -> Result<(), Stop> {
    while input.skip_some_space().map_err(cut_short)? {
        out.job.go_on(input)?;
    }
    Ok(())
}

/// What an object without any field of an event is told.
pub(super) const NO_FIELD: &str = "no event: it has no field that events have, such as event_type or timestamp";

/// A part of an object that is read piece by piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Of an export of OTLP.
    Export,
    TraceEvents,
    Events,
    /// Traces of Jaeger, or of whoever answers like it.
    Traces,
}

impl Part {
    /// Which part of an object a member is, by its name and the first byte of its value.
    fn of(before: &Small, name: &str, first: u8) -> Option<Self> {
        let is_list = first == b'[';
        match name {
            _ if otlp::is_export(name, first) => Some(Self::Export),
            "batches" if is_list && !before.is_event() => Some(Self::Export),
            "traceEvents" if is_list => Some(Self::TraceEvents),
            "events" if is_list && !before.is_event() => Some(Self::Events),
            _ => None,
        }
    }

    const fn format(self) -> Format {
        match self {
            Self::Export => Format::Otlp,
            Self::TraceEvents => Format::ChromeTrace,
            Self::Events => Format::Array,
            Self::Traces => Format::Jaeger,
        }
    }
}

/// An object as far as it has been read, while it is small.
struct Small {
    raw: Vec<u8>,
    members: Vec<Member>,
    found: Found,
}

struct Member {
    name: String,
    found: Found,
    /// Where in the object its value lies.
    value: Range<usize>,
}

impl Small {
    fn begin(line: u64) -> Self {
        Self { raw: vec![b'{'], members: Vec::new(), found: Found { line, bytes: 2 } }
    }

    fn take(&mut self, quoted: &[u8], name: String, found: Found, value: &[u8]) {
        self.found.bytes += quoted.len() as u64 + found.bytes + 2;
        if self.found.bytes > MAX_EVENT_BYTES as u64 {
            // It is told how long it was, and nothing of it is kept.
            self.raw = Vec::new();
            self.members.clear();
            return;
        }
        if !self.members.is_empty() {
            self.raw.push(b',');
        }
        self.raw.extend_from_slice(quoted.trim_ascii());
        self.raw.push(b':');
        let start = self.raw.len();
        self.raw.extend_from_slice(value);
        self.members.push(Member { name, found, value: start..self.raw.len() });
    }

    /// Whether it says what or when it is: then what it holds is its own.
    fn is_event(&self) -> bool {
        let is_own = |name: &str| {
            matches!(
                name,
                "timestamp"
                    | "timestamp_ns"
                    | "ts"
                    | "event_type"
                    | "type"
                    | "event_id"
                    | "pid"
                    | "traceId"
                    | "trace_id"
            )
        };
        self.members.iter().any(|member| is_own(&member.name))
    }

    fn close(mut self) -> (Found, Vec<u8>) {
        self.raw.push(b'}');
        (self.found, self.raw)
    }
}

/// Whether a member is what the API of a trace store wraps an export in.
fn is_wrapper(before: &Small, name: &str, value: &[u8]) -> bool {
    matches!(name, "trace" | "traces" | "result" | "data")
        && value.starts_with(b"{")
        && !before.is_event()
        && (is_trace(kind_of(value)) || names(value).iter().any(|(name, first)| name == "batches" && *first == b'['))
}

fn is_trace(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Export | Kind::ResourceSpans | Kind::OtlpSpan | Kind::JaegerTrace | Kind::JaegerSpan | Kind::ZipkinSpan
    )
}

/// What an object is; of anything else nothing is known.
fn kind_of(text: &[u8]) -> Kind {
    let names = names(text);
    Kind::of(&names.iter().map(|(name, first)| (&**name, *first)).collect::<Vec<_>>())
}

/// The names of an object's members, and the first byte of each value.
fn names(text: &[u8]) -> Vec<(String, u8)> {
    let Ok(raw) = serde_json::from_slice::<&RawValue>(text) else { return Vec::new() };
    let tape = Tape::read(raw.get());
    let members = tape.root().members().into_iter().flatten();
    members
        .map(|(name, value)| (name.into_owned(), value.raw().as_bytes().first().copied().unwrap_or_default()))
        .collect()
}

/// Reads one export of OTLP.
pub(super) fn export(otlp: &mut Otlp, out: &mut Out<'_, '_>, input: &mut Input) -> Result<(), Stop> {
    walk::members(input, &mut |input, name| otlp.member(out, input, name))
}
