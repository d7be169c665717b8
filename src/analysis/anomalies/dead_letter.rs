//! Which messages went to nobody, and is there somebody they should have gone to?

use std::collections::BTreeMap;

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use crate::analysis::found::{EndedBefore, Found, LostToDead, LostToNobody, Process as Told};
use crate::analysis::ledger::{Kind as MessageKind, MessageId, Moment, Process, ProcessId, Sym, bare};
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
    for ((receiver, _), messages) in &to_dead {
        scene.checked()?;
        let in_mailbox = died_with.get(receiver).copied().unwrap_or_default();
        found.push(lost(scene, *receiver, messages, in_mailbox));
    }
    for ((name, _), messages) in &to_nobody {
        found.push(nobody(scene, *name, messages));
    }
    Ok(())
}

/// The process that took a dead one's place: same name, or same module under the same parent, and begun later.
fn successor(scene: &Scene<'_>, id: ProcessId, by: Moment) -> Option<ProcessId> {
    let ledger = scene.ledger;
    let dead = ledger.process(id);
    let ended = dead.exit.as_ref().map(|exit| exit.moment);
    let begun = |process: &Process| process.spawn.map(|(moment, _)| moment);
    let takes_over = |(other_id, other): &(ProcessId, &Process)| {
        let is_later = match (begun(other), ended, begun(dead)) {
            (Some(other), Some(ended), _) => other > ended,
            // The end was not traced: the sender was told that nobody is there.
            (Some(other), None, Some(dead)) => other > dead,
            (Some(_), None, None) => true,
            _ => false,
        };
        let is_namesake = dead.name.is_some() && other.name == dead.name;
        let is_twin = dead.module.is_some() && other.module == dead.module && other.parent == dead.parent;
        *other_id != id
            && is_later
            && other.session == dead.session
            && (is_namesake || is_twin && dead.parent.is_some())
            && begun(other).is_some_and(|moment| moment < by)
    };
    let mut others: Vec<(ProcessId, &Process)> = (0..).zip(&ledger.processes).filter(takes_over).collect();
    others.sort_by_key(|(_, other)| (other.name != dead.name, begun(other)));
    others.first().map(|(id, _)| *id)
}

fn lost(scene: &Scene<'_>, receiver: ProcessId, messages: &[MessageId], in_mailbox: usize) -> Finding {
    let ledger = scene.ledger;
    let (first, last) = (ledger.message(messages[0]), ledger.message(messages[messages.len() - 1]));
    let exit = ledger.process(receiver).exit.as_ref();
    let heir = successor(scene, receiver, last.sent);
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
