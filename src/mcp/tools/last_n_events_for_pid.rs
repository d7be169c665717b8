//! The newest events of a process, like `tail`.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::mcp::answer::{Answer, AnswerJson};
use crate::mcp::args::{FilterArgs, OrderArg, Shape, ViewArgs};
use crate::mcp::page::{self, PageReply};
use crate::mcp::tool::{Effect, Tool};
use crate::query::DEFAULT_LIMIT;
use crate::watch::Watch;
use crate::{Error, EventStore, Order, Query};

pub(crate) struct LastNEventsForPid;

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("required" = ["pid"]))]
pub(crate) struct Args {
    #[serde(flatten)]
    filter: FilterArgs,
    /// Default 100.
    #[schemars(range(min = 1, max = 10_000))]
    n: Option<usize>,
    /// As shown; default asc.
    order: Option<OrderArg>,
    #[serde(flatten)]
    view: ViewArgs,
}

impl Tool for LastNEventsForPid {
    const NAME: &'static str = "last_n_events_for_pid";
    const TITLE: &'static str = "Last events of a process";
    const DESCRIPTION: &'static str = "The newest n events of a process, oldest first.";
    const EXAMPLE: &'static str = r#"{"pid":"<0.120.0>","n":20}"#;
    const EFFECT: Effect = Effect::Reads;

    type Args = Args;
    type Reply = PageReply;

    fn run(store: &EventStore, args: Args, watch: &dyn Watch) -> Result<Answer<PageReply>, Error> {
        let (cursor, shape) = args.view.read(args.n.is_some())?;
        let query = Query {
            order: Order::Desc,
            limit: args.n.unwrap_or(DEFAULT_LIMIT),
            cursor,
            ..Query::new(args.filter.read()?)
        };
        let shape = Shape { reversed: args.order.unwrap_or_default() == OrderArg::Asc, ..shape };
        page::answer(store, &query, &shape, watch)
    }

    fn to_json(answer: Answer<PageReply>) -> serde_json::Result<AnswerJson> {
        page::to_json(answer)
    }

    fn to_values(answer: Answer<PageReply>) -> serde_json::Result<Answer<Value>> {
        page::to_values(answer)
    }
}
