//! Which member of an object is a large part of a recording, and what stands beside it?

use std::ops::Range;

use super::format::Format;
use super::kind::{kind_of, names};
use super::{Found, MAX_EVENT_BYTES, otlp};

/// A part of an object that is read piece by piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Of an export of OTLP.
    Export,
    TraceEvents,
    Events,
    /// Traces of Jaeger, or of whoever answers like it.
    Traces,
}

impl Part {
    /// Which part of an object a member is, by its name and the first byte of its value.
    pub(super) fn of(before: &Small, name: &str, first: u8) -> Option<Self> {
        let is_list = first == b'[';
        match name {
            _ if otlp::is_export(name, first) => Some(Self::Export),
            "batches" if is_list && !before.is_event() => Some(Self::Export),
            "traceEvents" if is_list => Some(Self::TraceEvents),
            "events" if is_list && !before.is_event() => Some(Self::Events),
            _ => None,
        }
    }

    pub(super) const fn format(self) -> Format {
        match self {
            Self::Export => Format::Otlp,
            Self::TraceEvents => Format::ChromeTrace,
            Self::Events => Format::Array,
            Self::Traces => Format::Jaeger,
        }
    }
}

/// An object as far as it has been read, while it is small.
pub(super) struct Small {
    pub(super) raw: Vec<u8>,
    pub(super) members: Vec<Member>,
    found: Found,
}

pub(super) struct Member {
    pub(super) name: String,
    pub(super) found: Found,
    /// Where in the object its value lies.
    pub(super) value: Range<usize>,
}

impl Small {
    pub(super) fn begin(line: u64) -> Self {
        Self { raw: vec![b'{'], members: Vec::new(), found: Found { line, bytes: 2 } }
    }

    pub(super) fn take(&mut self, quoted: &[u8], name: String, found: Found, value: &[u8]) {
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
    pub(super) fn is_event(&self) -> bool {
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

    pub(super) fn close(mut self) -> (Found, Vec<u8>) {
        self.raw.push(b'}');
        (self.found, self.raw)
    }
}

/// Whether a member is what the API of a trace store wraps an export in.
pub(super) fn is_wrapper(before: &Small, name: &str, value: &[u8]) -> bool {
    matches!(name, "trace" | "traces" | "result" | "data")
        && value.starts_with(b"{")
        && !before.is_event()
        && (kind_of(value).is_trace() || names(value).iter().any(|(name, first)| name == "batches" && *first == b'['))
}
