//! Who answers the suite? The real handler, except for names that are fixtures.

#![expect(deprecated, reason = "the suite asks about logging and subscriptions of old protocols too")]

use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, CompleteRequestParams, CompleteResult,
    ContentBlock, CustomRequest, CustomResult, GetPromptRequestParams, GetPromptResponse, GetPromptResult, JsonObject,
    ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, LoggingLevel,
    LoggingMessageNotificationParam, PaginatedRequestParams, ProgressNotificationParam, ReadResourceRequestParams,
    ReadResourceResponse, ReadResourceResult, Reference, RequestStateCodec, ServerConfig, ServerRequest,
    SetLevelRequestParams, SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams,
};
use rmcp::service::{RequestContext, RoleServer, SubscriptionContext};
use rmcp::{ErrorData, ServerHandler};
use serde_json::{Value, json};

use crate::fixtures::{self, filled, read, table};
use crate::input::{self, Outcome};

type Context = RequestContext<RoleServer>;
type Answer<T> = Result<T, ErrorData>;

/// State that one session was given opens in any other: with the newest protocol each request is its own session.
static SEAL: LazyLock<RequestStateCodec> =
    LazyLock::new(|| RequestStateCodec::try_new(std::array::from_fn::<u8, 32, _>(|n| n as u8)).unwrap());

/// The real handler with fixtures beside it, for one session.
pub(crate) struct WithFixtures<Real> {
    real: Real,
    /// What a session of an old protocol wants to be told.
    level: Mutex<Option<LoggingLevel>>,
}

impl<Real> WithFixtures<Real> {
    pub(crate) const fn new(real: Real) -> Self {
        Self { real, level: Mutex::new(None) }
    }
}

/// Whether a page of a list is the first one: fixtures stand at its head.
fn is_first(page: Option<&PaginatedRequestParams>) -> bool {
    page.is_none_or(|page| page.cursor.is_none())
}

impl<Real: ServerHandler> ServerHandler for WithFixtures<Real> {
    fn get_info(&self) -> ServerConfig {
        let mut info = self.real.get_info();
        info.capabilities.resources.get_or_insert_default();
        info.capabilities.prompts.get_or_insert_default();
        info.capabilities.completions.get_or_insert_default();
        info.capabilities.logging.get_or_insert_default();
        info
    }

    async fn list_tools(&self, page: Option<PaginatedRequestParams>, context: Context) -> Answer<ListToolsResult> {
        let first = is_first(page.as_ref());
        let mut list = self.real.list_tools(page, context).await?;
        if first {
            list.tools.extend(fixtures::tool_names().map(|name| fixtures::tool(name)));
        }
        Ok(list)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        if fixtures::tool_names().any(|fixture| fixture == name) {
            return Some(fixtures::tool(name));
        }
        self.real.get_tool(name)
    }

    async fn call_tool(&self, request: CallToolRequestParams, context: Context) -> Answer<CallToolResponse> {
        let name = &*request.name;
        let arguments = request.arguments.clone().unwrap_or_default();
        if let Some(result) = fixtures::entry("answers", name) {
            return Ok(fixtures::result::<CallToolResult>(filled(result, &arguments)).into());
        }
        if let Some(question) = fixtures::entry("asks", name) {
            return ask(question, &arguments, &context).await;
        }
        if fixtures::entry("acts", name).is_some() {
            return self.act(name, &context).await;
        }
        let client = context.client_capabilities().unwrap_or_default();
        let state = request.request_state.as_deref();
        match input::go_on(name, request.input_responses.as_ref(), state, &client, &SEAL) {
            Some(outcome) => Ok(match outcome? {
                Outcome::Ask(question) => question.into(),
                Outcome::Done(text) => says(text),
            }),
            None => self.real.call_tool(request, context).await,
        }
    }

    async fn list_prompts(&self, page: Option<PaginatedRequestParams>, context: Context) -> Answer<ListPromptsResult> {
        let first = is_first(page.as_ref());
        let mut list = self.real.list_prompts(page, context).await.or_else(none_there)?;
        if first {
            list.prompts.extend(read::<Vec<_>>(table("prompts").clone()));
        }
        Ok(list)
    }

    async fn get_prompt(&self, request: GetPromptRequestParams, context: Context) -> Answer<GetPromptResponse> {
        let arguments = request.arguments.clone().unwrap_or_default();
        if let Some(messages) = fixtures::entry("messages", &request.name) {
            let message = |content: &Value| json!({"role": "user", "content": filled(content, &arguments)});
            let messages: Vec<_> = messages.as_array().unwrap().iter().map(message).collect();
            return Ok(fixtures::result::<GetPromptResult>(json!({"messages": messages})).into());
        }
        let client = context.client_capabilities().unwrap_or_default();
        let state = request.request_state.as_deref();
        match input::go_on(&request.name, request.input_responses.as_ref(), state, &client, &SEAL) {
            Some(outcome) => Ok(match outcome? {
                Outcome::Ask(question) => question.into(),
                Outcome::Done(text) => {
                    let message = json!({"role": "user", "content": {"type": "text", "text": text}});
                    fixtures::result::<GetPromptResult>(json!({"messages": [message]})).into()
                }
            }),
            None => self.real.get_prompt(request, context).await,
        }
    }

    async fn list_resources(
        &self,
        page: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Answer<ListResourcesResult> {
        let first = is_first(page.as_ref());
        let mut list = self.real.list_resources(page, context).await.or_else(none_there)?;
        if first {
            list.resources.extend(read::<Vec<_>>(table("resources").clone()));
        }
        Ok(list)
    }

    async fn list_resource_templates(
        &self,
        page: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Answer<ListResourceTemplatesResult> {
        let first = is_first(page.as_ref());
        let mut list = self.real.list_resource_templates(page, context).await.or_else(none_there)?;
        if first {
            list.resource_templates.extend(read::<Vec<_>>(table("templates").clone()));
        }
        Ok(list)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: Context,
    ) -> Answer<ReadResourceResponse> {
        let uri = request.uri.as_str();
        let mut contents = match fixtures::entry("contents", uri) {
            Some(contents) => filled(contents, &JsonObject::new()),
            None => match uri.strip_prefix("test://template/").and_then(|rest| rest.strip_suffix("/data")) {
                Some(id) => {
                    let text = json!({"id": id, "templateTest": true, "data": format!("Data for ID: {id}")});
                    json!({"mimeType": "application/json", "text": text.to_string()})
                }
                None => return self.real.read_resource(request, context).await,
            },
        };
        contents["uri"] = json!(uri);
        Ok(fixtures::result::<ReadResourceResult>(json!({"contents": [contents]})).into())
    }

    async fn complete(&self, request: CompleteRequestParams, context: Context) -> Answer<CompleteResult> {
        let is_fixture = match &request.r#ref {
            Reference::Prompt(prompt) => prompt.name.starts_with("test_"),
            Reference::Resource(resource) => resource.uri.starts_with("test://"),
            _ => false,
        };
        if is_fixture { Ok(CompleteResult::default()) } else { self.real.complete(request, context).await }
    }

    async fn set_level(&self, request: SetLevelRequestParams, _context: Context) -> Answer<()> {
        *self.level.lock().unwrap() = Some(request.level);
        Ok(())
    }

    async fn subscribe(&self, request: SubscribeRequestParams, context: Context) -> Answer<()> {
        if fixtures::entry("contents", &request.uri).is_some() {
            return Ok(());
        }
        self.real.subscribe(request, context).await
    }

    async fn unsubscribe(&self, request: UnsubscribeRequestParams, context: Context) -> Answer<()> {
        if fixtures::entry("contents", &request.uri).is_some() {
            return Ok(());
        }
        self.real.unsubscribe(request, context).await
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        self.real.accepted_subscription_filter(requested)
    }

    async fn listen(&self, context: SubscriptionContext) -> Answer<()> {
        self.real.listen(context).await
    }

    async fn on_custom_request(&self, request: CustomRequest, context: Context) -> Answer<CustomResult> {
        self.real.on_custom_request(request, context).await
    }
}

impl<Real: ServerHandler> WithFixtures<Real> {
    /// Runs a tool that does something besides answering.
    async fn act(&self, name: &str, context: &Context) -> Answer<CallToolResponse> {
        let samples = context.client_capabilities().is_some_and(|client| client.sampling.is_some());
        match name {
            "test_missing_capability" if !samples => {
                let needed = ClientCapabilities::builder().enable_sampling().build();
                Err(ErrorData::missing_required_client_capability(needed))
            }
            "test_tool_with_progress" => {
                let Some(token) = context.meta.get_progress_token() else { return Ok(says("nobody asked".into())) };
                for done in [0.0, 50.0, 100.0] {
                    let progress = ProgressNotificationParam::new(token.clone(), done).with_total(100.0);
                    let told = context.peer.notify_progress(progress.with_message(format!("{done} of 100"))).await;
                    told.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(says("progress was told".into()))
            }
            "test_tool_with_logging" | "test_logging_tool" => {
                let level = context.meta.log_level().or(*self.level.lock().unwrap());
                for text in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
                    if level.is_none_or(|level| level as u8 > LoggingLevel::Info as u8) {
                        continue;
                    }
                    let message = LoggingMessageNotificationParam::new(LoggingLevel::Info, json!(text));
                    let told = context.peer.notify_logging_message(message.with_logger("conformance")).await;
                    told.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(says("logged, if asked to".into()))
            }
            _ => Ok(says("done".into())),
        }
    }
}

/// What the suite waits for between two notifications, so that they cannot arrive as one.
const PAUSE: Duration = Duration::from_millis(50);

fn says(text: String) -> CallToolResponse {
    CallToolResult::success(vec![ContentBlock::text(text)]).into()
}

/// A request of the server to the client, as old protocols have them; the answer as text.
async fn ask(question: &Value, arguments: &JsonObject, context: &Context) -> Answer<CallToolResponse> {
    let request: ServerRequest = read(filled(&question["request"], arguments));
    Ok(match context.peer.send_request(request).await {
        Ok(answer) => {
            let answer = json!(answer);
            let text = answer.pointer("/content/text").map_or_else(|| answer.to_string(), Value::to_string);
            says(format!("{}{text}", question["says"].as_str().unwrap()))
        }
        Err(error) => CallToolResult::error(vec![ContentBlock::text(error.to_string())]).into(),
    })
}

/// A list that the real handler does not have is empty.
fn none_there<List: Default>(error: ErrorData) -> Answer<List> {
    if error.code == rmcp::model::ErrorCode::METHOD_NOT_FOUND { Ok(List::default()) } else { Err(error) }
}
