//! How did a callback change its process's state?

use super::calls::describe_sent;
use super::diff;
use super::functions::Callback;
use super::process::{Frame, ProcessKey};
use super::recorder::{At, Recorder};
use crate::etf::Term;
use crate::event::Role;

impl Recorder {
    /// A call has returned: if it was a callback that changed the state, an event tells it.
    pub(super) fn on_state(&mut self, at: At, key: ProcessKey, frame: &Frame, value: Term<'_>) -> Option<()> {
        let callback = self.functions.function(frame.function).callback?;
        let handling = frame.handling.as_deref()?;
        let new = state_after(callback, value)?;
        let old = handling.state.as_deref().map(Term::checked);
        if old.is_some_and(|old| old.as_bytes() == new.as_bytes()) {
            return None;
        }
        let function = frame.function;
        let sent = handling.sent;

        let mut draft = self.draft_with(at, "s", "state_change", Some(key));
        draft.function = Some(function);
        draft.site = frame.site;
        draft.call = self.id_of(frame.number);
        draft.parent = draft.call;
        draft.correlation = self.correlate(frame.correlation);
        self.emit(draft, |object, draft| {
            let server = object.pid("server_pid", key);
            draft.role(Role::Server, server);
            object.str("callback", &object.context.functions.function(function).shown);
            object.key("state_diff");
            diff::write(old, new, object);
            if let Some(message) = handling.message.as_deref() {
                object.term("trigger_message", Term::checked(message));
            }
            if let Some(sent) = sent {
                describe_sent(object, draft, sent, ("sender_pid", Role::Sender));
                if let Some(site) = sent.site {
                    object.sent_from(site);
                }
            }
            if let Some(old) = old {
                object.term("old_state", old);
            }
            object.term("new_state", new);
        });
        Some(())
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
