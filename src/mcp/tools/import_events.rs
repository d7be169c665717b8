//! Reads a recording into the store.

use std::sync::atomic::{AtomicU64, Ordering};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::ingest::{self, ImportReport, Progress};
use crate::mcp::desk::Desk;
use crate::mcp::tool::{Answer, Effect, Tool};
use crate::watch::Watch;

pub(crate) struct ImportEvents;

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("required" = ["path"]))]
pub(crate) struct Args {
    /// File or folder under an import root; relative paths start at the server's current folder.
    path: String,
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
    /// Events that retention took to make room.
    pruned: u64,
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
}

impl Reply {
    fn new(path: String, report: ImportReport) -> Self {
        let place = |one: &ingest::Complaint| format!("line {}: {}", one.line, one.message);
        Self {
            path,
            events: report.events,
            stored: report.stored,
            replaced: report.replaced,
            duplicates: report.duplicates,
            rejected: report.rejected,
            timestamps_assigned: report.timestamps_assigned,
            pruned: report.pruned,
            since: report.span.map(|(since, _)| since),
            until: report.span.map(|(_, until)| until),
            first_errors: report.first_errors.iter().map(place).collect(),
            broken: report.broken.iter().map(place).collect(),
        }
    }

    /// The same facts, a line for each kind.
    fn text(&self) -> String {
        let mut text = format!(
            "{}: events={} stored={} replaced={} duplicates={} rejected={} timestamps_assigned={} pruned={}",
            self.path,
            self.events,
            self.stored,
            self.replaced,
            self.duplicates,
            self.rejected,
            self.timestamps_assigned,
            self.pruned
        );
        if let (Some(since), Some(until)) = (self.since, self.until) {
            text.push_str(&format!("\nspan: since={since} until={until}"));
        }
        for (what, lines) in [("rejected", &self.first_errors), ("broken off", &self.broken)] {
            for line in lines {
                text.push_str(&format!("\n{what}: {line}"));
            }
        }
        text
    }
}

impl Tool<Desk> for ImportEvents {
    const NAME: &'static str = "import_events";
    const TITLE: &'static str = "Import a recording";
    const DESCRIPTION: &'static str = "Reads a recording from a file, or a session folder, of the server's machine into \
        the store: JSON events, one a line or an array, also as gzip. The same file again changes nothing. Only files \
        under the import roots: the folder the server was started in, unless --import-root says others.";
    const EXAMPLE: &'static str = r#"{"path":"examples/recordings/bank.ndjson.gz"}"#;
    const EFFECT: Effect = Effect::Stores;

    type Args = Args;
    type Reply = Reply;

    fn is_long(_desk: &Desk, _args: &Args) -> bool {
        true
    }

    fn run(desk: &Desk, args: Args, watch: &dyn Watch) -> Result<Answer<Reply>> {
        let path = desk.roots().admit(&args.path)?;
        let told = AtomicU64::new(0);
        let report = ingest::import(desk.store(), &path, &mut |Progress { read, total, .. }| {
            // Invariant: what is told never falls, and the total is never less.
            let read = told.fetch_max(read, Ordering::Relaxed).max(read);
            watch.progressed(read, total.unwrap_or(read).max(read));
        })?;
        let reply = Reply::new(path.display().to_string(), report);
        Ok(Answer { text: reply.text(), structured: reply })
    }
}
