//! Who answers an MCP request? The handler rmcp calls: lists the tools, runs one, teaches when it cannot.

use std::future::ready;

use rmcp::ServerHandler;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CustomRequest, CustomResult, ErrorCode, ErrorData,
    Implementation, InitializeRequestParams, InitializeResult, ListToolsResult, PaginatedRequestParams,
    ServerCapabilities, ServerConfig,
};
use rmcp::service::{MaybeSendFuture, RequestContext, RoleServer};

use super::{call, era, tools};
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

/// What this program calls itself.
pub(crate) fn about() -> Implementation {
    Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(about())
            .with_instructions(INSTRUCTIONS)
    }

    /// From here on the version agreed upon rules the shape of replies, whatever version was asked for.
    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        let result = self.negotiate_initialize(&request)?;
        let mut agreed = request;
        agreed.protocol_version = result.protocol_version.clone();
        context.peer.set_peer_info(agreed);
        Ok(result)
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = tools::all().iter().map(|entry| entry.tool.clone()).collect();
        let mut list = ListToolsResult::with_all_items(tools);
        if era::is_stateless(&context) {
            list.meta = era::meta(&context);
            list = list.with_ttl_ms(era::FIXED_TTL_MS).with_cache_scope(CacheScope::Public);
        }
        Ok(list)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let meta = era::meta(&context);
        let mut result = call::run(&self.store, request, context).await?;
        result.meta = meta;
        Ok(result.into())
    }

    fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<CustomResult, ErrorData>> + MaybeSendFuture + '_ {
        // rmcp hands over what it could not read as a request it knows, malformed calls among them.
        ready(Err(if request.method == "tools/call" {
            ErrorData::invalid_params(call::malformed(request.params.as_ref()), None)
        } else {
            let message = format!("Method not found: {}", request.method);
            ErrorData::new(ErrorCode::METHOD_NOT_FOUND, message, None)
        }))
    }
}
