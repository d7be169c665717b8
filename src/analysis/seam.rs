//! Where does what was recorded before tell nothing of what came after?
//!
//! Where a capture began or ended, where messages were lost, and where a source left out all values: it traces no
//! messages from then on.

use serde::Serialize;

use super::ask::{Ask, inside, types};
use super::fact::Fact;
use super::losses::Loss;
use crate::error::Result;
use crate::query::{Filter, MAX_LIMIT};

/// Captures that began since, looked through for one of the same process.
const CAPTURES: usize = 32;

/// Why something that was told is not known at another time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Why {
    /// Messages were dropped, and counted.
    Dropped,
    /// The source was not connected.
    Disconnected,
    /// The capture that told it had ended.
    CaptureEnded,
    /// Another capture of the node had begun, and the one that told it tells nothing since.
    Succeeded,
    /// The capture that tells it had not begun.
    NotBegun,
    /// A callback was called, and its arguments and result were not recorded.
    LeftOut,
    /// A callback returned, and its result was not recorded.
    ResultLeftOut,
}

/// Where what was told of a process stops being known.
#[derive(Clone, Debug)]
pub(crate) struct Break {
    pub(crate) since: i64,
    /// From then on it is recorded again, if it is.
    pub(crate) until: i64,
    pub(crate) why: Why,
    /// The event that tells.
    pub(crate) event: String,
}

impl From<&Loss> for Break {
    fn from(loss: &Loss) -> Self {
        let why = if loss.events.is_some() { Why::Dropped } else { Why::Disconnected };
        Self { since: loss.since, until: loss.until, why, event: loss.event_id.clone() }
    }
}

/// The last break between something told of a process and a later time. Cost: some index look-ups.
pub(crate) fn last_break(ask: &Ask<'_>, pid: &str, (since, at): (i64, i64)) -> Result<Option<Break>> {
    // Who has ended does not change.
    let exit = ask.first(inside(pid, &["process_exit"]), (since, at))?;
    let at = exit.map_or(at, |exit| exit.at());
    let Some(told) = ask.last(inside(pid, &[]), (i64::MIN, since))? else { return Ok(None) };
    let Some(last) = ask.last(inside(pid, &[]), (i64::MIN, at))? else { return Ok(None) };
    let over = match over(ask, &last, at)? {
        None if last.event.session_id() != told.event.session_id() => succeeded(ask, &told, &last, at)?,
        over => over,
    };
    let session = if over.is_some() { last.event.session_id() } else { told.event.session_id() };
    let loss = losses(ask, session, (since, at))?.iter().rev().map(Break::from).next();
    Ok(match (over, loss) {
        (Some(over), Some(loss)) if loss.until > over.until => Some(loss),
        (over, loss) => over.or(loss),
    })
}

/// What breaks, between a time and a later one at which something is told of a process, that it was so before.
pub(crate) fn first_break(ask: &Ask<'_>, pid: &str, (at, told): (i64, i64)) -> Result<Option<Break>> {
    let Some(telling) = ask.last(inside(pid, &[]), (i64::MIN, told))? else { return Ok(None) };
    if let Some(start) = start_of(ask, telling.event.session_id(), (at.saturating_add(1), told))? {
        return Ok(Some(Break { since: start.at(), until: told, why: Why::NotBegun, event: start.id().to_owned() }));
    }
    Ok(losses(ask, telling.event.session_id(), (at, told))?.iter().rev().map(Break::from).next())
}

/// The end of the capture of an event, before a time: its own word, or the start of another of the node after which it
/// tells nothing.
fn over(ask: &Ask<'_>, last: &Fact, at: i64) -> Result<Option<Break>> {
    let session = last.event.session_id();
    let ends = of_session(session, &["capture_end"]);
    let ends = ask.newest(ends, (last.at(), at.saturating_sub(1)), CAPTURES)?;
    if let Some(end) = ends.iter().rev().find(|end| end.event.session_id() == session) {
        let event = end.id().to_owned();
        return Ok(Some(Break { since: end.at(), until: at, why: Why::CaptureEnded, event }));
    }
    let Some(node) = last.event.node().filter(|_| session.is_some()) else { return Ok(None) };
    let of_node = Filter { node: Some(node.to_owned()), ..types(&["capture_start"]) };
    for start in ask.oldest(of_node, (last.at().saturating_add(1), at), CAPTURES)? {
        if start.event.session_id() != session && is_silent(ask, session, start.at())? {
            return Ok(Some(Break { until: at, ..silent(ask, session, &start)? }));
        }
    }
    Ok(None)
}

/// Whether, and where, the capture that told of a process gave way to the one that tells of it last.
fn succeeded(ask: &Ask<'_>, told: &Fact, last: &Fact, at: i64) -> Result<Option<Break>> {
    let session = told.event.session_id();
    let Some(start) = start_of(ask, last.event.session_id(), (told.at().saturating_add(1), at))? else {
        return Ok(None);
    };
    if session.is_none() || !is_silent(ask, session, start.at())? {
        return Ok(None);
    }
    let over = over(ask, told, start.at())?;
    let since = over.map_or_else(|| silent(ask, session, &start), Ok)?;
    Ok(Some(Break { until: start.at(), ..since }))
}

/// A break from the last event of a session on.
fn silent(ask: &Ask<'_>, session: Option<&str>, start: &Fact) -> Result<Break> {
    let last = ask.last(of_session(session, &[]), (i64::MIN, start.at()))?;
    let since = last.map_or(start.at(), |last| last.at());
    Ok(Break { since, until: start.at(), why: Why::Succeeded, event: start.id().to_owned() })
}

/// Whether a session tells nothing after a time.
fn is_silent(ask: &Ask<'_>, session: Option<&str>, at: i64) -> Result<bool> {
    Ok(ask.first(of_session(session, &[]), (at.saturating_add(1), i64::MAX))?.is_none())
}

/// The newest start of a session in a span.
fn start_of(ask: &Ask<'_>, session: Option<&str>, span: (i64, i64)) -> Result<Option<Fact>> {
    let starts = ask.newest(of_session(session, &["capture_start"]), span, CAPTURES)?;
    Ok(starts.into_iter().find(|start| start.event.session_id() == session))
}

fn of_session(session: Option<&str>, event_types: &[&str]) -> Filter {
    Filter { session_id: session.map(str::to_owned), ..types(event_types) }
}

/// Losses of a session strictly between two moments.
fn losses(ask: &Ask<'_>, session: Option<&str>, (since, until): (i64, i64)) -> Result<Vec<Loss>> {
    let mut losses = ask.store().losses(since, until, session, MAX_LIMIT)?.first;
    losses.retain(|loss| loss.until > since && loss.since < until);
    Ok(losses)
}

/// Whether there is a seam after an event, up to a time.
pub(crate) fn is_between(ask: &Ask<'_>, from: &Fact, until: i64) -> Result<bool> {
    let (session, after) = (from.event.session_id(), from.at());
    let marks = of_session(session, &["capture_start", "capture_end", "capture_note"]);
    let marks = ask.oldest(marks, (after.saturating_add(1), until), 16)?;
    if marks.iter().any(is_seam) || over(ask, from, until)?.is_some() {
        return Ok(true);
    }
    let lost = ask.store().losses(after, until, session, 4)?.first;
    Ok(lost.iter().any(|loss| loss.until > after && loss.since <= until))
}

/// A note on anything but all values is none.
fn is_seam(mark: &Fact) -> bool {
    if mark.event.event_type() != Some("capture_note") {
        return true;
    }
    let is_of_one = mark.text("module").is_some() || mark.event.module().is_some();
    !is_of_one && mark.text("left_out").is_some_and(|what| what.trim_start_matches(':') == "values")
}
