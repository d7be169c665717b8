//! Which callbacks changed the state of a process, and by what message?

use super::ask::{Ask, Span, inside};
use super::fact::Fact;
use super::place::{is_library, sent_at};
use super::value::Value;
use crate::error::Result;
use crate::event::behaviour::{self, After, By, CALLBACKS, Callback, Loop, loop_of, may_be_state};
use crate::query::{Filter, MAX_LIMIT};

/// Calls of one callback looked through for one that is a callback indeed.
const LOOKED_AT: usize = 20;

/// Whose state: a process's, or that of one handler of an event manager, as the recorder names it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whose<'a> {
    pub(crate) pid: &'a str,
    pub(crate) handler: Option<&'a str>,
}

impl<'a> Whose<'a> {
    /// The state of a process.
    pub(crate) const fn process(pid: &'a str) -> Self {
        Self { pid, handler: None }
    }

    /// Its events of these types; of a handler those that name it.
    pub(crate) fn inside(&self, event_types: &[&str]) -> Filter {
        let text = self.handler.map(|handler| format!("\"handler\":{}", serde_json::Value::from(handler)));
        Filter { text, ..inside(self.pid, event_types) }
    }

    /// Whether an event of the process is about this state.
    pub(crate) fn is_of(&self, fact: &Fact) -> bool {
        fact.text("handler") == self.handler
    }
}

/// What is known to have been before a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// Nothing: the source says so, or a callback that begins a process or a handler returned it.
    Nothing,
    /// A state, if it is known.
    AState,
}

impl Before {
    const fn of(is_initial: bool) -> Self {
        if is_initial { Self::Nothing } else { Self::AState }
    }
}

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
    /// Empty where a handler was removed.
    pub(crate) new: String,
    /// The handler of an event manager, if it is that one's state.
    pub(crate) handler: Option<String>,
    /// What was before it.
    before: Before,
    /// Whether other handlers of the module had the same state, so that it may have been one of them.
    pub(crate) is_one_of: bool,
    /// Whether the handler was removed.
    pub(crate) is_removal: bool,
    pub(crate) message: Option<String>,
    /// The send of that message.
    pub(crate) send: Option<String>,
    pub(crate) sender: Option<String>,
    /// `Checkout.shop/3 (s3_badstate.exs:26)`, or a place in a library.
    sent_from: Option<String>,
}

impl StateChange {
    /// Reads a `state_change` event.
    pub(crate) fn of(fact: &Fact) -> Option<Self> {
        let is_removal = fact.flag("handler_removed");
        let callback = fact.text("callback").and_then(|mfa| mfa.rsplit('.').next()?.split('/').next());
        let new = fact.text("new_state").or_else(|| is_removal.then_some(""))?;
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
            before: Before::of(
                fact.flag("initial") || !fact.flag("spans_gap") && begins(fact.event.function().or(callback)),
            ),
            new: new.to_owned(),
            handler: fact.text("handler").map(str::to_owned),
            is_one_of: fact.number("handlers_alike").is_some(),
            is_removal,
            message: fact.text("trigger_message").map(str::to_owned),
            send: fact.text("message_id").map(str::to_owned),
            sender: fact.text("sender_pid").map(str::to_owned),
            sent_from: fact.text("sent_from").map(str::to_owned),
        })
    }

    /// Reads a callback's return where no `state_change` is told; `None` when it changed nothing.
    fn of_return(ask: &Ask<'_>, exit: &Fact) -> Option<Self> {
        let entry = entry_of(ask, exit);
        let by = entry.as_ref().map_or(By::Untold, Fact::by);
        let new = state_after(exit, by)?;
        let args = entry.as_ref().map(|entry| entry.list("args")).unwrap_or_default();
        let spans_gap = exit.flag("spans_gap");
        let old = entry.as_ref().filter(|_| !spans_gap);
        let old = old.and_then(state_before);
        if old == Some(new) {
            return None;
        }
        let is_init = begins(exit.event.function());
        Some(Self {
            id: exit.id().to_owned(),
            at: exit.at(),
            pid: exit.pid().to_owned(),
            callback: exit.mfa().unwrap_or_default(),
            module: exit.event.module().map(str::to_owned),
            function: exit.event.function().map(str::to_owned),
            old: old.map(str::to_owned),
            spans_gap,
            before: Before::of(is_init && !spans_gap),
            new: new.to_owned(),
            handler: None,
            is_one_of: false,
            is_removal: false,
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

    /// The program's own place its message was sent from: the call site, else the function it was sent in. Cost: one
    /// look-up where the call site is in a library.
    pub(crate) fn sent_at(&self, ask: &Ask<'_>) -> Option<String> {
        let site = self.sent_from.as_deref().filter(|site| !is_library(site)).map(str::to_owned);
        site.or_else(|| sent_at(&ask.event(self.send.as_deref())?).map(str::to_owned))
    }

    /// Whether it set the first state.
    pub(crate) const fn is_initial(&self) -> bool {
        matches!(self.before, Before::Nothing) && self.old.is_none() && !self.is_removal
    }

    /// What stands for a state before it that is not there.
    pub(crate) const fn no_old(&self) -> &'static str {
        if self.is_initial() { "(start)" } else { "(unknown)" }
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

/// Whether a callback is one that gives a first state.
fn begins(callback: Option<&str>) -> bool {
    matches!(callback, Some("init" | "mount" | "join"))
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

/// The state a callback was called with.
pub(crate) fn state_before(entry: &Fact) -> Option<&str> {
    let args = entry.list("args");
    let callback = behaviour::named(entry.event.function()?, u8::try_from(args.len()).ok()?)?;
    let state = *args.get(usize::from(callback.state?))?;
    let value = Value::read(state);
    let of = loop_of(callback, entry.by(), Some(&value))?;
    may_be_state(of, module_of(entry), &value).then_some(state)
}

fn module_of(fact: &Fact) -> &str {
    fact.event.module().unwrap_or_default().trim_start_matches(':')
}

/// The state a callback's return value carries.
fn state_after(exit: &Fact, by: By) -> Option<&str> {
    let callback = behaviour::named(exit.event.function()?, exit.event.arity()?)?;
    let result = exit.text("result")?;
    let of = loop_of(callback, by, None::<&Value<'_>>).filter(|of| *of != Loop::Handlers)?;
    match behaviour::after(callback, of, by != By::Untold, &Value::read(result)) {
        After::State(state) if may_be_state(of, module_of(exit), &state) => Some(state.text),
        _ => None,
    }
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
    whose: Whose<'a>,
    pub(crate) source: Source,
}

impl<'a> Changes<'a> {
    pub(crate) fn new(ask: &'a Ask<'a>, pid: &'a str) -> Result<Self> {
        Self::of(ask, Whose::process(pid))
    }

    pub(crate) fn of(ask: &'a Ask<'a>, whose: Whose<'a>) -> Result<Self> {
        let is_told = ask.first(whose.inside(&["state_change"]), super::ask::EVER)?.is_some();
        let source = if is_told {
            Source::Told
        } else {
            let mut is_any = false;
            for callback in sources(whose) {
                let exits = ask.oldest(callback_exits(whose.pid, callback), super::ask::EVER, LOOKED_AT)?;
                let is_one = |exit: &Fact| entry_of(ask, exit).is_none_or(|entry| entry.by() != By::Other);
                is_any = is_any || exits.iter().any(is_one);
            }
            if is_any { Source::Callbacks } else { Source::Nothing }
        };
        Ok(Self { ask, whose, source })
    }

    /// The last change in a span.
    pub(crate) fn last(&self, span: Span) -> Result<Option<StateChange>> {
        match self.source {
            Source::Told => {
                let fact = self.ask.last(self.whose.inside(&["state_change"]), span)?;
                Ok(fact.as_ref().and_then(StateChange::of))
            }
            _ => Ok(self.all(span, MAX_LIMIT)?.0.pop()),
        }
    }

    /// The first change in a span.
    pub(crate) fn first(&self, span: Span) -> Result<Option<StateChange>> {
        match self.source {
            Source::Told => {
                let fact = self.ask.first(self.whose.inside(&["state_change"]), span)?;
                Ok(fact.as_ref().and_then(StateChange::of))
            }
            Source::Nothing => Ok(None),
            Source::Callbacks => {
                let mut first: Option<StateChange> = None;
                for callback in sources(self.whose) {
                    let exits = self.ask.oldest(callback_exits(self.whose.pid, callback), span, MAX_LIMIT)?;
                    let one = exits.iter().find_map(|exit| StateChange::of_return(self.ask, exit));
                    first = [first, one].into_iter().flatten().min_by_key(|one| one.at);
                }
                Ok(first)
            }
        }
    }

    /// The last changes in a span, oldest first, and whether there are more.
    pub(crate) fn all(&self, span: Span, limit: usize) -> Result<(Vec<StateChange>, bool)> {
        match self.source {
            Source::Nothing => Ok((Vec::new(), false)),
            Source::Told => {
                let facts = self.ask.newest(self.whose.inside(&["state_change"]), span, limit.min(MAX_LIMIT))?;
                let more = facts.len() >= limit.min(MAX_LIMIT);
                Ok((facts.iter().rev().filter_map(StateChange::of).collect(), more))
            }
            Source::Callbacks => {
                let (mut exits, mut more) = (Vec::new(), false);
                for callback in sources(self.whose) {
                    let filter = callback_exits(self.whose.pid, callback);
                    let most = limit.saturating_add(1).min(MAX_LIMIT);
                    let some = self.ask.newest(filter, span, most)?;
                    more |= some.len() == MAX_LIMIT;
                    exits.extend(some);
                }
                exits.sort_by_key(Fact::key);
                more |= exits.len() > limit;
                let from = exits.len().saturating_sub(limit);
                let change = |exit: &Fact| StateChange::of_return(self.ask, exit);
                Ok((exits[from..].iter().filter_map(change).collect(), more))
            }
        }
    }
}

/// Callbacks whose results tell a state without an event of its own; of handlers none, whose those are is not told.
fn sources(whose: Whose<'_>) -> impl Iterator<Item = &'static Callback> {
    let is_process = whose.handler.is_none();
    CALLBACKS.iter().filter(move |callback| is_process && (callback.is_handler() || callback.state.is_none()))
}

fn callback_exits(pid: &str, callback: &Callback) -> Filter {
    let (function, arity) = (Some(callback.name.to_owned()), Some(callback.arity));
    Filter { function, arity, ..inside(pid, &["function_exit"]) }
}
