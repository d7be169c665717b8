//! Is a process at work for one that has ended, and who gave it to others all the same?

use super::ask::{Ask, types};
use super::change::StateChange;
use super::duration::duration;
use super::ends;
use super::fact::Fact;
use super::ledger::payload::{Payload, differences};
use super::state::running_at;
use super::value::Value;
use super::value::brief::brief;
use super::who::{Names, Who, exit_of};
use crate::error::Result;

/// Changes of states looked through for the one that gave it away.
const MAX_CHANGES: usize = 200;

/// A call that is worked on when its caller has ended.
#[derive(Clone, Debug)]
pub(crate) struct Abandoned {
    /// The callback that works.
    pub(crate) running: Fact,
    pub(crate) caller: Who,
    /// Its end.
    pub(crate) exit: Fact,
    /// What put the process back among others after that.
    pub(crate) offered: Option<Offered>,
}

/// A change that brought a process into a part of another's state.
#[derive(Clone, Debug)]
pub(crate) struct Offered {
    pub(crate) change: StateChange,
    pub(crate) by: Who,
    /// Empty: the whole state.
    pub(crate) path: String,
}

impl Abandoned {
    /// A line each on whom it works for, and on who gave it to others; `at` is when it was asked for something else.
    pub(crate) fn told(&self, at: i64) -> Vec<String> {
        let message = self.running.list("args").first().map(|message| brief(message, 60)).unwrap_or_default();
        let mut lines = vec![format!(
            "the callee was at work on {message} for {}, which {} {} before this call ({}): nobody waits for that answer",
            self.caller,
            ends::how(&ends::read(&self.exit, None), &self.exit),
            duration(at.saturating_sub(self.exit.at())),
            self.exit.id(),
        )];
        lines.extend(self.offered.as_ref().map(Offered::told));
        lines
    }
}

impl Offered {
    fn told(&self) -> String {
        let part = if self.path.is_empty() { "its state" } else { &self.path };
        let by =
            self.change.message.as_ref().map_or_else(String::new, |m| format!(" with {}", Value::read(m).pattern()));
        format!(
            "after that end {} put it into {part} all the same, in {}{by} ({})",
            self.by, self.change.callback, self.change.id
        )
    }
}

/// The call that a process works on at a time, if its caller had ended by then.
pub(crate) fn abandoned(ask: &Ask<'_>, names: &Names<'_>, pid: &str, at: i64) -> Result<Option<Abandoned>> {
    let Some(running) = running_at(ask, pid, at)? else { return Ok(None) };
    let caller = running.text("caller_pid").or_else(|| running.text("sender_pid"));
    let Some(caller) = caller.filter(|_| running.event.function() == Some("handle_call")) else { return Ok(None) };
    let caller = running.pid_in(caller);
    let Some(exit) = exit_of(ask, &caller)?.filter(|exit| (running.at()..at).contains(&exit.at())) else {
        return Ok(None);
    };
    let offered = offered(ask, names, pid, (exit.at(), at))?;
    Ok(Some(Abandoned { caller: names.who(&caller)?, running, exit, offered }))
}

fn offered(ask: &Ask<'_>, names: &Names<'_>, pid: &str, span: (i64, i64)) -> Result<Option<Offered>> {
    for fact in ask.oldest(types(&["state_change"]), span, MAX_CHANGES)? {
        let Some(change) = StateChange::of(&fact).filter(|change| change.pid != pid) else { continue };
        let has = |text: Option<&String>| text.is_some_and(|text| pids_in(text).any(|one| fact.pid_in(one) == pid));
        for one in differences(Payload::read(fact.event.data()).state_diff) {
            if has(one.new.as_ref()) && !has(one.old.as_ref()) {
                let by = names.who(&change.pid)?;
                return Ok(Some(Offered { change, by, path: one.path }));
            }
        }
    }
    Ok(None)
}

/// The pids in a value's text.
fn pids_in(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("#PID<").filter_map(|(at, _)| text.get(at..=at + text[at..].find('>')?))
}
