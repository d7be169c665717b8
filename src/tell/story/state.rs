//! How is told what state a process had at its end?

use super::words::relative;
use crate::analysis::story::line::{Set, State};
use crate::tell::unknown;

/// A fact on its state.
pub(super) fn told(state: &State, anchor: i64) -> String {
    let at = |at: i64| relative(at, anchor);
    match state {
        State::Handler { handler, state } => format!("{handler}: {state}"),
        State::HandlerUnknown { handler, since, why, event } => {
            format!("{handler}: unknown since {}: {} ({event})", at(*since), unknown::why(*why))
        }
        State::Is(state) => state.clone(),
        State::Set(by) => set(by, anchor),
        State::CalledWith { at: when, event } => {
            format!("what a callback was called with at {} ({event})", at(*when))
        }
        State::Unknown { since, why, event } => {
            format!("unknown since {}: {} ({event})", at(*since), unknown::why(*why))
        }
        State::LastKnown { state, set: by } => format!("last known: {state}, {}", set(by, anchor)),
    }
}

fn set(Set { at, event, trigger, sender, sent_at }: &Set, anchor: i64) -> String {
    let from = sender.as_ref().map(|sender| format!(" from {sender}")).unwrap_or_default();
    let place = sent_at.as_ref().map(|place| format!(", sent at {place}")).unwrap_or_default();
    format!("set at {} ({event}) by {trigger}{from}{place}", relative(*at, anchor))
}
