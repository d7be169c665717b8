//! Who misses a process that was killed?
//!
//! `exit(pid, kill)` is also how a program ends what it does not want any more. It is trouble where somebody goes on to
//! count on the process: it has a name, its supervisor starts it again, or a caller waits for its answer.

use std::collections::{BTreeMap, HashSet};

use foldhash::fast::FixedState;

use super::scene::Scene;
use crate::analysis::gave_up::is_supervisor;
use crate::analysis::ledger::{Kind, Ledger, Moment, ProcessId, Sym};

/// Processes that are missed.
pub(super) struct Missed(HashSet<ProcessId, FixedState>);

impl Missed {
    /// Cost: one pass over the processes and messages.
    pub(super) fn of(scene: &Scene<'_>) -> Self {
        let ledger = scene.ledger;
        let mut missed: HashSet<ProcessId, FixedState> = HashSet::default();
        missed.extend((0..).zip(&ledger.processes).filter(|(_, process)| process.name.is_some()).map(|(id, _)| id));
        missed.extend(started_again(ledger));
        for message in ledger.messages.iter().filter(|message| message.kind == Kind::Call) {
            let Some(callee) = message.receiver else { continue };
            let Some(exit) = ledger.process(callee).exit.as_ref() else { continue };
            let was_there = message.sender.is_some_and(|sender| ended_after(ledger, sender, exit.moment));
            // Who had given up does not wait any more; who asks one that has ended counts on it, too.
            let waits = message.reply.is_none() && message.waited.is_none_or(|(until, _)| until >= exit.moment);
            if waits && was_there {
                missed.insert(callee);
            }
        }
        Self(missed)
    }

    pub(super) fn has(&self, process: ProcessId) -> bool {
        self.0.contains(&process)
    }
}

fn ended_after(ledger: &Ledger, process: ProcessId, moment: Moment) -> bool {
    ledger.process(process).exit.as_ref().is_none_or(|exit| exit.moment > moment)
}

/// Children of a supervisor in whose place it started others.
fn started_again(ledger: &Ledger) -> Vec<ProcessId> {
    let mut kin: BTreeMap<(ProcessId, Sym), Vec<ProcessId>> = BTreeMap::new();
    for (id, process) in (0..).zip(&ledger.processes) {
        let by_supervisor = |parent: &ProcessId| {
            ledger.process(*parent).spawned.is_some_and(|(_, module)| is_supervisor(ledger.text(module)))
        };
        if let (Some(parent), Some((_, module)), Some(_)) =
            (process.parent.filter(by_supervisor), process.spawned, process.spawn)
        {
            kin.entry((parent, module)).or_default().push(id);
        }
    }
    let mut again = Vec::new();
    for children in kin.values() {
        let newest = children.iter().filter_map(|id| ledger.process(*id).spawn).map(|(moment, _)| moment).max();
        let is_followed = |id: &&ProcessId| {
            let exit = ledger.process(**id).exit.as_ref();
            exit.zip(newest).is_some_and(|(exit, newest)| newest > exit.moment)
        };
        again.extend(children.iter().filter(is_followed));
    }
    again
}
