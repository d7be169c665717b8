//! Scanning one sealed segment: ranks are in the order of time, lists are slices of them.

use std::borrow::Cow;

use super::Order;
use super::condition::{Conditions, Local};
use super::picks::{Pick, Source};
use super::run::{Matches, Scan};
use crate::index::Index;
use crate::index::bitmap::Bitmap;
use crate::index::postings::{List, intersect};
use crate::segment::{Rows, View};

/// Ranks of a view that lie in the time range and above its floor.
pub(super) fn span(view: &View, conditions: &Conditions) -> (usize, usize) {
    let segment = &view.segment;
    let lo = if conditions.since == i64::MIN { 0 } else { segment.rank_from(conditions.since) };
    let hi = if conditions.until == i64::MAX { segment.len() } else { segment.rank_after(conditions.until) };
    let lo = lo.max(view.floor());
    (lo, hi.max(lo))
}

/// Live rows of the keys within a span.
pub(super) fn cardinality(view: &View, (lo, hi): (usize, usize), index: Index, local: &Local) -> u64 {
    let postings = view.segment.postings(index);
    let lists = local.codes.iter().map(|code| postings.list(*code).within(lo as u32, hi as u32));
    lists.map(|list| view.live_of(list) as u64).sum()
}

/// Ascending ranks to look at.
enum Candidates<'a> {
    Range(usize, usize),
    Ranks(Cow<'a, [u16]>),
}

impl Candidates<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Range(lo, hi) => hi - lo,
            Self::Ranks(ranks) => ranks.len(),
        }
    }

    fn get(&self, at: usize) -> usize {
        match self {
            Self::Range(lo, _) => lo + at,
            Self::Ranks(ranks) => usize::from(ranks[at]),
        }
    }

    /// Candidates below a rank.
    fn below(&self, rank: usize) -> usize {
        match self {
            Self::Range(lo, hi) => rank.clamp(*lo, *hi) - lo,
            Self::Ranks(ranks) => ranks.partition_point(|candidate| usize::from(*candidate) < rank),
        }
    }
}

/// The union of a condition's lists within a span.
fn union<'a>(view: &'a View, (lo, hi): (usize, usize), index: Index, local: &Local, read: &mut u64) -> Candidates<'a> {
    let postings = view.segment.postings(index);
    let lists = local.codes.iter().map(|code| postings.list(*code).within(lo as u32, hi as u32));
    if let [code] = local.codes[..] {
        let list = postings.list(code).within(lo as u32, hi as u32);
        return match list {
            List::Range(lo, hi) => Candidates::Range(lo as usize, hi as usize),
            List::Ranks(ranks) => Candidates::Ranks(Cow::Borrowed(ranks)),
        };
    }
    let mut set = Bitmap::new(view.segment.len());
    for list in lists {
        *read += list.len() as u64;
        match list {
            List::Range(lo, hi) => (lo..hi).for_each(|rank| {
                set.insert(rank as usize);
            }),
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
        let candidates = self.candidates(view, span, locals, matches);
        let pure = self.is_pure();
        if pure {
            matches.total += match &candidates {
                Candidates::Range(lo, hi) => view.live_in(*lo, *hi),
                Candidates::Ranks(ranks) => view.live_of(List::Ranks(ranks)),
            } as u64;
        }
        let must_see_all = !pure && self.total || matches.wants_all();

        // Candidates the page may still want, as places in the list.
        let (mut first, mut last) = (0, candidates.len());
        if !must_see_all {
            if let Some(after) = self.after {
                let rank = view.segment.rank_of_key(after);
                match self.order {
                    Order::Asc => first = candidates.below(rank),
                    Order::Desc => last = candidates.below(rank),
                }
            }
        }
        let mut collecting = matches.page_capacity() > 0 || matches.wants_all();
        let mut found = Vec::new();
        for step in 0..last.saturating_sub(first) {
            if !collecting && !must_see_all {
                break;
            }
            let rank = candidates.get(if self.order == Order::Asc { first + step } else { last - 1 - step });
            if view.is_dead(rank) {
                continue;
            }
            matches.work.rows_examined += 1;
            if !self.holds(&*view.segment, locals, rank, true, &mut matches.work) {
                continue;
            }
            matches.total += u64::from(!pure);
            if collecting {
                let key = view.segment.key(rank);
                if !self.is_after_cursor(key) {
                    continue;
                }
                collecting = matches.wants(key);
                if collecting {
                    found.push(Pick { key, source: Source::Sealed(at, rank) });
                    collecting = found.len() < matches.page_capacity();
                }
            }
        }
        matches.take_sorted(found, |rank| view.segment.seq(rank));
    }

    fn candidates<'a>(
        &self,
        view: &'a View,
        span: (usize, usize),
        locals: &[Local],
        matches: &mut Matches,
    ) -> Candidates<'a> {
        let Some(driver) = self.driver else { return Candidates::Range(span.0, span.1) };
        let read = &mut matches.work.postings_read;
        let lists = |at: usize, read: &mut u64| union(view, span, self.conditions.indexed[at].index, &locals[at], read);
        let mut candidates = lists(driver, read);
        for other in &self.intersected {
            let other = lists(*other, read);
            candidates = match (candidates, other) {
                (Candidates::Range(lo, hi), Candidates::Range(from, to)) => Candidates::Range(lo.max(from), hi.min(to)),
                // A range over the whole span narrows nothing.
                (Candidates::Range(..), ranks @ Candidates::Ranks(_))
                | (ranks @ Candidates::Ranks(_), Candidates::Range(..)) => ranks,
                (Candidates::Ranks(left), Candidates::Ranks(right)) => {
                    let (short, long) = if left.len() <= right.len() { (&left, &right) } else { (&right, &left) };
                    *read += (left.len() + right.len()) as u64;
                    let mut both = Vec::with_capacity(short.len());
                    intersect(short, long, &mut both);
                    Candidates::Ranks(Cow::Owned(both))
                }
            };
        }
        if self.intersected.is_empty() {
            *read += if self.is_pure() { 0 } else { candidates.len() as u64 };
        }
        candidates
    }
}
