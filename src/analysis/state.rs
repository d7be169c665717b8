//! What was the state of a process at a time, and how did it get there?

use super::ask::{Ask, Span, inside};
use super::change::{Changes, Source, StateChange, exit_of_call};
use super::fact::Fact;
use super::known::{Still, Unknown, Why, callback_state, still, until};
use super::value::brief::brief;
use super::value::diff;
use super::value::path::Path;
use super::value::{Value, is_cut};
use super::who::{Life, Names, Who, lives};
use crate::error::{Error, Result};
use crate::event::time::Time;

/// Changes of one process a history looks at; older ones are told to be missing.
const MAX_CHANGES: usize = 10_000;

/// Calls looked through for one that tells a state.
const LOOKED_AT: usize = 200;

/// Changes looked back over for the one that set a part of a state.
const MAX_SET: usize = 2_000;

/// A moment, as it was asked for.
#[derive(Clone, Debug)]
pub(crate) enum Moment {
    Time(Time),
    /// The event with this id.
    Event(String),
}

/// How the state at a time is known.
#[derive(Clone, Debug)]
pub(crate) enum Known {
    /// The last change before.
    SetBy(Box<StateChange>),
    /// The value the first change afterwards replaced.
    Replaced(Box<StateChange>),
    /// What a callback was called with; no change was recorded.
    CalledWith(Box<Fact>),
    /// Something is missing since it was last known, if it was: it is not known.
    Unknown { unknown: Unknown, last: Option<Box<Known>> },
}

impl Known {
    /// Whether what is known is that it is not.
    pub(crate) const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }
}

/// The state at a time.
#[derive(Clone, Debug)]
pub(crate) struct StateAt {
    pub(crate) who: Who,
    pub(crate) at: i64,
    /// The whole state, or what stands at the path; `None`: nothing stands there.
    pub(crate) value: Option<String>,
    pub(crate) known: Known,
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
    pub(crate) difference: Option<(i64, Vec<String>)>,
}

/// What is asked of [`state_at`].
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// A pid or a registered name.
    pub(crate) pid: String,
    /// Whose, where several nodes have one.
    pub(crate) node: Option<String>,
    /// `None`: now, the end of what is recorded.
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
        None => ask.resolve(Time::BeforeNewest(0))?.ok_or_else(|| Error::not_found("nothing is stored yet"))?,
    };
    // The process that had the name then; before the first, the first.
    let chosen = all.iter().rposition(|life| life.since.is_none_or(|since| since <= at)).unwrap_or(0);
    let Some(life) = all.get(chosen) else { return Err(Error::not_found("pid: nothing is known of it")) };
    let others = all.iter().enumerate().filter(|(place, _)| *place != chosen).map(|(_, life)| life.clone());
    let others: Vec<Life> = others.collect();

    let changes = Changes::new(ask, &life.pid)?;
    let (known, whole) = known_at(ask, &changes, life, at)?;
    let value = part(&whole, question.path.as_ref());
    if let (Some(path), None, false) = (&question.path, &value, known.is_unknown()) {
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
        Some(other) => {
            let other = moment(other, "diff_with")?;
            let (before_known, before) = known_at(ask, &changes, life, other)?;
            let before = part(&before, question.path.as_ref());
            let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "(absent)".to_owned());
            let (from, to) = (text(&before), text(&value));
            let is_known = !before_known.is_unknown() && !known.is_unknown();
            let differences = if is_known { diff::shown(&from, &to) } else { vec!["unknown".to_owned()] };
            Some((other, differences))
        }
    };
    Ok(StateAt {
        who: Names::new(ask).who(&life.pid)?,
        at,
        value,
        known,
        part_set_by,
        next: changes.first((at.saturating_add(1), i64::MAX))?,
        running: running_at(ask, &life.pid, at)?,
        ended: life.exit.clone().filter(|exit| exit.at() <= at),
        others,
        difference,
    })
}

/// What is known of the state at a time, and the state. A state is known until something is missing, and from what is told
/// after it.
fn known_at(ask: &Ask<'_>, changes: &Changes<'_>, life: &Life, at: i64) -> Result<(Known, String)> {
    let called = |entry: Fact| {
        let state = callback_state(&entry)?;
        Some((entry.at(), state, Known::CalledWith(Box::new(entry))))
    };
    let before = match changes.last((i64::MIN, at))? {
        Some(change) => Some((change.at, change.new.clone(), Known::SetBy(Box::new(change)))),
        // No change is recorded before: what a callback was called with was the state all along.
        None => {
            let entries = ask.newest(inside(&life.pid, &["function_entry"]), (i64::MIN, at), LOOKED_AT)?;
            entries.into_iter().find_map(called)
        }
    };
    let mut missing = None;
    if let Some((since, state, known)) = before {
        match still(ask, &life.pid, since, at)? {
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
    let entries = ask.oldest(inside(&life.pid, &["function_entry"]), (at, i64::MAX), LOOKED_AT)?;
    let called = entries.into_iter().find_map(called);
    let replaced = change.and_then(|change| {
        let entered = ask.event(change.entry.as_deref()).map_or(change.at, |entry| entry.at());
        Some((entered, change.old.clone()?, Known::Replaced(Box::new(change))))
    });
    let next = match (replaced, called) {
        (Some(replaced), Some(called)) if called.0 < replaced.0 => Some(called),
        (replaced, called) => replaced.or(called),
    };
    if let Some((told, state, known)) = next {
        match until(ask, &life.pid, at, told)? {
            None => return Ok((known, state)),
            Some(unknown) => missing = missing.or(Some((unknown, None, None))),
        }
    }
    if let Some((unknown, known, state)) = missing {
        return Ok((Known::Unknown { unknown, last: known.map(Box::new) }, state.unwrap_or_default()));
    }
    let why = if changes.source == Source::Nothing {
        "no callback of it was recorded with its arguments and results"
    } else {
        "its first state is set later"
    };
    Err(Error::not_found(format!(
        "pid: the state of {} at that time is not known: {why}. Trace calls of its callback module (handle_call, \
         handle_cast, handle_info, init), or ask with state_history what is known",
        life.pid
    )))
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

/// The callback a process was in.
pub(crate) fn running_at(ask: &Ask<'_>, pid: &str, at: i64) -> Result<Option<Fact>> {
    let entries = ask.newest(inside(pid, &["function_entry"]), (i64::MIN, at), 64)?;
    let Some(entry) = entries.into_iter().find(Fact::is_callback) else { return Ok(None) };
    let has_returned = exit_of_call(ask, &entry)?.is_some_and(|exit| exit.at() <= at);
    Ok(if has_returned { None } else { Some(entry) })
}

/// One line of a history.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) change: StateChange,
    /// What changed, one text each.
    pub(crate) differences: Vec<String>,
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
        (Some(old), None) => diff::shown(old, &change.new),
        (None, None) if change.spans_gap => {
            vec![format!("unknown (messages were dropped) -> {}", brief(&change.new, 100))]
        }
        _ => Vec::new(),
    };
    let sender = names.maybe(change.sender.as_deref())?;
    Ok((Step { change, differences, values, sender }, is_found))
}
