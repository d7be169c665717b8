//! On which clock do the events of several processes lie?
//!
//! The first live session's clock is the store's, be it a node's own or the wall clock. Every later one is shifted by the
//! difference of their offsets to the wall clock, so that what happened later lies later.

/// What is known of a session's clock when it begins.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Beginning {
    /// Its first message, as sent.
    pub(super) first_ns: Option<i64>,
    /// Wall clock less its clock: nothing when its messages carry wall-clock time, or none, so that their arrival is all
    /// that is known. `None`: it has a clock of its own, and nobody knows which.
    pub(super) offset_ns: Option<i64>,
    /// Whether it is on the wall clock.
    pub(super) is_wall: bool,
    /// Last event of the source's session before, on the store's clock.
    pub(super) after_ns: Option<i64>,
    /// Newest event in the store.
    pub(super) newest_ns: Option<i64>,
}

/// The store's clock.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// Wall clock less the store's clock, once a live session with a clock of its own has begun.
    base_ns: Option<i64>,
}

impl Timeline {
    /// What is added to a session's timestamps.
    pub(super) fn shift(&mut self, beginning: Beginning) -> i64 {
        let Beginning { first_ns, offset_ns, is_wall, after_ns, newest_ns } = beginning;
        let Some(offset) = offset_ns else { return 0 };
        let first = first_ns.unwrap_or(i64::MIN);
        // Invariant: `past(event, 0)` is the least shift with which `first` lies after `event`.
        let past = |event: i64, shift: i64| {
            let lies = first.saturating_add(shift);
            if first_ns.is_some() && lies <= event { event.saturating_sub(first).saturating_add(1) } else { shift }
        };
        match self.base_ns {
            Some(base) => {
                let shift = offset.saturating_sub(base);
                after_ns.map_or(shift, |after| past(after, shift))
            }
            None if is_wall => {
                self.base_ns = Some(offset);
                0
            }
            None => {
                // Recordings may lie later than this clock; retention takes the oldest first, and that is not what
                // happens now.
                let shift = newest_ns.map_or(0, |newest| past(newest, 0));
                self.base_ns = Some(offset.saturating_sub(shift));
                shift
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(first: i64, offset: i64) -> Beginning {
        Beginning { first_ns: Some(first), offset_ns: Some(offset), ..Beginning::default() }
    }

    #[test]
    fn the_first_clock_is_the_stores_and_later_ones_are_put_on_it() {
        let mut timeline = Timeline::default();
        assert_eq!(timeline.shift(begin(-900, 1_000)), 0);
        // Started 5,000 later: what it calls -900 is -900 + 5,000 there.
        assert_eq!(timeline.shift(begin(-900, 6_000)), 5_000);
        assert_eq!(timeline.shift(begin(-900, 900)), -100);
    }

    #[test]
    fn a_later_life_of_a_source_lies_after_the_one_before() {
        let mut timeline = Timeline::default();
        timeline.shift(begin(-900, 1_000));
        let again = Beginning { after_ns: Some(500), ..begin(-900, 1_200) };
        assert_eq!(timeline.shift(again), 1_401, "the first offset was told too large by a queue");
        assert_eq!(timeline.shift(Beginning { after_ns: Some(-800), ..begin(-900, 6_000) }), 5_000);
    }

    #[test]
    fn the_first_live_event_lies_after_what_was_imported() {
        let mut timeline = Timeline::default();
        let newest = Some(1_700_000_000_000_000_000);
        let shift = timeline.shift(Beginning { newest_ns: newest, ..begin(-900, 1_000) });
        assert_eq!(-900 + shift, 1_700_000_000_000_000_001);
        assert_eq!(timeline.shift(begin(-900, 1_010)), shift + 10, "and the others beside it");
        let mut timeline = Timeline::default();
        assert_eq!(timeline.shift(Beginning { newest_ns: Some(-1_000), ..begin(-900, 1_000) }), 0);
    }

    #[test]
    fn times_of_the_wall_clock_stay_as_they_are_and_the_others_join_them() {
        let mut timeline = Timeline::default();
        let wall = Beginning { is_wall: true, newest_ns: Some(10), ..begin(5, 0) };
        assert_eq!(timeline.shift(wall), 0);
        assert_eq!(timeline.shift(begin(-900, 1_000)), 1_000, "no event lies years from the others");
    }

    #[test]
    fn times_of_the_wall_clock_join_a_clock_that_was_there_before() {
        let mut timeline = Timeline::default();
        timeline.shift(begin(-900, 1_000));
        assert_eq!(timeline.shift(Beginning { is_wall: true, ..begin(105, 0) }), -1_000);
    }
}
