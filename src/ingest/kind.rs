//! What is a JSON object, by the names of its members?

use serde_json::value::RawValue;

use super::format::Format;
use super::tape::Tape;
use super::{jaeger, otlp, times, zipkin};
use crate::event;

/// What one object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Event,
    /// An export of OTLP, or one part of such a thing.
    Export,
    ResourceSpans,
    OtlpSpan,
    JaegerTrace,
    JaegerSpan,
    ZipkinSpan,
    ChromeEntry,
    /// Something known that is not read.
    Foreign(&'static str),
    /// Nothing known.
    Unknown,
}

impl Kind {
    /// Judges an object by its names, and the first byte of each value.
    pub(super) fn of(members: &[(&str, u8)]) -> Self {
        let names: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
        let has = |name: &str| names.contains(&name);
        let all = |expected: &[&str]| expected.iter().all(|name| has(name));
        let is_text = |name: &str| members.contains(&(name, b'"'));
        if is_text("ph") && (has("pid") || has("ts") || has("name")) {
            Self::ChromeEntry
        } else if members.iter().any(|(name, first)| otlp::is_export(name, *first)) {
            Self::Export
        } else if otlp::is_resource_spans(&names) {
            Self::ResourceSpans
        } else if otlp::is_span(&names) {
            Self::OtlpSpan
        } else if jaeger::is_span(&names) {
            Self::JaegerSpan
        } else if jaeger::is_trace(&names) {
            Self::JaegerTrace
        } else if zipkin::is_span(&names) {
            Self::ZipkinSpan
        } else if let Some(what) = foreign(&all, &has).filter(|_| !SURE.iter().any(|name| has(name))) {
            Self::Foreign(what)
        } else if all(&["durationNano", "traceID"]) || all(&["durationNano", "trace_id"]) {
            Self::Foreign("an export of SigNoz")
        } else if names.iter().any(|name| event::is_field(name) || times::is_time(name)) {
            Self::Event
        } else {
            Self::Unknown
        }
    }

    /// Whether it is part of a trace of spans.
    pub(super) const fn is_trace(self) -> bool {
        matches!(self.format(), Some(Format::Otlp | Format::Jaeger | Format::Zipkin))
    }

    /// The recording it is of. `None`: it is of none.
    pub(super) const fn format(self) -> Option<Format> {
        Some(match self {
            Self::Event => Format::Lines,
            Self::Export | Self::ResourceSpans | Self::OtlpSpan => Format::Otlp,
            Self::JaegerTrace | Self::JaegerSpan => Format::Jaeger,
            Self::ZipkinSpan => Format::Zipkin,
            Self::ChromeEntry => Format::ChromeTrace,
            Self::Foreign(_) | Self::Unknown => return None,
        })
    }
}

/// What an object is; of anything else nothing is known.
pub(super) fn kind_of(text: &[u8]) -> Kind {
    let names = names(text);
    Kind::of(&names.iter().map(|(name, first)| (&**name, *first)).collect::<Vec<_>>())
}

/// The names of an object's members, and the first byte of each value.
pub(super) fn names(text: &[u8]) -> Vec<(String, u8)> {
    let Ok(raw) = serde_json::from_slice::<&RawValue>(text) else { return Vec::new() };
    let tape = Tape::read(raw.get());
    let members = tape.root().members().into_iter().flatten();
    members
        .map(|(name, value)| (name.into_owned(), value.raw().as_bytes().first().copied().unwrap_or_default()))
        .collect()
}

/// Members that no other tool's file begins with.
const SURE: [&str; 9] =
    ["timestamp_ns", "ts", "wall_time", "event_id", "event_type", "pid", "module", "function", "timestamp"];

/// Files of other tools, by what they begin with.
fn foreign(all: &dyn Fn(&[&str]) -> bool, has: &dyn Fn(&str) -> bool) -> Option<&'static str> {
    let is_v8 = has("nodes") && (all(&["startTime", "endTime"]) || has("timeDeltas") || has("samples"))
        || has("head") && (has("samples") || has("startTime"));
    Some(
        if all(&["traceId", "id", "binaryAnnotations"]) || all(&["traceId", "id", "annotations"]) && !has("timestamp") {
            "a Zipkin v1 trace"
        } else if is_v8 {
            "a V8 CPU profile"
        } else if all(&["meta", "threads"]) {
            "a Firefox profile"
        } else if all(&["version", "recording"]) {
            "a Safari timeline"
        } else if all(&["profiles", "shared"]) || all(&["$schema", "profiles"]) {
            "a speedscope profile"
        } else if all(&["columns", "events"]) || all(&["status", "data"]) {
            "an export of SigNoz"
        } else if all(&["trace_id", "id", "start_time"]) {
            "an AWS X-Ray trace"
        } else {
            return None;
        },
    )
}

/// A text that is no JSON, by its first lines: what it is, in a few words.
pub(super) fn of_text(head: &[u8]) -> &'static str {
    let text = String::from_utf8_lossy(head);
    let first = text.trim_start();
    let lower = first.get(..64).unwrap_or(first).to_ascii_lowercase();
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        return "an HTML page (a systrace, perhaps)";
    }
    if lower.starts_with("# tracer:") || lower.starts_with("tracer:") {
        return "a systrace";
    }
    if lower.starts_with("%% analysis results")
        || first.contains("{analysis_options")
        || first.contains("{  analysis_options")
    {
        return "the analysis of an fprof trace; import the trace that fprof wrote instead";
    }
    let mut lines = first.lines().filter(|line| !line.trim().is_empty()).take(20).peekable();
    let is_stack = |line: &str| {
        line.contains(';')
            && line.rsplit_once(' ').is_none_or(|(_, count)| count.parse::<f64>().is_ok() || count.contains(';'))
    };
    if lines.peek().is_some() && lines.all(is_stack) {
        return "a list of stacks, as eflame and other flame graph tools write it";
    }
    "a text that holds no events"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_known_by_its_names() {
        for (names, expected) in [
            ("ts", Kind::Event),
            ("resource_spans", Kind::Export),
            ("metadata resourceLogs", Kind::Export),
            ("resource instrumentationLibrarySpans", Kind::ResourceSpans),
            ("span_id start_time_unix_nano trace_id", Kind::OtlpSpan),
            ("spans traceID processes", Kind::JaegerTrace),
            ("traceID spanID operationName", Kind::JaegerSpan),
            ("timestamp id traceId", Kind::ZipkinSpan),
            ("nodes samples", Kind::Foreign("a V8 CPU profile")),
            ("traceId id annotations binaryAnnotations", Kind::Foreign("a Zipkin v1 trace")),
            ("foo", Kind::Unknown),
            ("", Kind::Unknown),
        ] {
            let members: Vec<(&str, u8)> = names.split_whitespace().map(|name| (name, b'[')).collect();
            assert_eq!(Kind::of(&members), expected, "{names}");
        }
    }

    #[test]
    fn a_text_is_named() {
        for (text, expected) in [
            ("main;a;b 12\nmain;a 1\n", "eflame"),
            ("%% Analysis results:\n{  analysis_options,", "fprof"),
            ("# tracer: nop\n#\n", "systrace"),
            ("dear diary", "no events"),
        ] {
            assert!(of_text(text.as_bytes()).contains(expected), "{text}");
        }
    }
}
