//! How are the same few texts held once?

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// A text, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Sym(u32);

/// Texts, each held once, in one block.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    hasher: FixedState,
    block: String,
    /// End of each text in the block.
    ends: Vec<usize>,
    table: HashTable<u32>,
}

impl Texts {
    /// The number of a text. Cost: one hash and one probe.
    pub(crate) fn intern(&mut self, text: &str) -> Sym {
        let Self { hasher, block, ends, table } = self;
        let hash = hasher.hash_one(text);
        if let Some(sym) = table.find(hash, |sym| text_at(block, ends, *sym) == text) {
            return Sym(*sym);
        }
        let sym = ends.len() as u32;
        block.push_str(text);
        ends.push(block.len());
        table.insert_unique(hash, sym, |sym| hasher.hash_one(text_at(block, ends, *sym)));
        Sym(sym)
    }

    /// The number of a text that was seen.
    pub(crate) fn find(&self, text: &str) -> Option<Sym> {
        let hash = self.hasher.hash_one(text);
        self.table.find(hash, |sym| text_at(&self.block, &self.ends, *sym) == text).map(|sym| Sym(*sym))
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
