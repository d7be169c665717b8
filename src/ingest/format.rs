//! What kinds of recordings are there, and which of the binary ones starts like this? Never judged by a file's name.

use std::fmt;

use super::otlp::{self, Signal};
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
    /// OTLP spans, as JSON or protobuf.
    Otlp,
    /// Chrome's trace event format.
    ChromeTrace,
    /// Jaeger's JSON, of its UI, its API or its storage.
    Jaeger,
    /// Zipkin v2's JSON.
    Zipkin,
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
            Self::Jaeger => "Jaeger trace",
            Self::Zipkin => "Zipkin trace",
            Self::CrashDump => "crash dump",
            Self::Log => "log",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is said where nothing known was found.
pub(super) const KNOWN: &str = "read are events as JSON (one per line, or an array), binary traces (dbg, ttb, {packet, \
                                4}), traces of OTLP (JSON or protobuf), Jaeger, Zipkin v2 and Chrome, crash dumps and logs, \
                                each also as gzip or zstd";

/// First byte of an external term.
const VERSION: u8 = 131;

/// What a text does not hold is looked for in so many bytes.
const BINARY_BYTES: usize = 512;

/// How a file is read, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bytes {
    /// Records of terms.
    Terms(Format),
    /// OTLP as protobuf.
    Proto,
    /// Blocks of OTLP with their lengths.
    Blocks,
    Text,
}

/// Judges a file by its start. An empty file is a text.
///
/// # Errors
/// What the file is instead, and what is read.
pub(super) fn bytes(head: &[u8]) -> Result<Bytes, String> {
    if otlp::is_blocks(head) {
        return Ok(Bytes::Blocks);
    }
    if let Some(format) = of_terms(head)? {
        return Ok(Bytes::Terms(format));
    }
    let start = head.get(..BINARY_BYTES).unwrap_or(head);
    if is_text(start) {
        return Ok(Bytes::Text);
    }
    let is_not = |what: &str| Err(format!("is {what}; {KNOWN}"));
    match otlp::signal(head) {
        Some(Signal::Traces) => Ok(Bytes::Proto),
        Some(Signal::Metrics) => Err("holds OTLP metrics; of OTLP only traces are read".to_owned()),
        Some(Signal::Logs) => Err("holds OTLP logs; of OTLP only traces are read".to_owned()),
        Some(Signal::Pprof) => is_not("a pprof profile"),
        Some(Signal::Perfetto) => is_not("a Perfetto trace"),
        // What is no text, and nothing known, is told by what it starts with, unless its lines tell more.
        None if !start.contains(&0) => Ok(Bytes::Text),
        None => {
            let bytes: Vec<String> = start.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            Err(format!("starts with the bytes {}, which no recording does; {KNOWN}", bytes.join(" ")))
        }
    }
}

/// Whether bytes, cut anywhere, are text.
fn is_text(start: &[u8]) -> bool {
    let is_utf8 = match str::from_utf8(start) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    is_utf8 && !start.iter().any(|byte| *byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b | 0x1e))
}

pub(super) fn of_terms(head: &[u8]) -> Result<Option<Format>, String> {
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

/// The recording a text is whose lines tell what it is, if it is one.
pub(super) fn by_lines(head: &[u8]) -> Option<Format> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if crash_dump::is_one(text) {
        return Some(Format::CrashDump);
    }
    log::is_one(text).then_some(Format::Log)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &[u8], expected: Bytes) {
        assert_eq!(bytes(head), Ok(expected), "{}", head.escape_ascii());
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
            check(head, Bytes::Terms(Format::Dbg));
        }
        check(b"\x01\0\0\0\x07\x01\0\0\0\x07\0\0\0\0", Bytes::Terms(Format::Dbg));
        check(b"\0\0\0\x05\x83h\0", Bytes::Terms(Format::Packets));
        check(b"\x01\0\0\x05\x83h\0", Bytes::Terms(Format::Packets));
        for head in
            [&b""[..], b"\n", b"\n\n\n\n\n\n\n\n\n\n\n\n\n", br#"{"ts": 1}"#, b"hello", "\n\u{b}\u{8}".as_bytes()]
        {
            check(head, Bytes::Text);
        }
    }

    #[test]
    fn what_is_no_recording_is_told() {
        for (head, expected) in [
            (&b"\x7fELF\0\0"[..], "7f 45 4c 46"),
            (b"\x13\x83h\x02", ".ti file"),
            (b"\x0a\x04\x08\x01\x10\x02\x12\x03", "pprof"),
            (b"\x0a\x0d\x32\x02\x08\x06\x40\x80\x01\x50\x01\x58\x02\x00\x00", "Perfetto"),
        ] {
            let told = bytes(head).unwrap_err();
            assert!(told.contains(expected), "{told}");
        }
    }
}
