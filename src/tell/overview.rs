//! How is an overview told: its head, and each event of trouble?

use super::figure::{at, duration};
use crate::analysis::ends;
use crate::analysis::exceptions::Sort;
use crate::analysis::fact::Fact;
use crate::analysis::overview::{Overview, length};
use crate::analysis::place::sent_at;
use crate::analysis::value::Value;
use crate::analysis::value::brief::brief;
use crate::analysis::value::envelope::request;
use crate::tell::ended;
use crate::tell::words::{count, count_of};

/// Event types that are named.
const TYPES: usize = 12;

/// What is there, and what stands out of it.
pub(crate) fn head(found: &Overview) -> String {
    let took = duration(length(&found.visit));
    let trouble = troubles(found);
    format!(
        "{} of {} over {took}: {trouble}",
        count(found.visit.visited, "event"),
        count_of(found.all_processes, "process", "processes")
    )
}

fn troubles(found: &Overview) -> String {
    let troubles = &found.troubles;
    let sorts = [
        (troubles.crashes.count, "crash", "crashes"),
        (troubles.consequences.count, "crash because of another", "crashes because of others"),
        (troubles.timeouts.count, "call timeout", "call timeouts"),
        (troubles.abnormal_ends.count, "abnormal end", "abnormal ends"),
        (troubles.undeliverable.count, "message to nobody", "messages to nobody"),
        (troubles.to_the_dead.count, "message to an ended process", "messages to ended processes"),
        (troubles.held.count, "call not answered to the end", "calls not answered to the end"),
        (troubles.late_replies.count, "caller ended before its answer", "callers ended before their answers"),
        (troubles.exceptions, "exception", "exceptions"),
    ];
    let told: Vec<String> = sorts
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
        .collect();
    if told.is_empty() { nothing_wrong(found) } else { told.join(", ") }
}

/// That there was no trouble, of the sorts that the recording would tell.
fn nothing_wrong(found: &Overview) -> String {
    let tells = |kinds: &[&str]| found.types.iter().any(|(name, _)| kinds.contains(&name.as_str()));
    let sorts = [
        (tells(&["process_exit"]), "no crash"),
        (tells(&["function_exit", "span", "span_end", "async_end", "exception"]), "no exception"),
        (tells(&["message_send"]), "no lost message"),
    ];
    let none: Vec<&str> = sorts.into_iter().filter(|(is_told, _)| *is_told).map(|(_, sort)| sort).collect();
    if none.is_empty() {
        "no event here tells of crashes, exceptions or lost messages".to_owned()
    } else {
        none.join(", ")
    }
}

/// `function_entry 12, message_send 3, 2 more types`: the most frequent first.
pub(crate) fn types(types: &[(String, u64)]) -> String {
    let shown: Vec<String> = types.iter().take(TYPES).map(|(name, count)| format!("{name} {count}")).collect();
    let beyond = types.len().saturating_sub(TYPES);
    let beyond = if beyond > 0 { format!(", {}", count(beyond, "more type")) } else { String::new() };
    format!("{}{beyond}", shown.join(", "))
}

/// Of an end: whose, with what reason, and where.
pub(crate) fn end(exit: &Fact) -> String {
    let reason = ends::error(exit, 90);
    let reason = ended::reason(reason.as_deref());
    let name = exit.text("registered_name").map(|name| format!("{name}: ")).unwrap_or_default();
    let site = exit.text("crash_site").map(|site| format!(" at {site}")).unwrap_or_default();
    let whose = if exit.flag("ended_by_unknown") { " (of the node; by which process is not known)" } else { "" };
    format!("{name}{reason}{site}{whose}")
}

/// Of a send: what, to whom, and from where.
pub(crate) fn send(send: &Fact) -> String {
    let to = send.text("receiver_name").or_else(|| send.text("receiver_pid")).unwrap_or("?");
    let site = sent_at(send).map(|site| format!(", from {site}")).unwrap_or_default();
    let message = send.text("message").unwrap_or_default();
    // A reply is told without the reference it answers.
    let message = match Value::read(message).tuple() {
        Some([_, reply]) if send.text("send_type") == Some("reply") => reply.text.to_owned(),
        _ => request(message).to_owned(),
    };
    format!("{} to {to}{site}", brief(&message, 70))
}

/// Of a sort of exception: by which function, with what reason, and how often.
pub(crate) fn exception(sort: &Sort) -> String {
    let first = &sort.first;
    let reason = brief(ended::reason(sort.reason.as_deref().or_else(|| first.text("reason"))), 80);
    let site = first.call_site().map(|site| format!(", called at {site}")).unwrap_or_default();
    let times = if sort.count > 1 { format!(", {} times", sort.count) } else { String::new() };
    format!("{}: {reason}{site}{times}", first.mfa().unwrap_or_default())
}

/// That the tracing ended before the recording does: `tracing had ended: :max_rate, {"dropped":12} at +3ms (e7); ...`.
pub(crate) fn tracing_ended(end: &Fact, t0: Option<i64>) -> String {
    let mut about: serde_json::Map<_, _> = serde_json::from_str(end.event.data()).unwrap_or_default();
    about.remove("reason");
    let reason = ended::reason(end.text("reason"));
    let about = if about.is_empty() {
        String::new()
    } else {
        format!(", {}", brief(&serde_json::Value::Object(about).to_string(), 200))
    };
    let when = at(end.at(), t0);
    let of = if end.event.session_id().is_some() { "of its session" } else { "of it" };
    format!("tracing had ended: {reason}{about} at {when} ({}); nothing {of} is recorded after that", end.id())
}
