//! Posting lists of a sealed segment: per code the ranks of its events, ascending, in one array.
//!
//! Counts are differences of two offsets, so a cardinality is exact and free.

use crate::slab::Slab;

/// The ranks of one key within a range of ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List<'a> {
    /// Every rank of the range has the key.
    Range(u32, u32),
    /// These ranks.
    Ranks(&'a [u16]),
}

impl List<'_> {
    /// The part of the list within `lo..hi`.
    pub(crate) fn within(self, lo: u32, hi: u32) -> Self {
        match self {
            Self::Range(from, to) => {
                let (from, to) = (from.max(lo), to.min(hi));
                Self::Range(from, to.max(from))
            }
            Self::Ranks(ranks) => {
                let from = if lo == 0 { 0 } else { ranks.partition_point(|rank| u32::from(*rank) < lo) };
                let to = match ranks.last() {
                    Some(last) if u32::from(*last) >= hi => ranks.partition_point(|rank| u32::from(*rank) < hi),
                    _ => ranks.len(),
                };
                Self::Ranks(&ranks[from..to.max(from)])
            }
        }
    }
}

/// All posting lists of one index of one segment.
#[derive(Debug)]
pub(crate) enum Postings {
    /// No event of the segment has a key.
    Empty,
    /// Every event has the same one key, code 0.
    Uniform(u32),
    /// `ranks[ends[code - 1]..ends[code]]` are the code's events.
    Lists { ends: Slab<u32>, ranks: Slab<u16> },
}

impl Postings {
    /// The lists of a column: per rank its code plus one, 0 for none.
    pub(crate) fn of_column(codes: usize, column: &[u16]) -> Self {
        // One more counter takes the ranks without a key, so that counting needs no branch.
        let mut counts = vec![0_u32; codes + 1];
        for code in column {
            counts[usize::from(*code)] += 1;
        }
        let Some((none, counts)) = counts.split_first() else { return Self::Empty };
        let total = column.len() - *none as usize;
        let ranked = column.iter().zip(0_u16..=u16::MAX).filter_map(|(code, rank)| Some((code.checked_sub(1)?, rank)));
        Self::group(counts, total, column.len(), ranked)
    }

    /// The lists of `(code, rank)` pairs that come in rank order.
    pub(crate) fn of_pairs(codes: usize, rows: usize, pairs: &[(u16, u16)]) -> Self {
        let mut counts = vec![0_u32; codes];
        for (code, _) in pairs {
            counts[usize::from(*code)] += 1;
        }
        Self::group(&counts, pairs.len(), rows, pairs.iter().copied())
    }

    fn group(counts: &[u32], total: usize, rows: usize, pairs: impl Iterator<Item = (u16, u16)>) -> Self {
        if total == 0 {
            return Self::Empty;
        }
        if counts.len() == 1 && total == rows {
            return Self::Uniform(rows as u32);
        }
        let mut start = 0;
        let starts = counts.iter().map(|count| {
            let list = start;
            start += count;
            list
        });
        let mut ends = Slab::collect(counts.len(), starts);
        let mut ranks = Slab::zeroed(total);
        let (walking, placed): (&mut [u32], &mut [u16]) = (&mut ends, &mut ranks);
        // Each end starts as its list's start and has walked to its end when every pair is placed.
        for (code, rank) in pairs {
            let end = &mut walking[usize::from(code)];
            placed[*end as usize] = rank;
            *end += 1;
        }
        Self::Lists { ends, ranks }
    }

    /// The events of a code; none for a code the segment has not (an arity is a code of its own).
    pub(crate) fn list(&self, code: u16) -> List<'_> {
        let code = usize::from(code);
        match self {
            Self::Uniform(rows) if code == 0 => List::Range(0, *rows),
            Self::Lists { ends, ranks } if code < ends.len() => {
                let start = if code == 0 { 0 } else { ends[code - 1] as usize };
                List::Ranks(&ranks[start..ends[code] as usize])
            }
            _ => List::Ranks(&[]),
        }
    }

    /// Number of codes.
    pub(crate) fn codes(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Uniform(_) => 1,
            Self::Lists { ends, .. } => ends.len(),
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Self::Empty | Self::Uniform(_) => 0,
            Self::Lists { ends, ranks } => ends.len() * 4 + ranks.len() * 2,
        }
    }
}

/// Ranks that are in both lists, ascending. Gallops through the longer list.
pub(crate) fn intersect(short: &[u16], long: &[u16], out: &mut Vec<u16>) {
    out.clear();
    let mut at = 0;
    for rank in short {
        // Invariant: every entry of `long` before `at` is below `rank`.
        let mut step = 1;
        while long.get(at + step).is_some_and(|entry| entry < rank) {
            step *= 2;
        }
        let end = long.len().min(at + step + 1);
        at += long[at..end].partition_point(|entry| entry < rank);
        match long.get(at) {
            None => return,
            Some(entry) if entry == rank => out.push(*rank),
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_grouped_by_code_and_sliced_by_rank() {
        let postings = Postings::of_column(3, &[2, 1, 2, 3, 2]);
        assert_eq!(postings.list(1), List::Ranks(&[0, 2, 4]));
        assert_eq!(postings.list(1).within(1, 4), List::Ranks(&[2]));
        assert_eq!(postings.list(2).within(4, 5), List::Ranks(&[]));
        let sparse = Postings::of_column(1, &[0, 1, 0]);
        assert_eq!(sparse.list(0), List::Ranks(&[1]));
        let pairs = Postings::of_pairs(2, 3, &[(0, 0), (1, 0), (1, 2)]);
        assert_eq!((pairs.list(0), pairs.list(1)), (List::Ranks(&[0]), List::Ranks(&[0, 2])));
        let same = Postings::of_column(1, &[1, 1, 1]);
        assert_eq!(same.list(0).within(1, 9), List::Range(1, 3));
    }

    #[test]
    fn intersection_is_what_both_lists_hold() {
        let mut out = Vec::new();
        let check = |short: &[u16], long: &[u16], out: &mut Vec<u16>| {
            intersect(short, long, out);
            let expected: Vec<u16> = short.iter().copied().filter(|rank| long.contains(rank)).collect();
            assert_eq!(*out, expected, "{short:?} {long:?}");
        };
        check(&[], &[1, 2], &mut out);
        check(&[1, 2], &[], &mut out);
        check(&[0, 5, 9, 100, 65_535], &(0..=120).chain([65_535]).collect::<Vec<_>>(), &mut out);
        check(&[3, 4, 5], &[1, 2], &mut out);
        check(&[1, 200], &(0..300).filter(|n| n % 3 == 1).collect::<Vec<_>>(), &mut out);
    }
}
