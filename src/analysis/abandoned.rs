//! Is a process at work for one that has ended, and who gave it to others all the same?

use super::ask::{Ask, types};
use super::change::StateChange;
use super::ends;
use super::found::{Abandoned, Offered};
use super::ledger::payload::{Payload, differences};
use super::state::running_at;
use super::value::Value;
use super::value::brief::brief;
use super::who::{Names, exit_of};
use crate::error::Result;

/// Changes of states looked through for the one that gave it away.
const MAX_CHANGES: usize = 200;

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
    Ok(Some(Abandoned {
        message: running.list("args").first().map_or_else(|| "?".to_owned(), |message| brief(message, 60)),
        caller: names.who(&caller)?.process(),
        ended: ends::ended(&ends::read(&exit, None), &exit),
        before_ns: at.saturating_sub(exit.at()),
        exit: exit.id().to_owned(),
        offered,
    }))
}

fn offered(ask: &Ask<'_>, names: &Names<'_>, pid: &str, span: (i64, i64)) -> Result<Option<Offered>> {
    for fact in ask.oldest(types(&["state_change"]), span, MAX_CHANGES)? {
        let Some(change) = StateChange::of(&fact).filter(|change| change.pid != pid) else { continue };
        let has = |text: Option<&String>| text.is_some_and(|text| pids_in(text).any(|one| fact.pid_in(one) == pid));
        for one in differences(Payload::read(fact.event.data()).state_diff) {
            if has(one.new.as_ref()) && !has(one.old.as_ref()) {
                return Ok(Some(Offered {
                    by: names.who(&change.pid)?.process(),
                    path: one.path,
                    callback: change.callback,
                    message: change.message.as_deref().map(|message| Value::read(message).pattern()),
                    change: change.id,
                }));
            }
        }
    }
    Ok(None)
}

/// The pids in a value's text.
fn pids_in(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("#PID<").filter_map(|(at, _)| text.get(at..=at + text[at..].find('>')?))
}
