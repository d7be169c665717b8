//! Gives back what the producers were told to record.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::store_instrumentation_plan::plan_schema;
use crate::mcp::answer::Answer;
use crate::mcp::cost::Cost;
use crate::mcp::tool::{Effect, Tool};
use crate::watch::Watch;
use crate::{Error, EventStore};

pub(crate) struct GetInstrumentationPlan;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    /// Default: newest.
    #[schemars(range(min = 1))]
    version: Option<u64>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Reply {
    /// The plan as it was stored.
    #[schemars(schema_with = "plan_schema")]
    plan: Value,
    /// Its version.
    version: u64,
    /// When it was stored: ns since the Unix epoch.
    stored_at: i64,
}

impl Tool for GetInstrumentationPlan {
    const NAME: &'static str = "get_instrumentation_plan";
    const TITLE: &'static str = "Get an instrumentation plan";
    const DESCRIPTION: &'static str = "The newest instrumentation plan, or one version.";
    const EXAMPLE: &'static str = r#"{"version":1}"#;
    const EFFECT: Effect = Effect::Reads;
    const COST: Cost = Cost::Waits;

    type Args = Args;
    type Reply = Reply;

    fn run(store: &EventStore, Args { version }: Args, _watch: &dyn Watch) -> Result<Answer<Reply>, Error> {
        let kept = store.get_instrumentation_plan(version)?;
        let text = format!("version={} stored_at={}\n{}", kept.version, kept.stored_at, kept.plan);
        Ok(Answer { text, structured: Reply { plan: kept.plan, version: kept.version, stored_at: kept.stored_at } })
    }
}
