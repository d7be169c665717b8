//! The page being collected: the first so many matches in the order asked for.

use super::Order;
use crate::segment::rows::EventKey;

/// Where a picked event lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Row of the active segment.
    Active(usize),
    /// Place among the views, rank.
    Sealed(usize, usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Pick {
    pub(super) key: EventKey,
    pub(super) source: Source,
}

/// Invariant: sorted in the order asked for, never more than `capacity`.
#[derive(Debug)]
pub(super) struct Picks {
    order: Order,
    capacity: usize,
    picks: Vec<Pick>,
}

impl Picks {
    pub(super) const fn new(order: Order, capacity: usize) -> Self {
        Self { order, capacity, picks: Vec::new() }
    }

    pub(super) const fn capacity(&self) -> usize {
        self.capacity
    }

    fn before(&self, left: EventKey, right: EventKey) -> bool {
        match self.order {
            Order::Asc => left < right,
            Order::Desc => left > right,
        }
    }

    /// Whether an event with this key would be on the page.
    pub(super) fn wants(&self, key: EventKey) -> bool {
        match self.picks.last() {
            Some(last) if self.picks.len() >= self.capacity => self.before(key, last.key),
            _ => self.capacity > 0,
        }
    }

    /// Takes matches of one segment that come in any order.
    pub(super) fn offer(&mut self, mut fresh: Vec<Pick>) {
        let order = self.order;
        let compare = |left: &Pick, right: &Pick| match order {
            Order::Asc => left.key.cmp(&right.key),
            Order::Desc => right.key.cmp(&left.key),
        };
        if self.capacity > 0 && fresh.len() > self.capacity {
            fresh.select_nth_unstable_by(self.capacity - 1, compare);
        }
        fresh.truncate(self.capacity);
        fresh.sort_unstable_by(compare);
        self.merge(fresh);
    }

    /// Takes matches of one segment, sorted in the order asked for.
    pub(super) fn merge(&mut self, fresh: Vec<Pick>) {
        let apart = match (self.picks.last(), fresh.first()) {
            (Some(last), Some(first)) => self.before(last.key, first.key),
            _ => true,
        };
        if apart {
            self.picks.extend(fresh);
        } else {
            let old = std::mem::take(&mut self.picks);
            let (mut old, mut fresh) = (old.into_iter().peekable(), fresh.into_iter().peekable());
            while self.picks.len() < self.capacity {
                let next = match (old.peek(), fresh.peek()) {
                    (Some(left), Some(right)) if self.before(right.key, left.key) => fresh.next(),
                    (Some(_), _) => old.next(),
                    (None, _) => fresh.next(),
                };
                let Some(next) = next else { break };
                self.picks.push(next);
            }
        }
        self.picks.truncate(self.capacity);
    }

    pub(super) fn as_slice(&self) -> &[Pick] {
        &self.picks
    }
}
