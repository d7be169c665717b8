//! Scanning the active segment: chains give rows by arrival, the page wants them by time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Order;
use super::condition::{Conditions, Local};
use super::picks::{Pick, Source};
use super::run::{Matches, Scan};
use crate::index::Index;
use crate::segment::{Active, Rows};

/// What the time range leaves of a condition's chains.
#[derive(Debug)]
pub(super) enum Listed {
    /// Everything: so many live rows.
    Whole(u64),
    /// These live rows, in any order. Found for the plan, kept for the scan.
    Rows(Vec<u16>),
}

impl Listed {
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Whole(rows) => *rows,
            Self::Rows(rows) => rows.len() as u64,
        }
    }
}

/// Live rows of the keys within the time range.
pub(super) fn listed(active: &Active, conditions: &Conditions, index: Index, local: &Local) -> Listed {
    let chains = active.chains(index);
    let listed: usize = local.codes.iter().map(|code| chains.live(*code)).sum();
    let span = active.span(conditions.since, conditions.until);
    if span.len() == active.len() {
        return Listed::Whole(listed as u64);
    }
    let live = |row: &u16| !active.is_dead(usize::from(*row));
    if span.len() <= listed {
        let hits = span.iter().copied().filter(live).filter(|row| local.is_listed(active, usize::from(*row)));
        return Listed::Rows(hits.collect());
    }
    let rows = rows_of(active, index, local).filter(live);
    Listed::Rows(rows.filter(|row| conditions.in_range(active.timestamp(usize::from(*row)))).collect())
}

/// The rows of a condition's chains, each once.
fn rows_of(active: &Active, index: Index, local: &Local) -> impl Iterator<Item = u16> {
    let chains = active.chains(index);
    local.codes.iter().enumerate().flat_map(move |(place, code)| {
        chains.rows(*code).filter(move |row| !local.is_repeated(active, place, usize::from(*row)))
    })
}

/// Live rows of the time range.
pub(super) fn in_range(active: &Active, conditions: &Conditions) -> u64 {
    let span = active.span(conditions.since, conditions.until);
    if active.n_dead() == 0 {
        return span.len() as u64;
    }
    span.iter().filter(|row| !active.is_dead(usize::from(**row))).count() as u64
}

impl Scan<'_> {
    /// Counts the matches of the active segment and offers them to the page.
    /// `listed` says of each condition what the time range leaves of it.
    pub(super) fn active(&self, active: &Active, locals: &[Local], listed: &[Listed], matches: &mut Matches) {
        let mut found = Vec::new();
        match self.driver {
            None => self.active_span(active, locals, matches, &mut found),
            Some(driver) => match &listed[driver] {
                Listed::Whole(_) => self.active_chains(active, locals, driver, matches, &mut found),
                Listed::Rows(rows) => self.active_rows(active, locals, rows, matches, &mut found),
            },
        }
        matches.offer(found, |row| active.seq(row));
    }

    fn active_span(&self, active: &Active, locals: &[Local], matches: &mut Matches, found: &mut Vec<Pick>) {
        let counted_by_range = self.is_pure();
        if counted_by_range {
            matches.total += in_range(active, self.conditions);
        }
        let must_see_all = !counted_by_range && self.total || matches.wants_all();
        let mut visit = |row: &u16| {
            let row = usize::from(*row);
            if active.is_dead(row) {
                return true;
            }
            matches.work.rows_examined += 1;
            if self.holds(active, locals, row, &mut matches.work) {
                matches.total += u64::from(!counted_by_range);
                let key = active.key(row);
                if self.is_after_cursor(key) {
                    found.push(Pick { key, source: Source::Active(row) });
                }
            }
            must_see_all || found.len() < matches.page_capacity()
        };
        let span = active.span(self.conditions.since, self.conditions.until);
        let _stopped = match self.order {
            Order::Asc => span.iter().all(&mut visit),
            Order::Desc => span.iter().rev().all(&mut visit),
        };
    }

    fn active_chains(
        &self,
        active: &Active,
        locals: &[Local],
        driver: usize,
        matches: &mut Matches,
        found: &mut Vec<Pick>,
    ) {
        let chains = active.chains(self.conditions.indexed[driver].index);
        let codes = &locals[driver].codes;
        let counted_by_chain = self.is_pure();
        if counted_by_chain {
            matches.total += codes.iter().map(|code| chains.live(*code) as u64).sum::<u64>();
            let oldest = active.order().first().map(|row| active.key(usize::from(*row)));
            let is_filled = self.order == Order::Asc && oldest.is_some_and(|oldest| !matches.wants(oldest));
            if matches.page_capacity() == 0 || is_filled {
                return;
            }
        }
        // The newest rows come first: once the page is full and no earlier row can be newer than its last event,
        // the rest of the chain holds nothing for it.
        let may_stop = counted_by_chain && self.order == Order::Desc && codes.len() == 1 && !matches.wants_all();
        let mut page = Latest { capacity: matches.page_capacity(), times: BinaryHeap::new() };
        let index = self.conditions.indexed[driver].index;
        for row in rows_of(active, index, &locals[driver]).map(usize::from) {
            if may_stop && page.is_full_above(active.highest_up_to(row)) {
                break;
            }
            matches.work.postings_read += 1;
            if active.is_dead(row) {
                continue;
            }
            matches.work.rows_examined += 1;
            if !self.holds(active, locals, row, &mut matches.work) {
                continue;
            }
            matches.total += u64::from(!counted_by_chain);
            let key = active.key(row);
            if self.is_after_cursor(key) {
                found.push(Pick { key, source: Source::Active(row) });
                if may_stop {
                    page.add(key.0);
                }
            }
        }
    }

    fn active_rows(
        &self,
        active: &Active,
        locals: &[Local],
        rows: &[u16],
        matches: &mut Matches,
        found: &mut Vec<Pick>,
    ) {
        for row in rows.iter().map(|row| usize::from(*row)) {
            matches.work.postings_read += 1;
            matches.work.rows_examined += 1;
            if self.holds(active, locals, row, &mut matches.work) {
                matches.total += 1;
                let key = active.key(row);
                if self.is_after_cursor(key) {
                    found.push(Pick { key, source: Source::Active(row) });
                }
            }
        }
    }
}

/// The latest timestamps seen, as many as a page takes.
struct Latest {
    capacity: usize,
    times: BinaryHeap<Reverse<i64>>,
}

impl Latest {
    fn add(&mut self, time: i64) {
        self.times.push(Reverse(time));
        if self.times.len() > self.capacity {
            self.times.pop();
        }
    }

    /// Whether the page is full of events later than `time`.
    fn is_full_above(&self, time: i64) -> bool {
        self.times.len() >= self.capacity && self.times.peek().is_none_or(|Reverse(least)| *least > time)
    }
}
