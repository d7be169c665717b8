//! What has a reader to know of the figures of groups of calls?

use crate::analysis::untimed::Untimed;
use crate::tell::words::{count, count_of};

/// What is said of own time where spans do not nest.
pub(crate) fn overlaps(overlaps: u64) -> Option<String> {
    (overlaps > 0).then(|| {
        let calls = count_of(overlaps, "call overlaps", "calls overlap");
        format!("{calls} others of their process without nesting: self times are not exact there")
    })
}

/// What is said of calls that are in no figure of time.
pub(crate) fn untimed(untimed: Untimed) -> Option<String> {
    let calls = |n: u64| count(n, "call");
    let ended = (untimed.ended > 0).then(|| format!("when {} began or ended is not known", calls(untimed.ended)));
    let open = (untimed.open > 0).then(|| format!("of {} no end was recorded here", calls(untimed.open)));
    let why: Vec<String> = open.into_iter().chain(ended).collect();
    let (have, they) = if untimed.all() == 1 { ("has", "it is") } else { ("have", "they are") };
    let all = calls(untimed.all());
    (untimed.all() > 0).then(|| {
        format!("{all} {have} no duration and {they} in no figure of time, and may be slow ones: {}", why.join("; "))
    })
}

/// What is said of the bound on waiting.
pub(crate) const BOUND: &str = "maybe_waited is part of self: how long at most a message that came had been waited for; \
                                time at work meanwhile is not recorded";

/// What is said where no messages were recorded.
pub(crate) const UNHEARD: &str = "self includes waiting: of a recording with calls no message was recorded, so how \
                                  long they waited is not known";
