//! How do assistants, clients and scripts reach the store? Over MCP: one table of tools, spoken on stdio.
//!
//! `stdio` carries messages, `server` speaks the protocol, `call` runs one call, `tools` is the table, `check` holds arguments against the schema that `schema`
//! publishes, `args` turns them into queries, `page` writes events for a small context window. Only this module and
//! `main` know MCP.

#![expect(
    clippy::doc_markdown,
    clippy::doc_link_with_quotes,
    reason = "the doc comments of arguments and replies are their descriptions in tools.json: plain text"
)]

mod args;
mod call;
mod check;
mod closest;
mod era;
mod json;
mod page;
mod schema;
mod server;
mod stdio;
mod tool;
mod tools;

use crate::EventStore;
pub use stdio::{LineReport, Options as StdioOptions, read_line, serve_stdio};

/// The server without a transport, for programs that bring one of rmcp's. On those, what the transport has to hold is
/// the transport's: order, one reply per request, nothing lost at the end.
pub fn handler(store: EventStore) -> impl rmcp::ServerHandler {
    server::Server::new(store)
}

/// The server's `tools/list` result as pretty JSON, with a newline at the end: what `tools.json` holds.
pub fn tools_json() -> String {
    let list: Vec<_> = tools::all().iter().map(|entry| &entry.tool).collect();
    let mut text = serde_json::to_string_pretty(&serde_json::json!({ "tools": list })).unwrap_or_default();
    text.push('\n');
    text
}
