//! A sealed segment and what has been removed from it.
//!
//! Removal never touches the segment: retention raises the `floor` (the oldest ranks go first), an upsert or
//! a filtered clear adds to `dead`. A snapshot keeps the view it started with.

use std::sync::Arc;

use super::active::Demand;
use super::rows::{EventKey, Rows};
use super::sealed::Sealed;
use crate::index::Field;
use crate::index::bitmap::Bitmap;
use crate::index::postings::List;

#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) segment: Arc<Sealed>,
    /// Ranks below it are removed.
    floor: usize,
    /// Removed ranks from the floor on.
    dead: Option<Arc<Bitmap>>,
    n_dead: usize,
}

impl View {
    pub(crate) const fn new(segment: Arc<Sealed>) -> Self {
        Self { segment, floor: 0, dead: None, n_dead: 0 }
    }

    pub(crate) const fn floor(&self) -> usize {
        self.floor
    }

    pub(crate) fn live(&self) -> usize {
        self.segment.len() - self.floor - self.n_dead
    }

    /// Rows that hold memory and answer nothing.
    pub(crate) fn removed(&self) -> usize {
        self.segment.len() - self.live()
    }

    pub(crate) fn is_live(&self, rank: usize) -> bool {
        rank >= self.floor && !self.is_dead(rank)
    }

    /// Whether a rank from the floor on is removed.
    #[inline]
    pub(crate) fn is_dead(&self, rank: usize) -> bool {
        self.dead.as_ref().is_some_and(|dead| dead.contains(rank))
    }

    /// Whether every rank from the floor on is live.
    pub(crate) const fn is_whole(&self) -> bool {
        self.n_dead == 0
    }

    /// Removes one rank; says whether it was live.
    pub(crate) fn kill(&mut self, rank: usize) -> bool {
        if !self.is_live(rank) {
            return false;
        }
        let dead = self.dead.get_or_insert_with(|| Arc::new(Bitmap::new(self.segment.len())));
        Arc::make_mut(dead).insert(rank);
        self.n_dead += 1;
        true
    }

    /// Removes every rank below `floor`; returns the ranks that were live.
    pub(crate) fn raise_floor(&mut self, floor: usize) -> Vec<u16> {
        let removed = (self.floor..floor).filter(|rank| !self.is_dead(*rank)).map(|rank| rank as u16).collect();
        if floor > self.floor {
            if let Some(dead) = &self.dead {
                self.n_dead -= dead.count_in(self.floor, floor);
            }
            self.floor = floor;
            if self.n_dead == 0 {
                self.dead = None;
            }
        }
        removed
    }

    /// Live rows in `lo..hi`.
    pub(crate) fn live_in(&self, lo: usize, hi: usize) -> usize {
        let lo = lo.max(self.floor);
        let dead = self.dead.as_ref().map_or(0, |dead| dead.count_in(lo, hi));
        hi.saturating_sub(lo) - dead
    }

    /// Live rows of a list that starts at the floor or later.
    pub(crate) fn live_of(&self, list: List<'_>) -> usize {
        match list {
            List::Range(lo, hi) => self.live_in(lo as usize, hi as usize),
            List::Ranks(ranks) if self.is_whole() => ranks.len(),
            List::Ranks(ranks) => ranks.iter().filter(|rank| !self.is_dead(usize::from(**rank))).count(),
        }
    }

    /// The part of a list that is not below the floor.
    pub(crate) fn above_floor<'a>(&self, list: List<'a>) -> List<'a> {
        list.within(self.floor as u32, self.segment.len() as u32)
    }

    /// Live ranks, ascending.
    pub(crate) fn live_ranks(&self) -> impl Iterator<Item = usize> + '_ {
        (self.floor..self.segment.len()).filter(|rank| !self.is_dead(*rank))
    }

    /// Keys of the oldest and the newest live row.
    pub(crate) fn bounds(&self) -> Option<(EventKey, EventKey)> {
        let first = self.live_ranks().next()?;
        let last = (self.floor..self.segment.len()).rev().find(|rank| !self.is_dead(*rank))?;
        Some((self.segment.key(first), self.segment.key(last)))
    }

    /// At most what the live rows need in another segment.
    pub(crate) fn demand(&self) -> Demand {
        let pids = self.segment.dictionary(Field::Pid).len();
        Demand { rows: self.live(), pids, bytes: self.segment.text_bytes() }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.segment.heap_bytes() + self.dead.as_ref().map_or(0, |dead| dead.heap_bytes())
    }
}
