//! Which callbacks changed the state of a process, and by what message?

use super::ask::{Ask, Span, inside};
use super::fact::Fact;
use super::value::Value;
use crate::error::Result;
use crate::query::{Filter, MAX_LIMIT};

/// Callbacks whose return value carries a state.
const CALLBACKS: [(&str, u8); 5] =
    [("init", 1), ("handle_call", 3), ("handle_cast", 2), ("handle_info", 2), ("handle_continue", 2)];

/// One change of a state.
#[derive(Clone, Debug)]
pub(crate) struct StateChange {
    pub(crate) id: String,
    /// When the callback returned.
    pub(crate) at: i64,
    pub(crate) pid: String,
    /// `Cart.handle_cast/2`.
    pub(crate) callback: String,
    pub(crate) module: Option<String>,
    pub(crate) function: Option<String>,
    /// The callback's entry.
    pub(crate) entry: Option<String>,
    /// `None` for the initial state, and for one that is not known.
    pub(crate) old: Option<String>,
    /// Whether messages were dropped before, so that the state it replaced is not known.
    pub(crate) spans_gap: bool,
    pub(crate) new: String,
    pub(crate) message: Option<String>,
    /// The send of that message.
    pub(crate) send: Option<String>,
    pub(crate) sender: Option<String>,
    /// `Checkout.shop/3 (s3_badstate.exs:26)`.
    pub(crate) sent_from: Option<String>,
}

impl StateChange {
    /// Reads a `state_change` event.
    pub(crate) fn of(fact: &Fact) -> Option<Self> {
        let new = fact.text("new_state")?;
        Some(Self {
            id: fact.id().to_owned(),
            at: fact.at(),
            pid: fact.text("server_pid").unwrap_or_else(|| fact.pid()).to_owned(),
            callback: fact.text("callback").map(str::to_owned).or_else(|| fact.mfa()).unwrap_or_default(),
            module: fact.event.module().map(str::to_owned),
            function: fact.event.function().map(str::to_owned),
            entry: fact.event.call_id().map(str::to_owned),
            old: fact.text("old_state").map(str::to_owned),
            spans_gap: fact.flag("spans_gap"),
            new: new.to_owned(),
            message: fact.text("trigger_message").map(str::to_owned),
            send: fact.text("message_id").map(str::to_owned),
            sender: fact.text("sender_pid").map(str::to_owned),
            sent_from: fact.text("sent_from").map(str::to_owned),
        })
    }

    /// Reads a callback's return where no `state_change` is told; `None` when it changed nothing.
    fn of_return(ask: &Ask<'_>, exit: &Fact) -> Option<Self> {
        let new = state_after(exit.event.function()?, exit.text("result")?)?;
        let entry = entry_of(ask, exit);
        let args = entry.as_ref().map(|entry| entry.list("args")).unwrap_or_default();
        let spans_gap = exit.flag("spans_gap");
        let old = entry.as_ref().filter(|_| !spans_gap);
        let old = old.and_then(|entry| state_before(entry.event.function()?, &args));
        if old == Some(new) {
            return None;
        }
        let is_init = exit.event.function() == Some("init");
        Some(Self {
            id: exit.id().to_owned(),
            at: exit.at(),
            pid: exit.pid().to_owned(),
            callback: exit.mfa().unwrap_or_default(),
            module: exit.event.module().map(str::to_owned),
            function: exit.event.function().map(str::to_owned),
            old: old.map(str::to_owned),
            spans_gap,
            new: new.to_owned(),
            message: (!is_init && !spans_gap).then(|| args.first().map(|message| (*message).to_owned())).flatten(),
            send: entry.as_ref().and_then(|entry| entry.text("message_id")).map(str::to_owned),
            sender: entry
                .as_ref()
                .and_then(|entry| entry.text("caller_pid").or_else(|| entry.text("sender_pid")))
                .map(str::to_owned),
            sent_from: None,
            entry: entry.map(|entry| entry.id().to_owned()),
        })
    }

    /// Whether it set the first state.
    pub(crate) const fn is_initial(&self) -> bool {
        self.old.is_none() && !self.spans_gap
    }

    /// What stands for a state before it that is not there.
    pub(crate) const fn no_old(&self) -> &'static str {
        if self.spans_gap { "(unknown)" } else { "(start)" }
    }

    /// `init`, or what the message was.
    pub(crate) fn trigger(&self) -> String {
        match (&self.message, self.is_initial()) {
            (Some(message), _) => message.clone(),
            (None, true) => "(start)".to_owned(),
            (None, false) => "(unknown)".to_owned(),
        }
    }
}

/// The entry of a call that ended.
pub(crate) fn entry_of(ask: &Ask<'_>, exit: &Fact) -> Option<Fact> {
    let call = exit.event.call_id()?;
    // With the recorder's ids a call is called by its entry; others share a call id of their own.
    if let Some(entry) = ask.event(Some(call)).filter(|entry| entry.is("function_entry")) {
        return Some(entry);
    }
    let filter =
        Filter { call_id: Some(call.to_owned()), event_types: vec!["function_entry".to_owned()], ..Filter::default() };
    ask.last(filter, (i64::MIN, exit.at())).ok().flatten()
}

/// The end of a call.
pub(crate) fn exit_of_call(ask: &Ask<'_>, entry: &Fact) -> Result<Option<Fact>> {
    let call = entry.event.call_id().unwrap_or_else(|| entry.id());
    let filter =
        Filter { call_id: Some(call.to_owned()), event_types: vec!["function_exit".to_owned()], ..Filter::default() };
    ask.first(filter, (entry.at(), i64::MAX))
}

/// The state a callback was called with: its last argument.
pub(crate) fn state_before<'a>(function: &str, args: &[&'a str]) -> Option<&'a str> {
    let is_callback = CALLBACKS.iter().any(|(name, arity)| *name == function && usize::from(*arity) == args.len());
    if is_callback && function != "init" { args.last().copied() } else { None }
}

/// The state a callback's return value carries.
fn state_after<'a>(callback: &str, result: &'a str) -> Option<&'a str> {
    let value = Value::read(result);
    let parts = value.tuple()?;
    let at = match (callback, parts.first()?.atom()?, parts.len()) {
        ("init", "ok", 2 | 3) => 1,
        ("init", ..) => return None,
        ("handle_call", "stop", 4) => 3,
        ("handle_call", "reply", 3 | 4) | (_, "stop", 3) => 2,
        (_, "noreply", 2 | 3) => 1,
        _ => return None,
    };
    parts.get(at).map(|state| state.text)
}

/// Where changes are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// `state_change` events.
    Told,
    /// Arguments and results of callbacks.
    Callbacks,
    /// Neither: its states are not known.
    Nothing,
}

/// The changes of one process's state.
pub(crate) struct Changes<'a> {
    ask: &'a Ask<'a>,
    pid: String,
    pub(crate) source: Source,
}

impl<'a> Changes<'a> {
    pub(crate) fn new(ask: &'a Ask<'a>, pid: &str) -> Result<Self> {
        let is_told = ask.first(inside(pid, &["state_change"]), super::ask::EVER)?.is_some();
        let source = if is_told {
            Source::Told
        } else {
            let mut is_any = false;
            for (name, _) in CALLBACKS {
                is_any |= ask.first(callback_exits(pid, name), super::ask::EVER)?.is_some();
            }
            if is_any { Source::Callbacks } else { Source::Nothing }
        };
        Ok(Self { ask, pid: pid.to_owned(), source })
    }

    /// The last change in a span.
    pub(crate) fn last(&self, span: Span) -> Result<Option<StateChange>> {
        match self.source {
            Source::Told => {
                let fact = self.ask.last(inside(&self.pid, &["state_change"]), span)?;
                Ok(fact.as_ref().and_then(StateChange::of))
            }
            _ => Ok(self.all(span, MAX_LIMIT)?.0.pop()),
        }
    }

    /// The first change in a span.
    pub(crate) fn first(&self, span: Span) -> Result<Option<StateChange>> {
        match self.source {
            Source::Told => {
                let fact = self.ask.first(inside(&self.pid, &["state_change"]), span)?;
                Ok(fact.as_ref().and_then(StateChange::of))
            }
            _ => Ok(self.all(span, MAX_LIMIT)?.0.into_iter().next()),
        }
    }

    /// The last changes in a span, oldest first, and whether there are more.
    pub(crate) fn all(&self, span: Span, limit: usize) -> Result<(Vec<StateChange>, bool)> {
        match self.source {
            Source::Nothing => Ok((Vec::new(), false)),
            Source::Told => {
                let facts = self.ask.newest(inside(&self.pid, &["state_change"]), span, limit.min(MAX_LIMIT))?;
                let more = facts.len() >= limit.min(MAX_LIMIT);
                Ok((facts.iter().rev().filter_map(StateChange::of).collect(), more))
            }
            Source::Callbacks => {
                let mut exits = Vec::new();
                for (name, _) in CALLBACKS {
                    exits.extend(self.ask.newest(callback_exits(&self.pid, name), span, limit.min(MAX_LIMIT))?);
                }
                exits.sort_by_key(Fact::key);
                let more = exits.len() > limit;
                let from = exits.len().saturating_sub(limit);
                let change = |exit: &Fact| StateChange::of_return(self.ask, exit);
                Ok((exits[from..].iter().filter_map(change).collect(), more))
            }
        }
    }
}

fn callback_exits(pid: &str, function: &str) -> Filter {
    let arity = CALLBACKS.iter().find(|(name, _)| *name == function).map(|(_, arity)| *arity);
    Filter { function: Some(function.to_owned()), arity, ..inside(pid, &["function_exit"]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read_from_what_callbacks_take_and_return() {
        assert_eq!(state_after("init", "{:ok, %{a: 1}}"), Some("%{a: 1}"));
        assert_eq!(state_after("init", "{:ok, 5, :hibernate}"), Some("5"));
        assert_eq!(state_after("init", "{:stop, :bad}"), None);
        assert_eq!(state_after("handle_call", "{:reply, {:ok, 1}, %{a: 1}}"), Some("%{a: 1}"));
        assert_eq!(state_after("handle_call", "{:noreply, 7, 100}"), Some("7"));
        assert_eq!(state_after("handle_call", "{:stop, :normal, :ok, 7}"), Some("7"));
        assert_eq!(state_after("handle_cast", "{:stop, :normal, 7}"), Some("7"));
        assert_eq!(state_after("handle_info", ":ok"), None);
        assert_eq!(state_before("handle_call", &[":total", "from", "7"]), Some("7"));
        assert_eq!(state_before("handle_cast", &[":total", "from", "7"]), None);
        assert_eq!(state_before("init", &["7"]), None);
    }
}
