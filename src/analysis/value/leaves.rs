//! Which parts of a value are no containers, and where do they stand?

use super::node::{Kind, Value};
use super::path::{push_index, push_key};

impl Value<'_> {
    /// Every part that is no container, with its path, at most `max`; empty containers count as such parts.
    pub(crate) fn leaves(&self, max: usize) -> Vec<(String, &Self)> {
        let mut found = Vec::new();
        self.collect_leaves(&mut String::new(), max, &mut found);
        found
    }

    fn collect_leaves<'v>(&'v self, path: &mut String, max: usize, found: &mut Vec<(String, &'v Self)>) {
        if found.len() >= max {
            return;
        }
        let length = path.len();
        match &self.kind {
            Kind::Map(_, entries) if !entries.is_empty() => {
                for (key, value) in entries {
                    push_key(path, key);
                    value.collect_leaves(path, max, found);
                    path.truncate(length);
                }
            }
            Kind::Tuple(items) | Kind::List(items) if !items.is_empty() => {
                for (at, item) in items.iter().enumerate() {
                    match &item.kind {
                        Kind::Pair(pair) => {
                            push_key(path, &pair.0);
                            pair.1.collect_leaves(path, max, found);
                        }
                        _ => {
                            push_index(path, at);
                            item.collect_leaves(path, max, found);
                        }
                    }
                    path.truncate(length);
                }
            }
            _ => found.push((path.clone(), self)),
        }
    }
}
