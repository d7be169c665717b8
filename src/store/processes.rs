//! Which processes do most events name, where several nodes write equal pids?

use std::collections::BTreeMap;

use super::EventStore;
use crate::event::home;
use crate::index::Index;
use crate::query::{Filter, Query};

impl EventStore {
    /// The nodes that events name, sorted. Cost: that of [`Self::top_keys`].
    pub(crate) fn nodes(&self) -> Vec<String> {
        self.sorted_keys(Index::Node)
    }

    /// The sessions that events name, sorted. Cost: that of [`Self::top_keys`].
    pub(crate) fn sessions(&self) -> Vec<String> {
        self.sorted_keys(Index::Session)
    }

    fn sorted_keys(&self, index: Index) -> Vec<String> {
        let keys = self.top_keys(index, "", usize::MAX).keys;
        let mut names: Vec<String> = keys.into_iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names
    }

    /// Processes and the events that name them, the most frequent first, at most `limit`: of one node their pids, of
    /// several with their node. Cost: that of [`Self::top_keys`]; of several nodes a count for each of them and each pid
    /// looked at, about `limit` of these.
    pub(crate) fn top_processes(&self, limit: usize) -> Vec<(String, u64)> {
        let nodes = self.nodes();
        if nodes.len() < 2 {
            return self.top_keys(Index::Process, "", limit).keys;
        }
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        for (pid, events) in self.top_keys(Index::Process, "", usize::MAX).keys {
            // No process is named more often than its pid.
            if found.values().filter(|known| **known >= events).count() >= limit {
                break;
            }
            let mut of_no_node = events;
            for node in &nodes {
                let told = home::at_node(&pid, Some(node)).into_owned();
                if told != pid {
                    let own = Filter { pid: Some(pid.clone()), node: Some(node.clone()), ..Filter::default() };
                    of_no_node = of_no_node.saturating_sub(self.events_of(own));
                }
                let named = Filter { pid: Some(told.clone()), ..Filter::default() };
                found.entry(told).or_insert_with(|| self.events_of(named));
            }
            if home::at_node(&pid, Some("?")) != pid {
                found.insert(pid, of_no_node);
            }
        }
        let mut found: Vec<(String, u64)> = found.into_iter().filter(|(_, events)| *events > 0).collect();
        found.sort_by(|(x, m), (y, n)| n.cmp(m).then_with(|| x.cmp(y)));
        found.truncate(limit);
        found
    }

    fn events_of(&self, filter: Filter) -> u64 {
        let counted = self.page(&Query { limit: 0, ..Query::new(filter) }, &crate::watch::Unwatched);
        counted.ok().and_then(|page| page.total_matched).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    #[test]
    fn equal_pids_of_two_nodes_are_counted_apart() {
        let store = EventStore::open(Settings { segment_rows: 2, ..Settings::UNBOUNDED }).unwrap();
        let event = |node: &str, pid: &str, to: &str| {
            let json =
                format!(r#"{{"type": "message_send", "node": "{node}", "pid": "{pid}", "receiver_pid": "{to}"}}"#);
            store.store_json_event(&json).unwrap();
        };
        event("a@h", "<0.5.0>", "<0.6.0>");
        assert_eq!(store.top_processes(10), [("<0.5.0>".to_owned(), 1), ("<0.6.0>".to_owned(), 1)]);
        event("b@h", "<0.5.0>", "<a@h.5.0>");
        event("b@h", "<0.5.0>", "<a@h.5.0>");
        let named = |pid: &str, events| (pid.to_owned(), events);
        assert_eq!(
            store.top_processes(10),
            [named("<a@h.5.0>", 3), named("<b@h.5.0>", 2), named("<a@h.6.0>", 1)],
            "an event that names both is counted for both, and once for each"
        );
        assert_eq!(store.top_processes(1), [named("<a@h.5.0>", 3)]);
        store.store_json_event(r#"{"type": "note", "pid": "<0.5.0>"}"#).unwrap();
        assert!(store.top_processes(10).contains(&named("<0.5.0>", 1)));
    }
}
