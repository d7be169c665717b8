//! Exceptions counted in a visit, each once, without keeping the calls.

use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::reading::{Class, Reading};
use super::unwinding::{Frame, Unwinding};
use crate::analysis::fact::Fact;
use crate::analysis::member;
use crate::event::StoredEvent;
use crate::event::exit_reason::{carries_error, is_failed_call};
use crate::query::Seen;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Returned,
    /// Of an exception that was raised in it.
    Raised,
    /// Of one that was raised in a call it made.
    HandedOn,
}

/// Sorts of exceptions that are kept apart; exceptions of more are counted and not told.
const MAX_SORTS: usize = 256;

/// Exceptions of one class and shape, raised in one function that was called at one place.
#[derive(Clone, Debug)]
pub(crate) struct Sort {
    pub(crate) count: u64,
    /// The end of the first call that raised one.
    pub(crate) first: Fact,
    /// What it was, of a span, whose event tells that in its tracer's way.
    pub(crate) reason: Option<String>,
}

/// Function, class, shape, and the place it was called at.
type Key = (String, Class, String, Option<String>);

/// Counts exceptions; events are given in the order of time.
#[derive(Debug, Default)]
pub(crate) struct Streamed {
    unwinding: Unwinding,
    hasher: FixedState,
    /// Calls that were given the reason of an exception on its way.
    handed: HashSet<u64, FixedState>,
    sorts: BTreeMap<Key, Sort>,
}

impl Streamed {
    /// A call began. Cost: one probe where no exception is on its way in its process.
    pub(crate) fn entry(&mut self, process: u32, event: &Seen<'_>) {
        let mut on_its_way = self.unwinding.on_its_way(process).peekable();
        if on_its_way.peek().is_none() {
            return;
        }
        let args = member::texts(event.data(), "args");
        let is_handed = on_its_way.any(|reason| args.iter().any(|arg| arg == reason));
        if is_handed && let Some(call) = event.call_id() {
            self.handed.insert(self.hasher.hash_one(call));
        }
    }

    /// A call ended. Cost: for one that returned, a look at its `exit_reason` and one probe.
    pub(crate) fn exit(&mut self, process: u32, event: &Seen<'_>) -> End {
        let end = member::text(event.data(), "exit_reason");
        let class = end.as_deref().and_then(Class::named);
        if class.is_none() && self.unwinding.on_its_way(process).next().is_none() {
            return End::Returned;
        }
        let hash = |id: &str| self.hasher.hash_one(id);
        let took = event.duration_ns();
        let frame = Frame {
            process,
            call: event.call_id().map(hash),
            parent: event.parent_id().map(hash),
            start: took.map(|took| event.timestamp().saturating_sub(took.max(0))),
        };
        let Some(class) = class else {
            self.unwinding.returned(frame);
            return End::Returned;
        };
        let reason = member::text(event.data(), "reason").unwrap_or_default();
        if !is_failed_call(end.as_deref(), Some(&reason)) {
            return End::Returned;
        }
        let is_handed = frame.call.is_some_and(|call| self.handed.contains(&call));
        let reading = Reading::of(class, &reason);
        let shape = reading.shape.clone();
        let is_new = self.unwinding.failed(frame, reading, |_| is_handed, |_| false).is_new;
        // What carries the error of another call was raised there.
        if !is_new || carries_error(end.as_deref(), Some(&reason)) {
            return End::HandedOn;
        }
        self.count(event, class, shape);
        End::Raised
    }

    /// A span of a tracer failed, and no part of it did.
    pub(crate) fn span(&mut self, span: StoredEvent, reason: &str) {
        let name = match (span.module(), span.function()) {
            (Some(module), Some(name)) => format!("{module}.{name}"),
            (_, name) => name.unwrap_or("(unnamed)").to_owned(),
        };
        let key = (name, Class::Error, reason.to_owned(), None);
        let is_full = self.sorts.len() == MAX_SORTS;
        match self.sorts.get_mut(&key) {
            Some(sort) => sort.count += 1,
            None if is_full => {}
            None => {
                let sort = Sort { count: 1, first: Fact::new(span), reason: Some(reason.to_owned()) };
                self.sorts.insert(key, sort);
            }
        }
    }

    fn count(&mut self, event: &Seen<'_>, class: Class, shape: String) {
        let (module, function) = (event.module().unwrap_or("?"), event.function().unwrap_or("?"));
        let place = event.ast_node_id().map(str::to_owned);
        let key = (format!("{module}.{function}/{}", event.arity().unwrap_or_default()), class, shape, place);
        let is_full = self.sorts.len() == MAX_SORTS;
        match self.sorts.get_mut(&key) {
            Some(sort) => sort.count += 1,
            None if is_full => {}
            None => _ = self.sorts.insert(key, Sort { count: 1, first: Fact::new(event.to_event()), reason: None }),
        }
    }

    /// The sorts of exceptions, most first.
    pub(crate) fn into_sorts(self) -> Vec<Sort> {
        let mut sorts: Vec<Sort> = self.sorts.into_values().collect();
        sorts.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.first.key().cmp(&b.first.key())));
        sorts
    }

    /// A process ended: its pid may be another's later.
    pub(crate) fn ended(&mut self, process: u32) {
        self.unwinding.ended(process);
    }
}
