//! Who answers an MCP request? The handler rmcp calls: lists the tools, runs one, teaches when it cannot.
//!
//! No handler awaits: on a `current_thread` runtime calls take effect in the order they were sent.

use std::borrow::Cow;
use std::future::ready;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult,
    ContentBlock, CustomRequest, CustomResult, ErrorCode, ErrorData, GetPromptRequestParams, GetPromptResponse,
    Implementation, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult,
    ServerCapabilities, ServerConfig, SubscribeRequestParams, SubscriptionFilter, UnsubscribeRequestParams,
};
use rmcp::service::{MaybeSendFuture, RequestContext, RoleServer, ServerInitializeError, SubscriptionContext};
use rmcp::{ServerHandler, ServiceExt};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::closest::did_you_mean;
use super::end_of_input::EndOfInput;
use super::subscriptions::{self, Subscribed};
use super::tool::Entry;
use super::{completion, paging, prompts, resources, tools};
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

A refused call says what was wrong, what is allowed, and shows a call that works.

More: the resource elixirscope://guide, and the prompts debug_crash, why_slow, who_changed_state, what_happened_around.";

/// What the instructions end with on a server that changes nothing.
const READ_ONLY: &str = "\n\nThis server is read-only: it offers no tool that stores or removes events.";

/// How long lists and the guide stay as they are: the whole life of the server.
const UNCHANGING_MS: u64 = 3_600_000;

/// The MCP server over one store, for one connection.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    store: EventStore,
    is_read_only: bool,
    subscribed: Subscribed,
    /// Cancelled when the connection is about to end: whoever only listens goes home.
    closing: CancellationToken,
}

impl Server {
    /// A server that answers from `store`; its listeners end with `closing`.
    pub(crate) fn new(store: EventStore, is_read_only: bool, closing: CancellationToken) -> Self {
        Self { store, is_read_only, subscribed: Subscribed::default(), closing }
    }
}

/// Serves MCP on stdin and stdout until stdin ends or `stop` is cancelled.
///
/// Run it on a `current_thread` runtime: there, requests take effect in the order sent.
///
/// # Errors
/// When the pipe breaks before the client and the server have agreed on a protocol version.
pub(super) async fn serve_stdio(store: EventStore, is_read_only: bool, stop: CancellationToken) -> io::Result<()> {
    let closing = stop.child_token();
    let (stdin, stdout) = rmcp::transport::stdio();
    let stdin = EndOfInput::new(stdin, closing.clone());
    // rmcp cancels the token it is given when the conversation ends; what else is served goes on.
    match Server::new(store, is_read_only, closing).serve_with_ct((stdin, stdout), stop.child_token()).await {
        Ok(running) => running.waiting().await.map(drop).map_err(io::Error::other),
        // The client left before it said anything: there is nobody to tell.
        Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => Ok(()),
        Err(error) => Err(io::Error::other(error)),
    }
}

/// Whether the peer speaks 2026-07-28 or later, where lists carry how long they may be cached.
fn caches(context: &RequestContext<RoleServer>) -> bool {
    context.protocol_version().is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str())
}

/// A list's answer to a request, cursor and cache hints included.
macro_rules! listed {
    ($result:ident, $method:literal, $items:expr, $request:ident, $context:ident) => {
        paging::page($method, $items, $request.as_ref()).map(|(items, next)| {
            let mut result = $result::with_all_items(items);
            result.next_cursor = next;
            if caches(&$context) {
                result = result.with_ttl_ms(UNCHANGING_MS).with_cache_scope(CacheScope::Public);
            }
            result
        })
    };
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let about = Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_prompts()
            .enable_completions()
            .build();
        let read_only = if self.is_read_only { READ_ONLY } else { "" };
        ServerConfig::new(capabilities).with_server_info(about).with_instructions(format!("{INSTRUCTIONS}{read_only}"))
    }

    fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ListToolsResult, ErrorData>> + MaybeSendFuture + '_ {
        ready(listed!(ListToolsResult, "tools/list", tools::listed(self.is_read_only), request, context))
    }

    fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ListResourcesResult, ErrorData>> + MaybeSendFuture + '_ {
        ready(listed!(ListResourcesResult, "resources/list", resources::list(), request, context))
    }

    fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ListResourceTemplatesResult, ErrorData>> + MaybeSendFuture + '_ {
        ready(listed!(
            ListResourceTemplatesResult,
            "resources/templates/list",
            resources::templates(),
            request,
            context
        ))
    }

    fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ListPromptsResult, ErrorData>> + MaybeSendFuture + '_ {
        ready(listed!(ListPromptsResult, "prompts/list", prompts::list(), request, context))
    }

    fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ReadResourceResponse, ErrorData>> + MaybeSendFuture + '_ {
        let contents = guarded(|| resources::read(&self.store, self.is_read_only, &request.uri));
        ready(contents.map(|contents| {
            let mut result = ReadResourceResult::new(vec![contents]);
            if caches(&context) && resources::is_unchanging(&request.uri) {
                result = result.with_ttl_ms(UNCHANGING_MS).with_cache_scope(CacheScope::Public);
            }
            result.into()
        }))
    }

    fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<GetPromptResponse, ErrorData>> + MaybeSendFuture + '_ {
        ready(guarded(|| prompts::get(&self.store, request)).map(Into::into))
    }

    fn complete(
        &self,
        request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<CompleteResult, ErrorData>> + MaybeSendFuture + '_ {
        ready(guarded(|| completion::complete(&self.store, &request)).map(CompleteResult::new))
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(subscriptions::accepted(requested))
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        subscriptions::listen(&self.store, &context, &self.closing).await;
        Ok(())
    }

    fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<(), ErrorData>> + MaybeSendFuture + '_ {
        ready(self.subscribed.subscribe(&self.store, context.peer, request.uri))
    }

    fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<(), ErrorData>> + MaybeSendFuture + '_ {
        ready(self.subscribed.unsubscribe(&request.uri))
    }

    fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<CallToolResponse, ErrorData>> + MaybeSendFuture + '_ {
        let Some(entry) = tools::all().iter().find(|entry| entry.tool.name == request.name) else {
            return ready(Err(unknown_tool(&request.name, self.is_read_only)));
        };
        if self.is_read_only && !entry.only_reads() {
            return ready(Ok(refused_by_read_only(entry).into()));
        }
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
fn answer(entry: &Entry, store: &EventStore, arguments: rmcp::model::JsonObject) -> CallToolResult {
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

/// Runs what answers a request. A panic in it answers that request and leaves the server up.
fn guarded<T>(run: impl FnOnce() -> Result<T, ErrorData>) -> Result<T, ErrorData> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        let message = "the server failed on this request; it is up and others work; please report it";
        Err(ErrorData::internal_error(message, None))
    })
}

/// A call that would change the store, on a server that was started not to.
fn refused_by_read_only(entry: &Entry) -> CallToolResult {
    let names: Vec<&str> = tools::offered(true).map(|entry| &*entry.tool.name).collect();
    let refusal = format!(
        "{}: this server was started with --read-only (ELIXIR_SCOPE_READ_ONLY): nothing is stored or removed by calls. \
         The tools that read: {}.",
        entry.tool.name,
        names.join(", ")
    );
    CallToolResult::error(vec![ContentBlock::text(refusal)])
}

fn unknown_tool(name: &str, is_read_only: bool) -> ErrorData {
    let names: Vec<&str> = tools::offered(is_read_only).map(|entry| &*entry.tool.name).collect();
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
    fn a_panic_in_a_request_answers_that_request() {
        let error = guarded::<()>(|| panic!("a bug")).unwrap_err();
        assert_eq!(error.code, ErrorCode::INTERNAL_ERROR);
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
