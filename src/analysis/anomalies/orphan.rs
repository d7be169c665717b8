//! Which process goes on working after the one that had started it, while the successor of that has started another?
//!
//! A server starts a poller without a link, crashes, and is started again: its successor starts a poller, too, and the
//! old one still polls. Both were started with the same function and arguments and do the same again and again.
//!
//! What it cannot see: a starter without a successor, which may have ended on purpose; one that ended `:normal`, which
//! may have been there to start it; what was started by another for it, such as by a dynamic supervisor; arguments that
//! differ in more than the pid of the starter; work that is not traced, or that others ask for.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Confidence, Finding};
use super::heirs::{is_told_of_end, started_with, successions};
use super::kind::Kind;
use super::scene::Scene;
use crate::analysis::ask::Ask;
use crate::analysis::found::{Found, Orphan, Process as Told, Work};
use crate::analysis::gave_up::is_supervisor;
use crate::analysis::ledger::{MessageId, Moment, ProcessId, Sym};
use crate::analysis::linked::{are_links_told, were_linked};
use crate::analysis::value::brief;
use crate::analysis::who::Names;
use crate::error::Result;
use crate::event::exit_reason::ExitReason;

/// Rounds each of the two has to work while both live: fewer may be what it was about to finish.
const FEWEST: usize = 3;

/// As many leave no doubt that it is told to go on.
const MANY: usize = 5;

/// Children of one process that are compared with those of its successor.
const MAX_CHILDREN: usize = 50;

/// Messages of a process that are read, the newest.
const MAX_READ: usize = 400;

/// Two that were started alike, and their starters.
struct Pair {
    starter: ProcessId,
    heir: ProcessId,
    orphan: ProcessId,
    twin: ProcessId,
    /// Begins with the later of them, and ends with one of the two or with the recording.
    since: Moment,
    until: i64,
}

impl Pair {
    /// Whether both lived then.
    fn is_within(&self, moment: Moment) -> bool {
        moment > self.since && moment.at <= self.until
    }
}

/// What a process does again and again.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Tell(String, ProcessId),
    TellStarter(String),
    Call(Sym),
}

/// Messages of some processes, in the order they were sent.
#[derive(Default)]
struct Exchanged {
    sent: BTreeMap<ProcessId, Vec<MessageId>>,
    told: BTreeMap<ProcessId, Vec<MessageId>>,
}

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let pairs = pairs(scene)?;
    if pairs.is_empty() {
        return Ok(());
    }
    let exchanged = exchanged(scene, &pairs);
    let ask = Ask::new(scene.ledger.store(), scene.watch);
    for pair in &pairs {
        scene.checked()?;
        if let Some((act, times)) = work(scene, &exchanged, pair) {
            let has_ended = scene.ledger.process(pair.orphan).exit.is_some();
            let knows = is_told_of_end(scene, &ask, pair.starter, pair.orphan)?;
            let is_cut = [pair.orphan, pair.twin].iter().any(|id| sent(scene, &exchanged, pair, *id).len() > MAX_READ);
            // One that watches its starter may be about to end.
            if !knows || !has_ended && times.0 >= MANY {
                found.push(describe(scene, &ask, pair, (&act, knows, is_cut), times)?);
            }
        }
    }
    Ok(())
}

/// Children that lived on, each with one that was started like it by the successor of its starter.
fn pairs(scene: &Scene<'_>) -> Result<Vec<Pair>> {
    let ledger = scene.ledger;
    let successions: Vec<(ProcessId, ProcessId)> = successions(scene)?
        .into_iter()
        .filter(|(former, _)| ledger.process(*former).exit.as_ref().is_some_and(|exit| is_ended(&exit.end)))
        .collect();
    let starters: BTreeSet<ProcessId> = successions.iter().flat_map(|(former, next)| [*former, *next]).collect();
    let mut children: BTreeMap<ProcessId, Vec<ProcessId>> = BTreeMap::new();
    for (id, process) in (0..).zip(&ledger.processes) {
        let is_supervisor = process.spawned.is_some_and(|(_, module)| is_supervisor(ledger.text(module)));
        if let Some(parent) = process.parent.filter(|parent| starters.contains(parent))
            && process.spawn.is_some()
            && !process.is_helper
            && !is_supervisor
        {
            children.entry(parent).or_default().push(id);
        }
    }
    let newest = ledger.span().map_or(i64::MAX, |(_, newest)| newest);
    let ended = |id: ProcessId| ledger.process(id).exit.as_ref().map(|exit| exit.moment);
    let mut found = Vec::new();
    for (starter, heir) in successions {
        scene.checked()?;
        let (Some(olds), Some(news)) = (children.get(&starter), children.get(&heir)) else { continue };
        let news: Vec<(ProcessId, Moment)> =
            news.iter().filter_map(|id| Some((*id, ledger.process(*id).spawn?.0))).take(MAX_CHILDREN).collect();
        let lives_on = |id: &&ProcessId| {
            let exit = &ledger.process(**id).exit;
            // One that ended by itself was about to finish something.
            let is_done = exit.as_ref().is_some_and(|exit| !is_ended(&exit.end));
            !is_done && news.iter().any(|(_, begun)| ended(**id).is_none_or(|ended| ended > *begun))
        };
        for orphan in olds.iter().filter(lives_on).take(MAX_CHILDREN) {
            let Some(how) = started_as(scene, *orphan, starter) else { continue };
            let twin = news.iter().find(|(id, _)| started_as(scene, *id, heir).as_ref() == Some(&how));
            let Some((twin, since)) = twin.copied() else { continue };
            let until = [ended(*orphan), ended(twin)].into_iter().flatten().map(|moment| moment.at).min();
            found.push(Pair { starter, heir, orphan: *orphan, twin, since, until: until.unwrap_or(newest) });
        }
    }
    Ok(found)
}

/// Whether a process was made to end, and did not just have nothing more to do.
const fn is_ended(end: &ExitReason) -> bool {
    end.is_abnormal() || matches!(end, ExitReason::Shutdown)
}

/// What a process was started with, whoever started it.
fn started_as(scene: &Scene<'_>, id: ProcessId, starter: ProcessId) -> Option<(String, String, String)> {
    let (module, function, args) = started_with(scene, id)?;
    let ledger = scene.ledger;
    let event = ledger.event(ledger.process(id).spawn?.1)?;
    let (args, pid) = (ledger.told(&args, &event), ledger.text(ledger.process(starter).pid));
    Some((module, function, without_references(&args.replace(&format!("#PID{pid}"), "its starter"))))
}

fn without_references(text: &str) -> String {
    let mut parts = text.split("#Reference<");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str("#Reference");
        plain.push_str(part.split_once('>').map_or(part, |(_, rest)| rest));
    }
    plain
}

fn exchanged(scene: &Scene<'_>, pairs: &[Pair]) -> Exchanged {
    let of: BTreeSet<ProcessId> = pairs.iter().flat_map(|pair| [pair.orphan, pair.twin]).collect();
    let mut all = Exchanged::default();
    for (id, message) in (0..).zip(&scene.ledger.messages).filter(|(_, message)| message.kind.is_for_callback()) {
        if let Some(sender) = message.sender.filter(|sender| of.contains(sender)) {
            all.sent.entry(sender).or_default().push(id);
        }
        if let Some(receiver) = message.receiver.filter(|receiver| of.contains(receiver)) {
            all.told.entry(receiver).or_default().push(id);
        }
    }
    all
}

/// What both of a pair do again and again while both live, and how often each; nobody asks the older one for it.
fn work(scene: &Scene<'_>, exchanged: &Exchanged, pair: &Pair) -> Option<(Act, (usize, usize))> {
    if is_asked(scene, exchanged, pair) {
        return None;
    }
    let old = acts(scene, exchanged, pair, (pair.orphan, pair.starter));
    let new = acts(scene, exchanged, pair, (pair.twin, pair.heir));
    let shared = old.iter().filter_map(|(act, times)| {
        let twins = new.get(act)?;
        (times.len() >= FEWEST && twins.len() >= FEWEST && goes_on(pair, times)).then_some((act, times, twins))
    });
    // What another gets from both says more than what each calls.
    let rank = |act: &Act| match act {
        Act::Tell(..) => 2,
        Act::TellStarter(_) => 1,
        Act::Call(_) => 0,
    };
    let (act, times, twins) = shared.max_by_key(|(act, times, twins)| (rank(act), times.len().min(twins.len())))?;
    Some((act.clone(), (times.len(), twins.len())))
}

/// Whether a process still did so when the time ended in which both lived: it did not come to an end of it.
fn goes_on(pair: &Pair, times: &[Moment]) -> bool {
    let pause = times.windows(2).map(|two| two[1].since(two[0])).max().unwrap_or_default();
    times.last().is_some_and(|last| pair.until.saturating_sub(last.at) <= pause.saturating_mul(2))
}

/// Whether another knows the older one, and asks it for something.
fn is_asked(scene: &Scene<'_>, exchanged: &Exchanged, pair: &Pair) -> bool {
    let ledger = scene.ledger;
    let sent = exchanged.sent.get(&pair.orphan).map(Vec::as_slice).unwrap_or_default();
    let asked: BTreeSet<ProcessId> = sent.iter().filter_map(|id| ledger.message(*id).receiver).collect();
    let told = exchanged.told.get(&pair.orphan).into_iter().flatten().map(|id| ledger.message(*id));
    let by = told.filter(|message| message.sent > pair.since).filter_map(|message| message.sender);
    // Who was asked something may answer.
    let mut others = by.filter(|by| *by != pair.orphan && ledger.process(*by).parent != Some(pair.orphan));
    others.any(|by| !asked.contains(&by))
}

/// What a process sent while both lived.
fn sent(scene: &Scene<'_>, exchanged: &Exchanged, pair: &Pair, process: ProcessId) -> Vec<MessageId> {
    let sent = exchanged.sent.get(&process).into_iter().flatten().copied();
    sent.filter(|id| pair.is_within(scene.ledger.message(*id).sent)).collect()
}

/// What a process did while both lived, and when.
fn acts(
    scene: &Scene<'_>,
    exchanged: &Exchanged,
    pair: &Pair,
    (process, starter): (ProcessId, ProcessId),
) -> BTreeMap<Act, Vec<Moment>> {
    let ledger = scene.ledger;
    let mut acts: BTreeMap<Act, Vec<Moment>> = BTreeMap::new();
    for (_, call) in scene.calls_of(process) {
        if pair.is_within(call.start) && !call.is_span && !call.is_anonymous {
            acts.entry(Act::Call(call.function)).or_default().push(call.start);
        }
    }
    let sent = sent(scene, exchanged, pair, process);
    for id in &sent[sent.len().saturating_sub(MAX_READ)..] {
        let message = ledger.message(*id);
        let Some(to) = message.receiver.filter(|to| *to != process && ledger.process(*to).parent != Some(process))
        else {
            continue;
        };
        let pattern = scene.traffic.pattern(message);
        // What is printed is told to nobody in particular.
        if !pattern.starts_with("{:io_request, ") {
            let act = if to == starter { Act::TellStarter(pattern) } else { Act::Tell(pattern, to) };
            acts.entry(act).or_default().push(message.sent);
        }
    }
    acts
}

fn describe(
    scene: &Scene<'_>,
    ask: &Ask<'_>,
    pair: &Pair,
    (act, knows, is_cut): (&Act, bool, bool),
    times: (usize, usize),
) -> Result<Finding> {
    let ledger = scene.ledger;
    let (old, starter) = (ledger.process(pair.orphan), ledger.process(pair.starter));
    let exit = starter.exit.as_ref();
    let pids = [starter, old].map(|process| ledger.text(process.pid));
    let was_linked = match exit {
        Some(exit) if are_links_told(ask, pids[0])? => Some(were_linked(ask, pids[0], pids[1], exit.moment.at)?),
        _ => None,
    };
    let (work, confidence) = match act {
        Act::Tell(pattern, to) => (
            Work::Tells { pattern: pattern.clone(), to: Told::of(ledger, *to) },
            if times.0.min(times.1) >= MANY && !knows { Confidence::High } else { Confidence::Medium },
        ),
        Act::TellStarter(pattern) => (Work::TellsStarter { pattern: pattern.clone() }, Confidence::Medium),
        Act::Call(function) => (Work::Calls { function: ledger.text(*function).to_owned() }, Confidence::Medium),
    };
    let names = Names::new(ask);
    // What it runs says what one is that has no other name.
    let told = |id: ProcessId| -> Result<Told> {
        let it = Told::of(ledger, id);
        if it.name.is_none() && it.module.is_none() { Ok(names.who(&it.pid)?.process()) } else { Ok(it) }
    };
    let orphan = Orphan {
        process: told(pair.orphan)?,
        starter: Told::of(ledger, pair.starter),
        reason: exit.map_or_else(String::new, |exit| brief::cut(ledger.text(exit.error.unwrap_or(exit.reason)), 80)),
        was_linked,
        knows_of_end: knows,
        successor: Told::of(ledger, pair.heir),
        twin: told(pair.twin)?,
        work,
        times: times.0,
        twin_times: times.1,
        is_least: matches!(act, Act::Tell(..) | Act::TellStarter(_)) && is_cut,
        within_ns: pair.until.saturating_sub(pair.since.at),
    };
    let spawn = |id: ProcessId| ledger.process(id).spawn.map(|(_, event)| event);
    let finding = Finding::of(Kind::Orphan, confidence, pair.since, Found::Orphan(Box::new(orphan)))
        .shown_by("started", spawn(pair.orphan))
        .shown_by("starter_exit", exit.map(|exit| exit.event))
        .shown_by("started_again", spawn(pair.twin));
    Ok(finding)
}
