//! Exceptions and web requests of a scene, for the detectors that look at them.

use std::collections::BTreeMap;

use crate::analysis::exceptions::Exceptions;
use crate::analysis::http::Requests;
use crate::analysis::ledger::{CallId, Ledger};

/// What was raised, and which requests there were.
pub(super) struct Web {
    pub(super) exceptions: Exceptions,
    pub(super) requests: Requests,
    /// Exceptions by the outermost call they ended.
    by_outermost: BTreeMap<CallId, usize>,
}

impl Web {
    pub(super) fn of(ledger: &Ledger) -> Self {
        let exceptions = Exceptions::of(ledger);
        let requests = Requests::of(ledger, &exceptions);
        let by_outermost = (0..).zip(&exceptions.all).map(|(at, raised)| (raised.outermost, at)).collect();
        Self { exceptions, requests, by_outermost }
    }

    /// Whether the exception that ended a call was answered as an error of the client or the server, or may have been.
    pub(super) fn is_answered(&self, outermost: CallId) -> bool {
        let raised = self.by_outermost.get(&outermost);
        let request = raised.and_then(|raised| self.requests.around(*raised));
        request.is_some_and(|request| request.status.is_none_or(|(status, _)| status >= 400))
    }
}
