//! What are processes called in answers, and which does a question mean?

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::entry::{Message, Process, ProcessId};
use super::texts::bare;
use super::whole::Ledger;
use crate::analysis::nodes::Nodes;
use crate::error::{Error, Result};
use crate::event::{StoredEvent, home};

impl Ledger {
    /// A value of an event, with the nodes of its pids where several were recorded.
    pub(crate) fn told<'t>(&self, text: &'t str, event: &StoredEvent) -> Cow<'t, str> {
        home::text_at_node(text, event.node().filter(|_| self.nodes.are_several()))
    }

    /// The process an event happened in, as answers tell it.
    pub(crate) fn pid_of<'e>(&self, event: &'e StoredEvent) -> Option<Cow<'e, str>> {
        Some(self.nodes.told(event.pid()?, event.node()))
    }

    /// Pairs of nodes whose clocks disagree, by name.
    pub(crate) fn skewed(&self) -> BTreeSet<[&str; 2]> {
        let pair = |message: &Message| {
            let node = |process: Option<ProcessId>| Some(self.text(self.process(process?).node?));
            let mut pair = [node(message.sender)?, node(message.receiver)?];
            pair.sort_unstable();
            Some(pair)
        };
        self.messages.iter().filter(|message| message.is_skewed()).filter_map(pair).collect()
    }

    /// A process for a reader: its name, with its pid where others had the name too; or its pid.
    pub(crate) fn label(&self, id: ProcessId) -> String {
        let process = self.process(id);
        match process.name {
            Some(name) if self.shared_names.contains(&(process.session, name)) => self.full_label(id),
            Some(name) => bare(self.text(name)).to_owned(),
            None => self.text(process.pid).to_owned(),
        }
    }

    /// A process at its first mention: `Account <0.117.0>`, `<0.120.0> (Cart)`.
    pub(crate) fn full_label(&self, id: ProcessId) -> String {
        let process = self.process(id);
        let pid = self.text(process.pid);
        match (process.name, process.module) {
            (Some(name), _) => format!("{} {pid}", bare(self.text(name))),
            (None, Some(module)) => format!("{pid} ({})", self.text(module)),
            (None, None) => pid.to_owned(),
        }
    }

    /// Processes of this pid, as answers tell it, or of this name, in the order they lived.
    pub(crate) fn processes_called(&self, pid_or_name: &str) -> Vec<ProcessId> {
        let wanted = pid_or_name.trim();
        let name = bare(wanted.strip_prefix("Elixir.").unwrap_or(wanted));
        let has = |process: &Process| {
            self.text(process.pid) == wanted || process.name.is_some_and(|known| bare(self.text(known)) == name)
        };
        (0..self.processes.len() as ProcessId).filter(|id| has(self.process(*id))).collect()
    }

    /// The processes an argument means, in the order they lived; never none, and all of one node.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) when there is none here, [`Invalid`](crate::ErrorKind::Invalid) when
    /// they are of several nodes.
    pub(crate) fn asked(&self, argument: &str, pid_or_name: &str, node: Option<&str>) -> Result<Vec<ProcessId>> {
        let wanted = self.nodes.asked(argument, pid_or_name, node)?;
        let mut found = self.processes_called(&wanted);
        if self.nodes.are_several() {
            // A pid without its node is that of a process on each of them.
            let at = |node: &String| self.processes_called(&home::at_node(&wanted, Some(node)));
            found.extend(self.nodes.names().iter().flat_map(at));
            found.sort_unstable();
            found.dedup();
            let of = |id: &ProcessId| self.process(*id).node.map(|node| self.text(node));
            found.retain(|id| node.is_none() || of(id) == node);
            let on: BTreeSet<&str> = found.iter().filter_map(of).collect();
            if on.len() > 1 {
                return Err(Nodes::ambiguous(argument, &wanted, &on.into_iter().collect::<Vec<_>>()));
            }
        }
        if found.is_empty() { Err(self.unknown(argument, pid_or_name)) } else { Ok(found) }
    }

    /// What is said of a process that is not in this span of time.
    fn unknown(&self, argument: &str, name: &str) -> Error {
        let mut known: Vec<&str> =
            self.processes.iter().filter_map(|process| Some(bare(self.text(process.name?)))).collect();
        known.sort_unstable();
        known.dedup();
        let shown = known.iter().take(12).copied().collect::<Vec<_>>().join(", ");
        let names = if known.is_empty() { "no process has a name here".to_owned() } else { format!("names: {shown}") };
        Error::not_found(format!(
            "{argument}: no event in this span of time names a process {name:?}; give a pid such as \"<0.120.0>\" or a \
             registered name ({names})"
        ))
    }
}
