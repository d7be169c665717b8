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
    let function = |call: CallId| ledger.call(call).function;
    let is_called_again = |one: &CallId| {
        // Those around both are a loop, or a call whose end was not told.
        let mut own = below(ledger, now, *one).filter(|call| !is_raise(ledger, *call));
        own.any(|call| chain(ledger, *one).any(|before| function(before) == function(call)))
    };
    let site = ledger.call(now).site;
    let is_raised_there = |one: &CallId| ledger.call(*one).site == site;
    before.iter().any(is_called_again)
        || is_bare(ledger, now) && before.iter().all(|one| is_bare(ledger, *one)) && before.iter().any(is_raised_there)
}

/// A call and those around it, from the inside.
fn chain(ledger: &Ledger, call: CallId) -> impl Iterator<Item = CallId> {
    std::iter::once(call).chain(ledger.around(call))
}

/// Of a call and those around it the ones that are not around another call as well, from the inside.
pub(crate) fn below(ledger: &Ledger, call: CallId, other: CallId) -> impl Iterator<Item = CallId> {
    chain(ledger, call).take_while(move |call| *call != other && !ledger.is_around(*call, other))
}
