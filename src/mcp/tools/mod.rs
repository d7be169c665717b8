//! Which tools are there? One file each; this is the table.

mod aggregate;
mod call_tree;
mod capture_status;
mod cleanup_old_events;
mod clear_events;
mod diff_windows;
mod explain;
mod explain_query;
mod find_anomalies;
mod find_events_around;
mod findings;
mod get_event_by_id;
mod get_instrumentation_plan;
mod get_stats;
mod import_events;
mod last_n_events_for_pid;
mod mailbox;
mod message_flow;
mod overview;
mod plain;
mod profile;
mod query_events;
mod query_events_by_ast_node;
mod removal;
mod source;
mod start_capture;
mod state_at;
mod state_history;
mod stop_capture;
mod store_event;
mod store_events;
mod store_instrumentation_plan;

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::answer::Answer;
use super::desk::Desk;
use super::suggested;
use super::tool::{Arguments, Entry, Form, entry, entry_at_desk};
use crate::EventStore;
use crate::watch::Watch;

static TABLE: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let mut table = vec![
        entry::<store_event::StoreEvent>(),
        entry::<store_events::StoreEvents>(),
        entry::<query_events::QueryEvents>(),
        entry::<query_events_by_ast_node::QueryEventsByAstNode>(),
        entry::<last_n_events_for_pid::LastNEventsForPid>(),
        entry::<get_event_by_id::GetEventById>(),
        entry::<overview::OverviewTool>(),
        entry::<explain::Explain>(),
        entry::<state_at::StateAtTool>(),
        entry::<state_history::StateHistory>(),
        entry::<find_events_around::FindEventsAround>(),
        entry::<aggregate::Aggregate>(),
        entry::<profile::Profile>(),
        entry::<diff_windows::DiffWindows>(),
        entry::<get_stats::GetStats>(),
        entry::<cleanup_old_events::CleanupOldEvents>(),
        entry::<clear_events::ClearEvents>(),
        entry::<explain_query::ExplainQuery>(),
        entry::<find_anomalies::FindAnomalies>(),
        entry::<call_tree::CallTree>(),
        entry::<message_flow::MessageFlow>(),
        entry::<mailbox::Mailbox>(),
        entry::<store_instrumentation_plan::StoreInstrumentationPlan>(),
        entry::<get_instrumentation_plan::GetInstrumentationPlan>(),
        entry_at_desk::<import_events::ImportEvents>(),
        entry_at_desk::<start_capture::StartCapture>(),
        entry_at_desk::<stop_capture::StopCapture>(),
        entry_at_desk::<capture_status::CaptureStatus>(),
    ];
    say_once(&mut table);
    table
});

/// What several tools say of an argument in the same words is said in full by the first of them; the others say its
/// first sentence. Full stops at the end go too: a model reads all this before the first question.
fn say_once(table: &mut [Entry]) {
    let mut said = HashSet::new();
    for entry in table {
        let schema = Arc::make_mut(&mut entry.tool.input_schema);
        let Some(Value::Object(arguments)) = schema.get_mut("properties") else { continue };
        for (name, argument) in arguments {
            let Some(Value::String(description)) = argument.get_mut("description") else { continue };
            let is_new = said.insert((name.clone(), description.clone()));
            let end = description.find(". ").filter(|_| !is_new);
            let end = end.unwrap_or_else(|| description.trim_end_matches('.').len());
            description.truncate(end);
        }
    }
}

/// Every tool, in the order they are listed.
pub(crate) fn all() -> &'static [Entry] {
    know();
    &TABLE
}

/// Says to answers and prompts, which stand below, which tools there are. Whoever runs a tool has said it.
pub(crate) fn know() {
    suggested::know(&TABLE);
}

/// The tools a server offers: all, or those that change nothing.
pub(crate) fn offered(is_read_only: bool) -> impl Iterator<Item = &'static Entry> {
    all().iter().filter(move |entry| !is_read_only || entry.only_reads())
}

/// What `tools/list` shows.
pub(crate) fn listed(is_read_only: bool) -> Vec<rmcp::model::Tool> {
    offered(is_read_only).map(|entry| entry.tool.clone()).collect()
}

/// What a tool answers, for what is made of answers; an error is the text of the refusal.
pub(crate) fn call(
    name: &str,
    store: &EventStore,
    arguments: Value,
    watch: &dyn Watch,
) -> Result<Answer<Value>, String> {
    let Some(entry) = find(name) else { return Err(format!("there is no tool {name}")) };
    let Value::Object(arguments) = arguments else { return Err(format!("{name}: arguments are an object")) };
    let desk = Desk::from(store.clone());
    let prepared = (entry.prepare)(entry, Arguments::Object(arguments), Form::Values)?;
    let answered = (prepared.run)(&desk, watch)?;
    answered.into_values().ok_or_else(|| format!("{name}: the answer is elsewhere"))
}

/// The tool of this name.
pub(crate) fn find(name: &str) -> Option<&'static Entry> {
    all().iter().find(|entry| entry.tool.name == name)
}
