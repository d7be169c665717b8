//! Symbols of one column of one segment: each distinct text once, known by a 16-bit code.
//!
//! A dictionary lives and dies with its segment, so nothing needs sweeping when a segment is pruned, and a
//! segment can be moved as one value.

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::{BuildHasher, Hasher};

/// Most symbols of one dictionary. One code less than 16 bits hold: columns store `code + 1`, 0 for none.
pub(crate) const MAX_SYMBOLS: usize = u16::MAX as usize;

/// Room for texts that an emptied dictionary keeps.
const KEPT_BYTES: usize = 1 << 20;

/// Distinct texts in the order first seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dictionary {
    text: String,
    ends: Vec<u32>,
    table: HashTable<u16>,
}

impl Dictionary {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all texts.
    pub(crate) fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// The text of a code.
    pub(crate) fn text(&self, code: u16) -> &str {
        text_of(&self.text, &self.ends, code)
    }

    /// The code of a text. Cost: one hash probe.
    pub(crate) fn code(&self, hash: u64, text: &str) -> Option<u16> {
        self.table.find(hash, |code| self.text(*code) == text).copied()
    }

    /// The code of a text, new if need be. The caller keeps `len` below [`MAX_SYMBOLS`].
    pub(crate) fn intern(&mut self, hasher: &RandomState, text: &str) -> u16 {
        let hash = hash_text(hasher, text);
        let Self { text: all, ends, table } = self;
        if let Some(code) = table.find(hash, |code| text_of(all, ends, *code) == text) {
            return *code;
        }
        let code = ends.len() as u16;
        all.push_str(text);
        ends.push(all.len() as u32);
        table.insert_unique(hash, code, |code| hash_text(hasher, text_of(all, ends, *code)));
        code
    }

    /// Codes in the order of their texts.
    pub(crate) fn sorted(&self) -> Box<[u16]> {
        let mut codes: Vec<u16> = (0..self.len()).map(|code| code as u16).collect();
        codes.sort_unstable_by(|a, b| self.text(*a).cmp(self.text(*b)));
        codes.into_boxed_slice()
    }

    /// A copy in little more room than it needs.
    pub(crate) fn compact(&self, hasher: &RandomState) -> Self {
        let Self { text, ends, table } = self;
        let mut table = table.clone();
        if table.num_buckets() > 2 * (table.len() * 8 / 7 + 4) {
            table.shrink_to_fit(|code| hash_text(hasher, text_of(text, ends, *code)));
        }
        Self { text: text.clone(), ends: ends.clone(), table }
    }

    /// Empties the dictionary and keeps its room, as far as keys usually need it: one segment's long keys must not hold
    /// memory in every later one.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.text.shrink_to(KEPT_BYTES);
        self.ends.clear();
        self.table.clear();
    }

    /// Room for more texts, in bytes.
    pub(crate) fn room_bytes(&self) -> usize {
        self.text.capacity() - self.text.len()
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.text.len() + self.ends.len() * 4 + self.table.allocation_size()
    }
}

/// The hash dictionaries and the primary index know a text by.
#[inline]
pub(crate) fn hash_text(hasher: &RandomState, text: &str) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(text.as_bytes());
    state.finish()
}

#[inline]
fn text_of<'a>(all: &'a str, ends: &[u32], code: u16) -> &'a str {
    let code = usize::from(code);
    let start = if code == 0 { 0 } else { ends[code - 1] as usize };
    &all[start..ends[code] as usize]
}

/// Distinct numbers, known by a 16-bit code: keys made of the codes of other dictionaries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    keys: Vec<u32>,
    table: HashTable<u16>,
}

impl Numbers {
    pub(crate) fn code(&self, key: u32) -> Option<u16> {
        self.table.find(mix(key), |code| self.keys[usize::from(*code)] == key).copied()
    }

    /// The code of a key, new if need be. The caller keeps `len` below [`MAX_SYMBOLS`].
    pub(crate) fn intern(&mut self, key: u32) -> u16 {
        let Self { keys, table } = self;
        let hash = mix(key);
        if let Some(code) = table.find(hash, |code| keys[usize::from(*code)] == key) {
            return *code;
        }
        let code = keys.len() as u16;
        keys.push(key);
        table.insert_unique(hash, code, |code| mix(keys[usize::from(*code)]));
        code
    }

    pub(crate) fn keys(&self) -> &[u32] {
        &self.keys
    }

    /// Empties the set and keeps its room.
    pub(crate) fn clear(&mut self) {
        self.keys.clear();
        self.table.clear();
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.keys.len() * 4 + self.table.allocation_size()
    }
}

/// Spreads small numbers over all bits (the finalizer of `MurmurHash3`).
const fn mix(key: u32) -> u64 {
    let mut hash = key as u64;
    hash = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ hash >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ hash >> 33
}
