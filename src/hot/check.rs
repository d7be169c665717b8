//! Every index against the events themselves: the invariants, checked by reading everything.

use std::collections::HashMap;

use super::{HotTier, State};
use crate::event::Role;
use crate::index::{Field, Index};
use crate::segment::active::distinct_pids;
use crate::segment::{Rows, View};

impl HotTier {
    /// Checks every invariant of the tier; names the first that does not hold. Cost: O(events).
    pub(crate) fn verify(&self) -> Result<(), String> {
        let _writer = self.writer.lock();
        let state = self.state.read();
        let mut seqs = 0_u64;
        for (at, view) in state.sealed.views.iter().enumerate() {
            let segment = &view.segment;
            if segment.base_seq() < seqs {
                return Err(format!("segment {at} starts at seq {} inside its predecessor", segment.base_seq()));
            }
            seqs = segment.last_seq() + 1;
            verify_view(view).map_err(|broken| format!("segment {at}: {broken}"))?;
            let ids = view.live_ranks().map(|rank| (segment.event_id(rank), segment.seq(rank)));
            self.verify_ids(&state, ids)?;
        }
        if state.active.base_seq() < seqs {
            return Err("the active segment starts inside a sealed one".to_owned());
        }
        verify_active(&state)?;
        let rows = (0..state.active.len()).filter(|row| !state.active.is_dead(*row));
        self.verify_ids(&state, rows.map(|row| (state.active.event_id(row), state.active.seq(row))))?;

        let in_time = state.sealed.by_time.iter().map(|at| state.sealed.views[*at as usize].segment.first_key());
        if !in_time.is_sorted() || state.sealed.by_time.len() != state.sealed.views.len() {
            return Err("the time directory does not list every segment in the order of time".to_owned());
        }
        let live = state.events();
        if (self.primary.len() as u64) < live {
            return Err(format!("the primary index has {} entries for {live} events", self.primary.len()));
        }
        Ok(())
    }

    fn verify_ids<'a>(&self, state: &State, ids: impl Iterator<Item = (&'a str, u64)>) -> Result<(), String> {
        for (id, seq) in ids {
            let found = self.primary.find(self.hash_id(id), |entry| {
                let place = state.place(entry)?;
                (state.event_id(place) == id).then_some(entry)
            });
            if found != Some(seq) {
                return Err(format!("primary index: {id:?} is at seq {seq}, found {found:?}"));
            }
        }
        Ok(())
    }
}

/// Keys of a row in an index, read from its columns alone.
fn keys_of(rows: &impl Rows, index: Index, row: usize) -> Vec<u16> {
    let pair = || {
        let (module, function) = (rows.code(Field::Module, row)?, rows.code(Field::Function, row)?);
        rows.module_functions().code(crate::segment::active::pair_key(module, function))
    };
    match index {
        Index::Process => {
            let roles: Vec<(Role, u16)> = rows.roles(row).collect();
            distinct_pids(rows.code(Field::Pid, row), &roles).collect()
        }
        Index::Arity => rows.arity(row).map(u16::from).into_iter().collect(),
        Index::ModuleFunction => pair().into_iter().collect(),
        Index::Mfa => {
            let key = pair().zip(rows.arity(row)).map(|(pair, arity)| crate::segment::active::mfa_key(pair, arity));
            key.and_then(|key| rows.mfas().code(key)).into_iter().collect()
        }
        _ => index.field().and_then(|field| rows.code(field, row)).into_iter().collect(),
    }
}

fn verify_view(view: &View) -> Result<(), String> {
    let segment = &*view.segment;
    if view.live() == 0 {
        return Err("no live row".to_owned());
    }
    if view.live_ranks().count() != view.live() {
        return Err(format!("counts {} live rows, has {}", view.live(), view.live_ranks().count()));
    }
    if !(0..segment.len()).map(|rank| segment.key(rank)).is_sorted() {
        return Err("ranks are not in the order of time".to_owned());
    }
    if let Some(rank) = (0..segment.len()).find(|rank| segment.rank_of_seq(segment.seq(*rank)) != Some(*rank)) {
        return Err(format!("seq {} does not find its rank {rank}", segment.seq(rank)));
    }
    for index in Index::ALL {
        let mut expected: HashMap<u16, Vec<u16>> = HashMap::new();
        for rank in 0..segment.len() {
            for code in keys_of(segment, index, rank) {
                expected.entry(code).or_default().push(rank as u16);
            }
        }
        let postings = segment.postings(index);
        for code in (0..postings.codes() as u32).map(|code| code as u16) {
            let listed: Vec<u16> = match postings.list(code) {
                crate::index::postings::List::Range(lo, hi) => (lo..hi).map(|rank| rank as u16).collect(),
                crate::index::postings::List::Ranks(ranks) => ranks.to_vec(),
            };
            if listed != expected.remove(&code).unwrap_or_default() {
                return Err(format!("index {index}: key {code} lists other rows than have it"));
            }
        }
        if !expected.is_empty() {
            return Err(format!("index {index}: keys {:?} are not listed", expected.keys()));
        }
    }
    Ok(())
}

fn verify_active(state: &State) -> Result<(), String> {
    let active = &state.active;
    let keys = active.order().iter().map(|row| active.key(usize::from(*row)));
    if !keys.is_sorted() || active.order().len() != active.len() {
        return Err("active segment: the order of time does not list every row in order".to_owned());
    }
    let live = (0..active.len()).filter(|row| !active.is_dead(*row)).count();
    if live != active.live() {
        return Err(format!("active segment: counts {} live rows, has {live}", active.live()));
    }
    for index in Index::ALL {
        let mut expected: HashMap<u16, Vec<u16>> = HashMap::new();
        for row in (0..active.len()).rev() {
            for code in keys_of(active, index, row) {
                expected.entry(code).or_default().push(row as u16);
            }
        }
        for (code, rows) in expected {
            let chains = active.chains(index);
            if chains.rows(code).collect::<Vec<_>>() != rows {
                return Err(format!("active segment, index {index}: key {code} lists other rows than have it"));
            }
            let live = rows.iter().filter(|row| !active.is_dead(usize::from(**row))).count();
            if chains.live(code) != live {
                return Err(format!(
                    "active segment, index {index}: key {code} counts {} of {live}",
                    chains.live(code)
                ));
            }
        }
    }
    Ok(())
}
