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
    }
}

/// Whether it is not known since that time, or until then.
pub(crate) const fn from(why: Why) -> &'static str {
    if matches!(why, Why::NotBegun) { "unknown until" } else { "unknown since" }
}
