//! What should the caller do next?

use super::reply::PageReply;
use crate::analysis::ask::Ask;
use crate::analysis::who;
use crate::mcp::closest::closest;
use crate::query::{Page, Plan};
use crate::store::Stats;
use crate::watch::Unwatched;
use crate::{AccessPath, EventStore, Filter, Index, Order, Query};

/// A sentence where the answer alone leaves the caller stuck.
pub(super) fn how_to_go_on(store: &EventStore, query: &Query, page: &Page, reply: &PageReply) -> Option<String> {
    if reply.total_matched == 0 {
        let is_bounded = page.since.is_some() || page.until.is_some();
        return Some(nothing_matched(store, &page.plan, &page.filter, is_bounded));
    }
    if reply.next_cursor.is_some() {
        let which = if query.order == Order::Asc { "newer" } else { "older" };
        return Some(format!("{which} events follow: repeat the call with cursor=next_cursor, or narrow the filters"));
    }
    reply.truncated.then(|| "limit 0 only counts; give a limit to see events".to_owned())
}

/// Why an answer is empty, with the closest names there are. `is_bounded`: the filter has a time bound.
pub(crate) fn nothing_matched(store: &EventStore, plan: &Plan, filter: &Filter, is_bounded: bool) -> String {
    if store.is_empty() {
        return "the store is empty; fill it with store_events, import_events or start_capture".to_owned();
    }
    let stats = store.get_stats();
    let unknown = |(path, events): &(AccessPath, u64)| match (path, events) {
        (AccessPath::Index(index), 0) => unknown_key(store, *index, filter, &stats),
        _ => None,
    };
    let mut reasons: Vec<String> = plan.candidates.iter().filter_map(unknown).collect();
    if let (true, Some(oldest), Some(newest)) = (is_bounded, stats.oldest_timestamp, stats.newest_timestamp) {
        reasons.push(format!("stored events reach from {oldest} to {newest}"));
    }
    if reasons.is_empty() {
        reasons.push("each filter alone has events, but no event matches all; drop one".to_owned());
    }
    format!("nothing matched: {}", reasons.join("; "))
}

/// Says that no event has the key asked for, and offers keys there are.
fn unknown_key(store: &EventStore, index: Index, filter: &Filter, stats: &Stats) -> Option<String> {
    let offer = |key: &str, top: &[(String, u64)]| {
        let names = || top.iter().map(|(name, _)| name.as_str());
        match closest(key, names()) {
            Some(closest) => format!("; closest of the frequent ones: {closest}"),
            None if top.is_empty() => String::new(),
            None => format!("; the most frequent: {}", names().take(5).collect::<Vec<_>>().join(", ")),
        }
    };
    let (name, key, offered) = match index {
        Index::Process => {
            let pid = filter.pid.clone()?;
            let named = || who::offered(&Ask::new(store, &Unwatched), &pid).map(|offered| format!("; {offered}"));
            let offered = if who::is_pid(&pid) { None } else { named().ok() };
            let offered = offered.unwrap_or_else(|| offer(&pid, &stats.top_pids));
            ("pid", pid, offered)
        }
        Index::EventType => {
            let types = filter.event_types.join(", ");
            let offered = offer(&types, &stats.top_event_types);
            ("event_type", types, offered)
        }
        Index::Module => {
            let module = filter.module.clone()?;
            let offered = offer(&module, &stats.top_functions);
            ("module", module, offered)
        }
        Index::Function => {
            let function = filter.function.clone()?;
            let offered = offer(&function, &stats.top_functions);
            ("function", function, offered)
        }
        Index::ModuleFunction | Index::Mfa => {
            let (module, function) = (filter.module.as_deref()?, filter.function.as_deref()?);
            let arity = filter.arity.map_or_else(String::new, |arity| format!("/{arity}"));
            let mfa = format!("{module}.{function}{arity}");
            let offered = offer(&mfa, &stats.top_functions);
            ("function", mfa, offered)
        }
        Index::Node => ("node", filter.node.clone()?, String::new()),
        Index::Session => ("session_id", filter.session_id.clone()?, String::new()),
        Index::Correlation => ("correlation_id", filter.correlation_id.clone()?, String::new()),
        Index::Call => ("call_id", filter.call_id.clone()?, String::new()),
        Index::AstNode => match (&filter.ast_node_id, &filter.ast_node_prefix) {
            (Some(node), _) => ("ast_node_id", node.clone(), String::new()),
            (None, prefix) => ("ast_node_prefix", prefix.clone()?, String::new()),
        },
        Index::Arity => ("arity", filter.arity?.to_string(), String::new()),
    };
    let span = if filter.since.is_some() || filter.until.is_some() { " in that time" } else { "" };
    Some(format!("no event{span} has {name} {key}{offered}"))
}
