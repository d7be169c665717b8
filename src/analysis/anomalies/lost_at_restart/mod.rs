//! What did a process know that its successor never got to know?
//!
//! A server that knows its subscribers, or who registered with it, ends of an error, and another takes its place with an
//! empty state. The subscribers live, do not know of it, and get nothing any more.
//!
//! What it cannot see: subscribers that are known by name, or kept in a table; those that monitor it, which may ask again
//! later; a process whose states or callbacks were not traced, or whose state was cut; messages that another process
//! sends for it; what comes up only once before and after.

mod given;
mod handled;
mod held;
mod subscribed;

use std::collections::{BTreeMap, BTreeSet};

use given::{Missing, answers, missing};
use handled::{Mail, read_of};
use held::{Held, Lives, not_held};
use subscribed::{Dropped, Sort, dropped};

use super::finding::{Confidence, Finding};
use super::heirs::{is_told_of_end, successions};
use super::kind::Kind;
use super::scene::Scene;
use crate::analysis::ask::Ask;
use crate::analysis::found::{Found, LostAtRestart, Process as Told, Was};
use crate::analysis::ledger::{MessageId, Moment, ProcessId, Sym};
use crate::analysis::value::brief;
use crate::error::Result;

/// Processes of one state that are looked at.
const MAX_HELD: usize = 100;

/// Restarts that are looked at, the first.
const MAX_RESTARTS: usize = 100;

/// Successors of one process.
const MAX_HEIRS: usize = 20;

/// Messages to one process that are read.
const MAX_READ: usize = 500;

/// Rounds before and after that leave no doubt.
const MANY: usize = 3;

/// Lost ones that are told by name.
const SHOWN: usize = 4;

/// What was known to one that ended.
struct Restart {
    held: Held,
    heirs: Vec<ProcessId>,
}

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    let next: BTreeMap<ProcessId, ProcessId> = successions(scene)?.into_iter().collect();
    if next.is_empty() {
        return Ok(());
    }
    let lives = Lives::new(scene);
    let mut restarts = Vec::new();
    for (former, heir) in &next {
        scene.checked()?;
        if restarts.len() == MAX_RESTARTS {
            break;
        }
        let has_failed = ledger.process(*former).exit.as_ref().is_some_and(|exit| exit.end.is_abnormal());
        let held = lives.held(scene, *former, *heir).filter(|_| has_failed);
        let heirs = std::iter::successors(Some(*heir), |heir| next.get(heir).copied());
        restarts.extend(held.map(|held| Restart { held, heirs: heirs.take(MAX_HEIRS).collect() }));
    }
    let known: BTreeSet<ProcessId> = restarts.iter().flat_map(|one| one.held.living.iter().copied()).collect();
    let servers = restarts.iter().flat_map(|one| one.heirs.iter().copied().chain([one.held.by]));
    let senders = servers.chain(known.iter().copied()).collect();
    let mail = Mail::new(scene, &senders, &known);
    let ask = Ask::new(ledger.store(), scene.watch);
    for restart in &restarts {
        scene.checked()?;
        lost(scene, &ask, &mail, restart, found)?;
    }
    Ok(())
}

/// What is lost of one restart: processes that were told something, and those that were found by asking.
fn lost(scene: &Scene<'_>, ask: &Ask<'_>, mail: &Mail, restart: &Restart, found: &mut Vec<Finding>) -> Result<()> {
    let former = mail.handled(scene, &[restart.held.by], true);
    let heirs = mail.handled(scene, &restart.heirs, false);
    let (were, are) = (answers(scene, &former), answers(scene, &heirs));
    let mut told: BTreeMap<Sort, Vec<(ProcessId, Dropped)>> = BTreeMap::new();
    let mut given: BTreeMap<(Sym, String), Vec<(ProcessId, Missing)>> = BTreeMap::new();
    let living: BTreeSet<ProcessId> = restart.held.living.iter().copied().take(MAX_HELD).collect();
    let Some(unknown) = not_held(scene, &restart.heirs, living.clone()) else { return Ok(()) };
    let known_again = living.len() - unknown.len();
    for id in unknown {
        scene.checked()?;
        if let Some(dropped) = dropped(scene, &former, &heirs, id) {
            if !is_served(scene, mail, restart, id, &dropped) && !knows(scene, ask, restart, id)? {
                told.entry(dropped.sort.clone()).or_default().push((id, dropped));
            }
        } else if let Some(missing) = missing(scene, &were, &are, id)
            && !has_asked(scene, mail, restart, id)
            && !knows(scene, ask, restart, id)?
        {
            given.entry((missing.function, missing.pattern.clone())).or_default().push((id, missing));
        }
    }
    found.extend(told.values().filter_map(|lost| subscribers(scene, restart, known_again, lost)));
    found.extend(given.values().filter_map(|lost| registered(scene, restart, known_again, lost)));
    Ok(())
}

/// When the successor began.
fn again(scene: &Scene<'_>, restart: &Restart) -> Option<Moment> {
    Some(scene.ledger.process(*restart.heirs.first()?).spawn?.0)
}

/// Whether a process is told the same by somebody since, has asked to be, or may be.
fn is_served(scene: &Scene<'_>, mail: &Mail, restart: &Restart, id: ProcessId, dropped: &Dropped) -> bool {
    let ledger = scene.ledger;
    let Some(again) = again(scene, restart) else { return true };
    let all = mail.got.get(&id).map(Vec::as_slice).unwrap_or_default();
    let since = &all[all.partition_point(|one| ledger.message(*one).sent < again)..];
    let pattern = scene.traffic.pattern(ledger.message(dropped.last));
    let is_same = |one: &MessageId| scene.traffic.pattern(ledger.message(*one)) == pattern;
    since.len() > MAX_READ || since.iter().any(is_same) || has_asked(scene, mail, restart, id)
}

/// Whether a process told a successor what it once told the one that ended, and that changed its state; or had told it
/// the same again and again, and so may do it some time.
fn has_asked(scene: &Scene<'_>, mail: &Mail, restart: &Restart, id: ProcessId) -> bool {
    let ledger = scene.ledger;
    let patterns = |by: ProcessId| {
        let calls = scene.calls_of(by).filter_map(|(_, call)| call.message.map(|message| (call, message)));
        calls.filter(move |(_, message)| ledger.message(*message).sender == Some(id))
    };
    let wishes: Vec<MessageId> = patterns(restart.held.by)
        .filter(|(call, _)| call.change.is_some())
        .map(|(_, message)| message)
        .take(MAX_READ + 1)
        .collect();
    // How it came to be known is not known, or may be any of too many.
    if wishes.is_empty() || wishes.len() > MAX_READ {
        return wishes.len() > MAX_READ;
    }
    let first = wishes[0];
    let whole = scene.traffic.whole(ledger.message(first));
    let again = patterns(restart.held.by).take(MAX_READ).filter(|(_, message)| *message != first);
    if again.map(|(_, message)| scene.traffic.whole(ledger.message(message))).any(|message| message == whole) {
        return true;
    }
    let wishes: BTreeSet<String> = wishes.iter().map(|id| scene.traffic.pattern(ledger.message(*id))).collect();
    let is_wish = |message: MessageId| wishes.contains(&scene.traffic.pattern(ledger.message(message)));
    let handled: Vec<MessageId> =
        restart.heirs.iter().flat_map(|heir| patterns(*heir)).map(|(_, message)| message).take(MAX_READ + 1).collect();
    let unhandled = mail.sent_to(scene, id, &restart.heirs);
    // Among more than are read may be the one.
    let are_too_many = handled.len() > MAX_READ || unhandled.len() > MAX_READ;
    are_too_many || handled.into_iter().any(is_wish) || unhandled.into_iter().any(is_wish)
}

/// Whether a process was told of the end, as far as is known, and so may ask again when it wants to.
fn knows(scene: &Scene<'_>, ask: &Ask<'_>, restart: &Restart, id: ProcessId) -> Result<bool> {
    Ok(!scene.traffic.receives(id) || is_told_of_end(scene, ask, restart.held.by, id)?)
}

/// Whether it was seen how each came to be known, so that it can be said that it did not ask for it again.
fn are_wishes_seen(scene: &Scene<'_>, restart: &Restart, lost: &[ProcessId]) -> bool {
    let ledger = scene.ledger;
    let asked: BTreeSet<ProcessId> = scene
        .calls_of(restart.held.by)
        .filter(|(_, call)| call.change.is_some())
        .filter_map(|(_, call)| ledger.message(call.message?).sender)
        .collect();
    lost.iter().all(|id| asked.contains(id))
}

fn describe(scene: &Scene<'_>, restart: &Restart, known_again: usize, lost: &[ProcessId], was: Was) -> LostAtRestart {
    let ledger = scene.ledger;
    let exit = ledger.process(restart.held.by).exit.as_ref();
    LostAtRestart {
        process: Told::of(ledger, restart.held.by),
        reason: exit.map_or_else(String::new, |exit| brief::cut(ledger.text(exit.error.unwrap_or(exit.reason)), 80)),
        successor: Told::of(ledger, restart.heirs[0]),
        successors: restart.heirs.len(),
        are_more: restart.heirs.len() == MAX_HEIRS,
        first_read: read_of(scene, &restart.heirs),
        have_not_asked: are_wishes_seen(scene, restart, lost),
        lost: lost.len(),
        first_lost: lost.iter().take(SHOWN).map(|id| Told::of(ledger, *id)).collect(),
        known_again,
        not_looked_at: restart.held.living.len().saturating_sub(MAX_HELD),
        was,
    }
}

fn shown(scene: &Scene<'_>, restart: &Restart, confidence: Confidence, lost: LostAtRestart) -> Option<Finding> {
    let ledger = scene.ledger;
    let moment = again(scene, restart)?;
    let finding = Finding::of(Kind::LostAtRestart, confidence, moment, Found::LostAtRestart(Box::new(lost)))
        .shown_by("knew", restart.held.event)
        .shown_by("exit", ledger.process(restart.held.by).exit.as_ref().map(|exit| exit.event))
        .shown_by("successor", ledger.process(restart.heirs[0]).spawn.map(|(_, event)| event));
    Some(finding)
}

fn subscribers(
    scene: &Scene<'_>,
    restart: &Restart,
    known_again: usize,
    lost: &[(ProcessId, Dropped)],
) -> Option<Finding> {
    let ledger = scene.ledger;
    let (_, first) = lost.first()?;
    let before = lost.iter().map(|(_, one)| one.before).min()?;
    let since = lost.iter().map(|(_, one)| one.since).min()?;
    let was = Was::Told {
        function: ledger.text(first.sort.function).to_owned(),
        handled: first.sort.handled.clone(),
        pattern: scene.traffic.pattern(ledger.message(first.last)),
        before,
        since,
    };
    let who: Vec<ProcessId> = lost.iter().map(|(id, _)| *id).collect();
    let confidence = if before >= MANY && since >= MANY { Confidence::High } else { Confidence::Medium };
    let finding = shown(scene, restart, confidence, describe(scene, restart, known_again, &who, was))?;
    let finding = finding.shown_by("last_told", ledger.message(first.last).event);
    Some(finding.shown_by("told_nobody", ledger.call(first.first_since).event))
}

fn registered(
    scene: &Scene<'_>,
    restart: &Restart,
    known_again: usize,
    lost: &[(ProcessId, Missing)],
) -> Option<Finding> {
    let ledger = scene.ledger;
    let (_, first) = lost.first()?;
    // One answer tells of all that are in it no more; and of the request that is told only its own are.
    let of = |is_told: &dyn Fn(&Missing) -> bool| {
        let missing = lost.iter().map(|(_, one)| one).filter(|one| is_told(one));
        missing.flat_map(|one| &one.since).collect::<BTreeSet<_>>().len()
    };
    let since = of(&|one| one.request == first.request);
    let was = Was::Given {
        function: ledger.text(first.function).to_owned(),
        request: brief::cut(&first.request, 60),
        answer: brief::cut(&first.answer, 60),
        now: brief::cut(&first.now, 60),
        since,
    };
    let who: Vec<ProcessId> = lost.iter().map(|(id, _)| *id).collect();
    let confidence = if of(&|_| true) >= MANY { Confidence::High } else { Confidence::Medium };
    let finding = shown(scene, restart, confidence, describe(scene, restart, known_again, &who, was))?;
    let finding = finding.shown_by("given", ledger.message(first.reply).event);
    Some(finding.shown_by("missing", ledger.message(first.now_reply).event))
}
