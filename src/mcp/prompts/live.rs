//! What does the store hold that a first question can start from?

use std::fmt::Write;

use serde_json::Value;

use crate::event::StoredEvent;
use crate::mcp::closest::closest;
use crate::mcp::json;
use crate::mcp::suggested::as_called;
use crate::query::{Filter, Order, Page, Query};
use crate::{Error, EventStore, Index, Result, Time};

/// Longest text of a payload that a prompt quotes, in characters.
const QUOTED: usize = 120;

/// Keys among which one that was meant is looked for.
const CANDIDATES: usize = 1_000;

/// A call as an assistant makes it, as one line of the message.
pub(super) fn call(tool: &str, arguments: &Value) -> String {
    let arguments = match arguments {
        Value::Object(arguments) => Value::Object(as_called(tool, arguments.clone())),
        other => other.clone(),
    };
    format!("   {tool} {arguments}\n")
}

/// What every investigation starts from: how much is stored, over which span.
pub(super) fn situation(store: &EventStore) -> Result<String> {
    let (first, last) = (edge(store, Order::Asc)?, edge(store, Order::Desc)?);
    let (Some(first), Some(last)) = (first, last) else {
        return Err(Error::not_found(
            "the store is empty: there is nothing to investigate yet. Store events with store_events, read a \
             recording with import_events (--import), or a running node with start_capture (--dbg)",
        ));
    };
    let span = last.timestamp().saturating_sub(first.timestamp());
    let types = names_with_counts(&store.top_keys(Index::EventType, "", 12).keys);
    let mut text = format!(
        "The store holds {} events of a running Elixir/Erlang system, from {} to {} (ns on the events' own clock; {} in \
         all).\nEvent types: {types}.\n",
        store.len(),
        first.timestamp(),
        last.timestamp(),
        duration(span),
    );
    let pruned = store.query_events(&Query { limit: 0, ..Query::default() })?.gaps;
    for gap in pruned {
        _ = writeln!(
            text,
            "{} events between {} and {} were pruned: that nothing is found there proves nothing.",
            gap.events, gap.since, gap.until
        );
    }
    Ok(text)
}

/// How every investigation ends.
pub(super) const CONCLUDE: &str = "\
Every answer says returned, total_matched and truncated; go on with next_cursor before you conclude that something did \
not happen. Answer with what you know and what you only suspect, and name the event_id of each piece of evidence.\n";

fn edge(store: &EventStore, order: Order) -> Result<Option<StoredEvent>> {
    let page = store.query_events(&Query { order, limit: 1, total: false, ..Query::default() })?;
    Ok(page.events.into_iter().next())
}

/// The newest events that match, at most `limit`.
pub(super) fn newest(store: &EventStore, filter: Filter, limit: usize) -> Result<Page> {
    store.query_events(&Query { order: Order::Desc, limit, ..Query::new(filter) })
}

/// How many events match.
pub(super) fn count(store: &EventStore, filter: Filter) -> Result<u64> {
    let page = store.query_events(&Query { limit: 0, ..Query::new(filter) })?;
    Ok(page.total_matched.unwrap_or_default())
}

/// Event types there are whose name has one of the words in it, the most frequent first.
pub(super) fn event_types(store: &EventStore, words: &[&str]) -> Vec<String> {
    let types = store.top_keys(Index::EventType, "", CANDIDATES).keys.into_iter().map(|(name, _)| name);
    types.filter(|name| words.iter().any(|word| name.contains(word))).collect()
}

/// Refuses a key that no event has, with one that was perhaps meant.
pub(super) fn known(store: &EventStore, name: &str, index: Index, key: &str, filter: Filter) -> Result<()> {
    if count(store, filter)? > 0 {
        return Ok(());
    }
    let keys = store.top_keys(index, "", CANDIDATES).keys;
    let names = || keys.iter().map(|(key, _)| key.as_str());
    let offered = match closest(key, names()) {
        Some(meant) => format!(" Did you mean {meant:?}?"),
        None => format!(" The most frequent: {}.", names().take(5).collect::<Vec<_>>().join(", ")),
    };
    Err(Error::invalid(format!("{name}: no stored event has {key:?}.{offered}")))
}

/// An optional argument that is a time, checked.
pub(super) fn time(name: &str, text: Option<&str>) -> Result<Option<Time>> {
    let read = |text: &str| text.parse().map_err(|problem| Error::invalid(format!("{name}: {problem}")));
    text.map(read).transpose()
}

/// `a (5), b (3)`.
pub(super) fn names_with_counts(keys: &[(String, u64)]) -> String {
    keys.iter().map(|(name, events)| format!("{name} ({events})")).collect::<Vec<_>>().join(", ")
}

/// A time span as people write it.
pub(super) fn duration(ns: i64) -> String {
    humantime::format_duration(std::time::Duration::from_nanos(ns.max(0) as u64)).to_string()
}

/// `Module.function/arity`, as much of it as the event has.
pub(super) fn function(event: &StoredEvent) -> Option<String> {
    let mut name = event.module()?.to_owned();
    if let Some(function) = event.function() {
        _ = write!(name, ".{function}");
    }
    if let Some(arity) = event.arity() {
        _ = write!(name, "/{arity}");
    }
    Some(name)
}

/// A member of the event's payload as text, if it is there.
pub(super) fn payload(event: &StoredEvent, names: &[&str]) -> Option<String> {
    let members = json::members(event.data());
    let (_, raw) = names.iter().find_map(|name| members.iter().find(|(key, _)| key == name))?;
    Some(serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned()))
}

/// A text cut to fit a line, with a mark.
pub(super) fn cut(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(QUOTED) {
        None => line,
        Some((at, _)) => format!("{}\u{2026}+{}B", &line[..at], line.len() - at),
    }
}
