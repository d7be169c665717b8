//! Stores a batch of events.

use std::fmt::Write;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::mcp::answer::Answer;
use crate::mcp::args::batch::BatchArgs;
use crate::mcp::args::event::{self, event_schema};
use crate::mcp::cost::Cost;
use crate::mcp::tool::{Effect, LONG_TEXT, Tool};
use crate::store::StoreReport;
use crate::watch::Watch;
use crate::{Error, EventStore};

/// Rejections listed in a text; the structured reply has all.
const LISTED: usize = 20;

pub(crate) struct StoreEvents;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    /// As store_event's.
    #[schemars(schema_with = "events_schema")]
    events: Vec<Value>,
    /// One bad event keeps all out; default false.
    atomic: Option<bool>,
}

fn events_schema(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": event_schema(generator) })
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Reply {
    /// New events.
    stored: u64,
    /// Events whose id was stored with other content; that is gone.
    replaced: u64,
    /// Events stored already with the same content.
    duplicates: u64,
    /// Events that were not stored.
    rejected: Vec<RejectedReply>,
    /// Events stamped on arrival because they carried no time.
    timestamps_assigned: u64,
    /// Events whose time lies more than an hour from the other times of their node and session: kept, but newest and ages
    /// are not reckoned from them.
    #[serde(skip_serializing_if = "super::plain::is_none")]
    far_times: u64,
    /// Old events that retention took to make room.
    pruned: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RejectedReply {
    /// Place in events, from 0.
    index: usize,
    /// Its id, where it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
    /// What is wrong, with its path, and what is expected.
    error: String,
}

impl Tool for StoreEvents {
    const NAME: &'static str = "store_events";
    const TITLE: &'static str = "Store events";
    const DESCRIPTION: &'static str = "Stores a batch, visible in one step. Bad events are told by index. Sending it \
        again is safe.";
    const EXAMPLE: &'static str = r#"{"events":[{"event_id":"e1","timestamp":-500,"event_type":"function_entry","pid":"<0.120.0>","data":{"module":"Bank.Account","function":"withdraw","arity":2}}]}"#;
    const EFFECT: Effect = Effect::Stores;
    const COST: Cost = Cost::Stores { events: LONG_TEXT / 8, bytes: LONG_TEXT };

    type Args = Args;
    type Reply = Reply;

    fn run(store: &EventStore, Args { events, atomic }: Args, _watch: &dyn Watch) -> Result<Answer<Reply>, Error> {
        let texts: Vec<String> = events.iter().map(event::text).collect();
        let atomic = atomic.unwrap_or(false);
        answer(store.store_json_events(&texts, atomic), events.len(), atomic)
    }

    const TAKES_TEXT: bool = true;

    fn run_text(store: &EventStore, arguments: &str) -> Option<Result<Answer<Reply>, Error>> {
        Some(Self::run_batch(store, serde_json::from_str(arguments).ok()?))
    }

    const TAKES_BATCH: bool = true;

    fn run_batch(store: &EventStore, BatchArgs { events, atomic }: BatchArgs<'_>) -> Result<Answer<Reply>, Error> {
        let (all, atomic) = (events.len(), atomic.unwrap_or(false));
        answer(store.store_batch(events, atomic), all, atomic)
    }
}

fn answer(report: StoreReport, all: usize, atomic: bool) -> Result<Answer<Reply>, Error> {
    let rejected: Vec<RejectedReply> = report
        .rejected
        .into_iter()
        .map(|rejected| RejectedReply {
            index: rejected.index,
            event_id: rejected.event_id,
            error: rejected.error.at(&format!("events[{}]", rejected.index)).to_string(),
        })
        .collect();
    if atomic && !rejected.is_empty() {
        let bad = rejected.len();
        let listed = listed(&rejected);
        return Err(Error::invalid(format!("nothing was stored (atomic): {bad} of {all} events are bad{listed}")));
    }
    let text = format!(
        "stored={} replaced={} duplicates={} rejected={} timestamps_assigned={} pruned={}{}{}",
        report.stored,
        report.replaced,
        report.duplicates,
        rejected.len(),
        report.timestamps_assigned,
        report.pruned,
        if report.far_times > 0 { format!(" far_times={}", report.far_times) } else { String::new() },
        listed(&rejected)
    );
    let structured = Reply {
        stored: report.stored,
        replaced: report.replaced,
        duplicates: report.duplicates,
        rejected,
        timestamps_assigned: report.timestamps_assigned,
        far_times: report.far_times,
        pruned: report.pruned,
    };
    Ok(Answer { text, structured })
}

/// The first rejections, one a line.
fn listed(rejected: &[RejectedReply]) -> String {
    let mut text = String::new();
    for one in rejected.iter().take(LISTED) {
        let id = one.event_id.as_ref().map_or_else(String::new, |id| format!(" (event_id {id})"));
        _ = write!(text, "\n{}{id}", one.error);
    }
    if rejected.len() > LISTED {
        _ = write!(text, "\n... and {} more", rejected.len() - LISTED);
    }
    text
}
