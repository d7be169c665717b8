//! Messages in line, by what they are found by.

use std::hash::Hash;

use crate::analysis::ledger::entry::MessageId;
use crate::analysis::ledger::texts::Map;

/// Lines of messages, first come, first out; most are of one, and take no room of their own.
pub(super) struct Queues<K> {
    /// The first and the last of each line.
    ends: Map<K, (MessageId, MessageId)>,
    /// Who stands behind whom.
    behind: Map<MessageId, MessageId>,
}

impl<K> Default for Queues<K> {
    fn default() -> Self {
        Self { ends: Map::default(), behind: Map::default() }
    }
}

impl<K: Eq + Hash> Queues<K> {
    pub(super) fn push(&mut self, key: K, id: MessageId) {
        let behind = &mut self.behind;
        let add = |ends: &mut (MessageId, MessageId)| {
            behind.insert(ends.1, id);
            ends.1 = id;
        };
        self.ends.entry(key).and_modify(add).or_insert((id, id));
    }

    pub(super) fn pop(&mut self, key: &K) -> Option<MessageId> {
        let ends = self.ends.get_mut(key)?;
        let first = ends.0;
        match self.behind.remove(&first) {
            Some(next) => ends.0 = next,
            None => _ = self.ends.remove(key),
        }
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_come_first_out_each_line_by_itself() {
        let mut queues = Queues::default();
        for (key, id) in [("a", 1), ("b", 2), ("a", 3), ("a", 4)] {
            queues.push(key, id);
        }
        let mut pop = |key| queues.pop(&key);
        assert_eq!(
            [pop("a"), pop("a"), pop("b"), pop("b"), pop("a"), pop("a")],
            [Some(1), Some(3), Some(2), None, Some(4), None]
        );
        queues.push("a", 5);
        assert_eq!(queues.pop(&"a"), Some(5));
    }
}
