//! Which tools are there? One file each; this is the table.

mod cleanup_old_events;
mod clear_events;
mod explain_query;
mod get_event_by_id;
mod get_instrumentation_plan;
mod get_stats;
mod last_n_events_for_pid;
mod query_events;
mod query_events_by_ast_node;
mod removal;
mod store_event;
mod store_events;
mod store_instrumentation_plan;

use std::sync::LazyLock;

use super::tool::{Entry, entry};

static TABLE: LazyLock<[Entry; 12]> = LazyLock::new(|| {
    [
        entry::<store_event::StoreEvent>(),
        entry::<store_events::StoreEvents>(),
        entry::<query_events::QueryEvents>(),
        entry::<query_events_by_ast_node::QueryEventsByAstNode>(),
        entry::<last_n_events_for_pid::LastNEventsForPid>(),
        entry::<get_event_by_id::GetEventById>(),
        entry::<get_stats::GetStats>(),
        entry::<cleanup_old_events::CleanupOldEvents>(),
        entry::<clear_events::ClearEvents>(),
        entry::<explain_query::ExplainQuery>(),
        entry::<store_instrumentation_plan::StoreInstrumentationPlan>(),
        entry::<get_instrumentation_plan::GetInstrumentationPlan>(),
    ]
});

/// Every tool, in the order they are listed.
pub(crate) fn all() -> &'static [Entry] {
    &*TABLE
}

/// The tool of this name.
pub(crate) fn find(name: &str) -> Option<&'static Entry> {
    all().iter().find(|entry| entry.tool.name == name)
}

/// Arguments of a tool that takes none.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
pub(crate) struct NoArgs {}
