//! How do assistants, clients and scripts reach the store? Over MCP: one table of tools, spoken on stdio.
//!
//! `serve` runs the transports (`stdio`, and `http` beside it), `server` speaks the protocol, `call` runs one call, `tools`
//! is the table, `desk` what they work on, `check` holds arguments against the schema that `schema` publishes, `args`
//! turns them into queries, `page` writes events for a small context window, `report` what was found out from them,
//! `gap` what is missing, `suggested` which call comes next. `answer` and `carried` are what goes back and what travels
//! beside a request.
//! Beside the tools stand `resources` (documents), `prompts` (led
//! investigations), `completion` (values of their arguments) and `subscriptions` (told when the statistics change).
//! `direct` is for programs that need no pipe. Only this module and `main` know MCP.

#![expect(
    clippy::doc_markdown,
    reason = "the doc comments of arguments and replies are their descriptions in tools.json: plain text"
)]

mod about;
mod answer;
mod args;
mod call;
mod carried;
mod check;
mod closest;
mod completion;
mod cost;
mod desk;
mod direct;
mod era;
mod gap;
mod http;
mod json;
mod listener;
mod numbers;
mod page;
mod paging;
mod prompts;
mod report;
mod resources;
mod schema;
mod serve;
mod server;
mod stdio;
mod subscriptions;
mod suggested;
mod tidying;
mod tool;
mod tools;
mod workers;

pub use desk::ImportRoots;
pub use direct::{Reply, call, call_watched, handler};
pub use http::HttpOptions;
pub use serve::{HttpNews, ServeOptions, serve};
pub use stdio::signals::Ends;
pub use stdio::{LineReport, Options as StdioOptions, read_line, serve_stdio};

/// The `tools/list` result of a server, read-only or not, as pretty JSON with a newline at the end: of one that is not,
/// what `tools.json` holds.
pub fn tools_json(is_read_only: bool) -> String {
    let list = tools::listed(is_read_only);
    let mut text = serde_json::to_string_pretty(&serde_json::json!({ "tools": list })).unwrap_or_default();
    text.push('\n');
    text
}
