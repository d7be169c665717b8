//! What is known of a failure: the end of a process, or a call that went wrong and was survived?

use super::line::FailedWith;
use super::onward::Onward;
use super::partner::partner;
use super::reason::exception;
use crate::analysis::ask::{Ask, inside};
use crate::analysis::change::{entry_of, state_before};
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::state::running_at;
use crate::analysis::value::brief::brief;
use crate::analysis::who::{Names, Who};
use crate::error::Result;
use crate::event::exit_reason::CallEnd;

/// Ends of calls looked back over for those that failed, at once.
const ENDS: usize = 200;

/// How often more are looked at, while an exception goes on through them.
const LOOKS: usize = 50;

/// Whose error ended a process that raised none.
pub(super) enum Struck {
    /// That of a process it was linked to: its end.
    By(Box<Fact>),
    /// Another call's, told with its stack. Whose is not recorded.
    Unseen,
}

/// What is known of a failure.
pub(super) struct Failure {
    pub(super) who: Who,
    /// The end of the process; `None` when it went on.
    pub(super) exit: Option<Fact>,
    /// The end of the innermost call that failed.
    pub(super) raised: Option<Fact>,
    /// The callback it happened in.
    pub(super) callback: Option<Fact>,
    /// Where nothing in it raised the error: whose it was.
    pub(super) struck: Option<Struck>,
    /// `:badarith`, without the stack; `None` where no reason was recorded.
    pub(super) error: Option<String>,
    /// Innermost first.
    pub(super) stack: Vec<String>,
    /// `s3_badstate.exs:16`.
    pub(super) site: Option<String>,
    /// Where it went from the call that raised it; of one that did not end its process.
    pub(super) onward: Onward,
    /// When it failed.
    pub(super) at: i64,
}

impl Failure {
    pub(super) fn of_exit(ask: &Ask<'_>, names: &Names<'_>, exit: &Fact) -> Result<Self> {
        let pid = exit.text("exited_pid").unwrap_or_else(|| exit.pid());
        let ends = ends_of(ask, pid, exit.at())?;
        let mut failure = Self::of_calls(ask, names, pid, &ends, exit.at())?;
        failure.error = exit.text("error").or_else(|| ends::recorded(exit)).map(str::to_owned);
        failure.stack = exit.list("stacktrace").into_iter().map(str::to_owned).collect();
        failure.site = exit.text("crash_site").map(str::to_owned);
        failure.exit = Some(exit.clone());
        // An exit signal ends the calls of a process as its own `exit/1` does.
        let by_exit = failure.raised.as_ref().filter(|end| CallEnd::read(end.text("exit_reason")) == CallEnd::Exit);
        if let Some(end) = by_exit {
            failure.struck = match partner(ask, pid, exit)? {
                Some(partner) => Some(Struck::By(Box::new(partner))),
                None => end.carries_error().then_some(Struck::Unseen),
            };
        }
        if failure.struck.is_some() {
            (failure.raised, failure.at) = (None, exit.at());
        }
        Ok(failure)
    }

    pub(super) fn of_call(ask: &Ask<'_>, names: &Names<'_>, end: &Fact) -> Result<Self> {
        let pid = end.pid();
        let ends = ends_of(ask, pid, end.at())?;
        let ends: Vec<Fact> = ends.into_iter().filter(|one| one.key() <= end.key()).collect();
        let mut failure = Self::of_calls(ask, names, pid, &ends, end.at())?;
        failure.error = end.text("reason").map(str::to_owned);
        Ok(failure)
    }

    /// What calls tell, given their ends, newest first.
    fn of_calls(ask: &Ask<'_>, names: &Names<'_>, pid: &str, ends: &[Fact], at: i64) -> Result<Self> {
        let failed: Vec<&Fact> = ends.iter().filter(|end| end.is_failed_exit()).collect();
        let outer = failed.iter().find(|end| end.is_callback()).or_else(|| failed.first());
        let entry = outer.and_then(|outer| entry_of(ask, outer));
        // The innermost call fails first.
        let since = entry.as_ref().map_or(i64::MAX, Fact::at);
        let raised = failed.iter().rev().find(|end| end.at() >= since).or(outer.as_ref().map(|one| *one));
        let raised = raised.map(|raised| (*raised).clone());
        let callback = match entry {
            Some(entry) if entry.is_callback() => Some(entry),
            // It may have been stopped in a callback, or by what one returned.
            _ if failed.is_empty() => stopped_in(ask, pid, at)?,
            _ => None,
        };
        Ok(Self {
            who: names.who(pid)?,
            exit: None,
            at: raised.as_ref().map_or(at, Fact::at),
            raised,
            callback,
            struck: None,
            error: None,
            stack: Vec::new(),
            site: None,
            onward: Onward::default(),
        })
    }

    /// The state it failed with.
    pub(super) fn state(&self) -> Option<String> {
        state_before(self.callback.as_ref()?).map(str::to_owned)
    }

    /// The message it was handling.
    pub(super) fn message(&self) -> Option<String> {
        self.callback.as_ref()?.handled().map(str::to_owned)
    }

    /// The error, so short; `None` where no reason was recorded.
    pub(super) fn error(&self, max: usize) -> Option<String> {
        self.error.as_deref().map(|error| brief(error, max))
    }

    /// The error, empty where no reason was recorded.
    pub(super) fn text(&self) -> &str {
        self.error.as_deref().unwrap_or_default()
    }

    /// What it failed with.
    pub(super) fn named(&self) -> FailedWith {
        match exception(self.text()) {
            Some(name) if self.text().starts_with('%') => FailedWith::Exception { name, error: None },
            Some(name) => FailedWith::Exception { name, error: self.error(80) },
            None => self.error(120).map_or(FailedWith::Unrecorded, FailedWith::Error),
        }
    }
}

/// The newest ends of calls of a process, newest first: back to before the exception that went through the last of them.
fn ends_of(ask: &Ask<'_>, pid: &str, until: i64) -> Result<Vec<Fact>> {
    let mut ends: Vec<Fact> = Vec::new();
    for _ in 0..LOOKS {
        let until = ends.last().map_or(until, Fact::at);
        let more = ask.newest(inside(pid, &["function_exit"]), (i64::MIN, until), ENDS)?;
        let known = ends.len();
        let is_new = |end: &Fact| ends[..known].iter().rev().take(ENDS).all(|known| known.id() != end.id());
        let more: Vec<Fact> = more.into_iter().filter(is_new).collect();
        ends.extend(more);
        if ends.len() == known || !ends[ends.len() - 1].is_failed_exit() {
            break;
        }
    }
    Ok(ends)
}

/// The callback a process was in at its end, or that ended it with `{:stop, ...}`.
fn stopped_in(ask: &Ask<'_>, pid: &str, at: i64) -> Result<Option<Fact>> {
    if let Some(running) = running_at(ask, pid, at)? {
        return Ok(Some(running));
    }
    let ends = ask.newest(inside(pid, &["function_exit"]), (i64::MIN, at), 8)?;
    let stop =
        ends.iter().find(|end| end.is_callback() && end.text("result").is_some_and(|it| it.starts_with("{:stop,")));
    Ok(stop.and_then(|end| entry_of(ask, end)))
}
