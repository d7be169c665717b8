//! Who started a process, and was it started again?

use super::tell::counted;
use super::{Cx, Part};
use crate::analysis::ask::{EVER, Ask, of, types};
use crate::analysis::fact::Fact;
use crate::analysis::who::Who;
use crate::error::Result;
use crate::event::Role;
use crate::query::Filter;

/// Spawns looked at for the one that replaces a process.
const MAX_SPAWNS: usize = 100;

pub(super) fn part(cx: &Cx<'_>, who: &Who, exit: Option<&Fact>) -> Result<Part> {
    let Some(spawn) = cx.ask.last(of(&who.pid, Role::Child, &["process_spawn"]), EVER)? else {
        return Ok(Part::new("supervision", vec!["its start was not recorded".to_owned()]));
    };
    let parent = spawn.text("parent_pid").unwrap_or_else(|| spawn.pid());
    let starter = cx.names.who(parent)?;
    let mut line = format!("started by {starter} ({})", spawn.id());
    if let Some(exit) = exit {
        let again = restarts(cx.ask, &spawn, exit)?;
        match again.first() {
            Some(first) => {
                let pid = first.text("spawned_pid").unwrap_or_default();
                line.push_str(&format!("; restarted as {pid} at {} ({})", cx.at(first.at()), first.id()));
                if again.len() > 1 {
                    line.push_str(&format!(", {} more", counted(again.len() as u64 - 1, "start")));
                }
            }
            None => match renamed(cx.ask, who, exit)? {
                Some(other) => line.push_str(&format!(
                    "; its name went to {} at {} ({})",
                    other.pid(),
                    cx.at(other.at()),
                    other.id()
                )),
                None => line.push_str("; not restarted"),
            },
        }
    }
    Ok(Part::background("supervision", vec![line]))
}

/// Spawns of the same by the same starter after an end.
pub(super) fn restarts(ask: &Ask<'_>, spawn: &Fact, exit: &Fact) -> Result<Vec<Fact>> {
    let parent = spawn.text("parent_pid").unwrap_or_else(|| spawn.pid());
    let after = ask.oldest(of(parent, Role::Parent, &["process_spawn"]), (exit.at(), i64::MAX), MAX_SPAWNS)?;
    let is_same = |one: &Fact| match (one.text("registered_name"), spawn.text("registered_name")) {
        (Some(one), Some(before)) => one == before,
        _ => {
            let module = spawn.text("callback_module");
            module.is_some()
                && one.text("callback_module") == module
                && one.text("spawn_args") == spawn.text("spawn_args")
        }
    };
    Ok(after.into_iter().filter(is_same).collect())
}

/// Who was registered under the name after the end.
fn renamed(ask: &Ask<'_>, who: &Who, exit: &Fact) -> Result<Option<Fact>> {
    let Some(name) = &who.name else { return Ok(None) };
    let filter = Filter { text: Some(name.trim_start_matches(':').to_owned()), ..types(&["process_register"]) };
    let after = ask.oldest(filter, (exit.at(), i64::MAX), MAX_SPAWNS)?;
    Ok(after.into_iter().find(|one| one.text("registered_name") == Some(name) && one.pid() != who.pid))
}
