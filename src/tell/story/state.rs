//! How is told what state a process had at its end?

use super::times;
use super::words::relative;
use crate::analysis::seam::Why;
use crate::analysis::story::line::{At, Set, State};
use crate::tell::unknown;

/// A fact on its state.
pub(super) fn told(state: &State, anchor: i64) -> String {
    match state {
        State::Handler { handler, state } => format!("{handler}: {state}"),
        State::HandlerUnknown { handler, since, why } => {
            format!("{handler}: {}", unknown_since(since, *why, anchor))
        }
        State::Is(state) => state.clone(),
        State::Set(by) => set(by, anchor),
        State::CalledWith(at) => format!("what a callback was called with at {}", times::at(at, anchor)),
        State::Unknown { since, why } => unknown_since(since, *why, anchor),
        State::LastKnown { state, set: by } => format!("last known: {state}, {}", set(by, anchor)),
    }
}

fn unknown_since(since: &At, why: Why, anchor: i64) -> String {
    unknown::unknown(since.at, &since.event, why, (i64::MAX, &relative(since.at, anchor)))
}

fn set(Set { at, trigger, sender, sent_at }: &Set, anchor: i64) -> String {
    let from = sender.as_ref().map(|sender| format!(" from {sender}")).unwrap_or_default();
    let place = sent_at.as_ref().map(|place| format!(", sent at {place}")).unwrap_or_default();
    format!("set at {} by {trigger}{from}{place}", times::at(at, anchor))
}
