//! Who started a process, and was it started again?

use std::fmt::Write;

use super::{Cx, Part};
use crate::analysis::ask::{Ask, EVER, of, types};
use crate::analysis::fact::Fact;
use crate::analysis::value::brief::brief;
use crate::analysis::who::{Who, exit_of};
use crate::error::Result;
use crate::event::Role;
use crate::query::Filter;

/// Spawns looked at for the one that replaces a process.
const MAX_SPAWNS: usize = 500;

pub(super) fn part(cx: &Cx<'_>, who: &Who, exit: Option<&Fact>) -> Result<Part> {
    let Some(spawn) = cx.ask.last(of(&who.pid, Role::Child, &["process_spawn"]), EVER)? else {
        return Ok(Part::new("supervision", vec!["its start was not recorded".to_owned()]));
    };
    let parent = spawn.text("parent_pid").unwrap_or_else(|| spawn.pid());
    let starter = cx.names.who(parent)?;
    let mut line = format!("started by {starter} ({})", spawn.id());
    if let Some(exit) = exit {
        let all = starts(cx.ask, &spawn)?;
        if all.len() > 1 {
            let place = all.iter().position(|one| one.id() == spawn.id()).map_or(0, |place| place + 1);
            _ = write!(line, ", start {place} of {}", all.len());
        }
        let again = all.iter().find(|one| one.key() > exit.key());
        match again {
            Some(first) => {
                let pid = first.text("spawned_pid").unwrap_or_default();
                _ = write!(line, "; restarted as {pid} at {} ({})", cx.at(first.at()), first.id());
            }
            None => match renamed(cx.ask, who, exit)? {
                Some(other) => {
                    _ = write!(line, "; its name went to {} at {} ({})", other.pid(), cx.at(other.at()), other.id());
                }
                None => line.push_str("; not restarted"),
            },
        }
        // A supervisor that restarts too often ends.
        let end = if starter.role.as_deref() == Some("supervisor") { exit_of(cx.ask, parent)? } else { None };
        if let Some(end) = end.filter(|end| end.key() > exit.key()) {
            let reason = brief(end.text("exit_reason").unwrap_or("?"), 60);
            _ = write!(line, "; its starter ended at {} ({}): {reason}", cx.at(end.at()), end.id());
        }
    }
    Ok(Part::background("supervision", vec![line]))
}

/// Spawns of the same by the same starter, in their order.
fn starts(ask: &Ask<'_>, spawn: &Fact) -> Result<Vec<Fact>> {
    let parent = spawn.text("parent_pid").unwrap_or_else(|| spawn.pid());
    let all = ask.oldest(of(parent, Role::Parent, &["process_spawn"]), EVER, MAX_SPAWNS)?;
    let is_same = |one: &Fact| match (one.text("registered_name"), spawn.text("registered_name")) {
        (Some(one), Some(before)) => one == before,
        _ => {
            let module = spawn.text("callback_module");
            module.is_some()
                && one.text("callback_module") == module
                && one.text("spawn_args") == spawn.text("spawn_args")
        }
    };
    Ok(all.into_iter().filter(is_same).collect())
}

/// Who was registered under the name after the end.
fn renamed(ask: &Ask<'_>, who: &Who, exit: &Fact) -> Result<Option<Fact>> {
    let Some(name) = &who.name else { return Ok(None) };
    let filter = Filter { text: Some(name.trim_start_matches(':').to_owned()), ..types(&["process_register"]) };
    let after = ask.oldest(filter, (exit.at(), i64::MAX), MAX_SPAWNS)?;
    Ok(after.into_iter().find(|one| one.text("registered_name") == Some(name) && one.pid() != who.pid))
}
