//! Why is a state not known?

use crate::analysis::seam::Why;

/// Why, in words.
pub(crate) const fn why(why: Why) -> &'static str {
    match why {
        Why::Dropped => "messages were dropped",
        Why::Disconnected => "the source was not connected",
        Why::CaptureEnded => "the capture that told it had ended",
        Why::Succeeded => "another capture had begun, and the one that told it tells nothing since",
        Why::NotBegun => "the capture that tells it began then",
        Why::LeftOut => "callbacks were called whose arguments and results were not recorded",
        Why::ResultLeftOut => "a callback returned, and its result was not recorded",
    }
}

/// Since when a state is unknown at a time, and why; or that nothing tells it before, and what came before it is told.
pub(crate) fn unknown(since: i64, event: &str, reason: Why, (at, shown): (i64, &str)) -> String {
    let reason = why(reason);
    if since > at {
        format!("unknown: nothing before tells it, and before it is told, {shown}, {reason} ({event})")
    } else {
        format!("unknown since {shown}: {reason} ({event})")
    }
}
