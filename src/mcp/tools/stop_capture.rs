//! Stops to read a running node.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::source::{SourceReply, texts};
use crate::mcp::answer::Answer;
use crate::mcp::cost::Cost;
use crate::mcp::desk::Desk;
use crate::mcp::tool::{Effect, Tool};
use crate::watch::Watch;
use crate::{Error, Result};

pub(crate) struct StopCapture;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    /// As capture_status tells it.
    source: Option<String>,
    /// Every source.
    all: Option<bool>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Reply {
    /// The sources that were stopped, with their last figures.
    stopped: Vec<SourceReply>,
}

impl Tool<Desk> for StopCapture {
    const NAME: &'static str = "stop_capture";
    const TITLE: &'static str = "Stop a live source";
    const DESCRIPTION: &'static str = "Stops live sources; their events stay. The application goes on tracing until \
        :dbg.stop().";
    const EXAMPLE: &'static str = r#"{"source":"127.0.0.1:4711"}"#;
    const EFFECT: Effect = Effect::Stores;
    const COST: Cost = Cost::Waits;

    type Args = Args;
    type Reply = Reply;

    fn run(desk: &Desk, args: Args, _watch: &dyn Watch) -> Result<Answer<Reply>> {
        let source = match (args.source, args.all) {
            (Some(source), None | Some(false)) => Some(source),
            (None, Some(true)) => None,
            _ => return Err(Error::invalid("give one of them: source (its name), or all: true")),
        };
        let stopped = desk.capture()?.stop(source.as_deref())?;
        let stopped: Vec<SourceReply> = stopped.into_iter().map(Into::into).collect();
        let text = if stopped.is_empty() { "there is no live source".to_owned() } else { texts(&stopped) };
        Ok(Answer { text, structured: Reply { stopped } })
    }
}
