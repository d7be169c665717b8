//! Reads a recording into the store.

use std::fmt::Write;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::ingest::{self, ImportReport, Recording};
use crate::mcp::answer::Answer;
use crate::mcp::cost::Cost;
use crate::mcp::desk::Desk;
use crate::mcp::tool::{Effect, Tool};
use crate::visible::visible;
use crate::watch::Watch;

pub(crate) struct ImportEvents;

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("required" = ["path"]))]
pub(crate) struct Args {
    /// File or folder.
    path: String,
    /// Longer values of traces are cut with a mark.
    #[schemars(range(min = 64))]
    max_value_bytes: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct RecordingReply {
    /// What it was told to be by its content.
    format: String,
    /// Session of its events, where the recording says.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<String>,
    /// The first of its files, in the order read.
    files: Vec<String>,
    /// How many there are.
    files_total: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Reply {
    /// What was read: its real path.
    path: String,
    /// Events found, good or bad.
    events: u64,
    /// New events.
    stored: u64,
    /// Events that replaced one of the same id.
    replaced: u64,
    /// Events that were stored already.
    duplicates: u64,
    /// Events that could not be stored.
    rejected: u64,
    /// Events stamped on arrival because they carried no time.
    timestamps_assigned: u64,
    /// Events whose time lay more than an hour from the other times of their node and session when they came: kept, but
    /// newest and ages are not reckoned from them.
    #[serde(skip_serializing_if = "super::plain::is_none")]
    far_times: u64,
    /// Events that retention took to make room.
    pruned: u64,
    /// Trace messages the events were made of.
    records: u64,
    /// Trace messages of no known kind; each is kept as unknown_trace.
    unknown: u64,
    /// Trace messages the recorded system dropped.
    dropped: u64,
    /// Spans in which they were dropped; each is an event of type gap.
    gaps: u64,
    /// Secrets hidden in events before they were stored; [REDACTED] stands in their place.
    redacted: u64,
    /// Whether the import was given up; what was stored until then is kept.
    cancelled: bool,
    /// Timestamp of the first event; absent when none carries one.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<i64>,
    /// Timestamp of the last event.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    /// Why the first of the rejected were, and where.
    first_errors: Vec<String>,
    /// Why reading stopped before the end, and where; what came before is kept.
    broken: Vec<String>,
    /// What was read: the first of them, see more.
    recordings: Vec<RecordingReply>,
    /// What else there is to know: what was not read, and why; the first of them, see more.
    notes: Vec<String>,
    /// What is only counted here, because there are many; absent when everything is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<MoreReply>,
}

/// How many are not told one by one.
#[derive(Debug, Serialize, JsonSchema)]
struct MoreReply {
    recordings: u64,
    broken: u64,
    notes: u64,
}

/// Recordings, files of one, broken files and notes that are told one by one.
const TOLD: usize = 10;

/// Bytes of one of them.
const TOLD_BYTES: usize = 400;

/// A line of somebody else's making, as long as there is room for.
fn told(line: &impl ToString) -> String {
    let mut line = visible(&line.to_string()).into_owned();
    if line.len() > TOLD_BYTES {
        let bytes = line.len();
        line.truncate(line.floor_char_boundary(TOLD_BYTES));
        let rest = bytes - line.len();
        _ = write!(line, "\u{2026}+{rest}B");
    }
    line
}

impl Reply {
    fn new(path: String, report: &ImportReport) -> Self {
        let recording = |one: &Recording| RecordingReply {
            format: one.format.to_string(),
            session_id: one.session_id.clone(),
            files: one.files.iter().take(TOLD).map(|file| told(&file.display())).collect(),
            files_total: one.files.len() as u64,
        };
        let left = |all: usize| all.saturating_sub(TOLD) as u64;
        let more = MoreReply {
            recordings: left(report.recordings.len()),
            broken: left(report.broken.len()),
            notes: left(report.notes.len()),
        };
        let is_any_left = more.recordings + more.broken + more.notes > 0;
        Self {
            path,
            events: report.events,
            stored: report.stored,
            replaced: report.replaced,
            duplicates: report.duplicates,
            rejected: report.rejected,
            timestamps_assigned: report.timestamps_assigned,
            far_times: report.far_times,
            pruned: report.pruned,
            records: report.records,
            unknown: report.unknown,
            dropped: report.dropped,
            gaps: report.gaps,
            redacted: report.redacted,
            cancelled: report.is_cancelled,
            since: report.span.map(|(since, _)| since),
            until: report.span.map(|(_, until)| until),
            first_errors: report.first_errors.iter().map(told).collect(),
            broken: report.broken.iter().take(TOLD).map(told).collect(),
            recordings: report.recordings.iter().take(TOLD).map(recording).collect(),
            notes: report.notes.iter().take(TOLD).map(told).collect(),
            more: is_any_left.then_some(more),
        }
    }

    /// The same facts, a line for each kind.
    fn text(&self) -> String {
        let mut text = format!(
            "{}: events={} stored={} replaced={} duplicates={} rejected={} timestamps_assigned={} pruned={} \
             records={} unknown={} dropped={} gaps={} redacted={} cancelled={}",
            self.path,
            self.events,
            self.stored,
            self.replaced,
            self.duplicates,
            self.rejected,
            self.timestamps_assigned,
            self.pruned,
            self.records,
            self.unknown,
            self.dropped,
            self.gaps,
            self.redacted,
            self.cancelled
        );
        if self.far_times > 0 {
            _ = write!(text, " far_times={}", self.far_times);
        }
        if let (Some(since), Some(until)) = (self.since, self.until) {
            _ = write!(text, "\nspan: since={since} until={until}");
        }
        for RecordingReply { format, session_id, files, files_total } in &self.recordings {
            _ = write!(text, "\nread as {format}: {}", files.join(", "));
            if let more @ 1.. = files_total.saturating_sub(files.len() as u64) {
                _ = write!(text, " and {more} more files");
            }
            if let Some(session_id) = session_id {
                _ = write!(text, " (session_id={})", told(session_id));
            }
        }
        let told = [("rejected", &self.first_errors), ("broken off", &self.broken), ("note", &self.notes)];
        for (what, lines) in told {
            for line in lines {
                _ = write!(text, "\n{what}: {line}");
            }
        }
        if let Some(MoreReply { recordings, broken, notes }) = &self.more {
            _ = write!(text, "\nand more: recordings={recordings} broken={broken} notes={notes}");
        }
        text
    }
}

impl Tool<Desk> for ImportEvents {
    const NAME: &'static str = "import_events";
    const TITLE: &'static str = "Import a recording";
    const DESCRIPTION: &'static str = "Reads a recording or a folder of them on the server's machine: JSON events, \
        traces of dbg and ttb, {packet, 4} terms, OTLP/JSON, Chrome traces; also gzip or zstd. The same again changes \
        nothing. Only under the server's import roots.";
    const EXAMPLE: &'static str = r#"{"path":"examples/recordings/bank.ndjson.gz"}"#;
    const EFFECT: Effect = Effect::Stores;
    const COST: Cost = Cost::Waits;

    type Args = Args;
    type Reply = Reply;

    fn run(desk: &Desk, args: Args, watch: &dyn Watch) -> Result<Answer<Reply>> {
        let path = desk.roots().admit(&args.path)?;
        let mut options = desk.import().clone();
        options.max_value_bytes = args.max_value_bytes.unwrap_or(options.max_value_bytes);
        options.access = desk.roots().access();
        let report = ingest::import_watched(desk.store(), &path, &options, watch)?;
        let reply = Reply::new(path.display().to_string(), &report);
        Ok(Answer { text: reply.text(), structured: reply })
    }
}
