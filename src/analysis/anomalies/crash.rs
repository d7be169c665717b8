//! Which processes ended other than they should, and which of them only because another did?

use std::cell::OnceCell;
use std::collections::HashMap;

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::missed::Missed;
use super::scene::Scene;
use crate::analysis::ask::Ask;
use crate::analysis::exceptions::again::is_raise;
use crate::analysis::found::{self, EndedWith, Found, Handling, Process, SentBy};
use crate::analysis::ledger::payload::Payload;
use crate::analysis::ledger::{Call, CallId, Exit, Ledger, Moment, Outcome, ProcessId, Sym};
use crate::analysis::linked::were_linked;
use crate::analysis::terms;
use crate::analysis::value::brief;
use crate::error::Result;
use crate::event::exit_reason::ExitReason;

/// Characters of a reason that two processes share when one ended because of the other.
const SAME_REASON: usize = 120;

/// Links that are looked up at most; one that is not is none.
const MAX_LINKS: usize = 500;

/// One process whose end has its own cause.
struct Crash<'l> {
    process: ProcessId,
    exit: &'l Exit,
    /// The innermost call that failed.
    call: Option<CallId>,
}

/// The error, its place in the source, and the function that failed.
type Cause = (Sym, Option<Sym>, Option<Sym>);

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let ledger = scene.ledger;
    let failed = innermost_failures(scene);
    let missed = OnceCell::new();
    let ask = Ask::new(ledger.store(), scene.watch);
    let mut links_asked = 0;
    let mut ended: Vec<(ProcessId, &Exit)> =
        (0..).zip(&ledger.processes).filter_map(|(id, process)| Some((id, process.exit.as_ref()?))).collect();
    ended.sort_by_key(|(_, exit)| exit.moment);

    let mut roots: Vec<(Crash<'_>, Vec<ProcessId>)> = Vec::new();
    for (id, exit) in ended {
        let process = ledger.process(id);
        let is_programs = process.runs_traced_code || process.name.is_some() || exit.error.is_some();
        let reason = ledger.text(exit.reason);
        if !exit.end.is_abnormal() || !is_programs || exit.end.is_call_timeout() {
            continue;
        }
        let call = failed.get(&id).copied();
        let is_own = call.is_some_and(|call| matches!(ledger.call(call).outcome, Outcome::Error | Outcome::Throw));
        let is_alike = |root: &Crash<'_>| {
            let same_system = ledger.process(root.process).session == process.session;
            same_system && core(reason) == core(ledger.text(root.exit.reason))
        };
        // The newest that explains this end.
        let mut because = None;
        for at in (0..roots.len()).rev().filter(|_| !is_own) {
            let root = &roots[at].0;
            if !is_alike(root) {
                continue;
            }
            // A word says nothing of whose end it is.
            let is_word = reason == ledger.text(root.exit.reason) && !reason.contains('{');
            let pid = |id: ProcessId| ledger.text(ledger.process(id).pid);
            links_asked += usize::from(is_word);
            if is_word && links_asked > MAX_LINKS {
                break;
            }
            if !is_word || were_linked(&ask, pid(root.process), pid(id), root.exit.moment.at)? {
                because = Some(at);
                break;
            }
        }
        if let Some(at) = because {
            roots[at].1.push(id);
            continue;
        }
        roots.push((Crash { process: id, exit, call }, Vec::new()));
    }

    roots.retain(|(crash, taken)| {
        let is_wanted = matches!(crash.exit.end, ExitReason::Killed) && taken.is_empty();
        !is_wanted || missed.get_or_init(|| Missed::of(scene)).has(crash.process)
    });

    // The same error at the same place is one finding.
    let mut groups: Vec<(Cause, Vec<usize>)> = Vec::new();
    for (at, (crash, _)) in roots.iter().enumerate() {
        let function = crash.call.and_then(|call| failed_in(ledger, call));
        let key = (crash.exit.error.unwrap_or(crash.exit.reason), crash.exit.crash_site, function);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, members)) => members.push(at),
            None => groups.push((key, vec![at])),
        }
    }
    for (_, members) in &groups {
        scene.checked()?;
        let crashes: Vec<&(Crash<'_>, Vec<ProcessId>)> = members.iter().map(|at| &roots[*at]).collect();
        found.push(describe(scene, &crashes));
    }
    Ok(())
}

/// The function that failed: of a call that does nothing but raise the one around it, if it was recorded.
fn failed_in(ledger: &Ledger, call: CallId) -> Option<Sym> {
    let failed = std::iter::once(call).chain(ledger.around(call)).find(|call| !is_raise(ledger, *call));
    failed.map(|call| ledger.call(call).function)
}

fn describe(scene: &Scene<'_>, crashes: &[&(Crash<'_>, Vec<ProcessId>)]) -> Finding {
    let ledger = scene.ledger;
    let (first, _) = crashes[0];
    let exit = first.exit;
    let reason = ledger.text(exit.error.unwrap_or(exit.reason));
    let call = first.call.map(|call| ledger.call(call));
    let event = ledger.event(exit.event);
    let handling = first
        .call
        .and_then(|call| std::iter::once(call).chain(ledger.around(call)).find_map(|call| ledger.call(call).message));
    let handling = handling.map(|message| ledger.message(message));
    let taken = || crashes.iter().flat_map(|(_, taken)| taken);
    let crash = found::Crash {
        process: Process::of(ledger, first.process),
        processes: crashes.len(),
        reason: brief::cut(reason, 160),
        crash_site: exit.crash_site.map(|site| ledger.text(site).to_owned()),
        failed_in: first.call.and_then(|call| failed_in(ledger, call)).map(|call| terms::home(ledger.text(call))),
        is_of_unknown: event.is_some_and(|event| Payload::read(event.data()).ended_by_unknown.is_some()),
        handling: handling.map(|message| Handling {
            kind: message.kind.name(),
            message: scene.traffic.content(message, 80),
            sent: message
                .sender
                .map(|sender| SentBy { sender: Process::of(ledger, sender), place: scene.traffic.place(message) }),
        }),
        ended_with_it: taken()
            .next()
            .map(|one| EndedWith { first: Process::of(ledger, *one), processes: taken().count() }),
    };
    // A process can be ended on purpose with any reason; an error was nobody's purpose.
    let confidence = match (exit.error, call) {
        // Somebody wanted it so.
        (None, _) if matches!(reason, ":killed" | ":kill") => Confidence::Low,
        (Some(_), _) | (None, Some(_)) => Confidence::High,
        _ => Confidence::Medium,
    };
    let last = &crashes[crashes.len() - 1].0;
    Finding::of(Kind::Crash, confidence, exit.moment, Found::Crash(crash))
        .shown_by("exit", exit.event)
        .shown_by("failed_call", call.map(|call| call.event))
        .shown_by("message", handling.map(|message| message.event))
        .shown_by("last_exit", Some(last.exit.event).filter(|_| crashes.len() > 1))
}

/// In each process the innermost call of the last failure.
fn innermost_failures(scene: &Scene<'_>) -> HashMap<ProcessId, CallId> {
    let ledger = scene.ledger;
    let is_failure = |call: &Call| matches!(call.outcome, Outcome::Error | Outcome::Exit | Outcome::Throw);
    let mut last: HashMap<ProcessId, (CallId, Moment)> = HashMap::new();
    // The call inside of each that failed last.
    let mut inside: HashMap<CallId, (CallId, Moment)> = HashMap::new();
    for (id, call) in (0..).zip(&ledger.calls) {
        let Some(end) = call.end.filter(|_| is_failure(call)) else { continue };
        let newest = |known: Option<&(CallId, Moment)>| known.is_none_or(|(_, known)| end > *known);
        if newest(last.get(&call.process)) {
            last.insert(call.process, (id, end));
        }
        if let Some(parent) = call.parent.filter(|parent| newest(inside.get(parent))) {
            inside.insert(parent, (id, end));
        }
    }
    // An exception ends the calls it goes through from the inside out, all with the same reason.
    let is_same = |one: CallId, other: CallId| {
        let (one, other) = (ledger.call(one), ledger.call(other));
        one.outcome == other.outcome && one.reason == other.reason
    };
    let innermost = |mut at: CallId| {
        while let Some((inner, _)) = inside.get(&at).filter(|(inner, _)| is_same(*inner, at)) {
            at = *inner;
        }
        at
    };
    let all = last.into_iter().map(|(process, (id, _))| (process, innermost(id)));
    // What failed was not survived: nothing returned in the process after it but callbacks that clean up.
    all.filter(|(_, id)| !is_survived(scene, *id)).collect()
}

/// Whether a call around a failed one returned all the same.
fn is_survived(scene: &Scene<'_>, id: CallId) -> bool {
    scene.ledger.around(id).any(|around| scene.ledger.call(around).outcome == Outcome::Returned)
}

/// What a reason and the reasons made of it have in common.
fn core(reason: &str) -> &str {
    let inner = reason.trim_start_matches('{');
    let end = inner.char_indices().nth(SAME_REASON).map_or(inner.len(), |(end, _)| end);
    let short = &inner[..end];
    // `{:boom, {GenServer, :call, ...}}` is made of `:boom`.
    let end = short.find(", {GenServer, :call").unwrap_or(short.len());
    short[..end].trim_end_matches('}')
}
