//! What is a prompt: its name, its arguments, and what writes its message from them?

use crate::analysis::named::narrowed;
use crate::watch::Watch;
use crate::{EventStore, Filter, Result};

/// A prompt in the table.
#[derive(Debug)]
pub(crate) struct Lead {
    pub(crate) name: &'static str,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(crate) arguments: &'static [Argument],
    /// Arguments that work: a JSON object.
    pub(super) example: &'static str,
    /// Writes the message.
    pub(super) write: fn(&EventStore, &Given) -> Result<String>,
}

/// What a prompt takes.
#[derive(Debug)]
pub(crate) struct Argument {
    pub(crate) name: &'static str,
    pub(super) description: &'static str,
    pub(super) is_required: bool,
}

pub(super) const fn required(name: &'static str, description: &'static str) -> Argument {
    Argument { name, description, is_required: true }
}

pub(super) const fn optional(name: &'static str, description: &'static str) -> Argument {
    Argument { name, description, is_required: false }
}

/// The arguments given, checked.
#[derive(Debug, Default)]
pub(super) struct Given(pub(super) Vec<(&'static str, String)>);

impl Given {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| *given == name).map(|(_, value)| value.as_str())
    }

    /// A required argument: the check has seen to it that it is there.
    pub(super) fn required(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }
}

impl Given {
    /// Makes a pid say its node, where it is of one of several; a name, the last process that had it.
    pub(super) fn narrow(&mut self, store: &EventStore, watch: &dyn Watch) -> Result<()> {
        for (_, pid) in self.0.iter_mut().filter(|(name, _)| *name == "pid") {
            let filter = Filter { pid: Some(pid.clone()), ..Filter::default() };
            let Filter { pid: narrowed, mut named, .. } = narrowed(store, &filter, watch)?;
            if let Some(narrowed) = named.pop().or(narrowed) {
                *pid = narrowed;
            }
        }
        Ok(())
    }
}
