//! What was the state of a process at a time, and how did it get there?

use super::ask::{Ask, Span, inside};
use super::change::{Changes, Source, StateChange, Whose, exit_of_call};
use super::differs::Differs;
use super::fact::Fact;
use super::handlers::{HandlerState, is_manager, states_at};
use super::known_at::{Known, known_at};
use super::seam::last_break;
use super::value::diff;
use super::value::path::Path;
use super::value::{Value, is_cut};
use super::who::{Life, Names, Who, lives};
use crate::error::{Error, Result};
use crate::event::time::Time;

/// Changes of one process a history looks at; older ones are told to be missing.
const MAX_CHANGES: usize = 10_000;

/// Changes looked back over for the one that set a part of a state.
const MAX_SET: usize = 2_000;

/// A moment, as it was asked for.
#[derive(Clone, Debug)]
pub(crate) enum Moment {
    Time(Time),
    /// The event with this id.
    Event(String),
}

/// The state at a time.
#[derive(Clone, Debug)]
pub(crate) struct StateAt {
    pub(crate) who: Who,
    pub(crate) at: i64,
    /// The whole state, or what stands at the path; `None`: nothing stands there.
    pub(crate) value: Option<String>,
    pub(crate) known: Known,
    /// Of an event manager, the states of its handlers: whole, or what stands at the path.
    pub(crate) handlers: Vec<HandlerState>,
    /// With a path: the change that gave this part its value, where it is another one than the last.
    pub(crate) part_set_by: Option<Box<StateChange>>,
    /// The next change.
    pub(crate) next: Option<StateChange>,
    /// The callback that was running: its changes come with its return.
    pub(crate) running: Option<Fact>,
    /// The end of the process, if it was over by then.
    pub(crate) ended: Option<Fact>,
    /// The other lives of the name.
    pub(crate) others: Vec<Life>,
    /// The other moment, and the differences from there to here.
    pub(crate) difference: Option<(i64, Vec<Differs>)>,
}

/// What is asked of [`state_at`].
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// A pid or a registered name.
    pub(crate) pid: String,
    /// Whose, where several nodes have one.
    pub(crate) node: Option<String>,
    /// `None`: now, the end of what is recorded of its node.
    pub(crate) at: Option<Moment>,
    pub(crate) path: Option<Path>,
    pub(crate) diff_with: Option<Moment>,
}

/// The state of a process at a time.
///
/// # Errors
/// [`NotFound`](crate::ErrorKind::NotFound) when there is no such process, or none of its states is recorded.
pub(crate) fn state_at(ask: &Ask<'_>, question: &Question) -> Result<StateAt> {
    let all = lives(ask, "pid", &question.pid, question.node.as_deref())?;
    let moment = |moment: &Moment, argument: &str| -> Result<i64> {
        match moment {
            Moment::Time(time) => ask.resolve(*time)?.ok_or_else(|| Error::not_found("nothing is stored yet")),
            Moment::Event(id) => ask.event(Some(id)).map(|fact| fact.at()).ok_or_else(|| {
                Error::not_found(format!(
                    "{argument}: got {id:?}, which is neither a time nor the id of a stored event; give integer \
                     nanoseconds, \"-5s\" before the newest event, or an event id"
                ))
            }),
        }
    };
    let at = match &question.at {
        Some(asked) => moment(asked, "at")?,
        None => {
            let newest = all.last().map(|life| ask.end_of(&life.pid)).transpose()?.flatten();
            newest.ok_or_else(|| Error::not_found("nothing is stored yet"))?
        }
    };
    // The process that had the name then; before the first, the first.
    let chosen = all.iter().rposition(|life| life.since.is_none_or(|since| since <= at)).unwrap_or(0);
    let Some(life) = all.get(chosen) else { return Err(Error::not_found("pid: nothing is known of it")) };
    let others = all.iter().enumerate().filter(|(place, _)| *place != chosen).map(|(_, life)| life.clone());
    let others: Vec<Life> = others.collect();

    let changes = Changes::new(ask, &life.pid)?;
    let path = question.path.as_ref();
    let is_manager = is_manager(ask, &life.pid)?;
    let handlers = if is_manager { handlers_at(ask, &life.pid, at, path)? } else { Vec::new() };
    let of_process = Whose::process(&life.pid);
    let (known, whole) =
        if is_manager { (Known::Handlers, String::new()) } else { known_at(ask, &changes, of_process, at)? };
    let value = part(&whole, path).filter(|_| !is_manager);
    if let (Some(path), None, false, false) = (path, &value, known.is_unknown(), is_manager) {
        require_known(&whole, path)?;
    }
    let part_set_by = match (&question.path, &known) {
        (Some(path), Known::SetBy(last)) => {
            let set = set_part(&changes, path, value.as_deref(), at)?;
            set.filter(|set| set.id != last.id).map(Box::new)
        }
        _ => None,
    };
    let difference = match &question.diff_with {
        None => None,
        Some(other) if is_manager => {
            let other = moment(other, "diff_with")?;
            Some((other, between(&handlers_at(ask, &life.pid, other, path)?, &handlers)))
        }
        Some(other) => {
            let other = moment(other, "diff_with")?;
            let (before_known, before) = known_at(ask, &changes, of_process, other)?;
            let before = part(&before, question.path.as_ref());
            let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "(absent)".to_owned());
            let (from, to) = (text(&before), text(&value));
            let is_known = !before_known.is_unknown() && !known.is_unknown();
            let differences =
                if is_known { Differs::all(diff::shown(&from, &to)) } else { vec![Differs::Unknown { handler: None }] };
            Some((other, differences))
        }
    };
    Ok(StateAt {
        who: Names::new(ask).who(&life.pid)?,
        at,
        value,
        known,
        handlers,
        part_set_by,
        next: changes.first((at.saturating_add(1), i64::MAX))?,
        running: running_at(ask, &life.pid, at)?,
        ended: life.exit.clone().filter(|exit| exit.at() <= at),
        others,
        difference,
    })
}

/// The states of a manager's handlers, or what stands at a path in them.
fn handlers_at(ask: &Ask<'_>, pid: &str, at: i64, path: Option<&Path>) -> Result<Vec<HandlerState>> {
    let handlers = states_at(ask, pid, at)?;
    let narrowed = handlers.into_iter().filter_map(|handler| {
        let state = part(&handler.state, path).or_else(|| handler.known.is_unknown().then(String::new))?;
        Some(HandlerState { state, ..handler })
    });
    Ok(narrowed.collect())
}

/// What differs between the states of handlers.
fn between(before: &[HandlerState], after: &[HandlerState]) -> Vec<Differs> {
    let mut names: Vec<&str> = before.iter().chain(after).map(|handler| handler.handler.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let text = |all: &[HandlerState], name: &str| match all.iter().find(|handler| handler.handler == name) {
        None => Some("(absent)".to_owned()),
        Some(handler) if handler.known.is_unknown() => None,
        Some(handler) => Some(handler.state.clone()),
    };
    let differences = names.into_iter().flat_map(|name| match (text(before, name), text(after, name)) {
        (Some(from), Some(to)) if from == to => Vec::new(),
        (Some(from), Some(to)) => {
            Differs::all(diff::shown(&from, &to).into_iter().map(|one| format!("{name}: {one}")).collect())
        }
        _ => vec![Differs::Unknown { handler: Some(name.to_owned()) }],
    });
    differences.collect()
}

/// What stands at a path, as text.
fn part(state: &str, path: Option<&Path>) -> Option<String> {
    match path {
        None => Some(state.to_owned()),
        Some(path) => path.find(&Value::read(state)).map(|value| value.text.to_owned()),
    }
}

/// Refuses a path that leads nowhere, with those there are.
fn require_known(state: &str, path: &Path) -> Result<()> {
    if is_cut(state) {
        return Err(Error::not_found(format!(
            "path: what stands at {:?}, if anything, is unknown: parts of the state were cut when recorded",
            path.text()
        )));
    }
    let value = Value::read(state);
    let leaves: Vec<String> =
        value.leaves(12).into_iter().map(|(path, _)| path).filter(|path| !path.is_empty()).collect();
    let known = if leaves.is_empty() { "the state is one value".to_owned() } else { leaves.join(", ") };
    Err(Error::not_found(format!("path: nothing stands at {:?}; there are: {known}", path.text())))
}

/// The change that gave a part the value it has.
fn set_part(changes: &Changes<'_>, path: &Path, value: Option<&str>, at: i64) -> Result<Option<StateChange>> {
    // Most values were set a short time ago.
    for limit in [32, 256, MAX_SET] {
        let (all, more) = changes.all((i64::MIN, at), limit)?;
        let set = all.into_iter().rev().find(|change| {
            let before = change.old.as_deref().map(|old| part(old, Some(path)));
            // What was cut is not compared.
            if change.spans_gap || value.is_some_and(is_cut) {
                return false;
            }
            part(&change.new, Some(path)).as_deref() == value && before.is_none_or(|before| before.as_deref() != value)
        });
        if set.is_some() || !more {
            return Ok(set);
        }
    }
    Ok(None)
}

/// The callback a process was in. `None` also where it may have returned unseen.
pub(crate) fn running_at(ask: &Ask<'_>, pid: &str, at: i64) -> Result<Option<Fact>> {
    let entries = ask.newest(inside(pid, &["function_entry"]), (i64::MIN, at), 64)?;
    let Some(entry) = entries.into_iter().find(Fact::is_callback) else { return Ok(None) };
    let has_returned = exit_of_call(ask, &entry)?.is_some_and(|exit| exit.at() <= at);
    Ok(if has_returned || last_break(ask, pid, (entry.at(), at))?.is_some() { None } else { Some(entry) })
}

/// One line of a history.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) change: StateChange,
    /// What changed.
    pub(crate) differences: Vec<Differs>,
    /// With a path: its value before and after.
    pub(crate) values: Option<(Option<String>, Option<String>)>,
    pub(crate) sender: Option<Who>,
}

/// The changes of a state.
#[derive(Clone, Debug)]
pub(crate) struct History {
    /// The processes, in the order of their starts.
    pub(crate) whose: Vec<Who>,
    pub(crate) steps: Vec<Step>,
    /// Changes looked at.
    pub(crate) looked_at: usize,
    /// Whether older changes were not looked at.
    pub(crate) more: bool,
    /// Where they were found.
    pub(crate) source: Source,
    pub(crate) ends: Vec<Fact>,
}

/// Every change of a process's state, or of a part of it.
///
/// # Errors
/// [`NotFound`](crate::ErrorKind::NotFound) when there is no such process, none of its states is recorded, or the path
/// leads nowhere in any of them.
pub(crate) fn state_history(
    ask: &Ask<'_>,
    (pid, node): (&str, Option<&str>),
    path: Option<&Path>,
    span: Span,
) -> Result<History> {
    let names = Names::new(ask);
    let mut history = History {
        whose: Vec::new(),
        steps: Vec::new(),
        looked_at: 0,
        more: false,
        source: Source::Nothing,
        ends: Vec::new(),
    };
    let mut a_state = None;
    let mut is_found = false;
    for life in lives(ask, "pid", pid, node)? {
        history.whose.push(names.who(&life.pid)?);
        let changes = Changes::new(ask, &life.pid)?;
        if changes.source != Source::Nothing {
            history.source = changes.source;
        }
        let (all, more) = changes.all(span, MAX_CHANGES)?;
        history.more |= more;
        history.looked_at += all.len();
        for change in all {
            let step = step(&names, change, path)?;
            a_state = Some(step.0.change.new.clone());
            is_found |= step.1;
            let may_differ = |from: &Option<String>, to: &Option<String>| {
                from != to || step.0.change.spans_gap || [from, to].iter().any(|it| it.as_deref().is_some_and(is_cut))
            };
            if step.0.values.as_ref().is_none_or(|(from, to)| may_differ(from, to)) {
                history.steps.push(step.0);
            }
        }
        history.ends.extend(life.exit.filter(|exit| exit.at() >= span.0 && exit.at() <= span.1));
    }
    if let (Some(path), Some(state), false) = (path, &a_state, is_found) {
        require_known(state, path)?;
    }
    if history.source == Source::Nothing {
        return Err(Error::not_found(format!(
            "pid: no state of {pid} is known: no callback of it was recorded with its arguments and results. Trace \
             calls of its callback module (handle_call, handle_cast, handle_info, init)"
        )));
    }
    Ok(history)
}

/// One step, and whether the path leads somewhere in it.
fn step(names: &Names<'_>, change: StateChange, path: Option<&Path>) -> Result<(Step, bool)> {
    let values = path.map(|path| {
        let old = change.old.as_deref().and_then(|old| part(old, Some(path)));
        (old, part(&change.new, Some(path)))
    });
    let is_found = values.as_ref().is_none_or(|(from, to)| from.is_some() || to.is_some());
    let differences = match (&change.old, path) {
        _ if change.is_removal => vec![Differs::Removed],
        (Some(old), None) => Differs::all(diff::shown(old, &change.new)),
        (None, None) if change.spans_gap => vec![Differs::After { new: change.new.clone() }],
        _ => Vec::new(),
    };
    let sender = names.maybe(change.sender.as_deref())?;
    Ok((Step { change, differences, values, sender }, is_found))
}
