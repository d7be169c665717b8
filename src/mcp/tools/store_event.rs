//! Stores one event.

use std::fmt::Write;

use rmcp::model::JsonObject;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::mcp::answer::Answer;
use crate::mcp::args::event::{event_schema, object_text};
use crate::mcp::cost::Cost;
use crate::mcp::tool::{Effect, LONG_TEXT, Tool};
use crate::watch::Watch;
use crate::{Error, EventStore};

pub(crate) struct StoreEvent;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    /// event_id (or id), timestamp (timestamp_ns, ts: nanoseconds on the producer's clock or RFC 3339), wall_time,
    /// node, pid, event_type (type, kind), module, function, arity, correlation_id, parent_id (what led to it), call_id
    /// (joins entry and exit), session_id, ast_node_id, duration_ns, data: all else; pids in it are indexed.
    #[schemars(schema_with = "event_schema")]
    event: JsonObject,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Reply {
    /// The event's id, minted if it came without.
    event_id: String,
    /// "stored": new. "replaced": its id was stored with other content. "duplicate": it was stored already.
    #[schemars(extend("enum" = ["stored", "replaced", "duplicate"]))]
    outcome: &'static str,
    /// Whether it was stamped on arrival because it carried no time.
    timestamp_assigned: bool,
    /// true: its time lies more than an hour from the other times of its node and session: it is kept, but newest and
    /// ages are not reckoned from it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    far_time: bool,
    /// Old events that retention took to make room.
    pruned: u64,
}

impl Tool for StoreEvent {
    const NAME: &'static str = "store_event";
    const TITLE: &'static str = "Store one event";
    const DESCRIPTION: &'static str = "Stores one event. The same event_id again is a duplicate (same content) or a \
        replacement.";
    const EXAMPLE: &'static str = r#"{"event":{"event_id":"e1","timestamp":-500,"event_type":"message_send","pid":"<0.120.0>","data":{"receiver_pid":"<0.121.0>","message":":ping"}}}"#;
    const EFFECT: Effect = Effect::Stores;
    const COST: Cost = Cost::Stores { events: 1, bytes: LONG_TEXT };

    type Args = Args;
    type Reply = Reply;

    fn run(store: &EventStore, Args { event }: Args, _watch: &dyn Watch) -> Result<Answer<Reply>, Error> {
        store_text(store, &object_text(event))
    }

    const TAKES_TEXT: bool = true;

    fn run_text(store: &EventStore, arguments: &str) -> Option<Result<Answer<Reply>, Error>> {
        let TextArgs { event } = serde_json::from_str(arguments).ok()?;
        event.get().starts_with('{').then(|| store_text(store, event.get()))
    }
}

/// The arguments as they are usually written, borrowed from their text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextArgs<'a> {
    #[serde(borrow)]
    event: &'a RawValue,
}

fn store_text(store: &EventStore, event: &str) -> Result<Answer<Reply>, Error> {
    let stored = store.store_json_event(event).map_err(|error| error.at("event"))?;
    let outcome = stored.outcome.name();
    let mut text = format!("{outcome} {}", stored.event_id);
    if stored.timestamp_assigned {
        text.push_str("; timestamp assigned on arrival");
    }
    if stored.is_far {
        text.push_str("; its time is far from the others of its source: nothing is reckoned from it");
    }
    if stored.pruned > 0 {
        _ = write!(text, "; pruned {}", stored.pruned);
    }
    let structured = Reply {
        event_id: stored.event_id,
        outcome,
        timestamp_assigned: stored.timestamp_assigned,
        far_time: stored.is_far,
        pruned: stored.pruned,
    };
    Ok(Answer { text, structured })
}
