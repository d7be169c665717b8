//! Documents whose parts may be large, part by part.

use super::{Documents, Format, Input, NO_ARRAY, Out, Part, Small, Stop};
use crate::ingest::kind::{Kind, kind_of};
use crate::ingest::parts::is_wrapper;
use crate::ingest::{Found, MAX_EVENT_BYTES, cut_short, json};

/// Names of one object that are remembered.
const MAX_NAMES: usize = 32;

impl Documents {
    /// The items of an array.
    pub(super) fn array(&mut self, out: &mut Out<'_, '_>, input: &mut Input, nested: usize) -> Result<(), Stop> {
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
    pub(super) fn is_simple(&self) -> bool {
        matches!(self.formats.as_slice(), [Format::Array | Format::Lines | Format::ChromeTrace | Format::Zipkin])
    }

    /// Walks an object whose parts may be large; whether it had such parts.
    pub(super) fn walk(&mut self, out: &mut Out<'_, '_>, input: &mut Input) -> Result<bool, Stop> {
        input.skip_space().map_err(cut_short)?;
        let mut small = Small::begin(input.line);
        let (mut part, mut is_first) = (None, true);
        let (mut quoted, mut text, mut names) = (Vec::new(), Vec::new(), Vec::new());
        json::take(input, b'{')?;
        while json::more(input, b'}', &mut is_first)? {
            let name = json::long_name(input, &mut quoted)?;
            input.skip_space().map_err(cut_short)?;
            let first = input.peek_byte().map_err(cut_short)?.unwrap_or_default();
            if names.len() < MAX_NAMES {
                names.push((name.clone(), first));
            }
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
        if part.is_none() && self.only_arrays && !self.is_array {
            return Err(Stop::Here(NO_ARRAY.to_owned()));
        }
        if part == Some(Part::Events) && self.formats.is_empty() {
            let names: Vec<(&str, u8)> = names.iter().map(|(name, first)| (name.as_str(), *first)).collect();
            if let Kind::Foreign(what) = Kind::of(&names) {
                self.foreign.get_or_insert_with(|| format!("is {what}"));
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
        self.is_array |= part == Part::Events;
        match part {
            Part::Export => self.otlp.member(out, input, name),
            Part::TraceEvents | Part::Events | Part::Traces => self.array(out, input, 0),
        }
    }

    /// What stands in an object before its first large part.
    fn before(&mut self, out: &mut Out<'_, '_>, input: &Input, part: Option<Part>, small: &Small) -> Result<(), Stop> {
        let Some(part) = part else { return Ok(()) };
        // Whether a list called so holds events, these say.
        if part != Part::Events {
            self.known(out, part.format());
        }
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
            if bytes == 2 && !small.is_event() && kind_of(item.trim_ascii()).is_trace() {
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
}
