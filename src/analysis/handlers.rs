//! What states had the handlers of an event manager?

use super::ask::{Ask, EVER, inside};
use super::change::{Changes, Whose};
use super::fact::Fact;
use super::known_at::{Known, known_at};
use crate::error::Result;
use crate::event::behaviour::{CALLBACKS, Loop};
use crate::query::Filter;

/// Events of each kind looked through for handlers.
const LOOKED_AT: usize = 500;

/// The state of one handler at a time.
#[derive(Clone, Debug)]
pub(crate) struct HandlerState {
    /// Its module, and a number from the second of the module on.
    pub(crate) handler: String,
    pub(crate) known: Known,
    /// What is known, or was last.
    pub(crate) state: String,
}

/// Calls of a handler's callbacks.
fn callbacks(pid: &str) -> impl Iterator<Item = Filter> {
    let of_handlers = CALLBACKS.iter().filter(|callback| callback.is_called_by(Loop::Handlers));
    of_handlers.map(move |callback| {
        let (function, arity) = (Some(callback.name.to_owned()), Some(callback.arity));
        Filter { function, arity, ..inside(pid, &["function_entry"]) }
    })
}

/// Whether a process is an event manager whose handlers are told apart.
pub(crate) fn is_manager(ask: &Ask<'_>, pid: &str) -> Result<bool> {
    if let Some(change) = ask.last(inside(pid, &["state_change"]), EVER)? {
        return Ok(change.text("handler").is_some());
    }
    for filter in callbacks(pid) {
        if ask.last(filter, EVER)?.is_some_and(|entry| entry.text("handler").is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The handlers that newer events up to a time name, each once.
fn handlers(ask: &Ask<'_>, pid: &str, at: i64) -> Result<Vec<String>> {
    let mut found: Vec<Fact> = ask.newest(inside(pid, &["state_change"]), (i64::MIN, at), LOOKED_AT)?;
    for filter in callbacks(pid) {
        found.extend(ask.newest(filter, (i64::MIN, at), LOOKED_AT)?);
    }
    let mut names: Vec<String> = found.iter().filter_map(|fact| fact.text("handler")).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// The states of a manager's handlers at a time: of those that were there, as far as their callbacks tell.
pub(crate) fn states_at(ask: &Ask<'_>, pid: &str, at: i64) -> Result<Vec<HandlerState>> {
    let mut states = Vec::new();
    for handler in handlers(ask, pid, at)? {
        let whose = Whose { pid, handler: Some(&handler) };
        let changes = Changes::of(ask, whose)?;
        if changes.last((i64::MIN, at))?.is_some_and(|change| change.is_removal) {
            continue;
        }
        let (known, state) = known_at(ask, &changes, whose, at)?;
        states.push(HandlerState { handler, known, state });
    }
    Ok(states)
}
