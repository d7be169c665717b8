//! Counting what is held: events, keys and entries of every index, and the memory they take.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::{HotTier, SealedSet};
use crate::index::{Field, Index};
use crate::segment::{Active, Rows, View};

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
    pub(crate) fn census(&self) -> Census {
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
        let fresh: Vec<Vec<(String, u64)>> = Index::ALL.map(|index| active_counts(&state.active, index)).into();
        let mut bytes = state.active.index_bytes();
        let sealed: Arc<SealedSet> = Arc::clone(&state.sealed);
        drop(state);

        for view in &sealed.views {
            for (total, more) in bytes.iter_mut().zip(view.segment.index_bytes()) {
                *total += more;
            }
        }
        for ((index, fresh), bytes) in Index::ALL.into_iter().zip(&fresh).zip(bytes) {
            let mut counts: Counts<'_> = Counts::default();
            for (text, live) in fresh {
                *counts.entry(Key::Borrowed(text)).or_default() += live;
            }
            for view in &sealed.views {
                count_view(view, index, &mut counts);
            }
            let entries = counts.values().sum();
            census.indexes.push((index, IndexSize { keys: counts.len() as u64, entries, bytes: bytes as u64 }));
            match index {
                Index::EventType => census.top_event_types = top(counts),
                Index::Process => census.top_pids = top(counts),
                Index::Mfa => census.top_functions = top(counts),
                _ => {}
            }
        }
        census
    }
}

/// A key as it is shown, borrowed where a segment holds its text.
type Key<'a> = Cow<'a, str>;

type Counts<'a> = HashMap<Key<'a>, u64, RandomState>;

fn top(counts: Counts<'_>) -> Vec<(String, u64)> {
    let mut counts: Vec<(String, u64)> = counts.into_iter().map(|(key, count)| (key.into_owned(), count)).collect();
    counts.sort_unstable_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
    counts.truncate(TOP);
    counts
}

fn active_counts(active: &Active, index: Index) -> Vec<(String, u64)> {
    let codes = codes_of(active, index);
    let live = |code| active.chains(index).live(code) as u64;
    (0..codes as u32)
        .map(|code| code as u16)
        .filter(|code| live(*code) > 0)
        .map(|code| (shown(active, index, code), live(code)))
        .collect()
}

fn count_view<'a>(view: &'a View, index: Index, counts: &mut Counts<'a>) {
    let segment = &*view.segment;
    let postings = segment.postings(index);
    for code in (0..postings.codes() as u32).map(|code| code as u16) {
        let live = view.live_of(view.above_floor(postings.list(code)));
        if live > 0 {
            let key = match index.field() {
                Some(field) => Key::Borrowed(segment.dictionary(field).text(code)),
                None => Key::Owned(shown(segment, index, code)),
            };
            *counts.entry(key).or_default() += live as u64;
        }
    }
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
    let pair = |code: u16| {
        let key = rows.module_functions().keys()[usize::from(code)];
        let (module, function) = ((key >> 16) as u16, key as u16);
        format!("{}.{}", rows.dictionary(Field::Module).text(module), rows.dictionary(Field::Function).text(function))
    };
    match index {
        Index::Arity => code.to_string(),
        Index::ModuleFunction => pair(code),
        Index::Mfa => {
            let key = rows.mfas().keys()[usize::from(code)];
            format!("{}/{}", pair((key >> 8) as u16), key as u8)
        }
        _ => index.field().map_or_else(String::new, |field| rows.dictionary(field).text(code).to_owned()),
    }
}
