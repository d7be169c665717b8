//! How is one call carried out, and who watches it meanwhile?
//!
//! A small call runs at once, where it is: handing it to another thread would cost more than it. Any other is carried
//! out by the [workers](super::workers), so that nobody waits for it and its cancellation is heard.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rmcp::model::{CallToolRequestParams, CallToolResult, ContentBlock, ErrorData};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::args::batch::HeldBatch;
use super::carried::{Answer, AnswerSlot, ArgumentsText, posted};
use super::closest::did_you_mean;
use super::desk::Desk;
use super::listener::Listener;
use super::tool::{Answered, Arguments, Entry, Form, Outcome, Prepared};
use super::tools;
use super::workers::{Undone, Wanted};
use crate::budget::{Budget, Busy};
use crate::visible::visible_lines;
use crate::watch::{Unwatched, Watch};

/// Carries out one call, unless `ending` is cancelled before it is done. Whatever happens in it, the client gets an answer
/// and the server stays up.
pub(crate) async fn run(
    desk: &Desk,
    is_read_only: bool,
    ending: &CancellationToken,
    request: CallToolRequestParams,
    mut context: RequestContext<RoleServer>,
) -> Result<CallToolResult, ErrorData> {
    let Some(entry) = tools::find(&request.name) else { return Err(unknown_tool(&request.name, is_read_only)) };
    if is_read_only && !entry.only_reads() {
        return Ok(refused_by_read_only(entry));
    }
    let (posted, slot) = posted(&context.extensions);
    let extensions = &mut context.extensions;
    let arguments = match (extensions.remove::<HeldBatch>(), extensions.remove::<ArgumentsText>().or(posted)) {
        (Some(batch), _) => Arguments::Batch(batch),
        (None, Some(text)) => Arguments::Text(text),
        (None, None) => Arguments::Object(request.arguments.unwrap_or_default()),
    };
    let slot = slot.or_else(|| context.extensions.remove::<AnswerSlot>());
    let form = if slot.is_some() { Form::Json } else { Form::Values };
    let done = outcome(entry, desk, ending, arguments, form, context).await;
    let done = done.and_then(|outcome| held(outcome, slot.as_ref(), desk.workers().budget()).map_err(Undone::Busy));
    if let (Err(Undone::Busy(busy)), Some(slot)) = (&done, &slot) {
        slot.refuse(*busy);
    }
    Ok(reply(entry, done))
}

/// Puts an answer that is JSON into its slot, with memory for it until it is sent; what is left is without it.
fn held(outcome: Outcome, slot: Option<&AnswerSlot>, budget: &Budget) -> Result<Outcome, Busy> {
    let (Ok(Answered::Json(json)), Some(slot)) = (&outcome, slot) else { return Ok(outcome) };
    let memory = budget.reserve((json.text.len() + json.structured.len()) as u64)?;
    if let Ok(Answered::Json(json)) = outcome {
        slot.put(Answer { json, memory });
    }
    Ok(Ok(Answered::Put))
}

async fn outcome(
    entry: &'static Entry,
    desk: &Desk,
    ending: &CancellationToken,
    arguments: Arguments,
    form: Form,
    context: RequestContext<RoleServer>,
) -> Result<Outcome, Undone> {
    let prepared = catch_unwind(AssertUnwindSafe(|| (entry.prepare)(entry, arguments, form)));
    let Prepared { cost, run } = match prepared.map_err(|_| Undone::Failed)? {
        Ok(prepared) => prepared,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let weight = cost.weigh(desk.store());
    if weight.is_small {
        return catch_unwind(AssertUnwindSafe(|| run(desk, &Unwatched))).map_err(|_| Undone::Failed);
    }
    let RequestContext { ct, meta, peer, .. } = context;
    let listener = meta.get_progress_token().map(|token| Listener {
        peer,
        token,
        tool: entry.tool.name.clone(),
        wanted: ct.clone(),
    });
    let wanted = Wanted { by_caller: ct, by_server: ending.clone() };
    let on_thread = desk.clone();
    let work = move |watch: &dyn Watch| run(&on_thread, watch);
    desk.workers().carry_out(weight, &wanted, entry.only_reads(), listener.as_ref(), work).await
}

/// What the client gets; the result is without an answer that was put elsewhere.
pub(super) fn reply(entry: &Entry, outcome: Result<Outcome, Undone>) -> CallToolResult {
    let refusal = match outcome {
        Ok(Ok(answered)) => {
            let (content, structured) = match answered.into_values() {
                None => (Vec::new(), None),
                Some(answer) => (vec![ContentBlock::text(answer.text)], Some(answer.structured)),
            };
            let mut result = CallToolResult::success(content);
            result.structured_content = structured;
            return result;
        }
        Ok(Err(refusal)) => refusal,
        Err(undone) => undone.told(&entry.tool.name),
    };
    CallToolResult::error(vec![ContentBlock::text(visible_lines(&refusal))])
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
    CallToolResult::error(vec![ContentBlock::text(visible_lines(&refusal))])
}

pub(super) fn unknown_tool(name: &str, is_read_only: bool) -> ErrorData {
    let names: Vec<&str> = tools::offered(is_read_only).map(|entry| &*entry.tool.name).collect();
    let closest = did_you_mean(name, names.iter().copied());
    ErrorData::invalid_params(format!("Unknown tool: {name}. Available: {}.{closest}", names.join(", ")), None)
}

/// What is wrong with the parameters of a `tools/call` that could not be read as one.
pub(crate) fn malformed(params: Option<&Value>) -> Cow<'static, str> {
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

    #[test]
    fn a_panic_in_one_call_answers_that_call() {
        let result = reply(&tools::all()[0], Err(Undone::Failed));
        assert_eq!(result.is_error, Some(true));
        assert_eq!(result.structured_content, None);
    }

    #[test]
    fn a_malformed_call_is_told_what_is_malformed() {
        let told = |params: Value, what: &str| assert!(malformed(Some(&params)).contains(what), "{params}");
        told(serde_json::json!({"arguments": {}}), "params.name is missing");
        told(serde_json::json!({"name": 5}), "params.name is not a string");
        told(serde_json::json!({"name": "x", "arguments": [1]}), "params.arguments is not an object");
        told(serde_json::json!([]), "params are not an object");
        assert!(malformed(None).contains("params are missing"));
    }
}
