//! Which messages went to nobody, and is there somebody they should have gone to?

use std::collections::BTreeMap;

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use crate::analysis::found::{EndedBefore, Found, LostToDead, LostToNobody, Process as Told};
use crate::analysis::ledger::{Kind as MessageKind, MessageId, Moment, ProcessId, Sym, bare};
use crate::analysis::traffic::Fate;
use crate::analysis::value::brief;
use crate::error::Result;
use crate::event::exit_reason::ExitReason;

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    let mut to_dead: BTreeMap<(ProcessId, Option<Sym>), Vec<MessageId>> = BTreeMap::new();
    let mut to_nobody: BTreeMap<(Sym, Option<Sym>), Vec<MessageId>> = BTreeMap::new();
    let mut died_with: BTreeMap<ProcessId, usize> = BTreeMap::new();
    for (id, message) in (0..).zip(&ledger.messages) {
        // A late reply is told as such; the runtime's own messages are nobody's mistake.
        let is_programs = matches!(message.kind, MessageKind::Call | MessageKind::Cast | MessageKind::Info)
            && message.sender.is_none_or(|sender| ledger.process(sender).runs_traced_code);
        if !is_programs {
            continue;
        }
        match (scene.traffic.fate(message), message.receiver, message.name) {
            (Fate::NoProcess, Some(receiver), _) => to_dead.entry((receiver, message.site)).or_default().push(id),
            (Fate::NoProcess | Fate::NoName, None, Some(name)) => {
                to_nobody.entry((name, message.site)).or_default().push(id);
            }
            (Fate::DiedWith, Some(receiver), _) => *died_with.entry(receiver).or_default() += 1,
            _ => {}
        }
    }
    let places = if to_dead.is_empty() { None } else { Some(Places::of(scene)) };
    for ((receiver, _), messages) in &to_dead {
        scene.checked()?;
        let in_mailbox = died_with.get(receiver).copied().unwrap_or_default();
        let last = scene.ledger.message(messages[messages.len() - 1]);
        let heir = places.as_ref().and_then(|places| places.successor(scene, *receiver, last.sent));
        found.push(lost(scene, *receiver, messages, (in_mailbox, heir)));
    }
    for ((name, _), messages) in &to_nobody {
        found.push(nobody(scene, *name, messages));
    }
    Ok(())
}

/// Processes by what only one of them has at a time, in the order they began.
struct Places {
    /// By session and name.
    names: BTreeMap<(Sym, Sym), Vec<(Moment, ProcessId)>>,
    /// By session, module and parent.
    twins: BTreeMap<(Sym, Sym, ProcessId), Vec<(Moment, ProcessId)>>,
}

impl Places {
    fn of(scene: &Scene<'_>) -> Self {
        let mut places = Self { names: BTreeMap::new(), twins: BTreeMap::new() };
        for (id, process) in (0..).zip(&scene.ledger.processes) {
            let Some((begun, _)) = process.spawn else { continue };
            if let Some(name) = process.name {
                places.names.entry((process.session, name)).or_default().push((begun, id));
            }
            if let (Some(module), Some(parent)) = (process.module, process.parent) {
                places.twins.entry((process.session, module, parent)).or_default().push((begun, id));
            }
        }
        places.names.values_mut().for_each(|all| all.sort_unstable());
        places.twins.values_mut().for_each(|all| all.sort_unstable());
        places
    }

    /// The process that took a dead one's place: same name, or same module under the same parent, and begun later.
    fn successor(&self, scene: &Scene<'_>, id: ProcessId, by: Moment) -> Option<ProcessId> {
        let dead = scene.ledger.process(id);
        // Where the end was not traced, the sender was told that nobody is there.
        let ended = dead.exit.as_ref().map(|exit| exit.moment).or(dead.spawn.map(|(begun, _)| begun));
        let next = |all: &Vec<(Moment, ProcessId)>| {
            let later = &all[ended.map_or(0, |ended| all.partition_point(|(begun, _)| *begun <= ended))..];
            later.iter().find(|(_, other)| *other != id).filter(|(begun, _)| *begun < by).map(|(_, other)| *other)
        };
        let namesake = dead.name.and_then(|name| self.names.get(&(dead.session, name))).and_then(next);
        let twins =
            dead.module.zip(dead.parent).and_then(|(module, parent)| self.twins.get(&(dead.session, module, parent)));
        namesake.or_else(|| twins.and_then(next))
    }
}

fn lost(
    scene: &Scene<'_>,
    receiver: ProcessId,
    messages: &[MessageId],
    (in_mailbox, heir): (usize, Option<ProcessId>),
) -> Finding {
    let ledger = scene.ledger;
    let (first, last) = (ledger.message(messages[0]), ledger.message(messages[messages.len() - 1]));
    let exit = ledger.process(receiver).exit.as_ref();
    let found = LostToDead {
        messages: messages.len(),
        to: Told::of(ledger, receiver),
        ended: exit.map(|exit| EndedBefore {
            reason: brief::cut(ledger.text(exit.error.unwrap_or(exit.reason)), 80),
            before_ns: first.sent.since(exit.moment),
        }),
        successor: heir.map(|heir| Told::of(ledger, heir)),
        sent: scene.traffic.place(first),
        first: scene.traffic.content(first, 60),
        in_mailbox,
    };
    let kind = if heir.is_some() { Kind::StalePid } else { Kind::DeadLetter };
    // A helper that is done may still be written to once, by one that does not know yet.
    let is_done = exit.is_some_and(|exit| exit.end == ExitReason::Normal);
    let is_helper = heir.is_none() && ledger.process(receiver).name.is_none() && messages.len() == 1;
    let confidence = if is_done && is_helper { Confidence::Low } else { Confidence::High };
    Finding::of(kind, confidence, first.sent, Found::LostToDead(found))
        .shown_by("exit", exit.map(|exit| exit.event))
        .shown_by("successor", heir.and_then(|heir| ledger.process(heir).spawn).map(|(_, event)| event))
        .shown_by("first_lost", first.event)
        .shown_by("last_lost", Some(last.event).filter(|_| messages.len() > 1))
}

fn nobody(scene: &Scene<'_>, name: Sym, messages: &[MessageId]) -> Finding {
    let ledger = scene.ledger;
    let (first, last) = (ledger.message(messages[0]), ledger.message(messages[messages.len() - 1]));
    let confidence = if scene.traffic.is_surely_nobody(name) { Confidence::High } else { Confidence::Low };
    let found = LostToNobody {
        messages: messages.len(),
        name: bare(ledger.text(name)).to_owned(),
        sent: scene.traffic.place(first),
        first: scene.traffic.content(first, 60),
    };
    Finding::of(Kind::DeadLetter, confidence, first.sent, Found::LostToNobody(found))
        .shown_by("first_lost", first.event)
        .shown_by("last_lost", Some(last.event).filter(|_| messages.len() > 1))
}
