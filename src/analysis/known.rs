//! Is a state that was known once still known?
//!
//! It is, until messages were dropped or a callback was called whose values were not recorded, and again from a callback
//! that was called with it.

use super::ask::{Ask, EVER, inside};
use super::change::state_before;
use super::fact::Fact;
use super::losses::Loss;
use crate::error::Result;
use crate::query::{Filter, MAX_LIMIT};

/// Calls of one callback looked through.
const LOOKED_AT: usize = 200;

/// Callbacks that may change a state.
const CALLBACKS: [&str; 5] = ["handle_call", "handle_cast", "handle_info", "handle_continue", "handle_event"];

/// Why a state is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// Messages were dropped, and counted.
    Dropped,
    /// The source was not connected.
    Disconnected,
    /// A callback was called, and its arguments and result were not recorded.
    LeftOut,
}

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

impl Why {
    /// Why, in words.
    pub(crate) const fn told(self) -> &'static str {
        match self {
            Self::Dropped => "messages were dropped",
            Self::Disconnected => "the source was not connected",
            Self::LeftOut => "callbacks were called whose arguments and results were not recorded",
        }
    }
}

impl Unknown {
    /// What a span of dropped messages makes of a state.
    pub(crate) fn after(loss: &Loss) -> Self {
        let why = if loss.events.is_some() { Why::Dropped } else { Why::Disconnected };
        Self { since: loss.since, why, event: loss.event_id.clone() }
    }
}

/// What has become, by a time, of the state that a process had at another.
pub(crate) fn still(ask: &Ask<'_>, pid: &str, since: i64, at: i64) -> Result<Still> {
    match unseen(ask, pid, since, at)? {
        Still::Known => {}
        told => return Ok(told),
    }
    let Some(loss) = lost_between(ask, pid, since, at)? else { return Ok(Still::Known) };
    let after = called(ask, pid, loss.until, at)?.0.into_iter().find(|entry| callback_state(entry).is_some());
    Ok(after.map_or_else(|| Still::Unknown(Unknown::after(&loss)), |entry| Still::CalledWith(Box::new(entry))))
}

/// What is missing between a moment and the next at which the state is told, if anything is.
pub(crate) fn until(ask: &Ask<'_>, pid: &str, at: i64, told: i64) -> Result<Option<Unknown>> {
    let bare =
        called(ask, pid, at, told.saturating_sub(1))?.0.into_iter().rev().find(|entry| entry.list("args").is_empty());
    if let Some(entry) = bare {
        return Ok(Some(Unknown { since: entry.at(), why: Why::LeftOut, event: entry.id().to_owned() }));
    }
    Ok(lost_between(ask, pid, at, told)?.map(|loss| Unknown::after(&loss)))
}

/// Callbacks between two moments, the newest first; and whether there were more.
fn called(ask: &Ask<'_>, pid: &str, since: i64, at: i64) -> Result<(Vec<Fact>, bool)> {
    let (mut all, mut more) = (Vec::new(), false);
    for function in CALLBACKS {
        let filter = Filter { function: Some(function.to_owned()), ..inside(pid, &["function_entry"]) };
        let some = ask.newest(filter, (since, at), LOOKED_AT)?;
        more |= some.len() == LOOKED_AT;
        all.extend(some.into_iter().filter(|entry| entry.is_callback() && entry.at() > since));
    }
    all.sort_by_key(|entry| std::cmp::Reverse(entry.key()));
    Ok((all, more))
}

/// Whether callbacks without values may have changed it unseen.
fn unseen(ask: &Ask<'_>, pid: &str, since: i64, at: i64) -> Result<Still> {
    let (entries, more) = called(ask, pid, since, at)?;
    let is_bare = |entry: &&Fact| entry.list("args").is_empty();
    let first_bare = entries.iter().take_while(is_bare).last();
    if let Some(entry) = first_bare {
        let (since, event) = (entry.at(), entry.id().to_owned());
        return Ok(Still::Unknown(Unknown { since, why: Why::LeftOut, event }));
    }
    // What came before it is told by the newest.
    let told = entries.iter().find(|entry| callback_state(entry).is_some());
    match told {
        Some(entry) if more || entries.iter().any(|entry| is_bare(&entry)) => {
            Ok(Still::CalledWith(Box::new(entry.clone())))
        }
        _ => Ok(Still::Known),
    }
}

/// The last span of dropped messages between two moments.
fn lost_between(ask: &Ask<'_>, pid: &str, since: i64, until: i64) -> Result<Option<Loss>> {
    let session = ask.last(inside(pid, &[]), EVER)?.and_then(|one| one.event.session_id().map(str::to_owned));
    let losses = ask.store().losses(since, until, session.as_deref(), MAX_LIMIT)?.first;
    Ok(losses.into_iter().rev().find(|loss| loss.until > since && loss.since < until))
}

/// The state a callback was called with.
pub(crate) fn callback_state(entry: &Fact) -> Option<String> {
    state_before(entry.event.function().unwrap_or_default(), &entry.list("args")).map(str::to_owned)
}
