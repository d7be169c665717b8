//! An immutable segment. A row is a rank: its place in the order of `(timestamp, seq)` within the segment.

use super::arena::Arena;
use super::packed::{Optional, Packed};
use super::rows::{EventKey, Rows};
use crate::event::Role;
use crate::index::bitmap::Bitmap;
use crate::index::dictionary::{Dictionary, Numbers};
use crate::index::postings::Postings;
use crate::index::{Field, Index};

/// Which seq each rank has.
#[derive(Debug)]
pub(super) enum SeqMap {
    /// Rank `r` has seq `base + r`: the events arrived in the order of time, and all are there.
    Dense,
    /// `offsets[rank]` is the distance from the base; `ranks` are sorted by it.
    Sparse { offsets: Packed, ranks: Box<[u16]> },
}

#[derive(Debug)]
pub(crate) struct Sealed {
    pub(super) rows: usize,
    pub(super) base_seq: u64,
    pub(super) last_seq: u64,
    pub(super) seq_map: SeqMap,
    pub(super) timestamps: Packed,
    /// Distance of the wall time from the timestamp: constant while the clocks run alike.
    pub(super) wall_offsets: Optional,
    pub(super) durations: Optional,
    /// Arity plus one; 0 for none.
    pub(super) arities: Packed,
    /// Per field, code plus one; 0 for none.
    pub(super) codes: [Packed; Field::COUNT],
    pub(super) dictionaries: [Dictionary; Field::COUNT],
    pub(super) module_functions: Numbers,
    pub(super) mfas: Numbers,
    pub(super) postings: [Postings; Index::COUNT],
    pub(super) ast_sorted: Box<[u16]>,
    pub(super) role_ends: Packed,
    pub(super) role_entries: Box<[(Role, u16)]>,
    pub(super) stamped: Option<Bitmap>,
    pub(super) arena: Arena,
    pub(super) ends: Packed,
    pub(super) id_lens: Packed,
    /// Measured once: nothing grows any more.
    pub(super) bytes: Bytes,
}

/// Memory of a segment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bytes {
    total: usize,
    indexes: usize,
}

impl Sealed {
    pub(crate) const fn len(&self) -> usize {
        self.rows
    }

    pub(crate) const fn base_seq(&self) -> u64 {
        self.base_seq
    }

    /// Largest seq of any row.
    pub(crate) const fn last_seq(&self) -> u64 {
        self.last_seq
    }

    pub(crate) fn first_key(&self) -> EventKey {
        self.key(0)
    }

    /// Bytes of ids, payloads and keys.
    pub(crate) fn text_bytes(&self) -> usize {
        self.arena.len() + self.dictionaries.iter().map(Dictionary::text_bytes).sum::<usize>()
    }

    pub(crate) fn postings(&self, index: Index) -> &Postings {
        &self.postings[index as usize]
    }

    /// Keeps the ranks that have a symbol.
    pub(crate) fn keep_code(&self, field: Field, code: u16, ranks: &mut Vec<u16>) {
        self.codes[field as usize].keep_equal(i64::from(code) + 1, ranks);
    }

    /// First rank whose timestamp is not below `timestamp`.
    pub(crate) fn rank_from(&self, timestamp: i64) -> usize {
        self.partition_point(|rank| self.timestamp(rank) < timestamp)
    }

    /// First rank whose timestamp is above `timestamp`.
    pub(crate) fn rank_after(&self, timestamp: i64) -> usize {
        self.partition_point(|rank| self.timestamp(rank) <= timestamp)
    }

    /// First rank whose key is not below `key`.
    pub(crate) fn rank_of_key(&self, key: EventKey) -> usize {
        self.partition_point(|rank| self.key(rank) < key)
    }

    fn partition_point(&self, before: impl Fn(usize) -> bool) -> usize {
        let (mut lo, mut hi) = (0, self.rows);
        // Invariant: ranks below `lo` are before the point, ranks from `hi` on are not.
        while lo < hi {
            let middle = usize::midpoint(lo, hi);
            if before(middle) { lo = middle + 1 } else { hi = middle }
        }
        lo
    }

    /// The rank of a seq, removed or not.
    pub(crate) fn rank_of_seq(&self, seq: u64) -> Option<usize> {
        let offset = seq.checked_sub(self.base_seq)? as i64;
        match &self.seq_map {
            SeqMap::Dense => usize::try_from(offset).ok().filter(|rank| *rank < self.rows),
            SeqMap::Sparse { offsets, ranks } => {
                let at = |rank: &u16| offsets.get(usize::from(*rank));
                let hit = |rank: &u16| (at(rank) == offset).then_some(usize::from(*rank));
                let direct = usize::try_from(offset).ok().and_then(|offset| ranks.get(offset)).and_then(hit);
                direct.or_else(|| ranks.get(ranks.partition_point(|rank| at(rank) < offset)).and_then(hit))
            }
        }
    }

    /// All memory of the segment. Cost: constant.
    pub(crate) const fn heap_bytes(&self) -> usize {
        self.bytes.total
    }

    /// Memory of all its indexes. Cost: constant.
    pub(crate) const fn bytes_of_indexes(&self) -> usize {
        self.bytes.indexes
    }

    pub(super) fn measured(mut self) -> Self {
        self.bytes = Bytes { total: self.measure(), indexes: self.index_bytes().iter().sum() };
        self
    }

    fn measure(&self) -> usize {
        let seqs = match &self.seq_map {
            SeqMap::Dense => 0,
            SeqMap::Sparse { offsets, ranks } => offsets.heap_bytes() + ranks.len() * 2,
        };
        let columns = [&self.timestamps, &self.arities, &self.role_ends, &self.ends, &self.id_lens];
        seqs + columns.iter().map(|column| column.heap_bytes()).sum::<usize>()
            + self.codes.iter().map(Packed::heap_bytes).sum::<usize>()
            + self.wall_offsets.heap_bytes()
            + self.durations.heap_bytes()
            + self.role_entries.len() * size_of::<(Role, u16)>()
            + self.stamped.as_ref().map_or(0, Bitmap::heap_bytes)
            + self.arena.len()
            + self.dictionaries[Field::Parent as usize].heap_bytes()
            + self.index_bytes().iter().sum::<usize>()
            + size_of::<Self>()
    }

    /// Bytes of each index: its symbols and its posting lists.
    pub(crate) fn index_bytes(&self) -> [usize; Index::COUNT] {
        Index::ALL.map(|index| {
            let symbols = match index {
                Index::ModuleFunction => self.module_functions.heap_bytes(),
                Index::Mfa => self.mfas.heap_bytes(),
                _ => index.field().map_or(0, |field| self.dictionaries[field as usize].heap_bytes()),
            };
            let sorted = if index == Index::AstNode { self.ast_sorted.len() * 2 } else { 0 };
            symbols + sorted + self.postings[index as usize].heap_bytes()
        })
    }

    fn arena_start(&self, row: usize) -> usize {
        if row == 0 { 0 } else { self.ends.get(row - 1) as usize }
    }
}

impl Rows for Sealed {
    fn timestamp(&self, row: usize) -> i64 {
        self.timestamps.get(row)
    }

    fn seq(&self, row: usize) -> u64 {
        match &self.seq_map {
            SeqMap::Dense => self.base_seq + row as u64,
            SeqMap::Sparse { offsets, .. } => self.base_seq + offsets.get(row) as u64,
        }
    }

    fn wall_time(&self, row: usize) -> Option<i64> {
        self.wall_offsets.get(row).map(|offset| self.timestamp(row).wrapping_add(offset))
    }

    fn duration(&self, row: usize) -> Option<i64> {
        self.durations.get(row)
    }

    fn arity(&self, row: usize) -> Option<u8> {
        match self.arities.get(row) {
            0 => None,
            arity => Some((arity - 1) as u8),
        }
    }

    fn code(&self, field: Field, row: usize) -> Option<u16> {
        match self.codes[field as usize].get(row) {
            0 => None,
            code => Some((code - 1) as u16),
        }
    }

    fn roles(&self, row: usize) -> impl Iterator<Item = (Role, u16)> {
        let start = if row == 0 { 0 } else { self.role_ends.get(row - 1) as usize };
        self.role_entries[start..self.role_ends.get(row) as usize].iter().copied()
    }

    fn stamped(&self, row: usize) -> bool {
        self.stamped.as_ref().is_some_and(|stamped| stamped.contains(row))
    }

    fn event_id(&self, row: usize) -> &str {
        let start = self.arena_start(row);
        self.arena.text(start, start + self.id_lens.get(row) as usize)
    }

    fn data(&self, row: usize) -> &str {
        let start = self.arena_start(row) + self.id_lens.get(row) as usize;
        self.arena.text(start, self.ends.get(row) as usize)
    }

    fn data_bytes(&self, row: usize) -> usize {
        self.ends.get(row) as usize - self.arena_start(row) - self.id_lens.get(row) as usize
    }

    fn dictionary(&self, field: Field) -> &Dictionary {
        &self.dictionaries[field as usize]
    }

    fn module_functions(&self) -> &Numbers {
        &self.module_functions
    }

    fn mfas(&self) -> &Numbers {
        &self.mfas
    }

    fn ast_codes(&self, prefix: &str) -> Vec<u16> {
        let dictionary = self.dictionary(Field::AstNode);
        let lo = self.ast_sorted.partition_point(|code| dictionary.text(*code) < prefix);
        let matching = self.ast_sorted[lo..].iter().take_while(|code| dictionary.text(**code).starts_with(prefix));
        matching.copied().collect()
    }
}
