//! How is the state of a process at a time told?

use super::{figure, unknown};
use crate::analysis::change::StateChange;
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::handlers::HandlerState;
use crate::analysis::known::Unknown;
use crate::analysis::known_at::Known;
use crate::analysis::state::StateAt;
use crate::analysis::story::calls::call;
use crate::analysis::value::brief::brief;
use crate::analysis::value::path::Path;
use crate::analysis::who::Who;
use crate::tell::ended;
use crate::tell::words::count_of;

/// What the states of handlers rest on.
pub(crate) const HANDLERS: &str = "as their callbacks told: a handler without terminate/2 that was deleted is not seen to go; of several handlers of \
     one module, # counts as they came, their ids are not recorded";

/// That a value is not whole.
pub(crate) const CUT: &str = "parts of it were cut when recorded: what they held, and whether they changed, is unknown";

/// What the state was, or since when it is unknown.
pub(crate) fn head(found: &StateAt, path: Option<&Path>) -> String {
    let part = path.map(|path| format!("{} of ", path.text())).unwrap_or_default();
    match &found.known {
        Known::Handlers => {
            let states: Vec<String> = found.handlers.iter().map(|one| handler(one, found.at, 150)).collect();
            match &states[..] {
                [] => format!("{part}{}: an event manager; no handler of it is known to have been there", found.who),
                _ => format!("{part}{}: each handler has a state of its own; {}", found.who, states.join("; ")),
            }
        }
        Known::Unknown { unknown, .. } => format!("{part}{} {}", found.who, since(unknown, found.at)),
        _ => format!("{part}{} was {}", found.who, brief(value(found), 300)),
    }
}

/// The state, or what stands at the path.
pub(crate) fn value(found: &StateAt) -> &str {
    found.value.as_deref().unwrap_or("(absent)")
}

/// A handler's state, or since when it is unknown.
pub(crate) fn handler(HandlerState { handler, known, state }: &HandlerState, at: i64, width: usize) -> String {
    match known {
        Known::Unknown { unknown, .. } => format!("{handler} {}", since(unknown, at)),
        _ => format!("{handler} was {}", brief(state, width)),
    }
}

fn since(unknown: &Unknown, at: i64) -> String {
    let Unknown { since, why, event } = unknown;
    format!("is {}", unknown::unknown(*since, event, *why, (at, &figure::at(*since, Some(at)))))
}

/// A change, with who sent its message and from where.
pub(crate) struct Change<'a> {
    pub(crate) change: &'a StateChange,
    pub(crate) sender: Option<Who>,
    pub(crate) site: Option<String>,
}

/// What a change is to the state asked for.
#[derive(Clone, Copy)]
pub(crate) enum As {
    /// It gave the part its value.
    SetPart,
    /// It set the state.
    Set,
    /// It replaced the state: nothing before it is recorded.
    Replaced,
    /// It set what was known before the state was not.
    LastKnown,
    Next,
}

/// When a change was, and what made it.
pub(crate) fn change(one: &Change<'_>, what: As, at: i64) -> String {
    let Change { change, sender, site } = one;
    let what = match what {
        As::SetPart => "this part was set".to_owned(),
        As::Set => "the state was last set".to_owned(),
        As::Replaced => "it was replaced".to_owned(),
        As::LastKnown => format!("last known: {}, set", brief(&change.new, 100)),
        As::Next => "next set".to_owned(),
    };
    let sender = sender.as_ref().map(|sender| format!(" from {sender}")).unwrap_or_default();
    let site = site.as_ref().map(|site| format!(", sent at {site}")).unwrap_or_default();
    format!(
        "{what} {} ({}) by {} in {}{sender}{site}",
        figure::at(change.at, Some(at)),
        change.id,
        brief(&change.trigger(), 100),
        change.callback
    )
}

/// What was known before the state was not, where a callback was called with it.
pub(crate) fn last_called_with(found: &StateAt, entry: &Fact) -> String {
    format!("last known: {}, by {}", brief(value(found), 100), entry.id())
}

/// What the value is taken from, where no change before set it.
pub(crate) fn taken_from(known: &Known) -> Option<String> {
    match known {
        Known::Replaced(_) => {
            Some("no change before that time is recorded: this is what the first later change replaced".to_owned())
        }
        Known::CalledWith(entry) => Some(format!(
            "no change of it is recorded: this is what a callback was called with, {} ({})",
            call(entry, 60),
            entry.id()
        )),
        Known::SetBy(_) | Known::Handlers | Known::Unknown { .. } => None,
    }
}

/// The callback the process was in.
pub(crate) fn running(running: &Fact) -> String {
    // Without values its end may have been left out, too.
    let was = if running.list("args").is_empty() { "it was last called back in" } else { "at that moment it was in" };
    format!("{was} {} ({}); what that changes comes with its return", call(running, 60), running.id())
}

/// That the process had ended.
pub(crate) fn has_ended(found: &StateAt, exit: &Fact) -> String {
    let reason = ends::error(exit, 80);
    let when = figure::at(exit.at(), Some(found.at));
    // Of a state that no change set it is not known that it was the last.
    let last = if matches!(found.known, Known::SetBy(_)) { "; this is its last state" } else { "" };
    format!("the process had ended by then, at {when} ({}): {}{last}", exit.id(), ended::reason(reason.as_deref()))
}

/// The other processes of its name.
pub(crate) fn others(found: &StateAt) -> Option<String> {
    let others: Vec<&str> = found.others.iter().map(|life| life.pid.as_str()).collect();
    (!others.is_empty()).then(|| {
        let processes = count_of(others.len(), "other process", "other processes");
        format!("{processes} had this name at other times: {}", others.join(", "))
    })
}
