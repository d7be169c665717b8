//! Which calls ran inside which? Own time, and time not counted twice in recursion.
//!
//! A call is the span that ends at its event and lasted its duration. Within one process calls nest; the innermost span
//! that contains another is its caller's. No ids are needed, so a plain recording is enough.

use std::collections::HashMap;
use std::ops::ControlFlow;

use foldhash::fast::RandomState;

use super::nodes::Nodes;
use super::symbols::Processes;
use crate::error::Result;
use crate::query::{Field, Filter, Seen};
use crate::store::EventStore;
use crate::watch::Watch;

/// A call that has ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    /// Place of its end in the total order.
    pub(super) key: (i64, u64),
    pub(super) duration: i64,
    process: u32,
}

impl Call {
    const fn start(&self) -> i64 {
        self.key.0.saturating_sub(self.duration)
    }
}

/// Belongs to no group.
pub(super) const NO_GROUP: u32 = u32::MAX;

/// Whether an event tells of a call that has ended: it took time, and it names a function.
pub(super) fn is_call(event: &Seen<'_>) -> bool {
    event.symbol(Field::Function).is_some() && event.duration_ns().is_some()
}

/// Every call that ended within a filter, in the order of their ends.
pub(super) fn calls(store: &EventStore, filter: &Filter, nodes: &Nodes, watch: &dyn Watch) -> Result<Vec<Call>> {
    let mut processes = Processes::new(nodes);
    let mut calls = Vec::new();
    store.visit(filter, watch, |event| {
        if let Some(duration) = event.duration_ns().filter(|_| is_call(&event)) {
            let key = (event.timestamp(), event.seq());
            calls.push(Call { key, duration: duration.max(0), process: processes.id(&event) });
        }
        ControlFlow::Continue(())
    })?;
    Ok(calls)
}

/// What nesting says of each call.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    /// Nanoseconds not spent in calls inside.
    pub(super) own: Vec<i64>,
    /// Whether no call of the same group was open around it.
    pub(super) is_outermost: Vec<bool>,
    /// Calls that began before one they ended inside of: not of one process, or times are wrong.
    pub(super) overlaps: u64,
}

/// An open call, seen from its end.
struct Open {
    start: i64,
    group: u32,
    call: usize,
}

/// Nests calls given in the order of their ends; `groups` says which group each belongs to.
pub(super) fn nest(calls: &[Call], groups: &[u32]) -> Nesting {
    let mut nesting = Nesting {
        own: calls.iter().map(|call| call.duration).collect(),
        is_outermost: vec![false; calls.len()],
        overlaps: 0,
    };
    let processes = calls.iter().map(|call| call.process as usize + 1).max().unwrap_or(0);
    let mut open: Vec<Vec<Open>> = (0..processes).map(|_| Vec::new()).collect();
    // Open calls of a group in a process.
    let mut depths: HashMap<(u32, u32), u32, RandomState> = HashMap::default();
    // From the last end to the first: a caller is met before what it called.
    for (at, call) in calls.iter().enumerate().rev() {
        let stack = &mut open[call.process as usize];
        while let Some(top) = stack.pop_if(|top| top.start >= call.key.0) {
            if top.group != NO_GROUP {
                if let Some(depth) = depths.get_mut(&(call.process, top.group)) {
                    *depth -= 1;
                }
            }
        }
        let start = call.start();
        // Invariant: a stack is sorted by start, and all in it end at this call's end or later.
        let place = match stack.last() {
            Some(top) if top.start > start => stack.partition_point(|other| other.start <= start),
            _ => stack.len(),
        };
        nesting.overlaps += u64::from(place < stack.len());
        if let Some(caller) = place.checked_sub(1).map(|caller| stack[caller].call) {
            nesting.own[caller] -= call.duration;
        }
        let group = groups[at];
        if group != NO_GROUP {
            let depth = depths.entry((call.process, group)).or_default();
            nesting.is_outermost[at] = *depth == 0;
            *depth += 1;
        }
        stack.insert(place, Open { start, group, call: at });
    }
    for own in &mut nesting.own {
        *own = (*own).max(0);
    }
    nesting
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(spans: &[(u32, i64, i64, u32)]) -> (Vec<i64>, Vec<bool>, u64) {
        let call = |(seq, (process, start, end, _)): (usize, &(u32, i64, i64, u32))| Call {
            key: (*end, seq as u64),
            duration: end - start,
            process: *process,
        };
        let calls: Vec<Call> = spans.iter().enumerate().map(call).collect();
        assert!(calls.is_sorted_by_key(|call| call.key), "spans are given in the order of their ends");
        let groups: Vec<u32> = spans.iter().map(|span| span.3).collect();
        let Nesting { own, is_outermost, overlaps } = nest(&calls, &groups);
        (own, is_outermost, overlaps)
    }

    #[test]
    fn own_time_is_what_calls_inside_did_not_take() {
        // a(0..100) calls b(10..30) and c(40..90), which calls b(50..60); another process meanwhile.
        let spans = [(1, 10, 30, 2), (1, 50, 60, 2), (2, 0, 70, 1), (1, 40, 90, 3), (1, 0, 100, 1)];
        let (own, outermost, overlaps) = nested(&spans);
        assert_eq!(own, [20, 10, 70, 40, 30]);
        assert_eq!(outermost, [true; 5]);
        assert_eq!(overlaps, 0);
    }

    #[test]
    fn recursion_is_outermost_once() {
        // sum(0..40) calls sum(5..35) calls sum(10..30); then sum(50..60) alone.
        let (own, outermost, _) = nested(&[(1, 10, 30, 1), (1, 5, 35, 1), (1, 0, 40, 1), (1, 50, 60, 1)]);
        assert_eq!(own, [20, 10, 10, 10]);
        assert_eq!(outermost, [false, false, true, true]);
    }

    #[test]
    fn calls_that_share_their_start_or_end_nest_in_the_order_of_their_ends() {
        let (own, outermost, overlaps) = nested(&[(1, 0, 10, 1), (1, 0, 10, 1), (1, 10, 10, 2), (1, 10, 20, 3)]);
        assert_eq!(own, [10, 0, 0, 10]);
        assert_eq!(outermost, [false, true, true, true]);
        assert_eq!(overlaps, 0);
    }

    #[test]
    fn spans_that_overlap_are_counted_and_own_time_is_never_negative() {
        let (own, _, overlaps) = nested(&[(1, 0, 50, 1), (1, 30, 80, 2), (1, 20, 90, 3), (1, 0, 100, 4)]);
        assert_eq!(own, [50, 50, 20, 0]);
        assert_eq!(overlaps, 1);
    }

    #[test]
    fn calls_of_no_group_hide_nothing() {
        let (_, outermost, _) = nested(&[(1, 10, 20, 1), (1, 0, 30, NO_GROUP)]);
        assert_eq!(outermost, [true, false]);
    }
}
