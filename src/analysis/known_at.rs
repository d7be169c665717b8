//! What is known of a state at a time?

use super::ask::{Ask, of};
use super::change::{Changes, Source, StateChange, Whose};
use super::fact::Fact;
use super::known::{Still, Unknown, after_call, callback_state, still, until};
use super::seam::Why;
use super::who::is_anothers;
use crate::error::{Error, Result};
use crate::event::Role;
use crate::query::Filter;

/// Calls looked through for one that tells a state.
const LOOKED_AT: usize = 200;

/// How the state at a time is known.
#[derive(Clone, Debug)]
pub(crate) enum Known {
    /// The last change before.
    SetBy(Box<StateChange>),
    /// The value the first change afterwards replaced.
    Replaced(Box<StateChange>),
    /// What a callback was called with; no change was recorded.
    CalledWith(Box<Fact>),
    /// Each handler of an event manager has one of its own.
    Handlers,
    /// Something is missing since it was last known, if it was: it is not known.
    Unknown { unknown: Unknown, last: Option<Box<Known>> },
}

impl Known {
    /// Whether what is known is that it is not.
    pub(crate) const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }
}

/// What is known of the state at a time, and the state. A state is known until something is missing, and from what is told
/// after it.
///
/// # Errors
/// [`NotFound`](crate::ErrorKind::NotFound) when nothing tells of it.
pub(crate) fn known_at(ask: &Ask<'_>, changes: &Changes<'_>, whose: Whose<'_>, at: i64) -> Result<(Known, String)> {
    let called = |entry: Fact| {
        let entry = Some(entry).filter(|entry| whose.is_of(entry))?;
        let state = callback_state(&entry)?;
        Some((entry.at(), state, Known::CalledWith(Box::new(entry))))
    };
    let before = match changes.last((i64::MIN, at))? {
        Some(change) => Some((change.at, change.new.clone(), Known::SetBy(Box::new(change)))),
        // No change is recorded before: what a callback was called with was the state all along.
        None => {
            let entries = ask.newest(whose.inside(&["function_entry"]), (i64::MIN, at), LOOKED_AT)?;
            entries.into_iter().find_map(called)
        }
    };
    // Another process may have had the pid before.
    let is_own = |(since, ..): &(i64, String, Known)| Ok::<_, Error>(!is_anothers(ask, whose.pid, (*since, at))?);
    let is_before_own = before.as_ref().map(is_own).transpose()?;
    let before = before.filter(|_| is_before_own == Some(true));
    let of_pid = Filter { pid: Some(whose.pid.to_owned()), ..Filter::default() };
    if before.is_none() && ask.first(of_pid, (i64::MIN, at))?.is_none() {
        if let Some(spawn) = ask.first(of(whose.pid, Role::Child, &["process_spawn"]), (at, i64::MAX))? {
            return Err(Error::not_found(format!(
                "pid: {} was spawned only later ({}); ask for its state from then on",
                whose.pid,
                spawn.id()
            )));
        }
    }
    let mut missing = None;
    if let Some((since, state, known)) = before {
        let mut by_then = still(ask, whose, since, at)?;
        if let (Still::Known, Known::CalledWith(entry)) = (&by_then, &known) {
            by_then = after_call(ask, whose, entry, at)?.map_or(Still::Known, Still::Unknown);
        }
        match by_then {
            Still::Known => return Ok((known, state)),
            Still::CalledWith(entry) => {
                let state = callback_state(&entry).unwrap_or_default();
                return Ok((Known::CalledWith(entry), state));
            }
            // Whether that callback had returned by then is not recorded either: what is told next may be later.
            Still::Unknown(unknown) if unknown.why == Why::LeftOut => {
                return Ok((Known::Unknown { unknown, last: Some(Box::new(known)) }, state));
            }
            Still::Unknown(unknown) => missing = Some((unknown, Some(known), Some(state))),
        }
    }
    // What is told next was the state already, if nothing was missing until then.
    let change = changes.first((at, i64::MAX))?;
    let is_set_later = change.is_some();
    let entries = ask.oldest(whose.inside(&["function_entry"]), (at, i64::MAX), LOOKED_AT)?;
    // Before its first state was set it had none.
    let is_first = |at: i64| change.as_ref().is_some_and(|first| first.is_initial() && first.at <= at);
    let called = entries.into_iter().find_map(called).filter(|(at, ..)| !is_first(*at));
    let replaced = change.and_then(|change| {
        let entered = ask.event(change.entry.as_deref()).map_or(change.at, |entry| entry.at());
        Some((entered, change.old.clone()?, Known::Replaced(Box::new(change))))
    });
    let next = match (replaced, called) {
        (Some(replaced), Some(called)) if called.0 < replaced.0 => Some(called),
        (replaced, called) => replaced.or(called),
    };
    let is_next_anothers = match &next {
        Some((told, ..)) => is_anothers(ask, whose.pid, (at, *told))?,
        None => false,
    };
    if let Some((told, state, known)) = next.filter(|_| !is_next_anothers) {
        match until(ask, whose, at, told)? {
            None => return Ok((known, state)),
            Some(unknown) => missing = missing.or(Some((unknown, None, None))),
        }
    }
    if let Some((unknown, known, state)) = missing {
        return Ok((Known::Unknown { unknown, last: known.map(Box::new) }, state.unwrap_or_default()));
    }
    let why = if changes.source == Source::Nothing || !is_set_later {
        "no callback of it was recorded with its arguments and results"
    } else {
        "its first state is set later"
    };
    Err(Error::not_found(format!(
        "pid: the state of {} at that time is not known: {why}. Trace calls of its callback module (handle_call, \
         handle_cast, handle_info, init), or ask with state_history what is known",
        whose.pid
    )))
}
