//! What is the story behind a crash, a process or an event, told backwards from the symptom?
//!
//! `target` says what is meant, `crash`, `process` and `event` each tell one sort of story; the rest are its parts. A
//! story is text with the ids of its evidence: an assistant reads it, and asks for the events it doubts.

mod blocked;
mod callers;
mod cause;
mod clause;
mod crash;
mod elsewhere;
mod ended_by;
mod event;
mod folded;
mod held;
mod onward;
mod process;
pub(crate) mod reason;
mod sender;
mod supervision;
mod target;
pub(crate) mod tell;
mod timer;
mod unseen;
mod waiting;

use serde_json::Value as Json;

use super::ask::{Ask, types};
use super::who::Names;
use crate::error::Result;

/// A story.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    /// In a sentence.
    pub(crate) answer: String,
    /// What times count from, and which moment it is.
    pub(crate) anchor: (i64, String),
    /// In the order of their weight.
    pub(crate) parts: Vec<Part>,
    pub(crate) notes: Vec<String>,
    /// Tool, arguments, and what it would tell.
    pub(crate) next: Vec<(&'static str, Json, String)>,
}

/// Whom and what a story is told of.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    /// Processes, as answers tell them.
    pub(crate) pids: Vec<String>,
    /// The event, where the story is of one.
    pub(crate) event: Option<String>,
    /// It is a failure, told whole.
    pub(crate) is_failure: bool,
}

/// A part of a story, a line for each fact.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) lines: Vec<String>,
    /// Lines that go last when space is short.
    pub(crate) keep: usize,
}

impl Part {
    /// A part whose lines are all of weight.
    fn new(name: &'static str, lines: Vec<String>) -> Self {
        Self { name, keep: lines.len(), lines }
    }

    /// A part that may be cut to its first lines.
    fn background(name: &'static str, lines: Vec<String>) -> Self {
        Self { name, lines, keep: 1 }
    }
}

/// Gaps that are counted.
const MAX_GAPS: usize = 1_000;

/// What every part needs.
struct Cx<'a> {
    ask: &'a Ask<'a>,
    names: &'a Names<'a>,
    /// What times count from.
    anchor: i64,
}

impl Cx<'_> {
    fn at(&self, at: i64) -> String {
        tell::relative(at, self.anchor)
    }
}

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
    story.parts.retain(|part| !part.lines.is_empty());
    dropped(ask, &mut story)?;
    Ok((story, about))
}

/// Notes what the recorder lost: what is absent there proves nothing.
fn dropped(ask: &Ask<'_>, story: &mut Story) -> Result<()> {
    let gaps = ask.newest(types(&["gap"]), super::ask::EVER, MAX_GAPS)?;
    let (Some(last), Some(first)) = (gaps.first(), gaps.last()) else { return Ok(()) };
    let dropped: i64 = gaps.iter().filter_map(|gap| gap.number("dropped")).sum();
    let when = match gaps.len() {
        1 => format!("at {} ({})", tell::relative(last.at(), story.anchor.0), last.id()),
        many => format!(
            "at {many} times from {} ({}) to {} ({})",
            tell::relative(first.at(), story.anchor.0),
            first.id(),
            tell::relative(last.at(), story.anchor.0),
            last.id()
        ),
    };
    story
        .notes
        .push(format!("gap: {dropped} trace messages were dropped {when}: what seems absent may have happened there"));
    Ok(())
}
