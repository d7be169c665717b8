//! How did a callback change its process's state?

use super::calls::describe_sent;
use super::diff;
use super::draft::Draft;
use super::functions::FunctionId;
use super::handlers::HandlerId;
use super::object::Object;
use super::process::{Frame, Handling, ProcessKey};
use super::recorder::{At, Recorder};
use crate::etf::Term;
use crate::event::Role;
use crate::event::behaviour::{After, Loop};

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
        let handling = frame.handling.as_deref()?;
        let after = handling.after(&self.functions.function(frame.function).module, value);
        let new = match after {
            After::State(new) | After::Named(new, _) => new,
            After::Gone => return self.on_handler_gone(at, key, frame),
            After::Nothing => return None,
        };
        let new = Term::checked(&new);
        let hash = self.flights.hash(new.as_bytes());
        if handling.of == Some(Loop::Handlers) {
            return self.on_handler_state(at, key, frame, (new, hash));
        }
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
        let draft = self.draft_of_change(at, key, frame);
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
        let Some(state) = handling.state.as_deref().filter(|_| handling.of != Some(Loop::Handlers)) else { return };
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

    /// What a callback has changed, begun.
    fn draft_of_change(&mut self, at: At, key: ProcessKey, frame: &Frame) -> Draft {
        let mut draft = self.draft_with(at, "s", "state_change", Some(key));
        draft.site = frame.site;
        draft.call = self.id_of(frame.number);
        draft.parent = draft.call;
        draft.correlation = self.correlate(frame.correlation);
        draft.function = Some(frame.function);
        draft
    }

    /// A handler of an event manager has a state, or another one. Nothing is told of one whose callback was called before
    /// a gap: the return may be another's.
    fn on_handler_state(&mut self, at: At, key: ProcessKey, frame: &Frame, (new, hash): (Term<'_>, u64)) -> Option<()> {
        let handling = frame.handling.as_deref()?;
        let has_gap = frame.gaps != self.gaps();
        let module = &self.functions.function(frame.function).module;
        let handlers = &mut self.processes.at(key, at.number).handlers;
        let handler = match &handling.handler {
            _ if has_gap => return None,
            Some(handler) => handler.clone(),
            None => handlers.start(module),
        };
        handlers.set(&handler, hash);
        let before = handling.state.as_deref().map(Term::checked);
        if before.is_some_and(|old| old.as_bytes() == new.as_bytes()) {
            return None;
        }
        let draft = self.draft_of_change(at, key, frame);
        let handling = Handling { handler: Some(handler), ..handling.clone() };
        let before = before.map_or(Before::Nothing, Before::Known);
        self.tell_state(draft, key, frame.function, &before, new, Some(&handling));
        Some(())
    }

    /// A handler of an event manager is no more.
    pub(super) fn on_handler_gone(&mut self, at: At, key: ProcessKey, frame: &Frame) -> Option<()> {
        let handler = frame.handling.as_deref()?.handler.as_ref().filter(|_| frame.gaps == self.gaps())?;
        self.processes.at(key, at.number).handlers.remove(handler).then_some(())?;
        let draft = self.draft_of_change(at, key, frame);
        let function = frame.function;
        self.emit(draft, |object, draft| {
            let server = object.pid("server_pid", key);
            draft.role(Role::Server, server);
            object.str("callback", &object.context.functions.function(function).shown);
            write_handler(object, handler);
            object.bool("handler_removed", true);
        });
        Some(())
    }

    /// A callback has raised, or thrown what its loop takes for a result.
    pub(super) fn on_failure(
        &mut self,
        at: At,
        key: ProcessKey,
        frame: &Frame,
        thrown: Option<Term<'_>>,
    ) -> Option<()> {
        match frame.handling.as_deref()?.of? {
            Loop::Server | Loop::Statem | Loop::Handlers if thrown.is_some() => self.on_state(at, key, frame, thrown?),
            Loop::Handlers => self.on_handler_gone(at, key, frame),
            _ => None,
        }
    }

    fn tell_state(
        &mut self,
        mut draft: Draft,
        key: ProcessKey,
        function: FunctionId,
        before: &Before<'_>,
        new: Term<'_>,
        handling: Option<&Handling>,
    ) {
        draft.function = Some(function);
        let lost_since = self.lost_since;
        let sent = handling.and_then(|handling| handling.sent);
        let is_statem = handling.is_some_and(|handling| handling.of == Some(Loop::Statem));
        self.emit(draft, |object, draft| {
            let server = object.pid("server_pid", key);
            draft.role(Role::Server, server);
            object.str("callback", &object.context.functions.function(function).shown);
            if let Some(handler) = handling.and_then(|handling| handling.handler.as_ref()) {
                write_handler(object, handler);
            }
            if is_statem {
                object.str("behaviour", "gen_statem");
            }
            if let Before::Known(old) = before {
                diff::write(*old, new, object);
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
                Before::Nothing => object.bool("initial", true),
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

fn write_handler(object: &mut Object<'_>, handler: &HandlerId) {
    object.str("handler", &handler.shown());
    if handler.alike > 1 {
        object.int("handlers_alike", handler.alike as i64);
    }
}
