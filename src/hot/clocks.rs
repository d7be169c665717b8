//! Which clock is a time of?
//!
//! Times of one store come from several clocks: a BEAM's monotonic one, wall clocks, a clock that was stepped, a time
//! that is simply wrong. Times that lie near one another are taken for one clock's; each clock ages for itself, so that
//! no time makes the times of another clock old.
//!
//! - A time is of a clock when it lies within [`REACH_NS`] of the times that clock has told, or of what it shows by now.
//! - A *source* is a node and a session. Its *home* is the clock on which [`EVIDENCE`] of its times came in a row, in
//!   calls whose times of that source were all on that clock. Later evidence elsewhere moves the home: its clock was set.
//! - A clock that is or was a home is *known*. Times of other clocks are *far*: kept, told, and nothing is reckoned from
//!   them. While no clock is known, the one with most times stands in for it.
//!
//! Invariants: clocks are sorted and their extents disjoint; every stored time lies in the extent of one.

use std::collections::HashMap;

/// Distance beyond which a time is of another clock: more than nodes disagree and buffers hold back, less than a day.
pub(crate) const REACH_NS: i64 = 3_600_000_000_000;

/// Times in a row that make a clock the home of a source.
pub(crate) const EVIDENCE: u64 = 32;

/// Most clocks kept apart; beyond that the two nearest are taken for one, known ones last.
const MAX_CLOCKS: usize = 64;

/// Most sources whose home is known; beyond that all are forgotten and found out anew.
const MAX_SOURCES: usize = 4096;

/// Times of one source that lie together, in one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) source: u64,
    pub(super) low: i64,
    pub(super) high: i64,
    pub(super) times: u64,
}

impl Sighting {
    pub(super) const fn one(source: u64, at: i64) -> Self {
        Self { source, low: at, high: at, times: 1 }
    }

    /// Takes a time in if it is of the same source and lies near.
    pub(super) fn takes(&mut self, source: u64, at: i64) -> bool {
        let is_near = self.source == source && distance((at, at), (self.low, self.high)) <= i128::from(REACH_NS);
        if is_near {
            (self.low, self.high) = (self.low.min(at), self.high.max(at));
            self.times += 1;
        }
        is_near
    }
}

/// One clock, as far as its times tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventClock {
    id: u64,
    /// Extent of its times, those stamped on arrival included.
    first: i64,
    last: i64,
    /// The newest time it told, and the store's clock when that came.
    newest: i64,
    arrived: i64,
    /// It has told no time yet: it is taken to be the store's own clock.
    is_assumed: bool,
    told: u64,
    is_known: bool,
}

impl EventClock {
    /// What it shows when the store's clock shows `now_ns`.
    pub(crate) fn now(&self, now_ns: i64) -> i64 {
        self.newest.saturating_add(now_ns.saturating_sub(self.arrived).max(0))
    }

    /// When an event of this clock would have come, had it come as it happened: comparable between clocks.
    pub(super) fn as_arrived(&self, timestamp: i64) -> i128 {
        i128::from(timestamp) - i128::from(self.newest) + i128::from(self.arrived)
    }

    fn tell(&mut self, newest: i64, now_ns: i64) {
        if self.is_assumed || newest > self.newest {
            (self.newest, self.arrived, self.is_assumed) = (newest, now_ns, false);
        }
    }

    fn absorb(&mut self, other: &Self) {
        let (mine, theirs) = ((!self.is_assumed, self.newest), (!other.is_assumed, other.newest));
        if theirs > mine {
            (self.newest, self.arrived, self.is_assumed) = (other.newest, other.arrived, other.is_assumed);
        }
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.told += other.told;
        self.is_known |= other.is_known;
    }
}

/// What is known of a source.
#[derive(Clone, Copy, Debug, Default)]
struct Source {
    home: Option<u64>,
    /// Times in a row on a clock that is not its home.
    run: Option<(u64, u64)>,
}

/// All clocks of a store.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clocks {
    all: Vec<EventClock>,
    sources: HashMap<u64, Source>,
    next_id: u64,
}

/// How far two extents lie apart; not above 0 when they meet.
fn distance(one: (i64, i64), other: (i64, i64)) -> i128 {
    let between = |low: i64, high: i64| i128::from(high) - i128::from(low);
    between(one.1, other.0).max(between(other.1, one.0))
}

impl Clocks {
    /// Clocks in the order of their times.
    pub(super) fn all(&self) -> &[EventClock] {
        &self.all
    }

    /// First times of all clocks but the first: they divide the axis of time, so that every time is of one clock.
    pub(super) fn borders(&self) -> impl Iterator<Item = i64> {
        self.all.iter().skip(1).map(|clock| clock.first)
    }

    /// Takes in what one call told, and the time it stamped, if any.
    pub(super) fn observe(&mut self, sightings: &[Sighting], stamp: Option<i64>, now_ns: i64) {
        if let Some(at) = stamp {
            self.place(at, at, now_ns, None);
        }
        for sighting in sightings {
            self.place(sighting.low, sighting.high, now_ns, Some(sighting.times));
        }
        for (at, sighting) in sightings.iter().enumerate() {
            let same = |other: &&Sighting| other.source == sighting.source;
            if sightings[..at].iter().any(|other| other.source == sighting.source) {
                continue;
            }
            let clock = self.id_at(sighting.low);
            let of_source = || sightings.iter().filter(same);
            let is_pure = of_source().all(|other| self.id_at(other.low) == clock);
            let times = of_source().map(|other| other.times).sum();
            self.weigh(sighting.source, clock.filter(|_| is_pure), times);
        }
    }

    /// What a call is evidence of: `clock`, or nothing when it told times of several.
    fn weigh(&mut self, source: u64, clock: Option<u64>, times: u64) {
        if self.sources.len() >= MAX_SOURCES && !self.sources.contains_key(&source) {
            self.sources.clear();
        }
        let known = self.sources.entry(source).or_default();
        let Some(clock) = clock.filter(|clock| known.home != Some(*clock)) else {
            known.run = None;
            return;
        };
        let run = times + known.run.filter(|(at, _)| *at == clock).map_or(0, |(_, times)| times);
        known.run = Some((clock, run));
        if run >= EVIDENCE {
            *known = Source { home: Some(clock), run: None };
            if let Some(clock) = self.all.iter_mut().find(|each| each.id == clock) {
                clock.is_known = true;
            }
        }
    }

    /// The clock of a stored time.
    fn at(&self, timestamp: i64) -> Option<&EventClock> {
        let next = self.all.partition_point(|clock| clock.first <= timestamp);
        self.all.get(next.saturating_sub(1))
    }

    fn id_at(&self, timestamp: i64) -> Option<u64> {
        self.at(timestamp).map(|clock| clock.id)
    }

    /// Makes room for times on the clock they are of, a new one if need be. `told`: how many; `None`: one that was
    /// stamped.
    fn place(&mut self, low: i64, high: i64, now_ns: i64, told: Option<u64>) {
        let is_near = |first: i64, last: i64| distance((low, high), (first, last)) <= i128::from(REACH_NS);
        let near = self.all.iter().position(|clock| is_near(clock.first, clock.last));
        let near =
            near.or_else(|| self.all.iter().position(|clock| is_near(clock.first, clock.last.max(clock.now(now_ns)))));
        let at = near.unwrap_or_else(|| {
            let at = self.all.partition_point(|clock| clock.first <= low);
            let (id, newest) = (self.next_id, high);
            self.next_id += 1;
            let fresh = EventClock {
                id,
                first: low,
                last: high,
                newest,
                arrived: now_ns,
                is_assumed: told.is_none(),
                told: 0,
                is_known: false,
            };
            self.all.insert(at, fresh);
            at
        });
        let clock = &mut self.all[at];
        clock.first = clock.first.min(low);
        clock.last = clock.last.max(high);
        if let Some(times) = told {
            clock.tell(high, now_ns);
            clock.told += times;
        }
        self.join_neighbours();
    }

    /// Clocks whose times have come near are one, and so are the nearest when there are too many.
    fn join_neighbours(&mut self) {
        let gap = |pair: &[EventClock]| distance((pair[0].first, pair[0].last), (pair[1].first, pair[1].last));
        while let Some(at) = self.all.windows(2).position(|pair| gap(pair) <= i128::from(REACH_NS)) {
            self.join(at);
        }
        while self.all.len() > MAX_CLOCKS {
            let nearest = self.all.windows(2).enumerate().min_by_key(|(_, pair)| {
                let known = pair.iter().filter(|clock| clock.is_known).count();
                (known, gap(pair))
            });
            let Some((at, _)) = nearest else { return };
            self.join(at);
        }
    }

    fn join(&mut self, at: usize) {
        let gone = self.all.remove(at + 1);
        let kept = &mut self.all[at];
        kept.absorb(&gone);
        let kept = kept.id;
        for source in self.sources.values_mut() {
            source.home = source.home.map(|home| if home == gone.id { kept } else { home });
            source.run = source.run.map(|(at, times)| (if at == gone.id { kept } else { at }, times));
        }
    }

    /// The clocks that times are reckoned from, best first: homes; others that are known; the one that told most.
    fn ranks(&self) -> [Vec<usize>; 3] {
        let is_home = |clock: &EventClock| self.sources.values().any(|source| source.home == Some(clock.id));
        let (mut homes, mut known) = (Vec::new(), Vec::new());
        for (at, clock) in self.all.iter().enumerate().filter(|(_, clock)| clock.is_known) {
            if is_home(clock) { homes.push(at) } else { known.push(at) }
        }
        let mut rest: Vec<usize> = (0..self.all.len()).filter(|at| !self.all[*at].is_known).collect();
        rest.sort_by_key(|at| (std::cmp::Reverse(self.all[*at].told), self.all[*at].id));
        [homes, known, rest]
    }

    /// What `newest` is reckoned from, given the newest stored time of each clock.
    pub(super) fn newest(&self, newest_of: impl Fn(usize) -> Option<i64>) -> Option<i64> {
        if let [_] = self.all.as_slice() {
            return newest_of(0);
        }
        let [homes, known, rest] = self.ranks();
        let latest = |of: &[usize]| of.iter().filter_map(|at| newest_of(*at)).max();
        latest(&homes).or_else(|| latest(&known)).or_else(|| rest.into_iter().find_map(newest_of))
    }

    /// What the events' clock shows when the store's shows `now_ns`; `None` while no event is known.
    pub(super) fn now(&self, now_ns: i64) -> Option<i64> {
        if let [clock] = self.all.as_slice() {
            return Some(clock.now(now_ns));
        }
        let [homes, known, rest] = self.ranks();
        let best = [homes, known, rest.into_iter().take(1).collect()].into_iter().find(|clocks| !clocks.is_empty());
        best?.into_iter().map(|at| self.all[at].now(now_ns)).max()
    }

    /// Which clocks' times are far, in the order of [`Self::all`].
    pub(super) fn far(&self) -> Vec<bool> {
        let is_any_known = self.all.iter().any(|clock| clock.is_known);
        let most = if is_any_known { None } else { self.ranks()[2].first().copied() };
        self.all.iter().enumerate().map(|(at, clock)| !clock.is_known && most != Some(at)).collect()
    }

    /// How many of these times are far.
    pub(super) fn far_times(&self, sightings: &[Sighting]) -> u64 {
        if self.all.len() < 2 {
            return 0;
        }
        let far = self.far();
        let is_far = |sighting: &&Sighting| {
            let next = self.all.partition_point(|clock| clock.first <= sighting.low);
            far.get(next.saturating_sub(1)).copied().unwrap_or(false)
        };
        sightings.iter().filter(is_far).map(|sighting| sighting.times).sum()
    }

    /// The extents of far clocks.
    pub(crate) fn far_extents(&self) -> Vec<(i64, i64)> {
        let far = self.far();
        self.all.iter().zip(far).filter(|(_, far)| *far).map(|(clock, _)| (clock.first, clock.last)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000_000_000;
    const BEAM: i64 = -576_460_751_000_000_000;
    const WALL: i64 = 1_790_000_000_000_000_000;
    const Y2100: i64 = 4_102_444_800_000_000_000;

    fn call(clocks: &mut Clocks, source: u64, from: i64, times: u64) {
        let sighting = Sighting { source, low: from, high: from + times as i64, times };
        clocks.observe(&[sighting], None, 0);
    }

    fn newest(clocks: &Clocks) -> Option<i64> {
        clocks.newest(|at| Some(clocks.all()[at].last))
    }

    #[test]
    fn one_far_time_moves_nothing_wherever_it_lies_and_whenever_it_comes() {
        for far in [WALL, Y2100, 0, BEAM + DAY, BEAM - DAY, i64::MAX, i64::MIN, BEAM + 2 * REACH_NS] {
            for before in [0, 1, 5, 1000] {
                let mut clocks = Clocks::default();
                if before > 0 {
                    call(&mut clocks, 1, BEAM, before);
                }
                clocks.observe(&[Sighting::one(1, far)], None, 0);
                call(&mut clocks, 1, BEAM, 100);
                assert_eq!(newest(&clocks), Some(BEAM + 100.max(before as i64)), "{far} after {before}");
                assert_eq!(clocks.far_extents(), [(far, far)]);
                assert_eq!(clocks.far_times(&[Sighting::one(1, far)]), 1);
            }
        }
    }

    #[test]
    fn far_times_in_every_call_are_no_evidence() {
        let mut clocks = Clocks::default();
        for round in 0..100 {
            let honest = Sighting { source: 1, low: BEAM + round, high: BEAM + round, times: 10 };
            let far = Sighting { source: 1, low: Y2100, high: Y2100, times: 10 };
            clocks.observe(&[honest, far], None, 0);
            call(&mut clocks, 1, BEAM + round, 1);
        }
        assert_eq!(newest(&clocks), Some(BEAM + 100));
        for round in 0..100 {
            call(&mut clocks, 1, Y2100, EVIDENCE - 1);
            call(&mut clocks, 1, BEAM + round, 40);
        }
        assert_eq!(newest(&clocks), Some(BEAM + 139));
        assert_eq!(clocks.far_extents().len(), 1);
    }

    #[test]
    fn a_clock_that_was_set_is_followed_after_evidence_and_its_former_times_are_not_far() {
        for step in [DAY, -DAY, Y2100 - BEAM] {
            let mut clocks = Clocks::default();
            call(&mut clocks, 1, BEAM, 100);
            for time in 0..EVIDENCE as i64 {
                assert_eq!(newest(&clocks), Some(BEAM + 100), "{step}");
                clocks.observe(&[Sighting::one(1, BEAM + step + time)], None, 0);
            }
            assert_eq!(newest(&clocks), Some(BEAM + step + EVIDENCE as i64 - 1));
            assert_eq!(clocks.far_extents(), []);
        }
    }

    #[test]
    fn two_sources_have_each_their_clock() {
        let mut clocks = Clocks::default();
        for round in 0..10 {
            call(&mut clocks, 1, BEAM + round, 5);
            call(&mut clocks, 2, WALL + round, 5);
        }
        assert_eq!((clocks.all().len(), clocks.far_extents()), (2, vec![]));
    }

    #[test]
    fn many_clocks_are_bounded_and_those_that_are_known_stay() {
        let mut clocks = Clocks::default();
        call(&mut clocks, 1, BEAM, 100);
        for time in 0..1000 {
            clocks.observe(&[Sighting::one(1, time * DAY)], None, 0);
        }
        assert_eq!(clocks.all().len(), MAX_CLOCKS);
        assert_eq!(newest(&clocks), Some(BEAM + 100));
    }
}
