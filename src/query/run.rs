//! Carrying a plan out: the active segment under its lock; sealed ones in the order of time; stop at the limit.

use std::cell::Cell;
use std::ops::AddAssign;

use super::active::Listed;
use super::condition::{Conditions, Local};
use super::optimizer::{Candidate, choose};
use super::picks::{Pick, Picks, Source};
use super::plan::{AccessPath, Plan, Work};
use super::{Order, active, sealed};
use crate::error::{Error, Result};
use crate::event::{Collector, StoredEvent};
use crate::index::Index;
use crate::segment::rows::EventKey;
use crate::segment::{Active, Rows, View};
use crate::watch::Watch;

impl AddAssign for Work {
    fn add_assign(&mut self, other: Self) {
        let Self { rows_examined, postings_read, payloads_decoded } = other;
        self.rows_examined += rows_examined;
        self.postings_read += postings_read;
        self.payloads_decoded += payloads_decoded;
    }
}

/// Which matches are wanted.
#[derive(Debug)]
enum Sink {
    Page(Picks),
    /// The seqs of all, in any order.
    Seqs(Vec<u64>),
    /// The rows of all that the segment searched last has: ranks, or rows of the active segment in any order.
    Rows(Vec<u16>),
}

/// What a scan has found so far.
#[derive(Debug)]
pub(super) struct Matches {
    pub(super) total: u64,
    pub(super) work: Work,
    sink: Sink,
}

impl Matches {
    pub(super) const fn page_capacity(&self) -> usize {
        match &self.sink {
            Sink::Page(picks) => picks.capacity(),
            Sink::Seqs(_) | Sink::Rows(_) => usize::MAX,
        }
    }

    pub(super) const fn wants_all(&self) -> bool {
        !matches!(self.sink, Sink::Page(_))
    }

    pub(super) fn wants(&self, key: EventKey) -> bool {
        match &self.sink {
            Sink::Page(picks) => picks.wants(key),
            Sink::Seqs(_) | Sink::Rows(_) => true,
        }
    }

    /// Takes matches that come in any order.
    pub(super) fn offer(&mut self, found: Vec<Pick>, seq: impl Fn(usize) -> u64) {
        match &mut self.sink {
            Sink::Page(picks) => picks.offer(found),
            Sink::Seqs(seqs) => seqs.extend(found.iter().map(|pick| seq(pick.row()))),
            Sink::Rows(rows) => rows.extend(found.iter().map(|pick| pick.row() as u16)),
        }
    }

    /// Takes every match of a sealed segment, by rank.
    pub(super) fn take_all(&mut self, ranks: &[usize], seq: impl Fn(usize) -> u64) {
        match &mut self.sink {
            Sink::Page(_) => {}
            Sink::Seqs(seqs) => seqs.extend(ranks.iter().map(|rank| seq(*rank))),
            Sink::Rows(rows) => rows.extend(ranks.iter().map(|rank| *rank as u16)),
        }
    }

    /// Takes matches in the order asked for, for a page.
    pub(super) fn take_sorted(&mut self, found: Vec<Pick>) {
        if let Sink::Page(picks) = &mut self.sink {
            picks.merge(found);
        }
    }
}

impl Pick {
    const fn row(&self) -> usize {
        match self.source {
            Source::Active(row) | Source::Sealed(_, row) => row,
        }
    }
}

/// How candidates are produced and checked.
pub(super) struct Scan<'q> {
    pub(super) conditions: &'q Conditions,
    pub(super) order: Order,
    /// Place among the conditions; none: the time range.
    pub(super) driver: Option<usize>,
    pub(super) intersected: Vec<usize>,
    /// Only matches beyond it belong on the page.
    pub(super) after: Option<EventKey>,
    pub(super) total: bool,
    watch: &'q dyn Watch,
    /// Whether the watch said to stop: from then on nothing matches.
    given_up: Cell<bool>,
}

/// Payloads searched between two looks at the watch: about a millisecond.
const LOOK_EVERY: u64 = 512;

impl Scan<'_> {
    /// Whether the driver and the time range alone decide what matches.
    pub(super) fn is_pure(&self) -> bool {
        !self.conditions.has_residual() && self.conditions.indexed.len() == usize::from(self.driver.is_some())
    }

    pub(super) fn is_after_cursor(&self, key: EventKey) -> bool {
        self.after.is_none_or(|after| match self.order {
            Order::Asc => key > after,
            Order::Desc => key < after,
        })
    }

    /// Whether being in a condition's lists does not settle it.
    pub(super) fn refines(&self, at: usize) -> bool {
        self.conditions.refines(at)
    }

    /// Whether a candidate of the driver meets every other condition.
    pub(super) fn holds(&self, rows: &impl Rows, locals: &[Local], row: usize, work: &mut Work) -> bool {
        let conditions = self.conditions;
        for (at, local) in locals.iter().enumerate() {
            if (self.driver != Some(at) || self.refines(at)) && !local.holds(rows, row) {
                return false;
            }
        }
        if conditions.min_duration.is_some_and(|least| rows.duration(row).is_none_or(|duration| duration < least)) {
            return false;
        }
        self.has_text(rows, row, work)
    }

    /// Whether the work is to end. Asks the watch.
    pub(super) fn gives_up(&self) -> bool {
        if !self.given_up.get() && self.watch.is_cancelled() {
            self.given_up.set(true);
        }
        self.given_up.get()
    }

    /// Whether the event's JSON has the text asked for.
    pub(super) fn has_text(&self, rows: &impl Rows, row: usize, work: &mut Work) -> bool {
        self.conditions.text.as_ref().is_none_or(|finder| {
            if self.given_up.get() || work.payloads_decoded.is_multiple_of(LOOK_EVERY) && self.gives_up() {
                return false;
            }
            work.payloads_decoded += 1;
            if finder.find(rows.data(row).as_bytes()).is_some() {
                return true;
            }
            let mut json = Vec::with_capacity(512);
            rows.event(row).write_json(&mut json);
            finder.find(&json).is_some()
        })
    }
}

/// A query on one snapshot: planned, and half-way carried out.
pub(crate) struct Run<'q> {
    scan: Scan<'q>,
    matches: Matches,
    plan: Plan,
    limit: usize,
    max_bytes: usize,
    active_locals: Option<Vec<Local>>,
    active_listed: Vec<Listed>,
    /// Per view; none: it can hold no match.
    view_locals: Vec<Option<Vec<Local>>>,
    collected: Collector,
    /// Rows of the active segment, in the order of the page, with their places among the collected.
    from_active: Vec<(usize, usize)>,
}

/// What is asked of a run besides the filter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand {
    pub(crate) order: Order,
    pub(crate) limit: usize,
    pub(crate) after: Option<EventKey>,
    pub(crate) total: bool,
    pub(crate) max_bytes: usize,
    pub(crate) path: Option<AccessPath>,
}

impl Demand {
    /// Every match, and no page of them.
    pub(crate) const ALL: Self =
        Self { order: Order::Asc, limit: 0, after: None, total: true, max_bytes: 0, path: None };
}

/// What a run found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) events: Vec<StoredEvent>,
    /// Whether there are more events after these.
    pub(crate) more: bool,
    pub(crate) total: u64,
    pub(crate) plan: Plan,
    pub(crate) work: Work,
}

impl<'q> Run<'q> {
    /// Plans a query. `active` must be the active segment of the same moment as `views`.
    pub(crate) fn plan(
        conditions: &'q Conditions,
        demand: Demand,
        active: &Active,
        views: &[View],
        watch: &'q dyn Watch,
    ) -> Self {
        let Demand { order, limit, after, total, max_bytes, path } = demand;
        let active_locals = conditions.in_segment(active).filter(|_| active.live() > 0);
        let spans: Vec<_> = views.iter().map(|view| sealed::span(view, conditions)).collect();
        let view_locals: Vec<_> = views
            .iter()
            .zip(&spans)
            .map(|(view, (lo, hi))| if lo < hi { conditions.in_segment(&*view.segment) } else { None })
            .collect();

        let in_range = active::in_range(active, conditions)
            + views.iter().zip(&spans).map(|(view, (lo, hi))| view.live_in(*lo, *hi) as u64).sum::<u64>();
        let listed = |at: usize| listed_in(conditions, at, active, active_locals.as_deref());
        let active_listed: Vec<Listed> = (0..conditions.indexed.len()).map(listed).collect();
        let candidates: Vec<Candidate> = (0..conditions.indexed.len())
            .map(|at| {
                let index = conditions.indexed[at].index;
                let mut cardinality = active_listed[at].len();
                for ((view, span), locals) in views.iter().zip(&spans).zip(&view_locals) {
                    cardinality += match locals {
                        Some(locals) => sealed::cardinality(view, *span, index, &locals[at]),
                        None if span.0 == span.1 => 0,
                        // Another condition rules the segment out; this one's keys still count.
                        None => conditions.indexed[at]
                            .local(&*view.segment, conditions.role)
                            .map_or(0, |local| sealed::cardinality(view, *span, index, &local)),
                    };
                }
                Candidate { index, cardinality, costly_check: index == Index::Process }
            })
            .collect();
        let choice = choose(in_range, &candidates, path);
        let place = |index: Index| conditions.indexed.iter().position(|condition| condition.index == index);
        let scan = Scan {
            conditions,
            order,
            driver: match choice.driver {
                AccessPath::Temporal => None,
                AccessPath::Index(index) => place(index),
            },
            intersected: choice.intersected.iter().filter_map(|index| place(*index)).collect(),
            after,
            total,
            watch,
            given_up: Cell::new(false),
        };
        let segments = views.len() + usize::from(active.live() > 0);
        let searched = view_locals.iter().flatten().count() + usize::from(active_locals.is_some());
        let mut paths = vec![(AccessPath::Temporal, in_range)];
        paths.extend(candidates.iter().map(|candidate| (AccessPath::Index(candidate.index), candidate.cardinality)));
        let plan = Plan {
            driver: choice.driver,
            cardinality: choice.cardinality,
            residual: scan.residual_names(),
            intersected: choice.intersected,
            candidates: paths,
            events: (active.live() + views.iter().map(View::live).sum::<usize>()) as u64,
            segments,
            segments_skipped: segments - searched,
        };
        let page = Sink::Page(Picks::new(order, if limit == 0 { 0 } else { limit + 1 }));
        let matches = Matches { total: 0, work: Work::default(), sink: page };
        Self {
            scan,
            matches,
            plan,
            limit,
            max_bytes,
            active_locals,
            active_listed,
            view_locals,
            collected: Collector::default(),
            from_active: Vec::new(),
        }
    }

    /// Collects the seqs of every match in place of a page.
    pub(crate) fn collect_seqs(&mut self) {
        self.matches.sink = Sink::Seqs(Vec::new());
    }

    /// What [`Self::collect_seqs`] asked for, in any order.
    ///
    /// # Errors
    /// [`Cancelled`](crate::ErrorKind::Cancelled) when the watch ended the search.
    pub(crate) fn into_seqs(self) -> Result<Vec<u64>> {
        match self.matches.sink {
            _ if self.scan.given_up.get() => Err(Error::cancelled()),
            Sink::Seqs(seqs) => Ok(seqs),
            Sink::Page(_) | Sink::Rows(_) => Ok(Vec::new()),
        }
    }

    /// Collects rows, segment by segment, in place of a page.
    pub(super) fn collect_rows(&mut self) {
        self.matches.sink = Sink::Rows(Vec::new());
    }

    /// What [`Self::collect_rows`] asked for, of the segment searched since the last call.
    pub(super) fn take_rows(&mut self) -> Vec<u16> {
        match &mut self.matches.sink {
            Sink::Rows(rows) => std::mem::take(rows),
            Sink::Page(_) | Sink::Seqs(_) => Vec::new(),
        }
    }

    /// Searches one sealed segment.
    pub(super) fn search_view(&mut self, at: usize, view: &View) {
        let Self { scan, matches, view_locals, .. } = self;
        if let Some(locals) = &view_locals[at] {
            scan.view(at, view, locals, matches);
        }
    }

    /// First rank of a view that may match, if any.
    pub(super) fn first_rank(&self, at: usize, view: &View) -> Option<usize> {
        let (lo, hi) = sealed::span(view, self.scan.conditions);
        (self.view_locals[at].is_some() && lo < hi).then_some(lo)
    }

    /// Whether the work is to end. Asks the watch.
    pub(super) fn gives_up(&self) -> bool {
        self.scan.gives_up()
    }

    pub(super) fn progressed(&self, done: u64, total: u64) {
        self.scan.watch.progressed(done, total);
    }

    pub(crate) fn into_plan(self) -> Plan {
        self.plan
    }

    /// Whether what is left to do is bounded by the page: then the lock may be held for it.
    pub(crate) fn is_cheap(&self) -> bool {
        self.scan.is_pure()
    }

    /// Searches the active segment.
    pub(crate) fn search_active(&mut self, active: &Active) {
        if let Some(locals) = &self.active_locals {
            self.scan.active(active, locals, &self.active_listed, &mut self.matches);
        }
    }

    /// Searches the sealed segments, `by_time` in the order of their first events.
    pub(crate) fn search_views(&mut self, views: &[View], by_time: &[u32]) {
        let Self { scan, matches, view_locals, .. } = self;
        let (mut done, steps) = (0, by_time.len() as u64);
        let mut search = |at: &u32| {
            let at = *at as usize;
            if scan.gives_up() {
                return;
            }
            if let Some(locals) = &view_locals[at] {
                scan.view(at, &views[at], locals, matches);
            }
            done += 1;
            scan.watch.progressed(done, steps);
        };
        match scan.order {
            Order::Asc => by_time.iter().for_each(&mut search),
            Order::Desc => by_time.iter().rev().for_each(&mut search),
        }
    }

    /// Reads the page's events that lie in the active segment: the last thing that needs its lock.
    pub(crate) fn read_active(&mut self, active: &Active) {
        let Sink::Page(picks) = &self.matches.sink else { return };
        let page = &picks.as_slice()[..picks.as_slice().len().min(self.limit)];
        let payload = |pick: &Pick| match pick.source {
            Source::Active(row) => Some(active.data_bytes(row)),
            Source::Sealed(..) => None,
        };
        self.collected.reserve(page.iter().filter_map(payload), self.max_bytes);
        let mut room = Room(self.max_bytes);
        for pick in page {
            if let Source::Active(row) = pick.source {
                if !room.takes(active.data_bytes(row)) {
                    break;
                }
                self.from_active.push((row, active.collect(row, &mut self.collected)));
            }
        }
    }

    /// The page.
    ///
    /// # Errors
    /// [`Cancelled`](crate::ErrorKind::Cancelled) when the watch ended the search.
    pub(crate) fn finish(self, views: &[View]) -> Result<Found> {
        if self.scan.given_up.get() {
            return Err(Error::cancelled());
        }
        let Self { matches, plan, limit, max_bytes, from_active, mut collected, .. } = self;
        let Matches { total, mut work, sink } = matches;
        let picks = match &sink {
            Sink::Page(picks) => picks.as_slice(),
            Sink::Seqs(_) | Sink::Rows(_) => &[],
        };
        let page = &picks[..picks.len().min(limit)];
        let payload = |pick: &Pick| match pick.source {
            Source::Active(_) => None,
            Source::Sealed(at, rank) => Some(views[at].segment.data_bytes(rank)),
        };
        collected.reserve(page.iter().filter_map(payload), max_bytes);
        let mut places = Vec::with_capacity(page.len());
        let mut from_active = from_active.into_iter();
        let mut room = Room(max_bytes);
        for pick in page {
            let place = match pick.source {
                // None: the room had ended before it.
                Source::Active(row) => from_active
                    .find(|(of_row, _)| *of_row == row)
                    .map(|(_, place)| place)
                    .filter(|place| room.takes(collected.data_bytes(*place))),
                Source::Sealed(at, rank) => {
                    let segment = &*views[at].segment;
                    room.takes(segment.data_bytes(rank)).then(|| segment.collect(rank, &mut collected))
                }
            };
            let Some(place) = place else { break };
            places.push(place);
        }
        let events = collected.into_events(places.into_iter());
        work.payloads_decoded += events.len() as u64;
        let more = picks.len() > events.len();
        Ok(Found { events, more, total, plan, work })
    }
}

/// Bytes left on a page. The first event has room whatever its size.
struct Room(usize);

impl Room {
    fn takes(&mut self, bytes: usize) -> bool {
        let takes = self.0 > 0;
        self.0 = self.0.saturating_sub(bytes);
        takes
    }
}

/// What the active segment holds of a condition.
fn listed_in(conditions: &Conditions, at: usize, active: &Active, locals: Option<&[Local]>) -> Listed {
    let index = conditions.indexed[at].index;
    let listed = |local: &Local| active::listed(active, conditions, index, local);
    match locals {
        Some(locals) => listed(&locals[at]),
        // Another condition rules the segment out; this one's keys still count.
        None => conditions.indexed[at].local(active, conditions.role).map_or(Listed::Whole(0), |local| listed(&local)),
    }
}

impl Scan<'_> {
    fn residual_names(&self) -> Vec<&'static str> {
        let conditions = self.conditions;
        let settled = |at: usize| self.driver == Some(at) || self.intersected.contains(&at);
        let columns =
            conditions.indexed.iter().enumerate().filter(|(at, _)| !settled(*at)).map(|(_, condition)| condition.name);
        columns
            .chain(conditions.role.map(|_| "role"))
            .chain(conditions.min_duration.map(|_| "min_duration_ns"))
            .chain(conditions.text.as_ref().map(|_| "text"))
            .collect()
    }
}
