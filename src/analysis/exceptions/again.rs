//! Is an exception like one before the same, raised again, or that of the next thing its process does?
//!
//! Where calls tell no results, none tells that it caught one.

use crate::analysis::ledger::{CallId, Ledger};

/// Whether a call does nothing but raise.
pub(crate) fn is_raise(ledger: &Ledger, call: CallId) -> bool {
    let function = ledger.text(ledger.call(call).function).trim_start_matches(':');
    let name = function.rsplit_once('/').map_or(function, |(name, _)| name);
    // `exit/2` ends another process.
    matches!(name, "erlang.raise" | "erlang.error" | "erlang.throw" | "erlang.nif_error")
        || function == "erlang.exit/1"
        || name.ends_with(".reraise")
}

/// Whether it is raised outside of every recorded call.
pub(crate) fn is_bare(ledger: &Ledger, call: CallId) -> bool {
    is_raise(ledger, call) && ledger.call(call).parent.is_none()
}

/// Whether a call that failed is of the next round of what `before`, calls of its process that failed, were of: one of
/// their functions is called again, or it is raised at the place one of them was where nothing else was recorded.
pub(crate) fn is_of_next(ledger: &Ledger, before: &[CallId], now: CallId) -> bool {
    let function = |call: &CallId| ledger.call(*call).function;
    let around = chain(ledger, now);
    let is_called_again = |one: &CallId| {
        let other = chain(ledger, *one);
        // Those around both are of both: a loop, or a call whose end was not told.
        let below = around.iter().take_while(|call| !other.contains(call));
        let mut own = below.filter(|call| !is_raise(ledger, **call));
        own.any(|call| other.iter().any(|before| function(before) == function(call)))
    };
    let site = ledger.call(now).site;
    let is_raised_there = |one: &CallId| ledger.call(*one).site == site;
    before.iter().any(is_called_again)
        || is_bare(ledger, now) && before.iter().all(|one| is_bare(ledger, *one)) && before.iter().any(is_raised_there)
}

/// A call and those around it, from the inside.
pub(crate) fn chain(ledger: &Ledger, call: CallId) -> Vec<CallId> {
    std::iter::once(call).chain(ledger.around(call)).collect()
}
