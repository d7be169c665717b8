//! Scanning one sealed segment: ranks are in the order of time, lists are slices of them.
//!
//! Where lists alone decide, counts are their lengths and only the page's events are looked at. Otherwise the
//! candidates go through one pass per condition, each over one column.

use std::borrow::Cow;

use super::Order;
use super::condition::{Conditions, Local};
use super::picks::{Pick, Source};
use super::run::{Matches, Scan};
use crate::index::Index;
use crate::index::bitmap::Bitmap;
use crate::index::postings::{List, Postings, intersect};
use crate::segment::{Rows, View};

/// Candidates first checked at a time by a scan that may stop at its limit; then twice as many, and so on.
const FIRST_CHUNK: usize = 64;

/// Ranks of a view that lie in the time range and above its floor.
pub(super) fn span(view: &View, conditions: &Conditions) -> (usize, usize) {
    let segment = &view.segment;
    let lo = if conditions.since == i64::MIN { 0 } else { segment.rank_from(conditions.since) };
    let hi = if conditions.until == i64::MAX { segment.len() } else { segment.rank_after(conditions.until) };
    let lo = lo.max(view.floor());
    (lo, hi.max(lo))
}

/// Live rows of the keys within a span.
pub(super) fn cardinality(view: &View, span: (usize, usize), index: Index, local: &Local) -> u64 {
    lists(view, span, index, local).map(|list| view.live_of(list) as u64).sum()
}

fn lists<'a>(
    view: &'a View,
    (lo, hi): (usize, usize),
    index: Index,
    local: &'a Local,
) -> impl Iterator<Item = List<'a>> {
    let postings = view.segment.postings(index);
    local.codes.iter().map(move |code| postings.list(*code).within(lo as u32, hi as u32))
}

/// Ascending ranks to look at.
enum Candidates<'a> {
    Range(usize, usize),
    Ranks(Cow<'a, [u16]>),
}

impl<'a> From<List<'a>> for Candidates<'a> {
    fn from(list: List<'a>) -> Self {
        match list {
            List::Range(lo, hi) => Self::Range(lo as usize, hi as usize),
            List::Ranks(ranks) => Self::Ranks(Cow::Borrowed(ranks)),
        }
    }
}

impl Candidates<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Range(lo, hi) => hi - lo,
            Self::Ranks(ranks) => ranks.len(),
        }
    }

    /// The candidates at the places `lo..hi`.
    fn part(&self, lo: usize, hi: usize) -> Vec<u16> {
        match self {
            Self::Range(first, _) => (first + lo..first + hi).map(|rank| rank as u16).collect(),
            Self::Ranks(ranks) => ranks[lo..hi].to_vec(),
        }
    }

    /// How many candidates are below a rank.
    fn below(&self, rank: usize) -> usize {
        match self {
            Self::Range(lo, hi) => rank.clamp(*lo, *hi) - lo,
            Self::Ranks(ranks) => ranks.partition_point(|candidate| usize::from(*candidate) < rank),
        }
    }
}

/// The union of a condition's lists within a span.
fn union<'a>(view: &'a View, span: (usize, usize), index: Index, local: &'a Local) -> Candidates<'a> {
    let mut lists = lists(view, span, index, local);
    if local.codes.len() == 1 {
        return lists.next().map_or(Candidates::Range(0, 0), Candidates::from);
    }
    let mut set = Bitmap::new(view.segment.len());
    for list in lists {
        match list {
            List::Range(lo, hi) => return Candidates::Range(lo as usize, hi as usize),
            List::Ranks(ranks) => ranks.iter().for_each(|rank| {
                set.insert(usize::from(*rank));
            }),
        }
    }
    Candidates::Ranks(set.iter().map(|rank| rank as u16).collect())
}

impl Scan<'_> {
    /// Counts the matches of one view and adds to the page those that belong on it.
    pub(super) fn view(&self, at: usize, view: &View, locals: &[Local], matches: &mut Matches) {
        let span = span(view, self.conditions);
        if span.0 == span.1 {
            return;
        }
        let first = view.segment.key(if self.order == Order::Asc { span.0 } else { span.1 - 1 });
        if !self.total && !matches.wants(first) {
            return;
        }
        let open = self.open_conditions(view, locals);
        let listed = open.is_empty() && self.conditions.is_columns_only() && self.intersected.is_empty();
        let ranks = if listed && !matches.wants_all() {
            self.listed(view, span, locals, matches)
        } else {
            self.checked(view, span, locals, &open, matches)
        };
        if matches.wants_all() {
            return matches.take_all(&ranks, |rank| view.segment.seq(rank));
        }
        let mut found: Vec<Pick> = Vec::with_capacity(ranks.len());
        for rank in ranks {
            let key = view.segment.key(rank);
            if !matches.wants(key) {
                break;
            }
            found.push(Pick { key, source: Source::Sealed(at, rank) });
        }
        matches.take_sorted(found);
    }

    /// Conditions that this segment's lists do not settle.
    fn open_conditions(&self, view: &View, locals: &[Local]) -> Vec<usize> {
        let everywhere = |at: usize| {
            let postings = view.segment.postings(self.conditions.indexed[at].index);
            matches!(postings, Postings::Uniform(_)) && locals[at].codes.contains(&0)
        };
        let settled = |at: usize| self.driver == Some(at) || self.intersected.contains(&at) || everywhere(at);
        (0..locals.len()).filter(|at| self.refines(*at) || !settled(*at)).collect()
    }

    /// The page's ranks where lists alone decide what matches.
    fn listed(&self, view: &View, span: (usize, usize), locals: &[Local], matches: &mut Matches) -> Vec<usize> {
        let mut ranks = Vec::new();
        let mut visit = |list: List<'_>| {
            matches.total += view.live_of(list) as u64;
            let need = matches.page_capacity();
            let candidates = Candidates::from(list);
            let (lo, hi) = self.page_part(view, &candidates);
            let mut taken = 0;
            for step in 0..hi - lo {
                if taken == need {
                    break;
                }
                let place = if self.order == Order::Asc { lo + step } else { hi - 1 - step };
                let rank = match &candidates {
                    Candidates::Range(first, _) => first + place,
                    Candidates::Ranks(ranks) => usize::from(ranks[place]),
                };
                matches.work.postings_read += u64::from(self.driver.is_some());
                if !view.is_dead(rank) {
                    matches.work.rows_examined += 1;
                    if !matches.wants(view.segment.key(rank)) {
                        break;
                    }
                    ranks.push(rank);
                    taken += 1;
                }
            }
        };
        match self.driver {
            None => visit(List::Range(span.0 as u32, span.1 as u32)),
            Some(driver) => lists(view, span, self.conditions.indexed[driver].index, &locals[driver]).for_each(visit),
        }
        // Each list gave its first ones; one event is in one list only.
        match self.order {
            Order::Asc => ranks.sort_unstable(),
            Order::Desc => ranks.sort_unstable_by(|left, right| right.cmp(left)),
        }
        ranks.truncate(matches.page_capacity());
        ranks
    }

    /// The page's ranks where candidates must be checked.
    fn checked(
        &self,
        view: &View,
        span: (usize, usize),
        locals: &[Local],
        open: &[usize],
        matches: &mut Matches,
    ) -> Vec<usize> {
        let candidates = self.candidates(view, span, locals, matches);
        let everything = self.total || matches.wants_all();
        let (lo, hi) = if everything { (0, candidates.len()) } else { self.page_part(view, &candidates) };
        let mut size = if everything { hi - lo } else { FIRST_CHUNK };
        let need = matches.page_capacity();
        let mut ranks = Vec::new();
        let mut left = lo..hi;
        while !left.is_empty() && (everything || ranks.len() < need) {
            let chunk = match self.order {
                Order::Asc => left.start..left.end.min(left.start + size),
                Order::Desc => left.end.saturating_sub(size).max(left.start)..left.end,
            };
            size *= 2;
            let mut part = candidates.part(chunk.start, chunk.end);
            match self.order {
                Order::Asc => left.start = chunk.end,
                Order::Desc => left.end = chunk.start,
            }
            self.check(view, locals, open, &mut part, matches);
            matches.total += part.len() as u64;
            let (lo, hi) = self.page_part(view, &Candidates::Ranks(Cow::Borrowed(&part)));
            let page = part[lo..hi].iter().map(|rank| usize::from(*rank));
            let room = need.saturating_sub(ranks.len());
            match self.order {
                Order::Asc => ranks.extend(page.take(room)),
                Order::Desc => ranks.extend(page.rev().take(room)),
            }
        }
        ranks
    }

    /// Keeps the candidates that meet every open condition.
    fn check(&self, view: &View, locals: &[Local], open: &[usize], ranks: &mut Vec<u16>, matches: &mut Matches) {
        let segment = &*view.segment;
        if !view.is_whole() {
            keep(ranks, |rank| !view.is_dead(rank));
        }
        matches.work.rows_examined += ranks.len() as u64;
        for at in open {
            match locals[*at].column() {
                Some((field, code)) => segment.keep_code(field, code, ranks),
                None => keep(ranks, |rank| locals[*at].holds(segment, rank)),
            }
        }
        if let Some(least) = self.conditions.min_duration {
            keep(ranks, |rank| segment.duration(rank).is_some_and(|duration| duration >= least));
        }
        if self.conditions.text.is_some() {
            ranks.retain(|rank| self.has_text(segment, usize::from(*rank), &mut matches.work));
        }
    }

    /// Places of the candidates that lie beyond the cursor.
    fn page_part(&self, view: &View, candidates: &Candidates<'_>) -> (usize, usize) {
        let Some(after) = self.after else { return (0, candidates.len()) };
        let rank = view.segment.rank_of_key(after);
        match self.order {
            Order::Asc => {
                let next = rank + usize::from(rank < view.segment.len() && view.segment.key(rank) == after);
                (candidates.below(next), candidates.len())
            }
            Order::Desc => (0, candidates.below(rank)),
        }
    }

    fn candidates<'a>(
        &self,
        view: &'a View,
        span: (usize, usize),
        locals: &'a [Local],
        matches: &mut Matches,
    ) -> Candidates<'a> {
        let Some(driver) = self.driver else { return Candidates::Range(span.0, span.1) };
        let union = |at: usize| union(view, span, self.conditions.indexed[at].index, &locals[at]);
        let mut candidates = union(driver);
        matches.work.postings_read += candidates.len() as u64;
        for other in &self.intersected {
            let other = union(*other);
            matches.work.postings_read += other.len() as u64;
            candidates = match (candidates, other) {
                (Candidates::Range(lo, hi), Candidates::Range(from, to)) => {
                    Candidates::Range(lo.max(from), hi.min(to).max(lo.max(from)))
                }
                // A range over the whole span narrows nothing.
                (Candidates::Range(..), ranks @ Candidates::Ranks(_))
                | (ranks @ Candidates::Ranks(_), Candidates::Range(..)) => ranks,
                (Candidates::Ranks(left), Candidates::Ranks(right)) => {
                    let (short, long) = if left.len() <= right.len() { (&left, &right) } else { (&right, &left) };
                    let mut both = Vec::with_capacity(short.len());
                    intersect(short, long, &mut both);
                    Candidates::Ranks(Cow::Owned(both))
                }
            };
        }
        candidates
    }
}

/// Keeps the ranks that meet a condition. Without a branch on the outcome, which is as good as random.
fn keep(ranks: &mut Vec<u16>, holds: impl Fn(usize) -> bool) {
    let mut kept = 0;
    for at in 0..ranks.len() {
        let rank = ranks[at];
        ranks[kept] = rank;
        kept += usize::from(holds(usize::from(rank)));
    }
    ranks.truncate(kept);
}
