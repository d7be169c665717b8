//! How did a process end, given what it was?

use super::ask::{Ask, EVER, of};
use super::fact::Fact;
use super::found::Ended;
use super::spawn::Spawn;
use super::value::brief::brief;
use crate::error::Result;
use crate::event::Role;
use crate::event::exit_reason::ExitReason;

/// What the end of a process says, given its spawn if that was recorded.
pub(crate) fn read(exit: &Fact, spawn: Option<&Fact>) -> ExitReason {
    ExitReason::of(reason(exit), spawn.is_some_and(|spawn| spawned(spawn).is_helper()))
}

/// The same; its spawn is looked up where it makes a difference.
pub(crate) fn of_exit(ask: &Ask<'_>, exit: &Fact) -> Result<ExitReason> {
    let end = read(exit, None);
    if !end.is_abnormal() {
        return Ok(end);
    }
    let pid = exit.text("exited_pid").unwrap_or_else(|| exit.pid());
    // A pid is used again: the spawn before the end is the one.
    let spawn = ask.last(of(pid, Role::Child, &["process_spawn"]), (EVER.0, exit.at()))?;
    Ok(read(exit, spawn.as_ref()))
}

/// An end as it is told.
pub(crate) fn ended(end: &ExitReason, exit: &Fact) -> Ended {
    let reason = || error(exit, 80).unwrap_or_default();
    match end {
        ExitReason::Unknown => Ended::Unrecorded,
        ExitReason::Normal => Ended::Normally,
        ExitReason::Result => Ended::WithResult,
        ExitReason::Killed => Ended::Killed,
        ExitReason::Shutdown | ExitReason::Helper | ExitReason::Other => Ended::With { reason: reason() },
        _ => Ended::Crashed { reason: reason() },
    }
}

/// The reason an end tells, if it tells one.
pub(crate) fn recorded(exit: &Fact) -> Option<&str> {
    exit.text("exit_reason").or_else(|| exit.text("reason"))
}

/// The same, so short.
pub(crate) fn brief_reason(exit: &Fact, max: usize) -> Option<String> {
    recorded(exit).map(|reason| brief(reason, max))
}

/// The same, without the stack where the error is told apart from it.
pub(crate) fn error(exit: &Fact, max: usize) -> Option<String> {
    exit.text("error").or_else(|| recorded(exit)).map(|reason| brief(reason, max))
}

/// The reason an end tells, empty where it tells none.
pub(crate) fn reason(exit: &Fact) -> &str {
    recorded(exit).unwrap_or_default()
}

/// What a spawn's event tells it starts.
pub(crate) fn spawned(spawn: &Fact) -> Spawn<'_> {
    let text = |key| spawn.text(key).unwrap_or_default();
    Spawn { module: text("spawn_module"), function: text("spawn_function"), args: text("spawn_args") }
}
