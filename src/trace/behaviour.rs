//! Which calls are callbacks of an OTP behaviour, and what state do they tell?
//!
//! `event/behaviour.rs` says which function is a callback of what, and where a state stands; this joins it to the process
//! and the message. A `gen_statem`'s state is `{Name, Data}`, as `:sys.get_state/1` tells it.

use std::borrow::Cow;

use super::flight::{Kind as Message, reference_of_from};
use super::functions::FunctionId;
use super::message::Mfa;
use super::process::{Caller, Correlation, Handling, ProcessKey};
use super::recorder::Recorder;
use crate::etf::Term;
use crate::event::behaviour::{self, After, By, Callback, Loop, loop_of, may_be_state};

impl Handling {
    fn of(callback: Option<&'static Callback>) -> Self {
        let correlation = Correlation::None;
        Self { callback, of: None, is_told: false, handler: None, state: None, message: None, sent: None, correlation }
    }
}

impl Recorder {
    /// What a callback was called with, and where its message comes from.
    pub(super) fn handling(
        &mut self,
        key: ProcessKey,
        function: FunctionId,
        caller: Caller,
        mfa: &Mfa<'_>,
    ) -> Option<Handling> {
        let of = self.functions.function(function);
        if of.is_callback_mode {
            self.statems.insert(of.module.clone());
            return None;
        }
        let by = match caller {
            Caller::Function(caller) => self.functions.function(caller).calls_as,
            Caller::Nobody => By::Other,
            _ if self.statems.contains(&of.module) => By::Loop(Loop::Statem),
            Caller::Unknown => By::Untold,
        };
        let of = self.functions.function(function);
        let Some(args) = mfa.args else {
            let is_unseen = by == By::Loop(Loop::Handlers) && behaviour::may_change(&of.name, of.arity, by);
            if let Some(process) = self.processes.get(key).filter(|_| is_unseen) {
                process.handlers.forget(&of.module);
            }
            return None;
        };
        if of.may_take_events && by == By::Loop(Loop::Statem) {
            return if self.is_nested(key, function) { None } else { self.event(key, mfa, args) };
        }
        let callback = of.callback?;
        // The callback around it has taken the message.
        if by == By::Other && self.is_within_callback(key, |_| true) {
            return None;
        }
        let of = self.functions.function(function);
        let module = of.module.clone();
        let is_told = by != By::Untold;
        if callback.name == "init" {
            let of = loop_of(callback, by, None::<&Term<'_>>)?;
            return Some(Handling { of: Some(of), is_told, ..Handling::of(Some(callback)) });
        }
        let given = args.element(usize::from(callback.state.unwrap_or(mfa.arity - 1)))?;
        let of = loop_of(callback, by, Some(&given));
        let of = of.filter(|of| may_be_state(*of, module.trim_start_matches(':'), &given));
        // What calls callbacks from within another tells a part of that one's state.
        let is_inner = matches!(of, Some(Loop::Stage | Loop::Channel | Loop::View)) && is_told;
        if is_inner && self.is_within_callback(key, |handling| handling.of == Some(Loop::Server)) {
            return None;
        }
        let state = callback.state.map(|_| given);
        let message = match (callback.name, of) {
            ("handle_call", _) if mfa.arity == 3 => Some((Message::Call, Some(args.element(1)?))),
            ("handle_cast", _) => Some((Message::Cast, None)),
            // Every handler of a manager is given the same message.
            ("handle_info", of) if of != Some(Loop::Handlers) => Some((Message::Info, None)),
            _ => None,
        };
        // A function that nothing tells to be a callback, and takes no message.
        if of.is_none() && message.is_none() {
            return None;
        }
        let first = args.element(0)?;
        let handling = match message {
            Some(message) => self.taken(key, Some(callback), message, first),
            // What it was called for.
            None => Handling { message: Some(first.as_bytes().into()), ..Handling::of(Some(callback)) },
        };
        let handling = match callback.name {
            "handle_continue" | "join" | "mount" | "terminate" | "code_change" => {
                Handling { message: None, ..handling }
            }
            _ => handling,
        };
        let handler = match (of, state) {
            (Some(Loop::Handlers), Some(state)) => {
                let hash = self.flights.hash(state.as_bytes());
                let found = self.processes.get(key).and_then(|process| match callback.name {
                    "terminate" => process.handlers.ending(&module, state, hash),
                    _ => process.handlers.called(&module, state, hash),
                });
                // Which of several it is cannot be told.
                Some(found.map_or((None, None), |found| (of, Some(found))))
            }
            _ => None,
        };
        let (of, handler) = handler.unwrap_or((of, None));
        let state = of.and(state).map(|state| state.as_bytes().into());
        Some(Handling { of, is_told, handler, state, ..handling })
    }

    /// Whether another state function of its process has been called and has not returned: then it has called this one in
    /// its place, or with the arguments of a state that is not its own.
    fn is_nested(&mut self, key: ProcessKey, function: FunctionId) -> bool {
        let tells_returns = self.tells_returns || self.hello.is_some();
        self.processes.get(key).filter(|_| tells_returns).is_some_and(|process| {
            let gaps = process.gaps;
            let mut open = process.stack.iter().filter(|frame| frame.gaps == gaps && frame.function != function);
            open.any(|frame| frame.handling.as_ref().is_some_and(|handling| handling.callback.is_none()))
        })
    }

    /// Whether such a callback has been called and has not returned.
    fn is_within_callback(&mut self, key: ProcessKey, is_such: impl Fn(&Handling) -> bool) -> bool {
        self.processes.get(key).is_some_and(|process| {
            let gaps = process.gaps;
            let mut open = process.stack.iter().filter(|frame| frame.gaps == gaps);
            open.any(|frame| frame.handling.as_deref().is_some_and(&is_such))
        })
    }

    /// `StateName(EventType, Content, Data)` or `handle_event(EventType, Content, StateName, Data)`.
    fn event(&mut self, key: ProcessKey, mfa: &Mfa<'_>, args: Term<'_>) -> Option<Handling> {
        let (event, content) = (args.element(0)?, args.element(1)?);
        let last = args.element(usize::from(mfa.arity) - 1)?;
        let state = if mfa.arity == 3 {
            named(&mfa.name[mfa.split..], last.as_bytes())
        } else {
            named(args.element(2)?.as_bytes(), last.as_bytes())
        };
        let alone = || Handling::of(None);
        let handling = if let Some(name) = event.atom() {
            match name.bytes() {
                b"cast" => self.taken(key, None, (Message::Cast, None), content),
                b"info" => self.taken(key, None, (Message::Info, None), content),
                b"enter" => alone(),
                b"internal" | b"timeout" | b"state_timeout" => {
                    Handling { message: Some(content.as_bytes().into()), ..alone() }
                }
                _ => return None,
            }
        } else {
            let mut pair = event.tuple().filter(|pair| pair.len() == 2)?;
            match (pair.next()?.atom()?.bytes(), pair.next()?) {
                (b"call", from) => self.taken(key, None, (Message::Call, Some(from)), content),
                (b"timeout", _) => Handling { message: Some(content.as_bytes().into()), ..alone() },
                _ => return None,
            }
        };
        Some(Handling { state: Some(state), of: Some(Loop::Statem), is_told: true, ..handling })
    }

    /// A message that is handled, and its send.
    fn taken(
        &mut self,
        key: ProcessKey,
        callback: Option<&'static Callback>,
        (kind, from): (Message, Option<Term<'_>>),
        content: Term<'_>,
    ) -> Handling {
        let correlation = from.and_then(reference_of_from).map(Correlation::of).unwrap_or_default();
        let hash = self.flights.content(kind, content);
        let received = self.processes.get(key).and_then(|process| process.handle(hash));
        // Without traces of receives the message is still on its way.
        let mut sent = received.map_or_else(|| self.sent_to(key, hash), |received| received.sent);
        if correlation != Correlation::None {
            sent = self.flights.call(correlation).or(sent);
        }
        Handling { message: Some(content.as_bytes().into()), sent, correlation, ..Handling::of(callback) }
    }
}

/// `{Name, Data}`.
fn named(name: &[u8], data: &[u8]) -> Vec<u8> {
    [&[104, 2], name, data].concat()
}

impl Handling {
    /// What the callback's return value says of the state, as sent.
    pub(super) fn after<'a>(&self, module: &str, value: Term<'a>) -> After<Cow<'a, [u8]>> {
        let Some(of) = self.of else { return After::Nothing };
        let Some(callback) = self.callback else {
            return self.after_event(value).map_or(After::Nothing, |state| After::State(Cow::Owned(state)));
        };
        match behaviour::after(callback, of, self.is_told, &value) {
            After::State(state) if !may_be_state(of, module.trim_start_matches(':'), &state) => After::Nothing,
            After::State(state) => After::State(Cow::Borrowed(state.as_bytes())),
            After::Named(name, data) => After::State(Cow::Owned(named(name.as_bytes(), data.as_bytes()))),
            After::Gone => After::Gone,
            After::Nothing => After::Nothing,
        }
    }

    /// The state that a state function returns.
    fn after_event(&self, value: Term<'_>) -> Option<Vec<u8>> {
        let mut parts = value.tuple()?;
        let n = parts.len();
        let tag = parts.next()?.atom()?;
        let mut part = |place: usize| parts.nth(place - 1);
        let name = self.state.as_deref().map(Term::checked)?.tuple()?.next()?;
        Some(match (tag.bytes(), n) {
            (b"next_state", 3 | 4) => {
                let name = part(1)?;
                named(name.as_bytes(), parts.next()?.as_bytes())
            }
            (b"keep_state" | b"repeat_state", 2 | 3) => named(name.as_bytes(), part(1)?.as_bytes()),
            (b"stop", 3) => named(name.as_bytes(), part(2)?.as_bytes()),
            (b"stop_and_reply", 4) => named(name.as_bytes(), part(3)?.as_bytes()),
            _ => return None,
        })
    }
}
