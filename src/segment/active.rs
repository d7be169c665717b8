//! The segment that still fills: growing columns, chains for posting lists, one sorted order of time.
//!
//! Invariants: `order` holds every row of the last [`Active::publish`] once, sorted by `(timestamp, seq)`;
//! chain counts are of live rows; `seqs` ascend.

use foldhash::fast::RandomState;

use super::rows::{EventKey, Rows};
use crate::event::{Event, Role};
use crate::index::bitmap::Bitmap;
use crate::index::chain::Chains;
use crate::index::dictionary::{Dictionary, MAX_SYMBOLS, Numbers};
use crate::index::{Field, Index};

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
        let keys = [
            &event.event_id,
            &event.node,
            &event.pid,
            &event.event_type,
            &event.module,
            &event.function,
            &event.correlation_id,
            &event.parent_id,
            &event.call_id,
            &event.session_id,
            &event.ast_node_id,
        ];
        let keys = keys.into_iter().flatten().chain(event.roles.iter().map(|(_, pid)| pid)).map(|key| key.len());
        Self { rows: 1, pids: 1 + event.roles.len(), bytes: event.data.len() + 64 + keys.sum::<usize>() }
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
    pub(super) hasher: RandomState,
    pub(super) base_seq: u64,
    /// Distance of each row's seq from `base_seq`.
    pub(super) seqs: Vec<u32>,
    pub(super) timestamps: Vec<i64>,
    pub(super) wall_times: Vec<Option<i64>>,
    pub(super) durations: Vec<Option<i64>>,
    /// Arity plus one; 0 for none.
    pub(super) arities: Vec<u16>,
    /// Per field, code plus one; 0 for none.
    pub(super) codes: [Vec<u16>; Field::COUNT],
    pub(super) dictionaries: [Dictionary; Field::COUNT],
    pub(super) module_functions: Numbers,
    pub(super) mfas: Numbers,
    chains: [Chains; Index::COUNT],
    pub(super) role_ends: Vec<u32>,
    pub(super) role_entries: Vec<(Role, u16)>,
    pub(super) stamped: Bitmap,
    /// Each row's event id followed by its payload.
    pub(super) arena: String,
    pub(super) ends: Vec<u32>,
    pub(super) id_lens: Vec<u16>,
    /// Largest timestamp of the rows up to each row.
    highest: Vec<i64>,
    pub(super) order: Vec<u16>,
    pub(super) dead: Bitmap,
    pub(super) n_dead: usize,
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

    /// Appends one event; returns its row. The row is found by every index at once, and by time after
    /// [`Self::publish`].
    pub(crate) fn push(&mut self, seq: u64, timestamp: i64, stamped: bool, event_id: &str, event: &Event<'_>) -> usize {
        let at = self.len();
        let row = at as u16;
        self.seqs.push((seq - self.base_seq) as u32);
        self.timestamps.push(timestamp);
        self.highest.push(self.highest.last().map_or(timestamp, |high| timestamp.max(*high)));
        self.wall_times.push(event.wall_time);
        self.durations.push(event.duration_ns);
        self.arities.push(event.arity.map_or(0, |arity| u16::from(arity) + 1));
        if stamped {
            self.stamped.insert(at);
        }

        self.push_text(Field::Node, Some(Index::Node), row, event.node.as_deref());
        let pid = self.push_text(Field::Pid, Some(Index::Process), row, event.pid.as_deref());
        self.push_text(Field::EventType, Some(Index::EventType), row, event.event_type.as_deref());
        let module = self.push_text(Field::Module, Some(Index::Module), row, event.module.as_deref());
        let function = self.push_text(Field::Function, Some(Index::Function), row, event.function.as_deref());
        self.push_text(Field::Correlation, Some(Index::Correlation), row, event.correlation_id.as_deref());
        self.push_text(Field::Parent, None, row, event.parent_id.as_deref());
        self.push_text(Field::Call, Some(Index::Call), row, event.call_id.as_deref());
        self.push_text(Field::Session, Some(Index::Session), row, event.session_id.as_deref());
        self.push_text(Field::AstNode, Some(Index::AstNode), row, event.ast_node_id.as_deref());

        if let Some(arity) = event.arity {
            self.chains[Index::Arity as usize].push(u16::from(arity), row);
        }
        if let (Some(module), Some(function)) = (module, function) {
            let pair = self.module_functions.intern(pair_key(module, function));
            self.chains[Index::ModuleFunction as usize].push(pair, row);
            if let Some(arity) = event.arity {
                let mfa = self.mfas.intern(mfa_key(pair, arity));
                self.chains[Index::Mfa as usize].push(mfa, row);
            }
        }
        self.push_roles(row, pid, event);

        self.arena.push_str(event_id);
        self.arena.push_str(&event.data);
        self.ends.push(self.arena.len() as u32);
        self.id_lens.push(event_id.len() as u16);
        at
    }

    fn push_text(&mut self, field: Field, index: Option<Index>, row: u16, text: Option<&str>) -> Option<u16> {
        let column = &mut self.codes[field as usize];
        let Some(text) = text else {
            column.push(0);
            return None;
        };
        let dictionary = &mut self.dictionaries[field as usize];
        // Runs of equal values are the rule (node, session, pid): comparing is cheaper than hashing.
        let code = match column.last() {
            Some(last @ 1..) if dictionary.text(last - 1) == text => last - 1,
            _ => dictionary.intern(&self.hasher, text),
        };
        column.push(code + 1);
        if let Some(index) = index {
            self.chains[index as usize].push(code, row);
        }
        Some(code)
    }

    /// A pid in several roles of one event is one posting.
    fn push_roles(&mut self, row: u16, subject: Option<u16>, event: &Event<'_>) {
        let start = self.role_entries.len();
        for (role, pid) in &event.roles {
            let code = self.dictionaries[Field::Pid as usize].intern(&self.hasher, pid);
            let known = subject == Some(code) || self.role_entries[start..].iter().any(|(_, other)| *other == code);
            self.role_entries.push((*role, code));
            if !known {
                self.chains[Index::Process as usize].push(code, row);
            }
        }
        self.role_ends.push(self.role_entries.len() as u32);
    }

    /// Sorts the rows pushed since the last call into the order of time.
    pub(crate) fn publish(&mut self) {
        let first = self.order.len();
        let mut fresh: Vec<u16> = (first..self.len()).map(|row| row as u16).collect();
        let timestamps = &self.timestamps;
        let time = |row: &u16| timestamps[usize::from(*row)];
        if !fresh.is_sorted_by_key(time) {
            fresh.sort_by_key(time);
        }
        let Some(earliest) = fresh.first().map(time) else { return };
        // Order: equal timestamps keep the order of their rows, which is that of their seqs.
        let cut = self.order.partition_point(|row| time(row) <= earliest);
        if cut == self.order.len() {
            self.order.extend_from_slice(&fresh);
            return;
        }
        let tail = self.order.split_off(cut);
        let (mut old, mut new) = (tail.iter().peekable(), fresh.iter().peekable());
        loop {
            let row = match (old.peek(), new.peek()) {
                (Some(left), Some(right)) if time(left) <= time(right) => old.next(),
                (_, Some(_)) => new.next(),
                (Some(_), None) => old.next(),
                (None, None) => break,
            };
            self.order.extend(row);
        }
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
    pub(super) fn index_code(&self, index: Index, row: usize) -> Option<u16> {
        match index {
            Index::Arity => self.arity(row).map(u16::from),
            Index::ModuleFunction => self.module_function(row),
            Index::Mfa => self.mfa(row),
            _ => index.field().and_then(|field| self.code(field, row)),
        }
    }

    pub(super) fn role_slice(&self, row: usize) -> &[(Role, u16)] {
        let start = if row == 0 { 0 } else { self.role_ends[row - 1] as usize };
        &self.role_entries[start..self.role_ends[row] as usize]
    }

    fn module_function(&self, row: usize) -> Option<u16> {
        let key = pair_key(self.code(Field::Module, row)?, self.code(Field::Function, row)?);
        self.module_functions.code(key)
    }

    fn mfa(&self, row: usize) -> Option<u16> {
        self.mfas.code(mfa_key(self.module_function(row)?, self.arity(row)?))
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

    pub(crate) fn heap_bytes(&self) -> usize {
        let numbers = self.seqs.capacity() * 4
            + (self.timestamps.capacity() + self.highest.capacity()) * 8
            + (self.wall_times.capacity() + self.durations.capacity()) * 16
            + (self.arities.capacity() + self.id_lens.capacity() + self.order.capacity()) * 2
            + (self.role_ends.capacity() + self.ends.capacity() + self.role_entries.capacity()) * 4;
        numbers
            + self.arena.capacity()
            + self.stamped.heap_bytes()
            + self.dead.heap_bytes()
            + self.index_bytes().iter().sum::<usize>()
            + self.codes.iter().map(|column| column.capacity() * 2).sum::<usize>()
            + self.dictionaries[Field::Parent as usize].heap_bytes()
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

impl Rows for Active {
    fn timestamp(&self, row: usize) -> i64 {
        self.timestamps[row]
    }

    fn seq(&self, row: usize) -> u64 {
        self.base_seq + u64::from(self.seqs[row])
    }

    fn wall_time(&self, row: usize) -> Option<i64> {
        self.wall_times[row]
    }

    fn duration(&self, row: usize) -> Option<i64> {
        self.durations[row]
    }

    fn arity(&self, row: usize) -> Option<u8> {
        self.arities[row].checked_sub(1).map(|arity| arity as u8)
    }

    fn code(&self, field: Field, row: usize) -> Option<u16> {
        self.codes[field as usize][row].checked_sub(1)
    }

    fn roles(&self, row: usize) -> impl Iterator<Item = (Role, u16)> {
        self.role_slice(row).iter().copied()
    }

    fn stamped(&self, row: usize) -> bool {
        self.stamped.contains(row)
    }

    fn event_id(&self, row: usize) -> &str {
        let start = self.arena_start(row);
        &self.arena[start..start + usize::from(self.id_lens[row])]
    }

    fn data(&self, row: usize) -> &str {
        &self.arena[self.arena_start(row) + usize::from(self.id_lens[row])..self.ends[row] as usize]
    }

    fn dictionary(&self, field: Field) -> &Dictionary {
        &self.dictionaries[field as usize]
    }

    fn module_functions(&self) -> &Numbers {
        &self.module_functions
    }

    fn mfas(&self) -> &Numbers {
        &self.mfas
    }

    fn ast_codes(&self, prefix: &str) -> Vec<u16> {
        let dictionary = self.dictionary(Field::AstNode);
        (0..dictionary.len() as u32)
            .map(|code| code as u16)
            .filter(|code| dictionary.text(*code).starts_with(prefix))
            .collect()
    }
}
