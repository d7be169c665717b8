//! Which event is one entry of a Chrome trace?

use super::micros::nanoseconds;
use super::names::Names;
use super::open::{Asynchronous, Open, Threads};
use crate::ingest::mfa::qualified;
use crate::ingest::object::{Members, Object, scalar};
use crate::ingest::span::named;

/// When an entry happened, as far as it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct When {
    /// Nanoseconds. `None`: it is about the whole recording, or does not say.
    pub(super) at: Option<i64>,
    /// How long it took, of an entry that is a whole span.
    pub(super) lasted: Option<i64>,
}

/// Reads when an entry happened. The error says why it is none.
pub(super) fn when(entry: &Members<'_>) -> Result<When, String> {
    let phase = entry.text("ph").ok_or("ph: missing; a trace event has one, such as \"X\"")?;
    let at = micros(entry, "ts")?.map(|(ns, _)| ns);
    let lasted = micros(entry, "dur")?.map(|(ns, _)| ns).filter(|ns| *ns >= 0 && phase == "X");
    // Names of processes and threads are true of the whole recording, whatever their time.
    Ok(When { at: at.filter(|_| phase != "M"), lasted })
}

/// The event of one entry. `id` is its id; `at` the time it is given where it has none of its own.
pub(super) fn event(
    entry: &Members<'_>,
    (id, at): (&str, Option<i64>),
    names: &Names,
    open: &mut OpenSpans,
) -> Result<Object, String> {
    let phase = entry.text("ph").unwrap_or_default();
    let When { at: own, lasted } = when(entry)?;
    let text = |name: &str| entry.text(name).unwrap_or_default();
    let (process, thread) = (text("pid"), text("tid"));

    let mut event = Object::new();
    event.text("event_id", id);
    event.text("event_type", event_type(&phase).unwrap_or("unknown_trace"));
    if let Some(ns) = own.or(at) {
        event.number("timestamp", ns);
    }
    let pid = names.thread(&process, &thread);
    event.texts([("node", names.process(&process)), ("pid", pid.as_deref())]);
    let joined = join(entry, &phase, id, (own, lasted), open);
    event.texts([
        ("correlation_id", joined.correlation_id.as_deref()),
        ("call_id", joined.call_id.as_deref()),
        ("parent_id", joined.parent_id.as_deref()),
    ]);
    if let Some(ns) = lasted.or(joined.lasted) {
        event.number("duration_ns", ns);
    }
    let own_name = entry.text("name");
    let name = own_name.as_ref().or(joined.name.as_ref());
    if is_span(&phase) {
        named(&mut event, name.map(String::as_str));
    } else if let Some(mfa) = name.and_then(|name| qualified(name)) {
        // A file's name is a dotted name, too: what counts is the arity.
        if let Some(arity) = mfa.arity {
            event.texts([("module", Some(mfa.module)), ("function", Some(mfa.function))]);
            event.number("arity", arity.into());
        }
    }
    event.raw("data", &data(entry, &phase, own, name.filter(|_| own_name.is_none()))?);
    Ok(event)
}

/// The spans that are open.
#[derive(Debug, Default)]
pub(super) struct OpenSpans {
    threads: Threads,
    tied: Asynchronous,
}

/// What joins an entry to others.
#[derive(Debug, Default)]
struct Joined {
    correlation_id: Option<String>,
    call_id: Option<String>,
    parent_id: Option<String>,
    /// Of an end: how long its span was, and what it is called.
    lasted: Option<i64>,
    name: Option<String>,
}

/// Whether entries of a phase begin or end a span, or are one.
fn is_span(phase: &str) -> bool {
    matches!(phase, "X" | "B" | "E" | "b" | "e" | "S" | "F")
}

fn join(
    entry: &Members<'_>,
    phase: &str,
    own: &str,
    (at, lasted): (Option<i64>, Option<i64>),
    open: &mut OpenSpans,
) -> Joined {
    let mut joined = Joined { correlation_id: flow_id(entry), ..Joined::default() };
    let is_async = matches!(phase, "b" | "e" | "n" | "S" | "F" | "T" | "p");
    let Some(at) = at else { return joined };
    let name = entry.text("name");
    let end = (phase == "X").then(|| at.saturating_add(lasted.unwrap_or_default()));
    let stack = if is_async { async_stack(entry) } else { thread_stack(entry) };
    match phase {
        "E" | "e" | "F" => {
            let ended = if is_async { open.tied.end(&stack, name.as_deref()) } else { open.threads.end(&stack, at) };
            if let Some(span) = ended {
                joined.lasted = at.checked_sub(span.at).filter(|ns| *ns >= 0);
                joined.call_id = Some(span.call_id);
                joined.name = span.name;
                joined.parent_id = span.parent_id;
            }
        }
        "B" | "b" | "S" | "X" | "i" | "I" | "n" => {
            let around =
                if is_async { open.tied.around(&stack) } else { open.threads.around(&stack, at, end.unwrap_or(at)) };
            joined.parent_id = around.map(str::to_owned);
            if matches!(phase, "i" | "I" | "n") {
                return joined;
            }
            joined.call_id = Some(own.to_owned());
            if let Some(end) = end {
                open.threads.whole(&stack, own, end);
                return joined;
            }
            let span = Open { call_id: own.to_owned(), parent_id: joined.parent_id.clone(), name, at };
            if is_async { open.tied.begin(&stack, span) } else { open.threads.begin(&stack, span) }
        }
        _ => {}
    }
    joined
}

fn thread_stack(entry: &Members<'_>) -> String {
    let text = |name: &str| entry.text(name).unwrap_or_default();
    format!("thread {} {}", text("pid"), text("tid"))
}

/// Asynchronous spans of one id belong together within their category and scope; local ids within their process.
fn async_stack(entry: &Members<'_>) -> String {
    let text = |name: &str| entry.text(name).unwrap_or_default();
    let local = entry.get("id2").and_then(|id| serde_json::from_str::<Members<'_>>(id.get()).ok());
    let process = match local {
        Some(id) if id.get("local").is_some() => text("pid"),
        _ => String::new(),
    };
    let id = flow_id(entry).unwrap_or_default();
    format!("id {process}\u{0}{}\u{0}{}\u{0}{id}", text("cat"), text("scope"))
}

/// Event type of a phase.
fn event_type(phase: &str) -> Option<&'static str> {
    Some(match phase {
        "X" => "span",
        "B" => "span_begin",
        "E" => "span_end",
        "i" | "I" | "R" => "instant",
        "s" => "flow_begin",
        "t" => "flow_step",
        "f" => "flow_end",
        "b" | "S" => "async_begin",
        "n" | "T" | "p" => "async_instant",
        "e" | "F" => "async_end",
        "C" => "counter",
        "M" => "metadata",
        "P" => "sample",
        "N" => "object_created",
        "O" => "object_snapshot",
        "D" => "object_destroyed",
        _ => return None,
    })
}

/// The id of a flow or of what is asynchronous; a span says by `bind_id` which flow goes through it.
fn flow_id(entry: &Members<'_>) -> Option<String> {
    let nested = || {
        let id: Members<'_> = serde_json::from_str(entry.get("id2")?.get()).ok()?;
        id.0.first().and_then(|(_, raw)| scalar(raw))
    };
    entry.text("id").or_else(nested).or_else(|| entry.text("bind_id"))
}

/// A time in microseconds, in nanoseconds, and whether nothing was lost.
fn micros(entry: &Members<'_>, name: &str) -> Result<Option<(i64, bool)>, String> {
    let Some(raw) = entry.get(name) else { return Ok(None) };
    let read = scalar(raw).and_then(|text| nanoseconds(&text));
    read.map(Some).ok_or_else(|| {
        let got: String = raw.get().chars().take(60).collect();
        format!("{name}: got {got}; expected microseconds")
    })
}

/// Everything of the entry that no canonical field carries exactly.
fn data(entry: &Members<'_>, phase: &str, at: Option<i64>, name: Option<&String>) -> Result<String, String> {
    let is_exact = |name: &str| Ok::<_, String>(micros(entry, name)?.is_some_and(|(_, is_exact)| is_exact));
    let length = micros(entry, "dur")?;
    let mut data = Object::new();
    data.texts([("name", name.map(String::as_str))]);
    for (member, raw) in &entry.0 {
        let is_carried = match &**member {
            "ts" => at.is_some() && is_exact("ts")?,
            "dur" if phase == "X" => length.is_some_and(|(ns, is_exact)| is_exact && ns >= 0),
            // Some tracers write it everywhere; of what has no length it says nothing.
            "dur" => length.is_some_and(|(ns, _)| ns == 0),
            _ => false,
        };
        if !is_carried {
            data.raw(member, raw.get());
        }
    }
    Ok(data.close())
}
