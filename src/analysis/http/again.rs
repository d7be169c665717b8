//! Is an exception that is raised again, or goes on to a call around, of the request it was seen in before?
//!
//! Where values do not travel, the functions that raise still tell what they raise, and with it the request it wraps: one
//! that is wrapped and raised again at every level is told as often.

use crate::analysis::exceptions::again::{below, is_bare, is_of_next, is_raise};
use crate::analysis::ledger::{CallId, Ledger};

/// A failure that shows a request: the call, and a number for what was raised.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure {
    pub(super) call: CallId,
    pub(super) what: u64,
}

/// Whether a failure is of the request that these were of: all of one process, and no other request since.
pub(super) fn is_same(ledger: &Ledger, before: &[Failure], now: Failure) -> bool {
    let calls: Vec<CallId> = before.iter().map(|one| one.call).collect();
    if is_of_next(ledger, &calls, now.call) {
        return false;
    }
    let was_raised = before.iter().any(|one| one.what == now.what);
    let (mut is_below_one, mut all_raise) = (false, true);
    for call in calls {
        if ledger.outermost(call) != ledger.outermost(now.call) {
            continue;
        }
        is_below_one = true;
        let mut apart = below(ledger, now.call, call).chain(below(ledger, call, now.call));
        all_raise &= apart.all(|call| is_raise(ledger, call));
    }
    // Below one call that calls nothing else, only what was raised tells requests apart; and outside of them all.
    if is_below_one { was_raised || !all_raise } else { was_raised && is_bare(ledger, now.call) }
}
