//! Starts to read a running node.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::source::SourceReply;
use crate::capture::{Asked, Target};
use crate::mcp::answer::Answer;
use crate::mcp::cost::Cost;
use crate::mcp::desk::Desk;
use crate::mcp::tool::{Effect, Tool};
use crate::watch::Watch;
use crate::{Error, Result};

pub(crate) struct StartCapture;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    /// HOST:PORT of a trace port to connect to.
    dbg: Option<String>,
    /// [ADDRESS:]PORT for producers (JSON lines, {packet, 4} terms); 0: a free one.
    listen: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Reply {
    /// false: it ran already.
    started: bool,
    #[serde(flatten)]
    source: SourceReply,
}

impl Tool<Desk> for StartCapture {
    const NAME: &'static str = "start_capture";
    const TITLE: &'static str = "Start a live source";
    const DESCRIPTION: &'static str = "Reads a running node: give dbg or listen. Returns at once; see capture_status, \
        which also tells what to type in the application's iex.";
    const EXAMPLE: &'static str = r#"{"dbg":"127.0.0.1:4711"}"#;
    const EFFECT: Effect = Effect::Stores;
    const COST: Cost = Cost::Waits;
    const REACHES_OUT: bool = true;

    type Args = Args;
    type Reply = Reply;

    fn run(desk: &Desk, args: Args, _watch: &dyn Watch) -> Result<Answer<Reply>> {
        let target = match (args.dbg, args.listen) {
            (Some(dbg), None) => Target::Dbg(dbg),
            (None, Some(listen)) => Target::Listen(listen),
            _ => {
                return Err(Error::invalid(
                    "give one of them: dbg (a trace port to connect to) or listen (a port for producers)",
                ));
            }
        };
        let (status, started) = desk.capture()?.start(&target, Asked::ByCall)?;
        let source = SourceReply::from(status);
        let what = if started { "started" } else { "runs already" };
        Ok(Answer { text: format!("{what}: {}", source.text()), structured: Reply { started, source } })
    }
}
