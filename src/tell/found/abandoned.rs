//! Work for a caller that has ended, and who gave the one that works to others all the same.

use crate::analysis::duration::duration;
use crate::analysis::found::{Abandoned, Offered};
use crate::tell::ended;

/// A line each.
pub(super) fn told(abandoned: &Abandoned) -> Vec<String> {
    let Abandoned { message, caller, exit, offered, .. } = abandoned;
    let mut lines = vec![format!(
        "the callee was at work on {message} for {caller}, which {} {} before this call ({exit}): nobody waits for that \
         answer",
        ended::told(&abandoned.ended),
        duration(abandoned.before_ns),
    )];
    lines.extend(offered.as_ref().map(offered_by));
    lines
}

fn offered_by(Offered { by, path, callback, message, change }: &Offered) -> String {
    let part = if path.is_empty() { "its state" } else { path };
    let with = message.as_ref().map_or_else(String::new, |message| format!(" with {message}"));
    format!("after that end {by} put it into {part} all the same, in {callback}{with} ({change})")
}
