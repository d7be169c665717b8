//! Calls and their ends: how long did each take, what led to it, which message was it for?

use super::draft::Draft;
use super::flight::Flight;
use super::functions::FunctionId;
use super::handlers::HandlerId;
use super::message::{Mfa, fprof_caller};
use super::object::{About, Object};
use super::process::{Caller, Correlation, Frame, Handling, ProcessKey};
use super::raised::Raised;
use super::recorder::{At, Recorder};
use super::returns::forget_rounds;
use crate::etf::{Atom, Pid, Term, View};
use crate::event::Role;
use crate::redact::Asked;

/// Results of calls within one that asked for a secret that are shown without texts: looking up is short.
const WITHIN: u8 = 32;

impl Recorder {
    pub(super) fn on_call(
        &mut self,
        at: At,
        pid: Option<Pid<'_>>,
        mfa: Mfa<'_>,
        extra: Option<Term<'_>>,
    ) -> Option<()> {
        let key = self.key(pid?)?;
        let function = self.function_id(&mfa);
        self.functions.called(function);
        let by_fprof = extra.and_then(fprof_caller);
        if by_fprof.is_some() {
            self.functions.all_are_traced();
        }
        let extra = by_fprof.or(extra);
        let site = extra.and_then(|extra| self.functions.site_id(extra));
        let caller = match (site, extra.and_then(Term::atom)) {
            (Some(site), _) => Caller::Function(self.functions.site(site).caller),
            (None, Some(nobody)) if nobody.is("undefined") => Caller::Nobody,
            _ => Caller::Unknown,
        };
        let handling = self.handling(key, function, caller, &mfa);
        let about = self.about(function);
        let asked = self.asked(function, &mfa);
        let sent = handling.as_ref().and_then(|handling| handling.sent);
        let is_call = handling.as_ref().is_some_and(|handling| {
            handling.callback.is_some_and(|callback| callback.name == "handle_call")
                || handling.correlation != Correlation::None
        });

        let handler = handling.as_ref().and_then(|handling| handling.handler.as_ref()).map(HandlerId::shown);
        if let Some(handling) = handling.as_ref().filter(|_| about != About::Silent) {
            self.on_state_seen(at, key, function, handling);
        }
        let gaps = self.gaps();
        let process = self.processes.at(key, at.number);
        if process.is_full() {
            forget_rounds(&self.functions, &mut process.stack);
            process.make_room();
        }
        let outer = process.innermost().map(|frame| (frame.number, frame.correlation));
        let parent_unknown = sent.is_none() && !process.knows_innermost();
        let parent = sent.map(|sent| sent.number).or_else(|| process.doing().0);
        let correlation = match (sent, &handling) {
            (Some(sent), _) => sent.correlation,
            (None, Some(Handling { correlation, .. })) if *correlation != Correlation::None => *correlation,
            _ => outer.map(|(_, correlation)| correlation).unwrap_or_default(),
        };
        process.has_returned = false;
        process.raised = Raised::read(&mfa);
        process.push(Frame {
            function,
            caller,
            is_doubtful: false,
            number: at.number,
            parent,
            since: at.ns,
            site,
            correlation,
            gaps,
            handling: handling.map(Box::new),
            asked,
            within: if asked.is_some() { WITHIN } else { 0 },
        });

        let mut draft = self.draft(at, "function_entry", Some(key));
        draft.call = draft.event_id;
        draft.function = Some(function);
        draft.site = site;
        draft.correlation = self.correlate(correlation);
        draft.parent = parent.map(|parent| self.id_of(parent)).unwrap_or_default();
        self.emit(draft, |object, draft| {
            match mfa.args.map(|args| (args.elements(), args)) {
                Some((Some(args), _)) => object.passed("args", args, about),
                Some((None, args)) if about == About::Silent => {
                    object.passed("args", (0..mfa.arity.into()).filter_map(|at| args.element(at)), about);
                }
                Some((None, args)) => {
                    // Erlang writes a list of bytes as a string; arguments are never one.
                    if let View::Bytes(bytes) = args.view() {
                        object.numbers("args", bytes);
                    }
                }
                None => {}
            }
            if let Some(handler) = &handler {
                object.str("handler", handler);
            }
            if let Some(site) = site {
                object.site(site);
            } else if let Some(extra) = extra {
                object.term("extra", extra);
            }
            if parent_unknown {
                object.bool("parent_unknown", true);
            }
            if let Some(sent) = sent {
                let party = if is_call { ("caller_pid", Role::Caller) } else { ("sender_pid", Role::Sender) };
                describe_sent(object, draft, sent, party);
                if let Some((now, since)) = at.ns.zip(sent.at).filter(|_| sent.gaps == gaps) {
                    object.int("queue_time_ns", now.saturating_sub(since).max(0));
                }
                if let Some((outer, _)) = outer {
                    object.id("parent_call_id", outer);
                }
            }
        });
        Some(())
    }

    /// Closes a call that ended with a value or an error; the event of its end, begun.
    fn close(&mut self, at: At, key: ProcessKey, function: FunctionId) -> (Draft, Option<Frame>) {
        let process = self.processes.at(key, at.number);
        process.has_returned = true;
        let frame = process.pop(function);
        let mut draft = self.draft(at, "function_exit", Some(key));
        draft.function = Some(function);
        if let Some(frame) = &frame {
            self.end(at, frame, &mut draft);
        }
        (draft, frame)
    }

    /// Writes whose end it is, and how long it took.
    pub(super) fn end(&mut self, at: At, frame: &Frame, draft: &mut Draft) {
        draft.function = Some(frame.function);
        draft.call = self.id_of(frame.number);
        draft.parent = frame.parent.map(|parent| self.id_of(parent)).unwrap_or_default();
        draft.site = frame.site;
        draft.correlation = self.correlate(frame.correlation);
        // Across a gap the end may be another call's.
        let since = frame.since.filter(|_| frame.gaps == self.gaps() && !frame.is_doubtful);
        draft.duration_ns = at.ns.zip(since).map(|(end, since)| end.saturating_sub(since).max(0));
    }

    pub(super) fn on_return(&mut self, at: At, pid: Option<Pid<'_>>, mfa: Mfa<'_>, value: Term<'_>) -> Option<()> {
        let key = self.key(pid?)?;
        let function = self.function_id(&mfa);
        self.tells_returns = true;
        let (draft, frame) = self.close(at, key, function);
        let spans_gap = self.spans_gap(frame.as_ref());
        let about = self.returned(key, function, frame.as_ref());
        self.emit(draft, |object, _| {
            object.key("result");
            object.value_about(value, about);
            object.str("exit_reason", "normal");
            if spans_gap {
                object.bool("spans_gap", true);
            }
        });
        if let Some(frame) = frame.filter(|_| about != About::Silent) {
            self.on_state(at, key, &frame, value);
        }
        Some(())
    }

    pub(super) fn on_exception(
        &mut self,
        at: At,
        pid: Option<Pid<'_>>,
        mfa: Mfa<'_>,
        class: Atom<'_>,
        reason: Term<'_>,
    ) -> Option<()> {
        let key = self.key(pid?)?;
        let function = self.function_id(&mfa);
        let (draft, frame) = self.close(at, key, function);
        let spans_gap = self.spans_gap(frame.as_ref());
        if let (Some(frame), Some(process)) = (&frame, self.processes.get(key)) {
            process.failed = Some((frame.number, frame.correlation)).filter(|_| !spans_gap);
        }
        let about = self.about(function);
        self.emit(draft, |object, _| {
            object.str("exit_reason", &class.text());
            object.key("reason");
            // A reason says what went wrong; of what reads secrets, with them.
            object.value_about(reason, if about == About::Silent { about } else { About::Others });
            if spans_gap {
                object.bool("spans_gap", true);
            }
        });
        if let Some(frame) = frame {
            // A loop takes what a callback throws for its result.
            let thrown = (class.is("throw")).then_some(reason);
            self.on_failure(at, key, &frame, thrown);
        }
        Some(())
    }
}

impl Recorder {
    /// What a function is given, by its name.
    fn about(&self, function: FunctionId) -> About {
        let function = self.functions.function(function);
        match (function.is_silent, function.is_about_secrets) {
            (true, _) => About::Silent,
            (_, true) => About::Secrets,
            _ => About::Others,
        }
    }

    /// What a call asks for; its function remembers it.
    fn asked(&mut self, function: FunctionId, mfa: &Mfa<'_>) -> Option<Asked> {
        let asked = self.session().redact.asked(&mfa.args?.elements()?)?;
        self.functions.asks(function, asked);
        Some(asked)
    }

    /// What a call returned, by its function, by what it asked for, and by the calls around it.
    fn returned(&mut self, key: ProcessKey, function: FunctionId, frame: Option<&Frame>) -> About {
        let about = self.about(function);
        if about == About::Silent {
            return about;
        }
        let asked = frame.map_or(self.functions.function(function).asked, |frame| frame.asked);
        if let Some(asked) = asked {
            return About::Asked(asked);
        }
        let around = self.processes.get(key).and_then(|process| {
            process.stack.iter_mut().rev().take(usize::from(WITHIN)).find(|frame| frame.within > 0)
        });
        match around {
            Some(frame) => {
                frame.within -= 1;
                About::Within
            }
            None => about,
        }
    }
}

/// Which send a message comes from, and who sent it.
pub(super) fn describe_sent(object: &mut Object<'_>, draft: &mut Draft, sent: Flight, (key, role): (&str, Role)) {
    object.id("message_id", sent.number);
    if let Some(sender) = sent.sender {
        let pid = object.pid(key, sender);
        draft.role(role, pid);
    }
}
