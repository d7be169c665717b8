//! The primary index: hash of the event id to seq.
//!
//! Ids are compared where they lie, in the segments. Two ids of one hash share a list beside the map. An entry
//! whose row is gone is stale, not wrong: a seq is never given twice, so it finds no live row.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use dashmap::mapref::entry::Entry;
use dashmap::{DashMap, SharedValue};
use parking_lot::RwLock;

/// Shards of the map: each grows by itself, so no growth copies more than 1/64 of the entries at once.
const SHARDS: usize = 64;

/// In place of a seq: look into `collided`.
const COLLIDED: u64 = u64::MAX;

/// Keys are hashes already.
#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn write(&mut self, _bytes: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

pub(super) struct Primary {
    map: DashMap<u64, u64, BuildHasherDefault<Identity>>,
    collided: RwLock<HashMap<u64, Vec<u64>>>,
}

impl std::fmt::Debug for Primary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Primary").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl Default for Primary {
    fn default() -> Self {
        Self {
            map: DashMap::with_hasher_and_shard_amount(BuildHasherDefault::default(), SHARDS),
            collided: RwLock::default(),
        }
    }
}

/// What [`Primary::claim`] found.
pub(super) enum Claim<T> {
    /// The id is new; the seq is its entry now.
    New,
    /// The id has a live row already; nothing was changed.
    Taken(T),
}

impl Primary {
    /// The first entry of the hash that `row` accepts.
    pub(super) fn find<T>(&self, hash: u64, row: impl Fn(u64) -> Option<T>) -> Option<T> {
        match *self.map.get(&hash)? {
            COLLIDED => self.collided.read().get(&hash)?.iter().find_map(|seq| row(*seq)),
            seq => row(seq),
        }
    }

    /// Enters a seq unless `same` says that an entry of the hash is the same id. `live` says whether an entry
    /// has a row still, or will have one.
    pub(super) fn claim<T>(
        &self,
        hash: u64,
        seq: u64,
        same: impl Fn(u64) -> Option<T>,
        live: impl Fn(u64) -> bool,
    ) -> Claim<T> {
        let mut entry = match self.map.entry(hash) {
            Entry::Vacant(vacant) => {
                vacant.insert(seq);
                return Claim::New;
            }
            Entry::Occupied(occupied) => occupied,
        };
        let mut collided = self.collided.write();
        let mut seqs = match *entry.get() {
            COLLIDED => collided.remove(&hash).unwrap_or_default(),
            only => vec![only],
        };
        let taken = seqs.iter().find_map(|seq| same(*seq));
        if taken.is_none() {
            seqs.retain(|seq| live(*seq));
            seqs.push(seq);
        }
        entry.insert(Self::settle(&mut collided, hash, seqs));
        taken.map_or(Claim::New, Claim::Taken)
    }

    /// Enters seqs from `first` on, one for each hash that has no entry yet; whether it did, in the order given.
    ///
    /// Shard by shard, because each look-up is a miss of the cache: between two locks they overlap.
    pub(super) fn claim_vacant(&self, hashes: &[Option<u64>], first: u64) -> Vec<bool> {
        let shard_of = |hash: &Option<u64>| self.map.determine_shard(hash.unwrap_or_default() as usize);
        let (places_by_shard, starts) = grouped(hashes.iter().map(shard_of));
        let mut is_entered = vec![false; hashes.len()];
        for (shard, places) in self.map.shards().iter().zip(starts.windows(2)) {
            let of_shard = &places_by_shard[places[0]..places[1]];
            if of_shard.is_empty() {
                continue;
            }
            let mut shard = shard.write();
            for &at in of_shard {
                let Some(hash) = hashes[at] else { continue };
                if shard.get(hash, |(known, _)| *known == hash).is_none() {
                    shard.insert_entry(hash, (hash, SharedValue::new(first + at as u64)), |(known, _)| *known);
                    is_entered[at] = true;
                }
            }
        }
        is_entered
    }

    /// The map's value for the seqs of a hash; several go into the list.
    fn settle(collided: &mut HashMap<u64, Vec<u64>>, hash: u64, seqs: Vec<u64>) -> u64 {
        match seqs[..] {
            [only] => only,
            _ => {
                collided.insert(hash, seqs);
                COLLIDED
            }
        }
    }

    /// The id of `old` lies at `new` now.
    pub(super) fn replace(&self, hash: u64, old: u64, new: u64) {
        let Some(mut value) = self.map.get_mut(&hash) else { return };
        if *value == old {
            *value = new;
        } else if *value == COLLIDED {
            if let Some(entry) =
                self.collided.write().get_mut(&hash).and_then(|seqs| seqs.iter_mut().find(|seq| **seq == old))
            {
                *entry = new;
            }
        }
    }

    /// Drops the entry of a row that is gone, unless its id has been stored again.
    pub(super) fn remove(&self, hash: u64, seq: u64) {
        let Entry::Occupied(mut entry) = self.map.entry(hash) else { return };
        if *entry.get() == seq {
            entry.remove();
        } else if *entry.get() == COLLIDED {
            let mut collided = self.collided.write();
            let mut seqs = collided.remove(&hash).unwrap_or_default();
            seqs.retain(|entry| *entry != seq);
            if seqs.is_empty() {
                entry.remove();
            } else {
                entry.insert(Self::settle(&mut collided, hash, seqs));
            }
        }
    }

    pub(super) fn clear(&self) {
        self.map.clear();
        self.map.shrink_to_fit();
        self.collided.write().clear();
    }

    /// Gives memory back once most of it is unused.
    pub(super) fn shrink(&self) {
        if self.map.capacity() > 4 * self.map.len() + 4096 {
            self.map.shrink_to_fit();
        }
    }

    /// Entries, stale ones included.
    pub(super) fn len(&self) -> usize {
        // The map first: whoever changes it holds a part of it while waiting for the list.
        let hashes = self.map.len();
        let collided = self.collided.read();
        (hashes + collided.values().map(Vec::len).sum::<usize>()).saturating_sub(collided.len())
    }

    /// Entries' capacity times key, value and control byte.
    pub(super) fn heap_bytes(&self) -> usize {
        // hashbrown fills 7 of 8 buckets.
        self.map.capacity() * 8 / 7 * 17
    }
}

/// Places in the order of their shards, those of a shard in the order given; and where each shard's begin.
fn grouped(shards: impl Iterator<Item = usize> + Clone) -> (Vec<usize>, [usize; SHARDS + 1]) {
    let mut starts = [0; SHARDS + 1];
    shards.clone().for_each(|shard| starts[shard + 1] += 1);
    for shard in 0..SHARDS {
        starts[shard + 1] += starts[shard];
    }
    let mut ends = starts;
    let mut places = vec![0; starts[SHARDS]];
    for (place, shard) in shards.enumerate() {
        places[ends[shard]] = place;
        ends[shard] += 1;
    }
    (places, starts)
}
