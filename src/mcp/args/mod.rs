//! Which arguments do several tools share, and what do they mean?
//!
//! Values arrive checked against the schema; what is left to judge here is what a schema cannot say.

pub(super) mod batch;
pub(super) mod budget;
pub(super) mod event;
pub(super) mod filter;
pub(super) mod group;
pub(super) mod time;
pub(super) mod view;

pub(super) use budget::{BudgetArgs, NodeArg, SpanArgs};
pub(super) use filter::{FilterArgs, effective};
pub(super) use time::TimeArg;
pub(super) use view::{OrderArg, Shape, ViewArgs};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::query::DEFAULT_LIMIT;
use crate::{Query, Result};

/// A filtered, ordered, limited question.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct QueryArgs {
    #[serde(flatten)]
    pub(crate) filter: FilterArgs,
    /// Default 100. 0 only counts.
    #[schemars(range(min = 0, max = 10_000))]
    limit: Option<usize>,
    /// Default asc. Oldest first, by (timestamp, insertion).
    order: Option<OrderArg>,
}

impl QueryArgs {
    /// The first page of the question.
    pub(crate) fn read(self) -> Result<Query> {
        Ok(Query {
            limit: self.limit.unwrap_or(DEFAULT_LIMIT),
            order: self.order.unwrap_or_default().into(),
            ..Query::new(self.filter.read()?)
        })
    }
}

/// A question whose events are shown.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct PageArgs {
    #[serde(flatten)]
    query: QueryArgs,
    #[serde(flatten)]
    view: ViewArgs,
}

impl PageArgs {
    /// The page asked for, and how to show it.
    pub(crate) fn read(self) -> Result<(Query, Shape)> {
        let (cursor, shape) = self.view.read(self.query.limit.is_some())?;
        Ok((Query { cursor, ..self.query.read()? }, shape))
    }
}
