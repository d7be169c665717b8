//! Where is a fresh event?
//!
//! One writer at a time appends to the active segment behind a lock that is held for one batch; full segments
//! are sealed and shared. A reader holds the lock while it looks at the active segment and keeps `Arc`s of
//! the rest: that is its snapshot.
//!
//! Invariants: a live row is in the primary index, in every secondary index that has its key, and in the
//! order of time; seqs ascend from view to view; a view has at least one live row.

pub(crate) mod census;
mod check;
pub(crate) mod clocks;
mod compact;
mod cut;
pub(crate) mod keys;
mod primary;
mod pruned;
pub(crate) mod remove;
#[cfg(test)]
mod tests;
mod write;

use std::sync::Arc;

use crossbeam_skiplist::SkipMap;
use foldhash::fast::RandomState;
use parking_lot::{Mutex, RwLock, RwLockReadGuard};

use crate::event::{Collector, StoredEvent};
use crate::index::dictionary::hash_text;
use crate::segment::active::{Capacity, Demand};
use crate::segment::rows::EventKey;
use crate::segment::seal::seal;
use crate::segment::{Active, Rows, View};
use clocks::Clocks;
use primary::Primary;
pub(crate) use pruned::Pruned;
pub(crate) use write::BatchReport;

/// The sealed segments at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct SealedSet {
    /// In the order of their seqs.
    pub(crate) views: Vec<View>,
    /// Places in `views`, in the order of their segments' first keys.
    pub(crate) by_time: Vec<u32>,
}

/// What the lock protects.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) active: Active,
    pub(crate) sealed: Arc<SealedSet>,
    pub(crate) pruned: Pruned,
    /// The events' clocks, and how each is tied to the store's.
    pub(crate) clocks: Clocks,
}

#[derive(Debug)]
struct Writer {
    next_seq: u64,
    next_minted: u64,
}

/// Hashes event ids and symbols; the tests force collisions.
#[derive(Clone, Debug)]
enum IdHash {
    Seeded(RandomState),
    #[cfg(test)]
    Constant,
}

#[derive(Debug)]
pub(crate) struct HotTier {
    hasher: RandomState,
    id_hash: IdHash,
    capacity: Capacity,
    /// Leads every id this tier mints.
    mint_prefix: String,
    primary: Primary,
    /// The sealed segments' seqs by their first key; its order is the order of `SealedSet::by_time`.
    directory: SkipMap<EventKey, u64>,
    state: RwLock<State>,
    writer: Mutex<Writer>,
}

impl HotTier {
    pub(crate) fn new(capacity: Capacity, mint_prefix: String) -> Self {
        let hasher = RandomState::default();
        Self {
            id_hash: IdHash::Seeded(hasher.clone()),
            capacity,
            mint_prefix,
            primary: Primary::default(),
            directory: SkipMap::new(),
            state: RwLock::new(State {
                active: Active::new(hasher.clone(), 0),
                sealed: Arc::default(),
                pruned: Pruned::default(),
                clocks: Clocks::default(),
            }),
            writer: Mutex::new(Writer { next_seq: 0, next_minted: 0 }),
            hasher,
        }
    }

    /// The hasher of every dictionary.
    pub(crate) const fn hasher(&self) -> &RandomState {
        &self.hasher
    }

    /// The tier as it is now. While the guard lives no batch becomes visible: look at the active segment,
    /// clone `sealed`, and let go.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read()
    }

    /// Live events, and bytes of columns and payloads; `None` while a writer is at work.
    pub(crate) fn size_at_once(&self) -> Option<(u64, u64)> {
        let state = self.state.try_read()?;
        let sealed: usize = state.sealed.views.iter().map(View::heap_bytes).sum();
        Some((state.events(), (state.active.heap_bytes() + sealed) as u64))
    }

    /// Whether a batch finds no other writer, no reader, and room in the active segment.
    pub(crate) fn stores_at_once(&self, events: usize, bytes: usize) -> bool {
        if self.writer.try_lock().is_none() {
            return false;
        }
        let Some(state) = self.state.try_write() else { return false };
        // Roles name a few pids an event.
        let demand = Demand { rows: events, pids: events * 4, bytes };
        state.active.has_room(demand, self.capacity) && state.active.n_dead() <= state.active.live()
    }

    fn hash_id(&self, id: &str) -> u64 {
        match &self.id_hash {
            IdHash::Seeded(hasher) => hash_text(hasher, id),
            #[cfg(test)]
            IdHash::Constant => 42,
        }
    }

    /// One event by its id. Cost: one hash probe and one binary search over the segments.
    pub(crate) fn get(&self, event_id: &str) -> Option<StoredEvent> {
        let state = self.read();
        let place = self.primary.find(self.hash_id(event_id), |seq| {
            let place = state.place(seq)?;
            (state.event_id(place) == event_id).then_some(place)
        })?;
        let mut found = Collector::default();
        match place {
            Place::Active(row) => state.active.collect(row, &mut found),
            Place::Sealed(at, rank) => state.sealed.views[at].segment.collect(rank, &mut found),
        };
        found.into_events(std::iter::once(0)).pop()
    }

    /// Turns the active segment into a sealed one. Queries go on; what they see does not change.
    fn seal_active(&self, writer: &mut Writer) {
        let sealed = seal(&self.state.read().active);
        let mut state = self.state.write();
        if let Some(segment) = sealed {
            let views = state.sealed.views.iter().cloned().chain([View::new(Arc::new(segment))]).collect();
            state.sealed = self.sealed_set(&state.sealed, views);
        }
        state.active.restart(writer.next_seq);
    }

    /// The next set of sealed segments: drops views without live rows and keeps the time directory in step.
    fn sealed_set(&self, before: &SealedSet, after: Vec<View>) -> Arc<SealedSet> {
        let views: Vec<View> = after.into_iter().filter(|view| view.live() > 0).collect();
        let same = |old: &View, new: &View| Arc::ptr_eq(&old.segment, &new.segment);
        if before.views.len() == views.len() && before.views.iter().zip(&views).all(|(old, new)| same(old, new)) {
            return Arc::new(SealedSet { views, by_time: before.by_time.clone() });
        }
        let held = |seq: u64| views.binary_search_by_key(&seq, |view| view.segment.base_seq());
        for view in &before.views {
            if !held(view.segment.base_seq()).is_ok_and(|at| same(view, &views[at])) {
                self.directory.remove(&view.segment.first_key());
            }
        }
        for view in &views {
            self.directory.insert(view.segment.first_key(), view.segment.base_seq());
        }
        let by_time = self.directory.iter().filter_map(|entry| held(*entry.value()).ok()).map(|at| at as u32).collect();
        Arc::new(SealedSet { views, by_time })
    }
}

/// Where a live row lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Active(usize),
    /// Place in `SealedSet::views`, rank.
    Sealed(usize, usize),
}

/// The live row of a seq.
fn place_of(active: &Active, views: &[View], seq: u64) -> Option<Place> {
    if seq >= active.base_seq() {
        let row = active.row_of(seq)?;
        return (!active.is_dead(row)).then_some(Place::Active(row));
    }
    let at = views.partition_point(|view| view.segment.base_seq() <= seq).checked_sub(1)?;
    let rank = views[at].segment.rank_of_seq(seq)?;
    views[at].is_live(rank).then_some(Place::Sealed(at, rank))
}

impl State {
    fn place(&self, seq: u64) -> Option<Place> {
        place_of(&self.active, &self.sealed.views, seq)
    }

    fn event_id(&self, place: Place) -> &str {
        match place {
            Place::Active(row) => self.active.event_id(row),
            Place::Sealed(at, rank) => self.sealed.views[at].segment.event_id(rank),
        }
    }

    /// Live events.
    pub(crate) fn events(&self) -> u64 {
        (self.active.live() + self.sealed.views.iter().map(View::live).sum::<usize>()) as u64
    }

    /// Keys of the oldest and the newest live event.
    pub(crate) fn bounds(&self) -> Option<(EventKey, EventKey)> {
        let bounds = self.sealed.views.iter().filter_map(View::bounds).chain(self.active.bounds());
        bounds.reduce(|(low, high), (first, last)| (low.min(first), high.max(last)))
    }

    /// The timestamp that relative times are measured from: the newest live one, those of far clocks aside. Cost:
    /// O(segments), times the number of clocks.
    pub(crate) fn newest(&self) -> Option<i64> {
        if self.clocks.all().len() < 2 {
            return self.bounds().map(|(_, (newest, _))| newest);
        }
        let newest = cut::newest_of_clocks(self);
        self.clocks.newest(|at| newest.get(at).copied().flatten())
    }

    /// Timestamps of the oldest and the newest live event, those of far clocks aside unless there are no others.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        let ((oldest, _), (newest, _)) = self.bounds()?;
        let far = self.clocks.far();
        if !far.contains(&true) {
            return Some((oldest, self.newest().unwrap_or(newest)));
        }
        let newest = self.newest().unwrap_or(newest);
        let oldest_of = cut::oldest_of_clocks(self);
        let near = oldest_of.iter().zip(&far).filter(|(_, far)| !**far).filter_map(|(oldest, _)| *oldest).min();
        Some((near.unwrap_or(oldest).min(newest), newest))
    }

    /// Live events of far clocks.
    pub(crate) fn far_events(&self) -> u64 {
        let far = self.clocks.far();
        if !far.contains(&true) {
            return 0;
        }
        cut::live_of_clocks(self).iter().zip(far).filter(|(_, far)| *far).map(|(events, _)| events).sum()
    }

    /// The greatest age of a live event on its own clock, when the store's shows `now_ns`.
    pub(crate) fn greatest_age(&self, now_ns: i64) -> Option<u64> {
        let ages = self.clocks.all().iter().zip(cut::oldest_of_clocks(self));
        let age = |(clock, oldest): (&clocks::EventClock, Option<i64>)| {
            let (now, oldest) = (clock.now(now_ns), oldest?);
            (now > oldest).then(|| now.abs_diff(oldest))
        };
        ages.filter_map(age).max()
    }
}
