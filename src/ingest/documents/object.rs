//! Objects that are small enough to be had whole: what each is, and who reads it.

use serde_json::value::RawValue;

use super::{Documents, Format, Input, NO_FIELD, Out, Stop};
use crate::ingest::format::KNOWN;
use crate::ingest::kind::{Kind, kind_of};
use crate::ingest::{Found, MAX_EVENT_BYTES, jaeger, zipkin};

impl Documents {
    /// An object that is small enough to be had whole, or what stands in its place.
    pub(super) fn object(
        &mut self,
        out: &mut Out<'_, '_>,
        input: &Input,
        found: Found,
        text: &[u8],
    ) -> Result<(), Stop> {
        match self.formats.as_slice() {
            [Format::Lines | Format::Array] => return out.batch.push_as_it_is(out.job, input, found, text),
            [Format::ChromeTrace] => return self.chrome.entry(out, input, found, text),
            [Format::Zipkin] => return zipkin::span(out, input, found, text),
            _ => {}
        }
        let kind = match Self::whole(found, text) {
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
    pub(super) fn whole(found: Found, text: &[u8]) -> Result<Kind, String> {
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
}
