//! Who is heard, how fast, and what was lost.

use schemars::JsonSchema;
use serde::Serialize;

use super::plain::NoArgs;
use super::source::{SourceReply, texts};
use crate::Result;
use crate::mcp::answer::Answer;
use crate::mcp::cost::Cost;
use crate::mcp::desk::Desk;
use crate::mcp::tool::{Effect, Tool};
use crate::watch::Watch;

pub(crate) struct CaptureStatus;

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Reply {
    /// Every source, in the order started.
    sources: Vec<SourceReply>,
    /// What to type in the application's iex, while nobody is connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_iex: Option<&'static str>,
}

/// Opens a trace port that `start_capture` can connect to. Told where it is needed, not in the tool's description: that
/// is read before every first question.
const IN_IEX: &str = "\
# Opens a trace port, on all addresses of the machine.
:dbg.tracer(:port, :dbg.trace_port(:ip, {4711, 20_000}))
:dbg.p(:new_processes, [:call, :send, :receive, :procs, :strict_monotonic_timestamp, :set_on_spawn])
:dbg.tpl(MyMod, [{:_, [], [{:return_trace}, {:exception_trace}, {:message, {:caller_line}}]}])";

impl Tool<Desk> for CaptureStatus {
    const NAME: &'static str = "capture_status";
    const TITLE: &'static str = "Status of live sources";
    const DESCRIPTION: &'static str = "Live sources: connected, last error, rate, drops, rejects, times away, \
        sessions.";
    const EXAMPLE: &'static str = "{}";
    const EFFECT: Effect = Effect::Reads;
    const COST: Cost = Cost::Waits;

    type Args = NoArgs;
    type Reply = Reply;

    fn run(desk: &Desk, _: NoArgs, _watch: &dyn Watch) -> Result<Answer<Reply>> {
        let sources: Vec<SourceReply> = desk.capture()?.status().into_iter().map(Into::into).collect();
        let mut text = match sources.as_slice() {
            [] => "no live sources; start_capture starts one, such as {\"dbg\":\"127.0.0.1:4711\"}".to_owned(),
            sources => texts(sources),
        };
        let in_iex = (!sources.iter().any(SourceReply::is_connected)).then_some(IN_IEX);
        if let Some(in_iex) = in_iex {
            text = format!("{text}\nin the application's iex:\n{in_iex}");
        }
        Ok(Answer { text, structured: Reply { sources, in_iex } })
    }
}
