//! How are times, counts and processes written in a story?

pub(super) use crate::analysis::duration::duration;
use crate::analysis::story::line::{Bound, Left, Messages};
use crate::tell::words::count;

/// A time as its distance from the anchor: `-50.3ms`, `+1.2us`, `0`.
pub(super) fn relative(at: i64, anchor: i64) -> String {
    match at.saturating_sub(anchor) {
        0 => "0".to_owned(),
        ns @ 1.. => format!("+{}", duration(ns)),
        ns => duration(ns),
    }
}

/// `x2`, where there is more than one.
pub(super) fn times(count: usize) -> String {
    if count > 1 { format!(" x{count}") } else { String::new() }
}

/// `at least 3 messages`.
pub(super) fn messages(messages: Messages) -> String {
    let bound = match messages.bound {
        Bound::Exact => "",
        Bound::AtLeast => "at least ",
        Bound::AtMost => "at most ",
    };
    format!("{bound}{}", count(messages.count, "message"))
}

/// A message, or what stands for one that is not recorded.
pub(super) fn message(message: Option<&str>) -> &str {
    message.unwrap_or("a message that was not recorded")
}

/// Of which calls a figure is, where not all were looked at.
pub(super) fn of_newest(newest: Option<usize>) -> String {
    newest.map(|newest| format!(", of the newest {newest} calls of each callback")).unwrap_or_default()
}

/// How a call that failed was left.
pub(super) const fn left(left: Left) -> &'static str {
    match left {
        Left::Exit => "was left by the exit",
        Left::Throw => "threw",
        Left::Error => "raised",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_their_distance() {
        assert_eq!(relative(5, 5), "0");
        assert_eq!(relative(-50_321_000, 0), "-50.3ms");
        assert_eq!(relative(2_000, 0), "+2us");
    }
}
