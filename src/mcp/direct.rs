//! How does a program use the tools without a pipe? By calling one, or by mounting the server on a transport of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rmcp::ServerHandler;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::call::{reply, unknown_tool};
use super::carried::ArgumentsText;
use super::desk::Desk;
use super::server::Server;
use super::tool::{Arguments, Form};
use super::tools;
use super::workers::Undone;
use crate::watch::{Unwatched, Watch};
use crate::{Error, EventStore, Result};

/// What a tool answers, in the two channels of `tools/call`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Reply {
    /// For a model to read: the answer, or what was wrong with the call and what is allowed.
    pub text: String,
    /// For a program to read, as the tool's `outputSchema` says; `None` when the call was refused.
    pub structured: Option<Value>,
}

/// Calls a tool with the text of its arguments, as `tools/call` on stdio does. It runs here and now, however long it
/// takes.
///
/// # Errors
/// [`Invalid`](crate::ErrorKind::Invalid) when no tool has this name. A call that the tool refuses is a [`Reply`].
///
/// ```
/// use elixir_scope_storage::{EventStore, Settings, mcp};
///
/// let store = EventStore::open(Settings::default())?;
/// mcp::call(&store, "store_event", r#"{"event": {"id": "e1", "ts": -5, "type": "CALL"}}"#)?;
/// let reply = mcp::call(&store, "query_events", r#"{"event_type": "call", "limit": 0}"#)?;
/// assert_eq!(reply.structured.unwrap()["total_matched"], 1);
/// # Ok::<(), elixir_scope_storage::Error>(())
/// ```
pub fn call(store: &EventStore, tool: &str, arguments: &str) -> Result<Reply> {
    call_watched(store, tool, arguments, &Unwatched)
}

/// [`call`], with somebody who may cancel it, bounds its memory, or follows how far it is.
///
/// # Errors
/// As [`call`]. A call that the watch ended is a [`Reply`] that says so.
pub fn call_watched(store: &EventStore, tool: &str, arguments: &str, watch: &dyn Watch) -> Result<Reply> {
    let Some(entry) = tools::find(tool) else { return Err(Error::invalid(unknown_tool(tool, false).message)) };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let arguments = if entry.takes_text {
            let text = Arc::new(arguments.to_owned());
            Arguments::Text(ArgumentsText::new(&text, &text))
        } else {
            let read = serde_json::from_str(arguments);
            Arguments::Object(read.map_err(|error| format!("arguments: {error}; expected such as {}", entry.example))?)
        };
        let desk = Desk::from(store.clone());
        let prepared = (entry.prepare)(entry, arguments, Form::Values)?;
        (prepared.run)(&desk, watch)
    }));
    let result = reply(entry, outcome.map_err(|_| Undone::Failed));
    let text = result.content.iter().filter_map(|block| block.as_text()).map(|block| &*block.text).collect();
    Ok(Reply { text, structured: result.structured_content })
}

/// The MCP server over one store, for a transport of the caller's choice. What [`serve_stdio`](super::serve_stdio)
/// holds beyond the protocol is then that transport's to hold: order, one reply for each request, nothing lost at the
/// end.
pub fn handler(store: EventStore) -> impl ServerHandler + Clone {
    Server::new(store.into(), false, CancellationToken::new())
}
