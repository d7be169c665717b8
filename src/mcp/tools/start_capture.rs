//! Starts to read a running node.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::source::SourceReply;
use crate::capture::{Asked, Target};
use crate::mcp::cost::Cost;
use crate::mcp::desk::Desk;
use crate::mcp::tool::{Answer, Effect, Tool};
use crate::watch::Watch;
use crate::{Error, Result};

pub(crate) struct StartCapture;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    /// HOST:PORT of a trace port, as dbg:trace_port(ip, PORT) opens it. It is connected to again whenever it is there.
    dbg: Option<String>,
    /// Port, or ADDRESS:PORT, that producers connect to; "0" takes a free one. They send JSON events, one a line, or
    /// terms with {packet, 4}, as scope.exs does.
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
    const DESCRIPTION: &'static str = "Reads events from a running node: give dbg to connect to a trace port, or listen \
        to let producers connect. Returns at once; capture_status tells how it goes. In the application's iex: \
        :dbg.tracer(:port, :dbg.trace_port(:ip, {4711, 20_000})); :dbg.p(:new_processes, [:call, :send, :receive, \
        :procs, :strict_monotonic_timestamp, :set_on_spawn]); :dbg.tpl(MyMod, [{:_, [], [{:return_trace}, {:exception_trace}, {:message, {:caller_line}}]}]). \
        The trace port listens on all \
        addresses of that machine.";
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
