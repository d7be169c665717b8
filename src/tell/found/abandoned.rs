//! Work for a caller that has ended, and who gave the one that works to others all the same.

use crate::analysis::duration::duration;
use crate::analysis::found::{Abandoned, Offered};
use crate::tell::ended;

/// A line each.
pub(super) fn told(abandoned: &Abandoned) -> Vec<String> {
    std::iter::once(at_work(abandoned)).chain(abandoned.offered.as_ref().map(offered)).collect()
}

/// Whom it works for.
pub(in crate::tell) fn at_work(Abandoned { message, caller, ended: how, before_ns, exit, .. }: &Abandoned) -> String {
    format!(
        "the callee was at work on {message} for {caller}, which {} {} before this call ({exit}): nobody waits for that \
         answer",
        ended::told(how),
        duration(*before_ns),
    )
}

/// Who gave it to others all the same.
pub(in crate::tell) fn offered(Offered { by, path, callback, message, change }: &Offered) -> String {
    let part = if path.is_empty() { "its state" } else { path };
    let with = message.as_ref().map_or_else(String::new, |message| format!(" with {message}"));
    format!("after that end {by} put it into {part} all the same, in {callback}{with} ({change})")
}
