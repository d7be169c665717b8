//! Events of one place in the source.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::mcp::answer::{Answer, AnswerJson};
use crate::mcp::args::PageArgs;
use crate::mcp::page::{self, PageReply};
use crate::mcp::tool::{Effect, Tool};
use crate::watch::Watch;
use crate::{Error, EventStore};

pub(crate) struct QueryEventsByAstNode;

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("required" = ["ast_node_id"]))]
pub(crate) struct Args {
    #[serde(flatten)]
    page: PageArgs,
}

impl Tool for QueryEventsByAstNode {
    const NAME: &'static str = "query_events_by_ast_node";
    const TITLE: &'static str = "Query events of an AST node";
    const DESCRIPTION: &'static str = "query_events at one place in the source. For a function or module: query_events \
        with ast_node_prefix.";
    const EXAMPLE: &'static str = r#"{"ast_node_id":"Bank.Teller:transfer:3:line_143:expr_0","limit":20}"#;
    const EFFECT: Effect = Effect::Reads;

    type Args = Args;
    type Reply = PageReply;

    fn run(store: &EventStore, Args { page }: Args, watch: &dyn Watch) -> Result<Answer<PageReply>, Error> {
        let (query, shape) = page.read()?;
        page::answer(store, &query, &shape, watch)
    }

    fn to_json(answer: Answer<PageReply>) -> serde_json::Result<AnswerJson> {
        page::to_json(answer)
    }

    fn to_values(answer: Answer<PageReply>) -> serde_json::Result<Answer<Value>> {
        page::to_values(answer)
    }
}
