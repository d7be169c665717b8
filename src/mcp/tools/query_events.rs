//! Events that match every filter.

use serde_json::Value;

use crate::mcp::answer::{Answer, AnswerJson};
use crate::mcp::args::PageArgs;
use crate::mcp::page::{self, PageReply};
use crate::mcp::tool::{Effect, Tool};
use crate::watch::Watch;
use crate::{Error, EventStore};

pub(crate) struct QueryEvents;

impl Tool for QueryEvents {
    const NAME: &'static str = "query_events";
    const TITLE: &'static str = "Query events";
    const DESCRIPTION: &'static str = "Events that match all filters, in time order, page by page, and how many \
        match.";
    const EXAMPLE: &'static str =
        r#"{"pid":"<0.120.0>","event_type":["function_entry","function_exit"],"since_timestamp":"-5s","limit":50}"#;
    const EFFECT: Effect = Effect::Reads;

    type Args = PageArgs;
    type Reply = PageReply;

    fn run(store: &EventStore, args: PageArgs, watch: &dyn Watch) -> Result<Answer<PageReply>, Error> {
        let (query, shape) = args.read()?;
        page::answer(store, &query, &shape, watch)
    }

    fn to_json(answer: Answer<PageReply>) -> serde_json::Result<AnswerJson> {
        page::to_json(answer)
    }

    fn to_values(answer: Answer<PageReply>) -> serde_json::Result<Answer<Value>> {
        page::to_values(answer)
    }
}
