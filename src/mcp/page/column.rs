//! What can stand in a column of a table, and how is it written?

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::cell;
use crate::StoredEvent;
use crate::event::canon;
use crate::mcp::json;

/// A column of a table; also a member of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// Microseconds after the table's `t0`.
    TimeMicros,
    EventId,
    EventType,
    Pid,
    /// `Module.function/arity`.
    Mfa,
    DurationNs,
    CorrelationId,
    CallId,
    ParentId,
    SessionId,
    AstNodeId,
    Node,
    Data,
    Timestamp,
    WallTime,
    Seq,
    Module,
    Function,
    Arity,
}

impl Column {
    /// Every column.
    pub(crate) const ALL: [Self; 19] = [
        Self::TimeMicros,
        Self::EventId,
        Self::EventType,
        Self::Pid,
        Self::Mfa,
        Self::DurationNs,
        Self::CorrelationId,
        Self::CallId,
        Self::ParentId,
        Self::SessionId,
        Self::AstNodeId,
        Self::Node,
        Self::Data,
        Self::Timestamp,
        Self::WallTime,
        Self::Seq,
        Self::Module,
        Self::Function,
        Self::Arity,
    ];

    /// The columns of a table whose caller names none: everything that is not there in another form.
    pub(crate) const USUAL: &'static [Self] = Self::ALL.split_at(13).0;

    /// Its name in `fields`, in a header and, but for two, in an event.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::TimeMicros => "t_us",
            Self::EventId => "event_id",
            Self::EventType => "event_type",
            Self::Pid => "pid",
            Self::Mfa => "mfa",
            Self::DurationNs => "duration_ns",
            Self::CorrelationId => "correlation_id",
            Self::CallId => "call_id",
            Self::ParentId => "parent_id",
            Self::SessionId => "session_id",
            Self::AstNodeId => "ast_node_id",
            Self::Node => "node",
            Self::Data => "data",
            Self::Timestamp => "timestamp",
            Self::WallTime => "wall_time",
            Self::Seq => "seq",
            Self::Module => "module",
            Self::Function => "function",
            Self::Arity => "arity",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }

    /// Whether a member of an event's JSON is what this column shows.
    pub(crate) fn shows_member(self, key: &str) -> bool {
        match self {
            Self::TimeMicros => key == "timestamp",
            Self::Mfa => matches!(key, "module" | "function" | "arity"),
            column => key == column.name(),
        }
    }

    /// What an event has in this column, whole; `None`: nothing. `data` is written by [`payload`].
    fn value<'e>(self, event: &'e StoredEvent, t0: i64) -> Option<Cow<'e, str>> {
        let text = |value: Option<&'e str>| value.map(Cow::Borrowed);
        let number = |value: Option<i64>| value.map(|value| Cow::Owned(value.to_string()));
        match self {
            Self::TimeMicros => Some(cell::micros(event.timestamp(), t0).into()),
            Self::EventId => text(Some(event.event_id())),
            Self::EventType => text(event.event_type()),
            Self::Pid => text(event.pid()),
            Self::Mfa => mfa(event).map(Cow::Owned),
            Self::DurationNs => number(event.duration_ns()),
            Self::CorrelationId => text(event.correlation_id()),
            Self::CallId => text(event.call_id()),
            Self::ParentId => text(event.parent_id()),
            Self::SessionId => text(event.session_id()),
            Self::AstNodeId => text(event.ast_node_id()),
            Self::Node => text(event.node()),
            Self::Timestamp => number(Some(event.timestamp())),
            Self::WallTime => number(event.wall_time()),
            Self::Seq => Some(event.seq().to_string().into()),
            Self::Module => text(event.module()),
            Self::Function => text(event.function()),
            Self::Arity => number(event.arity().map(i64::from)),
            Self::Data => None,
        }
    }

    /// The cell of an event, beside the other columns of its table.
    pub(crate) fn cell(self, event: &StoredEvent, t0: i64, beside: &[Self]) -> String {
        match self {
            Self::Data => cell::cut(&payload(event, beside)),
            // The one cell that must come back whole: it is how the event is asked for.
            Self::EventId => cell::escaped(event.event_id()),
            column => column.value(event, t0).map_or_else(String::new, |value| cell::cut(&cell::escaped(&value))),
        }
    }
}

fn mfa(event: &StoredEvent) -> Option<String> {
    let arity = event.arity().map_or_else(String::new, |arity| format!("/{arity}"));
    match (event.module(), event.function()) {
        (Some(module), Some(function)) => Some(format!("{module}.{function}{arity}")),
        (None, Some(function)) => Some(format!("{function}{arity}")),
        (Some(module), None) => Some(module.to_string()),
        (None, None) => None,
    }
}

/// The payload as one line, without what other columns of the row say already; empty when nothing is left.
fn payload(event: &StoredEvent, beside: &[Column]) -> String {
    let rest = json::select(event.data(), |key, raw| !is_said(event, beside, key, raw));
    if rest == "{}" { String::new() } else { rest }
}

/// Whether a member of the payload repeats a column of its row.
fn is_said(event: &StoredEvent, beside: &[Column], key: &str, raw: &RawValue) -> bool {
    // Most keys are no column's: they need not be looked into.
    if Column::named(key).is_none() && !key.ends_with("_pid") {
        return false;
    }
    let Some(text) = scalar(raw) else { return false };
    let shows = |key: &str| beside.iter().any(|column| column.shows_member(key));
    let same = |value: Option<&str>, text: &str| value == Some(text);
    match key {
        "module" => shows(key) && same(event.module(), &canon::module(text)),
        "function" => shows(key) && same(event.function(), &text),
        "arity" => {
            let written = beside.contains(&Column::Arity) || (shows(key) && event.function().is_some());
            written && event.arity().is_some_and(|arity| arity.to_string() == text)
        }
        key if key == "pid" || key.ends_with("_pid") => shows("pid") && same(event.pid(), &canon::pid(text)),
        key => Column::named(key).is_some_and(|column| {
            column != Column::Data
                && beside.contains(&column)
                && column.value(event, 0).is_some_and(|value| value == text)
        }),
    }
}

/// A scalar as text; arrays, objects and null have none.
fn scalar(raw: &RawValue) -> Option<Cow<'_, str>> {
    let json = raw.get();
    match json.as_bytes().first()? {
        b'"' if !json.contains('\\') => Some(Cow::Borrowed(json.trim_matches('"'))),
        b'"' => serde_json::from_str::<String>(json).ok().map(Cow::Owned),
        b'{' | b'[' | b'n' => None,
        _ => Some(Cow::Borrowed(json)),
    }
}
