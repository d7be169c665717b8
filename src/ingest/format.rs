//! What kind of recording is a file, judged by its first bytes and never by its name?

use std::fmt;

use super::{crash_dump, log};

/// How a recording is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Format {
    /// One JSON event per line.
    Lines,
    /// A JSON array of events, bare or as `{"events": [...]}`.
    Array,
    /// A session folder of `ElixirScope`'s player.
    Session,
    /// What `dbg:trace_port` and `ttb` write: `<<0, Length:32, Term>>`, and `<<1, N:32>>` for N dropped.
    Dbg,
    /// `<<Length:32, Term>>`, as sockets with `{packet, 4}` and `scope.exs` send it.
    Packets,
    /// OTLP/JSON spans, as the file exporter of the OpenTelemetry collector writes them.
    Otlp,
    /// Chrome's trace event format.
    ChromeTrace,
    /// `erl_crash.dump`.
    CrashDump,
    /// Entries of a log: Elixir's and Erlang's loggers as text, `LoggerJSON`, ECS, GELF and pino as JSON lines.
    Log,
}

impl Format {
    /// The name shown in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lines => "events, one per line",
            Self::Array => "array of events",
            Self::Session => "session folder",
            Self::Dbg => "dbg trace",
            Self::Packets => "packets of terms",
            Self::Otlp => "OTLP trace",
            Self::ChromeTrace => "Chrome trace",
            Self::CrashDump => "crash dump",
            Self::Log => "log",
        }
    }

    /// Judges a file by its start. An empty file holds no lines.
    ///
    /// # Errors
    /// What the file is instead, and what is read.
    pub(super) fn of(head: &[u8]) -> Result<Self, String> {
        if let Some(format) = of_terms(head)? {
            return Ok(format);
        }
        let start = head.get(..BINARY_BYTES).unwrap_or(head);
        if start.contains(&0) {
            let bytes: Vec<String> = start.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            return Err(format!("starts with the bytes {}, which no recording does; {KNOWN}", bytes.join(" ")));
        }
        of_text(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start())
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is said where nothing known was found.
pub(super) const KNOWN: &str = "read are events as JSON (one per line, or an array), binary traces (dbg, ttb, {packet, \
                                4}), OTLP/JSON traces, Chrome traces, crash dumps and logs, each also as gzip or zstd";

/// First byte of an external term.
const VERSION: u8 = 131;

/// A zero byte among the first so many: no text.
const BINARY_BYTES: usize = 512;

fn of_terms(head: &[u8]) -> Result<Option<Format>, String> {
    // A dropped record says nothing of the bytes after it, so what follows must look like a record, too.
    let after_dropped = |head: &[u8]| match head.get(5..).unwrap_or_default() {
        [] | [1, ..] => true,
        [0, rest @ ..] => rest.get(4).is_none_or(|byte| *byte == VERSION),
        _ => false,
    };
    Ok(match head {
        [0, _, _, _, _, VERSION, ..] => Some(Format::Dbg),
        [1, ..] if head.len() > 4 && after_dropped(head) => Some(Format::Dbg),
        [_, _, _, _, VERSION, ..] => Some(Format::Packets),
        // Cut within its first record.
        [0 | 1, ..] if head.len() < 6 => Some(Format::Dbg),
        // Text never has this byte here: it would continue a character that did not begin.
        [size, VERSION, ..] if *size < 0x80 => {
            return Err("holds no trace but what ttb says about one: its .ti file; name the trace beside it".to_owned());
        }
        _ => None,
    })
}

fn of_text(text: &[u8]) -> Result<Format, String> {
    if crash_dump::is_one(text) {
        return Ok(Format::CrashDump);
    }
    if log::is_one(text) {
        return Ok(Format::Log);
    }
    match text {
        // An event per line starts with `{` too; the others are told by their keys.
        [b'{', ..] => of_members(&members(text)),
        [b'[', rest @ ..] => {
            let first = members(rest.trim_ascii_start());
            let has = |name: &[u8]| first.iter().any(|member| member.name == name);
            let is_phase = |member: &Member<'_>| member.name == b"ph" && matches!(member.value, [b'"', _, b'"', ..]);
            let is_chrome = first.iter().any(is_phase) && (has(b"pid") || has(b"ts") || has(b"name"));
            Ok(if is_chrome { Format::ChromeTrace } else { Format::Array })
        }
        _ => Ok(Format::Lines),
    }
}

fn of_members(members: &[Member<'_>]) -> Result<Format, String> {
    let array = |name: &[u8]| members.iter().any(|member| member.name == name && member.value.starts_with(b"["));
    if members.first().is_some_and(|first| first.name == b"events" && first.value.starts_with(b"[")) {
        return Ok(Format::Array);
    }
    if array(b"resourceSpans") {
        return Ok(Format::Otlp);
    }
    if array(b"traceEvents") {
        return Ok(Format::ChromeTrace);
    }
    for (name, what) in [(&b"resourceLogs"[..], "logs"), (b"resourceMetrics", "metrics")] {
        if array(name) {
            return Err(format!("holds OTLP {what}; of OTLP only traces are read"));
        }
    }
    Ok(Format::Lines)
}

/// A member of an object.
#[derive(Debug, PartialEq, Eq)]
struct Member<'a> {
    name: &'a [u8],
    /// The text from its value on.
    value: &'a [u8],
}

/// The members of the object a text starts with, as far as the text goes; none if it starts otherwise.
fn members(text: &[u8]) -> Vec<Member<'_>> {
    let mut members = Vec::new();
    let (mut at, mut depth) = (0, 0_u32);
    while let Some(byte) = text.get(at) {
        at += 1;
        match byte {
            b'{' if at == 1 => depth = 1,
            _ if depth == 0 => break,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b'"' => {
                let Some(length) = string_length(text.get(at..).unwrap_or_default()) else { break };
                let name = text.get(at..at + length).unwrap_or_default();
                at += length + 1;
                let rest = text.get(at..).unwrap_or_default().trim_ascii_start();
                if let (1, Some(value)) = (depth, rest.strip_prefix(b":")) {
                    members.push(Member { name, value: value.trim_ascii_start() });
                }
            }
            _ => {}
        }
    }
    members
}

/// Length of a string that starts after its quote.
fn string_length(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    text.iter().position(|byte| {
        let is_end = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        is_end
    })
}

/// Whether a text file in a folder is worth reading as events: its first line is an object. A named file is read
/// whatever it is, and what is wrong with it told line by line.
pub(super) fn is_first_line_an_object(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let (line, is_whole) = match memchr::memchr(b'\n', text) {
        Some(end) => (text.get(..end).unwrap_or_default(), true),
        None => (text, false),
    };
    line.starts_with(b"{") && (!is_whole || serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &[u8], expected: Format) {
        assert_eq!(Format::of(head), Ok(expected), "{}", head.escape_ascii());
    }

    #[test]
    fn a_start_tells_the_format() {
        for head in [
            &b"\0\0\0\0\x05\x83h\0ab"[..],
            b"\x01\0\0\0\x07",
            b"\x01\0\0\0\x83\0\0\0\0\x01\x83",
            b"\0",
            b"\0\0\0\0\x05",
        ] {
            check(head, Format::Dbg);
        }
        check(b"\x01\0\0\0\x07\x01\0\0\0\x07\0\0\0\0", Format::Dbg);
        check(b"\0\0\0\x05\x83h\0", Format::Packets);
        check(b"\x01\0\0\x05\x83h\0", Format::Packets);
        for head in [&b""[..], b"\n", br#"{"ts": 1}"#, br#"{"id": 1, "data": {"resourceSpans": []}}"#, b"hello"] {
            check(head, Format::Lines);
        }
        for head in [&b"[]"[..], br#"[{"ts": 1, "ph": 3}]"#, br#" {"events": [] }"#, b"\xef\xbb\xbf[1]"] {
            check(head, Format::Array);
        }
        check(br#"{"resourceSpans" : [ {"#, Format::Otlp);
        check(br#"[ {"name": "a \" b", "ph": "B", "ts": 1"#, Format::ChromeTrace);
        check(br#"{"otherData": {"a": [1, "]"]}, "displayTimeUnit": "ns", "traceEvents":["#, Format::ChromeTrace);
    }

    #[test]
    fn what_is_no_recording_is_told() {
        for (head, expected) in [
            (&b"\x7fELF\0\0"[..], "7f 45 4c 46"),
            (b"\x13\x83h\x02", ".ti file"),
            (br#"{"resourceLogs": []}"#, "OTLP logs"),
        ] {
            let told = Format::of(head).unwrap_err();
            assert!(told.contains(expected), "{told}");
        }
    }
}
