//! Whose end does a server hear of, and can do something about?

use std::collections::BTreeSet;

use super::heirs::is_told_of_end;
use super::scene::Scene;
use super::told::each_argument;
use crate::analysis::ask::Ask;
use crate::analysis::ledger::{CallId, ProcessId};
use crate::error::Result;
use crate::event::home;

/// Callbacks without a message that are read, the newest.
const MAX_READ: usize = 2_000;

/// Processes a server was told the end of.
pub(super) struct Watched<'s, 'l> {
    scene: &'s Scene<'l>,
    ask: Ask<'l>,
    server: ProcessId,
    downs: BTreeSet<ProcessId>,
    /// In arguments of its callbacks, as all nodes write them.
    pids: BTreeSet<String>,
}

impl<'s, 'l> Watched<'s, 'l> {
    pub(super) fn by(scene: &'s Scene<'l>, server: ProcessId) -> Self {
        let downs = scene.ledger.downs.iter().filter(|down| down.receiver == server).map(|down| down.of).collect();
        let untold = scene.calls_of(server).filter(|(_, call)| call.message.is_none() && call.change.is_some());
        let untold: Vec<CallId> = untold.map(|(id, _)| id).collect();
        let mut pids = BTreeSet::new();
        for id in untold.into_iter().rev().take(MAX_READ) {
            let message = each_argument(scene, id).and_then(|args| args.into_iter().next()).unwrap_or_default();
            if message.starts_with("{:DOWN, ") || message.starts_with("{:EXIT, ") {
                let named = message.split("#PID").skip(1).filter_map(|rest| rest.split_inclusive('>').next());
                pids.extend(named.map(|pid| home::numbers(pid).to_owned()));
            }
        }
        Self { scene, ask: Ask::new(scene.ledger.store(), scene.watch), server, downs, pids }
    }

    /// Whether it was told the end of a process: by its monitor, its link, or what a callback was called with.
    pub(super) fn has(&self, process: ProcessId) -> Result<bool> {
        let pid = self.scene.ledger.text(self.scene.ledger.process(process).pid);
        Ok(self.downs.contains(&process)
            || self.pids.contains(home::numbers(pid))
            || is_told_of_end(self.scene, &self.ask, process, self.server)?)
    }
}
