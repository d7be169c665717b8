//! Updates that clients lost to each other: they were worked out from what another had changed since it was read.

use serde_json::json;

use super::stale::{at_path, place, signed, turn, unless, why};
use crate::analysis::found::{Amount, LostInAgent, LostInServer, LostInTable};
use crate::tell::finding::Told;
use crate::tell::words::count;

const REFUTED_BY: &str = "a write that is meant to replace whatever is there";

pub(in crate::tell) fn in_server(it: &LostInServer) -> Told {
    let what = format!(
        "updates of the state of {}{} were lost: {} of {} were worked out from a value that another client had changed \
         since it was read",
        it.server,
        at_path(&it.path),
        it.lost,
        count(it.writes, &format!("{} write", it.write)),
    );
    let told = Told::new(what, REFUTED_BY)
        .next("state_history", json!({"pid": it.server.pid}), "each change of the state")
        .detail(place(&it.client, Some("server")));
    let told = it.turns.iter().map(turn).fold(told, Told::detail);
    match &it.amount {
        Some(Amount { by, last }) => {
            told.detail(format!("the stale writes together were to change it by {by:+}; its last value is {last}"))
        }
        None => told,
    }
}

/// `caller`: the event of the call around the read and the write.
pub(in crate::tell) fn in_agent(it: &LostInAgent, caller: &str) -> Told {
    let what = format!(
        "at least {} of the state of {}{} {} lost{}: so many of {} put a value in its place that was worked out from one \
         which another client had changed since it was read",
        count(it.lost, "update"),
        it.agent,
        at_path(&it.path),
        were(it.lost),
        unless(&it.worked_out),
        it.writes,
    );
    let told = Told::new(what, "an update that is meant to replace whatever is there")
        .next("call_tree", json!({ "event_id": caller }), "the read and the write")
        .detail(place(&it.client, Some("agent")));
    let told = it.turns.iter().map(turn).fold(told, Told::detail);
    told.detail(format!("{}{}", why(&it.worked_out), together(it.by, "updates")))
}

/// `caller`: the event of the call around the read and the write.
pub(in crate::tell) fn in_table(it: &LostInTable, caller: &str) -> Told {
    let of_key = if it.key.is_empty() { String::new() } else { format!(" for {}", it.key) };
    let at_path = if it.path.is_empty() { String::new() } else { format!("`{}` of ", it.path) };
    let what = format!(
        "at least {} of {at_path}what {} reads and {} writes{of_key} {} lost{}: so many of {} were made by a process that \
         had read it before another wrote it, and not since",
        count(it.lost, "update"),
        it.reader,
        it.writer,
        were(it.lost),
        unless(&it.worked_out),
        count(it.writes, "write"),
    );
    let told = Told::new(what, REFUTED_BY)
        .next("call_tree", json!({ "event_id": caller }), "the read and the write")
        .detail(format!("{}; no message of either is recorded: it may be kept in a table", place(&it.client, None)));
    let told = it.turns.iter().map(turn).fold(told, Told::detail);
    let (sum, later) = (together(it.by, "writes"), &it.later);
    let told = told.detail(format!(
        "{}{sum}; later {} read {} ({})",
        why(&it.worked_out),
        later.reader,
        later.value,
        later.event
    ));
    match it.other_keys {
        0 => told,
        keys => told.detail(format!("the like for at least {}", count(keys, "other key"))),
    }
}

const fn were(n: usize) -> &'static str {
    if n == 1 { "was" } else { "were" }
}

/// What those that were lost would have amounted to.
fn together(by: Option<f64>, what: &str) -> String {
    by.map_or_else(String::new, |by| format!("; these {what} together were to change it by {}", signed(by)))
}
