//! Exceptions counted in a visit, each once, without keeping the calls.

use std::collections::HashSet;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::reading::Class;
use super::unwinding::{Frame, Unwinding};
use crate::analysis::member;
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

/// Counts exceptions; events are given in the order of time.
#[derive(Debug, Default)]
pub(crate) struct Streamed {
    unwinding: Unwinding,
    hasher: FixedState,
    /// Calls that were given the reason of an exception on its way.
    handed: HashSet<u64, FixedState>,
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
        let class = member::text(event.data(), "exit_reason").and_then(|reason| Class::named(&reason));
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
        let is_handed = frame.call.is_some_and(|call| self.handed.contains(&call));
        let step = self.unwinding.failed(frame, class, &reason, |_| is_handed);
        if step.is_new { End::Raised } else { End::HandedOn }
    }

    /// A process ended: its pid may be another's later.
    pub(crate) fn ended(&mut self, process: u32) {
        self.unwinding.ended(process);
    }
}
