//! How many, how long, how much of the time? Figures of groups of events, all of them counted, none estimated.

use std::ops::ControlFlow;

use super::exceptions::{End, Streamed};
use super::grouping::{Dimension, Grouper, Label};
use super::messages::Messages;
use super::named::narrowed;
use super::nesting::{NO_GROUP, Nesting, Span, Spans, is_call, spans};
use super::nodes::Nodes;
use super::parts::Part;
use super::spans::{Failed, any_span, times};
use super::spread::nearest;
use super::symbols::Processes;
use super::untimed::{self, Untimed};
use crate::error::{Error, Result};
use crate::event::time::Time;
use crate::query::{Filter, Seen, Visit};
use crate::store::EventStore;
use crate::watch::Watch;

/// What is to be found out of which events.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is work that is done only where its figures are shown")]
pub(crate) struct Question {
    pub(crate) filter: Filter,
    pub(crate) group_by: Vec<Dimension>,
    /// Only ends of calls.
    pub(crate) calls_only: bool,
    /// Keeps every duration, for percentiles: eight bytes an event.
    pub(crate) keep_durations: bool,
    /// Works out own time and time not counted twice; looks at every call up to the end of the filter.
    pub(crate) nest: bool,
    /// Counts exceptions where they were raised; reads payloads.
    pub(crate) count_failures: bool,
    /// Counts calls that are in no figure of time; keeps the id of each that is open.
    pub(crate) count_untimed: bool,
}

/// Figures of one group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    /// One for each dimension.
    pub(crate) labels: Vec<Label>,
    /// Events, but for folded ones.
    pub(crate) count: u64,
    /// Calls of anonymous functions written in the group's function.
    pub(crate) folded: u64,
    /// Events that took time.
    pub(crate) timed: u64,
    /// Sum of their durations.
    pub(crate) sum: i64,
    pub(crate) min: Option<i64>,
    pub(crate) max: Option<i64>,
    /// Timestamp and seq of the first event that took `max`.
    pub(crate) slowest: Option<(i64, u64)>,
    /// Every duration, ascending, if they were asked for.
    pub(crate) durations: Vec<i64>,
    /// Time in calls of the group, nested ones not counted again.
    pub(crate) total: i64,
    /// Time in calls of the group and neither in calls they made nor waiting.
    pub(crate) own: i64,
    /// Time its calls waited for messages themselves, as far as that is known.
    pub(crate) waited: i64,
    /// At most so much of `own` was spent waiting, too.
    pub(crate) may_have_waited: i64,
    /// What stands out from the group's own median, if durations were asked for and calls were nested.
    pub(crate) outliers: Outliers,
    /// Exceptions raised in its calls, each counted once.
    pub(crate) failed: u64,
    /// Timestamp and seq of the first event.
    pub(crate) first: Option<(i64, u64)>,
    /// Timestamp and seq of the first end of a call that raised one.
    pub(crate) first_failed: Option<(i64, u64)>,
}

/// Calls of a group whose own time is far above the median. Own time: a slow call does not make its callers stand out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outliers {
    pub(crate) calls: u64,
    /// Median of the own times.
    pub(crate) median: i64,
    /// Own time of the slowest, and its timestamp and seq.
    pub(crate) slowest: Option<(i64, (i64, u64))>,
}

/// A call stands out from so many times the median of its group.
pub(crate) const OUTLIER: i64 = 10;

/// Calls of a group below which its median says little.
const LEAST_CALLS: usize = 8;

impl Outliers {
    /// Of own times and the places of their calls in the total order.
    fn of(mut own: Vec<(i64, (i64, u64))>) -> Self {
        if own.len() < LEAST_CALLS {
            return Self::default();
        }
        own.sort_unstable();
        let median = own[nearest(own.len(), 50)].0;
        let bound = median.max(1).saturating_mul(OUTLIER);
        let above = own.partition_point(|(own, _)| *own <= bound);
        let slowest = own[above..].last().map(|(longest, _)| *longest);
        // Of equally slow ones the first.
        let slowest = slowest.and_then(|longest| own[above..].iter().find(|(own, _)| *own == longest)).copied();
        Self { calls: (own.len() - above) as u64, median, slowest }
    }
}

/// Groups in the order first seen, and what they were made from.
#[derive(Debug)]
pub(crate) struct Groups {
    pub(crate) groups: Vec<Group>,
    pub(crate) visit: Visit,
    /// Timestamps of the first and the last event in any group.
    pub(crate) span: Option<(i64, i64)>,
    /// Events that match the filter and belong to no group.
    pub(crate) left_out: u64,
    /// Calls whose spans do not nest: their own time is not exact.
    pub(crate) overlaps: u64,
    /// Whether a recording tells of calls and of no messages: what they waited for is in their own time.
    pub(crate) is_waiting_unknown: bool,
    /// Calls that are in no figure of time.
    pub(crate) untimed: Untimed,
}

impl Groups {
    /// Events in all groups, folded ones among them.
    pub(crate) fn events(&self) -> u64 {
        self.groups.iter().map(|group| group.count + group.folded).sum()
    }
}

impl Group {
    fn add(&mut self, key: (i64, u64), duration: Option<i64>, is_folded: bool, keep: bool) {
        self.first.get_or_insert(key);
        if is_folded {
            self.folded += 1;
            return;
        }
        self.count += 1;
        let Some(duration) = duration else { return };
        self.timed += 1;
        self.sum = self.sum.saturating_add(duration);
        self.min = Some(self.min.map_or(duration, |min| min.min(duration)));
        if self.max.is_none_or(|max| duration > max) {
            (self.max, self.slowest) = (Some(duration), Some(key));
        }
        if keep {
            self.durations.push(duration);
        }
    }
}

/// Which ends of calls are of an exception that was raised in them.
#[derive(Debug)]
struct RaisedIn {
    processes: Processes,
    exceptions: Streamed,
}

impl RaisedIn {
    fn new(nodes: &Nodes) -> Self {
        Self { processes: Processes::new(nodes), exceptions: Streamed::default() }
    }

    fn is_raised_in(&mut self, event: &Seen<'_>) -> bool {
        let process = self.processes.id(event);
        match event.event_type() {
            Some("function_entry") => self.exceptions.entry(process, event),
            Some("process_exit") => self.exceptions.ended(process),
            _ if is_call(event) && times(event).is_none() => {
                return self.exceptions.exit(process, event) == End::Raised;
            }
            _ => {}
        }
        false
    }
}

/// Groups the matching events of one snapshot.
pub(crate) fn aggregate(store: &EventStore, question: &Question, watch: &dyn Watch) -> Result<Groups> {
    let Question { filter, group_by, calls_only, keep_durations, nest: nests, count_failures, count_untimed } =
        question;
    let nodes = Nodes::of(store);
    let filter = &narrowed(store, filter, watch)?;
    // A child may have ended before the filter's first moment, so nesting looks at everything up to its last.
    let has_spans = (*nests || *count_failures) && any_span(store, watch)?;
    let nests = *nests || has_spans;
    let around = if has_spans {
        // A part of a span may be another process's, and end after what it is part of.
        Filter::default()
    } else {
        Filter { pid: filter.pid.clone(), named: filter.named.clone(), until: filter.until, ..Filter::default() }
    };
    let all = if nests { spans(store, &around, &nodes, &Part { watch, at: 0, of: 2 })? } else { Spans::default() };
    let (spans, is_waiting_unknown) = (&all.spans, all.is_waiting_unknown);
    let is_by_message = group_by.iter().any(|by| matches!(by, Dimension::Handled | Dimension::Message));
    let messages = if is_by_message { Some(Messages::collect(store, filter.until, watch)?) } else { None };
    let origin = match filter.since {
        Some(Time::At(since)) => Some(since),
        _ => None,
    };
    let mut raised = RaisedIn::new(&nodes);
    let failed_spans = if has_spans && *count_failures { Failed::of(store, watch)? } else { Failed::default() };
    let mut has_failed = vec![false; spans.len()];
    let mut untimed = untimed::Count::new(filter, is_by_message);
    let mut grouper = Grouper::new(group_by, origin, messages, &nodes);
    let mut groups: Vec<Group> = Vec::new();
    let mut group_of = vec![NO_GROUP; spans.len()];
    let mut is_folded = vec![false; spans.len()];
    let mut next = 0;
    let (mut span, mut left_out) = (None, 0);
    let last = Part { watch, at: u64::from(nests), of: 1 + u64::from(nests) };
    let mut memory = Memory { watch, dimensions: group_by.len(), groups: 0, events: 0, refused: None };
    memory.keep(spans.len() as u64 * SPAN_BYTES);
    let visit = store.visit(filter, &last, |event| {
        if memory.refused.is_some() {
            return ControlFlow::Break(());
        }
        let is_call = is_call(&event);
        if *count_untimed {
            untimed.take(&event, is_call);
        }
        let is_origin = *count_failures && raised.is_raised_in(&event);
        let member = if *calls_only && !is_call { None } else { grouper.group(&event) };
        let Some(member) = member else {
            left_out += 1;
            return ControlFlow::Continue(());
        };
        let key = (event.timestamp(), event.seq());
        let end = times(&event).map_or(key.0, |(_, end)| end);
        span = Some(span.map_or((key.0, end), |(first, last): (i64, i64)| (first, last.max(end))));
        if groups.len() < grouper.len() {
            groups.push(Group::default());
            memory.group();
        }
        if *keep_durations {
            memory.event();
        }
        let group = &mut groups[member.group as usize];
        let duration = event.duration_ns().map(|duration| duration.max(0));
        group.add(key, duration, member.is_folded, *keep_durations);
        if is_origin {
            group.failed += 1;
            group.first_failed.get_or_insert(key);
        }
        // Both walk in the total order.
        while spans.get(next).is_some_and(|span| span.key < key) {
            next += 1;
        }
        if spans.get(next).is_some_and(|span| span.key == key && span.is_call()) {
            group_of[next] = member.group;
            is_folded[next] = member.is_folded;
            has_failed[next] = *count_failures && times(&event).is_some() && failed_spans.reason(&event).is_some();
        }
        ControlFlow::Continue(())
    })?;
    if let Some(refused) = memory.refused {
        return Err(refused);
    }
    if watch.is_cancelled() {
        return Err(Error::cancelled());
    }
    let nesting = all.nest(&group_of, watch)?;
    for (at, _) in all.origins(|at| has_failed[at]).iter().enumerate().filter(|(_, is_origin)| **is_origin) {
        let Some(group) = groups.get_mut(group_of[at] as usize) else { continue };
        group.failed += 1;
        group.first_failed.get_or_insert(spans[at].key);
    }
    let overlaps = nesting.overlaps;
    let own_times = share_out(&mut groups, spans, &group_of, |at| *keep_durations && !is_folded[at], &nesting);
    for ((at, group), own) in groups.iter_mut().enumerate().zip(own_times) {
        if at.is_multiple_of(STEP as usize) && watch.is_cancelled() {
            return Err(Error::cancelled());
        }
        group.outliers = Outliers::of(own);
        group.labels = grouper.labels(at);
        group.durations.sort_unstable();
    }
    Ok(Groups { groups, visit, span, left_out, overlaps, is_waiting_unknown, untimed: untimed.end() })
}

/// Groups, or events whose durations are kept, whose memory is asked for at once.
const STEP: u64 = 1_024;

/// Memory of a group: its figures, its place among the others, its row while the largest are looked for.
const GROUP_BYTES: u64 = size_of::<Group>() as u64 + 192;

/// Memory of a group in one of its dimensions: a text that may be its own, in the table and in the label.
const LABEL_BYTES: u64 = size_of::<Label>() as u64 + 96;

/// Memory of an event whose duration is kept, with its own time: both in arrays that double.
const DURATION_BYTES: u64 = 48;

/// Memory of a call that is nested, with what is found out of it.
const SPAN_BYTES: u64 = size_of::<Span>() as u64 + 48;

/// What grouping holds, asked for before it is held.
struct Memory<'w> {
    watch: &'w dyn Watch,
    dimensions: usize,
    groups: u64,
    events: u64,
    refused: Option<Error>,
}

impl Memory<'_> {
    fn keep(&mut self, bytes: u64) {
        if let Err(error) = self.watch.takes(bytes) {
            self.refused = Some(error);
        }
    }

    fn group(&mut self) {
        if self.groups.is_multiple_of(STEP) {
            self.keep(STEP * (GROUP_BYTES + self.dimensions as u64 * LABEL_BYTES));
        }
        self.groups += 1;
    }

    fn event(&mut self) {
        if self.events.is_multiple_of(STEP) {
            self.keep(STEP * DURATION_BYTES);
        }
        self.events += 1;
    }
}

/// Gives each group the times of its calls. The own times of those that are kept, and where they ended, by group.
fn share_out(
    groups: &mut [Group],
    spans: &[Span],
    group_of: &[u32],
    is_kept: impl Fn(usize) -> bool,
    nesting: &Nesting,
) -> Vec<Vec<(i64, (i64, u64))>> {
    let mut own_times = vec![Vec::new(); groups.len()];
    for (at, span) in spans.iter().enumerate() {
        let Some(group) = groups.get_mut(group_of[at] as usize) else { continue };
        if is_kept(at) {
            own_times[group_of[at] as usize].push((nesting.own[at], span.key));
        }
        group.own = group.own.saturating_add(nesting.own[at]);
        group.waited = group.waited.saturating_add(nesting.waited[at]);
        group.may_have_waited = group.may_have_waited.saturating_add(nesting.may_have_waited[at]);
        if nesting.is_outermost[at] {
            group.total = group.total.saturating_add(span.duration);
        }
    }
    own_times
}
