//! Who answers an MCP request? The handler rmcp calls: lists the tools, runs one, teaches when it cannot.

use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rmcp::ServerHandler;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult, CustomRequest,
    CustomResult, ErrorCode, ErrorData, GetPromptRequestParams, GetPromptResponse, InitializeRequestParams,
    InitializeResult, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, ServerCapabilities,
    ServerConfig, SubscribeRequestParams, SubscriptionFilter, UnsubscribeRequestParams,
};
use rmcp::service::{MaybeSendFuture, RequestContext, RoleServer, SubscriptionContext};
use tokio_util::sync::CancellationToken;

use super::about::about;
use super::cost::Cost;
use super::desk::Desk;
use super::subscriptions::{self, Subscribed};
use super::workers::Wanted;
use super::{call, completion, era, paging, prompts, resources, tools};
use crate::EventStore;
use crate::budget::Reservation;
use crate::watch::{Unwatched, Watch};

/// What an assistant reads before its first call.
pub(crate) const INSTRUCTIONS: &str = "\
Flight recorder of a running Elixir/Erlang (BEAM) system: calls, messages, process life, state changes and errors as \
indexed events.

Start with overview, then explain (\"last_crash\", a pid, a name or an event id): the story back to the cause. state_at, \
state_history: a state, and who changed it. Symptom unclear: find_anomalies. call_tree, message_flow, mailbox: calls \
and messages.

Events: get_stats (top types, pids, functions) -> query_events with filters -> get_event_by_id. Figures: aggregate, \
profile (where the time went), diff_windows.

Filters are the same in every tool, told in full in query_events; they combine with AND and are echoed as applied. pid \
matches every role (sender, receiver, ...); role narrows it.

Times are nanoseconds on the events' own clock (often negative), RFC 3339, or relative to the newest event: \
since_timestamp \"-5s\". order \"desc\" gives the newest first.

truncated=true: repeat the call with cursor=next_cursor, or narrow the filters. limit 0 only counts. gaps name spans \
whose events were pruned or lost.

format \"table\": constant columns stand once in the head, cut payloads end in a mark (\"\u{2026}+123B\"). \"json\": whole \
events. max_tokens is the size of the answer, 4 bytes a token.

A refused call shows one that works. Empty or stale? import_events reads a recording, start_capture a running node.

More: the resource elixirscope://guide, and the prompts debug_crash, why_slow, who_changed_state, what_happened_around.";

/// What the instructions end with on a server that changes nothing.
const READ_ONLY: &str = "\n\nThis server is read-only: it offers no tool that stores or removes events.";

/// The MCP server over one store, for one connection.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    desk: Desk,
    is_read_only: bool,
    subscribed: Subscribed,
    /// Cancelled when the connection is about to end: whoever only listens goes home.
    closing: CancellationToken,
    /// Memory of its connection, where that is one of many.
    _memory: Option<Arc<Reservation>>,
}

impl Server {
    /// A server that answers from the desk's store; its listeners end with `closing`.
    pub(crate) fn new(desk: Desk, is_read_only: bool, closing: CancellationToken) -> Self {
        // Prompts suggest calls before any tool is asked for.
        tools::know();
        Self { desk, is_read_only, subscribed: Subscribed::default(), closing, _memory: None }
    }

    /// The same, and it holds its connection's memory.
    pub(crate) fn holding(self, memory: Reservation) -> Self {
        Self { _memory: Some(Arc::new(memory)), ..self }
    }
}

/// A list's answer to a request, cursor and cache hints included.
macro_rules! listed {
    ($result:ident, $method:literal, $items:expr, $request:ident, $context:ident) => {
        paging::page($method, $items, $request.as_ref()).map(|(items, next)| {
            let mut result = $result::with_all_items(items);
            result.next_cursor = next;
            result.meta = era::meta(&$context);
            if era::is_stateless(&$context) {
                result = result.with_ttl_ms(era::FIXED_TTL_MS).with_cache_scope(CacheScope::Public);
            }
            result
        })
    };
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_prompts()
            .enable_completions()
            .build();
        let read_only = if self.is_read_only { READ_ONLY } else { "" };
        ServerConfig::new(capabilities)
            .with_server_info(about())
            .with_instructions(format!("{INSTRUCTIONS}{read_only}"))
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

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let (is_read_only, uri) = (self.is_read_only, request.uri.clone());
        let contents = self
            .answer("resources/read", &context, move |store, watch| resources::read(store, is_read_only, &uri, watch))
            .await?;
        let mut result = ReadResourceResult::new(vec![contents]);
        result.meta = era::meta(&context);
        if era::is_stateless(&context) && resources::is_unchanging(&request.uri) {
            result = result.with_ttl_ms(era::FIXED_TTL_MS).with_cache_scope(CacheScope::Public);
        }
        Ok(result.into())
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let mut result =
            self.answer("prompts/get", &context, move |store, watch| prompts::get(store, request, watch)).await?;
        result.meta = era::meta(&context);
        Ok(result.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let found = self
            .answer("completion/complete", &context, move |store, watch| completion::complete(store, &request, watch))
            .await?;
        let mut result = CompleteResult::new(found);
        result.meta = era::meta(&context);
        Ok(result)
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(subscriptions::accepted(requested))
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        subscriptions::listen(self.desk.store(), &context, &self.closing).await;
        Ok(())
    }

    fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<(), ErrorData>> + MaybeSendFuture + '_ {
        ready(self.subscribed.subscribe(self.desk.store(), context.peer, request.uri))
    }

    fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<(), ErrorData>> + MaybeSendFuture + '_ {
        ready(self.subscribed.unsubscribe(&request.uri))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let meta = era::meta(&context);
        let mut result = call::run(&self.desk, self.is_read_only, &self.closing, request, context).await?;
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

impl Server {
    /// What it answers from.
    pub(crate) const fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Answers a request that is no call, from the store: at once where that is small, else beside everybody else's.
    async fn answer<T: Send + 'static>(
        &self,
        method: &str,
        context: &RequestContext<RoleServer>,
        run: impl FnOnce(&EventStore, &dyn Watch) -> Result<T, ErrorData> + Send + 'static,
    ) -> Result<T, ErrorData> {
        let weight = Cost::All(0).weigh(self.desk.store());
        if weight.is_small {
            return guarded(|| run(self.desk.store(), &Unwatched));
        }
        let wanted = Wanted { by_caller: context.ct.clone(), by_server: self.closing.clone() };
        let store = self.desk.store().clone();
        let work = move |watch: &dyn Watch| run(&store, watch);
        let done = self.desk.workers().carry_out(weight, &wanted, true, None, work).await;
        done.unwrap_or_else(|undone| Err(undone.error(method)))
    }
}

/// Runs what answers a request. A panic in it answers that request and leaves the server up.
fn guarded<T>(run: impl FnOnce() -> Result<T, ErrorData>) -> Result<T, ErrorData> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        let message = "the server failed on this request; it is up and others work; please report it";
        Err(ErrorData::internal_error(message, None))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_a_request_answers_that_request() {
        let error = guarded::<()>(|| panic!("a bug")).unwrap_err();
        assert_eq!(error.code, ErrorCode::INTERNAL_ERROR);
    }
}
