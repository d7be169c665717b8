//! One whole event.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::mcp::answer::Answer;
use crate::mcp::json;
use crate::mcp::page::EventMembers;
use crate::mcp::tool::{Effect, Tool};
use crate::watch::Watch;
use crate::{Error, EventStore};

pub(crate) struct GetEventById;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    /// As tables show it.
    event_id: String,
}

/// The event itself.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Reply(Map<String, Value>);

impl JsonSchema for Reply {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Event".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        EventMembers::json_schema(generator)
    }
}

impl Tool for GetEventById {
    const NAME: &'static str = "get_event_by_id";
    const TITLE: &'static str = "Get one event";
    const DESCRIPTION: &'static str = "One whole event, nothing cut.";
    const EXAMPLE: &'static str = r#"{"event_id":"e1"}"#;
    const EFFECT: Effect = Effect::Reads;

    type Args = Args;
    type Reply = Reply;

    fn run(store: &EventStore, Args { event_id }: Args, _watch: &dyn Watch) -> Result<Answer<Reply>, Error> {
        let event = store.get_event_by_id(&event_id).map_err(|error| {
            Error::not_found(format!("{error}. Find ids with query_events; get_stats says what span is stored."))
        })?;
        let mut text = json::compact(&event.to_json());
        if store.is_far(&event) {
            text.truncate(text.len() - 1);
            text.push_str(",\"far_time\":true}");
        }
        let structured = Reply(json::lossless_object(&text));
        Ok(Answer { text, structured })
    }
}
