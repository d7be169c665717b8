//! Keeps what the producers were told to record.

use rmcp::model::JsonObject;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::mcp::answer::Answer;
use crate::mcp::cost::Cost;
use crate::mcp::tool::{Effect, Tool};
use crate::watch::Watch;
use crate::{Error, EventStore};

pub(crate) struct StoreInstrumentationPlan;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    /// Any JSON object.
    #[schemars(schema_with = "plan_schema")]
    plan: JsonObject,
}

/// A free JSON object.
pub(super) fn plan_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Reply {
    /// The plan's version: counts up from 1.
    version: u64,
}

impl Tool for StoreInstrumentationPlan {
    const NAME: &'static str = "store_instrumentation_plan";
    const TITLE: &'static str = "Store an instrumentation plan";
    const DESCRIPTION: &'static str = "Keeps a plan of what producers record as the newest version, of 100.";
    const EXAMPLE: &'static str = r#"{"plan":{"functions":{"Bank.Account.withdraw/2":{"trace":["call","return"]}}}}"#;
    const EFFECT: Effect = Effect::Appends;
    const COST: Cost = Cost::Waits;

    type Args = Args;
    type Reply = Reply;

    fn run(store: &EventStore, Args { plan }: Args, _watch: &dyn Watch) -> Result<Answer<Reply>, Error> {
        let version = store.store_instrumentation_plan(Value::Object(plan))?;
        Ok(Answer { text: format!("version={version}"), structured: Reply { version } })
    }
}
