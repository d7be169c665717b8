//! How does a program use the tools without a pipe? By calling one, or by mounting the server on a transport of its own.

use rmcp::ServerHandler;
use serde_json::Value;

use super::server::{Server, answer, unknown_tool};
use super::tools;
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

/// Calls a tool with the text of its arguments, as `tools/call` does.
///
/// # Errors
/// [`Invalid`](crate::ErrorKind::Invalid) when no tool has this name or the arguments are not a JSON object. A call that
/// the tool refuses is a [`Reply`].
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
    let Some(entry) = tools::all().iter().find(|entry| entry.tool.name == tool) else {
        return Err(Error::invalid(unknown_tool(tool).message));
    };
    let arguments = serde_json::from_str(arguments).map_err(|error| {
        Error::invalid(format!("arguments: {error}; expected a JSON object such as {}", entry.example))
    })?;
    let result = answer(entry, store, arguments);
    let text = result.content.iter().filter_map(|block| block.as_text()).map(|block| &*block.text).collect();
    Ok(Reply { text, structured: result.structured_content })
}

/// The MCP server over one store, for a transport of the caller's choice; [`serve_stdio`](super::serve_stdio) is the
/// usual one.
pub const fn handler(store: EventStore) -> impl ServerHandler + Clone {
    Server::new(store)
}
