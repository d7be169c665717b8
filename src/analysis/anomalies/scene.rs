//! What every detector looks at.

use std::cell::OnceCell;

use super::web::Web;
use crate::analysis::ledger::{Call, CallId, Ledger, ProcessId};
use crate::analysis::traffic::Traffic;
use crate::error::{Error, Result};
use crate::watch::Watch;

/// What every detector looks at.
pub(super) struct Scene<'l> {
    pub(super) ledger: &'l Ledger,
    pub(super) traffic: Traffic<'l>,
    /// Calls of each process, by its number.
    pub(super) by_process: Vec<Vec<CallId>>,
    web: OnceCell<Web>,
    pub(super) watch: &'l dyn Watch,
}

impl<'l> Scene<'l> {
    pub(super) fn new(ledger: &'l Ledger, watch: &'l dyn Watch) -> Self {
        let mut by_process = vec![Vec::new(); ledger.processes.len()];
        for (id, call) in (0..).zip(&ledger.calls) {
            by_process[call.process as usize].push(id);
        }
        Self { ledger, traffic: Traffic::new(ledger), by_process, web: OnceCell::new(), watch }
    }

    /// The calls of a process, in the order they began.
    pub(super) fn calls_of(&self, process: ProcessId) -> impl Iterator<Item = (CallId, &'l Call)> {
        let ledger = self.ledger;
        self.by_process[process as usize].iter().map(move |id| (*id, ledger.call(*id)))
    }

    /// Whether the recording of a process has a seam between two times: what it did there may be missing.
    pub(super) fn has_seam(&self, process: ProcessId, since: i64, until: i64) -> bool {
        self.ledger.breaks_before(process, since) != self.ledger.breaks_before(process, until)
    }

    /// Exceptions and web requests; gathered when they are first asked for.
    pub(super) fn web(&self) -> &Web {
        self.web.get_or_init(|| Web::of(self.ledger))
    }

    /// Asked between pieces of work that take a millisecond or so.
    pub(super) fn checked(&self) -> Result<()> {
        if self.watch.is_cancelled() { Err(Error::cancelled()) } else { Ok(()) }
    }
}
