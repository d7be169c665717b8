//! What does a look tell: processes, functions, sorts of trouble?

use crate::analysis::exceptions::Sort;
use crate::analysis::fact::Fact;
use crate::analysis::nodes::Nodes;
use crate::analysis::who::Who;
use crate::query::{Seen, Visit};

/// Events of one sort of trouble that are kept.
pub(super) const KEPT: usize = 64;

/// A mailbox that long stands out.
pub(crate) const LONG_MAILBOX: i64 = 20;

/// Everything at a glance.
#[derive(Debug)]
pub(crate) struct Overview {
    pub(crate) visit: Visit,
    /// Events by type, most first.
    pub(crate) types: Vec<(String, u64)>,
    pub(crate) nodes: Vec<String>,
    /// Recordings.
    pub(crate) sessions: u64,
    /// Most in- and outgoing messages, calls and trouble first.
    pub(crate) processes: Vec<Process>,
    /// Processes there are in all.
    pub(crate) all_processes: u64,
    /// Most own time first.
    pub(crate) functions: Vec<Function>,
    /// Functions there are in all.
    pub(crate) all_functions: u64,
    pub(crate) troubles: Troubles,
}

/// One process.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) who: Who,
    pub(crate) events: u64,
    pub(crate) sent: u64,
    pub(crate) received: u64,
    /// Nanoseconds in recorded calls, without recorded sleeps and waits for replies; what a function that is not traced
    /// slept or waited is among them.
    pub(crate) in_calls: i64,
    /// The longest its mailbox was, at least; only where its callbacks tell.
    pub(crate) mailbox: Option<i64>,
    /// Exceptions raised in it.
    pub(crate) raised: u64,
    /// The reason of its end.
    pub(crate) exit: Option<String>,
}

/// One function.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) calls: u64,
    /// Nanoseconds, without calls inside.
    pub(crate) own: i64,
    pub(crate) max: i64,
    /// The end of the longest call.
    pub(crate) slowest: (i64, u64),
}

/// What went wrong: how often, and some of the events.
#[derive(Debug, Default)]
pub(crate) struct Troubles {
    pub(crate) crashes: Trouble,
    /// Ends that show no error: kills, and reasons such as `:boom` that may have been the plan.
    pub(crate) abnormal_ends: Trouble,
    pub(crate) timeouts: Trouble,
    /// Crashes of processes that waited for one that crashed, or were linked to it.
    pub(crate) consequences: Trouble,
    /// Each counted once, where it was raised.
    pub(crate) exceptions: u64,
    /// By their sorts, most first.
    pub(crate) sorts: Vec<Sort>,
    /// Messages to nobody.
    pub(crate) undeliverable: Trouble,
    /// Messages to a process after its end.
    pub(crate) to_the_dead: Trouble,
    /// Replies to a caller that had ended.
    pub(crate) late_replies: Trouble,
    /// Calls that wait for their answers when the recording ends.
    pub(crate) held: Trouble,
}

/// One sort of trouble.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    pub(crate) count: u64,
    /// The first ones.
    pub(crate) events: Vec<Fact>,
    /// The newest.
    pub(crate) last: Option<Fact>,
}

impl Trouble {
    pub(super) fn add(&mut self, event: &Seen<'_>, nodes: &Nodes) {
        self.count += 1;
        let fact = Fact::among(event.to_event(), nodes);
        if self.events.len() < KEPT {
            self.events.push(fact.clone());
        }
        self.last = Some(fact);
    }

    pub(super) fn count_only(&mut self, event: &Seen<'_>, nodes: &Nodes) {
        if self.events.len() < KEPT {
            self.add(event, nodes);
        } else {
            self.count += 1;
        }
    }
}
