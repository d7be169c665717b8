//! Why is a state not known?

use crate::analysis::known::Why;

/// Why, in words.
pub(crate) const fn why(why: Why) -> &'static str {
    match why {
        Why::Dropped => "messages were dropped",
        Why::Disconnected => "the source was not connected",
        Why::LeftOut => "callbacks were called whose arguments and results were not recorded",
    }
}
