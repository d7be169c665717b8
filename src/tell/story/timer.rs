//! Which timer sent a message?

use super::sent::comma;
use super::times;
use super::words::duration;
use crate::analysis::story::line::Timer;

pub(super) fn line(Timer { is_exact, candidates, set_by, lasts_ns, at, place }: &Timer, anchor: i64) -> String {
    let what = if *is_exact { "a timer sent it" } else { "most likely a timer sent it" };
    let others = if *candidates > 1 { format!(", one of {candidates} that may have") } else { String::new() };
    let by = set_by.as_ref().map_or_else(|| "itself".to_owned(), ToString::to_string);
    let lasts = lasts_ns.map(|ns| format!(" for {}", duration(ns))).unwrap_or_default();
    format!("{what}{others}, set by {by}{lasts} at {}{}", times::at(at, anchor), comma(place.as_ref()))
}
