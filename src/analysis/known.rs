//! Is a state that was known once still known?
//!
//! It is, until messages were dropped, its capture ended or a callback was called whose values were not recorded, and again
//! from a callback that was called with it.

use super::ask::{Ask, EVER, inside, types};
use super::change::{Whose, entry_of, state_before};
use super::fact::Fact;
use super::seam::{Break, Why, first_break, last_break};
use crate::error::Result;
use crate::event::behaviour::{By, CALLBACKS, Loop, is_state_function};
use crate::query::Filter;

/// Calls of one callback looked through.
const LOOKED_AT: usize = 200;

/// Since when a state is not known.
#[derive(Clone, Debug)]
pub(crate) struct Unknown {
    pub(crate) since: i64,
    pub(crate) why: Why,
    /// The event that tells.
    pub(crate) event: String,
}

/// What has become of a state that was known.
#[derive(Clone, Debug)]
pub(crate) enum Still {
    /// Nothing: it is known.
    Known,
    /// A later callback was called with this one.
    CalledWith(Box<Fact>),
    Unknown(Unknown),
}

impl From<Break> for Unknown {
    fn from(Break { since, why, event, .. }: Break) -> Self {
        Self { since, why, event }
    }
}

/// What has become, by a time, of the state that a process had at another.
pub(crate) fn still(ask: &Ask<'_>, whose: Whose<'_>, since: i64, at: i64) -> Result<Still> {
    let still = still_told(ask, whose, since, at)?;
    let newest = match &still {
        Still::Unknown(_) => None,
        Still::CalledWith(entry) => Some((**entry).clone()),
        Still::Known => called(ask, whose, since, at)?.0.into_iter().find(|entry| told_by(whose, entry).is_some()),
    };
    let untold = newest.map(|entry| after_call(ask, whose, &entry, at)).transpose()?.flatten();
    Ok(untold.map_or(still, Still::Unknown))
}

/// Since when, by a time, the state that a callback was called with is not known, if it may have returned with another:
/// it has returned and its result was not recorded, or nothing tells when it returned and the next was called with
/// another one.
pub(crate) fn after_call(ask: &Ask<'_>, whose: Whose<'_>, entry: &Fact, at: i64) -> Result<Option<Unknown>> {
    let call = entry.event.call_id().unwrap_or_else(|| entry.id()).to_owned();
    let ends = Filter { call_id: Some(call), ..types(&["function_exit", "state_change"]) };
    let later = (entry.at().saturating_add(1), i64::MAX);
    if let Some(end) = ask.first(ends, (entry.at(), i64::MAX))? {
        let is_told = end.is("state_change") || end.text("result").is_some() || end.is_failed_exit();
        let untold = Unknown { since: end.at(), why: Why::ResultLeftOut, event: end.id().to_owned() };
        return Ok(Some(untold).filter(|_| end.at() <= at && !is_told));
    }
    // It runs to the end of what is recorded, or as long as it did every state after it is the one it was called with.
    let next = ask.oldest(entries(whose.pid), later, LOOKED_AT)?;
    let next = next.iter().find(|next| next.is_callback() && next.may_change_state() && is_about(whose, next));
    let is_same = |next: &Fact| told_by(whose, next).is_some_and(|state| told_by(whose, entry) == Some(state));
    let may_differ = next.is_some_and(|next| !is_same(next));
    let untold = Unknown { since: entry.at(), why: Why::LeftOut, event: entry.id().to_owned() };
    Ok(Some(untold).filter(|_| may_differ))
}

fn still_told(ask: &Ask<'_>, whose: Whose<'_>, since: i64, at: i64) -> Result<Still> {
    match unseen(ask, whose, since, at)? {
        Still::Known => {}
        told => return Ok(told),
    }
    let Some(broken) = last_break(ask, whose.pid, (since, at))? else { return Ok(Still::Known) };
    let after = called(ask, whose, broken.until, at)?.0.into_iter().find(|entry| told_by(whose, entry).is_some());
    Ok(after.map_or_else(|| Still::Unknown(broken.into()), |entry| Still::CalledWith(Box::new(entry))))
}

/// What is missing between a moment and the next at which the state is told, if anything is.
pub(crate) fn until(ask: &Ask<'_>, whose: Whose<'_>, at: i64, told: i64) -> Result<Option<Unknown>> {
    let bare = called(ask, whose, at, told.saturating_sub(1))?.0.into_iter().rfind(|entry| is_blind(whose, entry));
    let bare = bare.map_or_else(|| cut_off(ask, whose, (at, told)), |entry| Ok(Some(entry)))?;
    if let Some(entry) = bare {
        return Ok(Some(Unknown { since: entry.at(), why: Why::LeftOut, event: entry.id().to_owned() }));
    }
    Ok(first_break(ask, whose.pid, (at, told))?.map(Unknown::from))
}

/// The end, in a span, of a callback whose start was not recorded: what it changed is not known.
fn cut_off(ask: &Ask<'_>, whose: Whose<'_>, (at, told): (i64, i64)) -> Result<Option<Fact>> {
    let ends = ask.oldest(inside(whose.pid, &["function_exit"]), (at.saturating_add(1), told), LOOKED_AT)?;
    Ok(ends.into_iter().find(|end| end.is_callback() && entry_of(ask, end).is_none()))
}

/// Callbacks between two moments, the newest first; and whether there were more.
fn called(ask: &Ask<'_>, whose: Whose<'_>, since: i64, at: i64) -> Result<(Vec<Fact>, bool)> {
    let (mut all, mut more) = (Vec::new(), false);
    let mut names: Vec<&str> =
        CALLBACKS.iter().filter(|callback| callback.is_handler()).map(|callback| callback.name).collect();
    names.sort_unstable();
    names.dedup();
    let by_name = names.into_iter().map(|name| Filter { function: Some(name.to_owned()), ..entries(whose.pid) });
    let state_functions = state_functions(ask, whose)?;
    let is_statem = !state_functions.is_empty();
    for filter in by_name.chain(state_functions) {
        let some = ask.newest(filter, (since, at), LOOKED_AT)?;
        more |= some.len() == LOOKED_AT;
        let may_tell = |entry: &Fact| {
            let may_change = entry.may_change_state() || is_statem && may_be_state_function(entry);
            may_change && entry.at() > since && is_about(whose, entry) && !is_within_another(ask, entry)
        };
        all.extend(some.into_iter().filter(may_tell));
    }
    all.sort_by_key(|entry| std::cmp::Reverse(entry.key()));
    all.dedup_by(|one, other| one.id() == other.id());
    Ok((all, more))
}

fn entries(pid: &str) -> Filter {
    inside(pid, &["function_entry"])
}

/// Whether it may be a state function, as far as its shape tells.
fn may_be_state_function(entry: &Fact) -> bool {
    let (name, arity) = (entry.event.function().unwrap_or_default(), entry.event.arity().unwrap_or_default());
    entry.by() == By::Untold && is_state_function(name, arity)
}

/// Whether a state function has called it in its own place: who called it then is the loop, too.
fn is_within_another(ask: &Ask<'_>, entry: &Fact) -> bool {
    let is_statem = |fact: &Fact| fact.by() == By::Loop(Loop::Statem);
    let around = is_statem(entry).then(|| ask.event(entry.event.parent_id())).flatten();
    around.is_some_and(|around| around.is("function_entry") && around.pid() == entry.pid() && is_statem(&around))
}

/// Whether a callback is one of this state: of a handler's module, one without values may be of any of its handlers.
fn is_about(whose: Whose<'_>, entry: &Fact) -> bool {
    let is_of_module = |handler: &str| {
        let module = handler.rsplit_once(" #").map_or(handler, |(module, _)| module);
        entry.event.module() == Some(module) && entry.text("handler").is_none()
    };
    whose.is_of(entry) || whose.handler.is_some_and(is_of_module)
}

/// What finds the state functions of a state machine: who calls them, and where that is not told, how many arguments they
/// take. Nothing for any other process.
fn state_functions(ask: &Ask<'_>, whose: Whose<'_>) -> Result<Vec<Filter>> {
    let Some(last) = ask.last(whose.inside(&["state_change"]), EVER)? else { return Ok(Vec::new()) };
    let is_statem = last.text("behaviour") == Some("gen_statem");
    if !is_statem {
        return Ok(Vec::new());
    }
    let by_caller = Filter { text: Some("\"caller\":\":gen_statem.".to_owned()), ..entries(whose.pid) };
    let module = last.event.module().map(str::to_owned);
    Ok(vec![by_caller, Filter { module, arity: Some(3), ..entries(whose.pid) }])
}

/// Whether a callback may have changed the state and does not tell what it was: it has no values, or nothing says which of
/// several handlers it was called for.
fn is_blind(whose: Whose<'_>, entry: &Fact) -> bool {
    entry.list("args").is_empty() || !whose.is_of(entry)
}

/// The state that one of a state's callbacks was called with.
fn told_by(whose: Whose<'_>, entry: &Fact) -> Option<String> {
    if is_blind(whose, entry) { None } else { callback_state(entry) }
}

/// Whether callbacks without values may have changed it unseen.
fn unseen(ask: &Ask<'_>, whose: Whose<'_>, since: i64, at: i64) -> Result<Still> {
    let (entries, more) = called(ask, whose, since, at)?;
    // What came before the newest that tells it is told by that one.
    let told = entries.iter().position(|entry| told_by(whose, entry).is_some());
    let after = &entries[..told.unwrap_or(entries.len())];
    if let Some(entry) = after.iter().rfind(|entry| is_blind(whose, entry)) {
        let (since, event) = (entry.at(), entry.id().to_owned());
        return Ok(Still::Unknown(Unknown { since, why: Why::LeftOut, event }));
    }
    match told {
        Some(place) if more || entries.iter().any(|entry| is_blind(whose, entry)) => {
            Ok(Still::CalledWith(Box::new(entries[place].clone())))
        }
        _ => Ok(Still::Known),
    }
}

/// The state a callback was called with.
pub(crate) fn callback_state(entry: &Fact) -> Option<String> {
    state_before(entry).map(str::to_owned).or_else(|| event_state(entry))
}

/// `{Name, Data}`, with which a state machine calls its state functions.
fn event_state(entry: &Fact) -> Option<String> {
    let (name, args) = (entry.event.function()?, entry.list("args"));
    if entry.by() != By::Loop(Loop::Statem) || !matches!(entry.event.arity(), Some(3 | 4)) {
        return None;
    }
    match args[..] {
        [_, _, state, data] if name == "handle_event" => Some(format!("{{{state}, {data}}}")),
        [_, _, data] if is_state_function(name, 3) => Some(format!("{{{}, {data}}}", atom(name))),
        _ => None,
    }
}

/// An atom, as Elixir writes it.
fn atom(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '@');
    match name {
        "nil" | "true" | "false" => name.to_owned(),
        _ if name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name.chars().all(is_plain) => {
            format!(":{name}")
        }
        _ => format!(":{name:?}"),
    }
}
