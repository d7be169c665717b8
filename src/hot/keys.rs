//! Which keys does an index hold, and how many events has each?

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::HotTier;
use super::census::{codes_of, shown};
use crate::error::{Error, Result};
use crate::index::{Field, Index};
use crate::segment::Rows;
use crate::watch::Watch;

/// Live events by key.
pub(crate) type KeyCounts = HashMap<String, u64, RandomState>;

impl HotTier {
    /// The keys of an index that have live events. With `module`, those of [`Index::ModuleFunction`] in that module, by
    /// the function's name alone. Cost: O(distinct keys per segment); the lock is held for the active segment only.
    ///
    /// # Errors
    /// [`Cancelled`](crate::ErrorKind::Cancelled) when the watch ended it.
    pub(crate) fn key_counts(&self, index: Index, module: Option<&str>, watch: &dyn Watch) -> Result<KeyCounts> {
        let mut counts = KeyCounts::default();
        let state = self.read();
        let active = &state.active;
        count(active, index, module, |code| active.chains(index).live(code) as u64, &mut counts);
        let sealed = Arc::clone(&state.sealed);
        drop(state);
        for view in &sealed.views {
            if watch.is_cancelled() {
                return Err(Error::cancelled());
            }
            let postings = view.segment.postings(index);
            let live = |code| view.live_of(view.above_floor(postings.list(code))) as u64;
            count(&*view.segment, index, module, live, &mut counts);
        }
        Ok(counts)
    }
}

fn count(rows: &impl Rows, index: Index, module: Option<&str>, live: impl Fn(u16) -> u64, counts: &mut KeyCounts) {
    for code in (0..codes_of(rows, index) as u32).map(|code| code as u16) {
        let events = live(code);
        let key = match module {
            _ if events == 0 => None,
            None => Some(shown(rows, index, code)),
            Some(module) => function_in(rows, code, module),
        };
        if let Some(key) = key {
            *counts.entry(key).or_default() += events;
        }
    }
}

/// The function of a module-and-function key, if its module is `module`. (The shown key does not tell: modules have dots.)
fn function_in(rows: &impl Rows, code: u16, module: &str) -> Option<String> {
    let key = rows.module_functions().keys()[usize::from(code)];
    let of_module = rows.dictionary(Field::Module).text((key >> 16) as u16) == module;
    of_module.then(|| rows.dictionary(Field::Function).text(key as u16).to_owned())
}
