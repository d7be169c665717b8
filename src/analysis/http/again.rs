//! Is an exception that is raised again, or goes on to a call around, of the request it was seen in before?
//!
//! Where values do not travel, the functions that raise still tell what they raise, and with it the request it wraps: one
//! that is wrapped and raised again at every level is told as often.

use crate::analysis::ledger::{CallId, Ledger};

/// A failure that shows a request: the call, and a number for what was raised.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure {
    pub(super) call: CallId,
    pub(super) what: u64,
}

/// Whether a call does nothing but raise.
pub(crate) fn is_raise(ledger: &Ledger, call: CallId) -> bool {
    let function = ledger.text(ledger.call(call).function).trim_start_matches(':');
    let name = function.rsplit_once('/').map_or(function, |(name, _)| name);
    matches!(name, "erlang.raise" | "erlang.error") || name.ends_with(".reraise")
}

/// Whether a failure is of the request that these were of: all of one process, and no other request since.
pub(super) fn is_same(ledger: &Ledger, before: &[Failure], now: Failure) -> bool {
    let around = chain(ledger, now.call);
    let was_raised = before.iter().any(|one| one.what == now.what);
    let function = |call: &CallId| ledger.call(*call).function;
    let (mut is_below_one, mut all_raise) = (false, is_raise(ledger, now.call));
    for one in before {
        let other = chain(ledger, one.call);
        all_raise &= is_raise(ledger, one.call);
        let Some(common) = around.iter().position(|call| other.contains(call)) else { continue };
        is_below_one = true;
        // A function of the first request that is called again is the next request's: a loop over requests, or a call
        // whose end was not told.
        let is_next = |call: &&CallId| other.iter().any(|before| function(before) == function(call));
        if around[..common].iter().filter(|call| !is_raise(ledger, **call)).any(|call| is_next(&call)) {
            return false;
        }
        let raises = |calls: &[CallId]| {
            calls.iter().take_while(|call| **call != around[common]).all(|call| is_raise(ledger, *call))
        };
        all_raise &= raises(&around) && raises(&other);
    }
    if is_below_one {
        // Below one call that calls nothing else, only what was raised tells requests apart.
        return was_raised || !all_raise;
    }
    // It left every recorded call and is raised again outside of them. Of a request that was seen by nothing else it is
    // not if it is raised where it was before.
    let is_bare = |call: CallId| is_raise(ledger, call) && ledger.call(call).parent.is_none();
    let site = ledger.call(now.call).site;
    let is_of_next =
        before.iter().all(|one| is_bare(one.call)) && before.iter().any(|one| ledger.call(one.call).site == site);
    is_bare(now.call) && was_raised && !is_of_next
}

/// A call and those around it, from the inside.
fn chain(ledger: &Ledger, call: CallId) -> Vec<CallId> {
    std::iter::once(call).chain(ledger.around(call)).collect()
}
