//! Which access path answers cheapest: filters and exact cardinalities in, plan out. Pure.

use super::plan::AccessPath;
use crate::index::Index;

/// An index the filter gives keys for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) index: Index,
    /// Live events of its keys within the time range.
    pub(super) cardinality: u64,
    /// Whether checking a candidate row against it is more than comparing one column.
    pub(super) costly_check: bool,
}

/// What was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) driver: AccessPath,
    pub(super) cardinality: u64,
    pub(super) intersected: Vec<Index>,
}

/// A second posting list is read beside the driver's while it is at most this many times as long, and only where
/// checking the driver's rows one by one walks their roles (about 15 ns a row). Comparing one packed column costs
/// 1 ns a row: no second list is read for that.
const LIST_RATIO: u64 = 8;

/// Chooses the path with the fewest events. On a tie an index wins over the time range, because its key needs no
/// further check; between indexes the one named first in [`Index::ALL`].
pub(super) fn choose(time_range: u64, candidates: &[Candidate], forced: Option<AccessPath>) -> Choice {
    let cheapest = candidates.iter().min_by_key(|candidate| (candidate.cardinality, candidate.index));
    let free = match cheapest {
        Some(index) if index.cardinality <= time_range => AccessPath::Index(index.index),
        _ => AccessPath::Temporal,
    };
    let known = |path: &AccessPath| match path {
        AccessPath::Temporal => true,
        AccessPath::Index(index) => candidates.iter().any(|candidate| candidate.index == *index),
    };
    let driver = forced.filter(known).unwrap_or(free);
    let AccessPath::Index(driving) = driver else {
        return Choice { driver, cardinality: time_range, intersected: Vec::new() };
    };
    let cardinality =
        candidates.iter().find(|candidate| candidate.index == driving).map_or(0, |found| found.cardinality);
    let pays = |candidate: &&Candidate| {
        candidate.index != driving
            && candidate.costly_check
            && candidate.cardinality <= cardinality.saturating_mul(LIST_RATIO)
    };
    let intersected = candidates.iter().filter(pays).map(|candidate| candidate.index).collect();
    Choice { driver, cardinality, intersected }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(index: Index, cardinality: u64) -> Candidate {
        Candidate { index, cardinality, costly_check: index == Index::Process }
    }

    #[test]
    fn the_smallest_path_drives_and_a_costly_check_is_an_intersection() {
        let near = [candidate(Index::Process, 500), candidate(Index::EventType, 5000), candidate(Index::Module, 100)];
        let choice = choose(1_000_000, &near, None);
        assert_eq!(choice.driver, AccessPath::Index(Index::Module));
        assert_eq!(choice.cardinality, 100);
        assert_eq!(choice.intersected, [Index::Process]);
        let far = [candidate(Index::Process, 5000), candidate(Index::Module, 100)];
        assert_eq!(choose(1_000_000, &far, None).intersected, []);
    }

    #[test]
    fn a_short_time_range_drives() {
        let choice = choose(10, &[candidate(Index::Process, 11)], None);
        assert_eq!(choice.driver, AccessPath::Temporal);
        assert_eq!(choice.cardinality, 10);
        assert_eq!(choose(11, &[candidate(Index::Process, 11)], None).driver, AccessPath::Index(Index::Process));
    }

    #[test]
    fn a_forced_path_is_taken_where_the_filter_allows_it() {
        let candidates = [candidate(Index::Process, 1), candidate(Index::EventType, 9)];
        let forced = |path| choose(5, &candidates, Some(path)).driver;
        assert_eq!(forced(AccessPath::Temporal), AccessPath::Temporal);
        assert_eq!(forced(AccessPath::Index(Index::EventType)), AccessPath::Index(Index::EventType));
        assert_eq!(forced(AccessPath::Index(Index::Call)), AccessPath::Index(Index::Process));
    }
}
