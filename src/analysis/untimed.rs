//! Which calls are in no figure of time? Those that did not end, and those of which it is not recorded when.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use super::messages::CALLBACKS;
use super::symbols::Symbols;
use crate::query::{Field, Filter, Seen};

/// Calls among the events looked at that have no duration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Untimed {
    /// Their end is among the events, and when they began or ended is not known.
    pub(crate) ended: u64,
    /// Their beginning is among the events, and no end.
    pub(crate) open: u64,
}

impl Untimed {
    pub(crate) const fn all(self) -> u64 {
        self.ended + self.open
    }
}

/// Counts them, event by event. Cost: one probe for the beginning and the end of a call.
#[derive(Debug)]
pub(super) struct Count {
    callbacks_only: bool,
    sees_ends: bool,
    sessions: Symbols,
    open: HashSet<(u32, Box<str>), RandomState>,
    /// Sessions whose ends do not say whose they are: which calls are open is not known there.
    nameless: HashSet<u32, RandomState>,
    ended: u64,
}

impl Count {
    pub(super) fn new(filter: &Filter, callbacks_only: bool) -> Self {
        let (open, nameless) = (HashSet::default(), HashSet::default());
        let sees_ends = sees_ends(filter);
        Self { callbacks_only, sees_ends, sessions: Symbols::new(Field::Session), open, nameless, ended: 0 }
    }

    pub(super) fn take(&mut self, event: &Seen<'_>, is_timed: bool) {
        let is_end = match event.event_type() {
            Some("function_entry") => false,
            Some("function_exit") => true,
            _ => return,
        };
        if self.callbacks_only && !event.function().is_some_and(|function| CALLBACKS.contains(&function)) {
            return;
        }
        let session = self.sessions.id(event);
        match event.call_id() {
            Some(call) if is_end => _ = self.open.remove(&(session, Box::from(call))),
            Some(call) if self.sees_ends => _ = self.open.insert((session, call.into())),
            None if is_end => _ = self.nameless.insert(session),
            _ => {}
        }
        self.ended += u64::from(is_end && !is_timed && event.function().is_some());
    }

    pub(super) fn end(self) -> Untimed {
        let is_known = |(session, _): &&(u32, Box<str>)| !self.nameless.contains(session);
        Untimed { ended: self.ended, open: self.open.iter().filter(is_known).count() as u64 }
    }
}

/// Whether the end of a call matches wherever its beginning does.
fn sees_ends(filter: &Filter) -> bool {
    let Filter { event_types, correlation_id, ast_node_id, ast_node_prefix, text, min_duration_ns, .. } = filter;
    // A source may tell these of the beginning alone.
    let is_by_beginning = [correlation_id, ast_node_id, ast_node_prefix, text].into_iter().any(Option::is_some);
    let has_ends = event_types.is_empty() || event_types.iter().any(|name| name == "function_exit");
    has_ends && !is_by_beginning && min_duration_ns.is_none()
}
