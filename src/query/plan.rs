//! A plan, and what carrying it out cost.

use std::fmt;

use crate::index::Index;

/// One way to produce candidate events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccessPath {
    /// Walk the time range in its order; without a range, everything.
    Temporal,
    /// Walk the posting lists of a key.
    Index(Index),
}

impl AccessPath {
    /// The name shown in plans.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Temporal => "temporal",
            Self::Index(index) => index.name(),
        }
    }
}

impl fmt::Display for AccessPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a query is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// The path that is walked.
    pub driver: AccessPath,
    /// Events on it: exact.
    pub cardinality: u64,
    /// Indexes whose posting lists are intersected with the driver's.
    pub intersected: Vec<Index>,
    /// Filters checked on the columns of each candidate; `text` reads payloads.
    pub residual: Vec<&'static str>,
    /// Every path the filter allows, with its exact cardinality within the time range.
    pub candidates: Vec<(AccessPath, u64)>,
    /// Live events in the snapshot.
    pub events: u64,
    /// Segments in the snapshot.
    pub segments: usize,
    /// Segments that can hold no match, by their time zone or their dictionaries.
    pub segments_skipped: usize,
}

/// Counted where it is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Work {
    /// Candidates whose columns were looked at.
    pub rows_examined: u64,
    /// Entries of posting lists that were read to walk or to intersect them.
    pub postings_read: u64,
    /// Events whose payload was read: those returned, and with `text` every candidate searched.
    pub payloads_decoded: u64,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "driver {} ({} of {} events)", self.driver, self.cardinality, self.events)?;
        if !self.intersected.is_empty() {
            let names: Vec<&str> = self.intersected.iter().map(|index| index.name()).collect();
            write!(f, ", intersect {}", names.join(" + "))?;
        }
        if !self.residual.is_empty() {
            write!(f, ", check {}", self.residual.join(" + "))?;
        }
        write!(f, ", {} of {} segments skipped", self.segments_skipped, self.segments)
    }
}
