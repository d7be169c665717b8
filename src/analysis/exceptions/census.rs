//! Every exception of a ledger once, with what became of it; those of one class, shape and line together.

use std::collections::{BTreeMap, BTreeSet};

use super::again::is_of_next;
use super::reading::{Class, Reading};
use super::stack::Origin;
use super::unwinding::{Frame, Unwinding};
use crate::analysis::ledger::payload::{Payload, text, texts};
use crate::analysis::ledger::{Call, CallId, Ledger, Outcome, ProcessId, Sym};
use crate::analysis::terms;
use crate::analysis::value::brief;
use crate::event::exit_reason::is_failed_call;

/// Bytes of a reason that the exit of the process it ended has in common with it.
const SAME_REASON: usize = 120;

/// Bytes of a reason that are kept to be told.
const TOLD: usize = 160;

/// Calls an exception ended that are kept, to tell the next one from it.
const CALLS: usize = 16;

/// What became of an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Caught in this call, or in a function below it that was not recorded.
    Caught(CallId),
    /// It left every recorded call, and the process went on.
    CaughtOutside,
    /// The process ended of it: the event of its end.
    Ended(Sym),
    /// The recording does not say.
    Unknown,
}

/// One exception.
#[derive(Clone, Debug)]
pub(crate) struct Raised {
    /// The innermost recorded call it ended.
    pub(crate) call: CallId,
    /// The outermost one.
    pub(crate) outermost: CallId,
    pub(crate) class: Class,
    /// `ArithmeticError`, `:timeout`.
    pub(crate) name: String,
    /// The reason, short.
    pub(crate) reason: String,
    /// Whether it was carried by an exception struct such as `Plug.Conn.WrapperError`.
    pub(crate) is_wrapped: bool,
    /// Where it was raised, by its stack.
    pub(crate) origin: Option<Origin>,
    pub(crate) fate: Fate,
    /// Its place in [`Exceptions::groups`].
    pub(crate) group: usize,
    shape: String,
    /// The start of the reason it left its outermost call with.
    left_with: String,
    /// The first calls it ended, from the inside.
    calls: Vec<CallId>,
}

/// Exceptions of one class, shape and place.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// In the order of time; never empty.
    pub(crate) members: Vec<usize>,
}

/// The exceptions of a ledger.
#[derive(Debug, Default)]
pub(crate) struct Exceptions {
    /// In the order they were raised.
    pub(crate) all: Vec<Raised>,
    /// Most members first.
    pub(crate) groups: Vec<Group>,
}

impl Exceptions {
    /// Cost: one look-up of an event for each failed call, and a pass over the calls of processes that have some.
    pub(crate) fn of(ledger: &Ledger) -> Self {
        let calls = calls_with_failures(ledger);
        let mut all: Vec<Raised> = Vec::new();
        let mut ends: Vec<CallId> = calls.values().flatten().copied().collect();
        ends.retain(|id| ledger.call(*id).end.is_some());
        ends.sort_by_key(|id| ledger.call(*id).end);
        let mut unwinding = Unwinding::default();
        for id in ends {
            let caught = step(ledger, id, &mut unwinding, &mut all);
            for number in caught {
                all[number as usize].fate = Fate::Caught(id);
            }
        }
        for raised in &mut all {
            if raised.fate == Fate::Unknown {
                raised.fate = fate(ledger, &calls, raised);
            }
            if let (Fate::Ended(_), None) = (raised.fate, &raised.origin) {
                raised.origin = crash_site(ledger, raised);
            }
        }
        all.extend(spans(ledger));
        all.sort_by_key(|raised| ledger.call(raised.call).end);
        let groups = groups(ledger, &all);
        for (at, group) in groups.iter().enumerate() {
            for member in &group.members {
                all[*member].group = at;
            }
        }
        Self { all, groups }
    }
}

/// The calls of every process of which one failed.
fn calls_with_failures(ledger: &Ledger) -> BTreeMap<ProcessId, Vec<CallId>> {
    let mut calls: BTreeMap<ProcessId, Vec<CallId>> = BTreeMap::new();
    for call in ledger.calls.iter().filter(|call| !call.is_span && class(call).is_some()) {
        calls.entry(call.process).or_default();
    }
    if !calls.is_empty() {
        for (id, call) in (0..).zip(&ledger.calls) {
            if let Some(of) = calls.get_mut(&call.process).filter(|_| !call.is_span) {
                of.push(id);
            }
        }
    }
    calls
}

/// What failed spans were of: one exception where no part of a span failed, handed on by those around it. Whether somebody
/// caught it, spans do not say.
fn spans(ledger: &Ledger) -> Vec<Raised> {
    let has_failed = |call: &Call| call.is_span && call.outcome == Outcome::Error;
    let failed = (0..).zip(&ledger.calls).filter(|(_, call)| has_failed(call));
    let handed_on: BTreeSet<CallId> = failed.clone().filter_map(|(_, call)| call.parent).collect();
    let origins = failed.filter(|(id, _)| !handed_on.contains(id));
    origins
        .map(|(id, call)| {
            let reason = call.reason.map_or("", |reason| ledger.text(reason)).to_owned();
            let name = reason.split_once(": ").map_or("error", |(name, _)| name).to_owned();
            let mut calls = vec![id];
            let around = ledger.around(id).take_while(|around| has_failed(ledger.call(*around)));
            calls.extend(around.take(CALLS));
            Raised {
                call: id,
                outermost: calls.last().copied().unwrap_or(id),
                class: Class::Error,
                name,
                reason: brief::brief(&reason, TOLD),
                is_wrapped: false,
                origin: None,
                fate: Fate::Unknown,
                group: 0,
                left_with: start_of(&reason).to_owned(),
                shape: reason,
                calls,
            }
        })
        .collect()
}

fn class(call: &Call) -> Option<Class> {
    match call.outcome {
        Outcome::Error => Some(Class::Error),
        Outcome::Exit => Some(Class::Exit),
        Outcome::Throw => Some(Class::Throw),
        Outcome::Open | Outcome::Returned | Outcome::Ended => None,
    }
}

/// Takes one end of a call; the exceptions it caught.
fn step(ledger: &Ledger, id: CallId, unwinding: &mut Unwinding, all: &mut Vec<Raised>) -> Vec<u32> {
    let call = ledger.call(id);
    let frame = Frame {
        process: call.process,
        call: Some(id.into()),
        parent: call.parent.map(u64::from),
        start: Some(call.start.order.into()),
    };
    if call.outcome == Outcome::Ended {
        // Whether it caught anything is not known.
        return Vec::new();
    }
    let Some(class) = class(call) else { return unwinding.returned(frame) };
    let event = call.exit.and_then(|exit| ledger.event(exit));
    let reason = event.as_ref().and_then(|event| text(Payload::read(event.data()).reason)).unwrap_or_default();
    if class == Class::Exit && !is_failed_call(Some("exit"), Some(&reason)) {
        // It was told to end, or had nothing more to do.
        return Vec::new();
    }
    let was_handed = |reason: &str| {
        let entry = ledger.event(call.event);
        entry.is_some_and(|entry| texts(Payload::read(entry.data()).args).iter().any(|arg| arg == reason))
    };
    let reading = Reading::of(class, &reason);
    let is_next = |number: u32| is_of_next(ledger, &all[number as usize].calls, id);
    let step = unwinding.failed(frame, reading.clone(), was_handed, is_next);
    let left_with = start_of(&reason).to_owned();
    match step.exception {
        Some(number) if !step.is_new => {
            let raised = &mut all[number as usize];
            raised.outermost = id;
            if raised.calls.len() < CALLS {
                raised.calls.push(id);
            }
            raised.is_wrapped |= reading.is_wrapped;
            raised.origin = raised.origin.take().or(reading.origin);
            raised.left_with = left_with;
        }
        _ => all.push(Raised {
            call: id,
            outermost: id,
            class: reading.class,
            reason: brief::brief(reading.core.as_deref().unwrap_or(&reading.shape), TOLD),
            name: reading.name,
            is_wrapped: reading.is_wrapped,
            origin: reading.origin,
            fate: Fate::Unknown,
            group: 0,
            shape: reading.shape,
            left_with,
            calls: vec![id],
        }),
    }
    step.caught
}

/// Of one that no recorded end of a call caught.
fn fate(ledger: &Ledger, calls: &BTreeMap<ProcessId, Vec<CallId>>, raised: &Raised) -> Fate {
    let outermost = ledger.call(raised.outermost);
    let Some(end) = outermost.end else { return Fate::Unknown };
    let exit = ledger.process(outermost.process).exit.as_ref().filter(|exit| exit.moment > end);
    if let Some(exit) = exit {
        let reason = ledger.text(exit.reason).trim_start_matches('{');
        let reason = reason.strip_prefix(":nocatch, ").unwrap_or(reason);
        if exit.end.is_abnormal() && reason.starts_with(raised.left_with.trim_start_matches('{')) {
            return Fate::Ended(exit.event);
        }
    }
    let of = calls.get(&outermost.process).map_or(&[][..], Vec::as_slice);
    let next = of.get(of.partition_point(|id| ledger.call(*id).start < end));
    if let Some(next) = next {
        // A call around both is open still: it went on.
        let within = ledger.around(raised.outermost).find(|around| ledger.is_around(*around, *next));
        return within.map_or(Fate::CaughtOutside, Fate::Caught);
    }
    if exit.is_some_and(|exit| !exit.end.is_abnormal()) { Fate::CaughtOutside } else { Fate::Unknown }
}

fn crash_site(ledger: &Ledger, raised: &Raised) -> Option<Origin> {
    let call = ledger.call(raised.call);
    let site = ledger.process(call.process).exit.as_ref()?.crash_site?;
    Some(Origin { function: terms::home(ledger.text(call.function)), line: ledger.text(site).to_owned() })
}

fn start_of(reason: &str) -> &str {
    let end = reason.char_indices().nth(SAME_REASON).map_or(reason.len(), |(end, _)| end);
    &reason[..end]
}

fn groups(ledger: &Ledger, all: &[Raised]) -> Vec<Group> {
    let mut places = BTreeMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for (at, raised) in all.iter().enumerate() {
        let call = ledger.call(raised.call);
        // The line it was raised at, or the one its function was called at.
        let site = call.site.filter(|_| raised.origin.is_none());
        let line = raised.origin.as_ref().map(|origin| &*origin.line);
        let function = terms::home(ledger.text(call.function));
        let key = (raised.class, &*raised.name, &*raised.shape, function, line, site);
        let group = *places.entry(key).or_insert_with(|| {
            groups.push(Group { members: Vec::new() });
            groups.len() - 1
        });
        groups[group].members.push(at);
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.members.len()));
    groups
}
