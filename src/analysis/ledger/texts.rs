//! How are the same few texts held once?

use std::collections::HashMap;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

pub(crate) type Map<K, V> = HashMap<K, V, FixedState>;

/// A text, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Sym(u32);

impl Sym {
    /// Texts are numbered from 0, in the order they were first seen.
    pub(crate) const fn number(self) -> usize {
        self.0 as usize
    }
}

/// Texts, each held once, in one block.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    hasher: FixedState,
    block: String,
    /// End of each text in the block.
    ends: Vec<usize>,
    table: HashTable<Slot>,
}

/// A text's number, and the hash it is found by: no other text is read on the way.
#[derive(Clone, Copy, Debug)]
struct Slot {
    sym: u32,
    hash: u32,
}

impl Slot {
    /// The table takes its places from the low bits and its marks from the high ones.
    fn spread(hash: u32) -> u64 {
        u64::from(hash) << 32 | u64::from(hash)
    }
}

impl Texts {
    /// The number of a text. Cost: one hash and one probe.
    pub(crate) fn intern(&mut self, text: &str) -> Sym {
        let hash = self.hasher.hash_one(text) as u32;
        if let Some(sym) = self.found(hash, text) {
            return sym;
        }
        let Self { block, ends, table, .. } = self;
        let sym = ends.len() as u32;
        block.push_str(text);
        ends.push(block.len());
        table.insert_unique(Slot::spread(hash), Slot { sym, hash }, |slot| Slot::spread(slot.hash));
        Sym(sym)
    }

    /// The number of a text that was seen.
    pub(crate) fn find(&self, text: &str) -> Option<Sym> {
        self.found(self.hasher.hash_one(text) as u32, text)
    }

    fn found(&self, hash: u32, text: &str) -> Option<Sym> {
        let is_it = |slot: &Slot| slot.hash == hash && text_at(&self.block, &self.ends, slot.sym) == text;
        self.table.find(Slot::spread(hash), is_it).map(|slot| Sym(slot.sym))
    }

    pub(crate) fn get(&self, sym: Sym) -> &str {
        text_at(&self.block, &self.ends, sym.0)
    }
}

fn text_at<'t>(block: &'t str, ends: &[usize], sym: u32) -> &'t str {
    let at = sym as usize;
    let start = if at == 0 { 0 } else { ends[at - 1] };
    &block[start..ends[at]]
}

/// A name as it is written: `Account`, `cart_4`.
pub(crate) fn bare(name: &str) -> &str {
    name.strip_prefix(':').unwrap_or(name)
}
