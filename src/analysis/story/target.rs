//! What is to be explained? And behind a symptom, which crash came first?

use super::part::About;
use super::partner::partner;
use crate::analysis::ask::{Ask, EVER, inside, types};
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::who::{Life, lives};
use crate::error::{Error, ErrorKind, Result};
use crate::event::exit_reason::ExitReason;
use crate::event::home;
use crate::query::Filter;

/// The word for the newest crash.
const LAST_CRASH: &str = "last_crash";

/// Ends of processes or calls looked through, newest first, for one that failed.
const MAX_ENDS: usize = 10_000;

/// Ends of one look.
const ENDS_AT_ONCE: usize = 500;

/// How far before its consequence a crash is looked for.
const BEFORE_NS: i64 = 10_000_000_000;

/// How many crashes lead to each other at most.
const MAX_STEPS: usize = 8;

/// What a story is told about.
pub(super) enum Target {
    /// The end of a process; what was asked about may have been a consequence of it.
    Crash { exit: Box<Fact>, symptom: Option<Box<Fact>> },
    /// The failed end of a call.
    Raised { exit: Box<Fact> },
    /// A process, or all that had a name.
    Process { lives: Vec<Life> },
    /// Any other event.
    Event { fact: Box<Fact> },
}

impl Target {
    /// Whom and what the story is told of.
    pub(super) fn about(&self) -> About {
        let pid = |fact: &Fact| fact.text("exited_pid").unwrap_or_else(|| fact.pid()).to_owned();
        match self {
            Self::Crash { exit, symptom } => {
                let pids = [Some(exit), symptom.as_ref()].into_iter().flatten().map(|exit| pid(exit)).collect();
                About { pids, event: None, is_failure: true }
            }
            Self::Raised { exit } => About { pids: vec![pid(exit)], event: None, is_failure: true },
            Self::Process { lives } => {
                About { pids: lives.iter().map(|life| life.pid.clone()).collect(), ..About::default() }
            }
            Self::Event { fact } => About { event: Some(fact.id().to_owned()), ..About::default() },
        }
    }
}

/// Finds what is meant.
pub(super) fn find(ask: &Ask<'_>, target: &str, node: Option<&str>) -> Result<Target> {
    let target = target.trim();
    if target.trim_start_matches(':') == LAST_CRASH {
        return last_crash(ask);
    }
    if let Some(fact) = ask.event(Some(target)) {
        return match fact.event_type() {
            "process_exit" if ends::of_exit(ask, &fact)?.is_abnormal() => crash(ask, fact),
            _ if fact.is_failed_exit() => Ok(Target::Raised { exit: Box::new(fact) }),
            _ => Ok(Target::Event { fact: Box::new(fact) }),
        };
    }
    let lives = lives(ask, "target", target, node).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            Error::not_found(format!("{error} A target is a pid, a registered name, an event id or \"{LAST_CRASH}\""))
        }
        _ => error,
    })?;
    // A process that crashed, and did so once: its crash is what there is to tell.
    if let [Life { exit: Some(exit), end, .. }] = lives.as_slice() {
        if end.is_abnormal() {
            return Ok(Target::Crash { exit: Box::new(exit.clone()), symptom: None });
        }
    }
    Ok(Target::Process { lives })
}

/// The newest process that failed; else the newest that did not end as it should, a call that failed among them.
fn last_crash(ask: &Ask<'_>) -> Result<Target> {
    let has = |wanted: fn(&ExitReason) -> bool| {
        newest(ask, "process_exit", move |exit| {
            Ok(wanted(&ends::read(exit, None)) && wanted(&ends::of_exit(ask, exit)?))
        })
    };
    let crash_of_any_age = || {
        let filter = Filter { text: Some("\"stacktrace\"".to_owned()), ..types(&["process_exit"]) };
        ask.last(filter, EVER)
    };
    if let Some(exit) = has(ExitReason::is_failure)?.map_or_else(crash_of_any_age, |exit| Ok(Some(exit)))? {
        return crash(ask, exit);
    }
    if let Some(exit) = has(ExitReason::is_abnormal)? {
        return crash(ask, exit);
    }
    // Nothing ended by it, but something may have gone wrong all the same.
    match newest(ask, "function_exit", |end| Ok(end.is_failed_exit()))? {
        Some(exit) => Ok(Target::Raised { exit: Box::new(innermost(ask, exit)?) }),
        None => Err(no_crash(ask)?),
    }
}

/// The newest event of a type that is wanted, of the last [`MAX_ENDS`].
fn newest(ask: &Ask<'_>, event_type: &str, wanted: impl Fn(&Fact) -> Result<bool>) -> Result<Option<Fact>> {
    let mut until = i64::MAX;
    for _ in 0..MAX_ENDS / ENDS_AT_ONCE {
        let ends = ask.newest(types(&[event_type]), (i64::MIN, until), ENDS_AT_ONCE)?;
        let (oldest, n) = (ends.last().map(Fact::at), ends.len());
        for end in ends {
            if wanted(&end)? {
                return Ok(Some(end));
            }
        }
        match oldest {
            Some(oldest) if n == ENDS_AT_ONCE && oldest < until => until = oldest,
            _ => break,
        }
    }
    Ok(None)
}

/// The first call that failed of those that failed with it.
fn innermost(ask: &Ask<'_>, exit: Fact) -> Result<Fact> {
    let mut ends = ask.newest(inside(exit.pid(), &["function_exit"]), (i64::MIN, exit.at()), ENDS_AT_ONCE)?;
    ends.retain(|end| end.key() <= exit.key());
    let inner = ends.into_iter().take_while(Fact::is_failed_exit).last();
    Ok(inner.unwrap_or(exit))
}

fn no_crash(ask: &Ask<'_>) -> Result<Error> {
    let all = ask.count(types(&["process_exit"]), EVER)?;
    Ok(Error::not_found(format!(
        "target: nothing crashed: of {all} process exits stored none has a stack and none of the last {MAX_ENDS} was abnormal, and no call \
         failed of the last {MAX_ENDS} that ended. overview lists what stands out; explain also takes a pid, a registered \
         name or an event id"
    )))
}

/// A crash, or the one it is a consequence of.
fn crash(ask: &Ask<'_>, exit: Fact) -> Result<Target> {
    let root = root(ask, &exit)?;
    Ok(match root {
        Some(root) => Target::Crash { exit: Box::new(root), symptom: Some(Box::new(exit)) },
        None => Target::Crash { exit: Box::new(exit), symptom: None },
    })
}

/// The crash that led to this one: of the process it called, or of one it was linked to.
fn root(ask: &Ask<'_>, exit: &Fact) -> Result<Option<Fact>> {
    let mut found: Option<Fact> = None;
    for _ in 0..MAX_STEPS {
        let current = found.as_ref().unwrap_or(exit);
        let before = match ends::read(current, None) {
            ExitReason::Callee(call, inner) => callee(ask, current, &call.target, &inner)?,
            ExitReason::Error | ExitReason::Killed | ExitReason::Other => linked(ask, current)?,
            _ => None,
        };
        match before {
            Some(before) => found = Some(before),
            None => break,
        }
    }
    Ok(found)
}

/// The end of the process a call waited for.
fn callee(ask: &Ask<'_>, exit: &Fact, target: &str, inner: &str) -> Result<Option<Fact>> {
    // The reason is told with the call: with the same text it is the same crash, whatever the callee was called.
    let span = (exit.at().saturating_sub(BEFORE_NS), exit.at());
    let exits = ask.newest(types(&["process_exit"]), span, ENDS_AT_ONCE)?;
    let is_same = |one: &Fact| one.text("exit_reason") == Some(inner) && one.key() < exit.key();
    let same: Vec<Fact> = exits.into_iter().filter(is_same).collect();
    let (name, node) = exit.name_in(target);
    let is_called = |one: &&Fact| {
        let is_there = node.is_none() || home::node_of(one.pid()) == node.as_deref();
        is_there && (one.text("registered_name") == Some(&name) || name.ends_with(one.pid()))
    };
    let named = same.iter().find(is_called).cloned();
    Ok(named.or_else(|| same.into_iter().next()))
}

/// The end of a linked process that took this one along.
fn linked(ask: &Ask<'_>, exit: &Fact) -> Result<Option<Fact>> {
    // A process that failed itself shows it by a call that failed.
    let own = ask.newest(inside(exit.pid(), &["function_exit"]), (i64::MIN, exit.at()), 20)?;
    if own.iter().any(|end| end.is_failed_exit() && !end.carries_error()) {
        return Ok(None);
    }
    partner(ask, exit.text("exited_pid").unwrap_or_else(|| exit.pid()), exit)
}
