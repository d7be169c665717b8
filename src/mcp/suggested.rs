//! How are the arguments of a call written that an answer suggests? As the schema of its tool has them.

use std::sync::OnceLock;

use rmcp::model::JsonObject;

use super::check;
use super::tool::Entry;

/// The table of tools, which stands above the answers that suggest calls of it.
static TABLE: OnceLock<&'static [Entry]> = OnceLock::new();

/// Says which tools there are.
pub(crate) fn know(table: &'static [Entry]) {
    TABLE.get_or_init(|| table);
}

/// Arguments of a call that is suggested, as the tool's schema writes them: whoever holds a call against the schema
/// lets it through.
pub(crate) fn as_called(name: &str, arguments: JsonObject) -> JsonObject {
    let entry = TABLE.get().into_iter().flat_map(|table| *table).find(|entry| entry.tool.name == name);
    let written = entry.and_then(|entry| check::arguments(&entry.tool.input_schema, arguments.clone()).ok());
    written.unwrap_or(arguments)
}
