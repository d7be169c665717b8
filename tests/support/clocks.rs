//! The oracle's clocks: times within an hour of one another are one clock's; 32 in a row make it the home of a source.
//! No clock of the tests runs for an hour, so what a clock shows by now does not matter here.

use std::collections::BTreeMap;

const HOUR: i128 = 3_600_000_000_000;

#[derive(Clone, Debug)]
struct One {
    times: Vec<i64>,
    told: u64,
    /// Newest time told, and when it came; a stamp while none was told.
    newest: (bool, i64),
    arrived: i64,
    is_known: bool,
    born: u64,
}

/// A time of the home, and a time of the clock where a run is, with its length.
type Home = (Option<i64>, Option<(i64, u64)>);

/// Node and session.
type Source = (Option<String>, Option<String>);

#[derive(Clone, Debug, Default)]
pub(crate) struct Clocks {
    all: Vec<One>,
    homes: BTreeMap<Source, Home>,
    born: u64,
}

impl Clocks {
    pub(crate) fn at(&self, time: i64) -> usize {
        self.all.iter().position(|clock| clock.times.contains(&time)).unwrap()
    }

    fn add(&mut self, time: i64, is_told: bool, now: i64) {
        let near = |clock: &One| clock.times.iter().any(|at| (i128::from(*at) - i128::from(time)).abs() <= HOUR);
        let (joined, rest): (Vec<One>, Vec<One>) = self.all.drain(..).partition(near);
        self.all = rest;
        self.born += 1;
        let fresh =
            One { times: vec![time], told: 0, newest: (is_told, time), arrived: now, is_known: false, born: self.born };
        let mut one = joined.into_iter().reduce(|mut one, other| {
            if other.newest > one.newest {
                (one.newest, one.arrived) = (other.newest, other.arrived);
            }
            one.told += other.told;
            one.is_known |= other.is_known;
            one.born = one.born.min(other.born);
            one.times.extend(other.times);
            one
        });
        let one = one.get_or_insert_with(|| fresh.clone());
        one.times.push(time);
        one.told += u64::from(is_told);
        if is_told && (true, time) > one.newest {
            (one.newest, one.arrived) = ((true, time), now);
        }
        self.all.push(one.clone());
    }

    /// One call: the times its events told, and the stamp of the others.
    pub(crate) fn observe(&mut self, told: &[(Source, i64)], stamp: Option<i64>, now: i64) {
        if let Some(stamp) = stamp {
            self.add(stamp, false, now);
        }
        for (_, time) in told {
            self.add(*time, true, now);
        }
        let mut by_source: BTreeMap<Source, Vec<i64>> = BTreeMap::new();
        for (source, time) in told {
            by_source.entry(source.clone()).or_default().push(*time);
        }
        for (source, times) in by_source {
            let clock = self.at(times[0]);
            let (home, run) = self.homes.get(&source).copied().unwrap_or_default();
            let is_home = home.is_some_and(|home| self.at(home) == clock);
            let is_pure = times.iter().all(|time| self.at(*time) == clock);
            let before = run.filter(|(at, _)| self.at(*at) == clock).map_or(0, |(_, length)| length);
            let length = before + times.len() as u64;
            let next = match (is_pure, is_home) {
                (true, false) if length >= 32 => {
                    self.all[clock].is_known = true;
                    (Some(times[0]), None)
                }
                (true, false) => (home, Some((times[0], length))),
                _ => (home, None),
            };
            self.homes.insert(source, next);
        }
    }

    fn homes(&self) -> Vec<usize> {
        self.homes.values().filter_map(|(home, _)| home.map(|home| self.at(home))).collect()
    }

    /// Clocks that count, the best group first.
    fn groups(&self) -> Vec<Vec<usize>> {
        let known: Vec<usize> = (0..self.all.len()).filter(|at| self.all[*at].is_known).collect();
        let mut rest: Vec<usize> = (0..self.all.len()).filter(|at| !self.all[*at].is_known).collect();
        rest.sort_by_key(|at| (u64::MAX - self.all[*at].told, self.all[*at].born));
        let mut groups = vec![self.homes(), known];
        groups.extend(rest.into_iter().map(|at| vec![at]));
        groups
    }

    /// The newest of these stored times that counts.
    pub(crate) fn newest(&self, stored: &[i64]) -> Option<i64> {
        let newest = |group: &Vec<usize>| stored.iter().copied().filter(|time| group.contains(&self.at(*time))).max();
        self.groups().iter().find_map(newest)
    }

    pub(crate) fn far(&self, time: i64) -> bool {
        let at = self.at(time);
        let first = self.groups().into_iter().flatten().next();
        !self.all[at].is_known && (self.all.iter().any(|clock| clock.is_known) || first != Some(at))
    }

    fn shows(&self, at: usize, now: i64) -> i64 {
        self.all[at].newest.1.saturating_add((now - self.all[at].arrived).max(0))
    }

    pub(crate) fn now(&self, now: i64) -> Option<i64> {
        let groups = self.groups();
        let group = groups.iter().find(|group| !group.is_empty())?;
        group.iter().map(|at| self.shows(*at, now)).max()
    }

    /// How far a stored time lies behind its own clock.
    pub(crate) fn age(&self, time: i64, now: i64) -> i128 {
        i128::from(self.shows(self.at(time), now)) - i128::from(time)
    }

    /// When it would have come, had it come as it happened.
    pub(crate) fn as_arrived(&self, time: i64) -> i128 {
        let clock = &self.all[self.at(time)];
        i128::from(time) - i128::from(clock.newest.1) + i128::from(clock.arrived)
    }

    /// The newest of the stored times that are of one clock with this one.
    pub(crate) fn newest_beside(&self, time: i64, stored: &[i64]) -> Option<i64> {
        stored.iter().copied().filter(|other| self.at(*other) == self.at(time)).max()
    }
}
