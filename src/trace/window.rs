//! In which order did messages happen that arrived side by side?
//!
//! Schedulers hand over what they trace side by side: a receive may arrive thousands of records before its send, where
//! the sender's was stopped by the system in between. Records wait here until as many later ones have come, or stamps so
//! much later, and leave in the order of their stamps.

use super::message::{MAX_PARTS, Parts};
use super::stamp::Stamp;
use crate::etf::Term;

/// Records that wait before the first half of them leaves.
const ROOM: usize = 8_192;

/// Bytes that wait at most.
const MAX_BYTES: usize = 4 << 20;

/// Nanoseconds a record is kept for such as were stamped before it, while more arrive.
const HELD_NS: i64 = 25_000_000;

/// Which records leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// The earlier half.
    Half,
    /// Those that others were stamped [`HELD_NS`] after.
    Old,
    All,
}

/// A record that waits.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    /// Its place in the source.
    number: u64,
    stamp: Option<Stamp>,
    /// Order among those that wait; a record without a stamp stays behind the one it followed.
    order: (i64, i64),
    start: usize,
    end: usize,
    /// Where its first element begins.
    first: u32,
    /// Where its elements end, so that they need not be looked for twice.
    ends: [u32; MAX_PARTS],
    n: u8,
}

impl Waiting {
    fn parts<'a>(&self, term: &'a [u8]) -> Parts<'a> {
        let mut parts = Parts { n: self.n.into(), ..Parts::default() };
        for at in 1..=parts.n {
            let end = self.ends[at - 1] as usize;
            let start = if at == 1 { self.first as usize } else { self.ends[at - 2] as usize };
            parts.all[at - 1] = Some(Term::checked(&term[start..end]));
        }
        parts
    }
}

/// Records on their way from the order of arrival to that of their stamps.
#[derive(Debug, Default)]
pub(super) struct Window {
    waiting: Vec<Waiting>,
    bytes: Vec<u8>,
    latest: (i64, i64),
    ordered: bool,
}

/// Records that may be taken.
#[derive(Debug, Default)]
pub(super) struct Due {
    records: Vec<Waiting>,
    bytes: Vec<u8>,
}

impl Due {
    /// The records with their place in the source and their time.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, Option<Stamp>, Term<'_>, Parts<'_>)> {
        self.records.iter().map(|record| {
            let term = &self.bytes[record.start..record.end];
            (record.number, record.stamp, Term::checked(term), record.parts(term))
        })
    }
}

impl Window {
    /// Lets a record in; true when some are due.
    pub(super) fn push(&mut self, number: u64, stamp: Option<Stamp>, term: Term<'_>, parts: &Parts<'_>) -> bool {
        let order = stamp.map_or(self.latest, |stamp| (stamp.ns, stamp.unique.unwrap_or(i64::MIN)));
        if self.waiting.is_empty() {
            self.ordered = true;
        }
        self.ordered &= self.waiting.last().is_none_or(|last| last.order <= order);
        self.latest = order;
        let start = self.bytes.len();
        self.bytes.extend_from_slice(term.as_bytes());
        let lengths = parts.all.map(|part| part.map_or(0, Term::len) as u32);
        let mut at = term.len() as u32 - lengths.iter().sum::<u32>();
        let first = if parts.n > 0 { at } else { 0 };
        let ends = lengths.map(|length| {
            at += length;
            at
        });
        let n = parts.n as u8;
        self.waiting.push(Waiting { number, stamp, order, start, end: self.bytes.len(), first, ends, n });
        self.waiting.len() >= ROOM || self.bytes.len() >= MAX_BYTES
    }

    /// Whether some wait.
    pub(super) const fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes out what is due. Buffers of an earlier `due` are used again.
    pub(super) fn take(&mut self, due: &mut Due, leaving: Leaving) {
        if !self.ordered {
            self.waiting.sort_by_key(|record| record.order);
            self.ordered = true;
        }
        let newest = self.waiting.last().map_or(i64::MIN, |last| last.order.0);
        let held = newest.saturating_sub(HELD_NS);
        due.records.clear();
        std::mem::swap(&mut due.records, &mut self.waiting);
        due.bytes.clear();
        std::mem::swap(&mut due.bytes, &mut self.bytes);
        let leave = match leaving {
            Leaving::Half => due.records.len() / 2,
            Leaving::Old => due.records.partition_point(|record| record.order.0 <= held),
            Leaving::All => due.records.len(),
        };
        for record in due.records.split_off(leave) {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(&due.bytes[record.start..record.end]);
            self.waiting.push(Waiting { start, end: self.bytes.len(), ..record });
        }
    }
}
