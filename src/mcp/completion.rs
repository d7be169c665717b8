//! Which values can this argument have? From the live indexes, for prompts and resource templates.
//!
//! What starts with the text comes before what contains it, each the most frequent first; case does not matter.

use rmcp::model::{CompleteRequestParams, CompletionInfo, ErrorData, Reference};

use super::closest::did_you_mean;
use super::prompts;
use super::resources::{self, uri};
use crate::query::Query;
use crate::store::TopKeys;
use crate::watch::Watch;
use crate::{EventStore, Index, Order, Result};

/// Events looked through for ids: ids have no order, so the newest are offered.
const NEWEST: usize = 1_000;

/// How a pid is written where the value is put.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PidForm {
    /// `<0.1.0>`, as tools show it.
    Shown,
    /// `0.1.0`, which a URI can hold as it is.
    InUri,
}

/// The values that an argument can have and that start with or contain what was typed.
pub(crate) fn complete(
    store: &EventStore,
    request: &CompleteRequestParams,
    watch: &dyn Watch,
) -> std::result::Result<CompletionInfo, ErrorData> {
    let (whose, names, form) = match &request.r#ref {
        Reference::Prompt(prompt) => {
            let known = prompts::all();
            let lead = known.iter().find(|lead| lead.name == prompt.name).ok_or_else(|| {
                let names: Vec<&str> = known.iter().map(|lead| lead.name).collect();
                unknown("ref.name", &prompt.name, "a prompt", &names)
            })?;
            (lead.name.to_owned(), lead.arguments.iter().map(|one| one.name.to_owned()).collect(), PidForm::Shown)
        }
        Reference::Resource(resource) => {
            let known: Vec<String> = resources::templates().into_iter().map(|one| one.uri_template).collect();
            let Some(template) = known.iter().find(|template| **template == resource.uri) else {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                return Err(unknown("ref.uri", &resource.uri, "a resource template", &known));
            };
            (template.clone(), variables(template), PidForm::InUri)
        }
        _ => return Err(ErrorData::invalid_params("ref: expected ref/prompt or ref/resource", None)),
    };
    let name = request.argument.name.as_str();
    if !names.iter().any(|known| known == name) {
        let what = format!("an argument of {whose}");
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        return Err(unknown("argument.name", name, &what, &names));
    }
    let within = |other: &str| {
        let given = request.context.as_ref().and_then(|context| context.get_argument(other));
        given.map(|value| value.trim()).filter(|value| !value.is_empty())
    };
    let found = values(store, name, request.argument.value.trim(), (within("module"), form), watch);
    found.map_err(|error| ErrorData::internal_error(error.to_string(), None))
}

/// What stands between braces.
fn variables(template: &str) -> Vec<String> {
    template.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect()
}

fn unknown(path: &str, name: &str, what: &str, known: &[&str]) -> ErrorData {
    let closest = did_you_mean(name, known.iter().copied());
    let message = format!("{path}: {name:?} is not {what}; known: {}.{closest}", known.join(", "));
    ErrorData::invalid_params(message, None)
}

fn values(
    store: &EventStore,
    name: &str,
    typed: &str,
    (module, form): (Option<&str>, PidForm),
    watch: &dyn Watch,
) -> Result<CompletionInfo> {
    const MOST: usize = CompletionInfo::MAX_VALUES;
    let keys = |index: Index, like: &str| store.top_keys_watched(index, like, MOST, watch);
    Ok(match name {
        "pid" => {
            let like = typed.trim_start_matches("#PID").trim_start_matches('<');
            let mut found = keys(Index::Process, like)?;
            if form == PidForm::InUri {
                for (pid, _) in &mut found.keys {
                    *pid = uri::bare(pid).to_owned();
                }
            }
            info(found)
        }
        "module" => info(keys(Index::Module, without_elixir(typed))?),
        "function" => info(match module {
            Some(module) => store.top_functions_watched(without_elixir(module), typed, MOST, watch)?,
            None => keys(Index::Function, typed)?,
        }),
        "ast_node_id" => info(keys(Index::AstNode, typed)?),
        "event_type" => info(keys(Index::EventType, typed)?),
        "event_id" | "moment" => event_ids(store, typed),
        // Times and durations are free.
        _ => CompletionInfo::default(),
    })
}

/// Modules are stored under the name Elixir shows.
fn without_elixir(module: &str) -> &str {
    module.strip_prefix("Elixir.").unwrap_or(module)
}

fn info(found: TopKeys) -> CompletionInfo {
    let values: Vec<String> = found.keys.into_iter().map(|(key, _)| key).collect();
    let has_more = found.matched > values.len() as u64;
    let total = u32::try_from(found.matched).ok();
    CompletionInfo::with_pagination(values, total, has_more).unwrap_or_default()
}

/// Ids that start with what was typed, of the newest events, and the one that is exactly it, however old.
fn event_ids(store: &EventStore, typed: &str) -> CompletionInfo {
    let query = Query { order: Order::Desc, limit: NEWEST, total: false, ..Query::default() };
    let (newest, is_all) = match store.query_events(&query) {
        Ok(page) => (page.events, page.next_cursor.is_none()),
        Err(_) => return CompletionInfo::default(),
    };
    let like = typed.to_lowercase();
    let exact = if typed.is_empty() { None } else { store.get_event_by_id(typed).ok() };
    let exact: Option<String> = exact.map(|event| event.event_id().to_owned());
    let others = newest.into_iter().map(|event| event.event_id().to_owned());
    let others = others.filter(|id| exact.as_ref() != Some(id) && id.to_lowercase().starts_with(&like));
    let mut values: Vec<String> = exact.iter().cloned().chain(others).collect();
    let total = is_all.then_some(values.len() as u32);
    let has_more = !is_all || values.len() > CompletionInfo::MAX_VALUES;
    values.truncate(CompletionInfo::MAX_VALUES);
    CompletionInfo::with_pagination(values, total, has_more).unwrap_or_default()
}
