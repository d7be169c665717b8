//! Which keys are there that look like this one?

use super::EventStore;
use crate::error::{Error, Result};
use crate::index::Index;
use crate::watch::{Unwatched, Watch};

/// Keys of an index that match what was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopKeys {
    /// Keys and their events: those that start with the text before those that contain it, each the most frequent first.
    pub keys: Vec<(String, u64)>,
    /// Keys that match, shown or not.
    pub matched: u64,
}

impl EventStore {
    /// The keys of an index that start with or contain `like` (case does not matter; empty: all), at most `limit`.
    /// Keys of [`Index::Mfa`] are `Module.function/arity`. Pids are matched without their angle brackets.
    /// Cost: O(distinct keys per segment); stores wait only while the active segment is counted.
    pub fn top_keys(&self, index: Index, like: &str, limit: usize) -> TopKeys {
        self.top_keys_watched(index, like, limit, &Unwatched).unwrap_or_default()
    }

    /// [`Self::top_keys`] for a caller that may give it up.
    pub(crate) fn top_keys_watched(
        &self,
        index: Index,
        like: &str,
        limit: usize,
        watch: &dyn Watch,
    ) -> Result<TopKeys> {
        ranked(self.shared.hot.key_counts(index, None, watch)?, like, limit, watch)
    }

    /// The functions of a module, by name, as [`Self::top_keys`] gives keys.
    pub fn top_functions(&self, module: &str, like: &str, limit: usize) -> TopKeys {
        self.top_functions_watched(module, like, limit, &Unwatched).unwrap_or_default()
    }

    /// [`Self::top_functions`] for a caller that may give it up.
    pub(crate) fn top_functions_watched(
        &self,
        module: &str,
        like: &str,
        limit: usize,
        watch: &dyn Watch,
    ) -> Result<TopKeys> {
        ranked(self.shared.hot.key_counts(Index::ModuleFunction, Some(module), watch)?, like, limit, watch)
    }
}

/// Keys between two looks at the watch.
const LOOK_EVERY: u64 = 4_096;

/// The best of the keys that match; no more than twice as many as are shown are kept.
fn ranked(
    counts: impl IntoIterator<Item = (String, u64)>,
    like: &str,
    limit: usize,
    watch: &dyn Watch,
) -> Result<TopKeys> {
    let like = like.to_lowercase();
    let mut best: Vec<(u8, u64, String)> = Vec::new();
    let order = |(a, n, x): &(u8, u64, String), (b, m, y): &(u8, u64, String)| {
        a.cmp(b).then_with(|| m.cmp(n)).then_with(|| x.cmp(y))
    };
    let (mut looked, mut matched) = (0_u64, 0);
    for (key, events) in counts {
        looked += 1;
        if looked.is_multiple_of(LOOK_EVERY) && watch.is_cancelled() {
            return Err(Error::cancelled());
        }
        let Some(misfit) = misfit(&key, &like) else { continue };
        matched += 1;
        best.push((misfit, events, key));
        if best.len() >= limit.saturating_mul(2).max(LOOK_EVERY as usize) {
            best.sort_unstable_by(order);
            best.truncate(limit);
        }
    }
    best.sort_unstable_by(order);
    let keys = best.into_iter().take(limit).map(|(_, events, key)| (key, events)).collect();
    Ok(TopKeys { keys, matched })
}

/// How far a key is from what was typed, in lower case: 0 starts with it, 1 contains it.
fn misfit(key: &str, like: &str) -> Option<u8> {
    let key = key.to_lowercase();
    match key.trim_start_matches('<').find(like.trim_start_matches('<')) {
        Some(0) => Some(0),
        Some(_) => Some(1),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    fn store() -> EventStore {
        // Two rows a segment: keys are counted over the active segment and several sealed ones.
        let store = EventStore::open(Settings { segment_rows: 2, ..Settings::UNBOUNDED }).unwrap();
        let call = |module: &str, function: &str, pid: &str| {
            format!(r#"{{"type": "call", "pid": "{pid}", "module": "{module}", "function": "{function}", "arity": 1}}"#)
        };
        for (module, function, pid) in [
            ("Bank", "pay", "<0.12.0>"),
            ("Bank.Account", "pay", "<0.12.0>"),
            ("Bank.Account", "repay", "<0.2.0>"),
            ("Bank.Account", "repay", "<0.120.0>"),
            ("Bank.Account", "open", "<0.120.0>"),
            ("Bank.Account", "open", "<0.120.0>"),
            ("Bank.Account", "open", ":teller"),
        ] {
            store.store_json_event(&call(module, function, pid)).unwrap();
        }
        store
    }

    fn keys(found: &TopKeys) -> Vec<(&str, u64)> {
        found.keys.iter().map(|(key, events)| (key.as_str(), *events)).collect()
    }

    #[test]
    fn keys_that_start_with_the_text_come_first_then_the_most_frequent() {
        let store = store();
        let pids = |like| store.top_keys(Index::Process, like, 10);
        assert_eq!(keys(&pids("")), [("<0.120.0>", 3), ("<0.12.0>", 2), (":teller", 1), ("<0.2.0>", 1)]);
        assert_eq!(keys(&pids("0.12")), [("<0.120.0>", 3), ("<0.12.0>", 2)]);
        assert_eq!(keys(&pids("<0.2")), [("<0.2.0>", 1)]);
        assert_eq!(keys(&pids("2.0")), [("<0.12.0>", 2), ("<0.2.0>", 1)]);
        assert_eq!(keys(&pids("TELL")), [(":teller", 1)]);
        assert_eq!(pids("nobody"), TopKeys::default());
        let functions = store.top_keys(Index::Function, "PAY", 10);
        assert_eq!(keys(&functions), [("pay", 2), ("repay", 2)]);
    }

    #[test]
    fn a_short_list_says_how_many_match() {
        let found = store().top_keys(Index::Process, "", 1);
        assert_eq!((keys(&found), found.matched), (vec![("<0.120.0>", 3)], 4));
    }

    #[test]
    fn functions_of_a_module_are_not_those_of_the_modules_below_it() {
        let store = store();
        assert_eq!(keys(&store.top_functions("Bank", "", 10)), [("pay", 1)]);
        assert_eq!(keys(&store.top_functions("Bank.Account", "", 10)), [("open", 3), ("repay", 2), ("pay", 1)]);
        assert_eq!(keys(&store.top_functions("Bank.Account", "pay", 10)), [("pay", 1), ("repay", 2)]);
        assert_eq!(store.top_functions("Nowhere", "", 10).matched, 0);
    }

    #[test]
    fn keys_of_removed_events_are_gone() {
        let store = store();
        store.clear(Some(crate::Filter { pid: Some("<0.120.0>".into()), ..Default::default() }), false).unwrap();
        assert_eq!(store.top_keys(Index::Process, "0.120", 10).matched, 0);
        assert_eq!(keys(&store.top_functions("Bank.Account", "open", 10)), [("open", 1)]);
    }
}
