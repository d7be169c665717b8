//! What can be read without a call? The store's statistics, a guide, and an event, a process or a place in the source by
//! its URI.
//!
//! A resource is what a tool would answer, for hosts that attach documents to a conversation.

mod guide;
mod listed;
pub(crate) mod uri;

use rmcp::model::{ErrorData, ResourceContents};

use super::closest::closest;
use super::json;
use super::tools;
use crate::query::Query;
use crate::visible::visible_lines;
use crate::watch::Watch;
use crate::{EventStore, Index, Order};
use uri::Target;

use listed::{JSON, MARKDOWN, TEXT};
pub(crate) use listed::{list, templates};

/// An event longer than this is read without its payload's end: half a million tokens help nobody.
const MAX_EVENT_BYTES: usize = 1 << 20;

/// Payload shown of a longer event.
const PAYLOAD_SHOWN: usize = 64 << 10;

/// Keys among which the one that was meant is looked for.
const CANDIDATES: usize = 1_000;

/// What a resource holds now. What is not there is an error that says what is, with the URI as data (SEP-2164).
pub(crate) fn read(
    store: &EventStore,
    is_read_only: bool,
    uri: &str,
    watch: &dyn Watch,
) -> Result<ResourceContents, ErrorData> {
    contents(store, is_read_only, uri, watch)
        .map_err(|error| ErrorData { data: Some(serde_json::json!({ "uri": uri })), ..error })
}

fn contents(
    store: &EventStore,
    is_read_only: bool,
    uri: &str,
    watch: &dyn Watch,
) -> Result<ResourceContents, ErrorData> {
    let target = Target::parse(uri).map_err(refused)?;
    let (text, mime) = match &target {
        Target::Stats => (structured(store, watch)?, JSON),
        Target::Guide => (guide::text(is_read_only), MARKDOWN),
        Target::Event(id) => (event(store, id)?, JSON),
        Target::Pid(pid) => {
            let arguments = serde_json::json!({ "pid": pid });
            (table(store, "last_n_events_for_pid", arguments, (Index::Process, pid), watch)?, TEXT)
        }
        Target::AstNode(node) => {
            let arguments = serde_json::json!({ "ast_node_id": node, "order": "desc" });
            (table(store, "query_events_by_ast_node", arguments, (Index::AstNode, node), watch)?, TEXT)
        }
    };
    Ok(ResourceContents::text(visible_lines(&text), uri).with_mime_type(mime))
}

/// Whether what a resource holds stays as it is while the server lives.
pub(crate) fn is_unchanging(uri: &str) -> bool {
    Target::parse(uri) == Ok(Target::Guide)
}

fn refused(message: String) -> ErrorData {
    ErrorData::invalid_params(message, None)
}

fn structured(store: &EventStore, watch: &dyn Watch) -> Result<String, ErrorData> {
    let answer = tools::call("get_stats", store, serde_json::json!({}), watch).map_err(refused)?;
    Ok(answer.structured.to_string())
}

/// A page of events as text, or, when there is none, which key was meant.
fn table(
    store: &EventStore,
    tool: &str,
    arguments: serde_json::Value,
    (index, key): (Index, &str),
    watch: &dyn Watch,
) -> Result<String, ErrorData> {
    // The answer's hints speak of "the call".
    let call = format!("call: {tool} {arguments}");
    let answer = tools::call(tool, store, arguments, watch).map_err(refused)?;
    if answer.structured["total_matched"] != 0 {
        return Ok(format!("{call}\n{}", answer.text));
    }
    let what = if index == Index::Process { "pid" } else { "AST node" };
    let known = store.top_keys(index, "", CANDIDATES).keys;
    let target = |key: &str| match index {
        Index::Process => Target::Pid(key.to_owned()),
        _ => Target::AstNode(key.to_owned()),
    };
    // Brackets are not what tells two pids apart.
    let names = || known.iter().map(|(name, _)| uri::bare(name));
    let offered = match closest(uri::bare(key), names()).or_else(|| names().next()) {
        Some(name) => format!(" The closest of the frequent ones: read {}.", target(name).uri()),
        None => " No stored event names any; the store may be empty: see elixirscope://stats.".to_owned(),
    };
    Err(refused(format!("uri: no stored event has the {what} {key:?}.{offered}")))
}

fn event(store: &EventStore, id: &str) -> Result<String, ErrorData> {
    let event = store.get_event_by_id(id).map_err(|error| {
        let query = Query { order: Order::Desc, limit: CANDIDATES, ..Query::default() };
        let newest = store.query_events(&query).map(|page| page.events).unwrap_or_default();
        let offered = match closest(id, newest.iter().map(crate::StoredEvent::event_id)) {
            Some(name) => {
                format!(" The closest of the newest: {name}, read {}.", Target::Event(name.to_owned()).uri())
            }
            None => " Find ids with query_events.".to_owned(),
        };
        refused(format!("uri: {error}.{offered}"))
    })?;
    let whole = json::compact(&event.to_json());
    if whole.len() <= MAX_EVENT_BYTES {
        return Ok(whole);
    }
    let mut shown = json::lossless_object(&json::select(&whole, |key, _| key != "data"));
    let data = json::compact(event.data());
    let cut = data.floor_char_boundary(PAYLOAD_SHOWN);
    shown.insert("data_bytes".to_owned(), data.len().into());
    shown.insert("data_start".to_owned(), data[..cut].into());
    Ok(serde_json::Value::Object(shown).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;
    use serde_json::Value;

    #[test]
    fn a_long_event_is_read_without_the_end_of_its_payload() {
        let store = EventStore::open(Settings::UNBOUNDED).unwrap();
        let payload = "ü".repeat(MAX_EVENT_BYTES);
        store.store_json_event(&format!(r#"{{"id": "long", "ts": 7, "data": {{"x": "{payload}"}}}}"#)).unwrap();
        let ResourceContents::TextResourceContents { text, .. } =
            read(&store, false, "elixirscope://event/long", &crate::Unwatched).unwrap()
        else {
            panic!("text")
        };
        let shown: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&shown["event_id"], &shown["timestamp"]), (&Value::from("long"), &Value::from(7)));
        assert_eq!(shown["data_bytes"], 2 * MAX_EVENT_BYTES + r#"{"x":""}"#.len());
        assert!(shown["data_start"].as_str().unwrap().starts_with(r#"{"x":"üü"#));
        assert!(text.len() < PAYLOAD_SHOWN + 1_000, "{} bytes", text.len());
    }
}
