//! Which calls are callbacks of an OTP behaviour, and what state do they tell?
//!
//! A `GenServer`'s state is its callbacks' last argument and part of what they return; a `gen_statem`'s is `{Name, Data}`, as
//! `:sys.get_state/1` tells it.

use std::borrow::Cow;

use super::flight::{Kind as Message, reference_of_from};
use super::functions::{Callback, FunctionId, Kind};
use super::message::Mfa;
use super::process::{Caller, Correlation, Handling, ProcessKey};
use super::recorder::Recorder;
use crate::etf::Term;

impl Handling {
    fn of(callback: Callback) -> Self {
        Self { callback, is_statem: None, state: None, message: None, sent: None, correlation: Correlation::None }
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
        let args = mfa.args?;
        let by = match caller {
            Caller::Function(caller) => Some(self.functions.function(caller).kind),
            _ => None,
        };
        let Some(callback) = of.callback else {
            let is_statem = by.map_or_else(|| self.statems.contains(&of.module), |by| by == Kind::Statem);
            return (of.may_take_events && is_statem).then(|| self.event(key, mfa, args))?;
        };
        let first = args.element(0)?;
        let (kind, from, state) = match callback {
            Callback::Init if by == Some(Kind::Manager) => return None,
            Callback::Init => {
                let is_statem = by.filter(|by| *by != Kind::Plain).map(|by| by == Kind::Statem);
                let is_statem = is_statem.or_else(|| self.statems.contains(&of.module).then_some(true));
                return Some(Handling { is_statem, ..Handling::of(callback) });
            }
            Callback::HandleCall => (Message::Call, args.element(1), args.element(2)?),
            Callback::HandleCast => (Message::Cast, None, args.element(1)?),
            Callback::HandleInfo => (Message::Info, None, args.element(1)?),
            Callback::HandleContinue | Callback::StateEvent => {
                let state = Some(args.element(1)?.as_bytes().into());
                return Some(Handling { state, ..Handling::of(callback) });
            }
        };
        let state = Some(state.as_bytes().into());
        Some(Handling { state, ..self.taken(key, callback, (kind, from), first) })
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
        let alone = || Handling::of(Callback::StateEvent);
        let handling = if let Some(name) = event.atom() {
            match name.bytes() {
                b"cast" => self.taken(key, Callback::StateEvent, (Message::Cast, None), content),
                b"info" => self.taken(key, Callback::StateEvent, (Message::Info, None), content),
                b"enter" => alone(),
                b"internal" | b"timeout" | b"state_timeout" => {
                    Handling { message: Some(content.as_bytes().into()), ..alone() }
                }
                _ => return None,
            }
        } else {
            let mut pair = event.tuple().filter(|pair| pair.len() == 2)?;
            match (pair.next()?.atom()?.bytes(), pair.next()?) {
                (b"call", from) => self.taken(key, Callback::StateEvent, (Message::Call, Some(from)), content),
                (b"timeout", _) => Handling { message: Some(content.as_bytes().into()), ..alone() },
                _ => return None,
            }
        };
        Some(Handling { state: Some(state), is_statem: Some(true), ..handling })
    }

    /// A message that is handled, and its send.
    fn taken(
        &mut self,
        key: ProcessKey,
        callback: Callback,
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
    /// The state that the callback's return value carries.
    pub(super) fn state_after<'a>(&self, value: Term<'a>) -> Option<Cow<'a, [u8]>> {
        let mut parts = value.tuple()?;
        let n = parts.len();
        let tag = parts.next()?.atom()?;
        let mut part = |place: usize| parts.nth(place - 1);
        if self.callback == Callback::StateEvent {
            let name = self.state.as_deref().map(Term::checked)?.tuple()?.next()?;
            return Some(Cow::Owned(match (tag.bytes(), n) {
                (b"next_state", 3 | 4) => {
                    let name = part(1)?;
                    named(name.as_bytes(), parts.next()?.as_bytes())
                }
                (b"keep_state" | b"repeat_state", 2 | 3) => named(name.as_bytes(), part(1)?.as_bytes()),
                (b"stop", 3) => named(name.as_bytes(), part(2)?.as_bytes()),
                (b"stop_and_reply", 4) => named(name.as_bytes(), part(3)?.as_bytes()),
                _ => return None,
            }));
        }
        let at = match (self.callback, tag.bytes(), n) {
            (Callback::Init, b"ok", 3 | 4) => {
                let (first, second) = (part(1)?, parts.next()?);
                let is_statem = n == 4 || self.is_statem.unwrap_or_else(|| !is_server_option(second));
                let (first, second) = (first.as_bytes(), second.as_bytes());
                return Some(if is_statem { Cow::Owned(named(first, second)) } else { Cow::Borrowed(first) });
            }
            (Callback::Init, b"ok", 2) => 1,
            (Callback::Init, ..) => return None,
            (Callback::HandleCall, b"stop", 4) => 3,
            (_, b"noreply", 2 | 3) => 1,
            (Callback::HandleCall, b"reply", 3 | 4) | (_, b"stop", 3) => 2,
            _ => return None,
        };
        Some(Cow::Borrowed(part(at)?.as_bytes()))
    }
}

/// What may follow a server's state: a timeout, `hibernate`, `{continue, Term}`.
fn is_server_option(term: Term<'_>) -> bool {
    let is_continue = |mut pair: crate::etf::Terms<'_>| {
        pair.len() == 2 && pair.next().and_then(Term::atom).is_some_and(|tag| tag.is("continue"))
    };
    term.integer().is_some()
        || term.atom().is_some_and(|name| name.is("infinity") || name.is("hibernate"))
        || term.tuple().is_some_and(is_continue)
}
