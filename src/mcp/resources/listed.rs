//! Which resources are there, with a key and without?

use rmcp::model::{Resource, ResourceTemplate};

use super::uri::{self, Target};

pub(super) const JSON: &str = "application/json";
pub(super) const MARKDOWN: &str = "text/markdown";
pub(super) const TEXT: &str = "text/plain";

/// The resources without a key.
pub(crate) fn list() -> Vec<Resource> {
    let resource = |target: Target, name: &str, title: &str, description: &str, mime: &str| {
        Resource::new(target.uri(), name).with_title(title).with_description(description).with_mime_type(mime)
    };
    vec![
        resource(
            Target::Stats,
            "stats",
            "Statistics",
            "What is stored, as get_stats answers it: time span, most frequent event types, pids and functions, \
             memory, limits, counters. Can be subscribed to.",
            JSON,
        ),
        resource(
            Target::Guide,
            "guide",
            "How to question this store",
            "Read it once before an investigation: the tools, filters, times, pages, and the order of questions that \
             answers most.",
            MARKDOWN,
        ),
    ]
}

/// The resources with a key.
pub(crate) fn templates() -> Vec<ResourceTemplate> {
    let template = |template: &str, name: &str, title: &str, description: &str, mime: &str| {
        ResourceTemplate::new(template, name).with_title(title).with_description(description).with_mime_type(mime)
    };
    vec![
        template(
            uri::EVENT_TEMPLATE,
            "event",
            "One event",
            "The whole event with this id. Of one longer than 1 MiB the payload is cut: data_bytes says how long it \
             is, data_start is its first 64 KiB.",
            JSON,
        ),
        template(
            uri::PID_TEMPLATE,
            "pid",
            "Last events of a process",
            "The newest 100 events that name the process in any role, oldest first, as a table: \
             elixirscope://pid/0.120.0.",
            TEXT,
        ),
        template(
            uri::AST_TEMPLATE,
            "ast_node",
            "Last events of a place in the source",
            "The newest 100 events of the AST node, newest first, as a table.",
            TEXT,
        ),
    ]
}
