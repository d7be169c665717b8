//! How is every match looked at once, in the total order, without copying what nobody asks for?
//!
//! Segments overlap in time where events came late: a heap holds, per segment, its next match. A segment is searched
//! when the order reaches it, so a visit that ends early has not looked at the rest.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;

use super::run::Run;
use super::{Filter, Gap, Plan, Seen};
use crate::error::{Error, Result};
use crate::segment::rows::EventKey;
use crate::segment::{Active, Rows, Sealed, View};

/// Events between two looks at the watch.
const LOOK_EVERY: u64 = 1_024;

/// What a visit went over.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Visit {
    /// Events the visitor saw.
    pub visited: u64,
    /// Whether the visitor ended it before the last match.
    pub is_ended_early: bool,
    /// The filter as it was applied.
    pub filter: Filter,
    /// The time bounds as they were applied; `None` where open.
    pub since: Option<i64>,
    /// The time bounds as they were applied; `None` where open.
    pub until: Option<i64>,
    /// Timestamps of the oldest and the newest event of the snapshot, matching or not.
    pub span: Option<(i64, i64)>,
    /// Events of the snapshot, matching or not.
    pub events: u64,
    /// Spans within the bounds whose events were pruned.
    pub gaps: Vec<Gap>,
    /// How the matches were found.
    pub plan: Plan,
}

/// What [`Run::visit`] did.
pub(crate) struct Visited {
    pub(crate) visited: u64,
    pub(crate) is_ended_early: bool,
    pub(crate) plan: Plan,
}

/// A segment and what is left to see of it.
struct Part<'v> {
    segment: &'v Sealed,
    /// Ranks of the matches; `None` until the order reaches the segment.
    ranks: Option<Vec<u16>>,
    next: usize,
}

impl Run<'_> {
    /// The matches of the active segment in the order of time; from now on, rows are collected in place of a page.
    pub(crate) fn rows_of_active(&mut self, active: &Active) -> Vec<u16> {
        self.collect_rows();
        self.search_active(active);
        let mut rows = self.take_rows();
        rows.sort_by_cached_key(|row| active.key(usize::from(*row)));
        rows
    }

    /// Shows every match to `each` until it breaks, in the total order; says how many it saw and whether it broke.
    /// `fresh` are the matches of the active segment.
    ///
    /// # Errors
    /// [`Cancelled`](crate::ErrorKind::Cancelled) when the watch ended the visit.
    pub(crate) fn visit<'v>(
        mut self,
        views: &'v [View],
        fresh: Option<&'v Sealed>,
        mut each: impl FnMut(Seen<'v>) -> ControlFlow<()>,
    ) -> Result<Visited> {
        let mut parts: Vec<Part<'v>> =
            views.iter().map(|view| Part { segment: &view.segment, ranks: None, next: 0 }).collect();
        let mut heads: BinaryHeap<Reverse<(EventKey, usize)>> = BinaryHeap::new();
        for (at, view) in views.iter().enumerate() {
            if let Some(rank) = self.first_rank(at, view) {
                heads.push(Reverse((view.segment.key(rank), at)));
            }
        }
        if let Some(segment) = fresh {
            heads.push(Reverse((segment.first_key(), parts.len())));
            parts.push(Part { segment, ranks: Some((0..=u16::MAX).take(segment.len()).collect()), next: 0 });
        }
        let (mut done, steps) = (0, heads.len() as u64);
        let mut visited: u64 = 0;
        while let Some(Reverse((_, at))) = heads.pop() {
            if self.gives_up() {
                return Err(Error::cancelled());
            }
            let Part { segment, ranks, next } = &mut parts[at];
            let segment = *segment;
            let ranks = match ranks {
                Some(ranks) => ranks,
                None => {
                    self.search_view(at, &views[at]);
                    ranks.insert(self.take_rows())
                }
            };
            let limit = heads.peek().map(|Reverse((key, _))| *key);
            loop {
                let Some(rank) = ranks.get(*next) else {
                    *ranks = Vec::new();
                    done += 1;
                    self.progressed(done, steps);
                    break;
                };
                let row = usize::from(*rank);
                if let Some(limit) = limit {
                    let key = segment.key(row);
                    if key > limit {
                        heads.push(Reverse((key, at)));
                        break;
                    }
                }
                *next += 1;
                visited += 1;
                if visited.is_multiple_of(LOOK_EVERY) && self.gives_up() {
                    return Err(Error::cancelled());
                }
                if each(Seen::new(segment, at, row)).is_break() {
                    return Ok(Visited { visited, is_ended_early: true, plan: self.into_plan() });
                }
            }
        }
        if self.gives_up() {
            return Err(Error::cancelled());
        }
        Ok(Visited { visited, is_ended_early: false, plan: self.into_plan() })
    }
}
