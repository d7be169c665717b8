//! What events are grouped by, as arguments and as columns.

use std::time::Duration;

use crate::analysis::Dimension;
use crate::mcp::closest::did_you_mean;
use crate::mcp::report::Column;
use crate::query::Field;
use crate::{Error, Result};

/// Names of the dimensions that have one.
const NAMES: [&str; 11] = [
    "event_type",
    "pid",
    "function",
    "module",
    "ast_node_id",
    "node",
    "session_id",
    "correlation_id",
    "parent_id",
    "call_id",
    "message",
];

/// The dimension a name stands for.
pub(crate) fn dimension(name: &str) -> Result<Dimension> {
    Ok(match name.trim() {
        "event_type" => Dimension::Text(Field::EventType),
        "pid" => Dimension::Text(Field::Pid),
        "function" | "mfa" => Dimension::Function,
        "module" => Dimension::Text(Field::Module),
        "ast_node_id" => Dimension::Text(Field::AstNode),
        "node" => Dimension::Text(Field::Node),
        "session_id" => Dimension::Text(Field::Session),
        "correlation_id" => Dimension::Text(Field::Correlation),
        "parent_id" => Dimension::Text(Field::Parent),
        "call_id" => Dimension::Text(Field::Call),
        "message" => Dimension::Message,
        name => match name.strip_prefix("data.").filter(|key| !key.is_empty()) {
            Some(key) => Dimension::Data(key.to_owned()),
            None => Dimension::Bucket(width(name)?),
        },
    })
}

fn width(text: &str) -> Result<i64> {
    let parsed = humantime::parse_duration(text).ok().filter(|width| *width > Duration::ZERO);
    parsed.and_then(|width| i64::try_from(width.as_nanos()).ok()).ok_or_else(|| {
        Error::invalid(format!(
            "got {text:?}; expected one of {}, a width of time such as \"10ms\", or a member of the payload such as \
             \"data.exit_reason\".{}",
            NAMES.join(", "),
            did_you_mean(text, NAMES)
        ))
    })
}

/// The column of a dimension.
pub(crate) fn column(dimension: &Dimension) -> Column {
    match dimension {
        Dimension::Text(Field::EventType) => Column::plain("event_type"),
        Dimension::Text(Field::Pid) => Column::plain("pid"),
        Dimension::Text(Field::Module) => Column::plain("module"),
        Dimension::Text(Field::Function) => Column::plain("function_name"),
        Dimension::Text(Field::AstNode) => Column::plain("ast_node_id"),
        Dimension::Text(Field::Node) => Column::plain("node"),
        Dimension::Text(Field::Session) => Column::plain("session_id"),
        Dimension::Text(Field::Correlation) => Column::plain("correlation_id"),
        Dimension::Text(Field::Parent) => Column::plain("parent_id"),
        Dimension::Text(Field::Call) => Column::plain("call_id"),
        Dimension::Function | Dimension::FoldedFunction => Column::plain("function"),
        Dimension::Bucket(_) => Column::time("from"),
        Dimension::Data(key) => Column::named(format!("data.{key}")),
        Dimension::What => Column::plain("what"),
        Dimension::Handled | Dimension::Message => Column::plain("message"),
    }
}
