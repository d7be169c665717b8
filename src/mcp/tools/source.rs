//! What do the tools about live sources say of one?

use std::fmt::Write;

use schemars::JsonSchema;
use serde::Serialize;

use crate::capture::{Counts, SessionStatus, SourceStatus};

/// A source.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SourceReply {
    /// Its name: the address.
    pub(crate) source: String,
    /// dbg: a trace port that is connected to; listen: an address that producers connect to.
    #[schemars(extend("enum" = ["dbg", "listen"]))]
    kind: &'static str,
    /// connecting: nobody answers yet, or any more, and it is tried again.
    #[schemars(extend("enum" = ["connecting", "connected", "listening", "stopped", "failed"]))]
    state: &'static str,
    /// What last went wrong, with the byte of the connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    /// How long ago that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error_ago_ns: Option<i64>,
    /// Connections open now.
    connections: u64,
    #[serde(flatten)]
    counts: CountsReply,
    /// Events a second, over the last second or two.
    events_per_second: u64,
    /// Timestamp of its last event.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_event_timestamp: Option<i64>,
    /// How long ago events last arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_arrival_ago_ns: Option<i64>,
    /// One for each process heard, the newest 16: a restarted application is another one.
    sessions: Vec<SessionReply>,
    /// Sessions there were.
    sessions_total: u64,
    /// When it was not connected, the newest 16: what happened then may be missing.
    interruptions: Vec<InterruptionReply>,
    /// Interruptions there were.
    interruptions_total: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct CountsReply {
    /// Messages or lines read.
    records: u64,
    /// Events made of them.
    events: u64,
    /// Events that were stored already.
    duplicates: u64,
    /// Records and events that could not be read or stored.
    rejected: u64,
    /// Messages the source said it dropped.
    dropped: u64,
    /// Spans in which messages were or may have been lost; each is an event of type gap.
    gaps: u64,
    /// Messages of a kind not known, kept as unknown_trace.
    unknown: u64,
    /// Values cut because they were too long.
    cut: u64,
    /// Secrets hidden in values before they were stored; [REDACTED] stands in their place.
    redacted: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct SessionReply {
    /// session_id of its events.
    session_id: String,
    /// Process id of the operating system, where the producer says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    os_pid: Option<String>,
    /// Name of the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    /// Nanoseconds added to its timestamps, so that all sessions lie on one clock.
    shift_ns: i64,
    #[serde(flatten)]
    counts: CountsReply,
    /// When its tracing ended, on the events' clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<i64>,
    /// Why, and by whom, as the source said; absent while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_because: Option<String>,
    /// The newest things the source said about the trace, such as what it left out at a limit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    /// How many things it said.
    notes_total: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct InterruptionReply {
    /// Nanoseconds since the Unix epoch.
    since: i64,
    /// Nanoseconds since the Unix epoch; absent while it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
}

impl From<Counts> for CountsReply {
    fn from(counts: Counts) -> Self {
        Self {
            records: counts.records,
            events: counts.events,
            duplicates: counts.duplicates,
            rejected: counts.rejected,
            dropped: counts.dropped,
            gaps: counts.gaps,
            unknown: counts.unknown,
            cut: counts.cut,
            redacted: counts.redacted,
        }
    }
}

impl From<SessionStatus> for SessionReply {
    fn from(session: SessionStatus) -> Self {
        Self {
            session_id: session.session_id,
            os_pid: session.os_pid,
            node: session.node,
            shift_ns: session.shift_ns,
            counts: session.counts.into(),
            ended_at: session.ended_at,
            ended_because: session.ended_because,
            notes: session.notes,
            notes_total: session.notes_total,
        }
    }
}

impl From<SourceStatus> for SourceReply {
    fn from(status: SourceStatus) -> Self {
        let interruption =
            |one: &crate::capture::Interruption| InterruptionReply { since: one.since_ns, until: one.until_ns };
        Self {
            source: status.source,
            kind: status.kind.name(),
            state: status.state.name(),
            last_error: status.last_error,
            last_error_ago_ns: status.last_error_ago_ns,
            connections: status.connections,
            counts: status.counts.into(),
            events_per_second: status.events_per_second,
            last_event_timestamp: status.last_event_timestamp,
            last_arrival_ago_ns: status.last_arrival_ago_ns,
            sessions: status.sessions.into_iter().map(Into::into).collect(),
            sessions_total: status.sessions_total,
            interruptions: status.interruptions.iter().map(interruption).collect(),
            interruptions_total: status.interruptions_total,
        }
    }
}

impl CountsReply {
    fn write(&self, text: &mut String) {
        let Self { records, events, duplicates, rejected, dropped, gaps, unknown, cut, redacted } = self;
        _ = write!(
            text,
            "records={records} events={events} duplicates={duplicates} rejected={rejected} dropped={dropped} \
             gaps={gaps} unknown={unknown} cut={cut} redacted={redacted}"
        );
    }
}

impl SourceReply {
    /// Whether somebody sends.
    pub(crate) const fn is_connected(&self) -> bool {
        self.connections > 0
    }

    /// The same facts, a line for each kind.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{} {}: {} connections={} ", self.kind, self.source, self.state, self.connections);
        self.counts.write(&mut text);
        _ = write!(text, " events_per_second={}", self.events_per_second);
        if let Some(timestamp) = self.last_event_timestamp {
            _ = write!(text, " last_event_timestamp={timestamp}");
        }
        if let Some(ago) = self.last_arrival_ago_ns {
            _ = write!(text, " last_arrival_ago_ns={ago}");
        }
        if let (Some(error), Some(ago)) = (&self.last_error, self.last_error_ago_ns) {
            _ = write!(text, "\n  last_error ({ago} ns ago): {error}");
        }
        for session in &self.sessions {
            _ = write!(text, "\n  session {}", session.session_id);
            if let Some(os_pid) = &session.os_pid {
                _ = write!(text, " os_pid={os_pid}");
            }
            if let Some(node) = &session.node {
                _ = write!(text, " node={node}");
            }
            _ = write!(text, " shift_ns={} ", session.shift_ns);
            session.counts.write(&mut text);
            if let Some(because) = &session.ended_because {
                let at = session.ended_at.map(|at| format!(" at {at}")).unwrap_or_default();
                _ = write!(text, "\n    ended{at}: {because}");
            }
            for note in &session.notes {
                _ = write!(text, "\n    note: {note}");
            }
        }
        for InterruptionReply { since, until } in &self.interruptions {
            let until = until.map_or_else(|| "now".to_owned(), |until| until.to_string());
            _ = write!(text, "\n  not connected from {since} until {until}");
        }
        _ = write!(text, "\n  sessions_total={} interruptions_total={}", self.sessions_total, self.interruptions_total);
        text
    }
}

/// Several, one after the other.
pub(crate) fn texts(sources: &[SourceReply]) -> String {
    sources.iter().map(SourceReply::text).collect::<Vec<_>>().join("\n")
}
