//! Rewriting sparse segments: the live rows of neighbours into one, so that memory follows what is live.

use foldhash::fast::RandomState;

use super::active::{Active, Capacity, Demand};
use super::rows::Rows;
use super::seal::seal;
use super::sealed::Sealed;
use super::view::View;

/// Whether the live rows of neighbouring views surely fit one segment of at most `capacity`. Cost: constant.
pub(crate) fn fits(views: &[View], capacity: Capacity) -> bool {
    let (Some(first), Some(last)) = (views.first(), views.last()) else { return false };
    let span = last.segment.last_seq() - first.segment.base_seq();
    let demand = views.iter().map(View::demand).fold(Demand::default(), Demand::plus);
    span < u64::from(u32::MAX) && capacity.takes(demand)
}

/// The live rows of neighbouring views, in one segment with the same seqs. `None` when none is live.
pub(crate) fn merge(views: &[View], hasher: &RandomState) -> Option<Sealed> {
    let base_seq = views.first()?.segment.base_seq();
    let mut active = Active::new(hasher.clone(), base_seq);
    for view in views {
        let segment = &view.segment;
        let mut ranks: Vec<usize> = view.live_ranks().collect();
        ranks.sort_unstable_by_key(|rank| segment.seq(*rank));
        for rank in ranks {
            let event = segment.reread(rank);
            active.push(
                segment.seq(rank),
                segment.timestamp(rank),
                segment.stamped(rank),
                segment.event_id(rank),
                &event,
            );
        }
    }
    active.publish();
    seal(&active)
}
