//! Which calls ran inside which, and which of them waited? Own time, and time not counted twice in recursion.
//!
//! A call is the span that ends at its event and lasted its duration. Within one process calls nest; the innermost span
//! that contains another is its caller's. No ids are needed, so a plain recording is enough. What a process waited for is
//! a span as well, of the innermost call it lies in.

use std::collections::btree_map::OccupiedEntry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;

use foldhash::fast::RandomState;

use super::nodes::Nodes;
use super::spans::{Forest, Traced, times};
use super::symbols::{Processes, Symbols};
use super::waits::{Loose, Waits};
use crate::error::{Error, Result};
use crate::query::{Field, Filter, Seen};
use crate::store::EventStore;
use crate::watch::Watch;

/// What a process did in a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Is {
    /// A call that has ended.
    Call,
    /// Such a call that does nothing but wait.
    Sleep,
    /// It waited for a message.
    Waited,
    /// It may have.
    MaybeWaited,
    /// Nothing: the message waited.
    Taken,
    /// A span of a tracer, by its number: it says itself what it is part of.
    Traced(u32),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Place of its event in the total order: of its end, unless it is a span told whole.
    pub(super) key: (i64, u64),
    pub(super) duration: i64,
    process: u32,
    is: Is,
}

impl Span {
    const fn start(&self) -> i64 {
        self.key.0.saturating_sub(self.duration)
    }

    pub(super) const fn is_call(&self) -> bool {
        matches!(self.is, Is::Call | Is::Sleep | Is::Traced(_))
    }
}

/// Belongs to no group.
pub(super) const NO_GROUP: u32 = u32::MAX;

/// Whether an event tells of a call that has ended: it took time, and it names a function. A process that is scheduled in
/// or out is in one, whose time that is not.
pub(super) fn is_call(event: &Seen<'_>) -> bool {
    !event.event_type().is_some_and(|name| name.starts_with("schedule_"))
        && event.symbol(Field::Function).is_some()
        && event.duration_ns().is_some()
}

/// Functions that do nothing but wait, with one argument.
pub(super) fn is_sleep(event: &Seen<'_>) -> bool {
    event.function() == Some("sleep") && matches!(event.module(), Some("Process" | "timer" | ":timer"))
}

/// Every call that ended within a filter, and every wait, in the order of their events.
#[derive(Debug, Default)]
pub(super) struct Spans {
    pub(super) spans: Vec<Span>,
    pub(super) forest: Forest,
    /// Whether calls were recorded in a session that recorded no message: what they waited for is not known.
    pub(super) is_waiting_unknown: bool,
}

pub(super) fn spans(store: &EventStore, filter: &Filter, nodes: &Nodes, watch: &dyn Watch) -> Result<Spans> {
    let (mut processes, mut sessions) = (Processes::new(nodes), Symbols::new(Field::Session));
    let (mut with_calls, mut with_messages) = (HashSet::new(), HashSet::new());
    let (mut waits, mut loose) = (Waits::default(), Loose::default());
    let mut spans: Vec<Span> = Vec::new();
    let mut traced = Traced::default();
    store.visit(filter, watch, |event| {
        let key = (event.timestamp(), event.seq());
        let process = processes.id(&event);
        let duration = event.duration_ns().filter(|_| is_call(&event));
        if let Some(wait) = waits.take(process, &event, duration.is_some()) {
            let is = if wait.is_sure { Is::Waited } else { Is::MaybeWaited };
            if !wait.is_sure {
                loose.came(&event, spans.len());
            }
            spans.push(Span { key, duration: wait.end.saturating_sub(wait.start).max(0), process, is });
        } else if let Some(wait) = loose.taken(&event) {
            spans[wait].is = Is::Taken;
        }
        if let Some(duration) = duration {
            let is = match times(&event) {
                Some(times) => Is::Traced(traced.take(&event, process, times)),
                None if is_sleep(&event) => Is::Sleep,
                None => Is::Call,
            };
            spans.push(Span { key, duration: duration.max(0), process, is });
            with_calls.insert(sessions.id(&event));
        } else if event.event_type() == Some("message_receive") {
            with_messages.insert(sessions.id(&event));
        }
        ControlFlow::Continue(())
    })?;
    let is_waiting_unknown = !with_calls.is_subset(&with_messages);
    Ok(Spans { spans, forest: traced.forest(), is_waiting_unknown })
}

impl Spans {
    /// Nests them; `groups` says which group each call belongs to.
    ///
    /// # Errors
    /// [`Cancelled`](crate::ErrorKind::Cancelled) when the watch ended it.
    pub(super) fn nest(&self, groups: &[u32], watch: &dyn Watch) -> Result<Nesting> {
        let mut nesting = nest(&self.spans, groups, watch)?;
        let traced = |at: usize| match self.spans[at].is {
            Is::Traced(number) => Some(number as usize),
            _ => None,
        };
        let mut groups_of_traced = vec![NO_GROUP; self.forest.own.len()];
        for (at, group) in groups.iter().enumerate() {
            if let Some(number) = traced(at) {
                groups_of_traced[number] = *group;
            }
        }
        let is_outermost = self.forest.outermost(&groups_of_traced);
        for (at, group) in groups.iter().enumerate() {
            if let Some(number) = traced(at) {
                nesting.own[at] = self.forest.own[number];
                nesting.is_outermost[at] = is_outermost[number] && *group != NO_GROUP;
            }
        }
        Ok(nesting)
    }

    /// Of spans, by the events that are one of a failure: those of which no part failed.
    pub(super) fn origins(&self, has_failed: impl Fn(usize) -> bool) -> Vec<bool> {
        let mut failed = vec![false; self.forest.own.len()];
        for (at, span) in self.spans.iter().enumerate() {
            if let Is::Traced(number) = span.is {
                failed[number as usize] = has_failed(at);
            }
        }
        let origins = self.forest.origins(&failed);
        let is_origin = |span: &Span| matches!(span.is, Is::Traced(number) if origins[number as usize]);
        self.spans.iter().map(is_origin).collect()
    }
}

/// What nesting says of each span; of one that is no call nothing.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    /// Nanoseconds spent neither in calls inside nor waiting.
    pub(super) own: Vec<i64>,
    /// Nanoseconds it waited for messages itself.
    pub(super) waited: Vec<i64>,
    /// At most so many of its own were spent waiting, too.
    pub(super) may_have_waited: Vec<i64>,
    /// Whether no call of the same group was open around it.
    pub(super) is_outermost: Vec<bool>,
    /// Calls that began before one they ended inside of: not of one process, or times are wrong.
    pub(super) overlaps: u64,
}

/// An open call, seen from its end.
struct Open {
    group: u32,
    call: usize,
}

/// Calls between two looks at the watch.
const LOOK_EVERY: usize = 4_096;

/// The open calls of a process by when they began: from the outermost to the innermost.
type Stack = BTreeMap<(i64, std::cmp::Reverse<usize>), Open>;

/// Nests spans given in the order of their ends; `groups` says which group each call belongs to.
///
/// # Errors
/// [`Cancelled`](crate::ErrorKind::Cancelled) when the watch ended it.
fn nest(spans: &[Span], groups: &[u32], watch: &dyn Watch) -> Result<Nesting> {
    let mut nesting = Nesting {
        own: spans.iter().map(|span| if span.is_call() { span.duration } else { 0 }).collect(),
        waited: vec![0; spans.len()],
        may_have_waited: vec![0; spans.len()],
        is_outermost: vec![false; spans.len()],
        overlaps: 0,
    };
    let processes = spans.iter().map(|span| span.process as usize + 1).max().unwrap_or(0);
    let mut open: Vec<Stack> = (0..processes).map(|_| Stack::new()).collect();
    // Up to where the time of a process is not yet spent waiting.
    let mut unspent = vec![i64::MAX; processes];
    // Open calls of a group in a process.
    let mut depths: HashMap<(u32, u32), u32, RandomState> = HashMap::default();
    // From the last end to the first: a caller is met before what it called.
    for (at, span) in spans.iter().enumerate().rev() {
        if at.is_multiple_of(LOOK_EVERY) && watch.is_cancelled() {
            return Err(Error::cancelled());
        }
        if matches!(span.is, Is::Traced(_)) {
            continue;
        }
        let stack = &mut open[span.process as usize];
        while let Some(top) = stack.last_entry().filter(|top| top.key().0 >= span.key.0).map(OccupiedEntry::remove) {
            if top.group != NO_GROUP {
                if let Some(depth) = depths.get_mut(&(span.process, top.group)) {
                    *depth -= 1;
                }
            }
        }
        if !span.is_call() {
            let unspent = &mut unspent[span.process as usize];
            if let Some(((start, _), Open { call, .. })) = stack.last_key_value().filter(|_| span.is != Is::Taken) {
                let began = span.start().max(*start);
                let waited = span.key.0.min(*unspent).saturating_sub(began).max(0);
                *unspent = began.min(*unspent);
                if span.is == Is::Waited && began == span.start() {
                    nesting.own[*call] -= waited;
                    nesting.waited[*call] += waited;
                } else {
                    nesting.may_have_waited[*call] += waited;
                }
            }
            continue;
        }
        let start = span.start();
        // Invariant: all in a stack end at this call's end or later. Of those that began at one time, what is met later is
        // inside.
        let place = (start, std::cmp::Reverse(at));
        nesting.overlaps += u64::from(stack.last_key_value().is_some_and(|(top, _)| *top > place));
        if let Some((_, caller)) = stack.range(..place).next_back() {
            nesting.own[caller.call] -= span.duration;
        }
        let group = groups[at];
        if group != NO_GROUP {
            let depth = depths.entry((span.process, group)).or_default();
            nesting.is_outermost[at] = *depth == 0;
            *depth += 1;
        }
        stack.insert(place, Open { group, call: at });
    }
    for (at, span) in spans.iter().enumerate() {
        let own = &mut nesting.own[at];
        *own = (*own).max(0);
        if span.is == Is::Sleep {
            nesting.waited[at] += std::mem::take(own);
        }
        nesting.may_have_waited[at] = nesting.may_have_waited[at].min(*own);
    }
    Ok(nesting)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::Unwatched;

    fn nested(spans: &[(u32, i64, i64, u32)]) -> (Vec<i64>, Vec<bool>, u64) {
        let spans: Vec<(u32, i64, i64, u32, Is)> =
            spans.iter().map(|(p, s, e, g)| (*p, *s, *e, *g, Is::Call)).collect();
        let Nesting { own, is_outermost, overlaps, .. } = with_waits(&spans);
        (own, is_outermost, overlaps)
    }

    fn with_waits(spans: &[(u32, i64, i64, u32, Is)]) -> Nesting {
        let span = |(seq, (process, start, end, _, is)): (usize, &(u32, i64, i64, u32, Is))| Span {
            key: (*end, seq as u64),
            duration: end - start,
            process: *process,
            is: *is,
        };
        let found: Vec<Span> = spans.iter().enumerate().map(span).collect();
        assert!(found.is_sorted_by_key(|span| span.key), "spans are given in the order of their ends");
        nest(&found, &spans.iter().map(|span| span.3).collect::<Vec<u32>>(), &Unwatched).unwrap()
    }

    /// Own time, waited and maybe waited.
    fn times(spans: &[(u32, i64, i64, u32, Is)]) -> Vec<(i64, i64, i64)> {
        let Nesting { own, waited, may_have_waited, .. } = with_waits(spans);
        own.into_iter().zip(waited).zip(may_have_waited).map(|((own, waited), may)| (own, waited, may)).collect()
    }

    const NO: (i64, i64, i64) = (0, 0, 0);

    #[test]
    fn calls_that_overlap_cost_no_more_than_they_are() {
        // Each began before all that ended before it: a list of them would be moved for each.
        let spans: Vec<(u32, i64, i64, u32)> = (0..300_000).map(|at| (1, at, 400_000 + at, 1)).collect();
        assert_eq!(nested(&spans).2, 299_999);
    }

    #[test]
    fn waiting_is_of_the_innermost_call_and_not_its_own_time() {
        // a(0..100) calls b(10..60), which waits (20..50) for a reply; then a waits (70..90).
        let spans = [(1, 20, 50, NO_GROUP, Is::Waited), (1, 10, 60, 2, Is::Call), (1, 70, 90, NO_GROUP, Is::Waited)];
        let spans = [&spans[..], &[(1, 0, 100, 1, Is::Call)]].concat();
        assert_eq!(times(&spans), [NO, (20, 30, 0), NO, (30, 20, 0)]);
    }

    #[test]
    fn what_may_have_been_waited_stays_own_time_and_is_counted_once() {
        // Three messages came while it was last seen at 10; the second waited for a callback.
        let spans = [
            (1, 10, 30, NO_GROUP, Is::MaybeWaited),
            (1, 10, 40, NO_GROUP, Is::MaybeWaited),
            (1, 10, 80, NO_GROUP, Is::Taken),
            (1, 0, 100, 1, Is::Call),
        ];
        assert_eq!(times(&spans)[3], (100, 0, 30));
    }

    #[test]
    fn a_wait_that_began_before_the_call_around_it_is_that_call_s_from_its_start() {
        let spans = [(1, 10, 50, NO_GROUP, Is::MaybeWaited), (1, 30, 60, 2, Is::Call), (1, 0, 100, 1, Is::Call)];
        assert_eq!(times(&spans), [NO, (30, 0, 20), (70, 0, 0)]);
    }

    #[test]
    fn a_call_that_sleeps_only_waits() {
        let spans = [(1, 10, 40, NO_GROUP, Is::MaybeWaited), (1, 10, 50, 2, Is::Sleep), (1, 0, 100, 1, Is::Call)];
        assert_eq!(times(&spans), [NO, (0, 40, 0), (60, 0, 0)]);
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
