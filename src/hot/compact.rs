//! Giving memory back after removals that leave holes.
//!
//! A segment that is removed whole costs nothing. One that keeps few live rows is rewritten, together with a
//! small neighbour where there is one, beside the published state and swapped in if nothing changed meanwhile.

use std::ops::Range;
use std::sync::Arc;

use super::HotTier;
use crate::segment::View;
use crate::segment::active::Capacity;
use crate::segment::merge::{fits, merge};

/// Which neighbouring views to rewrite next: never more than half of what is read is kept, so that the work is paid
/// for by what it gives back.
///
/// Rows under floors are not counted while they are fewer than one segment, unless `eager`: the segment that
/// retention is eating will soon be gone whole.
fn sparse(views: &[View], capacity: Capacity, eager: bool) -> Option<Range<usize>> {
    let under_floors: usize = views.iter().map(View::floor).sum();
    let count_floors = eager || under_floors > capacity.rows;
    let small = |at: usize| {
        let pair = views.get(at..at + 2)?;
        let live: usize = pair.iter().map(View::live).sum();
        (live <= capacity.rows / 2 && fits(pair, capacity)).then_some(at..at + 2)
    };
    let hollow = |at: usize| {
        let view = &views[at];
        let removed = if count_floors { view.removed() } else { view.removed() - view.floor() };
        (removed > view.live()).then_some(at..at + 1)
    };
    (0..views.len()).find_map(|at| small(at).or_else(|| hollow(at)))
}

impl HotTier {
    /// Rewrites sparse segments until none is left or a writer gets in between. `eager`: nothing more will be removed
    /// soon, so every hole counts.
    pub(crate) fn compact(&self, eager: bool) {
        loop {
            let before = Arc::clone(&self.state.read().sealed);
            let Some(range) = sparse(&before.views, self.capacity, eager) else { return };
            let merged = merge(&before.views[range.clone()], &self.hasher).map(|segment| View::new(Arc::new(segment)));

            let _writer = self.writer.lock();
            let mut state = self.state.write();
            if !Arc::ptr_eq(&state.sealed, &before) {
                return;
            }
            let views = before.views[..range.start]
                .iter()
                .cloned()
                .chain(merged)
                .chain(before.views[range.end..].iter().cloned());
            state.sealed = self.sealed_set(&before, views.collect());
        }
    }
}
