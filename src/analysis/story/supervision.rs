//! Who started a process, and was it started again?

use super::line::{self, After, At, Bound, EndedFor, Line, New, Place, Supervision};
use super::part::{Cx, Part};
use crate::analysis::ask::{Ask, EVER, inside, of, types};
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::gave_up;
use crate::analysis::started::reply;
use crate::analysis::value::Value;
use crate::analysis::who::{Who, exit_of};
use crate::error::Result;
use crate::event::{Role, home};
use crate::query::Filter;

/// Spawns looked at for the one that replaces a process, before its end and after.
const MAX_SPAWNS: usize = 500;

/// Later starts of the same that are looked at.
const MAX_NEXT: usize = 20;

pub(super) fn part(cx: &Cx<'_>, who: &Who, exit: Option<&Fact>) -> Result<Part> {
    let Some(spawn) = cx.ask.last(of(&who.pid, Role::Child, &["process_spawn"]), EVER)? else {
        return Ok(Part::new("supervision", vec![Line::Supervision(Supervision::Unrecorded)]));
    };
    let starter = cx.names.who(spawn.text("parent_pid").unwrap_or_else(|| spawn.pid()))?;
    let after = exit.map(|exit| after(cx, who, &starter, &spawn, exit)).transpose()?;
    let line =
        Supervision::StartedBy { starter: starter.process(), event: spawn.id().to_owned(), after: after.map(Box::new) };
    Ok(Part::background("supervision", vec![Line::Supervision(line)]))
}

/// What followed its end.
fn after(cx: &Cx<'_>, who: &Who, starter: &Who, spawn: &Fact, exit: &Fact) -> Result<After> {
    let Starts { all, is_whole_before, is_whole_after } = starts(cx.ask, spawn, exit)?;
    let nth = all.iter().position(|one| one.id() == spawn.id()).map(|place| place + 1).filter(|_| is_whole_before);
    let bound = if is_whole_after { Bound::Exact } else { Bound::AtLeast };
    let place = nth.filter(|_| all.len() > 1).map(|nth| Place { nth, of: all.len(), bound });
    let new = |start: &Fact| New { pid: start.text("spawned_pid").unwrap_or("?").to_owned(), at: At::of(start) };
    let next = match next(cx.ask, &starter.pid, spawn, exit, &all)? {
        Next::Restart(first, told) => {
            // Who is no supervisor may start the next for another reason.
            let may_supervise = starter.role.is_none() && ends::spawned(spawn).behaviour().is_some();
            line::Next::Started { new: new(&first), told, is_restart: is_supervisor(starter) || may_supervise }
        }
        Next::OnRequest(first, reply) => line::Next::Asked {
            new: new(&first),
            by: cx.names.maybe(reply.text("receiver_pid"))?.map(|asker| asker.process()),
            reply: reply.id().to_owned(),
        },
        Next::Unknown(first) => line::Next::MayBe(new(&first)),
        Next::None => match renamed(cx.ask, who, exit)? {
            Some(other) => line::Next::Renamed(New { pid: other.pid().to_owned(), at: At::of(&other) }),
            None if is_whole_after => line::Next::Nothing,
            None => line::Next::NotAmong(MAX_SPAWNS),
        },
    };
    // A supervisor that restarts too often ends.
    let end = if is_supervisor(starter) { exit_of(cx.ask, &starter.pid)? } else { None };
    let starter_ended = end
        .filter(|end| end.key() > exit.key())
        .map(|end| EndedFor { at: At::of(&end), reason: ends::brief_reason(&end, 60) });
    Ok(After { place, next, starter_ended })
}

fn is_supervisor(who: &Who) -> bool {
    who.role.as_deref().is_some_and(gave_up::is_supervisor)
}

/// What its starter did after its end.
enum Next {
    /// A start of the same, which nobody asked for, after the starter was told of the end: with the event that told.
    Restart(Box<Fact>, String),
    /// A start of the same that somebody asked for, with the answer they got.
    OnRequest(Box<Fact>, Box<Fact>),
    /// A start of the same or, its arguments being cut, of the like.
    Unknown(Box<Fact>),
    None,
}

/// The start that took the place of a process, by what its starter received and answered.
fn next(ask: &Ask<'_>, parent: &str, spawn: &Fact, exit: &Fact, all: &[Fact]) -> Result<Next> {
    let later = all.iter().filter(|one| one.key() > exit.key());
    let mut unasked = Vec::new();
    let mut asked = None;
    for start in later.take(MAX_NEXT) {
        match reply(ask, parent, start)? {
            Some(reply) => asked = asked.or(Some((start, reply))),
            None => unasked.push(start),
        }
    }
    // Of several that ended, each takes the first free start after the starter was told of its end.
    let mut told = ends_told(ask, parent, exit, all)?;
    told.retain(|(pid, _)| all.iter().any(|one| one.text("spawned_pid") == Some(pid)));
    let own = spawn.text("spawned_pid").unwrap_or_default();
    let mut free = unasked.clone();
    for (pid, told) in &told {
        let Some(at) = free.iter().position(|start| start.key() > told.key()) else { continue };
        let start = free.remove(at);
        if pid == own {
            return Ok(if is_cut(spawn) || is_cut(start) {
                Next::Unknown(Box::new(start.clone()))
            } else {
                Next::Restart(Box::new(start.clone()), told.id().to_owned())
            });
        }
    }
    Ok(match (unasked.first(), asked) {
        (None, Some((start, reply))) => Next::OnRequest(Box::new(start.clone()), Box::new(reply)),
        // It was told of the end, and what it started later is the place of others.
        (Some(start), _) => Next::Unknown(Box::new((*start).clone())),
        (None, None) => Next::None,
    })
}

/// Which ends a starter was told of, from one on, in the order told.
fn ends_told(ask: &Ask<'_>, parent: &str, exit: &Fact, all: &[Fact]) -> Result<Vec<(String, Fact)>> {
    let since = all.iter().map(Fact::at).min().unwrap_or_else(|| exit.at());
    let mut receives = Vec::new();
    for kind in ["{:EXIT,", "{:DOWN,"] {
        let filter = Filter { text: Some(kind.to_owned()), ..inside(parent, &["message_receive"]) };
        receives.extend(ask.newest(filter.clone(), (since, exit.at()), MAX_SPAWNS)?);
        receives.extend(ask.oldest(filter, (exit.at().saturating_add(1), i64::MAX), MAX_SPAWNS)?);
    }
    receives.sort_by_key(Fact::key);
    let read = |receive: Fact| {
        let message = Value::read(receive.text("message").unwrap_or_default());
        let pid = match message.tuple()? {
            [kind, pid, _] if kind.atom() == Some("EXIT") => pid.text,
            [kind, _, _, pid, _] if kind.atom() == Some("DOWN") => pid.text,
            _ => return None,
        };
        Some((receive.pid_in(pid), receive))
    };
    let mut told: Vec<(String, Fact)> = Vec::new();
    for (pid, receive) in receives.into_iter().filter_map(read) {
        if !told.iter().any(|(known, _)| *known == pid) {
            told.push((pid, receive));
        }
    }
    Ok(told)
}

/// Whether what a process was started with is not known in full.
fn is_cut(spawn: &Fact) -> bool {
    spawn.flag("truncated") || spawn.text("spawn_args").is_none_or(|args| args.contains("\u{2039}cut: "))
}

/// Spawns of the same by the same starter, in their order.
struct Starts {
    all: Vec<Fact>,
    /// Whether these are all up to the end of the process, and after it.
    is_whole_before: bool,
    is_whole_after: bool,
}

/// The starts of the same around the end of a process.
fn starts(ask: &Ask<'_>, spawn: &Fact, exit: &Fact) -> Result<Starts> {
    let parent = spawn.text("parent_pid").unwrap_or_else(|| spawn.pid());
    let spawns = || of(parent, Role::Parent, &["process_spawn"]);
    let mut all = ask.newest(spawns(), (i64::MIN, exit.at()), MAX_SPAWNS)?;
    let is_whole_before = all.len() < MAX_SPAWNS;
    all.reverse();
    // One that lived long may have been started before all of these.
    if spawn.at() <= exit.at() && !all.iter().any(|one| one.id() == spawn.id()) {
        all.insert(0, spawn.clone());
    }
    let later = ask.oldest(spawns(), (exit.at().saturating_add(1), i64::MAX), MAX_SPAWNS)?;
    let is_whole_after = later.len() < MAX_SPAWNS;
    all.extend(later);
    let kind = |one: &'_ Fact| {
        one.text("callback_module").map(str::to_owned).or_else(|| Some(ends::spawned(one).behaviour()?.1.to_owned()))
    };
    let is_same = |one: &Fact| match (one.text("registered_name"), spawn.text("registered_name")) {
        (Some(one), Some(before)) => one == before,
        _ => {
            let module = kind(spawn);
            let runs = |one: &Fact| {
                (one.text("spawn_module").map(str::to_owned), one.text("spawn_function").map(str::to_owned))
            };
            let is_of_kind = if module.is_some() { kind(one) == module } else { runs(one) == runs(spawn) };
            is_of_kind && (one.text("spawn_args") == spawn.text("spawn_args") || is_cut(one) && is_cut(spawn))
        }
    };
    all.retain(is_same);
    Ok(Starts { all, is_whole_before, is_whole_after })
}

/// Who was registered under the name after the end.
fn renamed(ask: &Ask<'_>, who: &Who, exit: &Fact) -> Result<Option<Fact>> {
    let Some(name) = &who.name else { return Ok(None) };
    let filter = Filter { text: Some(name.trim_start_matches(':').to_owned()), ..types(&["process_register"]) };
    let after = ask.oldest(filter, (exit.at(), i64::MAX), MAX_SPAWNS)?;
    let is_other = |one: &Fact| one.pid() != who.pid && home::node_of(one.pid()) == home::node_of(&who.pid);
    Ok(after.into_iter().find(|one| one.text("registered_name") == Some(name) && is_other(one)))
}
