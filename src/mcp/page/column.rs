//! What can stand in a column of a table, and how is it written?

use serde_json::value::RawValue;

use super::cell;
use crate::StoredEvent;
use crate::event::{canon, scalar};
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
        // Most keys of a payload are no column's, and this is asked for each of them.
        Some(match name {
            "t_us" => Self::TimeMicros,
            "event_id" => Self::EventId,
            "event_type" => Self::EventType,
            "pid" => Self::Pid,
            "mfa" => Self::Mfa,
            "duration_ns" => Self::DurationNs,
            "correlation_id" => Self::CorrelationId,
            "call_id" => Self::CallId,
            "parent_id" => Self::ParentId,
            "session_id" => Self::SessionId,
            "ast_node_id" => Self::AstNodeId,
            "node" => Self::Node,
            "data" => Self::Data,
            "timestamp" => Self::Timestamp,
            "wall_time" => Self::WallTime,
            "seq" => Self::Seq,
            "module" => Self::Module,
            "function" => Self::Function,
            "arity" => Self::Arity,
            _ => return None,
        })
    }

    /// Whether a member of an event's JSON is what this column shows.
    pub(crate) fn shows_member(self, key: &str) -> bool {
        match self {
            Self::TimeMicros => key == "timestamp",
            Self::Mfa => matches!(key, "module" | "function" | "arity"),
            column => key == column.name(),
        }
    }

    /// What an event has in a column that shows one of its texts.
    fn text(self, event: &StoredEvent) -> Option<&str> {
        match self {
            Self::EventId => Some(event.event_id()),
            Self::EventType => event.event_type(),
            Self::Pid => event.pid(),
            Self::CorrelationId => event.correlation_id(),
            Self::CallId => event.call_id(),
            Self::ParentId => event.parent_id(),
            Self::SessionId => event.session_id(),
            Self::AstNodeId => event.ast_node_id(),
            Self::Node => event.node(),
            Self::Module => event.module(),
            Self::Function => event.function(),
            _ => None,
        }
    }

    /// What an event has in a column that shows one of its numbers.
    fn number(self, event: &StoredEvent) -> Option<i64> {
        match self {
            Self::DurationNs => event.duration_ns(),
            Self::Timestamp => Some(event.timestamp()),
            Self::WallTime => event.wall_time(),
            Self::Seq => Some(event.seq() as i64),
            Self::Arity => event.arity().map(i64::from),
            _ => None,
        }
    }

    /// The cell of an event, beside the other usual columns.
    pub(crate) fn shown(self, event: &StoredEvent) -> String {
        let mut json = Vec::new();
        self.write(&mut json, event, 0, Self::USUAL, &mut String::new());
        cell::text(&json).into_owned()
    }

    /// Appends the cell of an event, beside the other columns of its table, as what a JSON string has between its
    /// quotes; how many bytes more that is than the cell. `payload` is room for the text of one.
    #[inline]
    pub(crate) fn write(
        self,
        out: &mut Vec<u8>,
        event: &StoredEvent,
        t0: i64,
        beside: &[Self],
        payload: &mut String,
    ) -> usize {
        match self {
            Self::TimeMicros => {
                cell::push_micros(out, event.timestamp(), t0);
                0
            }
            // The one text that must come back whole: it is how the event is asked for.
            Self::EventId => cell::push_whole(out, event.event_id()),
            Self::Data => {
                payload.clear();
                json::select_into(payload, event.data(), |key, raw| !is_said(event, beside, key, raw));
                if payload == "{}" { 0 } else { cell::push_text(out, payload) }
            }
            Self::Mfa => mfa(out, event),
            Self::DurationNs | Self::Timestamp | Self::WallTime | Self::Seq | Self::Arity => {
                if let Some(number) = self.number(event) {
                    cell::push_number(out, number);
                }
                0
            }
            column => column.text(event).map_or(0, |text| cell::push_text(out, text)),
        }
    }
}

/// Writes `Module.function/arity`, or as much of it as there is.
fn mfa(out: &mut Vec<u8>, event: &StoredEvent) -> usize {
    let start = out.len();
    let mut escapes = event.module().map_or(0, |module| cell::push_text(out, module));
    if let Some(function) = event.function() {
        if event.module().is_some() {
            out.push(b'.');
        }
        escapes += cell::push_text(out, function);
        if let Some(arity) = event.arity() {
            out.push(b'/');
            cell::push_number(out, arity);
        }
    }
    if out.len() - start > cell::SHOWN {
        // If it is to be cut, then as a whole.
        out.truncate(start);
        escapes = cell::push_text(out, &shown_mfa(event));
    }
    escapes
}

fn shown_mfa(event: &StoredEvent) -> String {
    let dot = if event.module().is_some() { "." } else { "" };
    let function = event.function().map(|function| {
        let arity = event.arity().map(|arity| format!("/{arity}")).unwrap_or_default();
        format!("{dot}{function}{arity}")
    });
    format!("{}{}", event.module().unwrap_or_default(), function.unwrap_or_default())
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
        key if key == "pid" || key.ends_with("_pid") => {
            beside.contains(&Column::Pid) && same(event.pid(), &canon::pid(text))
        }
        key => Column::named(key).is_some_and(|column| {
            beside.contains(&column)
                && (same(column.text(event), &text)
                    || column.number(event).is_some_and(|number| number.to_string() == text)
                    || column == Column::Mfa && !text.is_empty() && text == shown_mfa(event))
        }),
    }
}
