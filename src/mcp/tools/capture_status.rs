//! Who is heard, how fast, and what was lost.

use schemars::JsonSchema;
use serde::Serialize;

use super::NoArgs;
use super::source::{SourceReply, texts};
use crate::Result;
use crate::mcp::cost::Cost;
use crate::mcp::desk::Desk;
use crate::mcp::tool::{Answer, Effect, Tool};
use crate::watch::Watch;

pub(crate) struct CaptureStatus;

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Reply {
    /// Every source, in the order started.
    sources: Vec<SourceReply>,
}

impl Tool<Desk> for CaptureStatus {
    const NAME: &'static str = "capture_status";
    const TITLE: &'static str = "Status of live sources";
    const DESCRIPTION: &'static str = "The live sources: whether they are connected, the last error, events and their \
        rate, what was dropped or rejected, when they were not connected, and the sessions (one for each process heard; \
        a restarted application is another one).";
    const EXAMPLE: &'static str = "{}";
    const EFFECT: Effect = Effect::Reads;
    const COST: Cost = Cost::Waits;

    type Args = NoArgs;
    type Reply = Reply;

    fn run(desk: &Desk, _: NoArgs, _watch: &dyn Watch) -> Result<Answer<Reply>> {
        let sources: Vec<SourceReply> = desk.capture()?.status().into_iter().map(Into::into).collect();
        let text = match sources.as_slice() {
            [] => "no live sources; start_capture starts one, such as {\"dbg\":\"127.0.0.1:4711\"}".to_owned(),
            sources => texts(sources),
        };
        Ok(Answer { text, structured: Reply { sources } })
    }
}
