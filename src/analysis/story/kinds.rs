//! Which kinds of messages did a process handle, and how long did each take?

use std::collections::BTreeMap;

use super::part::Cx;
use super::unended::{lasted, would_end_be_told};
use crate::analysis::ask::inside;
use crate::analysis::change::exit_of_call;
use crate::analysis::fact::Fact;
use crate::analysis::state::running_at;
use crate::analysis::value::Value;
use crate::error::Result;
use crate::query::Filter;

/// Calls of each callback looked back over for how long each kind takes.
const MAX_HANDLED: usize = 200;

/// The kinds of messages a process handled, most time first.
pub(super) struct Kinds {
    pub(super) all: Vec<Handled>,
    /// Of so many newest calls of each callback, where these may not be all.
    pub(super) of_newest: Option<usize>,
}

impl Kinds {
    /// How long a message took on average; `None`: no end of any was recorded.
    pub(super) fn mean(&self) -> Option<i64> {
        let timed: u64 = self.all.iter().map(Handled::timed).sum();
        let total = self.all.iter().filter_map(|kind| kind.total).fold(0, i64::saturating_add);
        (timed > 0).then(|| total / timed as i64)
    }
}

/// How long one kind of message takes.
pub(super) struct Handled {
    /// `None`: the messages were not recorded.
    pub(super) pattern: Option<String>,
    pub(super) count: u64,
    /// Of those of which it is known.
    pub(super) total: Option<i64>,
    pub(super) longest: Option<i64>,
    /// The one that took longest; where that is not known, the newest.
    pub(super) event: String,
    /// Of these, such whose end was not recorded: how long they took is not known.
    pub(super) endless: u64,
}

impl Handled {
    /// Those of which it is known how long they took.
    const fn timed(&self) -> u64 {
        self.count - self.endless
    }

    /// `None`: of none it is known.
    pub(super) fn mean(&self) -> Option<i64> {
        self.total.map(|total| total / self.timed().max(1) as i64)
    }
}

/// The kinds of messages a process handled up to a time; of its newest callbacks.
pub(super) fn kinds(cx: &Cx<'_>, pid: &str, until: i64) -> Result<Kinds> {
    let mut found: BTreeMap<Option<String>, Handled> = BTreeMap::new();
    let mut entries = Vec::new();
    let mut of_newest = None;
    for function in ["handle_call", "handle_cast", "handle_info"] {
        let filter = Filter { function: Some(function.to_owned()), ..inside(pid, &["function_entry"]) };
        let newest = cx.ask.newest(filter, (i64::MIN, until), MAX_HANDLED)?;
        if newest.len() == MAX_HANDLED {
            of_newest = Some(MAX_HANDLED);
        }
        entries.extend(newest);
    }
    entries.retain(Fact::takes_message);
    // One after the other: only the newest may still be running.
    let running = running_at(cx.ask, pid, until)?;
    for entry in &entries {
        let pattern = entry.list("args").first().map(|message| Value::read(message).pattern());
        let took = match exit_of_call(cx.ask, entry)? {
            Some(exit) => lasted(entry, &exit),
            None => so_far(cx, entry, running.as_ref(), until)?,
        };
        let kind = found.entry(pattern.clone()).or_insert_with(|| Handled {
            pattern,
            count: 0,
            total: None,
            longest: None,
            event: entry.id().to_owned(),
            endless: 0,
        });
        kind.count += 1;
        let Some(took) = took else {
            kind.endless += 1;
            continue;
        };
        kind.total = Some(kind.total.unwrap_or_default().saturating_add(took));
        if kind.longest.is_none_or(|longest| took > longest) {
            kind.longest = Some(took);
            entry.id().clone_into(&mut kind.event);
        }
    }
    let mut all: Vec<Handled> = found.into_values().collect();
    all.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.pattern.cmp(&b.pattern)));
    Ok(Kinds { all, of_newest })
}

/// How long a callback without an end has run by a time, if it does.
fn so_far(cx: &Cx<'_>, entry: &Fact, running: Option<&Fact>, until: i64) -> Result<Option<i64>> {
    let is_running = running.is_some_and(|running| running.id() == entry.id()) && would_end_be_told(cx, entry, until)?;
    Ok(is_running.then(|| until.saturating_sub(entry.at()).max(0)))
}
