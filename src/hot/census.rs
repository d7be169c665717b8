//! Counting what is held: events, keys and entries of every index, and the memory they take.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::{HotTier, SealedSet};
use crate::error::{Error, Result};
use crate::index::{Field, Index};
use crate::segment::{Active, Rows, View};
use crate::watch::Watch;

/// Size of one secondary index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct IndexSize {
    /// Distinct keys with at least one live event.
    pub(crate) keys: u64,
    /// Postings of live events.
    pub(crate) entries: u64,
    /// Symbols and posting lists, removed events included until their segment goes.
    pub(crate) bytes: u64,
}

/// Memory in bytes, by capacity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Everything below.
    pub(crate) total: u64,
    /// Columns and payload.
    pub(crate) events: u64,
    /// The primary index.
    pub(crate) primary: u64,
    /// The part of the total that would be left if removed rows held nothing.
    pub(crate) live: u64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Census {
    pub(crate) events: u64,
    pub(crate) oldest: Option<i64>,
    pub(crate) newest: Option<i64>,
    /// Events whose time is far from the other times of their source.
    pub(crate) far: u64,
    pub(crate) segments: u64,
    pub(crate) memory: Memory,
    pub(crate) indexes: Vec<(Index, IndexSize)>,
    /// Most frequent event types, pids and functions.
    pub(crate) top_event_types: Vec<(String, u64)>,
    pub(crate) top_pids: Vec<(String, u64)>,
    pub(crate) top_functions: Vec<(String, u64)>,
}

/// Keys shown in each list of the most frequent.
pub(crate) const TOP: usize = 10;

impl HotTier {
    /// Memory as it is. Cost: O(segments).
    pub(crate) fn memory(&self) -> Memory {
        let state = self.read();
        let primary = self.primary.heap_bytes();
        let share = |bytes: usize, live: usize, rows: usize| {
            if rows == 0 { 0 } else { (bytes as u128 * live as u128 / rows as u128) as usize }
        };
        let active = state.active.heap_bytes();
        let room = state.active.room_bytes();
        let (mut total, mut live) = (active + room + primary, share(active, state.active.live(), state.active.len()));
        let mut indexes: usize = state.active.index_bytes().iter().sum();
        for view in &state.sealed.views {
            let bytes = view.heap_bytes();
            total += bytes;
            live += share(bytes, view.live(), view.segment.len());
            indexes += view.segment.bytes_of_indexes();
        }
        live += share(primary, state.events() as usize, self.primary.len().max(state.events() as usize));
        Memory {
            total: total as u64,
            events: (total - indexes - primary) as u64,
            primary: primary as u64,
            live: live as u64,
        }
    }

    /// Counts everything. Cost: O(distinct keys per segment); the lock is held for the active segment only.
    ///
    /// # Errors
    /// [`Cancelled`](crate::ErrorKind::Cancelled) when the watch ended it.
    pub(crate) fn census(&self, watch: &dyn Watch) -> Result<Census> {
        let memory = self.memory();
        let state = self.read();
        let span = state.span();
        let mut census = Census {
            events: state.events(),
            oldest: span.map(|(oldest, _)| oldest),
            newest: span.map(|(_, newest)| newest),
            far: state.far_events(),
            segments: state.sealed.views.len() as u64 + u64::from(state.active.len() > 0),
            memory,
            ..Census::default()
        };
        let keys = Keys::default();
        let fresh: Vec<Vec<Fresh>> = Index::ALL.map(|index| keys.of_active(&state.active, index)).into();
        let mut bytes = state.active.index_bytes();
        let sealed: Arc<SealedSet> = Arc::clone(&state.sealed);
        drop(state);

        for view in &sealed.views {
            for (total, more) in bytes.iter_mut().zip(view.segment.index_bytes()) {
                *total += more;
            }
        }
        for ((index, fresh), bytes) in Index::ALL.into_iter().zip(&fresh).zip(bytes) {
            let most =
                fresh.len() + sealed.views.iter().map(|view| view.segment.postings(index).codes()).max().unwrap_or(0);
            let mut counts = Counts::with_capacity_and_hasher(most, RandomState::default());
            for (at, Fresh { key, live, .. }) in fresh.iter().enumerate() {
                counts.entry(*key).or_insert(Counted { live: 0, place: Place::Fresh(at as u32) }).live += live;
            }
            for (at, view) in sealed.views.iter().enumerate() {
                if watch.is_cancelled() {
                    return Err(Error::cancelled());
                }
                keys.count_view(at as u32, view, index, &mut counts);
            }
            let entries = counts.values().map(|counted| counted.live).sum();
            census.indexes.push((index, IndexSize { keys: counts.len() as u64, entries, bytes: bytes as u64 }));
            let name = |place: Place| match place {
                Place::Fresh(at) => fresh[at as usize].name.clone().unwrap_or_default(),
                Place::Sealed(at, code) => shown(&*sealed.views[at as usize].segment, index, code),
            };
            match index {
                Index::EventType => census.top_event_types = top(&counts, name),
                Index::Process => census.top_pids = top(&counts, name),
                Index::Mfa => census.top_functions = top(&counts, name),
                _ => {}
            }
        }
        Ok(census)
    }
}

/// Where the text of a key is found.
#[derive(Clone, Copy, Debug)]
enum Place {
    Fresh(u32),
    /// Place of a view, code.
    Sealed(u32, u16),
}

#[derive(Clone, Copy, Debug)]
struct Counted {
    live: u64,
    place: Place,
}

/// Keys by two hashes of the text they are shown as: of a million keys two would be taken for one in one store of 10^26.
type Counts = HashMap<u128, Counted, RandomState>;

/// A key of the active segment.
struct Fresh {
    key: u128,
    live: u64,
    /// Of an index whose most frequent keys are shown.
    name: Option<String>,
}

/// The hashes keys are told apart by: no text is copied to count it.
#[derive(Default)]
struct Keys {
    high: RandomState,
    low: RandomState,
}

impl Keys {
    fn of(&self, text: &str) -> u128 {
        u128::from(self.high.hash_one(text)) << 64 | u128::from(self.low.hash_one(text))
    }

    fn of_active(&self, active: &Active, index: Index) -> Vec<Fresh> {
        let mut text = String::new();
        let is_shown = matches!(index, Index::EventType | Index::Process | Index::Mfa);
        let codes = (0..codes_of(active, index) as u32).map(|code| code as u16);
        let live = codes.map(|code| (code, active.chains(index).live(code) as u64)).filter(|(_, live)| *live > 0);
        live.map(|(code, live)| {
            let key = match index.field() {
                Some(field) => self.of(active.dictionary(field).text(code)),
                None => {
                    text.clear();
                    write_shown(&mut text, active, index, code);
                    self.of(&text)
                }
            };
            Fresh { key, live, name: is_shown.then(|| shown(active, index, code)) }
        })
        .collect()
    }

    fn count_view(&self, at: u32, view: &View, index: Index, counts: &mut Counts) {
        let segment = &*view.segment;
        let postings = segment.postings(index);
        let mut text = String::new();
        for code in (0..postings.codes() as u32).map(|code| code as u16) {
            let live = view.live_of(view.above_floor(postings.list(code)));
            if live == 0 {
                continue;
            }
            let key = match index.field() {
                Some(field) => self.of(segment.dictionary(field).text(code)),
                None => {
                    text.clear();
                    write_shown(&mut text, segment, index, code);
                    self.of(&text)
                }
            };
            counts.entry(key).or_insert(Counted { live: 0, place: Place::Sealed(at, code) }).live += live as u64;
        }
    }
}

/// The keys with the most events, of as many the first by name; names are made only for what may be among them.
fn top(counts: &Counts, name: impl Fn(Place) -> String) -> Vec<(String, u64)> {
    let mut best: Vec<(String, u64)> = Vec::with_capacity(TOP + 1);
    for Counted { live, place } in counts.values() {
        if best.len() == TOP && best.last().is_some_and(|(_, least)| live < least) {
            continue;
        }
        let name = name(*place);
        let at = best.partition_point(|(other, n)| n > live || n == live && *other < name);
        best.insert(at, (name, *live));
        best.truncate(TOP);
    }
    best
}

pub(super) fn codes_of(rows: &impl Rows, index: Index) -> usize {
    match index {
        Index::Arity => 256,
        Index::ModuleFunction => rows.module_functions().keys().len(),
        Index::Mfa => rows.mfas().keys().len(),
        _ => index.field().map_or(0, |field| rows.dictionary(field).len()),
    }
}

/// A key as a user writes it: `Module.function/arity`.
pub(super) fn shown(rows: &impl Rows, index: Index, code: u16) -> String {
    let mut text = String::new();
    write_shown(&mut text, rows, index, code);
    text
}

fn write_shown(text: &mut String, rows: &impl Rows, index: Index, code: u16) {
    let pair = |text: &mut String, code: u16| {
        let key = rows.module_functions().keys()[usize::from(code)];
        text.push_str(rows.dictionary(Field::Module).text((key >> 16) as u16));
        text.push('.');
        text.push_str(rows.dictionary(Field::Function).text(key as u16));
    };
    match index {
        Index::Arity => text.push_str(itoa::Buffer::new().format(code)),
        Index::ModuleFunction => pair(text, code),
        Index::Mfa => {
            let key = rows.mfas().keys()[usize::from(code)];
            pair(text, (key >> 8) as u16);
            text.push('/');
            text.push_str(itoa::Buffer::new().format(key as u8));
        }
        _ => text.push_str(index.field().map_or("", |field| rows.dictionary(field).text(code))),
    }
}
