//! How did a callback change its process's state?

use super::calls::describe_sent;
use super::diff;
use super::functions::{Callback, FunctionId};
use super::process::{Frame, Handling, ProcessKey};
use super::recorder::{At, Recorder};
use crate::etf::Term;
use crate::event::Role;

/// What is known of the state before a change.
enum Before<'a> {
    /// There was none.
    Nothing,
    Known(Term<'a>),
    /// Messages were dropped since it was told: it may have changed in between.
    Unknown,
}

impl Recorder {
    /// A call has returned: if it was a callback that changed the state, an event tells it.
    pub(super) fn on_state(&mut self, at: At, key: ProcessKey, frame: &Frame, value: Term<'_>) -> Option<()> {
        let callback = self.functions.function(frame.function).callback?;
        let handling = frame.handling.as_deref()?;
        let new = state_after(callback, value)?;
        let hash = self.flights.hash(new.as_bytes());
        let told = self.processes.at(key, at.number).state.replace(hash);
        if frame.gaps != self.gaps() {
            // The return may be another call's.
            if told != Some(hash) {
                let draft = self.draft_with(at, "s", "state_change", Some(key));
                self.tell_state(draft, key, frame.function, &Before::Unknown, new, None);
            }
            return Some(());
        }
        let before = handling.state.as_deref().map(Term::checked);
        if before.is_some_and(|old| old.as_bytes() == new.as_bytes()) {
            return None;
        }
        let mut draft = self.draft_with(at, "s", "state_change", Some(key));
        draft.site = frame.site;
        draft.call = self.id_of(frame.number);
        draft.parent = draft.call;
        draft.correlation = self.correlate(frame.correlation);
        self.tell_state(
            draft,
            key,
            frame.function,
            &before.map_or(Before::Nothing, Before::Known),
            new,
            Some(handling),
        );
        Some(())
    }

    /// A callback is called with a state: if it is another one than was told before a gap, it changed in the gap.
    pub(super) fn on_state_seen(&mut self, at: At, key: ProcessKey, function: FunctionId, handling: &Handling) {
        let Some(state) = handling.state.as_deref() else { return };
        let hash = self.flights.hash(state);
        let gaps = self.gaps();
        let process = self.processes.at(key, at.number);
        let is_first = std::mem::replace(&mut process.state_gaps, gaps) != gaps;
        let told = process.state.replace(hash);
        if is_first && told.is_some_and(|told| told != hash) {
            let draft = self.draft_with(at, "g", "state_change", Some(key));
            self.tell_state(draft, key, function, &Before::Unknown, Term::checked(state), None);
        }
    }

    fn tell_state(
        &mut self,
        mut draft: super::draft::Draft,
        key: ProcessKey,
        function: FunctionId,
        before: &Before<'_>,
        new: Term<'_>,
        handling: Option<&Handling>,
    ) {
        draft.function = Some(function);
        let lost_since = self.lost_since;
        let sent = handling.and_then(|handling| handling.sent);
        self.emit(draft, |object, draft| {
            let server = object.pid("server_pid", key);
            draft.role(Role::Server, server);
            object.str("callback", &object.context.functions.function(function).shown);
            object.key("state_diff");
            match before {
                Before::Nothing => object.text.push_str("[\"initial\"]"),
                Before::Known(old) => diff::write(*old, new, object),
                Before::Unknown => object.text.push_str("[\"unknown (messages were dropped)\"]"),
            }
            if let Some(message) = handling.and_then(|handling| handling.message.as_deref()) {
                object.term("trigger_message", Term::checked(message));
            }
            if let Some(sent) = sent {
                describe_sent(object, draft, sent, ("sender_pid", Role::Sender));
                if let Some(site) = sent.site {
                    object.sent_from(site);
                }
            }
            match before {
                Before::Nothing => {}
                Before::Known(old) => object.term("old_state", *old),
                Before::Unknown => {
                    object.bool("spans_gap", true);
                    if let Some(since) = lost_since {
                        object.int("old_state_unknown_since", since);
                    }
                }
            }
            object.term("new_state", new);
        });
    }
}

/// The state a callback's return value carries.
fn state_after(callback: Callback, value: Term<'_>) -> Option<Term<'_>> {
    let mut parts = value.tuple()?;
    let n = parts.len();
    let tag = parts.next()?.atom()?;
    let at = match (callback, tag.bytes(), n) {
        (Callback::Init, b"ok", 2 | 3) => 0,
        (Callback::Init, ..) => return None,
        (Callback::HandleCall, b"reply", 3 | 4) | (Callback::HandleCall, b"stop", 4) => {
            if tag.is("stop") {
                2
            } else {
                1
            }
        }
        (_, b"noreply", 2 | 3) => 0,
        (_, b"stop", 3) => 1,
        _ => return None,
    };
    parts.nth(at)
}
