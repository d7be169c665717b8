//! Who has a name on another node? A recorder knows the names of its own node only.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::analysis::member;
use crate::analysis::value::Value;
use crate::query::Seen;

/// Processes by name and node, as they are registered.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    named: HashMap<(String, String), usize, RandomState>,
}

impl Elsewhere {
    /// Takes in that a process has a name from now on.
    pub(super) fn register(&mut self, event: &Seen<'_>, process: Option<usize>) {
        let name = member::text(event.data(), "registered_name");
        if let (Some(name), Some(node), Some(process)) = (name, event.node(), process) {
            self.named.insert((name.into_owned(), node.to_owned()), process);
        }
    }

    /// The process a message to `{name, node}` goes to.
    pub(super) fn receiver(&self, event: &Seen<'_>) -> Option<usize> {
        let name = member::text(event.data(), "receiver_name")?;
        let value = Value::read(&name);
        let [name, node] = value.tuple()? else { return None };
        self.named.get(&(name.text.to_owned(), node.atom()?.trim_matches('"').to_owned())).copied()
    }
}
