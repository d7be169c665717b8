//! Who answers an MCP request? The handler rmcp calls: lists the tools, runs one, teaches when it cannot.
//!
//! No handler awaits: on a `current_thread` runtime calls take effect in the order they were sent.

use std::borrow::Cow;
use std::future::ready;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, CustomRequest, CustomResult, ErrorCode,
    ErrorData, Implementation, ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig,
};
use rmcp::service::{MaybeSendFuture, RequestContext, RoleServer, ServerInitializeError};
use rmcp::{ServerHandler, ServiceExt};
use serde_json::Value;

use super::closest::did_you_mean;
use super::tool::Entry;
use super::tools;
use crate::EventStore;

/// What an assistant reads before its first call.
pub(crate) const INSTRUCTIONS: &str = "\
Flight recorder of a running Elixir/Erlang (BEAM) system: calls, messages, process life, state changes and errors as \
events, indexed in memory.

Workflow: get_stats (what is there: time span, top event types, pids, functions) -> query_events with filters -> \
get_event_by_id for one whole event. last_n_events_for_pid is `tail` for a process; query_events_by_ast_node asks by \
place in the source; explain_query shows the plan.

Filters combine with AND and are echoed as they were applied. `pid` matches every role (sender, receiver, parent, ...); \
`role` narrows it. event_type takes one or a list.

Times are nanoseconds on the events' own clock (often negative: BEAM monotonic time), decimal strings, RFC 3339, or \
relative to the newest event: since_timestamp \"-5s\". Order is (timestamp, insertion); order \"desc\" gives the newest \
first.

Every answer says returned, total_matched, truncated and next_cursor. truncated=true: repeat the same call with \
cursor=next_cursor, or narrow the filters. limit 0 only counts. gaps name spans whose events were pruned.

format \"table\" (default) is short: constant columns stand once in the head, times are microseconds after t0, payloads \
are cut with a mark such as \"\u{2026}+123B\". format \"json\" gives whole events, nothing cut. fields picks columns; \
max_tokens is the size budget.

A refused call says what was wrong, what is allowed, and shows a call that works.";

/// The MCP server over one store.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    store: EventStore,
}

impl Server {
    /// A server that answers from `store`.
    pub(crate) const fn new(store: EventStore) -> Self {
        Self { store }
    }
}

/// Serves MCP on stdin and stdout until stdin ends.
///
/// Run it on a `current_thread` runtime: there, requests take effect in the order sent.
///
/// # Errors
/// When the pipe breaks before the client and the server have agreed on a protocol version.
pub async fn serve_stdio(store: EventStore) -> io::Result<()> {
    match Server::new(store).serve(rmcp::transport::stdio()).await {
        Ok(running) => running.waiting().await.map(drop).map_err(io::Error::other),
        // The client left before it said anything: there is nobody to tell.
        Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
        Err(error) => Err(io::Error::other(error)),
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let about = Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(about)
            .with_instructions(INSTRUCTIONS)
    }

    fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ListToolsResult, ErrorData>> + MaybeSendFuture + '_ {
        let tools = tools::all().iter().map(|entry| entry.tool.clone()).collect();
        ready(Ok(ListToolsResult::with_all_items(tools)))
    }

    fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<CallToolResponse, ErrorData>> + MaybeSendFuture + '_ {
        let Some(entry) = tools::all().iter().find(|entry| entry.tool.name == request.name) else {
            return ready(Err(unknown_tool(&request.name)));
        };
        let result = answer(entry, &self.store, request.arguments.unwrap_or_default());
        ready(Ok(result.into()))
    }

    fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<CustomResult, ErrorData>> + MaybeSendFuture + '_ {
        // rmcp hands over what it could not read as a request it knows, malformed calls among them.
        ready(Err(if request.method == "tools/call" {
            ErrorData::invalid_params(malformed_call(request.params.as_ref()), None)
        } else {
            let message = format!("Method not found: {}", request.method);
            ErrorData::new(ErrorCode::METHOD_NOT_FOUND, message, None)
        }))
    }
}

/// Runs one call. Whatever happens in it, the client gets an answer and the server stays up.
pub(super) fn answer(entry: &Entry, store: &EventStore, arguments: rmcp::model::JsonObject) -> CallToolResult {
    let outcome = catch_unwind(AssertUnwindSafe(|| (entry.call)(entry, store, arguments)));
    let refusal = match outcome {
        Ok(Ok(answer)) => {
            let mut result = CallToolResult::success(vec![ContentBlock::text(answer.text)]);
            result.structured_content = Some(answer.structured);
            return result;
        }
        Ok(Err(refusal)) => refusal,
        Err(_) => format!(
            "{}: the server failed on this call; nothing is known to be wrong with the arguments. \
             The server is up and other calls work; please report it.",
            entry.tool.name
        ),
    };
    CallToolResult::error(vec![ContentBlock::text(refusal)])
}

pub(super) fn unknown_tool(name: &str) -> ErrorData {
    let names: Vec<&str> = tools::all().iter().map(|entry| &*entry.tool.name).collect();
    let closest = did_you_mean(name, names.iter().copied());
    ErrorData::invalid_params(format!("Unknown tool: {name}. Available: {}.{closest}", names.join(", ")), None)
}

fn malformed_call(params: Option<&Value>) -> Cow<'static, str> {
    let wrong = match params {
        None | Some(Value::Null) => "params are missing",
        Some(Value::Object(params)) => match (params.get("name"), params.get("arguments")) {
            (None, _) => "params.name is missing",
            (Some(name), _) if !name.is_string() => "params.name is not a string",
            (_, Some(arguments)) if !arguments.is_object() => "params.arguments is not an object",
            _ => "params could not be read",
        },
        Some(_) => "params are not an object",
    };
    let example = r#"{"name":"get_stats","arguments":{}}"#;
    format!("tools/call: {wrong}; expected params such as {example}").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    #[test]
    fn a_panic_in_one_call_answers_that_call() {
        let mut entry = tools::all()[0].clone();
        entry.call = |_, _, _| panic!("a bug");
        let store = EventStore::open(Settings::UNBOUNDED).unwrap();
        let result = answer(&entry, &store, rmcp::model::JsonObject::new());
        assert_eq!(result.is_error, Some(true));
        assert_eq!(result.structured_content, None);
    }

    #[test]
    fn a_malformed_call_is_told_what_is_malformed() {
        let told = |params: Value, what: &str| assert!(malformed_call(Some(&params)).contains(what), "{params}");
        told(serde_json::json!({"arguments": {}}), "params.name is missing");
        told(serde_json::json!({"name": 5}), "params.name is not a string");
        told(serde_json::json!({"name": "x", "arguments": [1]}), "params.arguments is not an object");
        told(serde_json::json!([]), "params are not an object");
        assert!(malformed_call(None).contains("params are missing"));
    }
}
