//! How is an overview told: its head, and each event of trouble?

use super::figure::{at, duration};
use crate::analysis::exceptions::Sort;
use crate::analysis::fact::Fact;
use crate::analysis::overview::{Overview, Troubles, length};
use crate::analysis::place::sent_at;
use crate::analysis::value::Value;
use crate::analysis::value::brief::brief;
use crate::analysis::value::envelope::request;
use crate::tell::words::{count, count_of};

/// Event types that are named.
const TYPES: usize = 12;

/// What is there, and what stands out of it.
pub(crate) fn head(found: &Overview) -> String {
    let took = duration(length(&found.visit));
    let trouble = troubles(&found.troubles);
    format!(
        "{} of {} over {took}: {trouble}",
        count(found.visit.visited, "event"),
        count_of(found.all_processes, "process", "processes")
    )
}

fn troubles(troubles: &Troubles) -> String {
    let sorts = [
        (troubles.crashes.count, "crash", "crashes"),
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
    if told.is_empty() { "no crash, no exception, no lost message".to_owned() } else { told.join(", ") }
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
    let reason = brief(
        exit.text("error").or_else(|| exit.text("exit_reason")).or_else(|| exit.text("reason")).unwrap_or("?"),
        90,
    );
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
    let reason = brief(sort.reason.as_deref().or_else(|| first.text("reason")).unwrap_or("?"), 80);
    let site = first.call_site().map(|site| format!(", called at {site}")).unwrap_or_default();
    let times = if sort.count > 1 { format!(", {} times", sort.count) } else { String::new() };
    format!("{}: {reason}{site}{times}", first.mfa().unwrap_or_default())
}

/// That the tracing ended before the recording does: `tracing had ended: :max_rate, {"dropped":12} at +3ms (e7); ...`.
pub(crate) fn tracing_ended(end: &Fact, t0: Option<i64>) -> String {
    let mut about: serde_json::Map<_, _> = serde_json::from_str(end.event.data()).unwrap_or_default();
    about.remove("reason");
    let reason = end.text("reason").unwrap_or("no reason was given");
    let about = if about.is_empty() {
        String::new()
    } else {
        format!(", {}", brief(&serde_json::Value::Object(about).to_string(), 200))
    };
    let when = at(end.at(), t0);
    format!("tracing had ended: {reason}{about} at {when} ({}); nothing after it is recorded", end.id())
}
