//! The segment that still fills: growing columns, chains for posting lists, one sorted order of time.
//!
//! Invariants: `order` holds every row of the last [`Active::publish`] once, sorted by `(timestamp, seq)`;
//! chain counts are of live rows; `seqs` ascend.

mod push;
mod read;

use std::ops::Range;

use foldhash::fast::RandomState;

use crate::event::{Event, Role};
use crate::index::bitmap::Bitmap;
use crate::index::chain::Chains;
use crate::index::dictionary::{Dictionary, MAX_SYMBOLS, Numbers};
use crate::index::{Field, Index};
use crate::segment::rows::{EventKey, Rows};

/// What a batch of events needs in a segment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Demand {
    pub(crate) rows: usize,
    pub(crate) pids: usize,
    /// Ids, payloads and keys.
    pub(crate) bytes: usize,
}

impl Demand {
    pub(crate) fn of(event: &Event<'_>) -> Self {
        Self { rows: 1, pids: 1 + event.roles.len(), bytes: event.bytes() + 64 }
    }

    #[must_use]
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self { rows: self.rows + other.rows, pids: self.pids + other.pids, bytes: self.bytes + other.bytes }
    }
}

/// How large a segment may grow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

impl Capacity {
    /// Whether an empty segment takes the demand. One event always fits.
    pub(crate) const fn takes(self, demand: Demand) -> bool {
        demand.rows <= 1
            || demand.rows <= self.rows
                && demand.pids <= MAX_SYMBOLS
                && demand.rows <= MAX_SYMBOLS
                && demand.bytes <= self.bytes
    }
}

#[derive(Debug)]
pub(crate) struct Active {
    pub(in crate::segment) hasher: RandomState,
    pub(in crate::segment) base_seq: u64,
    /// Distance of each row's seq from `base_seq`.
    pub(in crate::segment) seqs: Vec<u32>,
    pub(in crate::segment) timestamps: Vec<i64>,
    pub(in crate::segment) wall_times: Vec<Option<i64>>,
    pub(in crate::segment) durations: Vec<Option<i64>>,
    /// Arity plus one; 0 for none.
    pub(in crate::segment) arities: Vec<u16>,
    /// Per field, code plus one; 0 for none.
    pub(in crate::segment) codes: [Vec<u16>; Field::COUNT],
    pub(in crate::segment) dictionaries: [Dictionary; Field::COUNT],
    pub(in crate::segment) module_functions: Numbers,
    pub(in crate::segment) mfas: Numbers,
    /// Code of module and function plus one; 0 for none.
    pub(in crate::segment) pairs: Vec<u16>,
    /// Code of module, function and arity plus one; 0 for none.
    pub(in crate::segment) mfa_codes: Vec<u16>,
    chains: [Chains; Index::COUNT],
    pub(in crate::segment) role_ends: Vec<u32>,
    pub(in crate::segment) role_entries: Vec<(Role, u16)>,
    pub(in crate::segment) stamped: Bitmap,
    /// Each row's event id followed by its payload.
    pub(in crate::segment) arena: String,
    pub(in crate::segment) ends: Vec<u32>,
    pub(in crate::segment) id_lens: Vec<u16>,
    /// Largest timestamp of the rows up to each row.
    highest: Vec<i64>,
    pub(in crate::segment) order: Vec<u16>,
    pub(in crate::segment) dead: Bitmap,
    pub(in crate::segment) n_dead: usize,
}

impl Active {
    pub(crate) fn new(hasher: RandomState, base_seq: u64) -> Self {
        Self {
            hasher,
            base_seq,
            seqs: Vec::new(),
            timestamps: Vec::new(),
            wall_times: Vec::new(),
            durations: Vec::new(),
            arities: Vec::new(),
            codes: Default::default(),
            dictionaries: Default::default(),
            module_functions: Numbers::default(),
            mfas: Numbers::default(),
            pairs: Vec::new(),
            mfa_codes: Vec::new(),
            chains: Default::default(),
            role_ends: Vec::new(),
            role_entries: Vec::new(),
            stamped: Bitmap::default(),
            arena: String::new(),
            ends: Vec::new(),
            id_lens: Vec::new(),
            highest: Vec::new(),
            order: Vec::new(),
            dead: Bitmap::default(),
            n_dead: 0,
        }
    }

    /// Empties the segment and keeps its room: the next one fills the same pages.
    pub(crate) fn restart(&mut self, base_seq: u64) {
        let Self {
            hasher: _,
            base_seq: base,
            seqs,
            timestamps,
            wall_times,
            durations,
            arities,
            codes,
            dictionaries,
            module_functions,
            mfas,
            pairs,
            mfa_codes,
            chains,
            role_ends,
            role_entries,
            stamped,
            arena,
            ends,
            id_lens,
            highest,
            order,
            dead,
            n_dead,
        } = self;
        *base = base_seq;
        seqs.clear();
        timestamps.clear();
        wall_times.clear();
        durations.clear();
        arities.clear();
        codes.iter_mut().for_each(Vec::clear);
        dictionaries.iter_mut().for_each(Dictionary::clear);
        module_functions.clear();
        mfas.clear();
        pairs.clear();
        mfa_codes.clear();
        chains.iter_mut().for_each(Chains::clear);
        role_ends.clear();
        role_entries.clear();
        *stamped = Bitmap::default();
        arena.clear();
        ends.clear();
        id_lens.clear();
        highest.clear();
        order.clear();
        *dead = Bitmap::default();
        *n_dead = 0;
    }

    pub(crate) const fn base_seq(&self) -> u64 {
        self.base_seq
    }

    pub(crate) fn len(&self) -> usize {
        self.timestamps.len()
    }

    pub(crate) fn live(&self) -> usize {
        self.len() - self.n_dead
    }

    pub(crate) const fn n_dead(&self) -> usize {
        self.n_dead
    }

    /// Whether the demand fits beside what is here.
    pub(crate) fn has_room(&self, demand: Demand, capacity: Capacity) -> bool {
        let symbols = |field: Field| self.dictionaries[field as usize].len();
        let fullest = Field::ALL.iter().map(|field| symbols(*field)).max().unwrap_or(0);
        capacity.takes(Demand {
            rows: self.len() + demand.rows,
            pids: symbols(Field::Pid) + demand.pids,
            bytes: self.arena.len() + self.symbol_bytes() + demand.bytes,
        }) && fullest + demand.rows <= MAX_SYMBOLS
    }

    /// Removes a row from every index; says whether it was live.
    pub(crate) fn kill(&mut self, row: usize) -> bool {
        if !self.dead.insert(row) {
            return false;
        }
        self.n_dead += 1;
        for index in Index::ALL {
            if index == Index::Process {
                let (subject, roles) = (self.code(Field::Pid, row), self.role_slice(row));
                let pids: Vec<u16> = distinct_pids(subject, roles).collect();
                for code in pids {
                    self.chains[index as usize].forget(code);
                }
            } else if let Some(code) = self.index_code(index, row) {
                self.chains[index as usize].forget(code);
            }
        }
        true
    }

    /// The key under which an index of single values lists a row.
    fn index_code(&self, index: Index, row: usize) -> Option<u16> {
        match index {
            Index::Arity => self.arity(row).map(u16::from),
            Index::ModuleFunction => self.pairs[row].checked_sub(1),
            Index::Mfa => self.mfa_codes[row].checked_sub(1),
            _ => index.field().and_then(|field| self.code(field, row)),
        }
    }

    pub(in crate::segment) fn role_slice(&self, row: usize) -> &[(Role, u16)] {
        let start = if row == 0 { 0 } else { self.role_ends[row - 1] as usize };
        &self.role_entries[start..self.role_ends[row] as usize]
    }

    pub(crate) fn chains(&self, index: Index) -> &Chains {
        &self.chains[index as usize]
    }

    pub(crate) fn is_dead(&self, row: usize) -> bool {
        self.n_dead > 0 && self.dead.contains(row)
    }

    /// Rows in the order of time, dead ones included.
    pub(crate) fn order(&self) -> &[u16] {
        &self.order
    }

    /// Part of [`Self::order`] whose timestamps lie in `since..=until`.
    pub(crate) fn span(&self, since: i64, until: i64) -> &[u16] {
        let lo = self.order.partition_point(|row| self.timestamp(usize::from(*row)) < since);
        let hi = self.order.partition_point(|row| self.timestamp(usize::from(*row)) <= until);
        &self.order[lo..hi.max(lo)]
    }

    /// Largest timestamp among the rows up to and including `row`.
    pub(crate) fn highest_up_to(&self, row: usize) -> i64 {
        self.highest[row]
    }

    /// Keys of the oldest and the newest live row.
    pub(crate) fn bounds(&self) -> Option<(EventKey, EventKey)> {
        let live = |row: &&u16| !self.is_dead(usize::from(**row));
        let first = self.order.iter().find(live)?;
        let last = self.order.iter().rev().find(live)?;
        Some((self.key(usize::from(*first)), self.key(usize::from(*last))))
    }

    /// The row of a seq, dead or alive.
    pub(crate) fn row_of(&self, seq: u64) -> Option<usize> {
        let offset = u32::try_from(seq.checked_sub(self.base_seq)?).ok()?;
        match self.seqs.get(offset as usize) {
            Some(found) if *found == offset => Some(offset as usize),
            _ => self.seqs.binary_search(&offset).ok(),
        }
    }

    /// Bytes in use; room kept for the next rows is not counted.
    pub(crate) fn heap_bytes(&self) -> usize {
        // Columns of 4 + 8 + 8 + 16 + 16 + 2 + 2 + 2 + 2 + 2 + 4 + 4 bytes, and the codes.
        let numbers = self.len() * 70 + self.role_entries.len() * 4;
        numbers
            + self.arena.len()
            + self.stamped.heap_bytes()
            + self.dead.heap_bytes()
            + self.index_bytes().iter().sum::<usize>()
            + self.codes.iter().map(|column| column.len() * 2).sum::<usize>()
            + self.dictionaries[Field::Parent as usize].heap_bytes()
    }

    /// Room kept for the next rows, in bytes, but for what the allocator never touched.
    pub(crate) fn room_bytes(&self) -> usize {
        let rows = self.timestamps.capacity().max(self.len()) - self.len();
        let nodes: usize = self.chains.iter().map(Chains::room_bytes).sum();
        let keys: usize = self.dictionaries.iter().map(Dictionary::room_bytes).sum();
        rows * (70 + 2 * Field::COUNT) + nodes + keys + self.arena.capacity() - self.arena.len()
    }

    fn symbol_bytes(&self) -> usize {
        self.dictionaries.iter().map(Dictionary::text_bytes).sum()
    }

    /// Bytes of each index: its symbols and its posting lists.
    pub(crate) fn index_bytes(&self) -> [usize; Index::COUNT] {
        Index::ALL.map(|index| {
            let symbols = match index {
                Index::ModuleFunction => self.module_functions.heap_bytes(),
                Index::Mfa => self.mfas.heap_bytes(),
                _ => index.field().map_or(0, |field| self.dictionaries[field as usize].heap_bytes()),
            };
            symbols + self.chains[index as usize].heap_bytes()
        })
    }

    fn arena_start(&self, row: usize) -> usize {
        if row == 0 { 0 } else { self.ends[row - 1] as usize }
    }

    /// Where in the arena a row's id and payload lie.
    pub(in crate::segment) fn text_range(&self, row: usize) -> Range<usize> {
        self.arena_start(row)..self.ends[row] as usize
    }
}

/// Every pid of a row once: the subject, then the others in the order of their roles.
pub(crate) fn distinct_pids(subject: Option<u16>, roles: &[(Role, u16)]) -> impl Iterator<Item = u16> {
    let others = roles.iter().enumerate().filter(move |(at, (_, code))| {
        subject != Some(*code) && !roles[..*at].iter().any(|(_, earlier)| earlier == code)
    });
    subject.into_iter().chain(others.map(|(_, (_, code))| *code))
}

/// Key of a module and a function.
pub(crate) const fn pair_key(module: u16, function: u16) -> u32 {
    (module as u32) << 16 | function as u32
}

/// Key of a module and function, and an arity.
pub(crate) const fn mfa_key(pair: u16, arity: u8) -> u32 {
    (pair as u32) << 8 | arity as u32
}
