//! What is the story behind a crash, a process or an event, told backwards from the symptom?
//!
//! `target` says what is meant, `crash`, `process` and `event` each tell one sort of story; the rest are its parts. A
//! story is text with the ids of its evidence: an assistant reads it, and asks for the events it doubts.

mod answer;
mod backlog;
mod blocked;
mod callers;
pub(crate) mod calls;
mod cause;
mod clause;
mod crash;
mod elsewhere;
mod ended_by;
mod event;
mod failure;
mod folded;
mod held;
mod kinds;
pub(crate) mod line;
mod onward;
mod part;
mod partner;
mod process;
pub(crate) mod reason;
mod sender;
mod sent;
mod supervision;
mod table;
mod target;
mod timer;
mod unended;
mod unseen;
mod waiting;

use super::ask::Ask;
use super::who::Names;
use crate::error::Result;

pub(crate) use part::{About, Story};

/// The story behind a target: a pid, a registered name, an event id or `last_crash`. The node says whose pid or name.
///
/// # Errors
/// [`NotFound`](crate::ErrorKind::NotFound) when there is no such thing, with what there is;
/// [`Invalid`](crate::ErrorKind::Invalid) when it is on several nodes.
pub(crate) fn explain(ask: &Ask<'_>, target: &str, node: Option<&str>) -> Result<(Story, About)> {
    let names = Names::new(ask);
    let meant = target::find(ask, target, node)?;
    let about = meant.about();
    let mut story = match meant {
        target::Target::Crash { exit, symptom } => crash::tell(ask, &names, &exit, symptom.as_deref())?,
        target::Target::Raised { exit } => crash::tell_raised(ask, &names, &exit)?,
        target::Target::Process { lives } => process::tell(ask, &names, target, &lives)?,
        target::Target::Event { fact } => event::tell(ask, &names, &fact)?,
    };
    story.parts.retain(|part| !part.lines.is_empty() || part.found.is_some());
    Ok((story, about))
}
